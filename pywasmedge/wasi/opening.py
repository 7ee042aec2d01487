"""Opening on the host: beneath a directory, in one step, and without waits that nobody can end."""

from __future__ import annotations

import os
import stat
from errno import ENXIO

from ..base import waiting
from ..kernel.native import ffi, lib
from . import errno
from .errno import WasiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

O_PATH = getattr(os, "O_PATH", os.O_RDONLY)
"""Host flag: the place in the file system only."""

_PAUSE = 10
"""Milliseconds between two looks at a FIFO whose other end nobody has open."""


def open_beneath(directory: int, path: bytes, flags: int) -> int:
    """Have the host open ``path``, in which no step may lead out of ``directory``.

    Links are followed, the last one unless ``flags`` has ``O_NOFOLLOW``. New files get mode 0644.

    Args:
        directory: host descriptor.
        path: not empty, without NUL.
        flags: host flags.

    Raises:
        OSError: anything is in the way; the error is the host's own only if it is
            ``FileNotFoundError``. Nothing has happened. Many a host cannot do this at all.
    """
    mode = 0o644 if flags & os.O_CREAT else 0
    handle: int = lib.we_open_beneath(directory, path, flags, mode)
    if handle < 0:
        raise OSError(ffi.errno, os.strerror(ffi.errno))
    return handle


def open_patiently(attempt: Callable[[int], int], flags: int) -> int:
    """Open such that waiting for the other end of a FIFO can be ended.

    Args:
        attempt: opens with the host flags it gets, which are ``flags`` and others.
        flags: host flags.

    Returns:
        The host descriptor.

    Raises:
        OSError: ``attempt`` has raised it.
        WasiError: ``INTR`` when interrupted.
    """
    wake = waiting.handle()
    if wake < 0 or flags & os.O_NONBLOCK:
        return attempt(flags)
    while True:
        try:
            handle = attempt(flags | os.O_NONBLOCK)
            break
        except OSError as error:
            if error.errno != ENXIO or not _is_fifo(attempt):
                raise
        _pause(wake)
    try:
        if flags & os.O_ACCMODE == os.O_RDONLY and stat.S_ISFIFO(os.fstat(handle).st_mode):
            while not (_pause(wake, handle) or lib.we_fifo_has_writer(handle)):
                pass
        os.set_blocking(handle, True)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _is_fifo(attempt: Callable[[int], int]) -> bool:
    handle = attempt(O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return stat.S_ISFIFO(os.fstat(handle).st_mode)
    finally:
        os.close(handle)


def _pause(wake: int, handle: int = -1) -> bool:
    """Wait a moment; whether ``handle`` has become ready.

    Raises:
        WasiError: ``INTR`` when ``wake`` has.
    """
    import select

    poll = select.poll()
    poll.register(wake, select.POLLIN)
    if handle >= 0:
        poll.register(handle, select.POLLIN)
    ready = [number for number, _ in poll.poll(_PAUSE)]
    if wake in ready:
        raise WasiError(errno.INTR)
    return handle in ready
