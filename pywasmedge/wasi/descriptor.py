"""What a guest's file descriptor stands for."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

from ..kernel.native import ffi, lib
from . import abi, errno
from .errno import WasiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..kernel.native import CData
    from .function import Iovecs


class _Number:
    """An attribute that is a field of the C struct behind a descriptor."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, descriptor: Descriptor, owner: object = None) -> int:
        return getattr(descriptor.c, self._name)  # type: ignore[no-any-return]

    def __set__(self, descriptor: Descriptor, value: int) -> None:
        setattr(descriptor.c, self._name, value)


class _Flag(_Number):
    """The same for a ``bool``."""

    __slots__ = ()

    if TYPE_CHECKING:

        def __get__(self, descriptor: Descriptor, owner: object = None) -> bool: ...


class Descriptor:
    """An open file, directory, pipe, device or socket of the host.

    The host's handle is closed when the last reference to this object goes, and with it the last
    to its C struct: an operation that another thread still runs on a descriptor the guest has
    closed keeps the handle (and so its number) for that long.

    Attributes:
        c: the ``we_file``, where C finds what is said here by numbers.
        host: the host's file descriptor; -1 for a stream of the embedder.
        type: file type (``abi.REGULAR_FILE`` and so on).
        may_block: whether ``readv`` and ``writev`` can wait for somebody else, in a way that nobody
            can end; ``env.wait`` comes before them then.
        base, inheriting: rights of this descriptor and of what is opened beneath it.
        preopen: name the guest knows it by, or ``None``.
        owned: whether closing closes ``host``.
        nonblock: kept here for handles that are not owned, whose host flags are left alone
            because other processes share them.
        entries: directory listing being read by fd_readdir, or ``None``.
    """

    __slots__ = ("_preopen", "c", "entries")

    base = _Number("base")
    host = _Number("host")
    inheriting = _Number("inheriting")
    may_block = _Flag("may_block")
    nonblock = _Flag("nonblock")
    owned = _Flag("owned")
    type = _Number("type")
    _release = lib.we_file_release  # still there when the interpreter ends

    def __init__(self, host: int, base: int, inheriting: int = 0, *, owned: bool = True) -> None:
        """Take over ``host``, which is closed in the end if it is ``owned``.

        Raises:
            OSError: ``host`` is not open.
        """
        self.c = lib.we_file_new(host, owned, base, inheriting)
        if not self.c:
            raise MemoryError
        self._preopen: bytes | None = None
        self.entries: list[bytes] | None = None
        self.type = abi.file_type(self.stat().st_mode)
        self.may_block = self.type not in (abi.REGULAR_FILE, abi.DIRECTORY, abi.BLOCK_DEVICE)

    def __del__(self) -> None:
        self._release(self.c)

    @property
    def preopen(self) -> bytes | None:
        return self._preopen

    @preopen.setter
    def preopen(self, name: bytes | None) -> None:
        self._preopen = name
        self.c.preopen = -1 if name is None else len(name)

    @property
    def pollable(self) -> bool:
        """Whether there may be something to wait for before reading or writing."""
        return self.may_block

    def readv(self, buffers: Iovecs) -> int:
        """Read into ``buffers``; the number of bytes, 0 at the end."""
        return os.readv(self.host, buffers[: abi.MAX_IOVECS])

    def writev(self, buffers: Iovecs) -> int:
        """Write ``buffers``; the number of bytes written."""
        return os.writev(self.host, buffers[: abi.MAX_IOVECS])

    def stat(self) -> os.stat_result:
        """Host status of the open file."""
        return os.stat(self.host)

    def flags(self) -> int:
        """Current fdflags."""
        flags: int = lib.we_file_flags(self.c)
        if flags < 0:
            raise OSError(ffi.errno, os.strerror(ffi.errno))
        return flags

    def set_flags(self, flags: int) -> None:
        """Change append and nonblock mode."""
        if not self.owned:
            self.nonblock = bool(flags & abi.NONBLOCK)
            return
        import fcntl

        host = fcntl.fcntl(self.host, fcntl.F_GETFL) & ~(os.O_APPEND | os.O_NONBLOCK)
        if flags & abi.APPEND:
            host |= os.O_APPEND
        if flags & abi.NONBLOCK:
            host |= os.O_NONBLOCK
        fcntl.fcntl(self.host, fcntl.F_SETFL, host)


class Stream(Descriptor):
    """A standard stream served by a Python object of the embedder.

    ``source`` is read through ``read(n) -> bytes``, ``sink`` is called with each ``bytes``.
    """

    __slots__ = ("_read", "_write")

    def __init__(self, stream: object, base: int) -> None:
        super().__init__(-1, base, owned=False)
        self.may_block = False
        stream = getattr(stream, "buffer", stream)  # text streams: the bytes beneath
        self._read = getattr(stream, "read", None)
        self._write = getattr(stream, "write", stream if callable(stream) else None)
        if (self._read if base & abi.FD_READ else self._write) is None:
            raise TypeError(f"not usable as a standard stream: {stream!r}")

    def readv(self, buffers: Iovecs) -> int:
        if self._read is None:
            raise WasiError(errno.BADF)
        done = 0
        for buffer in buffers:
            data = self._read(len(buffer)) if len(buffer) else b""
            buffer[: len(data)] = data
            done += len(data)
            if len(data) < len(buffer):
                break
        return done

    def writev(self, buffers: Iovecs) -> int:
        if self._write is None:
            raise WasiError(errno.BADF)
        data = b"".join(buffers)
        self._write(data)
        return len(data)

    def stat(self) -> os.stat_result:
        return os.stat_result((0,) * 19)

    def flags(self) -> int:
        return 0

    def set_flags(self, flags: int) -> None:
        self.nonblock = bool(flags & abi.NONBLOCK)


class Table(MutableMapping[int, Descriptor]):
    """Descriptors by number. The table C has (a ``we_wasi``) is changed here and nowhere else."""

    __slots__ = ("_c", "_descriptors", "find")

    def __init__(self, c: CData) -> None:
        self._c = c
        self._descriptors: dict[int, Descriptor] = {}
        self.find = self._descriptors.get

    def __getitem__(self, fd: int) -> Descriptor:
        return self._descriptors[fd]

    def __setitem__(self, fd: int, descriptor: Descriptor) -> None:
        if not lib.we_wasi_set_file(self._c, fd, descriptor.c):
            raise MemoryError
        self._descriptors[fd] = descriptor

    def __delitem__(self, fd: int) -> None:
        del self._descriptors[fd]
        lib.we_wasi_set_file(self._c, fd, ffi.NULL)

    def __iter__(self) -> Iterator[int]:
        return iter(self._descriptors)

    def __len__(self) -> int:
        return len(self._descriptors)
