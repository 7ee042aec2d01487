"""What code generation wants to know of a body beforehand: the locals each loop assigns, and
whether it makes tail calls."""

from __future__ import annotations

from functools import cache

from ..base.config import Proposal
from .stack import END, LOOP

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

    from ..module.ast import Module
    from .simple import Step
    from .walker import Walk

_SET, _TEE = 0x21, 0x22
_TAIL_CALLS = (0x12, 0x13)


def maybe_called(module: Module, start: int, end: int) -> set[int]:
    """Defined functions that the body at [start, end) calls, and perhaps some that it does not."""
    found = {
        decode(leb) - module.imported_funcs
        for leb in set(_maybe_call().findall(module.data, start, end))
    }
    return {index for index in found if 0 <= index < len(module.funcs)}


@cache
def _maybe_call() -> re.Pattern[bytes]:
    """Bytes that could be a ``call``."""
    import re

    return re.compile(rb"(?=\x10([\x80-\xff]{0,4}[\x00-\x7f]))")


class LoopScan:
    """Scans bodies with the checking closures of ``walk``."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._loops: dict[int, list[int]] = {}
        self._open: list[tuple[int, int, set[int]]] = []
        table = walk.make_table(None)
        table[_SET] = self._assigning(walk.step(_SET, None))
        table[_TEE] = self._assigning(walk.step(_TEE, None))
        table[LOOP] = self._loop(walk.step(LOOP, None))
        table[END] = self._end(walk.step(END, None))
        self._table = table
        self._tail_call = False
        self._may_tail_call = Proposal.TAIL_CALL in walk.proposals
        if self._may_tail_call:
            for opcode in _TAIL_CALLS:
                table[opcode] = self._noting_tail_call(walk.step(opcode, None))

    def loops(self, index: int) -> Mapping[int, list[int]]:
        """For the ``index``-th body: offset of each loop opcode -> locals it assigns, sorted."""
        start, end = self._walk.module.bodies[index]
        self._loops = {}
        if self._walk.data.find(b"\x03", start, end) >= 0:
            self._open.clear()
            self._walk.run(self._walk.begin(index), index, self._table)
        return self._loops

    def tail_calls(self, index: int) -> bool:
        """Whether the ``index``-th body has a tail call in code that can be reached or not."""
        walk = self._walk
        start, end = walk.module.bodies[index]
        self._tail_call = False
        if self._may_tail_call and any(walk.data.find(b, start, end) >= 0 for b in _TAIL_CALLS):
            self._open.clear()
            walk.run(walk.begin(index), index, self._table)
        return self._tail_call

    def _noting_tail_call(self, step: Step) -> Step:
        def noting(pos: int) -> int:
            self._tail_call = True
            return step(pos)

        return noting

    def _assigning(self, step: Step) -> Step:
        data, open_ = self._walk.data, self._open

        def assigning(pos: int) -> int:
            after = step(pos)
            if open_:
                index = data[pos]
                if index >= 0x80:
                    index = decode(data[pos:after])
                open_[-1][2].add(index)
            return after

        return assigning

    def _loop(self, step: Step) -> Step:
        frames, open_ = self._walk.stack.frames, self._open

        def loop(pos: int) -> int:
            after = step(pos)
            open_.append((pos - 1, len(frames), set()))
            return after

        return loop

    def _end(self, step: Step) -> Step:
        frames, open_ = self._walk.stack.frames, self._open

        def end(pos: int) -> int:
            if open_ and open_[-1][1] == len(frames):
                start, _, assigned = open_.pop()
                self._loops[start] = sorted(assigned)
                if open_:
                    open_[-1][2].update(assigned)
            return step(pos)

        return end


def decode(leb: bytes) -> int:
    """The number that the bytes of an unsigned LEB128 stand for."""
    value = 0
    for shift, byte in enumerate(leb):
        value |= (byte & 0x7F) << 7 * shift
    return value
