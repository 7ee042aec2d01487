"""Ending waits: how one thread gets another out of a host function that waits.

Who can stop a thread announces it with ``begin`` and ``end``. A host function that is about to
wait on such a thread waits for ``handle()`` as well, and returns when that becomes readable.
Threads nobody can stop pay nothing.
"""

from __future__ import annotations

import os
from _thread import allocate_lock, get_ident

from .forking import fork_safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_lock = fork_safe(allocate_lock())
_watched: dict[int, _Watched] = {}


class _Watched:
    """A thread that can be stopped: how many can, and the pipe its waits listen to."""

    __slots__ = ("count", "pipe")

    def __init__(self) -> None:
        self.count = 0
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
        if watched.count:
            return
        del _watched[thread]
        for handle in watched.pipe or ():
            os.close(handle)


def wake(thread: int) -> None:
    """End the wait of ``thread`` and those it begins until ``end``.

    Has to be repeated every few milliseconds while the thread may not have begun to wait yet.
    """
    with _lock:
        watched = _watched.get(thread)
        if watched is not None and watched.pipe is not None:
            try:  # noqa: SIM105  (contextlib is not worth its import)
                os.write(watched.pipe[1], b"\0")
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
            os.set_blocking(watched.pipe[1], False)
        return watched.pipe[0]
