"""File attributes, for descriptors and paths alike."""

from __future__ import annotations

import os
import time

from . import abi, errno
from .errno import WasiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .function import Filestat

_U64 = (1 << 64) - 1


def filestat(stat: os.stat_result) -> Filestat:
    """The guest's view of a host status. Times before 1970 are 0."""
    return (
        stat.st_dev & _U64,
        stat.st_ino & _U64,
        abi.file_type(stat.st_mode),
        stat.st_nlink,
        stat.st_size,
        max(stat.st_atime_ns, 0),
        max(stat.st_mtime_ns, 0),
        max(stat.st_ctime_ns, 0),
    )


def new_times(
    atim: int, mtim: int, flags: int, stat: Callable[[], os.stat_result]
) -> tuple[int, int] | None:
    """Times to set, in nanoseconds; ``None`` if there is nothing to do.

    Args:
        atim, mtim: what the guest gave, in nanoseconds.
        flags: which of them to set, and which to set to the present.
        stat: called when one of the times has to stay as it is.

    Raises:
        WasiError: ``INVAL`` for unknown flags, or a time both given and present.
    """
    if flags & ~abi.ALL_FSTFLAGS:
        raise WasiError(errno.INVAL)
    now = time.time_ns()
    access = _choose(atim, now, flags & abi.ATIM, flags & abi.ATIM_NOW)
    modified = _choose(mtim, now, flags & abi.MTIM, flags & abi.MTIM_NOW)
    if access is None and modified is None:
        return None
    if access is None or modified is None:
        present = stat()
        access = present.st_atime_ns if access is None else access
        modified = present.st_mtime_ns if modified is None else modified
    return access, modified


def _choose(given: int, now: int, use_given: int, use_now: int) -> int | None:
    if use_given and use_now:
        raise WasiError(errno.INVAL)
    return given if use_given else now if use_now else None
