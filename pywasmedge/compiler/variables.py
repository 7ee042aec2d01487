"""Parametric, variable, table and reference instructions."""

from __future__ import annotations

from ..base.errors import ErrCode
from . import layout
from .abi import LLVM_TYPE
from .calls import Calls
from .emitter import GLOBAL_TBAA, INVARIANT, TABLE_TBAA
from .flow import Flow


class Variables(Flow, Calls):
    """Everything that moves values around.

    Stores to globals and tables are volatile and, as far as LLVM knows, may be what accesses of
    memories read and write: neither lost nor moved across an access that faults.
    """

    def drop(self) -> None:
        """``drop``."""
        self.values.pop()

    def select(self, type_: int) -> None:
        """``select``."""
        values = self.values
        condition = self.condition(values.pop())
        second = values.pop()
        llvm = LLVM_TYPE[type_]
        values[-1] = self.emit(f"select i1 {condition}, {llvm} {values[-1]}, {llvm} {second}")

    def local_get(self, index: int) -> None:
        """``local.get``."""
        value = self.locals[index]
        if self.spilled:
            value = self.emit(f"load {self.local_llvm[index]}, ptr {value}")
        self.values.append(value)

    def local_set(self, index: int) -> None:
        """``local.set``."""
        self._assign(index, self.values.pop())

    def local_tee(self, index: int) -> None:
        """``local.tee``."""
        self._assign(index, self.values[-1])

    def _assign(self, index: int, value: str) -> None:
        if self.spilled:
            self.void(f"store {self.local_llvm[index]} {value}, ptr {self.locals[index]}")
        else:
            self.locals[index] = value
            self._snapshot = None

    def global_get(self, index: int) -> None:
        """``global.get``."""
        type_ = self.module.global_types[index]
        suffix = GLOBAL_TBAA if type_.mutable else INVARIANT
        place = self._global(index)
        self.values.append(self.emit(f"load {LLVM_TYPE[type_.type]}, ptr {place}, align 8{suffix}"))

    def global_set(self, index: int) -> None:
        """``global.set``."""
        type_ = LLVM_TYPE[self.module.global_types[index].type]
        value = self.values.pop()
        self.void(f"store volatile {type_} {value}, ptr {self._global(index)}, align 8")

    def _global(self, index: int) -> str:
        """Address of a global's storage."""
        own = index - self.module.imported_globals
        if own >= 0:
            at = layout.INSTANCE["own_globals"] + layout.GLOBAL_SIZE * own
            return self.offset("%ctx", at)
        return self.element("globals", index)

    def table_get(self, table: int) -> None:
        """``table.get``."""
        slot = self._slot(table, self.values.pop())
        self.values.append(self.emit(f"load i64, ptr {slot}{TABLE_TBAA}"))

    def table_set(self, table: int) -> None:
        """``table.set``."""
        value = self.values.pop()
        slot = self._slot(table, self.values.pop())
        self.void(f"store volatile i64 {value}, ptr {slot}")

    def _slot(self, table: int, index: str) -> str:
        """Address of a table element, after a bounds check."""
        elements, size = self.table(table)
        outside = self.emit(f"icmp uge i32 {index}, {size}")
        self.trap_if(outside, ErrCode.TABLE_OUT_OF_BOUNDS)
        wide = self.emit(f"zext i32 {index} to i64")
        return self.emit(f"getelementptr inbounds i64, ptr {elements}, i64 {wide}")

    def table_grow(self, table: int) -> None:
        """``table.grow``."""
        count = self.values.pop()
        value = self.values.pop()
        result = self.call_helper("table_grow", f"i32 {table}, i64 {value}, i32 {count}", "i32")
        self.values.append(str(result))

    def table_fill(self, table: int) -> None:
        """``table.fill``."""
        start, value, length = self.values[-3:]
        del self.values[-3:]
        self.call_helper("table_fill", f"i32 {table}, i32 {start}, i64 {value}, i32 {length}")

    def ref_null(self) -> None:
        """``ref.null``."""
        self.values.append("0")

    def ref_is_null(self) -> None:
        """``ref.is_null``."""
        flag = self.emit(f"icmp eq i64 {self.values.pop()}, 0")
        result = self.emit(f"zext i1 {flag} to i32")
        self.bools[result] = flag
        self.values.append(result)

    def ref_func(self, index: int) -> None:
        """``ref.func``."""
        self.values.append(str(self.call_helper("ref_func", f"i32 {index}", "i64")))
