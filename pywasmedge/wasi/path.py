"""Functions on paths, each beneath a directory descriptor."""

from __future__ import annotations

import os
import stat

from . import abi, errno
from .descriptor import Descriptor
from .errno import WasiError
from .fd import check_rights, flag_rights
from .filestat import filestat, new_times
from .function import U16, U32, U64, Buffer, Fd, Filestat, Path, wasi
from .opening import O_PATH, open_beneath, open_patiently
from .resolve import Location

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .env import Env

_NEEDS_READ = abi.FD_READ | abi.FD_READDIR
_NEEDS_WRITE = abi.FD_WRITE | abi.FD_ALLOCATE | abi.FD_FILESTAT_SET_SIZE

_HOST_OFLAGS = {
    abi.O_CREAT: os.O_CREAT,
    abi.O_DIRECTORY: os.O_DIRECTORY,
    abi.O_EXCL: os.O_EXCL,
    abi.O_TRUNC: os.O_TRUNC,
}

_HOST_FDFLAGS = {
    abi.APPEND: os.O_APPEND,
    abi.DSYNC: os.O_DSYNC,
    abi.NONBLOCK: os.O_NONBLOCK,
    abi.RSYNC: getattr(os, "O_RSYNC", os.O_SYNC),
    abi.SYNC: os.O_SYNC,
}


@wasi
def path_open(
    env: Env,
    fd: Fd,
    lookup: U32,
    path: Path,
    oflags: U16,
    base: U64,
    inheriting: U64,
    flags: U16,
) -> U32:
    """Open or create what ``path`` names; the new descriptor, with the rights asked for."""
    check_rights(base, inheriting)
    if oflags & ~abi.ALL_OFLAGS or flags & ~abi.ALL_FDFLAGS:
        raise WasiError(errno.INVAL)
    follow = _follows(lookup)
    if oflags & abi.O_CREAT and oflags & abi.O_DIRECTORY:
        raise WasiError(errno.INVAL)
    needed = abi.PATH_OPEN
    needed |= abi.PATH_CREATE_FILE if oflags & abi.O_CREAT else 0
    needed |= abi.PATH_FILESTAT_SET_SIZE if oflags & abi.O_TRUNC else 0
    parent = _directory(env, fd, needed)
    if (base | inheriting | flag_rights(flags)) & ~parent.inheriting:
        raise WasiError(errno.NOTCAPABLE)
    env.require_room()
    follow = follow and not oflags & abi.O_EXCL
    host = _host_flags(oflags, base, flags)
    handle = _open_in_one_step(parent.host, path, host if follow else host | os.O_NOFOLLOW)
    if handle < 0:
        with Location(parent.host, path, follow=follow or path.endswith(b"/")) as location:
            handle = _open(location, host, base)
    descriptor = Descriptor(handle, base, inheriting)
    if descriptor.type == abi.DIRECTORY:
        descriptor.base &= ~(abi.FD_SEEK | abi.FD_TELL)
    else:
        descriptor.base &= ~abi.PATH_FILESTAT_GET
    return env.add(descriptor)


@wasi
def path_create_directory(env: Env, fd: Fd, path: Path) -> None:
    """Create a directory."""
    parent = _directory(env, fd, abi.PATH_CREATE_DIRECTORY)
    with Location(parent.host, path, follow=False) as location:
        os.mkdir(location.entry, 0o755, dir_fd=location.parent)


@wasi
def path_remove_directory(env: Env, fd: Fd, path: Path) -> None:
    """Remove an empty directory."""
    parent = _directory(env, fd, abi.PATH_REMOVE_DIRECTORY)
    with Location(parent.host, path, follow=False) as location:
        os.rmdir(location.entry, dir_fd=location.parent)


@wasi
def path_unlink_file(env: Env, fd: Fd, path: Path) -> None:
    """Remove a file or a symbolic link."""
    parent = _directory(env, fd, abi.PATH_UNLINK_FILE)
    with Location(parent.host, path, follow=False) as location:
        os.unlink(location.entry, dir_fd=location.parent)


@wasi
def path_rename(env: Env, fd: Fd, old: Path, new_fd: Fd, new: Path) -> None:
    """Rename, replacing what has the new name."""
    source = _directory(env, fd, abi.PATH_RENAME_SOURCE)
    target = _directory(env, new_fd, abi.PATH_RENAME_TARGET)
    with (
        Location(source.host, old, follow=False) as here,
        Location(target.host, new, follow=False) as there,
    ):
        os.rename(here.entry, there.entry, src_dir_fd=here.parent, dst_dir_fd=there.parent)


@wasi
def path_link(env: Env, fd: Fd, lookup: U32, old: Path, new_fd: Fd, new: Path) -> None:
    """Create a hard link. Following a symbolic link for it is not supported (``INVAL``)."""
    if lookup:
        raise WasiError(errno.INVAL)
    source = _directory(env, fd, abi.PATH_LINK_SOURCE)
    target = _directory(env, new_fd, abi.PATH_LINK_TARGET)
    with (
        Location(source.host, old, follow=old.endswith(b"/")) as here,
        Location(target.host, new, follow=False) as there,
    ):
        _check_directory(here)
        os.link(
            here.name,
            there.entry,
            src_dir_fd=here.parent,
            dst_dir_fd=there.parent,
            follow_symlinks=False,
        )


@wasi
def path_symlink(env: Env, target: Path, fd: Fd, new: Path) -> None:
    """Create a symbolic link to ``target``, which must not be absolute (``PERM``)."""
    parent = _directory(env, fd, abi.PATH_SYMLINK)
    if target.startswith(b"/"):
        raise WasiError(errno.PERM)
    if 0 in target:
        raise WasiError(errno.INVAL)
    with Location(parent.host, new, follow=False) as location:
        os.symlink(target, location.entry, dir_fd=location.parent)


@wasi
def path_readlink(env: Env, fd: Fd, path: Path, buf: Buffer) -> U32:
    """Target of a symbolic link, cut off where ``buf`` ends; the number of bytes."""
    parent = _directory(env, fd, abi.PATH_READLINK)
    with Location(parent.host, path, follow=path.endswith(b"/")) as location:
        _check_directory(location)
        target = os.readlink(location.name, dir_fd=location.parent)[: len(buf)]
    buf[: len(target)] = target
    return len(target)


@wasi
def path_filestat_get(env: Env, fd: Fd, lookup: U32, path: Path) -> Filestat:
    """Attributes of what ``path`` names."""
    parent = _directory(env, fd, abi.PATH_FILESTAT_GET)
    with Location(parent.host, path, follow=_follows(lookup) or path.endswith(b"/")) as location:
        return filestat(_stat(location))


@wasi
def path_filestat_set_times(
    env: Env, fd: Fd, lookup: U32, path: Path, atim: U64, mtim: U64, flags: U16
) -> None:
    """Change the times of last access and modification."""
    parent = _directory(env, fd, abi.PATH_FILESTAT_SET_TIMES)
    with Location(parent.host, path, follow=_follows(lookup) or path.endswith(b"/")) as location:
        status = _stat(location)
        times = new_times(atim, mtim, flags, lambda: status)
        if times is not None:
            os.utime(location.name, ns=times, dir_fd=location.parent, follow_symlinks=False)


def _follows(lookup: int) -> bool:
    """Whether the lookup flags say to follow a symbolic link at the end."""
    if lookup & ~abi.SYMLINK_FOLLOW:
        raise WasiError(errno.INVAL)
    return lookup != 0


def _directory(env: Env, fd: int, rights: int) -> Descriptor:
    """The directory descriptor ``fd``: ``NOTDIR`` comes before ``NOTCAPABLE``."""
    descriptor = env.require(fd, 0)
    if descriptor.type != abi.DIRECTORY:
        raise WasiError(errno.NOTDIR)
    return env.require(fd, rights)


def _host_flags(oflags: int, base: int, flags: int) -> int:
    """Host flags for opening with these oflags, rights and fdflags."""
    read, write = base & _NEEDS_READ, base & _NEEDS_WRITE or oflags & abi.O_TRUNC
    host = os.O_RDWR if read and write else os.O_WRONLY if write else os.O_RDONLY
    host |= os.O_CLOEXEC | os.O_NOCTTY
    for flag, host_flag in _HOST_OFLAGS.items():
        host |= host_flag if oflags & flag else 0
    for flag, host_flag in _HOST_FDFLAGS.items():
        host |= host_flag if flags & flag else 0
    return host


def _open_in_one_step(directory: int, path: bytes, flags: int) -> int:
    """Open ``path`` without a walk; the host descriptor, or -1 if there is more to it.

    Raises:
        FileNotFoundError: as a walk would.
    """
    if not path or path.endswith(b"/") or len(path) > abi.MAX_PATH or 0 in path:
        return -1
    try:
        return open_patiently(lambda flags: open_beneath(directory, path, flags), flags)
    except FileNotFoundError:
        raise
    except OSError:
        return -1


def _open(location: Location, flags: int, base: int) -> int:
    """Open ``location`` on the host; the host descriptor."""
    if location.directory:
        if flags & os.O_CREAT:
            raise WasiError(errno.ISDIR)
        flags |= os.O_DIRECTORY

    def attempt(flags: int) -> int:
        return os.open(location.name, flags, 0o644, dir_fd=location.parent)

    try:
        return open_patiently(attempt, flags | os.O_NOFOLLOW)
    except PermissionError:
        if base & (_NEEDS_READ | _NEEDS_WRITE) or flags & (os.O_CREAT | os.O_TRUNC):
            raise
        # No rights to the content were asked for, so none are needed to look at the attributes.
        return attempt(O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW | (flags & os.O_DIRECTORY))


def _check_directory(location: Location) -> None:
    """Raise ``NOTDIR`` if the path said it means a directory, and it does not."""
    if location.directory:
        _stat(location)


def _stat(location: Location) -> os.stat_result:
    """Status of ``location``, whose last component is not followed any more."""
    status = os.stat(location.name, dir_fd=location.parent, follow_symlinks=False)
    if location.directory and not stat.S_ISDIR(status.st_mode):
        raise WasiError(errno.NOTDIR)
    return status
