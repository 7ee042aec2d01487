"""Where the segments of metered code begin and end, in every tier.

A segment is a straight-line stretch: it begins where control arrives or a call returns, and ends
where control leaves. It is charged before it runs. That the stretches are the same in all tiers
makes their counts, costs and limits the same: where the budget does not suffice for a segment,
nothing of it happens.
"""

from __future__ import annotations

from array import array

from ..isa.opcodes import rows
from ..walk.stack import ELSE, END, FUNCTION, IF, LOOP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ..walk.stack import Frame

    class _Emitter:
        """What an emitter has that becomes one of metered code."""

        reachable: bool

        def loop(self, frame: Frame) -> None: ...
        def else_(self, frame: Frame) -> None: ...
        def end(self, frame: Frame) -> bool:
            raise NotImplementedError
else:
    _Emitter = object

MAX_LENGTH = 0xFFFF
"""Most instructions of a segment."""


def _opcodes(names: str) -> frozenset[int]:
    wanted = set(names.split())
    return frozenset(row.prefix << 8 | row.code for row in rows() if row.mnemonic in wanted)


LEAVING = _opcodes(
    "call call_indirect return_call return_call_indirect memory.grow memory.init data.drop"
    " memory.copy memory.fill table.grow table.fill table.init elem.drop table.copy ref.func"
    " memory.atomic.notify memory.atomic.wait32 memory.atomic.wait64"
)
"""Calls, and instructions that call a helper of ``we_runtime``: others may look at the meter."""
SHOWING = LEAVING | _opcodes("return")
"""Instructions before which the thread's meter is brought up to date, unless the function returns
it (``LEAVING`` then)."""
_LAST = LEAVING | _opcodes("if br br_if br_table return unreachable")
"""Instructions that end a segment."""


class Segment:
    """A segment in the making."""

    __slots__ = ("number", "opcodes", "shown")

    def __init__(self, number: int) -> None:
        self.number = number
        """Index in the piece of code."""
        self.opcodes: list[int] = []
        self.shown = False
        """The thread's meter is up to date from here on."""


def listed(segments: Iterable[Segment]) -> bytes:
    """The list the kernel reads (``we_segments``): opcodes of each, their number before them."""
    numbers = array("H")
    for segment in segments:
        numbers.append(len(segment.opcodes))
        numbers.extend(segment.opcodes)
    return numbers.tobytes()


class Segments(_Emitter):
    """Mixin for emitters: divides bodies into segments."""

    _segment: Any = None
    """The segment that is open (of a class the emitter chooses)."""

    _showing = SHOWING

    def _open_segment(self) -> Any:
        """Emit the charge of a segment that begins here."""
        raise NotImplementedError

    def _show(self, segment: Any) -> None:
        """Have the thread's meter up to date in the segment, which is open."""
        raise NotImplementedError

    def _segment_ends(self, segment: Any) -> None:
        """The instructions of a segment are complete."""
        raise NotImplementedError

    def _is_target(self, frame: Frame) -> bool:
        """Whether something branches to the ``end`` of a frame."""
        raise NotImplementedError

    def _close(self) -> None:
        """End the segment, if one is open."""
        segment, self._segment = self._segment, None
        if segment is not None:
            self._segment_ends(segment)

    def charge(self, opcode: int, memory: bool) -> None:
        """An instruction comes; ``memory``: it may fault."""
        segment = self._segment
        if segment is None or segment.opcodes[-1] in _LAST or len(segment.opcodes) == MAX_LENGTH:
            self._close()
            segment = self._segment = self._open_segment()
        segment.opcodes.append(opcode)
        if (memory or opcode in self._showing) and not segment.shown:
            segment.shown = True
            self._show(segment)

    def loop(self, frame: Frame) -> None:
        """``loop``, which counts in every turn."""
        self._close()
        super().loop(frame)
        self.charge(LOOP, True)

    def else_(self, frame: Frame) -> None:
        """``else``, which counts if it is where the ``if`` branches to."""
        self._close()
        super().else_(frame)
        self.charge(ELSE, False)

    def end(self, frame: Frame) -> bool:
        """``end``, which counts for all that comes or branches to it."""
        if frame.opcode == IF or (frame.opcode != LOOP and self._is_target(frame)):
            self._close()
        if super().end(frame):
            self.charge(END, frame.opcode == FUNCTION and self._showing is SHOWING)
        return self.reachable
