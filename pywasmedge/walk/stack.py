"""The operand-type stack and the control stack of the validation algorithm (spec appendix A.3).

Types are the byte values of ``ValType``. Every control frame rests on a marker below its operands,
so that the common case (expected type on top) needs no height check: popping a marker never
matches a type and ends in ``pop``.
"""

from __future__ import annotations

from ..base.errors import ErrCode, ValidationError
from ..base.types import ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

BOTTOM = 0
"""Marker below the operands of a control frame whose end is reachable."""
POLY = -1
"""Marker of a frame in unreachable code: any number of operands of any type."""
ANY = 1
"""An operand of unknown type, pushed in unreachable code."""

FUNCTION, BLOCK, LOOP, IF, ELSE, END = 0x00, 0x02, 0x03, 0x04, 0x05, 0x0B
"""Opcodes a control frame is opened by (0: the function body) or meets."""

Types = tuple[int, ...]


class Frame:
    """A control frame: block, loop, if, else, or the function body itself."""

    __slots__ = ("height", "label", "opcode", "params", "payload", "results", "start")

    def __init__(self, opcode: int, params: Types, results: Types, height: int, start: int) -> None:
        self.opcode = opcode
        self.params = params
        self.results = results
        self.label = params if opcode == LOOP else results
        """Operand types a branch to this frame takes."""
        self.height = height
        self.start = start
        """Offset of the opcode that opened the frame."""
        self.payload: Any = None
        """Belongs to the sink (code generation)."""


class OperandStack:
    """Operand types and control frames of the body being walked."""

    __slots__ = ("frames", "types")

    def __init__(self) -> None:
        self.types: list[int] = []
        self.frames: list[Frame] = []

    def pop(self, expected: int) -> int:
        """Pop an operand of type ``expected``; the slow path behind every instruction.

        Raises:
            ValidationError: another type, or no operand, is on top (0x41).
        """
        types = self.types
        got = types[-1]
        if got == expected or got == ANY:
            types.pop()
        elif got != POLY:
            mismatch(expected, got)
        return expected

    def pop_any(self) -> int:
        """Pop an operand of any type and return the type (``ANY`` if unknown)."""
        got = self.types[-1]
        if got == POLY:
            return ANY
        if got == BOTTOM:
            mismatch(ANY, got)
        return self.types.pop()

    def pop_all(self, expected: Types) -> None:
        """Pop operands of the types ``expected``, the last one from the top."""
        types = self.types
        n = len(expected)
        if n == 0:
            return
        if n == 1:
            if types[-1] == expected[0]:
                types.pop()
                return
        elif tuple(types[-n:]) == expected:
            del types[-n:]
            return
        for type_ in reversed(expected):
            self.pop(type_)

    def check_top(self, expected: Types) -> None:
        """Check that operands of the types ``expected`` are on top, leaving the stack alone."""
        types = self.types
        at = len(types)
        for type_ in reversed(expected):
            at -= 1
            got = types[at]
            if got == POLY:
                return
            if got != type_ and got != ANY:
                mismatch(type_, got)

    def peek_all(self, expected: Types) -> None:
        """Check that operands of the types ``expected`` are on top, leaving them typed so."""
        self.pop_all(expected)
        self.types.extend(expected)

    def open(self, opcode: int, params: Types, results: Types, start: int) -> Frame:
        """Open a frame whose ``params`` were popped; they are pushed above its marker."""
        types = self.types
        types.append(BOTTOM)
        frame = Frame(opcode, params, results, len(types), start)
        self.frames.append(frame)
        types.extend(params)
        return frame

    def close(self) -> Frame:
        """Check the frame's results and close it; the results are not pushed."""
        frame = self.frames[-1]
        types = self.types
        if frame.results:
            self.pop_all(frame.results)
        if len(types) != frame.height:
            mismatch(BOTTOM, types[-1], "operands left at the end of the block")
        types.pop()
        self.frames.pop()
        return frame

    def kill(self) -> None:
        """The rest of the innermost frame is unreachable: its stack becomes polymorphic."""
        height = self.frames[-1].height
        types = self.types
        del types[height:]
        types[height - 1] = POLY


def type_name(type_: int) -> str:
    """Display name of a stack entry."""
    if type_ in (BOTTOM, POLY):
        return "nothing"
    return "any value" if type_ == ANY else str(ValType(type_))


def mismatch(expected: int, got: int, detail: str = "") -> NoReturn:
    """Raise the type mismatch error (0x41)."""
    text = detail or f"expected {type_name(expected)}, found {type_name(got)}"
    raise ValidationError(ErrCode.TYPE_CHECK_FAILED, text)
