"""Functions on descriptors."""

from __future__ import annotations

import os

from ..base import waiting
from . import abi, errno
from .env import wait
from .errno import WasiError
from .filestat import filestat, new_times
from .function import (
    S64,
    U8,
    U16,
    U32,
    U64,
    Buffer,
    Fd,
    Fdstat,
    Filestat,
    Iovecs,
    Prestat,
    hot,
    wasi,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .descriptor import Descriptor
    from .env import Env

_WHENCE = (os.SEEK_SET, os.SEEK_CUR, os.SEEK_END)

_ADVICE = (
    os.POSIX_FADV_NORMAL,
    os.POSIX_FADV_SEQUENTIAL,
    os.POSIX_FADV_RANDOM,
    os.POSIX_FADV_WILLNEED,
    os.POSIX_FADV_DONTNEED,
    os.POSIX_FADV_NOREUSE,
)


@hot
def fd_read(env: Env, fd: Fd, iovs: Iovecs) -> U32:
    """Read into ``iovs``; the number of bytes, 0 at the end."""
    descriptor = env.require(fd, abi.FD_READ)
    wait(descriptor)
    return descriptor.readv(iovs)


@hot
def fd_pread(env: Env, fd: Fd, iovs: Iovecs, offset: U64) -> U32:
    """Read from ``offset`` without moving the position."""
    host = env.require(fd, abi.FD_READ | abi.FD_SEEK).host
    return os.preadv(host, iovs[: abi.MAX_IOVECS], offset)


@hot
def fd_write(env: Env, fd: Fd, iovs: Iovecs) -> U32:
    """Write ``iovs``; the number of bytes written."""
    descriptor = env.require(fd, abi.FD_WRITE)
    if descriptor.may_block and (descriptor.nonblock or waiting.handle() >= 0):
        return _write_in_pieces(descriptor, iovs)
    return descriptor.writev(iovs)


@hot
def fd_pwrite(env: Env, fd: Fd, iovs: Iovecs, offset: U64) -> U32:
    """Write at ``offset`` without moving the position (a file in append mode: at its end)."""
    host = env.require(fd, abi.FD_WRITE | abi.FD_SEEK).host
    return os.pwritev(host, iovs[: abi.MAX_IOVECS], offset)


@hot
def fd_seek(env: Env, fd: Fd, offset: S64, whence: U8) -> U64:
    """Move the position; the new one."""
    if whence >= len(_WHENCE):
        raise WasiError(errno.INVAL)
    telling = offset == 0 and whence == 1
    return _seek(env, fd, offset, _WHENCE[whence], telling=telling)


@hot
def fd_tell(env: Env, fd: Fd) -> U64:
    """The position."""
    return _seek(env, fd, 0, os.SEEK_CUR, telling=True)


@wasi
def fd_close(env: Env, fd: Fd) -> None:
    """Close ``fd``; preopened directories and standard streams too."""
    env.remove(fd)


@wasi
def fd_renumber(env: Env, fd: Fd, to: Fd) -> None:
    """Close ``to`` and give its number to ``fd``."""
    env.renumber(fd, to)


@wasi
def fd_sync(env: Env, fd: Fd) -> None:
    """Wait until data and attributes are on the device."""
    os.fsync(env.require(fd, abi.FD_SYNC).host)


@wasi
def fd_datasync(env: Env, fd: Fd) -> None:
    """Wait until the data is on the device."""
    descriptor = env.require(fd, 0)
    if not descriptor.base & (abi.FD_DATASYNC | abi.FD_SYNC):
        raise WasiError(errno.NOTCAPABLE)
    os.fdatasync(descriptor.host)


@wasi
def fd_advise(env: Env, fd: Fd, offset: U64, length: U64, advice: U8) -> None:
    """Announce how a range of a file will be used."""
    if advice >= len(_ADVICE):
        raise WasiError(errno.INVAL)
    descriptor = env.require(fd, abi.FD_ADVISE)
    if descriptor.type != abi.DIRECTORY:
        os.posix_fadvise(descriptor.host, offset, length, _ADVICE[advice])


@wasi
def fd_allocate(env: Env, fd: Fd, offset: U64, length: U64) -> None:
    """Make sure that a range of a file has storage; the file may grow, never shrinks."""
    os.posix_fallocate(env.require(fd, abi.FD_ALLOCATE).host, offset, length)


@hot
def fd_fdstat_get(env: Env, fd: Fd) -> Fdstat:
    """Type, flags and rights of a descriptor."""
    descriptor = env.require(fd, 0)
    return descriptor.type, descriptor.flags(), descriptor.base, descriptor.inheriting


@wasi
def fd_fdstat_set_flags(env: Env, fd: Fd, flags: U16) -> None:
    """Change append and nonblock mode; the host has no way to change the others."""
    if flags & ~abi.ALL_FDFLAGS:
        raise WasiError(errno.INVAL)
    env.require(fd, abi.FD_FDSTAT_SET_FLAGS | flag_rights(flags)).set_flags(flags)


@wasi
def fd_fdstat_set_rights(env: Env, fd: Fd, base: U64, inheriting: U64) -> None:
    """Give up rights."""
    check_rights(base, inheriting)
    descriptor = env.require(fd, base)
    if inheriting & ~descriptor.inheriting:
        raise WasiError(errno.NOTCAPABLE)
    descriptor.base = base
    descriptor.inheriting = inheriting


@wasi
def fd_filestat_get(env: Env, fd: Fd) -> Filestat:
    """Attributes of the open file."""
    return filestat(env.require(fd, abi.FD_FILESTAT_GET).stat())


@wasi
def fd_filestat_set_size(env: Env, fd: Fd, size: U64) -> None:
    """Cut the file, or extend it with zeros."""
    os.ftruncate(env.require(fd, abi.FD_FILESTAT_SET_SIZE).host, size)


@wasi
def fd_filestat_set_times(env: Env, fd: Fd, atim: U64, mtim: U64, flags: U16) -> None:
    """Change the times of last access and modification."""
    descriptor = env.require(fd, abi.FD_FILESTAT_SET_TIMES)
    times = new_times(atim, mtim, flags, descriptor.stat)
    if times is not None:
        os.utime(descriptor.host, ns=times)


@hot
def fd_prestat_get(env: Env, fd: Fd) -> Prestat:
    """Kind of a preopened descriptor (0: a directory) and the length of its name."""
    return 0, len(_preopen(env, fd))


@wasi
def fd_prestat_dir_name(env: Env, fd: Fd, path: Buffer) -> None:
    """Name of a preopened directory, without a NUL."""
    name = _preopen(env, fd)
    if len(name) > len(path):
        raise WasiError(errno.NAMETOOLONG)
    path[: len(name)] = name


@wasi
def fd_readdir(env: Env, fd: Fd, buf: Buffer, cookie: U64) -> U32:
    """Fill ``buf`` with directory entries from ``cookie`` on; the number of bytes.

    The last entry is cut off where the buffer ends. Cookie 0 reads the directory anew; a later
    cookie continues in that listing, whatever has changed in the directory since.
    """
    descriptor = env.require(fd, abi.FD_READDIR)
    if descriptor.type != abi.DIRECTORY:
        raise WasiError(errno.NOTDIR)
    entries = descriptor.entries
    if entries is None or cookie == 0:
        entries = descriptor.entries = _list(descriptor)
    used, size = 0, len(buf)
    for index in range(cookie, len(entries)):
        piece = entries[index][: size - used]
        buf[used : used + len(piece)] = piece
        used += len(piece)
        if used == size:
            break
    return used


def flag_rights(flags: int) -> int:
    """Rights that opening or changing a descriptor with these fdflags needs besides."""
    rights = abi.FD_DATASYNC if flags & abi.DSYNC else 0
    return rights | (abi.FD_SYNC if flags & (abi.RSYNC | abi.SYNC) else 0)


def check_rights(base: int, inheriting: int) -> None:
    """Raise ``INVAL`` for bits that are no rights."""
    if (base | inheriting) & ~abi.ALL_RIGHTS:
        raise WasiError(errno.INVAL)


def _seek(env: Env, fd: int, offset: int, whence: int, *, telling: bool) -> int:
    descriptor = env.require(fd, 0)
    if not descriptor.base & (abi.FD_SEEK | abi.FD_TELL if telling else abi.FD_SEEK):
        raise WasiError(errno.NOTCAPABLE)
    return os.lseek(descriptor.host, offset, whence)


def _preopen(env: Env, fd: int) -> bytes:
    name = env.require(fd, 0).preopen
    if name is None:
        raise WasiError(errno.BADF)  # by which libraries know where preopened directories end
    return name


def _list(descriptor: Descriptor) -> list[bytes]:
    """Every entry of a directory as fd_readdir gives it, cookie included.

    ``..`` shows the directory's own inode: what is above may not be the guest's to know.
    """
    own = descriptor.stat().st_ino
    found = [(b".", own, abi.DIRECTORY), (b"..", own, abi.DIRECTORY)]
    # A handle of its own, for a position of its own: other threads may be reading as well.
    handle = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=descriptor.host)
    try:
        with os.scandir(handle) as entries:
            found += [(os.fsencode(e.name), e.inode(), _entry_type(e)) for e in entries]
    finally:
        os.close(handle)
    return [
        abi.DIRENT.pack(cookie, inode, len(name), type_) + name
        for cookie, (name, inode, type_) in enumerate(found, 1)
    ]


def _entry_type(entry: os.DirEntry[str]) -> int:
    """File type as far as a directory tells it."""
    if entry.is_symlink():
        return abi.SYMBOLIC_LINK
    if entry.is_file(follow_symlinks=False):
        return abi.REGULAR_FILE
    return abi.DIRECTORY if entry.is_dir(follow_symlinks=False) else abi.UNKNOWN


_PIPE_PIECE = 4096
"""What a pipe that is ready for writing takes without blocking."""


def _write_in_pieces(descriptor: Descriptor, iovs: Iovecs) -> int:
    """Write such that waiting can be ended early, or must not happen."""
    done = 0
    for buffer in iovs:
        for start in range(0, len(buffer), _PIPE_PIECE):
            piece = buffer[start : start + _PIPE_PIECE]
            try:
                wait(descriptor, write=True)
                written = descriptor.writev([piece])
            except (WasiError, OSError):
                if done:
                    return done
                raise
            done += written
            if written < len(piece):
                return done
    return done
