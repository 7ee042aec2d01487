"""Counting instructions and their cost, in modules that are compiled with one of these switches.

Code is charged by segments (``segments``). Count and budget of the thread (``we_meter``) are kept
like two more locals, so that loops have them in registers. They are stored in segments that may
fault, begin a turn of a loop, or are followed by a call or the return.

What a segment costs is looked up in an array that the kernel keeps for each cost table; to that end
the code lists the opcodes of its segments (``we_segments``). Where the budget does not suffice, a
helper asks for more, or finds the instruction at which the limit is exceeded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..walk.stack import FUNCTION
from . import layout, segments
from .emitter import RARE
from .flow import Label
from .passing import METER_TBAA, Passing
from .segments import LEAVING, SHOWING, Segments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..base.errors import ErrCode
    from ..base.types import FunctionType
    from ..module.ast import Module
    from ..walk.scan import LoopScan
    from ..walk.stack import Frame

_DECLARATIONS = """\
@we_meter = external global i8
@we_costs = external global i8
declare ptr @llvm.thread.pointer.p0()
declare { i64, i1 } @llvm.usub.with.overflow.i64(i64, i64)
declare preserve_mostcc void @we_spend(i32) #2
attributes #2 = { cold nounwind memory(read, inaccessiblemem: readwrite) }
!6 = !{!16, !16, i64 0}
!16 = !{!"meter", !10, i64 0}
"""


class Segment(segments.Segment):
    """A segment, and the names of values and blocks that belong to it."""

    __slots__ = ("after", "before", "cost", "go", "rest", "slow", "stores")

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.before: dict[str, str] = {}
        self.after: dict[str, str] = {}
        """Values of the meter's fields before and after the charge."""
        self.stores: list[int] = []
        """Lines for storing them, until they have been filled in."""
        self.cost = self.rest = ""
        """Load of its cost; the budget less that cost."""
        self.go = self.slow = ""
        """Block where it goes on, block that asks for a budget."""


class Metered(Segments, Passing):
    """Emitter of code that counts."""

    def __init__(
        self, module: Module, *, guarded: bool, count: bool, cost: bool, exact: bool
    ) -> None:
        """Make an emitter that counts instructions, adds up their cost, or both."""
        kept = ["budget"] * cost + ["count"] * count
        super().__init__(module, kept, guarded=guarded, exact=exact)
        self._cost = cost
        self._segments: list[Segment] = []
        self._first_segment = 0
        """Of the function."""
        self._refunds: dict[tuple[ErrCode, Segment, int], str] = {}
        self._returns = Label("", 0)

    # ---- units and functions ----------------------------------------------------------------

    def begin_unit(self, scan: LoopScan) -> None:
        """Forget the segments of the unit before."""
        super().begin_unit(scan)
        self._segments = []

    def end_unit(self) -> list[str]:
        """What the unit's text has to end with."""
        if not self._cost:
            return [_DECLARATIONS]
        data = segments.listed(self._segments)
        text = "".join([f"\\{byte:02x}" for byte in data])
        return [
            _DECLARATIONS,
            f'@we_segments = constant [{len(data)} x i8] c"{text}", align 2',
        ]

    def start(self, header: str) -> None:
        """Begin a function."""
        super().start(header)
        self._showing = LEAVING if self._passes else SHOWING
        self._segment = None
        self._first_segment = len(self._segments)
        self._refunds.clear()

    def open_locals(self, initial: list[str], *, spill: bool) -> None:
        """Begin with these values of all locals; the meter's fields follow them."""
        self.open_meter(len(initial))
        if self._cost:
            self.at_entry("all", f"getelementptr i8, ptr %meter, i64 {layout.METER['costs']}")
            self.at_entry("costs0", f"load ptr, ptr %all, align 8{METER_TBAA}")
            self.at_entry(
                "own", "getelementptr i8, ptr %costs0, i64 ptrtoint (ptr @we_costs to i64)"
            )
            # One register: LLVM must not add up the two parts of the address at every use.
            self.at_entry("costs", 'call ptr asm "", "=r,0"(ptr %own)')
        self.local_llvm += ["i64"] * len(self.kept)
        super().open_locals([*initial, *(f"%{field}0" for field in self.kept)], spill=spill)

    def open_function(self, frame: Frame) -> None:
        """The frame of the function body, and a label for returns, which pass its ``end`` by."""
        super().open_function(frame)
        self._returns = Label(self.label(), 0)

    def finish(self) -> str:
        """End the function and return its text."""
        for segment in self._segments[self._first_segment :]:
            if segment.slow:
                self.place(segment.slow)
                # Adding the cost again spares a register for what was there before.
                cost = self.emit(segment.cost)
                before = self.emit(f"add i64 {segment.rest}, {cost}")
                self._store({**segment.before, "budget": before})
                self.void(f"call preserve_mostcc void @we_spend(i32 {segment.number})")
                left = f"%left{segment.number}"
                self.void(f"{left} = load volatile i64, ptr %budget, align 8{METER_TBAA}")
                self.void(f"br label %{segment.go}")
        for (code, segment, done), label in self._refunds.items():
            self.place(label)
            self._refund(segment, done)
            self.void(f"br label %{super()._trap_label(code)}")
        return super().finish()

    # ---- segments ---------------------------------------------------------------------------

    charge = Segments.charge

    def _open_segment(self) -> Segment:
        segment = Segment(len(self._segments))
        self._segments.append(segment)
        segment.before = {field: self._meter(field) for field in self.kept}
        if self._cost:
            before = segment.before["budget"]
            slot = self.emit(f"getelementptr i8, ptr %costs, i64 {8 * segment.number}")
            # Volatile: LLVM must not move it about, which costs registers and much time.
            segment.cost = f"load volatile i64, ptr {slot}, align 8{METER_TBAA}"
            cost = self.emit(segment.cost)
            # What LLVM would make of a comparison and a subtraction, one by one, with much effort.
            both = self.emit(
                f"call {{ i64, i1 }} @llvm.usub.with.overflow.i64(i64 {before}, i64 {cost})"
            )
            rest = segment.rest = self.emit(f"extractvalue {{ i64, i1 }} {both}, 0")
            short = self.emit(f"extractvalue {{ i64, i1 }} {both}, 1")
            segment.go, segment.slow = self.label(), self.label()
            self.void(f"br i1 {short}, label %{segment.slow}, label %{segment.go}{RARE}")
            edges = f"[ {rest}, %{self.block_name} ], [ %left{segment.number}, %{segment.slow} ]"
            self.place(segment.go)
            segment.after["budget"] = self.emit(f"phi i64 {edges}")
        if "count" in self.kept:
            segment.after["count"] = self.emit("")  # when the length is known
        for field, value in segment.after.items():
            segment.stores.append(len(self.lines))
            self.void("")
            self._set_meter(field, value)
        return segment

    def _show(self, segment: Segment) -> None:
        for at, (field, value) in zip(segment.stores, segment.after.items(), strict=False):
            self.lines[at] = f"store volatile i64 {value}, ptr %{field}, align 8{METER_TBAA}"
        segment.stores.clear()

    def _segment_ends(self, segment: Segment) -> None:
        if "count" in self.kept:
            name = segment.after["count"]
            self.lines[int(name[1:])] = (
                f"{name} = add i64 {segment.before['count']}, {len(segment.opcodes)}"
            )

    def _store(self, values: Mapping[str, str]) -> None:
        for field, value in values.items():
            self.void(f"store volatile i64 {value}, ptr %{field}, align 8{METER_TBAA}")

    def _called(self) -> None:
        """A call has returned: what it ran may have counted."""
        for field in self.kept:
            self._set_meter(field, self.emit(f"load i64, ptr %{field}, align 8{METER_TBAA}"))

    def _refund(self, segment: Segment, done: int) -> None:
        """Store the meter as it is after the first ``done`` instructions."""
        rest = len(segment.opcodes) - done
        values = dict(segment.after)
        if rest and "count" in values:
            values["count"] = self.emit(f"sub i64 {values['count']}, {rest}")
        self._store(values)
        if rest and self._cost:
            super().call_helper("refund", f"i32 {segment.number}, i32 {done}")

    def _trap_label(self, code: ErrCode) -> str:
        key = (code, self._segment, len(self._segment.opcodes))
        label = self._refunds.get(key)
        if label is None:
            label = self._refunds[key] = self.label()
        return label

    # ---- calls and control ------------------------------------------------------------------

    def call_helper(self, name: str, args: str, result: str = "void") -> str | None:
        """Call a helper of ``we_runtime``, which may trap or wait."""
        value = super().call_helper(name, args, result)
        self._called()
        return value

    def _finish_call(
        self,
        type_: FunctionType,
        function: str,
        ctx: str,
        args: list[str],
        passed: Sequence[str] = (),
    ) -> list[str]:
        values = super()._finish_call(type_, function, ctx, args, passed)
        if values:
            for field, value in zip(self.kept, values, strict=True):
                self._set_meter(field, value)
        else:
            self._called()
        return []

    def _assigned_in(self, frame: Frame) -> Sequence[int]:
        kept = range(self._first, self._first + len(self.kept))
        return [*super()._assigned_in(frame), *kept]

    def _is_target(self, frame: Frame) -> bool:
        return bool(frame.payload.edges)

    def end(self, frame: Frame) -> bool:
        """``end``; that of the function is joined by the returns."""
        reachable = super().end(frame)
        return self._return(frame) if frame.opcode == FUNCTION else reachable

    def _return(self, frame: Frame) -> bool:
        """Join the end of the function and the returns."""
        returns = self._returns
        self._close()
        if returns.edges:
            if self.reachable:
                self._edge(returns, len(frame.results))
                self.void(f"br label %{returns.name}")
            self.place(returns.name)
            self._join(returns, frame.results)
            self.reachable = True
        return self.reachable

    def return_(self, frame: Frame) -> None:
        """``return``."""
        self._edge(self._returns, len(frame.results))
        self.void(f"br label %{self._returns.name}")
        self.reachable = False
