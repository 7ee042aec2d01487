"""A guest that calls the socket functions; peers of the host's for it to talk to."""

from __future__ import annotations

import socket

from wasi_guest import Guest
from wasi_machine import Machine

from pywasmedge.wasi import abi, errno
from pywasmedge.wasi.env import Env
from pywasmedge.wasi.groups import find_typed

LOOPBACK = {abi.INET4: socket.inet_pton(socket.AF_INET, "127.0.0.1"), abi.INET6: bytes(15) + b"\1"}
HOSTS = {abi.INET4: "127.0.0.1", abi.INET6: "::1"}
FAMILIES = {abi.INET4: socket.AF_INET, abi.INET6: socket.AF_INET6}


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


class NetCalls(Guest):
    """A tuple is (errno, value); what must work for a test to make sense is asserted here."""

    def typed(self, name: str, *args: int) -> int:
        """Call the signature of a function that takes so many parameters."""
        from pywasmedge.base.types import FunctionType, ValType

        function = find_typed(name, FunctionType((ValType.I32,) * len(args), (ValType.I32,)))
        assert function is not None
        result = function.bind(self.env)(self.memory, *args)
        assert result is not None
        return result

    def fresh(self) -> None:
        """Forget what was put into memory."""
        self.free = 1024

    def open_socket(self, family: int = abi.INET4, type_: int = abi.STREAM) -> int:
        out = self.put(bytes(4))
        assert self.call("sock_open", family, type_, out) == 0
        return self.u32(out)

    def address(self, data: bytes) -> int:
        """An address structure over a copy of ``data``."""
        start = self.put(data)
        return self.put(abi.ADDRESS.pack(start, len(data)))

    def bytes_of(self, address: int) -> bytes:
        """What an address structure names."""
        start, length = abi.ADDRESS.unpack_from(self.memory, address)
        return bytes(self.memory[start : start + length])

    def bind(self, fd: int, address: bytes = LOOPBACK[abi.INET4], port: int = 0) -> int:
        return self.call("sock_bind", fd, self.address(address), port)

    def connect(self, fd: int, port: int, address: bytes = LOOPBACK[abi.INET4]) -> int:
        return self.call("sock_connect", fd, self.address(address), port)

    def local(self, fd: int, name: str = "sock_getlocaladdr") -> tuple[int, bytes, int, int]:
        """Errno, buffer, family as 4 or 6, port."""
        where, out = self.address(b"\xaa" * 16), self.put(bytes(8))
        error = self.call(name, fd, where, out, out + 4)
        return error, self.bytes_of(where), self.u32(out), self.u32(out + 4)

    def listener(self, family: int = abi.INET4) -> tuple[int, int]:
        """A listening socket of the guest and its port."""
        fd = self.open_socket(family)
        assert self.bind(fd, LOOPBACK[family]) == 0
        assert self.call("sock_listen", fd, 128) == 0
        return fd, self.local(fd)[3]

    def accept(self, fd: int) -> tuple[int, int]:
        out = self.put(bytes(4))
        return self.call("sock_accept", fd, out), self.u32(out)

    def connection(self, family: int = abi.INET4) -> tuple[int, socket.socket]:
        """A stream between the guest and a peer on the host."""
        with socket.create_server((HOSTS[family], 0), family=FAMILIES[family]) as server:
            fd = self.open_socket(family)
            assert self.connect(fd, server.getsockname()[1], LOOPBACK[family]) == 0
            peer, _ = server.accept()
        peer.settimeout(30)
        return fd, peer

    def nonblock(self, fd: int) -> None:
        assert self.call("fd_fdstat_set_flags", fd, abi.NONBLOCK) == 0

    def send(self, fd: int, *pieces: bytes) -> tuple[int, int]:
        out = self.put(bytes(4))
        error = self.call("sock_send", fd, *self.iovecs(*map(self.text, pieces)), 0, out)
        return error, self.u32(out)

    def recv(self, fd: int, size: int = 100, flags: int = 0) -> tuple[int, bytes, int]:
        out = self.put(bytes(8))
        area, _ = self.room(size)
        vecs = self.iovecs((area, size // 2), (area + size // 2, size - size // 2))
        error = self.call("sock_recv", fd, *vecs, flags, out, out + 4)
        return error, bytes(self.memory[area : area + self.u32(out)]), self.u32(out + 4)

    def send_to(self, fd: int, data: bytes, address: bytes, port: int) -> int:
        vecs = self.iovecs(self.text(data))
        return self.call(
            "sock_send_to", fd, *vecs, self.address(address), port, 0, self.put(bytes(4))
        )

    def get_option(self, fd: int, name: int, size: int = 4, level: int = 0) -> tuple[int, bytes]:
        value, length = self.put(b"\xaa" * 64), self.put(size.to_bytes(4, "little"))
        error = self.call("sock_getsockopt", fd, level, name, value, length)
        return error, bytes(self.memory[value : value + self.u32(length)])

    def set_option(self, fd: int, name: int, data: bytes, level: int = 0) -> int:
        return self.call("sock_setsockopt", fd, level, name, self.put(data), len(data))

    def poll(self, *wanted: tuple[int, int], timeout: int | None = None) -> list[tuple[int, ...]]:
        """Events for (type, descriptor) pairs, whose indices are the userdata; a clock is -1."""
        subs = [abi.SUBSCRIPTION.pack(i, *pair, 0, 0, 0) for i, pair in enumerate(wanted)]
        if timeout is not None:
            clock = (abi.EVENT_CLOCK, abi.MONOTONIC, timeout, 0, 0)
            subs.append(abi.SUBSCRIPTION.pack((1 << 64) - 1, *clock))
        events, out = self.room(32 * len(subs))[0], self.put(bytes(4))
        assert self.call("poll_oneoff", self.put(b"".join(subs)), events, len(subs), out) == 0
        return [abi.EVENT.unpack_from(self.memory, events + 32 * i) for i in range(self.u32(out))]


class NetGuest(NetCalls):
    """Calls Python's functions."""

    def __init__(self, network: bool | str = True, env: Env | None = None) -> None:
        super().__init__(env)
        self.env.set_network(network)


class NetMachine(NetCalls, Machine):
    """Calls C's functions where it has some."""

    def __init__(self) -> None:
        super().__init__()
        self.env.set_network(True)


__all__ = [
    "FAMILIES",
    "HOSTS",
    "LOOPBACK",
    "NetCalls",
    "NetGuest",
    "NetMachine",
    "errno",
    "has_ipv6",
]
