"""What instructions look like in text: tables made from the rows of the instruction table.

``TABLE`` has, for each keyword, either the instruction's bytes, if it has no immediates in text,
or a function ``read(body, at) -> at``: it reads immediates from token ``at`` on and appends the
whole instruction to ``body.out``. What opens, parts and closes blocks is in ``body`` itself.
"""

from __future__ import annotations

from collections.abc import Callable

from ..isa.opcodes import every_row
from . import encode
from .lexer import Fault
from .literals import any_sign, float_bits, integer, looks_like_number, unexpected
from .literals import unsigned as number
from .types import HEAP_TYPES, PACKED_TYPES, REF, REF_NULL, VALUE_TYPES, lane

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..isa.row import Row
    from .body import Body

    Read = Callable[[Body, int], int]
    Make = Callable[..., Read]

STRUCTURE = frozenset(
    {"block", "loop", "if", "else", "end", "try_table", "try", "catch", "catch_all", "delegate"}
)
"""Keywords that ``body`` treats itself."""

NULL = " null"
"""Ends the mnemonic of the row that is the nullable form of another one."""


def opcode(row: Row) -> bytes:
    """The bytes of a row's opcode."""
    if row.prefix:
        return bytes((row.prefix,)) + encode.unsigned(row.code)
    return bytes((row.code,))


def _space(name: str) -> Make:
    """An index of the space that is ``name`` of the body."""

    def make(code: bytes) -> Read:
        def read(body: Body, at: int) -> int:
            body.out += code + getattr(body, name)[body.list[at]]
            return at + 1

        return read

    return make


def _local(code: bytes) -> Read:
    def read(body: Body, at: int) -> int:
        body.out += code + body.locals[body.list[at]]
        return at + 1

    return read


def _optional(name: str) -> Make:
    """The same; without index it is 0."""

    def make(code: bytes) -> Read:
        def read(body: Body, at: int) -> int:
            token = body.list[at]
            if token[:1] == "$" or token[:1].isdigit():
                body.out += code + getattr(body, name)[token]
                return at + 1
            body.out += code + b"\0"
            return at

        return read

    return make


def _two_optional(first: str, second: str) -> Make:
    """Two indices, both or none."""

    def make(code: bytes) -> Read:
        def read(body: Body, at: int) -> int:
            token = body.list[at]
            if token[:1] == "$" or token[:1].isdigit():
                one = getattr(body, first)[token]
                body.out += code + one + getattr(body, second)[body.list[at + 1]]
                return at + 2
            body.out += code + b"\0\0"
            return at

        return read

    return make


def _segment_first(segment: str, target: str) -> Make:
    """``target? segment`` in text, ``segment target`` in the binary format."""

    def make(code: bytes) -> Read:
        def read(body: Body, at: int) -> int:
            tokens = body.list
            index = b"\0"
            following = tokens[at + 1]
            if following[:1] == "$" or following[:1].isdigit():
                index = getattr(body, target)[tokens[at]]
                at += 1
            body.out += code + getattr(body, segment)[tokens[at]] + index
            return at + 1

        return read

    return make


def _indirect(code: bytes) -> Read:
    def read(body: Body, at: int) -> int:
        token = body.list[at]
        table = b"\0"
        if token[:1] == "$" or token[:1].isdigit():
            table = body.tables[token]
            at += 1
        types = body.module
        types.at = at
        index, _ = types.type_use()
        body.out += code + encode.unsigned(index) + table
        return types.at

    return read


def _label(code: bytes) -> Read:
    def read(body: Body, at: int) -> int:
        body.out += code + body.label(body.list[at])
        return at + 1

    return read


def _labels(code: bytes) -> Read:
    def read(body: Body, at: int) -> int:
        labels = []
        while (token := body.list[at])[:1] == "$" or token[:1].isdigit():
            labels.append(body.label(token))
            at += 1
        if not labels:
            raise Fault(unexpected(token), at)
        body.out += code + encode.unsigned(len(labels) - 1) + b"".join(labels)
        return at

    return read


def _i32(code: bytes) -> Read:
    def read(body: Body, at: int) -> int:
        token = body.list[at]
        known = body.i32
        if token in known:
            body.out += known[token]
            return at + 1
        value = any_sign(token, 32)
        made = known[token] = code + encode.signed(value - (value >> 31 << 32))
        body.out += made
        return at + 1

    return read


def _i64(code: bytes) -> Read:
    def read(body: Body, at: int) -> int:
        value = any_sign(body.list[at], 64)
        body.out += code + encode.signed(value - (value >> 63 << 64))
        return at + 1

    return read


def _float(bits: int) -> Make:
    def make(code: bytes) -> Read:
        def read(body: Body, at: int) -> int:
            body.out += code + float_bits(body.list[at], bits).to_bytes(bits // 8, "little")
            return at + 1

        return read

    return make


SHAPES = {"i8x16": 8, "i16x8": 16, "i32x4": 32, "i64x2": 64, "f32x4": 32, "f64x2": 64}
"""Bits of a lane by the name of a shape."""


def vector_bytes(tokens: list[str], at: int) -> tuple[bytes, int]:
    """A vector constant, from its shape on."""
    shape = tokens[at]
    bits = SHAPES.get(shape)
    if bits is None:
        raise Fault(unexpected(shape), at)
    out = b""
    count = 128 // bits
    for place in range(at + 1, at + 1 + count):
        if not looks_like_number(tokens[place]):
            wrong = unexpected(tokens[place])
            if wrong == "unexpected token":
                wrong = "wrong number of lane literals"
            raise Fault(wrong, place)
    for place in range(at + 1, at + 1 + count):
        token = tokens[place]
        try:
            if shape[0] == "f":
                out += float_bits(token, bits).to_bytes(bits // 8, "little")
            else:
                out += lane(token, bits)
        except Fault as fault:
            fault.at = place
            raise
    at += 1 + count
    if looks_like_number(tokens[at]):
        raise Fault("wrong number of lane literals", at)
    return out, at


def _v128(code: bytes) -> Read:
    def read(body: Body, at: int) -> int:
        value, at = vector_bytes(body.list, at)
        body.out += code + value
        return at

    return read


def _lanes16(code: bytes) -> Read:
    def read(body: Body, at: int) -> int:
        tokens = body.list
        count = 0
        while count < 17 and looks_like_number(tokens[at + count]):
            count += 1
        if count != 16:
            raise Fault("invalid lane length", at + min(count, 16), hint="there must be 16 lanes")
        lanes = []
        for place in range(at, at + 16):
            value = integer(tokens[place])
            if value is None or not 0 <= value < 256 or tokens[place][0] == "+":
                raise Fault("i8 constant out of range", place)
            lanes.append(value)
        body.out += code + bytes(lanes)
        return at + 16

    return read


def _lane_index(token: str, at: int) -> int:
    try:
        return number(token, 8)
    except Fault as fault:
        fault.at = at
        raise


def _lane(code: bytes) -> Read:
    def read(body: Body, at: int) -> int:
        body.out += code + bytes((_lane_index(body.list[at], at),))
        return at + 1

    return read


def _attribute(token: str, at: int) -> int:
    """The number in ``offset=N`` or ``align=N``."""
    digits = token.partition("=")[2]
    if not digits[:1].isdigit() or integer(digits) is None:
        raise Fault("unknown operator", at)
    try:
        return number(digits, 64)
    except Fault as fault:
        fault.at = at
        raise


def memarg(body: Body, at: int, natural: int, memory: bool) -> tuple[bytes, int]:
    """``memory? offset=N? align=N?``; whether an index may follow is for the caller to say."""
    tokens = body.list
    token = tokens[at]
    flags, index, offset = natural, b"", b"\0"
    if memory and (token[:1] == "$" or token[:1].isdigit()):
        index = body.memories[token]
        if index == b"\0":
            index = b""
        else:
            flags |= 0x40
        at += 1
        token = tokens[at]
    if token[:7] == "offset=":
        offset = encode.unsigned(_attribute(token, at))
        at += 1
        token = tokens[at]
    if token[:6] == "align=":
        size = _attribute(token, at)
        if not size or size & size - 1:
            raise Fault("alignment must be a power of two", at)
        flags = flags & 0x40 | size.bit_length() - 1
        at += 1
    return encode.unsigned(flags) + index + offset, at


def _access(natural: int) -> Make:
    def make(code: bytes) -> Read:
        plain = code + bytes((natural, 0))

        def read(body: Body, at: int) -> int:
            token = body.list[at]
            if token == ")" or token == "(":
                body.out += plain
                return at
            made, at = memarg(body, at, natural, True)
            body.out += code + made
            return at

        return read

    return make


def _access_lane(natural: int) -> Make:
    def make(code: bytes) -> Read:
        def read(body: Body, at: int) -> int:
            token, following = body.list[at], body.list[at + 1]
            explicit = token[:1] == "$" or following[:1].isdigit()
            explicit |= following.startswith(("offset=", "align="))
            made, at = memarg(body, at, natural, explicit)
            body.out += code + made + bytes((_lane_index(body.list[at], at),))
            return at + 1

        return read

    return make


def _heap_type(code: bytes) -> Read:
    def read(body: Body, at: int) -> int:
        types = body.module
        types.at = at
        body.out += code + types.heap_type()
        return types.at

    return read


def _split(type_: bytes) -> tuple[bool, bytes]:
    """Whether a reference type is nullable, and its heap type."""
    if type_[:1] in (REF, REF_NULL):
        return type_[:1] == REF_NULL, type_[1:]
    return True, type_


def _reference_test(code: bytes, null: bytes) -> Read:
    """A reference type, which selects the opcode."""

    def read(body: Body, at: int) -> int:
        types = body.module
        types.at = at
        nullable, heap = _split(types.reference_type())
        body.out += (null if nullable else code) + heap
        return types.at

    return read


def _cast(code: bytes) -> Read:
    def read(body: Body, at: int) -> int:
        label = body.label(body.list[at])
        types = body.module
        types.at = at + 1
        from_null, source = _split(types.reference_type())
        to_null, target = _split(types.reference_type())
        body.out += code + bytes((from_null | to_null << 1,)) + label + source + target
        return types.at

    return read


def _field(code: bytes) -> Read:
    def read(body: Body, at: int) -> int:
        token, field = body.list[at], body.list[at + 1]
        type_ = body.types[token]
        names = body.module.fields.get(body.types.index(token))
        if names is None:
            from .spaces import Space

            names = Space("field")
        try:
            body.out += code + type_ + names[field]
        except Fault as fault:
            fault.at = at + 1
            raise
        return at + 2

    return read


def _type_u32(code: bytes) -> Read:
    def read(body: Body, at: int) -> int:
        count = encode.unsigned(number(body.list[at + 1], 32))
        body.out += code + body.types[body.list[at]] + count
        return at + 2

    return read


def _two(first: str, second: str) -> Make:
    """Two indices."""

    def make(code: bytes) -> Read:
        def read(body: Body, at: int) -> int:
            one = getattr(body, first)[body.list[at]]
            body.out += code + one + getattr(body, second)[body.list[at + 1]]
            return at + 2

        return read

    return make


def _select(code: bytes, typed: bytes) -> Read:
    def read(body: Body, at: int) -> int:
        types = body.module
        types.at = at
        if not types.ahead("result"):
            body.out += code
            return at
        results: list[bytes] = []
        while types.opens("result"):
            results += types.value_types()
        body.out += typed + encode.vector(results)
        return types.at

    return read


_MAKERS: dict[tuple[str, ...], Make] = {
    ("local",): _local,
    ("label",): _label,
    ("labels",): _labels,
    ("global",): _space("globals"),
    ("func",): _space("funcs"),
    ("type",): _space("types"),
    ("tag",): _space("tags"),
    ("elem",): _space("elems"),
    ("data",): _space("datas"),
    ("table",): _optional("tables"),
    ("mem",): _optional("memories"),
    ("mem", "mem"): _two_optional("memories", "memories"),
    ("table", "table"): _two_optional("tables", "tables"),
    ("data", "mem"): _segment_first("datas", "memories"),
    ("elem", "table"): _segment_first("elems", "tables"),
    ("type", "table"): _indirect,
    ("type", "field"): _field,
    ("type", "u32"): _type_u32,
    ("type", "data"): _two("types", "datas"),
    ("type", "elem"): _two("types", "elems"),
    ("type", "type"): _two("types", "types"),
    ("i32",): _i32,
    ("i64",): _i64,
    ("f32",): _float(32),
    ("f64",): _float(64),
    ("v128",): _v128,
    ("lanes16",): _lanes16,
    ("lane",): _lane,
    ("heaptype",): _heap_type,
    ("cast",): _cast,
}
"""Who makes the reader for the immediates of a row (kinds without arguments)."""


def _reader(row: Row) -> bytes | Read:
    code = opcode(row)
    if not row.immediates:
        return code
    if row.immediates == ("zero",):
        return code + b"\0"
    kind, _, natural = row.immediates[0].partition(":")
    if kind.startswith("memarg"):
        make = _access_lane if len(row.immediates) > 1 else _access
        return make(int(natural))(code)
    return _MAKERS[tuple(kind.partition(":")[0] for kind in row.immediates)](code)


def _table() -> dict[str, bytes | Read]:
    table: dict[str, bytes | Read] = {}
    rows = {row.mnemonic: row for row in every_row()}
    for name, row in rows.items():
        if name in STRUCTURE or name.endswith(NULL) or name == "select t":
            continue
        if (null := rows.get(name + NULL)) is not None:
            table[name] = _reference_test(opcode(row), opcode(null))
        else:
            table[name] = _reader(row)
    table["select"] = _select(opcode(rows["select"]), opcode(rows["select t"]))
    return table


TABLE = _table()
CODES = {row.mnemonic: opcode(row) for row in every_row() if row.mnemonic in STRUCTURE}
"""Opcodes of the keywords in :data:`STRUCTURE`."""
DATA_INDEX = frozenset(row.mnemonic for row in every_row() if "data" in row.immediates)
"""Instructions that name a data segment: a module with them needs a data count section."""
KEYWORDS = frozenset(
    {
        *TABLE,
        *STRUCTURE,
        *VALUE_TYPES,
        *PACKED_TYPES,
        *HEAP_TYPES,
        *SHAPES,
        *("module", "type", "rec", "sub", "final", "func", "struct", "array", "field", "mut"),
        *("param", "result", "local", "ref", "null", "import", "export", "table", "memory"),
        *("global", "tag", "start", "elem", "data", "declare", "item", "offset", "shared"),
        *("pagesize", "then", "do", "catch_ref", "catch_all_ref", "definition", "instance"),
        *("binary", "quote"),
    }
)
"""Every keyword that means something somewhere."""
OBSOLETE = {
    "current_memory": "memory.size",
    "grow_memory": "memory.grow",
    "get_local": "local.get",
    "set_local": "local.set",
    "tee_local": "local.tee",
    "get_global": "global.get",
    "set_global": "global.set",
    "anyfunc": "funcref",
}
"""Keywords of early versions and what they are called now, for suggestions."""
