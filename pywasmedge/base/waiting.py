"""Ending waits: how one thread gets another out of what it waits for or works at in Python.

Who can stop a thread announces it with ``begin`` and ``end``. A host function that is about to
wait on such a thread waits for ``handle()`` as well, and returns when that becomes readable. What
waits for a lock uses ``until``; what may work for long looks at ``check`` from time to time.
Threads nobody can stop pay nothing.
"""

from __future__ import annotations

import os
from _thread import allocate_lock, get_ident

from .errors import ErrCode, Trap
from .forking import fork_safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_lock = fork_safe(allocate_lock())
_watched: dict[int, _Watched] = {}


class _Watched:
    """A thread that can be stopped: how many can, whether one has, the pipe its waits listen to."""

    __slots__ = ("count", "pipe", "stopped")

    def __init__(self) -> None:
        self.count = 0
        self.stopped = False
        self.pipe: tuple[int, int] | None = None


def begin() -> int:
    """Announce that waits of the calling thread may have to end; its identity for the others."""
    thread = get_ident()
    with _lock:
        _watched.setdefault(thread, _Watched()).count += 1
    return thread


def end(thread: int) -> None:
    """Take ``begin`` back."""
    with _lock:
        watched = _watched[thread]
        watched.count -= 1
        if watched.count:  # others that want the thread to stop say so again
            watched.stopped = False
            if watched.pipe is not None:
                _drain(watched.pipe[0])
            return
        del _watched[thread]
        for handle in watched.pipe or ():
            os.close(handle)


def _drain(reader: int) -> None:
    try:
        while os.read(reader, 4096):
            pass
    except BlockingIOError:
        pass


def wake(thread: int) -> None:
    """End the wait of ``thread`` and those it begins until ``end``."""
    with _lock:
        watched = _watched.get(thread)
        if watched is None:
            return
        watched.stopped = True
        if watched.pipe is not None:
            _fill(watched.pipe[1])


def _fill(writer: int) -> None:
    try:  # noqa: SIM105  (contextlib is not worth its import)
        os.write(writer, b"\0")
    except BlockingIOError:
        pass  # enough of them lie there already


def _none() -> int:
    return -1


elsewhere: Callable[[], int] = _none
"""``handle`` of threads that were not announced here: the C library's asynchronous runs."""


def handle() -> int:
    """Host descriptor that becomes readable when the calling thread must not wait any longer.

    -1 if nobody can stop it.
    """
    watched = _watched.get(get_ident()) if _watched else None
    if watched is None:
        return elsewhere()
    with _lock:
        if watched.pipe is None:
            watched.pipe = os.pipe()
            for end in watched.pipe:
                os.set_blocking(end, False)
            if watched.stopped:
                _fill(watched.pipe[1])
        return watched.pipe[0]


class StoppedError(Trap):
    """The calling thread is not to go on."""

    def __init__(self) -> None:
        super().__init__(ErrCode.INTERRUPTED)


def check() -> None:
    """To be called from time to time where work may be long.

    Raises:
        StoppedError: the calling thread is not to go on.
    """
    watched = _watched.get(get_ident()) if _watched else None
    if watched is not None:
        if watched.stopped:
            raise StoppedError
    elif (other := elsewhere()) >= 0:
        from select import POLLIN, poll

        ready = poll()
        ready.register(other, POLLIN)
        if ready.poll(0):
            raise StoppedError


_LOOK = 0.01
"""Seconds between looks whether the thread is to stop while it waits for a lock."""


def until(attempt: Callable[[float], bool]) -> None:
    """Wait until an attempt succeeds.

    Args:
        attempt: tries for so many seconds, for any time if -1; whether it has succeeded.

    Raises:
        StoppedError: the calling thread is not to wait any longer.
    """
    if attempt(0):
        return
    if not _watched and elsewhere() < 0:
        attempt(-1)
        return
    check()
    while not attempt(_LOOK):
        check()
