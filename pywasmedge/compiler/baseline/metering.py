"""Quick code that counts instructions and their cost (see ``compiler.metering``).

Two slots of the frame have the address of the thread's ``we_meter`` and that of the costs of the
code's own segments. Count and budget are changed where they are in memory. Instructions that trap
in the middle of a segment go on to code behind the function's that takes back the rest.
"""

from __future__ import annotations

from functools import cache

from ...base.errors import ErrCode
from .. import layout, segments
from ..abi import GUARD_OFFSET
from ..segments import Segments
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
_METER, _COSTS = RAX, machine.RCX


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
        self._trapped: list[tuple[int, Segment, int]] = []
        """Places of traps, and how many instructions of the segment are done then."""
        self._meter = self._costs = 0

    # ---- functions and pieces of code

    def begin(
        self, type_: FunctionType, local_types: Sequence[int], body: bytes, frame: Frame
    ) -> None:
        """Begin a function."""
        super().begin(type_, local_types, body, frame)
        self._meter, self._costs = slot(self.base).at, slot(self.base + 1).at
        self.base += 2
        self.deepest = self.base
        frame.payload = Label(0, type_.results)  # returns pass the function's ``end`` by
        self._segment = None
        self._own = []
        self._trapped.clear()
        self._find_meter()

    def _find_meter(self) -> None:
        code = self.code
        code += machine.load_import(_METER)
        self.imports.append((len(code) - 4, "we_meter"))
        code += machine.add_thread_pointer(_METER)
        code += machine.store(I64, _METER, RBP, self._meter)
        if self._cost:
            code += machine.load(I64, _COSTS, _METER, layout.METER["costs"])
            code += machine.add_import(_COSTS)
            self.imports.append((len(code) - 4, "we_costs"))
            code += machine.store(I64, _COSTS, RBP, self._costs)

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
            routine = len(code)
            text, hole = machine.spend_routine()
            code += text
            self.imports.append((routine + hole, "we_spend"))
            for segment in self._own:
                self._patch([segment.short], len(code))
                code += machine.call_with_number(segment.number)
                self._patch([len(code) - 4], routine)
                code += machine.JUMP
                self._patch([len(code) - 4], segment.back)
        known: dict[tuple[int, int, int], int] = {}
        for at, segment, done in self._trapped:
            rest = len(segment.opcodes) - done
            if rest:
                key = (code[at + len(machine.TRAP)], segment.number, done)
                if key not in known:
                    known[key] = len(code)
                    trap = bytes(code[at : at + len(machine.TRAP) + 1])
                    self._refund(segment, done)
                    code += trap
                code[at : at + len(machine.JUMP)] = machine.JUMP
                self._patch([at + 1], known[key])
        super().behind()

    def _refund(self, segment: Segment, done: int) -> None:
        """Have the meter as it is after the first ``done`` instructions."""
        code = self.code
        if self._count:
            code += machine.load(I64, _METER, RBP, self._meter)
            rest = len(segment.opcodes) - done
            code += machine.add(_METER, layout.METER["count"], -rest)
        if self._cost:
            code += machine.move(I64, machine.RDI, machine.CONTEXT)
            code += machine.number(machine.RSI, segment.number)
            code += machine.number(machine.RDX, done)
            code += machine.load(I64, RAX, R13, layout.INSTANCE["runtime"])
            code += machine.call_at(RAX, layout.RUNTIME["refund"])

    # ---- segments

    charge = Segments.charge

    def _open_segment(self) -> Segment:
        segment = Segment(len(self._segments) + len(self._own))
        self._own.append(segment)
        code = self.code
        code += machine.load(I64, _METER, RBP, self._meter)
        if self._cost:
            budget = layout.METER["budget"]
            code += machine.load(I64, _COSTS, RBP, self._costs)
            code += machine.less_element(_METER, budget, _COSTS, segment.number)
            segment.short = len(code) - 4
            code += machine.store(I64, machine.RDX, _METER, budget)
            segment.back = len(code)
        if self._count:
            code += machine.add(_METER, layout.METER["count"], 0)
            segment.length = len(code) - 4
        return segment

    def _segment_ends(self, segment: Segment) -> None:
        if self._count:
            WORD.pack_into(self.code, segment.length, len(segment.opcodes))

    def _is_target(self, frame: Frame) -> bool:
        label: Label = frame.payload
        return bool(label.fixups) or label.listed

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
            start, done = len(self.code), len(segment.opcodes)
            faults = self.guarded and numbers.get("OFFSET", GUARD_OFFSET) < GUARD_OFFSET
            for offset, kind, _, _ in holes:
                if kind == TRAP and not (faults and text[offset + len(machine.TRAP)] == _OUTSIDE):
                    self._trapped.append((start + offset, segment, done))
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
