"""Sockets and polling under bad conditions: peers, flags, signals, overlap, wear."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from socket_guest import NetCalls, NetGuest, NetMachine
from wasi_guest import Guest
from wasi_machine import stoppable

from pywasmedge.base import waiting
from pywasmedge.wasi import abi, errno
from pywasmedge.wasi.function import PREVIEW0
from pywasmedge.wasi.groups import find_all_preview0

PAGE = 65536


@pytest.fixture(params=[NetGuest, NetMachine])
def guest(request: pytest.FixtureRequest) -> Iterator[NetCalls]:
    guest = request.param()
    yield guest
    guest.env.close()


# --- flags ---------------------------------------------------------------------------------------


def test_unknown_flags_are_inval(guest: NetCalls) -> None:
    fd, peer = guest.connection()
    peer.sendall(b"data")
    datagrams = guest.open_socket(type_=abi.DGRAM)
    assert guest.bind(datagrams) == 0
    iov, where, out = guest.iovecs(guest.room(8)), guest.address(bytes(16)), guest.put(bytes(16))
    for flags in (4, 8, 1 << 15, 0xFFFF):
        assert guest.call("sock_recv", fd, *iov, flags, out, out + 4) == errno.INVAL
        args = (datagrams, *iov, where, flags, out, out + 4)
        assert guest.call("sock_recv_from", *args) == errno.INVAL
    for flags in (1, 1 << 15, 0xFFFF):
        assert guest.call("sock_send", fd, *iov, flags, out) == errno.INVAL
        assert guest.call("sock_send_to", fd, *iov, where, 80, flags, out) == errno.INVAL
    for how in (4, 0xFF):
        assert guest.call("sock_shutdown", fd, how) == errno.INVAL
    assert guest.recv(fd) == (0, b"data", 0)
    peer.close()


def test_rights_of_the_standard_are_not_wanted_by_socket_functions(guest: NetCalls) -> None:
    fd, peer = guest.connection()
    assert guest.call("fd_fdstat_set_rights", fd, 0, 0) == 0
    assert guest.send(fd, b"x") == (0, 1)
    assert guest.write(fd, b"x")[0] == errno.NOTCAPABLE
    assert guest.read(fd)[0] == errno.NOTCAPABLE
    assert guest.call("sock_shutdown", fd, 3) == 0
    peer.close()


# --- addresses -----------------------------------------------------------------------------------


def test_overlapping_buffers_of_a_socket(guest: NetCalls) -> None:
    """The iovec array is itself where the data goes, then the results."""
    fd, peer = guest.connection()
    peer.sendall(b"0123456789abcdef")
    array, _ = guest.iovecs((0, 0))
    guest.memory[array : array + 8] = array.to_bytes(4, "little") + (16).to_bytes(4, "little")
    assert guest.call("sock_recv", fd, array, 1, 0, array, array + 4) == 0
    assert bytes(guest.memory[array : array + 16]) == b"\x10\0\0\0\0\x0067" + b"89abcdef"
    assert guest.call("sock_send", fd, array + 8, 0, 0, array) == 0
    peer.close()


@pytest.mark.parametrize("distance", [0, 8, 16, 32, 48])
def test_events_over_subscriptions(guest: NetCalls, distance: int) -> None:
    subs = [(n + 1, abi.EVENT_CLOCK, abi.MONOTONIC, 0, 0, 0) for n in range(4)]
    data = b"".join(abi.SUBSCRIPTION.pack(*sub) for sub in subs)
    at, apart = guest.put(data), guest.room(128)[0]
    out = guest.put(bytes(4))
    assert guest.call("poll_oneoff", at, apart, 4, out) == 0
    expected = bytes(guest.memory[apart : apart + 128])
    assert guest.call("poll_oneoff", at, at + distance, 4, out) == 0
    assert bytes(guest.memory[at + distance : at + distance + 128]) == expected
    assert guest.u32(out) == 4


def test_addresses_in_preview_0() -> None:
    guest = Guest()
    for name, function in find_all_preview0().items():
        if function is not PREVIEW0.get(name):
            continue
        count = len(function.params)
        for bad in (PAGE, (1 << 32) - 8, (1 << 32) - 1):
            args = [0] * (count - 1) + [bad]
            before = bytes(guest.memory)
            answer = function.bind(guest.env)(guest.memory, *args)
            assert answer == errno.FAULT, (name, bad)
            assert bytes(guest.memory) == before


# --- peers ---------------------------------------------------------------------------------------


@contextmanager
def deaf() -> Iterator[int]:
    """The port of a listener that answers no further attempt to connect."""
    with socket.socket() as server, socket.socket() as first, socket.socket() as second:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for client in (first, second):
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield server.getsockname()[1]


def test_connecting_to_a_peer_that_never_answers(guest: NetCalls) -> None:
    with deaf() as port:
        fd = guest.open_socket()
        with stoppable() as thread:
            timer = threading.Timer(0.05, lambda: waiting.wake(thread))
            timer.start()
            assert guest.connect(fd, port) == errno.INTR
            timer.join()
        other = guest.open_socket()
        guest.nonblock(other)
        assert guest.connect(other, port) == errno.INPROGRESS
        events = guest.poll((abi.EVENT_FD_WRITE, other), timeout=50_000_000)
        assert [event[2] for event in events] == [abi.EVENT_CLOCK]


@contextmanager
def signals() -> Iterator[list[int]]:
    """A signal every ten milliseconds, handled by the host."""
    seen: list[int] = []
    old = signal.signal(signal.SIGALRM, lambda number, _: seen.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    try:
        yield seen
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


@pytest.mark.parametrize("what", ["accept", "recv", "read", "recv_from", "poll"])
def test_signals_do_not_end_a_wait(guest: NetCalls, what: str) -> None:
    listening, port = guest.listener()
    fd, peer = guest.connection()
    datagrams = guest.open_socket(type_=abi.DGRAM)
    assert guest.bind(datagrams) == 0
    to = ("127.0.0.1", guest.local(datagrams)[3])
    client, sender = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
    out, where = guest.put(bytes(8)), guest.address(bytes(16))

    def act() -> None:
        time.sleep(0.1)
        if what == "accept":
            client.connect(("127.0.0.1", port))
        elif what == "recv_from":
            sender.sendto(b"late", to)
        else:
            peer.sendall(b"late")

    thread = threading.Thread(target=act)
    with signals() as seen:
        thread.start()
        if what == "accept":
            assert guest.accept(listening)[0] == 0
        elif what == "recv":
            assert guest.recv(fd) == (0, b"late", 0)
        elif what == "read":
            assert guest.read(fd) == (0, b"late")
        elif what == "poll":
            assert [event[3] for event in guest.poll((abi.EVENT_FD_READ, fd))] == [4]
        else:
            vecs = guest.iovecs(guest.room(8))
            args = (datagrams, *vecs, where, 0, out, out + 4)
            assert guest.call("sock_recv_from", *args) == 0
    thread.join()
    assert seen
    for end in (peer, client, sender):
        end.close()


def test_10_000_sockets(guest: NetCalls) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(10_000):
        guest.fresh()
        assert guest.call("fd_close", guest.open_socket()) == 0
    assert len(os.listdir("/proc/self/fd")) == before
