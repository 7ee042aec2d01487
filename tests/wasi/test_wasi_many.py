"""Arrays of buffers and subscriptions with more elements than the system takes at once."""

from __future__ import annotations

import io
import os
import resource
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from socket_guest import LOOPBACK, NetCalls, NetGuest, NetMachine
from wasi_guest import Guest
from wasi_machine import stoppable

from pywasmedge import Trap
from pywasmedge.base import waiting
from pywasmedge.wasi import abi, errno

COUNT = 3000
PIECE = 3
DATA = bytes(i % 251 for i in range(COUNT * PIECE))


@pytest.fixture(params=[NetGuest, NetMachine])
def guest(request: pytest.FixtureRequest) -> Iterator[NetCalls]:
    guest: NetCalls = request.param()
    guest.use_memory(1 << 20)
    yield guest
    guest.env.close()


@pytest.fixture
def file(guest: NetCalls, tmp_path: Path) -> int:
    guest.env.preopen("/", tmp_path)
    error, fd = guest.open("file", oflags=abi.O_CREAT)
    assert error == 0
    return fd


def pieces(guest: Guest, start: int = 0, empty: int = 0) -> tuple[int, int]:
    """Address and number of iovecs for ``DATA`` from ``start``, which lies at 500,000, in pieces.

    There are so many empty ones before.
    """
    area = 500_000
    guest.memory[area : area + len(DATA)] = DATA
    ranges = [(area + at, PIECE) for at in range(start, len(DATA), PIECE)]
    array = b"".join(struct.pack("<II", *pair) for pair in [(area, 0)] * empty + ranges)
    guest.memory[200_000 : 200_000 + len(array)] = array
    return 200_000, empty + len(ranges)


def moved(guest: Guest, name: str, fd: int, vecs: tuple[int, int], *more: int) -> int:
    out = guest.put(bytes(16))
    outs = [out, out + 4][: 2 if "recv" in name else 1]
    assert guest.call(name, fd, *vecs, *more, *outs) == 0
    return guest.u32(out)


def taken(guest: Guest, size: int) -> bytes:
    """The first bytes behind ``pieces``."""
    return bytes(guest.memory[500_000 : 500_000 + size])


def clear(guest: Guest) -> None:
    guest.memory[500_000 : 500_000 + len(DATA)] = bytes(len(DATA))


@pytest.mark.parametrize("positional", [False, True])
@pytest.mark.parametrize("empty", [0, 5000])
def test_files(guest: NetCalls, file: int, tmp_path: Path, positional: bool, empty: int) -> None:
    for name in ("fd_pwrite", "fd_pread") if positional else ("fd_write", "fd_read"):
        done, calls = 0, 0
        if not positional:
            assert guest.call("fd_seek", file, 0, 0, guest.put(bytes(8))) == 0
        while done < len(DATA):
            vecs = pieces(guest, done, empty)
            if "read" in name:
                clear(guest)
            size = moved(guest, name, file, vecs, *([done] if positional else []))
            assert size > 0
            assert taken(guest, len(DATA))[done : done + size] == DATA[done : done + size]
            done += size
            calls += 1
        assert calls == 3
        assert (tmp_path / "file").read_bytes() == DATA


@pytest.mark.parametrize("watched", [False, True])
def test_pipes(guest: NetCalls, watched: bool) -> None:
    reader, writer = os.pipe()
    guest.env.set_stream(0, reader)
    guest.env.set_stream(1, writer)

    def move() -> None:
        done = 0
        while done < len(DATA):
            size = moved(guest, "fd_write", 1, pieces(guest, done, 2000))
            vecs = pieces(guest, done, 2000)
            clear(guest)
            got = 0
            while got < size:
                got += moved(guest, "fd_read", 0, vecs)
                vecs = pieces(guest, done + got, 2000)
            done += size

    if watched:
        with stoppable():
            move()
    else:
        move()
    os.close(reader)
    os.close(writer)


def test_streams_of_the_host(guest: NetCalls) -> None:
    written = bytearray()
    guest.env.set_stream(0, io.BytesIO(DATA))
    guest.env.set_stream(1, written.extend)
    assert moved(guest, "fd_write", 1, pieces(guest)) == len(DATA)
    assert written == DATA
    vecs = pieces(guest)
    clear(guest)
    assert moved(guest, "fd_read", 0, vecs) == len(DATA)
    assert taken(guest, len(DATA)) == DATA


@pytest.mark.parametrize("name", ["fd_write", "sock_send"])
def test_everything_is_sent(guest: NetCalls, name: str) -> None:
    fd, peer = guest.connection()
    flags = [0] if name == "sock_send" else []
    assert moved(guest, name, fd, pieces(guest, 0, 1500), *flags) == len(DATA)
    got = bytearray()
    while len(got) < len(DATA):
        got += peer.recv(1 << 16)
    assert got == DATA
    peer.close()


@pytest.mark.parametrize("flags", [0, abi.RECV_WAITALL, abi.RECV_PEEK | abi.RECV_WAITALL])
@pytest.mark.parametrize("name", ["fd_read", "sock_recv"])
def test_receiving(guest: NetCalls, name: str, flags: int) -> None:
    fd, peer = guest.connection()
    peer.sendall(DATA)
    done = 0
    words = [flags] if name == "sock_recv" else []
    while done < len(DATA):
        vecs = pieces(guest, done, 1500)
        clear(guest)
        size = moved(guest, name, fd, vecs, *words)
        assert size > 0
        assert taken(guest, len(DATA))[done : done + size] == DATA[done : done + size]
        if words and flags & abi.RECV_PEEK:
            break
        done += size
        if words and flags & abi.RECV_WAITALL:
            assert done == len(DATA)
    peer.close()


def datagrams(guest: NetCalls) -> tuple[int, socket.socket, int]:
    """A bound socket of the guest, one of the host, the port of the guest's."""
    fd = guest.open_socket(type_=abi.DGRAM)
    assert guest.bind(fd) == 0
    peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    peer.bind(("127.0.0.1", 0))
    peer.settimeout(30)
    return fd, peer, guest.local(fd)[3]


def test_datagrams_are_sent_whole(guest: NetCalls) -> None:
    fd, peer, _ = datagrams(guest)
    port = peer.getsockname()[1]
    where = guest.address(LOOPBACK[abi.INET4])
    assert moved(guest, "sock_send_to", fd, pieces(guest), where, port, 0) == len(DATA)
    assert peer.recv(1 << 16) == DATA
    assert guest.connect(fd, port) == 0
    for name, flags in ("fd_write", []), ("sock_send", [0]):
        assert moved(guest, name, fd, pieces(guest, 0, 1500), *flags) == len(DATA)
        assert peer.recv(1 << 16) == DATA
    array, _ = guest.iovecs(*[(0, 60)] * COUNT)  # 180,000 bytes
    out = guest.put(bytes(4))
    assert guest.call("sock_send", fd, array, COUNT, 0, out) == errno.MSGSIZE
    peer.close()


def test_datagrams_are_received_whole(guest: NetCalls) -> None:
    fd, peer, port = datagrams(guest)
    host = ("127.0.0.1", port)
    where, out = guest.address(bytes(128)), guest.put(bytes(16))
    for size in (len(DATA), PIECE * 1023, PIECE * 1023 - 1, PIECE * 1023 + 1, 1, 0, 65000):
        for name in ("fd_read", "sock_recv", "sock_recv_from"):
            data = (DATA * 8)[:size]
            peer.sendto(data, host)
            vecs = pieces(guest, 0, 1500)
            clear(guest)
            out = guest.put(bytes(16))
            if name == "sock_recv_from":
                words = (fd, *vecs, where, 0, out + 8, out, out + 4)
                assert guest.typed(name, *words) == 0
                assert guest.u32(out + 8) == peer.getsockname()[1]
            elif name == "sock_recv":
                assert guest.call(name, fd, *vecs, 0, out, out + 4) == 0
            else:
                assert guest.call(name, fd, *vecs, out) == 0
            fits = min(size, len(DATA))
            assert guest.u32(out) == fits
            if name != "fd_read":
                assert guest.u32(out + 4) & 0xFFFF == int(size > fits)
            assert taken(guest, len(DATA)) == data[:fits] + bytes(len(DATA) - fits)
    peer.close()


def test_more_than_32_bits_in_total(guest: NetCalls, file: int) -> None:
    """8192 buffers of 1 MiB, the same one."""
    guest.memory[:65536] = struct.pack("<II", 0, 1 << 20) * 8192
    out = 1 << 19
    written = struct.pack("<II", 1 << 18, 5)
    guest.memory[out + 8 : out + 16] = written
    assert guest.call("fd_write", file, out + 8, 1, out) == 0
    assert guest.call("fd_pread", file, 0, 8192, 0, out) == 0
    assert guest.u32(out) == 5


def test_more_buffers_than_anybody_looks_at(guest: NetCalls, file: int, tmp_path: Path) -> None:
    guest.use_memory(2 << 20)
    guest.memory[: 8 * 100_000] = struct.pack("<II", 1 << 20, 1) * 100_000
    assert guest.call("fd_write", file, 0, 100_000, 1 << 20) == 0
    assert 0 < guest.u32(1 << 20) == (tmp_path / "file").stat().st_size


def test_a_guest_with_many_empty_buffers_can_be_stopped() -> None:
    guest = Guest()
    guest.use_memory(32 << 20)
    guest.env.set_stream(1, lambda data: None)
    with stoppable() as thread:
        assert guest.call("fd_write", 1, 0, 100, 1 << 10) == 0
        waiting.wake(thread)
        with pytest.raises(Trap):
            guest.call("fd_write", 1, 0, 4 << 20, 1 << 10)
        with pytest.raises(Trap):
            guest.call("poll_oneoff", 0, 0, 400_000, 0)


# --- subscriptions ---

MANY = 40_000  # more than are looked at together


def poll(guest: Guest, subscriptions: list[bytes]) -> list[tuple[int, ...]]:
    data = b"".join(subscriptions)
    guest.use_memory(len(data) * 2 + 8)
    guest.memory[: len(data)] = data
    out = len(data) * 2
    assert guest.call("poll_oneoff", 0, len(data), len(subscriptions), out) == 0
    number = guest.u32(out)
    return list(abi.EVENT.iter_unpack(guest.memory[len(data) : len(data) + 32 * number]))


def clock(userdata: int, timeout: int) -> bytes:
    clock = (abi.EVENT_CLOCK, abi.MONOTONIC, timeout, 0, 0)
    return abi.SUBSCRIPTION.pack(userdata, *clock)


def on_fd(userdata: int, tag: int, fd: int) -> bytes:
    return abi.SUBSCRIPTION.pack(userdata, tag, fd, 0, 0, 0)


NEVER = 10**18


@pytest.fixture(params=[NetGuest, NetMachine])
def poller(request: pytest.FixtureRequest) -> Iterator[NetCalls]:
    guest: NetCalls = request.param()
    yield guest
    guest.env.close()


@pytest.mark.parametrize("at", [0, MANY // 2, MANY - 1])
def test_many_clocks(poller: NetCalls, at: int) -> None:
    subscriptions = [clock(i, NEVER) for i in range(MANY)]
    subscriptions[at] = clock(at, 300_000_000)
    start = time.monotonic()
    assert poll(poller, subscriptions) == [(at, 0, abi.EVENT_CLOCK, 0, 0)]
    assert time.monotonic() - start >= 0.3


@pytest.mark.parametrize("at", [0, MANY // 2, MANY - 1])
def test_a_descriptor_among_many_clocks(poller: NetCalls, at: int) -> None:
    reader, writer = os.pipe()
    poller.env.set_stream(0, reader)
    subscriptions = [clock(i, NEVER) for i in range(MANY)]
    subscriptions[at] = on_fd(7, abi.EVENT_FD_READ, 0)
    timer = threading.Timer(0.2, os.write, (writer, b"abc"))
    timer.start()
    assert poll(poller, subscriptions) == [(7, 0, abi.EVENT_FD_READ, 3, 0)]
    timer.join()
    os.close(reader)
    os.close(writer)


def test_every_event_of_many(poller: NetCalls) -> None:
    reader, writer = os.pipe()
    poller.env.set_stream(0, reader)
    os.write(writer, b"abc")
    subscriptions = [on_fd(i, abi.EVENT_FD_READ, (0, 77)[i % 2]) for i in range(MANY)]
    events = poll(poller, subscriptions)
    good, bad = (0, abi.EVENT_FD_READ, 3, 0), (errno.BADF, abi.EVENT_FD_READ, 0, 0)
    assert sorted(events) == [(i, *(good, bad)[i % 2]) for i in range(MANY)]
    os.close(reader)
    os.close(writer)


@contextmanager
def file_limit(number: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (number, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_more_subscriptions_than_the_process_may_have_files(poller: NetCalls) -> None:
    fd, peer = poller.connection()
    subscriptions = [on_fd(i, abi.EVENT_FD_READ, fd) for i in range(300)]
    subscriptions.append(on_fd(300, abi.EVENT_FD_WRITE, fd))
    with file_limit(128):
        ((userdata, *_),) = poll(poller, subscriptions)
        assert userdata == 300
        peer.sendall(b"x")
        assert select.select([poller.env.table[fd].host], [], [], 30)[0]
        assert len(poll(poller, subscriptions)) == 301
    peer.close()
