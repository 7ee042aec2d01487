"""Log lines: ``[2022-06-01 12:00:00.123] [error] text``.

One threshold for the process, as in the C API. Lines go straight to a host descriptor, so they
keep their order with what guests write.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

DEBUG, INFO, ERROR, OFF = range(4)

_NAMES = ("debug", "info", "error")
_COLOURS = ("\x1b[36m", "\x1b[32m", "\x1b[31m")

threshold = INFO
"""Lines below this level are dropped; set it with :func:`set_level`."""


source: Callable[[], int] | None = None
"""Says the threshold instead, if it is set: hosts of the C API change theirs at any time."""


def set_level(level: int) -> None:
    """Let only lines of ``level`` (``DEBUG``, ``INFO``, ``ERROR``) and above through."""
    global threshold
    threshold = level


def debug(text: str) -> None:
    """Log ``text``, each of its lines, at debug level."""
    write(DEBUG, text)


def info(text: str) -> None:
    """Log ``text``, each of its lines, at info level."""
    write(INFO, text)


def error(text: str) -> None:
    """Log ``text``, each of its lines, at error level."""
    write(ERROR, text)


def write(level: int, text: str, to: int = 2) -> None:
    """Log ``text`` to host descriptor ``to`` (standard error); a failure to write is ignored."""
    if level < (threshold if source is None else source()):
        return
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
    name = _NAMES[level]
    try:
        if os.isatty(to):
            name = f"{_COLOURS[level]}{name}\x1b[0m"
        head = f"[{when}.{nanoseconds // 1_000_000:03d}] [{name}] "
        lines = "".join(f"{head}{line}\n" for line in text.splitlines())
        os.write(to, lines.encode("utf-8", "backslashreplace"))
    except OSError:
        pass
