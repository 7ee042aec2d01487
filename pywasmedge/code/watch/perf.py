"""Files for ``perf`` of Linux: which function is where in memory.

``map``: a line of text per function. ``jitdump``: also its code, and when it came, in the format of
``tools/perf/Documentation/jitdump-specification.txt`` of the kernel.
"""

from __future__ import annotations

import mmap
import os
import struct
import threading
import time
from typing import TYPE_CHECKING

from ...base import log
from ...base.forking import fork_safe
from ...compiler.elf import MACHINES
from ...kernel.native import ffi, pointer
from .. import pieces
from .names import functions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..pieces import Piece


class _File:
    """A file of this process, to which records are added; a child of a fork gets its own.

    That it cannot be written is logged once.
    """

    def __init__(self) -> None:
        self._lock = fork_safe(threading.RLock())
        self._fd = -1
        self._pid = 0

    def path(self, pid: int) -> str:
        """Where the file of a process is."""
        raise NotImplementedError

    def begin(self, fd: int, pid: int) -> bytes:
        """Prepare a new file; what it begins with."""
        return b""

    def records(self, piece: Piece) -> bytes:
        """What to write about a piece of code."""
        raise NotImplementedError

    def added(self, piece: Piece) -> None:
        """Write about a piece of code."""
        with self._lock:
            pid = os.getpid()
            news = [piece]
            try:
                head = b""
                if self._pid != pid:
                    self._pid = pid
                    news = pieces.pieces()
                    if self._fd >= 0:
                        os.close(self._fd)
                    self._fd = -1
                    self._fd = _create(self.path(pid))
                    head = self.begin(self._fd, pid)
                if self._fd >= 0:
                    view = memoryview(head + b"".join(map(self.records, news)))
                    while view:
                        view = view[os.write(self._fd, view) :]
            except OSError as error:
                log.error(f"nothing is written for perf: {self.path(pid)}: {error.strerror}")
                if self._fd >= 0:
                    os.close(self._fd)
                self._fd = -1

    def removed(self, starts: Sequence[int]) -> None:
        """Nothing: the formats do not know that code goes; later code replaces it."""


def _create(path: str) -> int:
    """A new file, whatever was there; it replaces no file of others and follows no link."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o600)
    except FileExistsError:
        os.unlink(path)  # of an earlier process with this number
        return os.open(path, flags, 0o600)


class PerfMap(_File):
    """``/tmp/perf-<pid>.map``, which ``perf report`` reads."""

    def path(self, pid: int) -> str:
        """Where the file of a process is."""
        return f"/tmp/perf-{pid}.map"

    def records(self, piece: Piece) -> bytes:
        """A line per function: address, size, name."""
        lines = [f"{f.start:x} {f.size:x} {f.name}\n" for f in functions(piece)]
        return "".join(lines).encode("utf-8", "replace")


_HEADER = struct.Struct("<IIIIIIQQ")
_LOAD = struct.Struct("<IIQIIQQQQ")
_MAGIC, _VERSION = 0x4A695444, 1
_CODE_LOAD = 0


class JitDump(_File):
    """``jit-<pid>.dump`` in the current directory, which ``perf inject --jit`` reads."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self._mark: mmap.mmap | None = None
        self._folder = os.getcwd()

    def path(self, pid: int) -> str:
        """Where the file of a process is."""
        return os.path.join(self._folder, f"jit-{pid}.dump")

    def begin(self, fd: int, pid: int) -> bytes:
        """The header. Mapping the file as code leaves a trace in what ``perf`` records."""
        head = _HEADER.pack(
            _MAGIC,
            _VERSION,
            _HEADER.size,
            MACHINES.get(os.uname().machine, 0),
            0,
            pid,
            time.monotonic_ns(),
            0,
        )
        os.ftruncate(fd, mmap.PAGESIZE)
        self._mark = mmap.mmap(fd, mmap.PAGESIZE, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC)
        os.ftruncate(fd, 0)
        return head

    def records(self, piece: Piece) -> bytes:
        """A record per function, with its code."""
        parts = []
        thread = threading.get_native_id()
        for function in functions(piece):
            start, size, name = function
            text = name.encode("utf-8", "replace") + b"\0"
            total = _LOAD.size + len(text) + size
            self._count += 1
            now = time.monotonic_ns()
            parts.append(
                _LOAD.pack(
                    _CODE_LOAD, total, now, self._pid, thread, start, start, size, self._count
                )
            )
            parts += [text, bytes(ffi.buffer(pointer(start), size))]
        return b"".join(parts)
