"""Code as text: instructions of bodies and expressions, one by one or folded.

As in ``body``, nothing is recursive. What an instruction's immediates look like is derived from
the rows of the instruction table, in the order of the text.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache

from ..base.errors import ErrCode, LoadError
from ..isa.opcodes import every_row
from ..isa.row import SPECIAL
from .binary import Input
from .instructions import NULL
from .lexer import Fault
from .literals import float_bits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..isa.row import Row
    from .printer import Printer

    Show = Callable[["Code", Input], str]

PREFIXES = frozenset(row.prefix for row in every_row() if row.prefix)
OPENING = frozenset({"block", "loop", "if", "try", "try_table"})
MOST_INDENT = 40
"""Levels of nesting that are shown by indentation."""

ARITY = {
    "local.get": (0, 1),
    "local.set": (1, 0),
    "local.tee": (1, 1),
    "global.get": (0, 1),
    "global.set": (1, 0),
    "drop": (1, 0),
    "select": (3, 1),
    "select t": (3, 1),
    "table.get": (1, 1),
    "table.set": (2, 0),
    "table.grow": (2, 1),
    "table.fill": (3, 0),
    "br_if": (1, 0),
    "br_table": (1, 0),
    "ref.null": (0, 1),
    "ref.is_null": (1, 1),
    "ref.func": (0, 1),
    "ref.eq": (2, 1),
    "ref.as_non_null": (1, 1),
    "ref.test": (1, 1),
    "ref.test null": (1, 1),
    "ref.cast": (1, 1),
    "ref.cast null": (1, 1),
    "ref.i31": (1, 1),
    "i31.get_s": (1, 1),
    "i31.get_u": (1, 1),
    "any.convert_extern": (1, 1),
    "extern.convert_any": (1, 1),
    "struct.new_default": (0, 1),
    "struct.get": (1, 1),
    "struct.get_s": (1, 1),
    "struct.get_u": (1, 1),
    "struct.set": (2, 0),
    "array.new": (2, 1),
    "array.new_default": (1, 1),
    "array.new_data": (2, 1),
    "array.new_elem": (2, 1),
    "array.get": (2, 1),
    "array.get_s": (2, 1),
    "array.get_u": (2, 1),
    "array.set": (3, 0),
    "array.len": (1, 1),
    "array.fill": (4, 0),
    "array.copy": (5, 0),
    "array.init_data": (4, 0),
    "array.init_elem": (4, 0),
    "throw_ref": (1, 0),
}
"""Operands and results of instructions whose rows leave them open, for folding.

It only decides what is shown inside of what: any grouping means the same code.
"""


def _space(kind: str) -> Show:
    def show(code: Code, source: Input) -> str:
        index = source.unsigned()
        return code.names[kind].get(index) or str(index)

    return show


def _optional(kind: str) -> Show:
    plain = _space(kind)

    def show(code: Code, source: Input) -> str:
        return "" if _is_zero(source) else plain(code, source)

    return show


def _is_zero(source: Input) -> bool:
    if source.data[source.at : source.at + 1] == b"\0":
        source.at += 1
        return True
    return False


def _then(*shows: Show) -> Show:
    """Several immediates in the order of the binary."""

    def show(code: Code, source: Input) -> str:
        return " ".join([part(code, source) for part in shows])

    return show


def _both(kind: str) -> Show:
    plain = _space(kind)

    def show(code: Code, source: Input) -> str:
        if source.data[source.at : source.at + 2] == b"\0\0":
            source.at += 2
            return ""
        return f"{plain(code, source)} {plain(code, source)}"

    return show


def _swapped(first: Show, second: str) -> Show:
    """The binary's second immediate stands first in text, unless it is 0."""
    other = _optional(second)

    def show(code: Code, source: Input) -> str:
        one = first(code, source)
        two = other(code, source)
        return f"{two} {one}" if two else one

    return show


def _type_use(code: Code, source: Input) -> str:
    return f"(type {_space('type')(code, source)})"


def _field(code: Code, source: Input) -> str:
    type_, field = source.unsigned(), source.unsigned()
    names = code.printer.identifiers.within("field", type_)
    return f"{code.names['type'].get(type_) or type_} {names.get(field) or field}"


def _memarg(natural: int) -> Show:
    def show(code: Code, source: Input) -> str:
        start = source.at
        flags = source.unsigned()
        pieces = []
        if flags & 0x40:
            memory = _optional("memory")(code, source)
            pieces += [memory] if memory else []
            flags ^= 0x40
        if flags >= 64:
            detail = f"malformed memop flags 0x{flags:x}"
            raise LoadError(ErrCode.ILLEGAL_GRAMMAR, detail, offset=start)
        offset = source.unsigned(64)
        if offset:
            pieces.append(f"offset={offset}")
        if flags != natural:
            pieces.append(f"align={1 << flags}")
        return " ".join(pieces)

    return show


def _label(code: Code, source: Input) -> str:
    return code.label(source.unsigned())


def _labels(code: Code, source: Input) -> str:
    return " ".join([code.label(source.unsigned()) for _ in range(source.count() + 1)])


def _heap_type(code: Code, source: Input) -> str:
    return source.heap_type(code.names["type"])


def _cast(code: Code, source: Input) -> str:
    start = source.at
    flags = source.byte()
    if flags > 3:
        raise LoadError(ErrCode.ILLEGAL_GRAMMAR, f"cast flags {flags}", offset=start)
    label = _label(code, source)
    types = [
        f"(ref {'null ' if flags >> place & 1 else ''}{_heap_type(code, source)})"
        for place in range(2)
    ]
    return f"{label} {' '.join(types)}"


def _value_types(code: Code, source: Input) -> str:
    return f"(result {' '.join(source.value_types(code.names['type']))})"


def _v128(_code: Code, source: Input) -> str:
    return "i32x4 " + " ".join(f"0x{lane:08x}" for lane in struct.unpack("<4I", source.raw(16)))


def _zero(_code: Code, source: Input) -> str:
    start = source.at
    if source.byte():
        raise LoadError(ErrCode.EXPECTED_ZERO_BYTE, offset=start)
    return ""


def _block_type(code: Code, source: Input) -> str:
    start = source.at
    first = source.data[start : start + 1]
    code.block = (0, 0)
    if first == b"\x40":
        source.at += 1
        return ""
    if first and 0x40 < first[0] < 0x80:
        code.block = (0, 1)
        return f"(result {source.value_type(code.names['type'])})"
    index = source.signed(33)
    if index < 0:
        raise LoadError(ErrCode.MALFORMED_VAL_TYPE, offset=start)
    definition = code.printer.function_type(index)
    code.block = (0, 0) if definition is None else (1, len(definition.results))
    return f"(type {code.names['type'].get(index) or index})"


_CLAUSES = ("catch", "catch_ref", "catch_all", "catch_all_ref")


def _catches(code: Code, source: Input) -> str:
    clauses = []
    for _ in range(source.count()):
        start = source.at
        kind = source.byte()
        if kind >= len(_CLAUSES):
            raise LoadError(ErrCode.ILLEGAL_GRAMMAR, f"catch clause {kind}", offset=start)
        tag = f" {_space('tag')(code, source)}" if kind < 2 else ""
        clauses.append(f"({_CLAUSES[kind]}{tag} {_label(code, source)})")
    return " ".join(clauses)


@lru_cache(maxsize=1 << 16)
def float_text(bits: int, size: int) -> str:
    """The shortest text of a floating-point number that reads back with the same bits."""
    fraction = 23 if size == 32 else 52
    sign = "-" if bits >> size - 1 else ""
    magnitude = bits & (1 << size - 1) - 1
    payload = magnitude & (1 << fraction) - 1
    if magnitude >> fraction == (1 << size - 1 - fraction) - 1:
        if not payload:
            return f"{sign}inf"
        return f"{sign}nan" if payload == 1 << fraction - 1 else f"{sign}nan:0x{payload:x}"
    raw = bits.to_bytes(size // 8, "little")
    if size == 64:
        return repr(struct.unpack("<d", raw)[0])
    (value,) = struct.unpack("<f", raw)
    for digits in range(1, 10):
        text = f"{value:.{digits}g}"
        try:
            if float_bits(text, 32) == bits:
                return text
        except Fault:  # rounded up to what is too large
            pass
    raise AssertionError(value)


def _float(size: int) -> Show:
    def show(_code: Code, source: Input) -> str:
        return float_text(int.from_bytes(source.raw(size // 8), "little"), size)

    return show


_SHOWS: dict[str, Show] = {
    "local": lambda code, source: code.local(source.unsigned()),
    "label": _label,
    "labels": _labels,
    "global": _space("global"),
    "func": _space("func"),
    "type": _space("type"),
    "tag": _space("tag"),
    "elem": _space("elem"),
    "data": _space("data"),
    "table": _optional("table"),
    "mem": _optional("memory"),
    "i32": lambda _code, source: str(source.signed(32)),
    "i64": lambda _code, source: str(source.signed(64)),
    "u32": lambda _code, source: str(source.unsigned()),
    "f32": _float(32),
    "f64": _float(64),
    "v128": _v128,
    "lanes16": lambda _code, source: " ".join(map(str, source.raw(16))),
    "lane": lambda _code, source: str(source.byte()),
    "heaptype": _heap_type,
    "cast": _cast,
    "valtypes": _value_types,
    "zero": _zero,
    "block": _block_type,
    "catches": _catches,
}
_TOGETHER: dict[tuple[str, ...], Show] = {
    ("mem", "mem"): _both("memory"),
    ("table", "table"): _both("table"),
    ("data", "mem"): _swapped(_space("data"), "memory"),
    ("elem", "table"): _swapped(_space("elem"), "table"),
    ("type", "table"): _swapped(_type_use, "table"),
    ("type", "field"): _field,
}


class Entry:
    """How to show an instruction: its keyword, what follows it, operands and results."""

    __slots__ = ("arity", "keyword", "mnemonic", "show")

    def __init__(self, row: Row) -> None:
        self.mnemonic = row.mnemonic
        self.keyword = row.mnemonic.removesuffix(NULL).removesuffix(" t")
        self.show = None if not row.immediates else _show(row)
        if row.type == SPECIAL:
            self.arity = ARITY.get(row.mnemonic, (0, 0))
        else:
            before, _, after = row.type.partition("->")
            self.arity = len(before.split()), len(after.split())


def _show(row: Row) -> Show:
    kinds = row.immediates
    if row.mnemonic.startswith(("ref.test", "ref.cast")):
        null = "null " if row.mnemonic.endswith(NULL) else ""
        return lambda code, source: f"(ref {null}{_heap_type(code, source)})"
    if kinds in _TOGETHER:
        return _TOGETHER[kinds]
    shows = []
    for kind in kinds:
        name, _, argument = kind.partition(":")
        shows.append(_memarg(int(argument)) if name.startswith("memarg") else _SHOWS[name])
    return shows[0] if len(shows) == 1 else _then(*shows)


Instruction = tuple[Entry, str, "tuple[int, int] | None"]
"""An instruction, the text of its immediates (a label first), and for what opens a block whether
it has parameters and its number of results."""

_ENTRIES = {(row.prefix, row.code): Entry(row) for row in every_row()}


class Code:
    """Shows the code of one module.

    Attributes:
        names: identifiers by kind and index.
        block: parameters (0 or some) and number of results of the block type read last.
    """

    def __init__(self, printer: Printer) -> None:
        self.printer = printer
        self.names = printer.names
        self.block = (0, 0)
        self.locals: dict[int, str] = {}
        self.label_names: dict[int, str] = {}
        self._label_count = 0
        self._labels: list[str | None] = []
        self._places: dict[str, list[int]] = {}

    def begin(self, locals_: dict[int, str], labels: dict[int, str]) -> None:
        """Use these identifiers from now on."""
        self.locals = locals_
        self.label_names = labels
        self._label_count = 0
        self._labels.clear()
        self._places.clear()

    def local(self, index: int) -> str:
        """What to call a local."""
        return self.locals.get(index) or str(index)

    def label(self, depth: int) -> str:
        """What to call the label of a block so many blocks further out."""
        place = len(self._labels) - 1 - depth
        name = self._labels[place] if place >= 0 else None
        return name if name is not None and self._places[name][-1] == place else str(depth)

    def _open(self) -> str:
        name = self.label_names.get(self._label_count)
        self._label_count += 1
        if name is not None:
            self._places.setdefault(name, []).append(len(self._labels))
        self._labels.append(name)
        return f" {name}" if name is not None else ""

    def _close(self) -> None:
        name = self._labels.pop()
        if name is not None:
            self._places[name].pop()

    def instructions(self, source: Input) -> list[Instruction]:
        """The instructions up to the ``end`` that closes the expression, which is left out.

        Raises:
            LoadError: the code is malformed.
        """
        found: list[Instruction] = []
        open_: list[str] = []
        while True:
            start = source.at
            byte = source.byte()
            key = (byte, source.unsigned()) if byte in PREFIXES else (0, byte)
            entry = _ENTRIES.get(key)
            if entry is None:
                shown = source.data[start : source.at].hex(" ")
                raise LoadError(ErrCode.ILLEGAL_OPCODE, shown, offset=start)
            mnemonic = entry.mnemonic
            if mnemonic == "end":
                if not open_:
                    return found
                open_.pop()
                self._close()
            elif mnemonic in OPENING:
                assert entry.show is not None
                text = entry.show(self, source).strip()
                label = self._open().strip()
                open_.append(mnemonic)
                found.append((entry, f"{label} {text}".strip(), self.block))
                continue
            elif mnemonic in _PARTS:
                if not open_ or open_[-1] not in _PARTS[mnemonic]:
                    detail = f"{mnemonic} without its block"
                    raise LoadError(ErrCode.ILLEGAL_GRAMMAR, detail, offset=start)
                open_[-1] = mnemonic
                if mnemonic == "delegate":
                    open_.pop()
                    self._close()
            found.append((entry, "" if entry.show is None else entry.show(self, source), None))

    def constant(self, source: Input) -> tuple[str, bool]:
        """An expression outside of functions in one line, and whether it is one instruction."""
        self.begin({}, {})
        shown = [line(entry, text) for entry, text, _ in self.instructions(source)]
        return (f"({shown[0]})", True) if len(shown) == 1 else (" ".join(shown), False)

    def flat(self, source: Input) -> list[str]:
        """A function's instructions, each on its line, which begins with a line break."""
        lines = []
        depth = 2
        for entry, text, _ in self.instructions(source):
            name = entry.mnemonic
            if name in _PARTS or name == "end":
                depth -= 1
            lines.append(f"\n{'  ' * min(depth, MOST_INDENT)}{line(entry, text)}")
            if name in OPENING or (name in _PARTS and name != "delegate"):
                depth += 1
        return lines

    def folded(self, source: Input) -> list[str]:
        """The same with operands inside of what consumes them, in pieces of text."""
        from .folding import fold, layout

        return layout(fold(self.instructions(source), self))

    def arity(self, entry: Entry, text: str) -> tuple[int, int]:
        """Operands and results of an instruction, as far as they are known."""
        name = entry.mnemonic
        if name in ("call", "return_call"):
            type_ = self.printer.type_of_function(text)
        elif name in ("call_indirect", "call_ref", "return_call_indirect", "return_call_ref"):
            word = text.rpartition("(type ")[2].removesuffix(")")
            type_ = self.printer.type_named(word)
            if type_ is not None:
                return len(type_.params or ()) + 1, len(type_.results)
        elif name == "struct.new":
            definition = self.printer.definition_named(text)
            return (definition.fields, 1) if definition is not None else (0, 0)
        elif name == "array.new_fixed":
            return int(text.rpartition(" ")[2]), 1
        else:
            return entry.arity
        return (0, 0) if type_ is None else (len(type_.params or ()), len(type_.results))


_PARTS = {
    "else": ("if",),
    "catch": ("try", "catch"),
    "catch_all": ("try", "catch"),
    "delegate": ("try",),
}
"""What may only stand in a block, and what that block has to be or to have had before."""


def line(entry: Entry, text: str) -> str:
    """An instruction without parentheses."""
    return f"{entry.keyword} {text}" if text else entry.keyword
