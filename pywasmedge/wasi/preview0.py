"""What was different in ``wasi_unstable``, which programs of 2019 import."""

from __future__ import annotations

from . import abi, errno, fd, path, poll
from .errno import WasiError
from .function import S64, U8, U32, U64, Fd, Filestat0, Memory, Path, preview0

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .env import Env

_WHENCE = (1, 2, 0)
"""Today's numbers for those of preview 0, where the position came first, then end and start."""

_MAX_LINKS = (1 << 32) - 1


@preview0
def fd_seek(env: Env, fd_: Fd, offset: S64, whence: U8) -> U64:
    """Move the position; the new one."""
    if whence >= len(_WHENCE):
        raise WasiError(errno.INVAL)
    return fd.fd_seek(env, fd_, offset, _WHENCE[whence])


@preview0
def fd_filestat_get(env: Env, fd_: Fd) -> Filestat0:
    """Attributes of the open file, the number of links in 32 bits."""
    return _filestat(fd.fd_filestat_get(env, fd_))


@preview0
def path_filestat_get(env: Env, fd_: Fd, flags: U32, name: Path) -> Filestat0:
    """Attributes of a file, the number of links in 32 bits."""
    return _filestat(path.path_filestat_get(env, fd_, flags, name))


@preview0
def poll_oneoff(env: Env, memory: Memory, subs: U32, events: U32, count: U32) -> U32:
    """Wait until something subscribed to happens; clocks have identifiers."""

    def read(start: int, end: int) -> poll.Subscriptions:
        for userdata, tag, name, clock, *rest in abi.SUBSCRIPTION0.iter_unpack(memory[start:end]):
            is_clock = tag == abi.EVENT_CLOCK
            yield userdata, tag, clock if is_clock else name & 0xFFFFFFFF, *rest

    return poll.wait_for_events(env, memory, subs, events, count, abi.SUBSCRIPTION0.size, read)


def _filestat(stat: Filestat0) -> Filestat0:
    device, inode, type_, links, *rest = stat
    return device, inode, type_, min(links, _MAX_LINKS), *rest  # type: ignore[return-value]
