"""Socket functions of a guest, with peers on the host."""

from __future__ import annotations

import os
import resource
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext

import pytest
from socket_guest import FAMILIES, HOSTS, LOOPBACK, NetCalls, NetGuest, NetMachine, has_ipv6
from wasi_machine import stoppable

from pywasmedge.base import waiting
from pywasmedge.wasi import abi, errno
from pywasmedge.wasi.function import FUNCTIONS
from pywasmedge.wasi.groups import find_all

READ, WRITE = abi.EVENT_FD_READ, abi.EVENT_FD_WRITE
MILLISECOND = 1_000_000

both_families = pytest.mark.parametrize(
    "family",
    [
        abi.INET4,
        pytest.param(abi.INET6, marks=pytest.mark.skipif(not has_ipv6(), reason="no IPv6")),
    ],
    ids=["IPv4", "IPv6"],
)


@pytest.fixture(params=["Python", "Python watched", "C", "C watched"])
def guest(request: pytest.FixtureRequest) -> Iterator[NetCalls]:
    """Calls Python's functions or C's, on a thread that can be stopped or on one that cannot."""
    guest = NetMachine() if request.param.startswith("C") else NetGuest()
    with stoppable() if request.param.endswith("watched") else nullcontext():
        yield guest
    guest.env.close()


def later(do: Callable[[], object], seconds: float = 0.03) -> threading.Timer:
    timer = threading.Timer(seconds, do)
    timer.start()
    return timer


@both_families
def test_a_stream(guest: NetCalls, family: int) -> None:
    fd, port = guest.listener(family)
    with socket.create_connection((HOSTS[family], port), 30) as peer:
        error, connection = guest.accept(fd)
        assert error == 0
        peer.sendall(b"hello")
        assert guest.recv(connection, 100) == (0, b"hello", 0)
        assert guest.send(connection, b"good", b"", b"bye") == (0, 7)
        assert peer.recv(100) == b"goodbye"
        peer.sendall(b"by fd_read")
        assert guest.read(connection) == (0, b"by fd_read")
        assert guest.write(connection, b"by ", b"fd_write") == (0, 11)
        assert peer.recv(100) == b"by fd_write"
        raw = LOOPBACK[family]
        filled = raw + b"\xaa" * (16 - len(raw))
        kind = {abi.INET4: 4, abi.INET6: 6}[family]
        assert guest.local(connection) == (0, filled, kind, port)
        host_port = peer.getsockname()[1]
        assert guest.local(connection, "sock_getpeeraddr") == (0, filled, kind, host_port)
        where, out = guest.address(b"\xaa" * 128), guest.put(bytes(4))
        for name, expected in ("sock_getpeeraddr", host_port), ("sock_getlocaladdr", port):
            assert guest.typed(name, connection, where, out) == 0
            assert guest.bytes_of(where) == struct.pack("<H126s", family, raw)
            assert guest.u32(out) == expected
        assert guest.call("sock_shutdown", connection, 2) == 0
        assert peer.recv(100) == b""
        peer.close()
        assert guest.recv(connection) == (0, b"", 0)
    assert guest.call("fd_close", connection) == 0
    assert guest.recv(connection)[0] == errno.BADF


@both_families
def test_connecting(guest: NetCalls, family: int) -> None:
    fd, peer = guest.connection(family)
    with peer:
        assert guest.send(fd, b"hello") == (0, 5)
        assert peer.recv(100) == b"hello"
    tagged = struct.pack("<H126s", family, LOOPBACK[family])
    with socket.create_server((HOSTS[family], 0), family=FAMILIES[family]) as server:
        fd = guest.open_socket(family)
        assert guest.connect(fd, server.getsockname()[1], tagged) == 0
        server.accept()[0].close()


@both_families
def test_datagrams(guest: NetCalls, family: int) -> None:
    fd = guest.open_socket(family, abi.DGRAM)
    assert guest.bind(fd, LOOPBACK[family]) == 0
    port = guest.local(fd)[3]
    with socket.socket(FAMILIES[family], socket.SOCK_DGRAM) as peer:
        peer.bind((HOSTS[family], 0))
        host_port = peer.getsockname()[1]
        assert guest.send_to(fd, b"question", LOOPBACK[family], host_port) == 0
        assert peer.recv(100) == b"question"

        raw, out = LOOPBACK[family], guest.put(bytes(12))
        vecs = guest.iovecs(guest.room(4))
        plain = guest.address(b"\xaa" * 16)
        peer.sendto(b"0123456789", (HOSTS[family], port))
        assert guest.call("sock_recv_from", fd, *vecs, plain, 0, out, out + 4) == 0
        assert (guest.u32(out), guest.u32(out + 4) & 0xFFFF) == (4, 1)  # cut off
        if family == abi.INET4:
            image = struct.pack("<H", 2) + struct.pack(">H", host_port) + raw + bytes(8)
        else:
            image = struct.pack("<H", 10) + struct.pack(">HI", host_port, 0) + raw[:8]
        assert guest.bytes_of(plain) == image

        where = guest.address(b"\xaa" * 16)
        for peek in (abi.RECV_PEEK, 0):
            if peek:
                peer.sendto(b"abc", (HOSTS[family], port))
            assert guest.typed("sock_recv_from", fd, *vecs, where, peek, out, out + 4, out + 8) == 0
            assert (guest.u32(out), guest.u32(out + 4)) == (host_port, 3)
            assert guest.bytes_of(where) == raw + b"\xaa" * (16 - len(raw))
        tagged = guest.address(b"\xaa" * 128)
        peer.sendto(b"", (HOSTS[family], port))
        assert guest.typed("sock_recv_from", fd, *vecs, tagged, 0, out, out + 4, out + 8) == 0
        assert (guest.u32(out), guest.u32(out + 4)) == (host_port, 0)
        assert guest.bytes_of(tagged) == struct.pack("<H126s", family, raw)

        assert guest.call("sock_recv_from", fd, *vecs, tagged, 0, out, out + 4) == errno.INVAL
        odd = guest.address(bytes(5))
        for size in (7, 8):
            args = (fd, *vecs, odd, 0, out, out + 4, out + 8)[:size]
            call = guest.call if size == 7 else guest.typed
            assert call("sock_recv_from", *args) == errno.INVAL

        assert guest.connect(fd, host_port, raw) == 0
        guest.use_memory(1 << 18)
        assert guest.send(fd, b"x" * 70000)[0] == errno.MSGSIZE
        assert guest.send(fd, b"connected") == (0, 9)
        assert peer.recv(100) == b"connected"


def test_what_a_new_socket_is(guest: NetCalls) -> None:
    out = guest.put(bytes(24))
    for type_, file_type in (abi.STREAM, abi.SOCKET_STREAM), (abi.DGRAM, abi.SOCKET_DGRAM):
        fd = guest.open_socket(type_=type_)
        assert guest.call("fd_fdstat_get", fd, out) == 0
        got = abi.LAYOUTS["Fdstat"].unpack_from(guest.memory, out)
        assert got[:2] == (file_type, 0)
        assert got[2] & 0xFF800004A == 0xFF800004A
        assert guest.get_option(fd, 1) == (0, type_.to_bytes(4, "little"))
        guest.nonblock(fd)
        assert guest.call("fd_fdstat_get", fd, out) == 0
        assert abi.LAYOUTS["Fdstat"].unpack_from(guest.memory, out)[1] == abi.NONBLOCK
        assert guest.call("fd_seek", fd, 0, 1, out) == errno.NOTCAPABLE
        assert guest.fstat(fd)[0] == 0


@pytest.mark.parametrize(("family", "type_"), [(0, 2), (3, 2), (1, 0), (1, 3), (255, 255)])
def test_kinds_of_sockets_that_do_not_exist(family: int, type_: int) -> None:
    assert NetGuest().call("sock_open", family, type_, 8) == errno.INVAL


def test_only_the_low_bits_of_an_enumeration_count() -> None:
    guest = NetGuest()
    assert guest.call("sock_open", 257, 514, 8) == 0
    guest.env.close()


def test_not_blocking(guest: NetCalls) -> None:
    fd, port = guest.listener()
    guest.nonblock(fd)
    assert guest.accept(fd)[0] == errno.AGAIN
    assert guest.poll((READ, fd), timeout=MILLISECOND)[0][0] == (1 << 64) - 1
    with socket.create_connection(("127.0.0.1", port), 30) as peer:
        assert guest.poll((READ, fd), timeout=10**12)[0][:3] == (0, 0, READ)
        out = guest.put(bytes(4))
        assert guest.typed("sock_accept", fd, abi.NONBLOCK, out) == 0
        connection = guest.u32(out)
        assert guest.recv(connection)[0] == errno.AGAIN
        assert guest.read(connection)[0] == errno.AGAIN
        peer.sendall(b"12345")
        assert guest.poll((READ, connection), timeout=10**12) == [(0, 0, READ, 5, 0)]
        both = guest.poll((READ, connection), (WRITE, connection), (READ, connection))
        assert [event[:3] for event in both] == [(0, 0, READ), (1, 0, WRITE), (2, 0, READ)]
        sent = 0
        while True:
            guest.fresh()
            error, size = guest.send(connection, b"x" * 30000)
            if error:
                break
            sent += size
        assert error == errno.AGAIN
        assert guest.poll((WRITE, connection), timeout=0)[0][2] == abi.EVENT_CLOCK
        while sent:
            sent -= len(peer.recv(1 << 16))
        assert guest.poll((WRITE, connection), timeout=10**12)[0][:3] == (0, 0, WRITE)
        peer.close()
    event = guest.poll((READ, connection), timeout=10**12)[0]
    assert event[:3] == (0, 0, READ)
    assert guest.recv(connection)[1] == b"12345"
    assert guest.recv(connection)[1] == b""
    assert guest.typed("sock_accept", fd, 32, out) == errno.INVAL


def test_connecting_without_blocking(guest: NetCalls) -> None:
    fd, port = guest.listener()
    client = guest.open_socket()
    guest.nonblock(client)
    assert guest.connect(client, port) in (0, errno.INPROGRESS)
    assert guest.poll((WRITE, client), timeout=10**12)[0][:3] == (0, 0, WRITE)
    assert guest.get_option(client, 2) == (0, bytes(4))
    assert guest.call("fd_close", fd) == 0
    client = guest.open_socket()
    guest.nonblock(client)
    if guest.connect(client, port) == errno.INPROGRESS:
        assert guest.poll((WRITE, client), timeout=10**12)[0][:3] == (0, 0, WRITE)
        refused = errno.CONNREFUSED.to_bytes(4, "little")
        assert guest.get_option(client, 2) == (0, refused)


def test_blocking_calls_wait(guest: NetCalls) -> None:
    fd, port = guest.listener()
    peers: list[socket.socket] = []
    timer = later(lambda: peers.append(socket.create_connection(("127.0.0.1", port), 30)))
    error, connection = guest.accept(fd)
    assert error == 0
    timer.join()
    timer = later(lambda: peers[0].sendall(b"late"))
    assert guest.recv(connection) == (0, b"late", 0)
    timer.join()
    total = bytearray()

    def drain() -> None:
        while len(total) < 30 * 60000:
            total.extend(peers[0].recv(1 << 16))

    timer = later(drain)
    for number in range(30):
        guest.fresh()
        call = guest.send if number % 2 else guest.write
        assert call(connection, *[bytes([number]) * 30000] * 2) == (0, 60000)
    timer.join()
    assert total == b"".join(bytes([number]) * 60000 for number in range(30))
    peers[0].close()


def test_waiting_for_all(guest: NetCalls) -> None:
    fd, peer = guest.connection()
    with peer:
        peer.sendall(b"abc")
        timer = later(lambda: peer.sendall(b"defgh"))
        both = abi.RECV_PEEK | abi.RECV_WAITALL
        assert guest.recv(fd, 8, both) == (0, b"abcdefgh", 0)
        timer.join()
        assert guest.recv(fd, 8, abi.RECV_WAITALL) == (0, b"abcdefgh", 0)
        peer.sendall(b"xy")
        timer = later(peer.close)
        assert guest.recv(fd, 8, abi.RECV_WAITALL) == (0, b"xy", 0)
        timer.join()
    assert guest.recv(fd, 8, 4)[0] == errno.INVAL


def test_timeouts(guest: NetCalls) -> None:
    fd, peer = guest.connection()
    with peer:
        value = abi.TIMEVAL.pack(0, 40_000)
        assert guest.set_option(fd, 11, value) == 0
        assert guest.set_option(fd, 12, value) == 0
        assert guest.get_option(fd, 11, 16)[1] == value
        start = time.monotonic()
        assert guest.recv(fd)[0] == errno.AGAIN
        assert guest.read(fd)[0] == errno.AGAIN
        assert time.monotonic() - start >= 0.05
        for _ in range(1000):
            guest.fresh()
            if guest.send(fd, b"x" * 30000)[0]:
                break
        else:
            pytest.fail("a peer that reads nothing takes everything")


def test_options(guest: NetCalls) -> None:
    fd = guest.open_socket()
    one, zero = (1).to_bytes(4, "little"), bytes(4)
    for name in (0, 7, 8):  # reuseaddr, keepalive, oobinline
        assert guest.get_option(fd, name) == (0, zero)
        assert guest.set_option(fd, name, one) == 0
        assert guest.get_option(fd, name) == (0, one)
    for name in (5, 6):
        assert guest.set_option(fd, name, (9000).to_bytes(4, "little")) == 0
        assert int.from_bytes(guest.get_option(fd, name)[1], "little") >= 9000
    linger = struct.pack("<ii", 1, 5)
    assert guest.set_option(fd, 9, linger) == 0
    assert guest.get_option(fd, 9, 8) == (0, linger)
    assert guest.get_option(fd, 9, 2) == (0, linger[:2])
    assert guest.get_option(fd, 7, 60)[1] == one
    for name in (1, 2, 13):
        assert guest.set_option(fd, name, one) == errno.NOPROTOOPT
    assert guest.get_option(fd, 13) == (0, zero)
    assert guest.bind(fd) == 0
    assert guest.call("sock_listen", fd, 1) == 0
    assert guest.get_option(fd, 13) == (0, one)
    for level, name in ((0, 14), (1, 0), (0, 1 << 31), (1 << 31, 0)):
        assert guest.get_option(fd, name, level=level)[0] == errno.INVAL
        assert guest.set_option(fd, name, one, level=level) == errno.INVAL
    assert guest.set_option(fd, 0, b"\1") == errno.INVAL
    assert guest.call("sock_getsockopt", fd, 0, 0, 0, 65533) == errno.FAULT
    length = guest.put((8).to_bytes(4, "little"))
    assert guest.call("sock_getsockopt", fd, 0, 0, 65533, length) == errno.FAULT
    assert guest.call("sock_setsockopt", fd, 0, 0, 65533, 4) == errno.FAULT
    assert guest.call("sock_setsockopt", fd, 0, 0, 0, (1 << 32) - 1) == errno.FAULT


def test_errors_of_the_network(guest: NetCalls) -> None:
    fd, port = guest.listener()
    other = guest.open_socket()
    assert guest.bind(other, port=port) == errno.ADDRINUSE
    assert guest.connect(fd, port) != 0
    assert guest.call("fd_close", fd) == 0
    client = guest.open_socket()
    assert guest.connect(client, port) == errno.CONNREFUSED
    assert guest.local(guest.open_socket(), "sock_getpeeraddr")[0] == errno.NOTCONN
    assert guest.send(guest.open_socket(), b"x")[0] in (errno.NOTCONN, errno.PIPE)
    assert guest.recv(guest.open_socket())[0] == errno.NOTCONN
    assert guest.call("sock_shutdown", guest.open_socket(), 3) == errno.NOTCONN
    assert guest.accept(guest.open_socket())[0] == errno.INVAL
    assert guest.bind(guest.open_socket(), bytes([192, 0, 2, 1])) == errno.ADDRNOTAVAIL
    datagrams = guest.open_socket(type_=abi.DGRAM)
    assert guest.send(datagrams, b"x")[0] == errno.DESTADDRREQ
    assert guest.accept(datagrams)[0] == errno.NOTSUP
    assert guest.call("sock_listen", datagrams, 1) == errno.NOTSUP


def test_dead_peers(guest: NetCalls) -> None:
    fd, peer = guest.connection()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()  # a reset
    assert guest.poll((READ, fd), timeout=10**12)[0][4] == abi.HANGUP
    assert guest.recv(fd)[0] == errno.CONNRESET
    assert guest.send(fd, b"x")[0] == errno.PIPE
    fd, peer = guest.connection()
    peer.shutdown(socket.SHUT_WR)  # half closed
    assert guest.recv(fd) == (0, b"", 0)
    assert guest.send(fd, b"still there") == (0, 11)
    assert peer.recv(100) == b"still there"
    assert guest.call("sock_shutdown", fd, 0) == 0
    assert guest.call("sock_shutdown", fd, 1) == 0
    assert guest.call("sock_shutdown", fd, 3) == 0
    assert guest.call("sock_shutdown", fd, 4) == errno.INVAL
    peer.close()


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6")
def test_families_do_not_mix(guest: NetCalls) -> None:
    four, six = guest.open_socket(abi.INET4), guest.open_socket(abi.INET6)
    assert guest.bind(four, bytes(16)) == errno.AFNOSUPPORT
    assert guest.connect(six, 80, bytes(4)) == errno.AFNOSUPPORT
    assert guest.bind(four, struct.pack("<H126s", 3, b"/tmp/x")) == errno.AFNOSUPPORT
    assert guest.bind(four, struct.pack("<H126s", 9, b"")) == errno.AFNOSUPPORT
    for size in (0, 3, 5, 15, 17, 127, 129):
        assert guest.bind(four, bytes(size)) == errno.INVAL
        assert guest.connect(four, 80, bytes(size)) == errno.INVAL
    assert guest.bind(six, LOOPBACK[abi.INET6]) == 0
    where, out = guest.address(bytes(4)), guest.put(bytes(8))
    assert guest.call("sock_getlocaladdr", six, where, out, out + 4) == errno.INVAL
    where = guest.address(bytes(20))
    assert guest.call("sock_getlocaladdr", six, where, out, out + 4) == errno.INVAL
    assert guest.typed("sock_getlocaladdr", six, where, out) == errno.INVAL


@pytest.mark.parametrize("name", sorted(n for n in find_all() if n.startswith("sock_")))
def test_descriptors_that_are_no_sockets(name: str) -> None:
    if name.startswith(("sock_open", "sock_getaddrinfo")):
        return
    guest = NetGuest()
    guest.env.set_stream(0, b"")
    plain, tagged = guest.address(bytes(16)), guest.address(bytes(128))
    for fd, expected in (0, errno.NOTSOCK), (9, errno.BADF):
        args = [fd] + [0] * (len(FUNCTIONS[name].params) - 1)
        if "addr" in name or "from" in name or "bind" in name or "connect" in name:
            position = 3 if "from" in name else 1
            args[position] = tagged if "addr" in name and name.endswith("_v2") else plain
        if "send_to" in name:
            args[3] = plain
        assert guest.call(name, *args) == expected


def test_addresses_outside_of_memory(guest: NetCalls) -> None:
    fd = guest.open_socket(type_=abi.DGRAM)
    beyond = guest.put(abi.ADDRESS.pack(65535, 4))
    out = guest.put(bytes(16))
    for where in (65532, 65536, (1 << 32) - 1, beyond):
        assert guest.call("sock_bind", fd, where, 80) == errno.FAULT
        assert guest.call("sock_connect", fd, where, 80) == errno.FAULT
        assert guest.call("sock_getlocaladdr", fd, where, out, out) == errno.FAULT
        assert guest.call("sock_getpeeraddr_v2", fd, where, out) == errno.FAULT
        assert guest.call("sock_recv_from", fd, 0, 0, where, 0, out, out) == errno.FAULT
        assert guest.call("sock_recv_from_v2", fd, 0, 0, where, 0, out, out, out) == errno.FAULT
        assert guest.call("sock_send_to", fd, 0, 0, where, 80, 0, out) == errno.FAULT
    assert guest.call("sock_send", fd, 0, 0, 1, out) == errno.INVAL
    assert guest.call("sock_send_to", fd, 0, 0, out, 80, 1, out) == errno.INVAL


@pytest.mark.parametrize("what", ["accept", "recv", "read", "recv_from", "send", "write", "all"])
def test_waits_end_when_the_thread_is_woken(what: str) -> None:
    guest = NetMachine()
    listening = guest.listener()[0]
    fd, peer = guest.connection()
    datagrams = guest.open_socket(type_=abi.DGRAM)
    assert guest.bind(datagrams) == 0

    def wait() -> int:
        guest.fresh()
        if what == "accept":
            return guest.accept(listening)[0]
        if what == "recv":
            return guest.recv(fd)[0]
        if what == "all":
            return guest.recv(fd, 8, abi.RECV_WAITALL | abi.RECV_PEEK)[0]
        if what == "read":
            return guest.read(fd)[0]
        if what == "recv_from":
            out, where = guest.put(bytes(8)), guest.address(bytes(16))
            return guest.call("sock_recv_from", datagrams, 0, 0, where, 0, out, out + 4)
        while True:
            guest.fresh()
            call = guest.send if what == "send" else guest.write
            error, _ = call(fd, b"x" * 30000)
            if error:
                return error

    if what == "all":
        peer.sendall(b"abc")
    with stoppable() as thread:
        timer = later(lambda: waiting.wake(thread))
        start = time.monotonic()
        assert wait() == errno.INTR
        assert time.monotonic() - start < 5
        timer.join()
    peer.close()
    guest.env.close()


def test_descriptors_run_out(guest: NetCalls) -> None:
    fd, port = guest.listener()
    waiting.handle()
    before = len(os.listdir("/proc/self/fd"))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.create_connection(("127.0.0.1", port), 30):
        guest.poll((READ, fd))
        lowest = os.dup(0)
        os.close(lowest)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
        try:
            guest.fresh()
            assert guest.call("sock_open", 1, 2, 8) == errno.MFILE
            assert guest.accept(fd)[0] == errno.MFILE
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert guest.accept(fd)[0] == 0
    for _ in range(300):
        guest.fresh()
        assert guest.call("fd_close", guest.open_socket()) == 0
    guest.env.close()
    assert len(os.listdir("/proc/self/fd")) <= before


def test_a_default_timeout_of_the_host_changes_nothing(guest: NetCalls) -> None:
    ours, theirs = socket.socketpair()
    socket.setdefaulttimeout(0.01)
    try:
        guest.env.set_stream(0, ours.fileno())
        timer = later(lambda: theirs.send(b"late"), 0.1)
        assert guest.read(0) == (0, b"late")
        timer.join()
        assert os.get_blocking(ours.fileno())
    finally:
        socket.setdefaulttimeout(None)
    ours.close()
    theirs.close()


def test_a_listening_socket_given_by_the_host(guest: NetCalls) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        guest.env.set_stream(0, server.fileno())
        guest.nonblock(0)
        assert guest.accept(0)[0] == errno.AGAIN
        assert guest.call("fd_fdstat_set_flags", 0, 0) == 0
        with socket.create_connection(server.getsockname(), 30) as peer:
            error, fd = guest.accept(0)
            assert error == 0
            assert guest.send(fd, b"hello") == (0, 5)
            assert peer.recv(100) == b"hello"
        assert os.get_blocking(server.fileno())
