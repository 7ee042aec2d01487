"""Calls."""

from __future__ import annotations

from .. import layout
from ..abi import slot_offsets
from . import x86_64 as machine
from .filled import fill
from .operands import CONST, LOCAL, PIN, REG, in_register, slot, spilled
from .state import I64, MASK, R13, RAX, RBP, V128, WORD, State, register
from .stencil import REGISTERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...base.types import FunctionType
    from .operands import Operand, Slot


_CONTEXT_TO_ARGUMENT = machine.move(I64, machine.RDI, machine.CONTEXT)


_LOAD_ENTRIES = machine.load(I64, RAX, R13, layout.INSTANCE["code"]) + _CONTEXT_TO_ARGUMENT
_CALL_ENTRY = machine.call_at(RAX, 1 << 20)[:-4]
"""Calls an entry of those loaded; its offset follows."""


class Calls(State):
    """Call instructions."""

    def call(self, index: int, type_: FunctionType) -> None:
        """``call``."""
        plan = self._plans.get(id(type_)) or self._plan(type_)
        first = self._arguments(plan)
        if plan.pointer is not None:
            self._result_pointer(plan, first)
        own = index - self.module.imported_funcs
        if own >= 0:
            self.code += _LOAD_ENTRIES + _CALL_ENTRY + WORD.pack(8 * own)
        else:
            self.code += machine.call_at(*self._callee(index))
        self.code += self.restore
        if plan.result and first < REGISTERS:  # what the other method does
            self.code += plan.result[first]
            self.operands.append(plan.done)
        elif plan.results:
            self._returned(plan)

    def call_indirect(self, table: int, type_index: int, type_: FunctionType) -> None:
        """``call_indirect``."""
        plan = self._plans.get(id(type_)) or self._plan(type_)
        entry, ctx = self._table_callee(table, type_index)
        first = self._arguments(plan)
        if plan.pointer is not None:
            self._result_pointer(plan, first)
        self.code += ctx.arguments(I64)[machine.RDI] + machine.call_at(RBP, entry.at) + self.restore
        self._returned(plan)

    def return_call(self, index: int, type_: FunctionType) -> None:
        """``return_call``."""
        plan = self._plan(type_)
        self._arguments(plan, machine.RETURN_WORDS)
        self._own_result_pointer(plan)
        self._go(plan, *self._callee(index))

    def return_call_indirect(self, table: int, type_index: int, type_: FunctionType) -> None:
        """``return_call_indirect``."""
        plan = self._plan(type_)
        entry, ctx = self._table_callee(table, type_index)
        self._arguments(plan, machine.RETURN_WORDS)
        self._own_result_pointer(plan)
        self.code += ctx.arguments(I64)[machine.RDI]
        self._go(plan, RBP, entry.at)

    def _plan(self, type_: FunctionType) -> Plan:
        """What calls of functions of a type of the module have in common."""
        plan = self._plans[id(type_)] = Plan(type_)
        return plan

    def _go(self, plan: Plan, base: int, entry: int) -> None:
        """Leave the frame for the function whose entry is at ``[base + entry]``."""
        assert self._type is not None
        code = self.code
        code += machine.load(I64, machine.R11, base, entry)
        own = machine.convention(self._type).stack
        code += machine.replace_frame(own, plan.stack, self.pins)
        self.reachable = False

    def _table_callee(self, table: int, type_index: int) -> tuple[Slot, Slot]:
        """Take the table operand; places in the frame of the callee's entry and context."""
        operands = self.operands
        at = len(operands) - 1
        if operands[at].kind:
            self.to_register(at)
        operands.pop()
        entry, ctx = self._slot(at), self._slot(at + 1)
        key = table, type_index, at & MASK
        stencil = self._callees.get(key)
        if stencil is None:
            stencil = self.stencils["callee" if table else "callee 0", "r", at & MASK]
            numbers = {"TYPE": self.canonical[type_index], "I0x4": 4 * type_index}
            for symbol, number in {**numbers, "TABLEx8": 8 * table}.items():
                stencil = fill(stencil, number, symbol)
            self._callees[key] = stencil
        self.place_stencil(stencil, {"H0": entry.at, "H1": ctx.at})
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

    def _arguments(self, plan: Plan, below: int = 0) -> int:
        """Take the arguments of a call and bring them where the callee expects them.

        Args:
            plan: of the callee's type.
            below: bytes to leave free below the arguments on the stack.

        Returns:
            The position of the first argument.
        """
        operands, code = self.operands, self.code
        code += self.keep
        self.budget -= plan.cost
        if self.budget < 0:
            self.spend(0)  # raises
        first = len(operands) - len(plan.params)
        if first:
            self.spill_registers(first)
        if plan.stack:
            code += machine.make_room(below + plan.stack)
        # Stack arguments at once, registers all together, then what may overwrite registers.
        moves = []
        vectors: list[tuple[int, int]] = []
        loads = b""
        for at, (type_, reg, offset) in enumerate(plan.params, first):
            operand = operands[at]
            kind = operand.kind
            if reg < 0:
                self._push(operand, at, type_, below + offset)
            elif kind == REG:
                moves.append((type_, reg, register(type_, at)))
            elif kind == CONST:
                if type_ == V128:
                    vectors.append((reg, operand.value))
                else:
                    loads += machine.constant(type_, reg, operand.value)
            elif kind < CONST:
                loads += operand.arguments[reg]
            else:
                loads += self.place(at).arguments(type_)[reg]
        if moves:
            code += machine.shuffle(tuple(moves))
        code += loads
        for reg, value in vectors:
            self.load_constant(V128, reg, value)
        del operands[first:]
        return first

    def _result_pointer(self, plan: Plan, first: int) -> None:
        """Pass the address of a place for results to a callee that wants one."""
        assert plan.pointer is not None
        reg = RAX if plan.pointer.reg < 0 else plan.pointer.reg
        self.code += machine.address(reg, RBP, self._result_place(plan, first))
        if plan.pointer.reg < 0:
            self.code += machine.store(I64, RAX, machine.RSP, plan.pointer.offset)

    def _result_place(self, plan: Plan, first: int) -> int:
        """Where a callee leaves its results: behind where they go, from position ``first`` on."""
        end = self.base + (first + len(plan.results) << self.wide)
        end += sum(2 if result == V128 else 1 for result in plan.results)
        self.deepest = max(self.deepest, end)
        return slot(end - 1).at

    def _own_result_pointer(self, plan: Plan) -> None:
        """Pass on the caller's place for results."""
        pointer = plan.pointer
        if pointer is not None:
            reg = RAX if pointer.reg < 0 else pointer.reg
            self.code += machine.load(I64, reg, RBP, slot(self._pointer).at)
            if pointer.reg < 0:
                at = machine.RETURN_WORDS + pointer.offset
                self.code += machine.store(I64, RAX, machine.RSP, at)

    def _push(self, operand: Operand, at: int, type_: int, to: int) -> None:
        """Store an argument ``to`` bytes above the stack pointer."""
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

    def _returned(self, plan: Plan) -> None:
        """Push the results of a call."""
        operands = self.operands
        if plan.pointer is not None:
            self._returned_in_frame(plan)
        elif len(plan.results) == 1:
            at = self.room()
            self.code += plan.result[at & MASK]
            operands.append(plan.done)
        else:
            moves = []
            for result, reg, _ in plan.returned:
                at = self.room()
                moves.append((result, register(result, at), reg))
                operands.append(in_register(result))
            self.code += machine.shuffle(tuple(moves))

    def _returned_in_frame(self, plan: Plan) -> None:
        operands, code = self.operands, self.code
        low = self._result_place(plan, len(operands))
        for result, offset in zip(plan.results, plan.offsets, strict=True):
            reg = RAX if result in machine.WHOLE else 0
            code += machine.load(result, reg, RBP, low + offset)
            code += machine.store(result, reg, RBP, self._slot(len(operands)).at)
            operands.append(spilled(result))


class Plan:
    """What calls of functions of one type have in common.

    Attributes:
        params, pointer, returned, stack: see ``machine.Convention``.
        results: types of the results.
        offsets: of the results from the place that the pointer leads to.
        result: code that moves a single result into each of the operand registers.
        done: the operand of a single result.
        cost: operands to account for.
    """

    __slots__ = (
        "cost",
        "done",
        "offsets",
        "params",
        "pointer",
        "result",
        "results",
        "returned",
        "stack",
    )

    def __init__(self, type_: FunctionType) -> None:
        convention = machine.convention(type_)
        self.params = tuple((place.type, place.reg, place.offset) for place in convention.params)
        self.pointer = convention.pointer
        self.returned = convention.results
        self.stack = convention.stack
        self.results = tuple(map(int, type_.results))
        self.offsets = slot_offsets(type_.results)
        self.cost = len(self.params) + len(self.results)
        self.result: tuple[bytes, ...] = ()
        if len(self.returned) == 1:
            result, reg, _ = self.returned[0]
            moves = (machine.move(result, register(result, at), reg) for at in range(REGISTERS))
            self.result = tuple(moves)
            self.done = in_register(result)
