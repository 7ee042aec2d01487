"""How long LLVM's whole pipeline would take, estimated from a function's text.

Most of its time is in proportion to the text. What is not has been measured with bodies of every
shape (``tests/support/shapes.py``): it grows with the square of a function's lines and of the lines
of its blocks, and with its lines times its calls and its loops.
"""

from __future__ import annotations

from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re

_LINES = 7e8
_CALLS = 1.5e7
_LOOPS = 1e6
_BLOCKS = 2e7
"""Squares of lines, lines times calls, lines times loops, squares of a block's lines that take a
second."""

MOST_BYTES = 1 << 18
"""Bodies above this are too much, however simple they are."""
MOST_SECONDS = 12.0
"""Functions estimated above this are too much to be compiled while a program runs. The interpreter
loops of CPython 3.11 (91 KB of body, estimated 9.4) and SQLite (84 KB, 10.8) are not."""
MOST_SECONDS_AHEAD = 60.0
"""The same ahead of time."""


class TooMuchError(Exception):
    """LLVM would take out of all proportion for a function. Quick code serves."""


def estimate(text: str, loops: int) -> float:
    """Seconds (of a processor of 2020) beyond what the size of the text alone explains.

    Args:
        text: LLVM text of one function.
        loops: how many loops it has.
    """
    lines = text.count("\n")
    blocks, start = 0, 0
    for label in _label().finditer(text):
        blocks += text.count("\n", start, label.start()) ** 2
        start = label.start()
    blocks += text.count("\n", start) ** 2
    calls = text.count("call tailcc")
    plain = max(lines * lines / _LINES, lines * calls / _CALLS)
    return plain + lines * loops / _LOOPS + blocks / _BLOCKS


@cache
def _label() -> re.Pattern[str]:
    import re

    return re.compile(r"\n[a-z][a-z0-9]*:\n")
