"""Parametric, variable, table and reference instructions."""

from __future__ import annotations

from ...base.types import ValType
from .. import layout
from . import x86_64 as machine
from .operands import CONST, LOCAL, PIN, REG, Const, Local, in_register
from .rows import Rows
from .state import DEEP, F32, F64, I32, I64, MASK, R13, RAX, V128, register
from .stencil import REGISTERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .operands import Operand


class Global:
    """Code that accesses a global.

    Attributes:
        done: the operand of its value.
        loads: code that loads it into each of the operand registers.
        stores: code that stores each of them to it.
    """

    __slots__ = ("done", "loads", "stores")

    def __init__(self, type_: int, index: int, own: int) -> None:
        before, base, disp = b"", R13, layout.INSTANCE["own_globals"] + layout.GLOBAL_SIZE * own
        if own < 0:
            before = machine.load(I64, RAX, R13, layout.INSTANCE["globals"])
            before += machine.load(I64, RAX, RAX, 8 * index)
            base, disp = RAX, 0
        # The bytes above an i32 stay zero: its upper half is written, too.
        stored = I64 if type_ in machine.WHOLE else type_
        registers = [register(type_, at) for at in range(REGISTERS)]
        self.done = in_register(type_)
        self.loads = [before + machine.load(type_, reg, base, disp) for reg in registers]
        self.stores = [before + machine.store(stored, reg, base, disp) for reg in registers]


class Variables(Rows):
    """Everything that moves values around."""

    def drop(self) -> None:
        """``drop``."""
        self.operands.pop()

    def select(self, type_: int) -> None:
        """``select``."""
        operands = self.operands
        at = len(operands) - 3
        for i in range(at, at + 3):
            if operands[i].kind:
                self.to_register(i)
        del operands[at + 1 :]
        self.code += (self._selects.get(type_) or self._select(type_))[at & MASK]

    def _select(self, type_: int) -> list[bytes]:
        """The code of ``select`` for a type, by register."""
        name = str(ValType(type_)) if type_ in (I32, F32, F64, V128) else "i64"
        stencils = [self.stencils[f"select {name}", "r", i] for i in range(REGISTERS)]
        assert not any(holes for _, holes in stencils)
        made = self._selects[type_] = [text for text, _ in stencils]
        return made

    def local_get(self, index: int) -> None:
        """``local.get``."""
        self.operands.append(self.locals[index])

    def local_set(self, index: int) -> None:
        """``local.set``."""
        operands = self.operands
        local = self.locals[index]
        value = operands.pop()
        if value is local:
            return
        if len(operands) > DEEP or local in operands:
            self.settle(local)
        at = len(operands)
        kind = value.kind
        if kind == REG:
            self.code += local.stores[at & MASK]
        elif kind == CONST:
            self._set_constant(local, value)
        elif kind == PIN and local.reg >= 0:
            self.code += machine.move(local.type, local.reg, value.reg)
        elif kind == LOCAL and local.reg >= 0:
            self.code += value.arguments[local.reg]
        else:
            operands.append(value)
            self.to_register(at)
            operands.pop()
            self.code += local.stores[at & MASK]

    def _set_constant(self, local: Local, value: Operand) -> None:
        if local.reg >= 0:
            self.load_constant(local.type, local.reg, value.value)
        else:
            self.store_constant(local.type, local.at, value.value)

    def local_tee(self, index: int) -> None:
        """``local.tee``."""
        operands = self.operands
        local = self.locals[index]
        at = len(operands) - 1
        value = operands[at]
        if value is local:
            return
        if value.kind and value.kind != CONST:
            self.to_register(at)
            value = operands[at]
        if len(operands) > DEEP or local in operands:
            self.settle(local)
        if value.kind == CONST:
            self._set_constant(local, value)
        else:
            self.code += local.stores[at & MASK]

    def global_get(self, index: int) -> None:
        """``global.get``."""
        access = self._globals.get(index) or self._global(index)
        at = self.room()
        self.code += access.loads[at & MASK]
        self.operands.append(access.done)

    def global_set(self, index: int) -> None:
        """``global.set``."""
        access = self._globals.get(index) or self._global(index)
        operands = self.operands
        at = len(operands) - 1
        if operands[at].kind:
            self.to_register(at)
        operands.pop()
        self.code += access.stores[at & MASK]

    def _global(self, index: int) -> Global:
        """How to access a global."""
        type_ = int(self.module.global_types[index].type)
        made = self._globals[index] = Global(type_, index, index - self.module.imported_globals)
        return made

    def table_get(self, table: int) -> None:
        """``table.get``."""
        self._table("table.get", 1, (I64,), table)

    def table_set(self, table: int) -> None:
        """``table.set``."""
        self._table("table.set", 2, (), table)

    def table_grow(self, table: int) -> None:
        """``table.grow``."""
        self._table("table.grow", 2, (I32,), table)

    def table_fill(self, table: int) -> None:
        """``table.fill``."""
        self._table("table.fill", 3, (), table)

    def _table(self, name: str, count: int, result: Sequence[int], table: int) -> None:
        numbers = {"TABLE": table, "TABLEx8": 8 * table}
        self._frame_stencil(self.stencils[name, "m", 0], count, result, numbers)

    def ref_null(self) -> None:
        """``ref.null``."""
        self.operands.append(Const(I64, 0))

    def ref_is_null(self) -> None:
        """``ref.is_null``."""
        self._frame_stencil(self.stencils["ref.is_null", "m", 0], 1, (I32,), {})

    def ref_func(self, index: int) -> None:
        """``ref.func``."""
        self._frame_stencil(self.stencils["ref.func", "m", 0], 0, (I64,), {"I0": index})
