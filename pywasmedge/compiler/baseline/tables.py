"""Makes the tables of the emitter in C (``src/quick.h``) from instruction rows and stencils.

The emitter knows by itself only what depends on immediates or context (``SPECIAL`` rows). All
others are data: types, kinds of immediates, proposals, and the pieces of code by form and register.
"""

from __future__ import annotations

from struct import Struct, pack

from ...base.types import ValType
from ...isa.opcodes import rows
from ...isa.row import SPECIAL
from .build import lanes
from .filled import BYTE, immediate, short, simple
from .stencil import CONSTANT, NUMBER, REGISTERS, RELATIVE, WIDE, layout, load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from ...isa.row import Row
    from .filled import Plain

CODES = {str(t): int(t) for t in ValType}
SYMBOLS = (
    "H0",
    "H1",
    "H2",
    "R",
    "OFFSET",
    "OFFSETm2",
    "OFFSETm4",
    "OFFSETm8",
    "MEMORY",
    "MEMORYx8",
    "I0",
    "I0x8",
    "I1",
    "I1x8",
    "I0x4",
    "TYPE",
    "TABLE",
    "TABLEx8",
)
"""What numbers in stencils stand for; ``enum quick_symbol``."""
KINDS = (
    "none",
    "i32",
    "i64",
    "f32",
    "f64",
    "v128",
    "unary",
    "binary",
    "compare",
    "zero",
    "load",
    "store",
    "vector",
    "shuffle",
    "frame",
)
"""How an instruction is emitted; ``enum quick_kind``."""
IMMEDIATES = (
    "none",
    "i32",
    "i64",
    "f32",
    "f64",
    "v128",
    "memarg",
    "memarg_exact",
    "lane",
    "lanes16",
    "mem",
    "table",
    "data",
    "elem",
    "zero",
)
"""Kinds of immediates; ``enum quick_immediate``."""
ARITHMETIC = ("r", "s", "i", "rT", "rF", "sT", "sF", "iT", "iF")
"""Forms of arithmetic in their order; ``enum quick_form``."""
SPECIALS = (
    "table.get",
    "table.set",
    "table.grow",
    "table.fill",
    "ref.is_null",
)
"""Instructions in the frame whose types depend on context; ``enum quick_special``."""
PREFIXES = {0: 0, 0xFC: 1, 0xFD: 2, 0xFE: 3}
_SIZES = {BYTE: 1, NUMBER: 4, WIDE: 8, CONSTANT: 16}
"""Bytes of what fills a hole; 16: constant bytes, to which it is a distance of four bytes."""
_NONE = 0xFFFF
_OP = Struct("<BBBB4B2B2BII")
_PADDING = 16
"""The emitter copies short pieces 16 bytes at a time."""


class Tables:
    """The tables in the making."""

    def __init__(self) -> None:
        self._texts = bytearray()
        self._data = bytearray()
        self._pieces = bytearray()
        self._holes = bytearray()
        self._forms = bytearray()
        self._known: dict[tuple[bytes, tuple[Any, ...]], int] = {}
        self._stencils = {prefix: load(prefix) for prefix in (0, 0xFD, 0xFE)}

    def make(self) -> bytes:
        """All of them, as ``quick_tables`` describes them."""
        groups: list[dict[int, bytes]] = [{} for _ in PREFIXES]
        for row in rows():
            if row.type != SPECIAL and row.prefix in PREFIXES and self._is_emitted(row):
                groups[PREFIXES[row.prefix]][row.code] = self._op(row)
        plain = self._stencils[0]
        specials = [
            *(self._form(plain, f"select {t}") for t in ("i32", "i64", "f32", "f64", "v128")),
            *(self._form(plain, "br_if", form) for form in ("rT", "rF", "sT", "sF")),
            *(self._form(plain, name) for name in ("callee 0", "callee")),
            *(self._frame_form(plain, name, "m") for name in SPECIALS),
        ]
        empty = bytes(_OP.size)
        sizes = [max(group, default=-1) + 1 for group in groups]
        ops = [
            b"".join(group.get(i, empty) for i in range(size))
            for group, size in zip(groups, sizes, strict=True)
        ]
        parts: list[bytes | bytearray] = [
            *ops,
            self._pieces,
            self._holes,
            self._forms,
            self._data,
            self._texts,
        ]
        head = 4 * (len(parts) + len(sizes) + len(specials) + 1)
        offsets, at = [], head
        for part in parts:
            at += -at % 8
            offsets.append(at)
            at += len(part)
        out = bytearray(pack(f"<{head // 4}I", at + _PADDING, *offsets, *sizes, *specials))
        for offset, part in zip(offsets, parts, strict=True):
            out += bytes(offset - len(out)) + part
        return bytes(out + bytes(_PADDING))

    @staticmethod
    def _is_emitted(row: Row) -> bool:
        known = all(kind.partition(":")[0] in IMMEDIATES for kind in row.immediates)
        return known and len(row.immediates) <= 2 and "->" in row.type

    def _piece(self, stencil: Plain) -> int:
        """The number of a piece of code."""
        text, holes = stencil
        key = bytes(text), tuple(holes)
        if key in self._known:
            return self._known[key]
        for at, kind, _, _ in holes:  # immediates stand behind the text
            text = text.ljust(at + (_SIZES[kind] if kind in (BYTE, NUMBER, WIDE) else 0), b"\0")
        branch = -1
        first = len(self._holes) // 12
        for at, kind, what, addend in holes:
            if kind == RELATIVE:
                if branch >= 0 or addend != -4:
                    raise ValueError("a branch the emitter does not know")
                branch = at
                continue
            data = symbol = 0
            if kind == CONSTANT:
                data = self._datum(what)
            else:
                symbol = SYMBOLS.index(what)
            self._holes += pack("<HBBiI", at, _SIZES[kind], symbol, addend, data)
        count = len(self._holes) // 12 - first
        self._pieces += pack("<IIHBb", len(self._texts), first, len(text), count, branch)
        self._texts += text
        number = self._known[key] = len(self._known)
        return number

    def _datum(self, data: bytes) -> int:
        at = self._data.find(data)
        while at > 0 and at % 16:
            at = self._data.find(data, at + 1)
        if at < 0:
            at = len(self._data)
            self._data += data
        return at

    def _add_form(self, pieces: Sequence[tuple[int, int]]) -> int:
        """The number of a form: for each register a piece for small numbers and one for others."""
        number = len(self._forms) // (4 * REGISTERS)
        for pair in pieces:
            self._forms += pack("<HH", *pair)
        return number

    def _form(self, stencils: Any, name: str, form: str = "r") -> int:
        return self._add_form([self._pair(stencils[name, form, i]) for i in range(REGISTERS)])

    def _frame_form(self, stencils: Any, name: str, form: str) -> int:
        piece = self._piece(stencils[name, form, 0])
        return self._add_form([(piece, piece)] * REGISTERS)

    def _pair(self, stencil: Plain, symbol: str | None = None) -> tuple[int, int]:
        return self._piece(short(stencil, symbol) or stencil), self._piece(stencil)

    def _no_form(self) -> int:
        return self._add_form([(_NONE, _NONE)] * REGISTERS)

    def _op(self, row: Row) -> bytes:
        """What the emitter knows of an instruction (``quick_op``)."""
        params, _, results = row.type.partition("->")
        types = [CODES[name] for name in params.split()]
        result = [CODES[name] for name in results.split()]
        kinds, arguments = [], []
        for kind in row.immediates[:2]:
            name, _, argument = kind.partition(":")
            kinds.append(IMMEDIATES.index(name) if name in IMMEDIATES else 0)
            arguments.append(int(argument or 0))
        kind, forms = self._emission(row, len(types), len(result))
        return _OP.pack(
            KINDS.index(kind),
            len(types),
            len(result),
            len(row.immediates),
            *(types + [0] * 3)[:3],
            result[0] if result else 0,
            *(kinds + [0] * 2)[:2],
            *(arguments + [0] * 2)[:2],
            sum(1 << int(p) for p in row.proposals),
            forms,
        )

    def _emission(self, row: Row, params: int, results: int) -> tuple[str, int]:
        """The kind of an instruction, and the number of its first form."""
        name, stencils = row.mnemonic, self._stencils.get(row.prefix, self._stencils[0])
        if name.endswith(".const"):
            return name.partition(".")[0], 0
        if name == "i8x16.shuffle":
            return "shuffle", 0
        if row.prefix == 0xFD:
            return "vector", self._vector(row)
        if row.prefix == 0xFE or (name, "m", 0) in stencils:
            first = self._frame_form(stencils, name, "m")
            far = (name, "mfar", 0) in stencils
            self._frame_form(stencils, name, "mfar" if far else "m")
            return "frame", first
        if row.immediates:
            return ("load" if results else "store"), self._access(name)
        compares = (name, "rT", 0) in stencils
        names = ("zero", "compare") if compares else ("unary", "binary")
        return names[params - 1], self._arithmetic(name, compares=compares)

    def _arithmetic(self, name: str, *, compares: bool) -> int:
        stencils = self._stencils[0]
        first = -1
        for form in ARITHMETIC if compares else ARITHMETIC[:3]:
            made: Callable[[], int] = self._no_form
            if (name, form, 0) in stencils:
                found = [stencils[name, form, i] for i in range(REGISTERS)]
                if form[-1] in "TF":
                    pairs = [self._pair(stencil) for stencil in found]
                elif compares or form in ("s", "i"):
                    pairs = [self._pair(immediate(stencil)) for stencil in found]
                else:
                    pairs = [(self._piece(stencil),) * 2 for stencil in found]
                if compares or form == "r" or all(map(simple, found)):
                    number = self._add_form(pairs)
                    first = number if first < 0 else first
                    continue
            number = made()
            first = number if first < 0 else first
        return first

    def _access(self, name: str) -> int:
        """Near, far, and stores of constants: by constant, at other offsets and at small ones."""
        stencils = self._stencils[0]
        first = self._form(stencils, name)
        far = [self._piece(stencils[name, "rfar", i]) for i in range(REGISTERS)]
        self._add_form([(piece, piece) for piece in far])
        if (name, "i", 0) not in stencils:
            self._no_form()
            self._no_form()
            return first
        constants = [stencils[name, "i", i] for i in range(REGISTERS)]
        near = [short(stencil, "OFFSET") or stencil for stencil in constants]
        for some in (constants, near):
            self._add_form([self._pair(stencil, "H0") for stencil in some])
        return first

    def _vector(self, row: Row) -> int:
        """Near and far, of every lane."""
        stencils = self._stencils[0xFD]
        first = -1
        for name, _ in lanes(row):
            for form in ("r", "rfar" if (name, "rfar", 0) in stencils else "r"):
                pieces = [self._piece(stencils[name, form, i]) for i in range(REGISTERS)]
                number = self._add_form([(piece, piece) for piece in pieces])
                first = number if first < 0 else first
        return first


def save(path: str) -> None:
    """Write the tables to a file."""
    from marshal import dumps

    with open(path, "wb") as file:
        file.write(dumps((layout(), Tables().make())))


def main() -> None:
    """``python -m pywasmedge.compiler.baseline.tables FILE``: write the tables to a file."""
    import sys

    save(sys.argv[1])


if __name__ == "__main__":
    main()
