"""What of the network a guest may use, name lookup, and ``wasi_unstable``."""

from __future__ import annotations

import io
import os
import socket
import struct
import threading
import time
from pathlib import Path
from typing import Any

import capi_host
import pytest
import testdata
from socket_guest import LOOPBACK, NetGuest, has_ipv6

from pywasmedge import VM, WASI
from pywasmedge.base import waiting
from pywasmedge.wasi import abi, errno
from pywasmedge.wasi.network import Network

V4, V6 = LOOPBACK[abi.INET4], LOOPBACK[abi.INET6]
MAPPED = bytes(10) + b"\xff\xff" + V4


@pytest.mark.parametrize(
    ("patterns", "protocol", "address", "port", "allowed"),
    [
        ("tcp:127.0.0.1:8080", "tcp", V4, 8080, True),
        ("tcp:127.0.0.1:8080", "tcp", V4, 8081, False),
        ("tcp:127.0.0.1:8080", "udp", V4, 8080, False),
        ("tcp:127.0.0.1:8080", "tcp", b"\x7f\0\0\2", 8080, False),
        ("tcp:127.0.0.1:8080", "tcp", bytes(4), 8080, False),
        ("tcp:127.0.0.1:8080", "tcp", V4, 0, False),
        ("tcp:127.0.0.1:8080", "tcp", MAPPED, 8080, True),
        ("tcp:127.0.0.1:*", "tcp", V4, 0, True),
        ("udp:*:53", "udp", V4, 53, True),
        ("udp:*:53", "udp", V6, 53, True),
        ("udp:*:53", "udp", V6, 54, False),
        ("tcp:[::1]:*", "tcp", V6, 65535, True),
        ("tcp:[::1]:*", "tcp", V4, 80, False),
        ("tcp:[::1]:*", "tcp", MAPPED, 80, False),
        ("tcp:[::/0]:*", "tcp", MAPPED, 80, False),
        ("tcp:[fc00::/7]:*", "tcp", b"\xfd" + bytes(15), 80, True),
        ("tcp:[fc00::/7]:*", "tcp", b"\xfe" + bytes(15), 80, False),
        ("tcp:10.0.0.0/8:*", "tcp", b"\x0a\1\2\3", 80, True),
        ("tcp:10.0.0.0/8:*", "tcp", b"\x0b\1\2\3", 80, False),
        ("tcp:0.0.0.0/0:*", "tcp", b"\x0b\1\2\3", 80, True),
        ("tcp:*:8000-8010", "tcp", V4, 8010, True),
        ("tcp:*:8000-8010", "tcp", V4, 8011, False),
        ("tcp", "tcp", V4, 1, True),
        ("tcp", "udp", V4, 1, False),
        ("dns", "udp", V4, 53, False),
        ("*", "udp", V6, 1, True),
        ("udp:*:53, tcp:*:80", "tcp", V4, 80, True),
        (True, "tcp", V4, 80, True),
        (False, "tcp", V4, 80, False),
        ((), "tcp", V4, 80, False),
        (("udp:*:53", "tcp:*:80,dns"), "tcp", V4, 80, True),
    ],
)
def test_patterns(patterns: Any, protocol: str, address: bytes, port: int, allowed: bool) -> None:
    assert Network(patterns).allows(protocol, address, port) is allowed


@pytest.mark.parametrize(
    "pattern",
    [
        "everything",
        "tcp:",
        "tcp:80",
        "icmp:*:*",
        "tcp:*:",
        "tcp:*:65536",
        "tcp:*:-1",
        "tcp:*:80-",
        "tcp:*:http",
        "tcp:localhost:80",
        "tcp:::1:80",
        "tcp:[::1]",
        "tcp:[127.0.0.1]:80",
        "tcp:10.0.0.0/33:80",
        "tcp:10.0.0.0/:80",
        "tcp:[::/129]:80",
        "tcp:127.0.0.1 :x",
        "tcp:*:٣",
    ],
)
def test_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(ValueError, match="network pattern"):
        Network(("dns", pattern))
    with pytest.raises(ValueError, match="network pattern"):
        WASI(network=pattern)


def test_names_are_allowed_apart() -> None:
    assert Network("dns").names
    assert Network(True).names
    assert not Network("tcp,udp").names
    assert not Network(" , ")


def test_nothing_is_allowed_by_default() -> None:
    with WASI() as wasi:
        guest = NetGuest(False, wasi.env)
        for type_ in abi.DGRAM, abi.STREAM:
            assert guest.call("sock_open", abi.INET4, type_, 8) == errno.NOTCAPABLE


def test_what_is_denied() -> None:
    port = 9  # nobody listens, and nobody is asked
    guest = NetGuest(f"tcp:127.0.0.1:{port},udp:127.0.0.1:{port}")
    stream, datagrams = guest.open_socket(), guest.open_socket(type_=abi.DGRAM)
    for fd in stream, datagrams:
        assert guest.bind(fd) == errno.ACCES
        assert guest.bind(fd, bytes(4), port) == errno.ACCES
        assert guest.connect(fd, port + 1) == errno.ACCES
        assert guest.connect(fd, port + 65536, b"\x7f\0\0\2") == errno.ACCES
    assert guest.call("sock_listen", stream, 5) == errno.ACCES  # would be bound to any address
    assert guest.send_to(datagrams, b"x", V4, port + 1) == errno.ACCES
    assert guest.send_to(datagrams, b"x", V4, port) == 0
    assert guest.connect(stream, port) == errno.CONNREFUSED
    guest.env.close()


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6")
def test_an_ipv4_address_in_disguise() -> None:
    guest = NetGuest("tcp:127.0.0.1:9,tcp:[::1]:*")
    fd = guest.open_socket(abi.INET6)
    assert guest.connect(fd, 10, MAPPED) == errno.ACCES
    assert guest.connect(fd, 9, MAPPED) == errno.CONNREFUSED
    guest.env.close()


# --- names ---------------------------------------------------------------------------------------


class Chain:
    """A chain of result structures in a guest's memory, as guests prepare it."""

    def __init__(self, guest: NetGuest, count: int, room: int = 26, canon: int = 30) -> None:
        self.guest = guest
        self.nodes: list[int] = []
        next_ = 0
        for _ in range(count):
            data, name = guest.room(64)[0], guest.room(64)[0]
            where = guest.put(abi.SOCKADDR.pack(0, room, data))
            node = abi.ADDRINFO.pack(0, 0, 0, 0, 0, where, name if canon else 0, canon, next_)
            next_ = guest.put(node)
            self.nodes.insert(0, next_)
        self.head = guest.put(next_.to_bytes(4, "little"))

    def lookup(
        self,
        name: bytes,
        service: bytes = b"",
        hints: tuple[int, int, int, int] = (0, 0, 2, 0),
        most: int | None = None,
    ) -> tuple[int, int]:
        """Errno and number of results."""
        guest = self.guest
        out, most = guest.put(bytes(4)), len(self.nodes) if most is None else most
        at = guest.put(abi.ADDRINFO.pack(*hints, 0, 0, 0, 0, 0))
        words = *guest.text(name), *guest.text(service)
        return guest.call("sock_getaddrinfo", *words, at, self.head, most, out), guest.u32(out)

    def result(self, index: int = 0) -> tuple[tuple[int, ...], int, bytes, bytes]:
        """The first five fields, the family and the data of the address, the canonical name."""
        memory = self.guest.memory
        fields = abi.ADDRINFO.unpack_from(memory, self.nodes[index])
        where, canon, length, next_ = fields[5:]
        assert next_ == (self.nodes[index + 1] if index + 1 < len(self.nodes) else 0)
        family, size, data = abi.SOCKADDR.unpack_from(memory, where)
        name = bytes(memory[canon : canon + length]) if canon else b""
        if length:
            assert memory[canon + length] == 0
        return fields[:5], family, bytes(memory[data : data + size]), name


@pytest.mark.parametrize("name", [b"192.0.2.1", b"192.0.2.1\0", b"192.0.2.1\0rubbish"])
def test_numeric_names(name: bytes) -> None:
    chain = Chain(NetGuest("tcp"), 3)
    assert chain.lookup(name, b"80\0") == (0, 1)
    data = struct.pack(">H4B8x", 80, 192, 0, 2, 1)
    assert chain.result() == ((0, 1, 2, 1, 16), 1, data, b"")
    chain = Chain(NetGuest("tcp"), 3)
    assert chain.lookup(name, b"", (0, 0, 0, 0)) == (0, 3)
    kinds = {chain.result(i)[0][2:4] for i in range(3)}
    assert kinds == {(2, 1), (1, 2), (0, 0)}


@pytest.mark.parametrize("room", [26, 14, 0])
def test_ipv6_addresses(room: int) -> None:
    chain = Chain(NetGuest("tcp"), 1, room)
    assert chain.lookup(b"2001:db8::1", b"443", (0, 2, 2, 1)) == (0, 1)
    data = struct.pack(">HI16sI", 443, 0, socket.inet_pton(socket.AF_INET6, "2001:db8::1"), 0)
    assert chain.result() == ((0, 2, 2, 1, 28), 2, data[: 26 if room == 26 else 14], b"")


def test_canonical_names() -> None:
    chain = Chain(NetGuest("dns"), 1)
    assert chain.lookup(b"127.0.0.1", b"", (2, 1, 2, 0)) == (0, 1)
    assert chain.result()[3] == b"127.0.0.1"
    chain = Chain(NetGuest("dns"), 1, canon=4)
    assert chain.lookup(b"127.0.0.1", b"", (2, 1, 2, 0)) == (0, 1)
    assert chain.result()[3] == b"127"


def test_the_hosts_file_is_used() -> None:
    chain = Chain(NetGuest("dns"), 8)
    error, count = chain.lookup(b"localhost", b"80", (0, 1, 2, 0))
    assert (error, count >= 1) == (0, True)
    assert chain.result()[2] == struct.pack(">H4s8x", 80, V4)
    assert chain.lookup(b"localhost", b"80", (0, 1, 2, 0), most=1) == (0, 1)


@pytest.mark.parametrize(
    ("name", "service", "hints", "expected"),
    [
        (b"", b"", (0, 0, 2, 0), errno.AINONAME),
        (b"\0", b"\0x", (0, 0, 2, 0), errno.AINONAME),
        (b"127.0.0.1", b"no-such", (0, 0, 2, 0), errno.AISERVICE),
        (b"localhost", b"80", (4, 0, 2, 0), errno.AINONAME),
        (b"127.0.0.1", b"http", (8, 0, 2, 0), errno.AINONAME),
        (b"127.0.0.1", b"80", (128, 0, 2, 0), errno.AIBADFLAG),
        (b"", b"80", (2, 0, 2, 0), errno.AIBADFLAG),
        (b"127.0.0.1", b"80", (0, 3, 2, 0), errno.AIFAMILY),
        (b"127.0.0.1", b"80", (0, 0, 3, 0), errno.NOSYS),
        (b"127.0.0.1", b"80", (0, 0, 2, 3), errno.NOSYS),
        (b"x" * 20000, b"80", (0, 0, 2, 0), errno.AINONAME),
    ],
)
def test_lookups_that_fail(
    name: bytes, service: bytes, hints: tuple[int, int, int, int], expected: int
) -> None:
    chain = Chain(NetGuest("dns"), 1)
    assert chain.lookup(name, service, hints) == (expected, 0)


def test_lookups_that_are_denied() -> None:
    assert Chain(NetGuest("tcp,udp"), 1).lookup(b"localhost")[0] == errno.ACCES
    assert Chain(NetGuest(False), 1).lookup(b"127.0.0.1")[0] == errno.NOTCAPABLE
    assert Chain(NetGuest("dns"), 1).lookup(b"localhost", most=0)[0] == errno.AIMEMORY


def test_results_outside_of_memory() -> None:
    guest = NetGuest("dns")
    name = guest.text("127.0.0.1")
    hints = guest.put(bytes(28))
    end = 65536
    where = guest.put(abi.SOCKADDR.pack(0, 26, end - 8))
    nodes = [abi.ADDRINFO.pack(0, 0, 0, 0, 0, at, 0, 0, 0) for at in (where, end - 8)]
    heads = [guest.put(guest.put(node).to_bytes(4, "little")) for node in nodes]
    heads.append(guest.put((end - 8).to_bytes(4, "little")))
    for head in (*heads, end - 2, (1 << 32) - 1):
        error = guest.call("sock_getaddrinfo", *name, 0, 0, hints, head, 1, 8)
        assert error == errno.FAULT
    assert guest.call("sock_getaddrinfo", *name, 0, 0, end - 8, heads[0], 1, 8) == errno.FAULT
    assert guest.call("sock_getaddrinfo", end - 2, 9, 0, 0, hints, heads[0], 1, 8) == errno.FAULT


def test_a_lookup_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    import _socket

    ask, answered = _socket.getaddrinfo, threading.Event()

    def slowly(*args: Any) -> Any:
        if not args[5] & _socket.AI_NUMERICHOST:
            answered.wait(30)
        return ask(*args)

    monkeypatch.setattr(_socket, "getaddrinfo", slowly)
    chain = Chain(NetGuest("dns"), 1)
    thread = waiting.begin()
    timer = threading.Timer(0.03, waiting.wake, (thread,))
    timer.start()
    start = time.monotonic()
    assert chain.lookup(b"localhost")[0] == errno.INTR
    assert time.monotonic() - start < 10
    timer.join()
    waiting.end(thread)
    answered.set()
    thread = waiting.begin()
    assert chain.lookup(b"localhost", b"", (0, 1, 2, 0))[0] == 0
    waiting.end(thread)


# --- hosts of the C API, and wasi_unstable --------------------------------------------------------

PREVIEW0 = [
    *("set 3", "current 5", "end 9"),
    *["type 4", "links 2", "size 10", "modified this century 1"] * 2,
    *("events 1", "clock 7", "events 1", "file 9", "bytes 1"),
]


def test_preview_0(tmp_path: Path) -> None:
    output = io.BytesIO()
    with VM() as vm, WASI(["program"], preopens={"/": tmp_path}, stdout=output) as wasi:
        vm.register_module(wasi)
        vm.run_wasm_from_file(testdata.GUESTS / "preview0.wasm")
        assert wasi.exit_code == 0
        assert vm.store.names() == ["wasi_snapshot_preview1"]
    assert output.getvalue().decode().splitlines() == PREVIEW0


def test_preview_0_lists_what_it_has() -> None:
    with WASI() as wasi:
        companion = wasi.companion("wasi_unstable")
        assert companion is not None
        assert companion is wasi.companion("wasi_unstable")
        assert wasi.companion("wasi_snapshot_preview2") is None
        assert companion.list_functions() == wasi.list_functions()


def test_preview_0_knows_only_its_directions() -> None:
    from pywasmedge.wasi.groups import find_preview0

    guest = NetGuest()
    function = find_preview0("fd_seek")
    assert function is not None
    assert function.bind(guest.env)(guest.memory, 0, 0, 3, 8) == errno.INVAL


@pytest.fixture(scope="module")
def host() -> Path:
    return capi_host.build("network.c")


def test_c_hosts_run_programs_of_preview_0(host: Path, tmp_path: Path) -> None:
    done = capi_host.run(host, testdata.GUESTS / "preview0.wasm", tmp_path)
    assert (done.returncode, done.stdout.splitlines()) == (0, PREVIEW0)


@pytest.mark.parametrize(
    ("value", "code", "output"),
    [
        (None, 1, "error 76\n"),
        ("", 1, "error 76\n"),
        ("tcp:*:80", 1, "error 2\n"),
        ("tcp:*:80,dns", 0, None),
        ("*", 0, None),
        ("everything", 1, "error 76\n"),
    ],
)
def test_c_hosts_allow_the_network_in_the_environment(
    host: Path, tmp_path: Path, value: str | None, code: int, output: str | None
) -> None:
    env = {**os.environ, "PYWASMEDGE_NETWORK": value or ""}
    if value is None:
        del env["PYWASMEDGE_NETWORK"]
    guest = testdata.GUESTS / "net" / "lookup.wasm"
    # The directory is the program's name as well.
    done = capi_host.run(host, guest, tmp_path, "localhost", "80", "4", env=env)
    assert done.returncode == code
    if output is None:
        assert "127.0.0.1 80\n" in done.stdout
    else:
        assert done.stdout == output
    assert ("network pattern 'everything'" in done.stderr) == (value == "everything")
