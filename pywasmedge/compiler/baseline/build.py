"""Makes the stencils: machine code of single instructions, with holes, from the instruction table.

A stencil is an LLVM function in the GHC calling convention whose parameters are what stays in
registers between instructions (``PARAMETERS``). It goes on by a tail call of ``NEXT`` with the new
contents, which is cut off, or of ``TAKEN`` for a branch. What varies, places in the frame and
immediates, are addresses of undefined symbols ``H0``, ``H1``, ...: the relocations against them are
the holes. The bodies are what the rows of the instruction table say, through the same emitter as
optimised code.

Forms of an instruction, each for the four registers its result can be in:

=========  ==========================================================================
``r``      all operands in registers
``s``      the last operand in the frame, at ``H0``
``i``      the last operand is the constant ``H0``
``rT``...  a comparison that branches to ``TAKEN`` if it holds (``F``: if it does not)
=========  ==========================================================================

Rarer instructions have one form, ``m``: operands in the frame at ``H0``, ``H1``, ``H2``, the result
at ``R``. Accesses to memory have another one, ``rfar`` or ``mfar``, for any memory and any offset,
with a check of bounds. An index of a lane is part of the mnemonic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...base.types import Limits, TableType, ValType
from ...isa.opcodes import rows
from ...isa.row import SPECIAL, Use
from ...walk.immediates import Memarg
from ..abi import LLVM_TYPE, MODULE_FLAGS
from ..emitter import METADATA
from ..link import functions_of
from ..lowering import memory, numeric  # noqa: F401  (they register lowerings)
from ..variables import Variables
from .stencil import REGISTERS, Stencil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ...isa.row import Row
    from ..llvm import Machine

PARAMETERS = (
    "ptr %ctx, ptr %frame, ptr %base, i64 %p0, i64 %p1, i64 %s0, i64 %s1, i64 %s2, i64 %s3, "
    "i64 %p2, <2 x i64> %x0, <2 x i64> %x1, <2 x i64> %x2, <2 x i64> %x3, <2 x i64> %x4, "
    "<2 x i64> %x5"
)
"""The instance, the frame, byte 0 of memory 0, pinned locals, operands (whole numbers in ``s``,
floats in ``x``)."""
_DECLARED = ", ".join(part.rsplit(" ", 1)[0] for part in PARAMETERS.split(", "))
_NUMBERS = frozenset(("i32", "i64", "f32", "f64"))
_VALUES = _NUMBERS | {"v128"}
_VECTOR = {"f32": "<4 x float>", "f64": "<2 x double>"}
_BY_MACHINE = frozenset(("v128.const", "i8x16.shuffle"))
"""Instructions that are no stencils: their immediates are data."""


class Hole(int):
    """Stands for a number in the text of a stencil that is filled in when it is used."""

    name: str
    symbol: str
    bits: int

    def __new__(cls, name: str, bits: int) -> Hole:
        """The number ``name`` as an integer of ``bits``, or of 32 that are extended to 64."""
        self = super().__new__(cls, 1)
        self.name = name
        self.symbol = f"{name}w" if bits == 32 else name
        self.bits = bits
        return self

    def __rmul__(self, scale: int) -> Hole:
        """Another hole, to be filled with ``scale`` times the number."""
        return Hole(f"{self.name}x{scale}", 64)

    def __mod__(self, size: int) -> Hole:
        """Another hole, to be filled with the rest after division by ``size``."""
        return Hole(f"{self.name}m{size}", 32)

    def __str__(self) -> str:
        return f"ptrtoint (ptr @{self.symbol} to i{self.bits})"

    def __format__(self, spec: str) -> str:
        return str(self)


class _Offset(Hole):
    """Offset of an access in the forms for any offset: from 0 to 2^32 - 1, an operand."""

    def __str__(self) -> str:
        return "%offset"


class _Anything:
    """Gives the same hole for every index."""

    def __init__(self, hole: Hole) -> None:
        self.hole = hole

    def __getitem__(self, index: object) -> Hole:
        return self.hole


class _Module:
    """Stands for the module of the code: any memory, any table."""

    memory_types = ()
    table_types = (TableType(ValType.FUNCREF, Limits(0)),) * 2
    types = ()


class Writer(Variables):
    """The emitter for single instructions."""

    def __init__(self, *, guarded: bool) -> None:
        super().__init__(_Module(), guarded=guarded, exact=False)  # type: ignore[arg-type]
        self.canonical = _Anything(Hole("TYPE", 64))  # type: ignore[assignment]
        self.texts: list[str] = []
        self.state: dict[str, str] = {}

    def _keep_faults(self) -> None:
        """Do nothing: what a stencil loads is its result."""

    def base(self, memory_: int) -> str:
        """Byte 0 of memory 0 is in a register."""
        far = memory_ != 0 or isinstance(memory_, Hole)
        return super().base(memory_) if far else "%base"

    def begin(self, name: str) -> None:
        """Begin the stencil ``name``."""
        self.start(f"define ghccc void @{name}({PARAMETERS}) nounwind {{")
        self.state = {f"{kind}{i}": f"%{kind}{i}" for kind in "sx" for i in range(4)}
        if not self.guarded:  # hidden from LLVM, which would make it a displacement below 2^31
            number = "ptrtoint (ptr @OFFSETw to i64)"
            self.void(f'%offset = call i64 asm "", "=r,0"(i64 {number})')

    def jump(self, target: str) -> None:
        """Go on at ``target`` with the current contents of the registers."""
        parts = []
        for part in PARAMETERS.split(", "):
            type_, name = part.rsplit(" %", 1)
            parts.append(f"{type_} {self.state.get(name, '%' + name)}")
        self.void(f"musttail call ghccc void @{target}({', '.join(parts)})")
        self.void("ret void")

    def close(self) -> None:
        """End the stencil."""
        self.texts.append(self.finish())

    def take(self, type_: str, register: int) -> str:
        """The operand of ``type_`` in a register, which is free afterwards."""
        name = f"{'s' if type_ in ('i32', 'i64') else 'x'}{register % REGISTERS}"
        value = self.state[name]
        self.state[name] = "poison"
        if type_ in ("i64", "v128"):
            return value
        if type_ == "i32":
            clean = self.emit(f"icmp ult i64 {value}, 4294967296")
            self.void(f"call void @llvm.assume(i1 {clean})")
            return self.emit(f"trunc i64 {value} to i32")
        vector = self.emit(f"bitcast <2 x i64> {value} to {_VECTOR[type_]}")
        return self.emit(f"extractelement {_VECTOR[type_]} {vector}, i64 0")

    def put(self, type_: str, register: int, value: str, zero: str = "") -> None:
        """Make ``value`` the content of a register; ``zero`` says what else a float goes into."""
        register %= REGISTERS
        if type_ == "i64":
            self.state[f"s{register}"] = value
        elif type_ == "v128":
            self.state[f"x{register}"] = value
        elif type_ == "i32":
            self.state[f"s{register}"] = self.emit(f"zext i32 {value} to i64")
        else:
            # Into what is there, so that LLVM sees no reason to compute all lanes; but what is made
            # of something else must not wait for it.
            vector = self.emit(f"bitcast <2 x i64> {zero or f'%x{register}'} to {_VECTOR[type_]}")
            scalar = LLVM_TYPE[_CODES[type_]]
            vector = self.emit(f"insertelement {_VECTOR[type_]} {vector}, {scalar} {value}, i64 0")
            self.state[f"x{register}"] = self.emit(
                f"bitcast {_VECTOR[type_]} {vector} to <2 x i64>"
            )

    def slot(self, symbol: str) -> str:
        """Address of a place in the frame."""
        return self.emit(f"getelementptr i8, ptr %frame, i64 {Hole(symbol, 64)}")

    def load_slot(self, type_: str, symbol: str) -> str:
        """The value of ``type_`` in the frame."""
        return self.emit(f"load {LLVM_TYPE[_CODES[type_]]}, ptr {self.slot(symbol)}, align 8")

    def store_slot(self, type_: str, symbol: str, value: str) -> None:
        """Put a value into the frame."""
        if type_ == "i32":
            type_, value = "i64", self.emit(f"zext i32 {value} to i64")
        slot = self.slot(symbol)
        self.void(f"store {LLVM_TYPE[_CODES[type_]]} {value}, ptr {slot}, align 8")

    def drop_registers(self) -> None:
        """Keep nothing in the operands' registers."""
        self.state = dict.fromkeys(self.state, "poison") | {f"x{i}": "poison" for i in (4, 5)}


_CODES: dict[str, int] = {str(t): int(t) for t in ValType}


def _types(row: Row) -> tuple[list[str], list[str]]:
    params, _, results = row.type.partition("->")
    return params.split(), results.split()


def in_registers(row: Row) -> bool:
    """Whether an instruction has the forms with operands in registers."""
    if row.type == SPECIAL or row.prefix == 0xFE or row.mnemonic in _BY_MACHINE:
        return False
    params, results = _types(row)
    if {*params, *results} - _VALUES or not 0 < len(params) < REGISTERS:
        return False
    return row.prefix == 0xFD or not row.immediates or row.immediates[0].startswith("memarg")


def lanes(row: Row) -> list[tuple[str, list[int]]]:
    """The mnemonics under which an instruction is found, with the lane if it takes one."""
    kind, _, count = row.immediates[-1].partition(":") if row.immediates else ("", "", "")
    if kind != "lane":
        return [(row.mnemonic, [])]
    return [(f"{row.mnemonic} {lane}", [lane]) for lane in range(int(count))]


def _immediates(row: Row, *, far: bool) -> list[object]:
    values: list[object] = []
    for number, kind in enumerate(row.immediates):
        if kind.startswith("memarg"):
            memory_ = Hole("MEMORY", 32) if far else 0
            offset = _Offset("OFFSET", 64) if far else Hole("OFFSET", 64)
            values.append(Memarg((memory_, offset, 0)))
        elif kind.startswith("lane:"):
            pass
        else:
            values.append(Hole(f"I{number}", 32))
    return values


class Builder:
    """Writes the text of all stencils."""

    def __init__(self) -> None:
        self.near = Writer(guarded=True)
        self.far = Writer(guarded=False)
        self.names: dict[str, tuple[str, str, int]] = {}

    def _name(self, mnemonic: str, form: str, register: int) -> str:
        name = f"n{len(self.names)}"
        self.names[name] = (mnemonic, form, register)
        return name

    def build(self, machine: Machine) -> dict[int, dict[tuple[str, str, int], Stencil]]:
        """All stencils, by prefix byte (or 0), then by mnemonic, form and register."""
        self.write()
        symbols = sorted(set(_symbols("\n".join((*self.near.texts, *self.far.texts)))))
        lines = [f"declare ghccc void @{name}({_DECLARED})" for name in ("NEXT", "TAKEN")]
        for name in symbols:
            range_ = "!31" if name.endswith("w") else "!30"
            lines.append(f"@{name} = external dso_local global i8, !absolute_symbol {range_}")
        lines += [*self.near.texts, *self.far.texts, METADATA, MODULE_FLAGS]
        lines.append("!30 = !{i64 -2147483648, i64 2147483648}")
        lines.append("!31 = !{i64 0, i64 4294967296}")
        lines.append("attributes #1 = { cold noreturn nounwind }")
        made: dict[int, dict[tuple[str, str, int], Stencil]] = {0: {}, 0xFD: {}, 0xFE: {}}
        prefixes = {name: row.prefix for row in rows() for name, _ in lanes(row)}
        for function in functions_of(machine.compile("\n".join(lines), 2)):
            key = self.names[function.name]
            group = made.get(prefixes.get(key[0], 0), made[0])
            group[key] = Stencil.of(function)
        return made

    def write(self) -> None:
        """Write all of them."""
        for row in rows():
            if in_registers(row):
                self._register_forms(row)
            elif (
                row.type != SPECIAL and row.prefix in (0xFC, 0xFE)
            ) or row.mnemonic == "memory.grow":
                self._frame_form(self.near, row, "m")
                if row.immediates[0].startswith("memarg"):
                    self._frame_form(self.far, row, "mfar")
        self._conditional()
        self._select()
        self._calls()
        self._tables()
        self._memory_size()

    def _register_forms(self, row: Row) -> None:
        params, _ = _types(row)
        lowering = row.lowering.function if isinstance(row.lowering, Use) else ""
        compares = lowering in ("compare", "eqz")
        forms = ["r"]
        if row.prefix != 0xFD and len(params) == 2:
            if not row.immediates:
                forms.append("s")
            if params[1] in ("i32", "i64"):
                forms.append("i")
        for register in range(REGISTERS):
            for form in forms:
                for branch in ("", "T", "F") if compares else ("",):
                    self._register_form(self.near, row, form, branch, register)
            if row.immediates and row.immediates[0].startswith("memarg"):
                self._register_form(self.far, row, "r", "far", register)

    def _register_form(self, e: Writer, row: Row, form: str, branch: str, q: int) -> None:
        for mnemonic, lane in lanes(row):
            self._named_form(e, row, mnemonic, lane, form, branch, q)

    def _named_form(
        self, e: Writer, row: Row, mnemonic: str, lane: list[int], form: str, branch: str, q: int
    ) -> None:
        params, results = _types(row)
        e.begin(self._name(mnemonic, form + branch, q))
        for i, type_ in enumerate(params):
            if form == "r" or i < len(params) - 1:
                e.values.append(e.take(type_, q + i))
            elif form == "s":
                e.values.append(e.load_slot(type_, "H0"))
            else:
                bits = 32 if type_ == "i32" else 64
                e.values.append(e.emit(f"add i{bits} 0, {Hole('H0', bits)}"))
        e.simple(row)(*_immediates(row, far=branch == "far"), *lane)
        if branch in ("T", "F"):
            self._branch(e, branch)
            return
        for type_ in results:
            zero = ""
            if row.mnemonic.endswith(("convert_i32_s", "convert_i64_s", "f32.convert_i32_u")):
                # Hidden from LLVM, so that the processor's instruction, which leaves the other
                # lanes alone, works on it.
                zero = e.emit('call <2 x i64> asm "", "=x,0"(<2 x i64> zeroinitializer)')
            elif not set(params) & set(_VECTOR):
                zero = "zeroinitializer"
            e.put(type_, q, e.values.pop(), zero)
        e.jump("NEXT")
        e.close()

    @staticmethod
    def _branch(e: Writer, branch: str) -> None:
        condition = e.condition(e.values.pop())
        holds, fails = e.label(), e.label()
        e.void(f"br i1 {condition}, label %{holds}, label %{fails}")
        e.place(holds)
        e.jump("TAKEN" if branch == "T" else "NEXT")
        e.place(fails)
        e.jump("NEXT" if branch == "T" else "TAKEN")
        e.close()

    def _frame_form(self, e: Writer, row: Row, form: str) -> None:
        params, results = _types(row)
        e.begin(self._name(row.mnemonic, form, 0))
        for i, type_ in enumerate(params):
            e.values.append(e.load_slot(type_, f"H{i}"))
        e.simple(row)(*_immediates(row, far=form == "mfar"))
        for type_ in results:
            e.store_slot(type_, "R", e.values.pop())
        e.drop_registers()
        e.jump("NEXT")
        e.close()

    def _conditional(self) -> None:
        """Branches on an operand that is not zero (``T``) or zero (``F``)."""
        e = self.near
        for register in range(REGISTERS):
            for form in "rs":
                for branch in "TF":
                    e.begin(self._name("br_if", form + branch, register))
                    value = e.take("i32", register) if form == "r" else e.load_slot("i32", "H0")
                    e.values.append(value)
                    self._branch(e, branch)

    def _select(self) -> None:
        e = self.near
        for type_ in sorted(_VALUES):
            for register in range(REGISTERS):
                e.begin(self._name(f"select {type_}", "r", register))
                e.values += [e.take(type_, register + i) for i in range(2)]
                e.values.append(e.take("i32", register + 2))
                e.select(_CODES[type_])
                e.put(type_, register, e.values.pop())
                e.jump("NEXT")
                e.close()

    def _calls(self) -> None:
        """The callee of an indirect call: entry to ``H0``, context to ``H1``."""
        e = self.near
        for name, table in (("callee 0", 0), ("callee", Hole("TABLE", 32))):
            for register in range(REGISTERS):
                e.begin(self._name(name, "r", register))
                e.values.append(e.take("i32", register))
                entry, ctx = e._table_callee(table, Hole("I0", 32))
                for symbol, value in (("H0", entry), ("H1", ctx)):
                    slot = e.slot(symbol)
                    e.void(f"store ptr {value}, ptr {slot}, align 8")
                e.jump("NEXT")
                e.close()

    def _tables(self) -> None:
        """Table and reference instructions, operands in the frame."""
        e = self.near
        table = Hole("TABLE", 32)
        special: list[tuple[str, Sequence[str], Callable[[], None], str]] = [
            ("table.get", ["i32"], lambda: e.table_get(table), "i64"),
            ("table.set", ["i32", "i64"], lambda: e.table_set(table), ""),
            ("table.grow", ["i64", "i32"], lambda: e.table_grow(table), "i32"),
            ("table.fill", ["i32", "i64", "i32"], lambda: e.table_fill(table), ""),
            ("ref.is_null", ["i64"], e.ref_is_null, "i32"),
            ("ref.func", [], lambda: e.ref_func(Hole("I0", 32)), "i64"),
        ]
        for mnemonic, params, emit, result in special:
            e.begin(self._name(mnemonic, "m", 0))
            e.values += [e.load_slot(type_, f"H{i}") for i, type_ in enumerate(params)]
            emit()
            if result:
                e.store_slot(result, "R", e.values.pop())
            e.drop_registers()
            e.jump("NEXT")
            e.close()

    def _memory_size(self) -> None:
        row = next(row for row in rows() if row.mnemonic == "memory.size")
        e = self.near
        e.begin(self._name(row.mnemonic, "m", 0))
        e.simple(row)(Hole("MEMORY", 32))
        e.store_slot("i32", "R", e.values.pop())
        e.drop_registers()
        e.jump("NEXT")
        e.close()


def _symbols(text: str) -> Iterator[str]:
    import re

    return iter(re.findall(r"ptr @(\w+) to", text))


def main() -> None:
    """``python -m pywasmedge.compiler.baseline.build FILE``: write the stencils to a file."""
    import sys

    from ..codegen import stencil_machine
    from .stencil import save

    save(sys.argv[1], Builder().build(stencil_machine()))


if __name__ == "__main__":
    main()
