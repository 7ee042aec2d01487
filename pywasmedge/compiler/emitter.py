"""Writes one function as LLVM text while the walker checks it.

Values are numbered by the line that defines them, so a name is ``%`` and a line number, and every
list entry that defines a numbered value is one line. Operands live in ``values`` as LLVM text
(a name or a constant), locals in ``locals``: both are SSA values, joined by phis where control
flow meets (``flow``). Special instructions are in ``flow``, ``calls`` and ``variables``; the others
are templates or lowerings of their row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..base.errors import ErrCode, Trap
from ..isa.row import Use
from . import layout
from .abi import GUARD_OFFSET
from .faults import keep_faults
from .liveness import settle
from .lowering.registry import find_lowering
from .template import compile_template

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..isa.row import Row
    from ..module.ast import Module
    from ..walk.immediates import Memarg
    from ..walk.sink import Charge

RARE = ", !prof !4"
"""Suffix of a conditional branch whose first target is the unusual one."""

USUAL = ", !prof !5"
"""Suffix of a conditional branch whose first target is the usual one."""

FIRST_TRAP = 0x80
"""Explicit traps are instructions that fault and carry the trap code less this number."""

OBSERVED = 'call void asm sideeffect "", "~{memory}"()'
"""Reads and writes all memory as far as LLVM knows: what was stored before is not lost."""

MEMORY_TBAA = ", !tbaa !1"
GLOBAL_TBAA = ", !tbaa !2"
TABLE_TBAA = ", !tbaa !3"
INVARIANT = ", !invariant.load !0"

METADATA = """\
!0 = !{}
!1 = !{!11, !11, i64 0}
!2 = !{!12, !12, i64 0}
!3 = !{!13, !13, i64 0}
!4 = !{!"branch_weights", i32 1, i32 4000}
!5 = !{!"branch_weights", i32 4000, i32 1}
!10 = !{!"pywasmedge"}
!11 = !{!"memory", !10, i64 0}
!12 = !{!"global", !10, i64 0}
!13 = !{!"table", !10, i64 0}
"""
"""Metadata every unit ends with: memories, globals and tables do not overlap."""


class EmitterBase:
    """Lines, values and the helpers that lowerings use; one object serves many functions."""

    ctx = "%ctx"
    charge: Charge | None = None
    """See :class:`Sink`."""

    def __init__(self, module: Module, *, guarded: bool, exact: bool) -> None:
        self.module = module
        self.guarded = guarded
        self.exact = exact
        self.lines: list[str] = []
        self.values: list[str] = []
        self.locals: list[str] = []
        self.block_name = ""
        self.reachable = True
        self.bools: dict[str, str] = {}
        """i1 values behind i32 ones that come from a comparison."""
        self._pointers: dict[str, str] = {}
        """Address operand -> base plus operand, computed in the current block (memory 0)."""
        self.budget = 0
        """Operands of calls and joins the function may still have."""
        self._labels = 0
        self._traps: dict[int, str] = {}
        self._entry: dict[str, str] = {}
        self._result_slots = 0
        self._accesses: list[int] = []
        """Lines of loads and stores that may fault."""
        self._tight: list[tuple[int, int]] = []
        """First and last line of innermost loops without calls."""
        self._called_at = 0
        """Line of the latest call that is no intrinsic of LLVM."""
        self._volatile = frozenset(
            i for i, memory in enumerate(module.memory_types) if memory.shared
        )

    # ---- text -----------------------------------------------------------------------------

    def emit(self, rhs: str) -> str:
        """Append an instruction with a result and return the result's name."""
        lines = self.lines
        name = f"%{len(lines)}"
        lines.append(f"{name} = {rhs}")
        return name

    def void(self, line: str) -> None:
        """Append an instruction without result."""
        self.lines.append(line)

    def spend(self, operands: int) -> None:
        """Account for ``operands`` of a call or a join.

        Types with a thousand parameters let a few bytes stand for a thousand operands each, so
        what a function may have in all is bounded by its size.

        Raises:
            Trap: it has too many (0x02).
        """
        self.budget -= operands
        if self.budget < 0:
            raise Trap(ErrCode.RUNTIME_ERROR, "function too complex to compile")

    def label(self) -> str:
        """A new block name."""
        self._labels += 1
        return f"b{self._labels}"

    def place(self, label: str) -> None:
        """Start block ``label``; the block before must have ended."""
        self.lines.append(f"{label}:")
        self.block_name = label
        self._pointers.clear()

    def at_entry(self, name: str, rhs: str) -> str:
        """A value computed once, in the entry block, under ``name`` (without ``%``)."""
        self._entry.setdefault(name, rhs)
        return f"%{name}"

    def start(self, header: str) -> None:
        """Begin a function."""
        self.lines = [header, "entry:", ""]
        self.values.clear()
        self.bools.clear()
        self._pointers.clear()
        self.block_name = "entry"
        self.reachable = True
        self._labels = 0
        self._traps.clear()
        self._entry.clear()
        self._result_slots = 0
        self._accesses.clear()
        self._tight.clear()
        self._called_at = 0

    def finish(self) -> str:
        """End the function and return its text."""
        for code, label in self._traps.items():
            self.place(label)
            self.void(OBSERVED)
            self.void(f"call void @llvm.ubsantrap(i8 {code - FIRST_TRAP}) #1")
            self.void("unreachable")
        self.void("}")
        entry = [f"%{name} = {rhs}" for name, rhs in self._entry.items()]
        if self._result_slots:
            entry.append(f"%results = alloca [{self._result_slots} x i64], align 8")
        self.lines[2] = "\n".join(entry)
        settle(self.lines, 3)
        self._keep_faults()
        return "\n".join(self.lines)

    def _keep_faults(self) -> None:
        """See to it that accesses that fault do so in their turn."""
        keep_faults(self.lines, self._accesses, None if self.exact else self._tight)

    # ---- traps and helpers ----------------------------------------------------------------

    def trap(self, code: ErrCode) -> None:
        """End the block with a trap."""
        self.void(f"br label %{self._trap_label(code)}")

    def trap_if(self, condition: str, code: ErrCode) -> None:
        """Trap when the i1 ``condition`` is true; goes on in a new block."""
        go_on = self.label()
        self.void(f"br i1 {condition}, label %{self._trap_label(code)}, label %{go_on}{RARE}")
        self.place(go_on)

    def _trap_label(self, code: ErrCode) -> str:
        label = self._traps.get(code)
        if label is None:
            label = self._traps[code] = self.label()
        return label

    def helper(self, name: str) -> str:
        """Address of a helper of ``we_runtime``."""
        runtime = self.field("runtime")
        slot = self.offset(runtime, layout.RUNTIME[name])
        return self.emit(f"load ptr, ptr {slot}{INVARIANT}")

    def call_helper(
        self,
        name: str,
        args: str,
        result: str = "void",
    ) -> str | None:
        """Call a helper of ``we_runtime``; the instance is passed before ``args``."""
        function = self.helper(name)
        self._called_at = len(self.lines)
        call = f"call {result} {function}(ptr %ctx{', ' if args else ''}{args})"
        if result == "void":
            self.void(call)
            return None
        return self.emit(call)

    # ---- addresses ------------------------------------------------------------------------

    def offset(self, pointer: str, offset: int) -> str:
        """``pointer`` plus ``offset`` bytes."""
        if offset == 0:
            return pointer
        return self.emit(f"getelementptr inbounds i8, ptr {pointer}, i64 {offset}")

    def field(self, name: str, type_: str = "ptr") -> str:
        """Load a field of the instance that never changes."""
        return self.emit(f"load {type_}, ptr {self._field_address(name)}{INVARIANT}")

    def _field_address(self, name: str) -> str:
        return self.offset("%ctx", layout.INSTANCE[name])

    def element(self, array: str, index: int) -> str:
        """Load pointer ``index`` of the instance's array ``array`` (never changes)."""
        slot = self.offset(self.field(array), 8 * index)
        return self.emit(f"load ptr, ptr {slot}{INVARIANT}")

    def memory_struct(self, memory: int) -> str:
        """Pointer to the ``we_memory`` number ``memory``."""
        return self.field("mem0") if memory == 0 else self.element("memories", memory)

    def base(self, memory: int) -> str:
        """Address of byte 0 of ``memory``."""
        if memory:
            struct = self.memory_struct(memory)
            slot = self.offset(struct, layout.MEMORY["base"])
            return self.emit(f"load ptr, ptr {slot}{INVARIANT}")
        if "base" not in self._entry:
            at = layout.INSTANCE["memory0"]
            slot = self.at_entry("base.slot", f"getelementptr inbounds i8, ptr %ctx, i64 {at}")
            self.at_entry("base", f"load ptr, ptr {slot}{INVARIANT}")
        return "%base"

    def memory_size(self, memory: int) -> str:
        """Size of ``memory`` in bytes now (i64)."""
        slot = self.offset(self.memory_struct(memory), layout.MEMORY["size"])
        if memory in self._volatile:
            return self.emit(f"load atomic i64, ptr {slot} acquire, align 8")
        return self.emit(f"load i64, ptr {slot}")

    def load(self, memarg: Memarg, type_: str, operand: str, size: int) -> str:
        """A value of ``type_``, ``size`` bytes, of a memory."""
        pointer = self.address(memarg, operand, size)
        kind = self._kind(memarg)
        return self.emit(f"load {kind}{type_}, ptr {pointer}, align 1{MEMORY_TBAA}")

    def store(self, memarg: Memarg, type_: str, operand: str, value: str, size: int) -> None:
        """Put a ``value`` of ``type_``, ``size`` bytes, into a memory."""
        pointer = self.address(memarg, operand, size)
        kind = self._kind(memarg)
        self.void(f"store {kind}{type_} {value}, ptr {pointer}, align 1{MEMORY_TBAA}")

    def _kind(self, memarg: Memarg) -> str:
        """How to mark the access on the next line: other threads may change shared memories."""
        if self._may_fault(memarg):
            self._accesses.append(len(self.lines))
        return "volatile " if memarg.memory in self._volatile else ""

    def _may_fault(self, memarg: Memarg) -> bool:
        """Whether no check is needed before an access."""
        return self.guarded and memarg.offset < GUARD_OFFSET

    def address(self, memarg: Memarg, operand: str, size: int) -> str:
        """Pointer to ``size`` bytes of a memory; using it faults, or a check traps before."""
        memory, offset, _ = memarg
        if self._may_fault(memarg):
            if not operand.startswith("%"):
                address = (int(operand) & 0xFFFFFFFF) + offset
                return self.emit(f"getelementptr i8, ptr {self.base(memory)}, i64 {address}")
            pointer = self._pointers.get(operand) if memory == 0 else None
            if pointer is None:
                lines = self.lines
                base = self.base(memory)
                n = len(lines)
                lines.append(f"%{n} = zext i32 {operand} to i64")
                pointer = f"%{n + 1}"
                lines.append(f"{pointer} = getelementptr i8, ptr {base}, i64 %{n}")
                if memory == 0:
                    self._pointers[operand] = pointer
            if offset:
                return self.emit(f"getelementptr i8, ptr {pointer}, i64 {offset}")
            return pointer
        base = self.base(memory)
        wide = self.emit(f"zext i32 {operand} to i64")
        start = self.emit(f"add nuw i64 {wide}, {offset}")
        end = self.emit(f"add nuw i64 {start}, {size}")
        outside = self.emit(f"icmp ugt i64 {end}, {self.memory_size(memory)}")
        self.trap_if(outside, ErrCode.MEMORY_OUT_OF_BOUNDS)
        return self.emit(f"getelementptr i8, ptr {base}, i64 {start}")

    # ---- rows -----------------------------------------------------------------------------

    def condition(self, value: str) -> str:
        """The i1 "``value`` is not zero" of an i32 operand."""
        known = self.bools.get(value)
        return known if known is not None else self.emit(f"icmp ne i32 {value}, 0")

    def pushes(self, mnemonic: str) -> None:
        """Constants and locals are always emitted by a call."""

    def near(self, row: Row) -> None:
        """Immediates are passed as a whole."""

    def simple(self, row: Row) -> Callable[..., None]:
        """The function that emits one instruction of ``row``, given its immediates."""
        operands = len(row.type.partition("->")[0].split())
        if not isinstance(row.lowering, Use):
            return compile_template(self, row.lowering, operands)
        function = find_lowering(row.prefix, row.lowering.function)
        fixed, values = row.lowering.args, self.values
        has_result = not row.type.endswith("->")

        def lower(*immediates: object) -> None:
            taken = values[-operands:] if operands else ()
            if operands:
                del values[-operands:]
            result = function(self, *fixed, *immediates, *taken)
            if has_result:
                values.append(str(result))

        def unary(*immediates: object) -> None:
            values[-1] = str(function(self, *fixed, *immediates, values[-1]))

        def binary() -> None:
            second = values.pop()
            values[-1] = str(function(self, *fixed, values[-1], second))

        if has_result and operands == 1:
            return unary
        if has_result and operands == 2 and not row.immediates:
            return binary
        return lower
