"""Locks that a fork leaves usable.

A child process has only the thread that forked, so a lock that another thread held would never be
free in it, and what that thread was changing would stay half changed. The locks of the process
(not those of single objects) are therefore all held by the thread that forks. It must not hold one
that is not reentrant.
"""

from __future__ import annotations

from posix import register_at_fork

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


def _acquire() -> None:
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
    while _held:
        _held.pop().release()


register_at_fork(before=_acquire, after_in_parent=_release, after_in_child=_release)
