"""Calls: within the unit, through the module's code table, to imports, and through tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..base.errors import ErrCode
from . import layout
from .abi import (
    LLVM_TYPE,
    halved,
    has_result_pointer,
    has_stack_arguments,
    return_type,
    slot_offsets,
)
from .emitter import INVARIANT, TABLE_TBAA, USUAL, EmitterBase

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from ..base.types import FunctionType


class Calls(EmitterBase):
    """Call instructions."""

    members: AbstractSet[int]
    """Defined functions that are part of the unit being compiled."""
    own_stack = False
    """The function being compiled has stack arguments."""
    tail = False
    """It has a tail call that LLVM must be allowed to make."""
    canonical: Sequence[int]
    """For each type of the module the index of the first equal one."""

    def call(self, index: int, type_: FunctionType) -> None:
        """``call``."""
        args = self._take(type_)
        function, ctx = self._callee(index)
        self._finish_call(type_, function, ctx, args)

    def call_indirect(self, table: int, type_index: int, type_: FunctionType) -> None:
        """``call_indirect``."""
        function, ctx = self._table_callee(table, type_index)
        self._finish_call(type_, function, ctx, self._take(type_))

    def return_call(self, index: int, type_: FunctionType) -> None:
        """``return_call``."""
        args = self._take(type_)
        function, ctx = self._callee(index)
        self._tail_call(type_, function, ctx, args)

    def return_call_indirect(self, table: int, type_index: int, type_: FunctionType) -> None:
        """``return_call_indirect``."""
        function, ctx = self._table_callee(table, type_index)
        self._tail_call(type_, function, ctx, self._take(type_))

    def _take(self, type_: FunctionType) -> list[str]:
        """Pop the arguments of a call, typed."""
        count = len(type_.params)
        self.spend(count + len(type_.results))
        if not count:
            return []
        values = self.values[-count:]
        del self.values[-count:]
        args = [f"{LLVM_TYPE[t]} {v}" for t, v in zip(type_.params, values, strict=True)]
        for i in sorted(halved(type_.params), reverse=True):
            both = self.emit(f"bitcast {args[i]} to <2 x double>")
            halves = [self.emit(f"extractelement <2 x double> {both}, i32 {k}") for k in (0, 1)]
            args[i : i + 1] = [f"double {half}" for half in halves]
        return args

    def _callee(self, index: int) -> tuple[str, str]:
        """Native entry and first argument of function ``index``."""
        imported = self.module.imported_funcs
        if index >= imported:
            defined = index - imported
            if defined in self.members:
                return f"@f{defined}", "%ctx"
            slot = self.offset(self.field("code"), 8 * defined)
            return self.emit(f"load ptr, ptr {slot}"), "%ctx"
        record = self.offset(self.field("imports"), layout.IMPORT_SIZE * index)
        func = self.emit(f"load ptr, ptr {self.offset(record, layout.IMPORT['func'])}{INVARIANT}")
        ctx = self.emit(f"load ptr, ptr {self.offset(record, layout.IMPORT['ctx'])}{INVARIANT}")
        return self._native(func), ctx

    def _native(self, func: str) -> str:
        return self.emit(f"load ptr, ptr {self.offset(func, layout.FUNC['native'])}")

    def _table_callee(self, table: int, type_index: int) -> tuple[str, str]:
        """Native entry and first argument of the function the table operand selects.

        A null reference needs no check: reading its fields faults near address 0. A function of
        the right type and the same instance is told by one comparison, so that the callee's
        context is usually known without waiting for a load.
        """
        index = self.values.pop()
        elements, size = self.table(table)
        outside = self.emit(f"icmp uge i32 {index}, {size}")
        self.trap_if(outside, ErrCode.UNDEFINED_ELEMENT)
        wide = self.emit(f"zext i32 {index} to i64")
        slot = self.emit(f"getelementptr inbounds i64, ptr {elements}, i64 {wide}")
        func = self.emit(f"load ptr, ptr {slot}{TABLE_TBAA}")
        kind = "volatile " if self.exact else ""
        key = self.emit(f"load {kind}ptr, ptr {self.offset(func, layout.FUNC['key'])}")
        own = self.offset("%ctx", self.canonical[type_index])
        same = self.emit(f"icmp eq ptr {key}, {own}")
        other, join, before = self.label(), self.label(), self.block_name
        self.void(f"br i1 {same}, label %{join}, label %{other}{USUAL}")
        self.place(other)
        actual = self.emit(f"load i32, ptr {self.offset(func, layout.FUNC['type_id'])}")
        ids = self.offset(self.field("type_ids"), 4 * type_index)
        wanted = self.emit(f"load i32, ptr {ids}{INVARIANT}")
        differs = self.emit(f"icmp ne i32 {actual}, {wanted}")
        self.trap_if(differs, ErrCode.INDIRECT_CALL_TYPE_MISMATCH)
        loaded = self.emit(f"load ptr, ptr {self.offset(func, layout.FUNC['ctx'])}")
        after = self.block_name
        self.void(f"br label %{join}")
        self.place(join)
        ctx = self.emit(f"phi ptr [ %ctx, %{before} ], [ {loaded}, %{after} ]")
        return self._native(func), ctx

    def table(self, table: int) -> tuple[str, str]:
        """Elements (ptr) and current size (i32) of ``table``."""
        limits = self.module.table_types[table].limits
        if table == 0:
            struct = self.field("tab0")
            elements = self.field("table0")
        else:
            struct = self.element("tables", table)
            slot = self.offset(struct, layout.TABLE["elems"])
            elements = self.emit(f"load ptr, ptr {slot}{INVARIANT}")
        if limits.min == limits.max:
            return elements, str(limits.min)
        size_slot = self.offset(struct, layout.TABLE["size"])
        return elements, self.emit(f"load i32, ptr {size_slot}{TABLE_TBAA}")

    def _finish_call(
        self,
        type_: FunctionType,
        function: str,
        ctx: str,
        args: list[str],
        passed: Sequence[str] = (),
    ) -> list[str]:
        """Call ``function``, with the i64 values ``passed`` too; returns what became of them."""
        results = type_.results
        args = [f"ptr {ctx}", *args]
        direct = len(results)
        if has_result_pointer(type_):
            direct = 0
            self._result_slots = max(self._result_slots, sum(t.slots for t in results))
            args.append("ptr %results")
        args += [f"i64 {value}" for value in passed]
        returns = return_type(type_, *["i64"] * len(passed))
        call = f"call tailcc {returns} {function}({', '.join(args)})"
        self._called_at = len(self.lines)
        returned: list[str] = []
        if direct + len(passed) > 1:
            all_ = self.emit(call)
            count = direct + len(passed)
            returned += [self.emit(f"extractvalue {returns} {all_}, {i}") for i in range(count)]
        elif returns != "void":
            returned.append(self.emit(call))
        else:
            self.void(call)
        self.values += returned[:direct]
        if has_result_pointer(type_):
            for at, result in zip(slot_offsets(results), results, strict=True):
                slot = self.offset("%results", at)
                self.values.append(self.emit(f"load {LLVM_TYPE[result]}, ptr {slot}, align 8"))
        return returned[direct:]

    def _tail_call(self, type_: FunctionType, function: str, ctx: str, args: list[str]) -> None:
        args = [f"ptr {ctx}", *args]
        if has_result_pointer(type_):
            args.append("ptr %out")
        returns = return_type(type_)
        kind = "musttail"
        if self.own_stack or has_stack_arguments(type_):
            # LLVM 22 forgets the stack arguments of a musttail call. As tailcc guarantees calls
            # marked tail, too, that is enough where the function allows tail calls.
            kind = "tail"
            self.tail = True
        call = f"{kind} call tailcc {returns} {function}({', '.join(args)})"
        if returns == "void":
            self.void(call)
            self.void("ret void")
        else:
            self.void(f"ret {returns} {self.emit(call)}")
        self.reachable = False
