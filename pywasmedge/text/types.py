"""Types in text (specification, section 6.4): from tokens to their bytes in the binary format."""

from __future__ import annotations

from . import encode
from .lexer import Fault
from .literals import any_sign, integer, string, unexpected
from .literals import unsigned as number
from .spaces import Space, closest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .lexer import Tokens

NUMBER_TYPES = {"i32": b"\x7f", "i64": b"\x7e", "f32": b"\x7d", "f64": b"\x7c", "v128": b"\x7b"}
PACKED_TYPES = {"i8": b"\x78", "i16": b"\x77"}
HEAP_TYPES = {
    "func": b"\x70",
    "extern": b"\x6f",
    "any": b"\x6e",
    "eq": b"\x6d",
    "i31": b"\x6c",
    "struct": b"\x6b",
    "array": b"\x6a",
    "exn": b"\x69",
    "none": b"\x71",
    "noextern": b"\x72",
    "nofunc": b"\x73",
    "noexn": b"\x74",
}
REFERENCE_TYPES = {
    (
        "null" + name[2:]
        if name.startswith("no") and name != "none"
        else "null"
        if name == "none"
        else name
    )
    + "ref": code
    for name, code in HEAP_TYPES.items()
}
"""The short forms: ``funcref`` is ``(ref null func)``."""
VALUE_TYPES = {**NUMBER_TYPES, **REFERENCE_TYPES}
REF, REF_NULL = b"\x64", b"\x63"
FUNC, STRUCT, ARRAY = b"\x60", b"\x5f", b"\x5e"
REC, SUB, SUB_FINAL = b"\x4e", b"\x50", b"\x4f"


class Signature:
    """Parameters and results of a function type, each as its bytes, and names of parameters."""

    __slots__ = ("code", "params", "results")

    def __init__(self, params: Iterable[bytes] = (), results: Iterable[bytes] = ()) -> None:
        self.params = tuple(params)
        self.results = tuple(results)
        self.code = FUNC + encode.vector(self.params) + encode.vector(self.results)


class TypeParser:
    """What reads types: a position in the tokens, and the module's types.

    Attributes:
        list: the tokens.
        at: number of the next one.
        types: the type index space.
        signatures: the signature of each function type, by type index.
        fields: the field names of each struct type, by type index.
    """

    def __init__(self, tokens: Tokens, at: int) -> None:
        self.tokens = tokens
        self.list = tokens.list
        self.at = at
        self.types = Space("type")
        self.type_codes: list[bytes] = []
        self.signatures: dict[int, Signature] = {}
        self.fields: dict[int, Space] = {}
        self._by_code: dict[bytes, int] = {}
        self._count = 0

    # --- tokens --------------------------------------------------------------------------

    def fault(self, message: str = "", candidates: Iterable[str] = ()) -> Fault:
        """The error that the next token is; ``candidates`` are words that would have fitted."""
        token = self.list[self.at]
        hint = closest(token, iter(candidates)) if token and token not in "()" else ""
        return Fault(message or unexpected(token), self.at, hint=hint)

    def expect(self, token: str) -> None:
        """Take exactly this token."""
        if self.list[self.at] != token:
            raise self.fault(candidates=(token,))
        self.at += 1

    def opens(self, keyword: str) -> bool:
        """Whether ``(keyword`` follows; it is taken if so."""
        at = self.at
        if self.list[at] == "(" and self.list[at + 1] == keyword:
            self.at = at + 2
            return True
        return False

    def ahead(self, keyword: str) -> bool:
        """Whether ``(keyword`` follows."""
        return self.list[self.at] == "(" and self.list[self.at + 1] == keyword

    def closes(self) -> bool:
        """Whether ``)`` follows; it is taken if so."""
        if self.list[self.at] == ")":
            self.at += 1
            return True
        return False

    def identifier(self) -> str | None:
        """The next token if it is an identifier."""
        token = self.list[self.at]
        if token[:1] == "$":
            self.at += 1
            return token
        return None

    def string(self) -> bytes:
        """The bytes of the next token, which is a string."""
        try:
            content = string(self.list[self.at])
        except Fault as fault:
            raise self.fault(
                unexpected(self.list[self.at])
                if fault.message == "unexpected token"
                else fault.message
            ) from None
        self.at += 1
        return content

    def name(self) -> bytes:
        """The same; it must be UTF-8."""
        content = self.string()
        try:
            content.decode()
        except UnicodeDecodeError:
            raise Fault("malformed UTF-8 encoding", self.at - 1) from None
        return content

    def index(self, space: Space) -> bytes:
        """The LEB128 of an index."""
        code = space[self.list[self.at]]
        self.at += 1
        return code

    def starts_index(self) -> bool:
        """Whether the next token is an index."""
        token = self.list[self.at]
        return token[:1] == "$" or token[:1].isdigit()

    def number(self, bits: int) -> int:
        """An unsigned number."""
        value = number(self.list[self.at], bits)
        self.at += 1
        return value

    # --- value types ---------------------------------------------------------------------

    def heap_type(self) -> bytes:
        """A heap type: the name of an abstract one, or a type index."""
        token = self.list[self.at]
        code = HEAP_TYPES.get(token)
        if code is None:
            if not self.starts_index():
                raise self.fault(candidates=HEAP_TYPES)
            code = encode.signed(self.types.index(token))
        self.at += 1
        return code

    def reference_type(self) -> bytes:
        """A reference type; those that have a short form are encoded so."""
        code = REFERENCE_TYPES.get(self.list[self.at])
        if code is not None:
            self.at += 1
            return code
        if not self.opens("ref"):
            raise self.fault(candidates=REFERENCE_TYPES)
        null = self.list[self.at] == "null"
        self.at += null
        heap = self.heap_type()
        self.expect(")")
        if null and heap[0] & 0xC0 == 0x40:
            return heap
        return (REF_NULL if null else REF) + heap

    def value_type(self) -> bytes:
        """A value type."""
        code = NUMBER_TYPES.get(self.list[self.at])
        if code is None:
            if self.list[self.at] != "(" and self.list[self.at] not in REFERENCE_TYPES:
                raise self.fault(candidates=VALUE_TYPES)
            return self.reference_type()
        self.at += 1
        return code

    def value_types(self) -> list[bytes]:
        """Value types up to the next ``)``, which is taken."""
        types = []
        while self.list[self.at] != ")":
            types.append(self.value_type())
        self.at += 1
        return types

    # --- definitions of types ------------------------------------------------------------

    def signature(self, names: Space | None = None) -> Signature:
        """``(param ...)* (result ...)*``; ``names`` gets what parameters are called.

        Without ``names`` parameters must have no names.
        """
        params: list[bytes] = []
        while self.opens("param"):
            self.named_types(params, names)
        results: list[bytes] = []
        while self.opens("result"):
            results += self.value_types()
        return Signature(params, results)

    def named_types(self, types: list[bytes], names: Space | None) -> None:
        """The inside of ``(param ...)`` and ``(local ...)``."""
        at = self.at
        name = self.identifier() if names is not None else None
        if name is not None:
            assert names is not None
            names.define(name, at)
            types.append(self.value_type())
            self.expect(")")
            return
        found = self.value_types()
        types += found
        if names is not None:
            names.count += len(found)

    def field_type(self) -> bytes:
        """A field: ``(mut type)`` or a type, which may be packed."""
        mutable = self.opens("mut")
        code = PACKED_TYPES.get(self.list[self.at])
        if code is None:
            code = self.value_type()
        else:
            self.at += 1
        if mutable:
            self.expect(")")
        return code + (b"\1" if mutable else b"\0")

    def composite(self, index: int) -> bytes:
        """``(func ...)``, ``(struct ...)`` or ``(array ...)``."""
        if self.opens("func"):
            signature = self.signature(Space("parameter"))
            self.signatures[index] = signature
            code = signature.code
        elif self.opens("struct"):
            code = self._struct(index)
        elif self.opens("array"):
            code = ARRAY + self.field_type()
        else:
            self.at += self.list[self.at] == "("
            raise self.fault(candidates=("func", "struct", "array", "sub"))
        self.expect(")")
        return code

    def _struct(self, index: int) -> bytes:
        names = self.fields[index] = Space("field")
        fields = []
        while self.opens("field"):
            at = self.at
            name = self.identifier()
            if name is not None:
                names.define(name, at)
                fields.append(self.field_type())
                self.expect(")")
                continue
            while not self.closes():
                names.define(None)
                fields.append(self.field_type())
        return STRUCT + encode.vector(fields)

    def type_definition(self) -> None:
        """What follows ``(type``; the identifier is known already."""
        self.identifier()
        index = len(self.type_codes)
        if not self.opens("sub"):
            code = self.composite(index)
            self._remember(code, index)
        else:
            final = self.list[self.at] == "final"
            self.at += final
            supers = []
            while self.starts_index():
                supers.append(self.index(self.types))
            code = self.composite(index)
            if supers or not final:
                code = (SUB_FINAL if final else SUB) + encode.vector(supers) + code
            else:
                self._remember(code, index)
            self.expect(")")
        self.expect(")")
        self.type_codes.append(code)

    def _remember(self, code: bytes, index: int) -> None:
        """A type by itself, which an abbreviation may mean."""
        self._by_code.setdefault(code, index)

    def recursion_group(self) -> bytes:
        """What follows ``(rec``: the group's bytes."""
        first = len(self.type_codes)
        known = self._by_code
        self._by_code = {}
        while self.opens("type"):
            self.type_definition()
        self.expect(")")
        codes = self.type_codes[first:]
        alone = self._by_code if len(codes) == 1 else {}
        self._by_code = {**alone, **known}
        return REC + encode.vector(codes)

    # --- uses of types -------------------------------------------------------------------

    def appended(self) -> list[bytes]:
        """Types that uses without ``(type ...)`` have added behind the defined ones."""
        return self.type_codes[self.types.count :]

    def type_index(self, signature: Signature) -> int:
        """The index of a plain function type, the first of its kind; a new one if needed."""
        index = self._by_code.get(signature.code)
        if index is None:
            index = self._by_code[signature.code] = len(self.type_codes)
            self.type_codes.append(signature.code)
            self.signatures[index] = signature
        return index

    def type_use(self, names: Space | None = None) -> tuple[int, Signature]:
        """``(type x)? (param ...)* (result ...)*``: type index and signature."""
        explicit, signature = self._type_use(names)
        return (self.type_index(signature) if explicit is None else explicit), signature

    def _type_use(self, names: Space | None) -> tuple[int | None, Signature]:
        if not self.opens("type"):
            return None, self.signature(names)
        at = self.at
        index = self.types.index(self.list[at])
        self.at += 1
        self.expect(")")
        known = self.signatures.get(index)
        start = self.at
        if not self.ahead("param") and not self.ahead("result"):
            if names is not None and known is not None:
                names.count += len(known.params)
            return index, known or Signature()
        signature = self.signature(names)
        if self.ahead("type") or self.ahead("param"):
            raise Fault("unexpected token", self.at + 1, hint="the order is type, param, result")
        if known is None:
            raise Fault("unknown type", at)
        if known.code != signature.code:
            raise Fault("inline function type", start, hint="it differs from the type named")
        return index, signature

    def block_type(self) -> bytes:
        """The type of a block: nothing, one result, or a type index."""
        explicit, signature = self._type_use(None)
        if explicit is None:
            if not signature.params and len(signature.results) < 2:
                return signature.results[0] if signature.results else b"\x40"
            explicit = self.type_index(signature)
        return encode.signed(explicit)

    def address_type(self) -> bool:
        """``i64`` or ``i32``, if it is there; whether it is 64-bit."""
        token = self.list[self.at]
        if token in ("i32", "i64"):
            self.at += 1
        return token == "i64"

    def limits(self, flags: int) -> tuple[int, bytes]:
        """``min max?``: flags with the bit for the maximum, and the numbers."""
        low = self.number(64)
        if integer(self.list[self.at]) is None:
            return flags, encode.unsigned(low)
        high = self.number(64)
        return flags | 1, encode.unsigned(low) + encode.unsigned(high)

    def memory_type(self) -> bytes:
        """``i64? min max? shared? (pagesize n)?``"""
        flags, sizes = self.limits(4 if self.address_type() else 0)
        if self.list[self.at] == "shared":
            self.at += 1
            flags |= 2
        page = self.page_size()
        if page is not None:
            flags |= 8
            sizes += page
        return bytes((flags,)) + sizes

    def page_size(self) -> bytes | None:
        """``(pagesize n)`` as the exponent of two in the binary format, if it is there."""
        if not self.opens("pagesize"):
            return None
        size = self.number(64)
        if not size or size & size - 1:
            raise Fault("invalid custom page size", self.at - 1, hint="a power of two")
        self.expect(")")
        return encode.unsigned(size.bit_length() - 1)

    def table_type(self) -> bytes:
        """``i64? min max? reftype``"""
        flags, sizes = self.limits(4 if self.address_type() else 0)
        return self.reference_type() + bytes((flags,)) + sizes

    def global_type(self) -> bytes:
        """``type`` or ``(mut type)``."""
        mutable = self.opens("mut")
        code = self.value_type()
        if mutable:
            self.expect(")")
        return code + (b"\1" if mutable else b"\0")


def lane(token: str, bits: int) -> bytes:
    """A lane of a vector constant."""
    return any_sign(token, bits).to_bytes(bits // 8, "little")
