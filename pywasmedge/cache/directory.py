"""The cache directory: found, checked, opened.

Cached code is run, so nobody but the user may be able to write it. The directory is opened once
and checked then; files are reached through its descriptor, so it cannot be exchanged afterwards.
"""

from __future__ import annotations

import errno
import os
import stat
import time

from ..base import log
from ..base.environment import is_trusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

VARIABLE = "PYWASMEDGE_CACHE"
"""Environment variable: the directory, or ``off``."""
OFF = "off"
NAME = "pywasmedge"
LOCK = "lock"
"""File that is locked by who writes, exchanges or removes files."""
MODULES = "modules"
"""File that says which module is in which file (``digests``)."""
SUFFIX = ".tmp"
"""Ends the names of files that are being written."""

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_PATIENCE = 1.0
"""Seconds to wait for a lock."""


class Directory:
    """An open cache directory.

    Attributes:
        path: where it is, for messages.
        fd: its descriptor.
        room: bytes that can be written before the cache's size has to be looked at.
    """

    __slots__ = ("_identity", "fd", "path", "room")

    def __init__(self, path: str, fd: int) -> None:
        self.path = path
        self.fd = fd
        self.room = -1
        self._identity = os.fstat(fd)

    def is_open(self) -> bool:
        """Whether the descriptor still is this directory: daemons close what they do not know."""
        try:
            return os.path.samestat(self._identity, os.fstat(self.fd))
        except OSError:
            return False

    def open(self, name: str, flags: int = os.O_RDONLY) -> int | None:
        """Descriptor of a file of ours that nobody else can write; ``None`` if it is not one."""
        if not self.is_open():
            return None
        try:
            fd = os.open(name, flags | _FILE, 0o600, dir_fd=self.fd)
        except OSError as error:
            if error.errno != errno.ENOENT:
                log.debug(f"cache: {self.path}/{name}: {error.strerror}")
            return None
        found = os.fstat(fd)
        if stat.S_ISREG(found.st_mode) and _is_ours(found):
            return fd
        os.close(fd)
        log.debug(f"cache: {self.path}/{name} is not a file that only this user can write")
        return None

    def lock(self) -> Lock | None:
        """The lock of the directory; ``None`` if others hold it for too long, or it has none."""
        from fcntl import LOCK_EX, LOCK_NB, flock

        fd = self.open(LOCK, os.O_RDWR | os.O_CREAT)
        if fd is None:
            return None
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                flock(fd, LOCK_EX | LOCK_NB)
                return Lock(fd)
            except OSError as error:
                busy = error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EINTR)
                if not busy or time.monotonic() > deadline:
                    os.close(fd)
                    log.debug(f"cache: cannot lock {self.path}: {error.strerror}")
                    return None
            time.sleep(0.002)


class Lock:
    """A held lock; leaving its ``with`` block releases it."""

    __slots__ = ("_fd",)

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._fd)


def locate(place: str | None) -> str | None:
    """The path of the cache directory, ``None`` if there is to be no cache.

    Args:
        place: a path, ``"off"``, or ``None`` for what the environment says; failing that, the
            user's directory for caches.
    """
    if not is_trusted():
        return None
    if place is None:
        place = os.environ.get(VARIABLE) or None
    if place is not None:
        return None if place == OFF else os.path.abspath(place)
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, NAME) if os.path.isabs(base) else None


_opened: dict[str, Directory] = {}


def directory(place: str | None, *, create: bool = True, strict: bool = False) -> Directory | None:
    """The cache directory that :func:`locate` finds, opened; ``None`` if it cannot be used.

    Args:
        place: see there.
        create: make it if it does not exist.
        strict: raise instead of returning ``None``, unless there is to be no cache.

    Raises:
        OSError: it cannot be used, and ``strict`` is set.
    """
    path = locate(place)
    if path is None:
        return None
    known = _opened.get(path)
    if known is not None and known.is_open() and _is_at(path, known.fd):
        return known
    try:
        fd = _open(path, create=create)
    except OSError as error:
        if strict:
            raise
        log.debug(f"cache: {path}: {error.strerror}")
        return None
    found = _opened[path] = Directory(path, fd)  # a descriptor somebody may use is never closed
    return found


def _open(path: str, *, create: bool) -> int:
    try:
        fd = os.open(path, _DIRECTORY)
    except FileNotFoundError:
        if not create:
            raise
        _create(path)
        fd = os.open(path, _DIRECTORY)
    if not _is_ours(os.fstat(fd)):
        os.close(fd)
        raise OSError(errno.EPERM, "not a directory that only this user can write")
    return fd


def _create(path: str) -> None:
    """Make a directory and those above it, below one that belongs to the user.

    What root, by way of ``sudo``, makes in another user's home would lock that user out.
    """
    from contextlib import suppress

    missing = [path]
    above = os.path.dirname(path)
    while not os.path.lexists(above):
        missing.append(above)
        above = os.path.dirname(above)
    found = os.stat(above)
    if found.st_uid != os.geteuid() and not found.st_mode & stat.S_ISVTX:
        raise OSError(errno.EPERM, f"{above} belongs to another user")
    for one in reversed(missing):  # another process may be at it, too
        with suppress(FileExistsError):
            os.mkdir(one, 0o700)


def _is_ours(found: os.stat_result) -> bool:
    return found.st_uid == os.geteuid() and not found.st_mode & _OTHERS_WRITE


def _is_at(path: str, fd: int) -> bool:
    try:
        return os.path.samestat(os.lstat(path), os.fstat(fd))
    except OSError:
        return False
