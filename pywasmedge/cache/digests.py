"""Which module it is: digests of binaries, remembered for files that have not changed.

Hashing a large module takes longer than running a small program. So the digest of a file is kept
with what ``stat`` says of it: device, number, size, and times of the latest changes. It is believed
only if nobody but the user or root can write the file, and only kept if the file had not been
changed for some time, so that a later change must change its times.
"""

from __future__ import annotations

import os
import stat
import struct
import time

from ..base import log
from ..compiler.layout import checksum
from .directory import MODULES
from .entry import writing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .directory import Directory

_KEY = struct.Struct("<QQQQQ")
"""Device, number, size, times of the latest change of content and of status in nanoseconds."""
_RECORD = _KEY.size + 32 + 16
"""Key, digest, checksum of both."""
_MOST = 2048
"""Files that are remembered; then the older half is forgotten."""
_QUIET = 3.0
"""Seconds without a change after which the times of a file tell any further one."""
_BUILT_IN = 1 << 18
"""Bytes from which loading OpenSSL pays."""


def digest(data: bytes | memoryview) -> bytes:
    """The SHA-256 digest of a binary: 32 bytes."""
    if len(data) < _BUILT_IN:
        try:
            from _sha2 import sha256  # type: ignore[import-not-found]
        except ImportError:
            try:
                from _sha256 import sha256  # type: ignore[import-not-found]
            except ImportError:
                from hashlib import sha256
    else:
        from hashlib import sha256
    found: bytes = sha256(data).digest()
    return found


def recall(directory: Directory, status: os.stat_result) -> bytes | None:
    """The digest of the content of a file of which ``status`` was read; ``None`` if not known."""
    key = _key(status)
    if key is None:
        return None
    fd = directory.open(MODULES)
    if fd is None:
        return None
    try:
        data = os.pread(fd, _MOST * _RECORD, 0)
    except OSError:
        return None
    finally:
        os.close(fd)
    at = data.find(key)
    while at >= 0:
        record = data[at : at + _RECORD]
        if at % _RECORD == 0 and record[-16:] == checksum(record[:-16]):
            return record[_KEY.size : -16]
        at = data.find(key, at + 1)
    return None


def remember(directory: Directory, status: os.stat_result, digest: bytes) -> None:
    """Keep the digest of a file.

    Args:
        directory: the cache.
        status: of the file, the same before and after its content was read.
        digest: of the content.
    """
    key = _key(status)
    if key is None or time.time() - max(status.st_mtime, status.st_ctime) < _QUIET:
        return
    record = key + digest
    record += checksum(record)
    with writing:
        lock = directory.lock()
        if lock is None:
            return
        with lock:
            try:
                _add(directory, record)
            except OSError as error:
                log.debug(f"cache: cannot write {directory.path}/{MODULES}: {error.strerror}")


def _add(directory: Directory, record: bytes) -> None:
    from .entry import replace

    fd = directory.open(MODULES)
    if fd is None:
        old = b""
    else:
        try:
            old = os.pread(fd, 2 * _MOST * _RECORD, 0)
        finally:
            os.close(fd)
    old = old[: len(old) - len(old) % _RECORD]
    if len(old) >= _MOST * _RECORD:
        old = old[-_MOST // 2 * _RECORD :]
    replace(directory, MODULES, old + record)


def _key(status: os.stat_result) -> bytes | None:
    """What identifies the content of a file; ``None`` if others may have changed it unseen."""
    others = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if others or status.st_uid not in (0, os.geteuid()) or not stat.S_ISREG(status.st_mode):
        return None
    return _KEY.pack(
        status.st_dev & 0xFFFF_FFFF_FFFF_FFFF,
        status.st_ino & 0xFFFF_FFFF_FFFF_FFFF,
        status.st_size,
        status.st_mtime_ns & 0xFFFF_FFFF_FFFF_FFFF,
        status.st_ctime_ns & 0xFFFF_FFFF_FFFF_FFFF,
    )
