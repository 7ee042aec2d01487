"""Locks that a fork leaves usable.

A child process has only the thread that forked, so a lock that another thread held would never be
free in it, and what that thread was changing would stay half changed. The locks of the process
(not those of single objects) are therefore all held by the thread that forks. It must not hold one
that is not reentrant. Objects whose locks may be held for longer than a fork may take, because code
is made under them, make new ones in a child (``generation``). A module that another thread was
importing would stay half imported, so the thread that forks waits for imports, and lets none begin.
"""

from __future__ import annotations

import sys
from _imp import acquire_lock, release_lock
from _thread import get_ident
from posix import register_at_fork
from time import monotonic, sleep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from threading import Lock, RLock
    from typing import TypeVar

    _Lock = TypeVar("_Lock", bound=Lock | RLock)

_locks: list[Lock | RLock] = []
_held: list[Lock | RLock] = []


def fork_safe(lock: _Lock) -> _Lock:
    """Enter a lock that lives as long as the process; returns it."""
    _locks.append(lock)
    return lock


_LONGEST_WAIT = 0.5
"""Seconds: a host may run its whole program while it imports the main module."""


def _acquire() -> None:
    deadline = monotonic() + _LONGEST_WAIT
    while True:
        _acquire_locks()
        acquire_lock()  # no import can begin
        if not _others_import() or monotonic() > deadline:
            return
        _release()
        sleep(0.001)


def _others_import() -> bool:
    """Whether another thread is importing a module."""
    locks = getattr(sys.modules["_frozen_importlib"], "_module_locks", {})
    owners = [getattr(reference(), "owner", None) for reference in list(locks.values())]
    return any(owner not in (None, get_ident()) for owner in owners)


def _acquire_locks() -> None:
    """Waits for a lock only while it holds no other: any order of locking is allowed elsewhere."""
    first = 0
    while _locks:
        order = _locks[first:] + _locks[:first]
        order[0].acquire()
        for taken, lock in enumerate(order):
            if taken and not lock.acquire(False):
                break
        else:
            _held.extend(order)
            return
        for lock in order[:taken]:
            lock.release()
        first = (first + taken) % len(order)


def _release() -> None:
    release_lock()
    while _held:
        _held.pop().release()


generation = 0
"""How many forks lie between this process and the one that imported this."""


def _release_in_child() -> None:
    global generation
    generation += 1
    _release()


register_at_fork(before=_acquire, after_in_parent=_release, after_in_child=_release_in_child)
