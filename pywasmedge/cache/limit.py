"""How much the cache may hold, what is removed first; looking at it and clearing it."""

from __future__ import annotations

import os
import re

from ..base import log
from ..base.record import dataclass
from .directory import MODULES, SUFFIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .directory import Directory

VARIABLE = "PYWASMEDGE_CACHE_SIZE"
"""Environment variable: most bytes the cache may hold; K, M, G mean 2^10, 2^20, 2^30."""
DEFAULT = 1 << 30
MOST_ENTRIES = 8192
"""Most entries, however small."""
_ENTRY = re.compile(r"[0-9a-f]{64}-[0-9a-f]{16}")
_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True, slots=True)
class Usage:
    """A file of the cache: when it was used last (seconds), bytes it takes, its name."""

    used: float
    size: int
    name: str


def limit() -> int:
    """Most bytes the cache may hold."""
    text = os.environ.get(VARIABLE, "").strip().upper().removesuffix("B")
    unit = _UNITS.get(text[-1:], 1)
    digits = text[:-1] if unit > 1 else text
    return int(digits) * unit if digits.isascii() and digits.isdigit() else DEFAULT


def entries(directory: Directory) -> list[Usage]:
    """All entries, least recently used first."""
    found = []
    for name in os.listdir(directory.fd):
        if _ENTRY.fullmatch(name):
            status = _status(directory, name)
            if status is not None:
                size = max(status.st_blocks * 512, status.st_size)
                found.append(Usage(status.st_mtime, size, name))
    return sorted(found, key=lambda usage: usage.used)


def make_room(directory: Directory, size: int, keep: str) -> None:
    """Remove entries until ``size`` more bytes fit, with some to spare; not the one to ``keep``.

    To be called with the directory's lock held. Also removes what crashed writers have left.

    Raises:
        OSError: they do not fit.
    """
    most = limit()
    left = directory.room - size
    if 0 <= left <= most:  # found by an earlier call
        directory.room = left
        return
    for name in os.listdir(directory.fd):
        if name.endswith(SUFFIX):
            _remove(directory, name)
    present = entries(directory)
    count = len(present)
    total = size + sum([usage.size for usage in present])
    if total > most or count >= MOST_ENTRIES:
        for usage in present:
            if total <= most - most // 10 and count < MOST_ENTRIES - MOST_ENTRIES // 10:
                break
            if usage.name != keep and _remove(directory, usage.name):
                total -= usage.size
                count -= 1
        if total > most:
            raise OSError(0, f"the cache may hold {most} bytes ({VARIABLE})")
    # Others write as well, so look again when only a part of the room is used.
    directory.room = (most - total) // 16


def clear(directory: Directory) -> int:
    """Remove everything that is the cache's; the number of bytes that gives.

    Raises:
        OSError: others hold the lock, or it cannot be made.
    """
    lock = directory.lock()
    if lock is None:
        raise OSError(0, f"cannot lock {directory.path}")
    freed = 0
    with lock:
        for usage in entries(directory):
            freed += usage.size * _remove(directory, usage.name)
        for name in os.listdir(directory.fd):
            if name == MODULES or name.endswith(SUFFIX):
                _remove(directory, name)
    return freed


def _status(directory: Directory, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=directory.fd, follow_symlinks=False)
    except OSError:
        return None


def _remove(directory: Directory, name: str) -> bool:
    try:
        os.unlink(name, dir_fd=directory.fd)
    except OSError as error:
        log.debug(f"cache: cannot remove {directory.path}/{name}: {error.strerror}")
        return False
    return True
