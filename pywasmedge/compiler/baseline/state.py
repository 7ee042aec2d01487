"""The state of quick code in the making: operands, code, stencils put into it."""

from __future__ import annotations

from struct import Struct

from ...base.errors import ErrCode, Trap
from ...base.types import FunctionType, ValType
from . import x86_64 as machine
from .operands import (
    CONST,
    PIN,
    REG,
    SPILL,
    Local,
    Locals,
    Operand,
    Slot,
    in_register,
    slot,
    spilled,
)
from .stencil import CONSTANT, NUMBER, REGISTERS, RELATIVE
from .stencil import load as load_stencils

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from ...module.ast import Module
    from ...walk.sink import Charge
    from .calls import Plan
    from .filled import Branches, Plain
    from .stencil import Stencils
    from .variables import Global


I32, I64 = int(ValType.I32), int(ValType.I64)
F32, F64, V128 = int(ValType.F32), int(ValType.F64), int(ValType.V128)
MASK = REGISTERS - 1
"""A position of the operand stack and this give its register."""
WORD = Struct("<i")
_S, _X, _WHOLE = machine.S, machine.X, machine.WHOLE
RBP, RAX, R13 = machine.RBP, machine.RAX, machine.R13


DEEP = 64
"""Operands that may be gone through at every instruction. Below that many, operands are put into
the frame and not looked at again (see ``sunk``)."""
_STEP = DEEP // 2


class Label:
    """A branch target."""

    at = -1
    """Offset in the code; -1 while it is not known."""
    height = 0
    """Operands below those of a branch."""
    listed = False
    """A jump table leads here."""
    loop = False
    """All operands of a branch are in the frame."""

    def __init__(self, height: int, types: Sequence[int], loop: bool = False) -> None:
        self.height = height
        self.loop = loop
        self.types = types
        self.fixups: list[int] = []
        """Distances to fill in when it is known where it is."""
        self.else_: list[int] = []
        """The same for the start of the else part."""


def label_at_bottom(types: Sequence[int], new: Callable[..., Label] = Label.__new__) -> Label:
    """``Label(0, types)``, without a call of ``__init__``: there are many."""
    label = new(Label)
    label.types = types
    label.fixups = []
    label.else_ = []
    return label


class State:
    """The sink of a walk; one object serves all functions of a module, one after the other."""

    charge: Charge | None = None
    counting = False
    """The code counts its calls and turns of loops, and asks for better code."""

    def __init__(self, module: Module, *, guarded: bool) -> None:
        """Make a code generator for the functions of ``module``.

        Args:
            module: the module; its module-level rules have been checked.
            guarded: every memory has guard pages.

        Raises:
            OSError, ValueError: the stencils cannot be used.
        """
        from ..abi import canonical_types

        self.module = module
        self.guarded = guarded
        self.stencils = self.stencils_for(0)
        self.canonical = canonical_types(module.types)
        self.code = bytearray()
        self.operands: list[Operand] = []
        self.locals = Locals()
        self.base = 0
        self.wide = 0
        """1 if every position of the operand stack has 16 bytes, as vectors need, else 0."""
        self.deepest = 0
        self.marks: list[tuple[int, Operand]] = []
        """Positions, upwards, and operands there that are nowhere else: while one of them is still
        in its place, it and all operands below are constants or in the frame."""
        self.budget = 0
        """Operands of calls and labels the function may still have."""
        self.pins = 0
        """How many of ``PINS`` hold locals."""
        self.keep = b""
        """Stores the locals in ``VECTOR_PINS`` where calls leave them."""
        self.restore = b""
        """Loads them again."""
        self.constants: list[tuple[int, bytes, int]] = []
        self.index = 0
        """Of the function, without imports."""
        self.loops: list[int] = []
        """Open loops: their offsets in the module, 0 for those that do not count."""
        self.counters: list[tuple[int, int, int, int]] = []
        """Where counters run out: the distance to fill in, offsets in the module of the loop (0:
        the function's entry) and of the one around it, and where the code goes on."""
        self.tables: list[tuple[int, int, Label]] = []
        self.imports: list[tuple[int, str]] = []
        """Distances to import slots: their places, the names of the imports."""
        self.compare: tuple[int, int, int, Branches, Branches, int] | None = None
        """The latest comparison: where it begins and ends, position of its result, the branches
        that can take its place (if it holds, if it fails), and the number they need."""
        self._near: dict[str, Callable[[int], None]] = {}
        """What emits accesses to memory 0, by mnemonic."""
        self._selects: dict[int, list[bytes]] = {}
        """The code of ``select``, by type and register."""
        self._callees: dict[tuple[int, int, int], Plain] = {}
        """What finds the callee of an indirect call, by table, type and register of the operand."""
        self._globals: dict[int, Global] = {}
        """How globals are accessed."""
        self._plans: dict[int, Plan] = {}
        """How calls are made, by the id of the function type, which the module keeps."""
        self._conditional: dict[str, list[Branches]] = {}
        """Branches on an operand, by form."""
        self.reachable = True
        self._type: FunctionType | None = None
        self._pointer = 0
        self._convention = machine.convention(FunctionType())
        self._end: Label | None = None

    # ---- operands

    def to_register(self, at: int) -> None:
        """Bring the operand at position ``at`` into its register."""
        operands = self.operands
        operand = operands[at]
        if at >= REGISTERS:
            self._displace(at)
        kind = operand.kind
        if kind < CONST:
            self.code += operand.loads[at & MASK]
        elif kind == CONST:
            self.load_constant(operand.type, register(operand.type, at), operand.value)
        else:
            self.code += self.place(at).loads(operand.type)[at & MASK]
        operands[at] = in_register(operand.type)

    def to_frame(self, at: int) -> None:
        """Bring the operand at position ``at`` into its slot."""
        operands = self.operands
        operand = operands[at]
        kind = operand.kind
        if kind == SPILL:
            return
        type_ = operand.type
        where = self._slot(at)
        if kind == REG:
            self.code += where.stores(type_)[at & MASK]
        elif kind == CONST:
            self.store_constant(type_, where.at, operand.value)
        else:
            scratch = RAX if type_ in machine.WHOLE else 7
            if kind == PIN:
                scratch = operand.reg
            else:
                self.code += machine.load(type_, scratch, RBP, operand.at)
            self.code += machine.store(type_, scratch, RBP, where.at)
        operands[at] = spilled(type_)

    def room(self) -> int:
        """Free the register of the next operand to be pushed; returns its position."""
        operands = self.operands
        at = len(operands)
        if at >= REGISTERS:
            self._displace(at)
        return at

    def _displace(self, at: int) -> None:
        """Bring the operands below that may be in the register of position ``at`` into the frame.

        It need not be the next one: that may be a local or a constant, which displaced nothing.
        """
        first = self.sunk(at) if at > DEEP else 0
        for below in range(at - REGISTERS, first - 1, -REGISTERS):
            if self.operands[below].kind == REG:
                self.to_frame(below)

    def flush(self, count: int) -> None:
        """Keep the lowest ``count`` operands where no branch and no assignment changes them."""
        operands = self.operands
        for at in range(self.sunk(count) if count > DEEP else 0, count):
            kind = operands[at].kind
            if kind != SPILL and kind != CONST:
                self.to_frame(at)

    def spill_registers(self, count: int) -> None:
        """Bring those of the lowest ``count`` operands that are in registers into the frame."""
        operands = self.operands
        for at in range(self.sunk(count) if count > DEEP else 0, count):
            if operands[at].kind == REG:
                self.to_frame(at)

    def sunk(self, count: int) -> int:
        """Of a deep stack, bring the lower ones of the lowest ``count`` operands into the frame.

        Every operand is brought there once, however often this is asked.

        Returns:
            A number below which all operands are in the frame, or constants: at most ``count``, and
            at most ``DEEP`` less.
        """
        operands, marks = self.operands, self.marks
        first = 0
        while marks:
            at, mark = marks[-1]
            if at < len(operands) and operands[at] is mark:
                first = at + 1
                break
            marks.pop()
        if count - first <= DEEP:
            return min(first, count)
        for at in range(first, count - _STEP):
            if (at - first) % _STEP == _STEP - 1:
                self.to_frame(at)
                mark = operands[at] = Operand(SPILL, operands[at].type)
                marks.append((at, mark))
            elif operands[at].kind not in (SPILL, CONST):
                self.to_frame(at)
        return count - _STEP

    def settle(self, local: Local) -> None:
        """Before ``local`` changes: take a copy for every operand that still means its value."""
        operands = self.operands
        count = len(operands)
        for at in range(self.sunk(count) if count > DEEP else 0, count):
            if operands[at] is local:
                if count - at <= REGISTERS - 1:
                    self.to_register(at)
                else:
                    self.to_frame(at)

    def place(self, at: int) -> Slot:
        """The slot of position ``at``; if it has 16 bytes, the lower one."""
        wide = self.wide
        return slot(self.base + (at << wide) + wide)

    def _slot(self, at: int) -> Slot:
        """The slot of position ``at``, which becomes part of the frame."""
        end = self.base + ((at + 1) << self.wide)
        if end > self.deepest:
            self.deepest = end
        return slot(end - 1)

    def load_constant(self, type_: int, reg: int, value: int) -> None:
        """``reg`` = the value of ``type_`` whose bits are ``value``."""
        if type_ == V128 and value:
            self.with_data(machine.load_near(reg), value.to_bytes(16, "little"))
        else:
            self.code += machine.constant(type_, reg, value)

    def store_constant(self, type_: int, at: int, value: int) -> None:
        """The value of ``type_`` at ``[rbp + at]`` = the bits ``value``."""
        if type_ == V128:  # in one piece, as it will be loaded
            self.load_constant(type_, 7, value)
            self.code += machine.store(type_, 7, RBP, at)
        else:
            self.code += machine.store_constant(type_, RBP, at, value)

    def with_data(self, text: bytes, data: bytes) -> None:
        """Append an instruction that ends with its distance to 16 constant bytes."""
        self.code += text
        self.constants.append((len(self.code) - 4, data, -4))

    def spend(self, operands: int) -> None:
        """Account for ``operands`` of a call or a label (see ``compiler/emitter.py``).

        Raises:
            Trap: the function has too many (0x02).
        """
        self.budget -= operands
        if self.budget < 0:
            raise Trap(ErrCode.RUNTIME_ERROR, "function too complex to compile")

    # ---- stencils

    def stencils_for(self, prefix: int) -> Stencils:
        """The stencils of the instructions with a prefix byte (see ``stencil.load``)."""
        return load_stencils(prefix)

    def place_stencil(
        self, stencil: Any, numbers: dict[str, int], label: list[int] | None = None
    ) -> None:
        """Append a stencil, its holes filled from ``numbers``; branches are added to ``label``."""
        text, holes = stencil
        code = self.code
        start = len(code)
        code += text
        for offset, kind, what, addend in holes:
            at = start + offset
            if kind == NUMBER:
                value = numbers[what] + addend
                code[at : at + 4] = (value & 0xFFFF_FFFF).to_bytes(4, "little")
            elif kind == RELATIVE:
                assert label is not None
                label.append(at)
            elif kind == CONSTANT:
                self.constants.append((at, what, addend))
            else:
                value = numbers[what] + addend
                code[at : at + 8] = (value & 0xFFFF_FFFF_FFFF_FFFF).to_bytes(8, "little")


def register(type_: int, at: int) -> int:
    """The register of an operand of ``type_`` at position ``at``."""
    return (_S if type_ in _WHOLE else _X)[at & MASK]
