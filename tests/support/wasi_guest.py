"""A stand-in for a guest: calls WASI functions as the machine does, with a memory of its own."""

from __future__ import annotations

from errno import ENOSYS
from typing import TYPE_CHECKING

from pywasmedge.wasi import abi, path, resolve
from pywasmedge.wasi.env import Env
from pywasmedge.wasi.groups import find

if TYPE_CHECKING:
    import pytest

MASK = (1 << 64) - 1


def without_open_beneath(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be on a host that does not have it."""

    def fail(directory: int, path: bytes, flags: int) -> int:
        raise OSError(ENOSYS, "")

    for module in (path, resolve):
        monkeypatch.setattr(module, "open_beneath", fail)


class Guest:
    """An environment and 64 KiB of memory; ``put`` hands out addresses from 1024 upwards."""

    def __init__(self, env: Env | None = None) -> None:
        self.env = env or Env()
        self.memory = memoryview(bytearray(65536))
        self.free = 1024

    def use_memory(self, size: int) -> None:
        """Have at least ``size`` bytes of memory from now on."""
        self.memory = memoryview(bytearray(size))

    def call(self, name: str, *args: int) -> int:
        """Call a function with wasm parameters; the errno."""
        function = find(name)
        assert function is not None, name
        assert len(args) == len(function.params), name
        frame = b"".join((arg & MASK).to_bytes(8, "little") for arg in args)
        errno = function.bind(self.env)(self.memory, *function.frame.unpack(frame))
        assert errno is not None
        return errno

    def put(self, data: bytes) -> int:
        """Address of ``data`` in memory."""
        address = self.free
        self.memory[address : address + len(data)] = data
        self.free = (address + len(data) + 7) & -8
        return address

    def text(self, data: str | bytes) -> tuple[int, int]:
        """Address and length of ``data``."""
        data = data.encode() if isinstance(data, str) else data
        return self.put(data), len(data)

    def room(self, size: int) -> tuple[int, int]:
        """Address and length of an area filled with 0xAA."""
        return self.put(b"\xaa" * size), size

    def u32(self, address: int) -> int:
        return int.from_bytes(self.memory[address : address + 4], "little")

    def u64(self, address: int) -> int:
        return int.from_bytes(self.memory[address : address + 8], "little")

    def iovecs(self, *ranges: tuple[int, int]) -> tuple[int, int]:
        """Address and number of iovecs for these ranges."""
        data = b"".join(n.to_bytes(4, "little") for pair in ranges for n in pair)
        return self.put(data), len(ranges)

    # What most tests need, as one line each. A tuple is (errno, value).

    def open(
        self,
        path: str | bytes,
        *,
        at: int = 3,
        oflags: int = 0,
        rights: int = abi.FILE_RIGHTS,
        inheriting: int = 0,
        follow: bool = True,
        flags: int = 0,
    ) -> tuple[int, int]:
        out = self.put(bytes(4))
        errno = self.call(
            "path_open",
            at,
            int(follow),
            *self.text(path),
            oflags,
            rights,
            inheriting,
            flags,
            out,
        )
        return errno, self.u32(out)

    def open_directory(self, path: str, *, at: int = 3) -> tuple[int, int]:
        return self.open(
            path,
            at=at,
            oflags=abi.O_DIRECTORY,
            rights=abi.DIRECTORY_RIGHTS,
            inheriting=abi.PREOPEN_INHERITING,
        )

    def write(self, fd: int, *pieces: bytes) -> tuple[int, int]:
        out = self.put(bytes(4))
        errno = self.call("fd_write", fd, *self.iovecs(*map(self.text, pieces)), out)
        return errno, self.u32(out)

    def read(self, fd: int, size: int = 100) -> tuple[int, bytes]:
        out = self.put(bytes(4))
        area, _ = self.room(size)
        errno = self.call("fd_read", fd, *self.iovecs((area, size)), out)
        return errno, bytes(self.memory[area : area + self.u32(out)])

    def on_path(self, name: str, path: str | bytes, at: int = 3) -> int:
        """``path_create_directory`` and the others that take just a path."""
        return self.call(name, at, *self.text(path))

    def stat(self, path: str | bytes, *, follow: bool = False) -> tuple[int, tuple[int, ...]]:
        out, _ = self.room(64)
        errno = self.call("path_filestat_get", 3, int(follow), *self.text(path), out)
        return errno, abi.LAYOUTS["Filestat"].unpack_from(self.memory, out)

    def fstat(self, fd: int) -> tuple[int, tuple[int, ...]]:
        out, _ = self.room(64)
        errno = self.call("fd_filestat_get", fd, out)
        return errno, abi.LAYOUTS["Filestat"].unpack_from(self.memory, out)

    def readdir(self, fd: int, size: int = 4096, cookie: int = 0) -> tuple[int, bytes]:
        out = self.put(bytes(4))
        area, _ = self.room(size)
        errno = self.call("fd_readdir", fd, area, size, cookie, out)
        return errno, bytes(self.memory[area : area + self.u32(out)])
