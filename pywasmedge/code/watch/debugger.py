"""Describing generated code to GDB (``src/debugger.c``): symbols, and how to unwind."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ...base.forking import fork_safe
from ...compiler import elf
from ...kernel.native import ffi, lib, pointer
from .names import functions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ..pieces import Piece


class Symbols:
    """A symbol file in memory per piece of code."""

    def __init__(self) -> None:
        self._lock = fork_safe(threading.RLock())
        self._files: dict[int, list[Any]] = {}

    def added(self, piece: Piece) -> None:
        """Describe a piece."""
        found = list(functions(piece))
        done = 0
        files = []
        for start, end in piece.frame_ranges():
            low = piece.start + start
            first = done
            while done < len(found) and found[done].start < low:
                done += 1
            if done > first:
                frames = bytes(ffi.buffer(pointer(low), end - start))
                file = elf.symbol_file(found[first:done], low, frames)
                files.append(lib.we_debugger_add(file, len(file)))
        with self._lock:
            self._files[piece.start] = files

    def removed(self, starts: Sequence[int]) -> None:
        """Forget pieces."""
        with self._lock:
            for start in starts:
                for file in self._files.pop(start, ()):
                    if file:
                        lib.we_debugger_remove(file)
