"""Calls."""

from __future__ import annotations

from .. import layout
from ..abi import slot_offsets
from . import x86_64 as machine
from .operands import CONST, LOCAL, PIN, REG, in_register, slot, spilled
from .state import I64, MASK, R13, RAX, RBP, State, register

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
        first = self._arguments(type_)
        self._result_pointer(type_, first)
        base, entry = self._callee(index)
        self.code += machine.call_at(base, entry)
        self._returned(type_)

    def call_indirect(self, table: int, type_index: int, type_: FunctionType) -> None:
        """``call_indirect``."""
        entry, ctx = self._table_callee(table, type_index)
        first = self._arguments(type_)
        self._result_pointer(type_, first)
        self.code += machine.load(I64, machine.RDI, RBP, ctx)
        self.code += machine.call_at(RBP, entry)
        self._returned(type_)

    def return_call(self, index: int, type_: FunctionType) -> None:
        """``return_call``."""
        self._arguments(type_, machine.RETURN_WORDS)
        self._own_result_pointer(type_)
        self._go(type_, *self._callee(index))

    def return_call_indirect(self, table: int, type_index: int, type_: FunctionType) -> None:
        """``return_call_indirect``."""
        entry, ctx = self._table_callee(table, type_index)
        self._arguments(type_, machine.RETURN_WORDS)
        self._own_result_pointer(type_)
        self.code += machine.load(I64, machine.RDI, RBP, ctx)
        self._go(type_, RBP, entry)

    def _go(self, type_: FunctionType, base: int, entry: int) -> None:
        """Leave the frame for the function whose entry is at ``[base + entry]``."""
        assert self._type is not None
        code = self.code
        code += machine.load(I64, machine.R11, base, entry)
        own, size = machine.convention(self._type).stack, machine.convention(type_).stack
        code += machine.replace_frame(own, size, self.pins)
        self.reachable = False

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

    def _callee(self, index: int) -> tuple[int, int]:
        """Load the context of function ``index``; base register and offset of its entry."""
        imported = self.module.imported_funcs
        if index >= imported:
            self.code += machine.load(I64, RAX, R13, layout.INSTANCE["code"]) + _CONTEXT_TO_ARGUMENT
            return RAX, 8 * (index - imported)
        record = layout.IMPORT_SIZE * index
        self.code += (
            machine.load(I64, RAX, R13, layout.INSTANCE["imports"])
            + machine.load(I64, machine.RDI, RAX, record + layout.IMPORT["ctx"])
            + machine.load(I64, RAX, RAX, record + layout.IMPORT["func"])
        )
        return RAX, layout.FUNC["native"]

    def _arguments(self, type_: FunctionType, below: int = 0) -> int:
        """Take the arguments of a call and bring them where the callee expects them.

        Args:
            type_: the callee's type.
            below: bytes to leave free below the arguments on the stack.

        Returns:
            The position of the first argument.
        """
        operands = self.operands
        convention = machine.convention(type_)
        count = len(convention.params)
        first = len(operands) - count
        self.spend(count + len(type_.results))
        self.spill_registers(first)
        code = self.code
        if convention.stack:
            code += machine.make_room(below + convention.stack)
        moves = []
        for at, place in enumerate(convention.params, first):
            operand = operands[at]
            if place.reg < 0:
                self._push(operand, at, place, below)
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
                self.load_constant(place.type, place.reg, operand.value)
            elif kind == PIN:
                code += machine.move(place.type, place.reg, operand.reg)
            else:
                where = operand.at if kind == LOCAL else self.place(at).at
                code += machine.load(place.type, place.reg, RBP, where)
        del operands[first:]
        return first

    def _result_pointer(self, type_: FunctionType, first: int) -> None:
        """Pass the address of a place for results, if the callee of ``type_`` wants one."""
        pointer = machine.convention(type_).pointer
        if pointer is not None:
            reg = RAX if pointer.reg < 0 else pointer.reg
            self.code += machine.address(reg, RBP, self._result_place(type_, first))
            if pointer.reg < 0:
                self.code += machine.store(I64, RAX, machine.RSP, pointer.offset)

    def _result_place(self, type_: FunctionType, first: int) -> int:
        """Where a callee leaves its results: behind where they go, from position ``first`` on."""
        end = self.base + (first + len(type_.results) << self.wide)
        end += sum(result.slots for result in type_.results)
        self.deepest = max(self.deepest, end)
        return slot(end - 1).at

    def _own_result_pointer(self, type_: FunctionType) -> None:
        """Pass on the caller's place for results."""
        pointer = machine.convention(type_).pointer
        if pointer is not None:
            reg = RAX if pointer.reg < 0 else pointer.reg
            self.code += machine.load(I64, reg, RBP, slot(self._pointer).at)
            if pointer.reg < 0:
                at = machine.RETURN_WORDS + pointer.offset
                self.code += machine.store(I64, RAX, machine.RSP, at)

    def _push(self, operand: Operand, at: int, place: Any, below: int) -> None:
        """Store a stack argument."""
        type_ = place.type
        to = below + place.offset
        reg = RAX if type_ in machine.WHOLE else 7
        if operand.kind == REG:
            reg = register(type_, at)
        elif operand.kind == CONST:
            self.code += machine.store_constant(type_, machine.RSP, to, operand.value)
            return
        elif operand.kind == PIN:
            reg = operand.reg
        else:
            where = operand.at if operand.kind == LOCAL else self.place(at).at
            self.code += machine.load(type_, reg, RBP, where)
        self.code += machine.store(type_, reg, machine.RSP, to)

    def _returned(self, type_: FunctionType) -> None:
        """Push the results of a call."""
        operands, code = self.operands, self.code
        convention = machine.convention(type_)
        results = type_.results
        if convention.pointer is None:
            moves = []
            for result, reg, _ in convention.results:
                at = self.room()
                moves.append((result, register(result, at), reg))
                operands.append(in_register(result))
            code += machine.shuffle(moves)
            return
        first = len(operands)
        low = self._result_place(type_, first)
        for result, offset in zip(map(int, results), slot_offsets(results), strict=True):
            reg = RAX if result in machine.WHOLE else 0
            code += machine.load(result, reg, RBP, low + offset)
            code += machine.store(result, reg, RBP, self._slot(len(operands)).at)
            operands.append(spilled(result))
