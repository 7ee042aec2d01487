"""Quick code that counts instructions and their cost (see ``compiler.metering``).

Two slots of the frame have the address of the thread's ``we_meter`` and that of the costs of the
code's own segments. Count and budget are in registers that calls do not keep. They are stored in
segments that may fault, begin a turn of a loop, or are followed by a call or the return.
Instructions that trap in the middle of a segment, or while the meter is not stored, go on to code
behind the function's that does the rest.
"""

from __future__ import annotations

from functools import cache

from ...base.errors import ErrCode
from .. import layout, segments
from ..abi import GUARD_OFFSET
from ..segments import LEAVING, Segments
from . import x86_64 as machine
from .operands import slot
from .state import I64, R13, RAX, RBP, WORD, Label
from .stencil import TRAP
from .stencil import load as load_stencils
from .writer import Baseline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ...base.types import FunctionType
    from ...module.ast import Module
    from ...walk.stack import Frame
    from .stencil import Stencils

_OUTSIDE = machine.trap(ErrCode.MEMORY_OUT_OF_BOUNDS)[-1]
"""Where optimised code lets an access fault, its whole segment counts in quick code, too."""
_COUNT, _BUDGET, _ADDRESS, _COSTS = machine.R10, machine.R11, machine.RCX, machine.RCX


class Segment(segments.Segment):
    """A segment and the places in the function's code that belong to it."""

    __slots__ = ("back", "length", "short")

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.length = 0
        """Where its length is added to the count."""
        self.short = self.back = 0
        """Where the distance to the code is that asks for budget, and where it goes on then."""


class Metered(Segments, Baseline):
    """Quick code generator for code that counts."""

    def __init__(self, module: Module, *, guarded: bool, count: bool, cost: bool) -> None:
        """Make one that counts instructions, adds up their cost, or both."""
        super().__init__(module, guarded=guarded)
        self._count = count
        self._cost = cost
        self._segments: list[Segment] = []
        """Of finished functions."""
        self._own: list[Segment] = []
        self._trapped: list[tuple[int, Segment, int, bool]] = []
        """Places of traps; how many instructions of the segment are done then, whether the meter is
        stored."""
        fields = [("count", _COUNT)] * count + [("budget", _BUDGET)] * cost
        places = [(I64, reg, _ADDRESS, layout.METER[field]) for field, reg in fields]
        self._loads = b"".join(machine.load(*place) for place in places)
        self._stores = b"".join(machine.store(*place) for place in places)
        self._meter = self._costs = 0
        """Places of the slots."""
        self._find = b""
        """Code that loads the first one."""

    # ---- functions and pieces of code

    def begin(
        self, type_: FunctionType, local_types: Sequence[int], body: bytes, frame: Frame
    ) -> None:
        """Begin a function."""
        super().begin(type_, local_types, body, frame)
        self._meter, self._costs = slot(self.base).at, slot(self.base + 1).at
        self.base += 2
        self.deepest = self.base
        self._find = machine.load(I64, _ADDRESS, RBP, self._meter)
        frame.payload = Label(0, type_.results)  # returns pass the function's ``end`` by
        self._segment = None
        self._own = []
        self._trapped.clear()
        self._find_meter()

    def _find_meter(self) -> None:
        code = self.code
        code += machine.load_import(_ADDRESS)
        self.imports.append((len(code) - 4, "we_meter"))
        code += machine.add_thread_pointer(_ADDRESS)
        code += machine.store(I64, _ADDRESS, RBP, self._meter) + self._loads
        if self._cost:
            code += machine.load(I64, _COSTS, _ADDRESS, layout.METER["costs"])
            code += machine.add_import(_COSTS)
            self.imports.append((len(code) - 4, "we_costs"))
            code += machine.store(I64, _COSTS, RBP, self._costs)

    def get_meter(self) -> None:
        """Have the registers as the thread's meter is."""
        self.code += self._find + self._loads

    def put_meter(self) -> None:
        """Have the thread's meter as the registers are."""
        self.code += self._find + self._stores

    def finish(self) -> bytes:
        """End the function and return its code."""
        code = super().finish()
        self._segments += self._own
        return code

    def take_segments(self) -> bytes:
        """The list of segments of the functions that were finished since the last time."""
        data = segments.listed(self._segments) if self._cost else b""
        self._segments = []
        return data

    def behind(self) -> None:
        """Append what asks for budget and what takes back what traps leave undone."""
        code = self.code
        self._close()
        if self._cost:
            self._ask_for_budget()
        known: dict[tuple[int, int, int, bool], int] = {}
        for at, segment, done, shown in self._trapped:
            if shown and done == len(segment.opcodes):
                continue
            trap = bytes(code[at : at + len(machine.TRAP) + 1])
            key = (trap[-1], segment.number, done, shown)
            if key not in known:
                known[key] = len(code)
                self._refund(segment, done)
                code += trap
            code[at : at + len(machine.JUMP)] = machine.JUMP
            self._patch([at + 1], known[key])
        super().behind()

    def _ask_for_budget(self) -> None:
        code = self.code
        routine = len(code)
        code += machine.ADD_COST
        self.put_meter()
        call, after = machine.call_import_keeping()
        code += call
        self.imports.append((len(code) - 4, "we_spend"))
        code += after
        self.get_meter()
        code += machine.return_(0)
        for segment in self._own:
            self._patch([segment.short], len(code))
            code += machine.call_with_number(segment.number)
            self._patch([len(code) - 4], routine)
            code += machine.JUMP
            self._patch([len(code) - 4], segment.back)

    def _refund(self, segment: Segment, done: int) -> None:
        """Store the meter as it is after the first ``done`` instructions."""
        code = self.code
        rest = len(segment.opcodes) - done
        if self._count and rest:
            code += machine.add_number(_COUNT, -rest)
        self.put_meter()
        if self._cost and rest:
            code += machine.move(I64, machine.RDI, machine.CONTEXT)
            code += machine.number(machine.RSI, segment.number)
            code += machine.number(machine.RDX, done)
            code += machine.load(I64, RAX, R13, layout.INSTANCE["runtime"])
            code += machine.call_at(RAX, layout.RUNTIME["refund"])

    # ---- segments

    charge = Segments.charge

    def _show(self, segment: Segment) -> None:
        self.put_meter()

    def _open_segment(self) -> Segment:
        segment = Segment(len(self._segments) + len(self._own))
        self._own.append(segment)
        code = self.code
        if self._cost:
            code += machine.load(I64, _COSTS, RBP, self._costs)
            code += machine.less_element(_BUDGET, _COSTS, segment.number)
            segment.short = len(code) - 4
            segment.back = len(code)
        if self._count:
            code += machine.add_number(_COUNT, 0)
            segment.length = len(code) - 4
        return segment

    def _segment_ends(self, segment: Segment) -> None:
        if self._count:
            WORD.pack_into(self.code, segment.length, len(segment.opcodes))
        if segment.opcodes[-1] in LEAVING:
            self.get_meter()

    def _is_target(self, frame: Frame) -> bool:
        label: Label = frame.payload
        return bool(label.fixups) or label.listed

    def unreachable(self) -> None:
        """``unreachable``."""
        if not self._segment.shown:
            self.put_meter()
        super().unreachable()

    # ---- stencils

    def stencils_for(self, prefix: int) -> Stencils:
        """The stencils of the instructions with a prefix byte, with holes for traps."""
        return _trapping(prefix)

    def place_stencil(
        self, stencil: Any, numbers: dict[str, int], label: list[int] | None = None
    ) -> None:
        """Append a stencil; what traps in it is noted."""
        text, holes = stencil
        if holes and holes[-1][1] == TRAP:
            segment = self._segment
            start, done, shown = len(self.code), len(segment.opcodes), segment.shown
            faults = self.guarded and numbers.get("OFFSET", GUARD_OFFSET) < GUARD_OFFSET
            for offset, kind, _, _ in holes:
                if kind == TRAP and not (faults and text[offset + len(machine.TRAP)] == _OUTSIDE):
                    self._trapped.append((start + offset, segment, done, shown))
            holes = [hole for hole in holes if hole[1] != TRAP]
        super().place_stencil((text, holes), numbers, label)


@cache
def _trapping(prefix: int) -> Stencils:
    """Stencils, with a hole for every trap behind their other ones."""
    found: Stencils = {}
    for key, (text, holes) in load_stencils(prefix).items():
        at = text.find(machine.TRAP)
        traps: list[tuple[int, int, str | bytes, int]] = []
        while at >= 0:
            traps.append((at, TRAP, "", 0))
            at = text.find(machine.TRAP, at + len(machine.TRAP))
        found[key] = (text, (*holes, *traps))
    return found
