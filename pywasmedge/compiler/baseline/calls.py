"""Calls."""

from __future__ import annotations

from .. import layout
from . import x86_64 as machine
from .operands import CONST, LOCAL, PIN, REG, in_register, slot, spilled
from .state import I64, MASK, R13, RAX, RBP, V128, State, UnsupportedError, register

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...base.types import FunctionType
    from .operands import Operand


_CONTEXT_TO_ARGUMENT = machine.move(I64, machine.RDI, machine.CONTEXT)


class Calls(State):
    """Call instructions."""

    def call(self, index: int, type_: FunctionType) -> None:
        """``call``."""
        self._arguments(type_)
        self._callee(index)
        self._returned(type_)

    def call_indirect(self, table: int, type_index: int, type_: FunctionType) -> None:
        """``call_indirect``."""
        entry, ctx = self._table_callee(table, type_index)
        self._arguments(type_)
        self.code += machine.load(I64, machine.RDI, RBP, ctx)
        self.code += machine.call_at(RBP, entry)
        self._returned(type_)

    def return_call(self, index: int, type_: FunctionType) -> None:
        """``return_call``."""
        raise UnsupportedError("tail call")

    def return_call_indirect(self, table: int, type_index: int, type_: FunctionType) -> None:
        """``return_call_indirect``."""
        raise UnsupportedError("tail call")

    def _table_callee(self, table: int, type_index: int) -> tuple[int, int]:
        """Take the table operand; places in the frame of the callee's entry and context."""
        operands = self.operands
        at = len(operands) - 1
        if operands[at].kind:
            self.to_register(at)
        operands.pop()
        entry, ctx = self._slot(at).at, self._slot(at + 1).at
        numbers = {"H0": entry, "H1": ctx, "TYPE": self.canonical[type_index]}
        numbers |= {"I0x4": 4 * type_index, "TABLEx8": 8 * table}
        name = "callee" if table else "callee 0"
        self.place_stencil(self.stencils[name, "r", at & MASK], numbers)
        return entry, ctx

    def _callee(self, index: int) -> None:
        """Call function ``index``: load its context and entry."""
        imported = self.module.imported_funcs
        if index >= imported:
            self.code += (
                machine.load(I64, RAX, R13, layout.INSTANCE["code"])
                + _CONTEXT_TO_ARGUMENT
                + machine.call_at(RAX, 8 * (index - imported))
            )
            return
        record = layout.IMPORT_SIZE * index
        self.code += (
            machine.load(I64, RAX, R13, layout.INSTANCE["imports"])
            + machine.load(I64, machine.RDI, RAX, record + layout.IMPORT["ctx"])
            + machine.load(I64, RAX, RAX, record + layout.IMPORT["func"])
            + machine.call_at(RAX, layout.FUNC["native"])
        )

    def _arguments(self, type_: FunctionType) -> None:
        """Take the arguments of a call and bring them where the callee expects them."""
        operands = self.operands
        convention = machine.convention(type_)
        count = len(convention.params)
        first = len(operands) - count
        self.spill_registers(first)
        code = self.code
        code += machine.make_room(convention.stack)
        moves = []
        for at, place in enumerate(convention.params, first):
            operand = operands[at]
            if place.reg < 0:
                self._push(operand, at, place)
            elif operand.kind == REG:
                moves.append((place.type, place.reg, register(place.type, at)))
        if moves:
            code += machine.shuffle(moves)
        for at, place in enumerate(convention.params, first):
            operand = operands[at]
            kind = operand.kind
            if place.reg < 0 or kind == REG:
                continue
            if kind == CONST:
                code += machine.constant(place.type, place.reg, operand.value)
            elif kind == PIN:
                code += machine.move(place.type, place.reg, operand.reg)
            else:
                where = operand.at if kind == LOCAL else slot(self.base + at).at
                code += machine.load(place.type, place.reg, RBP, where)
        del operands[first:]
        if convention.pointer is not None:
            slots = len(type_.results)
            low = self._slot(first + 2 * slots - 1).at
            reg = RAX if convention.pointer.reg < 0 else convention.pointer.reg
            code += machine.address(reg, RBP, low)
            if convention.pointer.reg < 0:
                code += machine.store(I64, RAX, machine.RSP, convention.pointer.offset)

    def _push(self, operand: Operand, at: int, place: Any) -> None:
        """Store a stack argument."""
        type_ = place.type
        reg = RAX if type_ in machine.WHOLE else 7
        if operand.kind == REG:
            reg = register(type_, at)
        elif operand.kind == CONST:
            self.code += machine.store_constant(type_, machine.RSP, place.offset, operand.value)
            return
        elif operand.kind == PIN:
            reg = operand.reg
        else:
            where = operand.at if operand.kind == LOCAL else slot(self.base + at).at
            self.code += machine.load(type_, reg, RBP, where)
        self.code += machine.store(type_, reg, machine.RSP, place.offset)

    def _returned(self, type_: FunctionType) -> None:
        """Push the results of a call."""
        operands, code = self.operands, self.code
        convention = machine.convention(type_)
        results = type_.results
        if V128 in results:
            raise UnsupportedError("vectors")
        if convention.pointer is None:
            moves = []
            for result, reg, _ in convention.results:
                at = self.room()
                moves.append((result, register(result, at), reg))
                operands.append(in_register(result))
            code += machine.shuffle(moves)
            return
        first, count = len(operands), len(results)
        for i, result in enumerate(map(int, results)):
            reg = RAX if result in machine.WHOLE else 0
            low = slot(self.base + first + 2 * count - 1).at
            code += machine.load(result, reg, RBP, low + 8 * i)
            code += machine.store(result, reg, RBP, self._slot(first + i).at)
            operands.append(spilled(result))
