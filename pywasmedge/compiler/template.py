"""Templates of instruction rows, turned into functions that append LLVM text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .emitter import EmitterBase

_REFERENCE = re.compile(r"([$#])(\d+)")


def compile_template(emitter: EmitterBase, text: str, operands: int) -> Callable[[], None]:
    """A function that replaces ``operands`` values on the stack by the template's result."""
    if "\n" not in text and operands in (1, 2) and not re.match(r"store|call void", text):
        return _one_line(emitter, text, operands)
    return _lines(emitter, text, operands)


def _one_line(emitter: EmitterBase, text: str, operands: int) -> Callable[[], None]:
    """The frequent case: one instruction, one result."""
    values = emitter.values
    pattern = "%%%d = " + _REFERENCE.sub("%s", text.replace("%", "%%"))
    order = [int(n) for _, n in _REFERENCE.findall(text)]
    if operands == 2 and order == [0, 1]:

        def binary() -> None:
            lines = emitter.lines
            n = len(lines)
            second = values.pop()
            lines.append(pattern % (n, values[-1], second))
            values[-1] = "%%%d" % n  # noqa: UP031  (twice as fast as an f-string with a call)

        return binary
    if operands == 1 and order == [0]:

        def unary() -> None:
            lines = emitter.lines
            n = len(lines)
            lines.append(pattern % (n, values[-1]))
            values[-1] = "%%%d" % n  # noqa: UP031

        return unary
    return _lines(emitter, text, operands)


def _lines(emitter: EmitterBase, text: str, operands: int) -> Callable[[], None]:
    values = emitter.values
    steps = []
    for line in text.split("\n"):
        target, equals, rhs = line.partition(" = ")
        if not (equals and target.startswith("#")):
            target, rhs = "", line
        steps.append((target[1:], _REFERENCE.split(rhs)))

    def emit() -> None:
        taken = values[-operands:] if operands else []
        if operands:
            del values[-operands:]
        temps: dict[str, str] = {}
        for target, parts in steps:
            rhs = parts[0]
            for kind, name, rest in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
                rhs += (taken[int(name)] if kind == "$" else temps[name]) + rest
            if target:
                temps[target] = emitter.emit(rhs)
            elif rhs.startswith(("store ", "call void ")):
                emitter.void(rhs)
            else:
                values.append(emitter.emit(rhs))

    return emit
