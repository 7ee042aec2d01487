"""TLS as a codec (``rustls_client``) and requests over HTTPS (``wasmedge_httpsreq``)."""

from __future__ import annotations

import datetime
import os
import socket
import ssl
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
import testdata
import trustme
from extension import Extension

from pywasmedge import WASI, ErrCode, Trap
from pywasmedge.extensions import httpsreq

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Serve = Callable[[ssl.SSLSocket], None]

AUTHORITY = trustme.CA()
OLD = datetime.datetime(2001, 1, 1, tzinfo=datetime.timezone.utc)


@pytest.fixture(autouse=True)
def _trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    roots = tmp_path / "roots.pem"
    AUTHORITY.cert_pem.write_to_path(str(roots))
    monkeypatch.setenv("SSL_CERT_FILE", str(roots))


def certificate(kind: str) -> trustme.LeafCert:
    if kind == "unknown issuer":
        return trustme.CA().issue_cert("localhost", "127.0.0.1")
    if kind == "wrong name":
        return AUTHORITY.issue_cert("elsewhere.example")
    if kind == "expired":
        return AUTHORITY.issue_cert("localhost", "127.0.0.1", not_after=OLD)
    return AUTHORITY.issue_cert("localhost", "127.0.0.1")


class Server:
    """A TLS server on loopback for one connection after the other."""

    def __init__(self, serve: Serve, kind: str = "good") -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate(kind).configure_cert(self._context)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._serve = serve
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(30)
            try:
                with self._context.wrap_socket(connection, server_side=True) as secure:
                    self._serve(secure)
            except OSError:
                connection.close()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(30)


@pytest.fixture
def server() -> Iterator[Callable[..., Server]]:
    made: list[Server] = []

    def make(serve: Serve, kind: str = "good") -> Server:
        made.append(Server(serve, kind))
        return made[-1]

    yield make
    for each in made:
        each.close()


def echo(connection: ssl.SSLSocket) -> None:
    while data := connection.recv(1 << 16):
        connection.sendall(data)
    connection.unwrap()


# --- the codec ------------------------------------------------------------------------------------


class Client(Extension):
    """A guest that has a connection and uses the codec for it."""

    def __init__(self, port: int = 0, name: str = "localhost") -> None:
        super().__init__("rustls", "rustls_client")
        self.buffer = self.room(1 << 16)
        self.codec = self.call("new_codec", 0, *self.put(name))
        if port:
            self.socket = socket.create_connection(("127.0.0.1", port), 30)

    def state(self) -> tuple[int, int, bool] | int:
        """What ``process_new_packets`` says, or the number of its error."""
        code = self.call("process_new_packets", self.codec, 64)
        return (self.u32(64), self.u32(68), bool(self.memory[72])) if code == 0 else int(code)

    def flush(self) -> None:
        """Send what waits to be sent."""
        while size := self.call("write_tls", self.codec, self.buffer, 1 << 16):
            assert size > 0
            self.socket.sendall(self.read(self.buffer, size))

    def receive(self) -> int:
        """Receive something, hand it to the codec; how many bytes."""
        data = self.socket.recv(1 << 14)
        self.memory[self.buffer : self.buffer + len(data)] = data
        assert self.call("read_tls", self.codec, self.buffer, len(data)) == len(data)
        return len(data)

    def shake(self) -> int:
        """Go through the handshake; 0 or the number of an error."""
        while self.call("codec_is_handshaking", self.codec):
            self.flush()
            self.receive()
            state = self.state()
            if isinstance(state, int):
                self.flush()  # the alert
                return state
        self.flush()
        return 0

    def write(self, data: bytes) -> int:
        self.memory[self.buffer : self.buffer + len(data)] = data
        return int(self.call("write_raw", self.codec, self.buffer, len(data)))

    def plain(self, size: int = 1 << 16) -> bytes | int:
        code = self.call("read_raw", self.codec, self.buffer, size)
        return self.read(self.buffer, code) if code >= 0 else int(code)


def test_a_conversation(server: Any) -> None:
    client = Client(server(echo).port)
    assert client.codec == 0
    assert client.call("codec_wants", 0) == 2  # the first flight is ready
    assert client.write(b"early ") == 6  # kept until the handshake is over
    assert client.plain() == -25
    assert client.shake() == 0
    assert client.write(b"words") == 5
    client.flush()
    heard = b""
    while len(heard) < 11:
        client.receive()
        state = client.state()
        assert isinstance(state, tuple)
        assert not state[2]
        found = client.plain(4)
        while isinstance(found, bytes) and found:
            heard += found
            found = client.plain(4)
        assert found == -25
    assert heard == b"early words"
    assert client.call("send_close_notify", 0) == 0
    client.flush()
    while not (state := client.state())[2]:  # type: ignore[index]
        client.receive()
    assert client.plain() == b""


def test_many_bytes(server: Any) -> None:
    client = Client(server(echo).port)
    assert client.shake() == 0
    sent, heard = 0, 0
    while heard < 300_000:
        if sent < 300_000:
            sent += client.write(b"x" * min(50_000, 300_000 - sent))
            client.flush()
        client.receive()
        client.state()
        found = client.plain()
        while isinstance(found, bytes) and found:
            assert set(found) == {ord("x")}
            heard += len(found)
            found = client.plain()
    assert heard == 300_000


@pytest.mark.parametrize("kind", ["unknown issuer", "wrong name", "expired"])
def test_certificates_are_verified(server: Any, kind: str) -> None:
    client = Client(server(echo, kind).port)
    assert client.shake() == -16


def test_a_server_that_speaks_something_else() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = Client(listener.getsockname()[1])
        peer, _ = listener.accept()
        with peer:
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            assert client.shake() == -18


def test_a_peer_that_is_gone(server: Any) -> None:
    client = Client(server(lambda connection: connection.shutdown(socket.SHUT_RDWR)).port)
    assert client.shake() == 0
    while client.receive():
        client.state()
    assert client.call("read_tls", 0, 64, 0) == 0
    client.state()
    assert client.plain() == -26


@pytest.mark.parametrize("name", ["", "a b", "x" * 300, "a\0b", ".", "ünï"])
def test_names_that_are_none(name: str) -> None:
    assert Client(name=name).codec == -1


def test_wrong_arguments() -> None:
    client = Client()
    end, name = client.size, client.put("localhost")
    assert client.call("default_config") == 0
    for config, address, size in ((1, *name), (0, end, 1), (0, -1, 2), (0, 0, -1)):
        assert client.call("new_codec", config, address, size) == -1
    calls = {
        "write_raw": (end, 1),
        "write_tls": (end - 1, 2),
        "read_raw": (-1, 1),
        "read_tls": (0, -1),
        "process_new_packets": (end - 11,),
    }
    for function, arguments in calls.items():
        assert client.call(function, 0, *arguments) == -1, function
    for codec in (1, -1, 1 << 30):
        for function in ("codec_is_handshaking", "codec_wants", "send_close_notify"):
            assert client.call(function, codec) == -1
        for function in ("write_raw", "write_tls", "read_raw", "read_tls"):
            assert client.call(function, codec, 64, 1) == -1
        assert client.call("process_new_packets", codec, 64) == -1
        assert client.call("delete_codec", codec) == 0


def test_numbers_are_the_lowest_that_are_free() -> None:
    client = Client()
    name = client.put("localhost")
    assert [client.call("new_codec", 0, *name) for _ in range(3)] == [1, 2, 3]
    assert client.call("delete_codec", 1) == 0
    assert client.call("codec_wants", 1) == -1
    assert client.call("new_codec", 0, *name) == 1


def test_what_is_written_before_the_handshake_has_a_limit() -> None:
    client = Client()
    assert [client.write(b"x" * 40_000) for _ in range(3)] == [40_000, (64 << 10) - 40_000, 0]


# --- requests -------------------------------------------------------------------------------------


class Asking(Extension):
    """A guest that sends requests."""

    def __init__(self, network: Any = True, plugin: str = "wasmedge_httpsreq") -> None:
        super().__init__(plugin, wasi=WASI(network=network))
        self._prefix = f"{plugin}_" if plugin != "httpsreq" else ""

    def ask(self, host: str, port: int, request: bytes) -> bytes:
        self.free = 1024
        self.call(f"{self._prefix}send_data", *self.put(host), port, *self.put(request))
        return self.answer()

    def answer(self) -> bytes:
        size = self.call(f"{self._prefix}get_rcv_len")
        self.call(f"{self._prefix}get_rcv", 1 << 16)
        return self.read(1 << 16, size)


REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def answers(answer: bytes, *, close: bool = True) -> Serve:
    """A server that answers so; it keeps the connection open unless told otherwise."""

    def serve(connection: ssl.SSLSocket) -> None:
        assert connection.recv(1 << 16).startswith((b"GET", b"HEAD"))
        for i in range(0, len(answer), 7):
            connection.sendall(answer[i : i + 7])
        if close:
            connection.unwrap()
        else:
            connection.recv(1)  # until the client goes

    return serve


@pytest.mark.parametrize("plugin", ["wasmedge_httpsreq", "httpsreq"])
def test_a_request(server: Any, plugin: str) -> None:
    answer = b"HTTP/1.0 200 OK\r\n\r\nuntil the end"
    guest = Asking(plugin=plugin)
    assert guest.answer() == b""
    assert guest.ask("localhost", server(answers(answer)).port, REQUEST) == answer
    assert guest.answer() == answer


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nh\r\n0\r\nA: b\r\n\r\n",
    ],
)
def test_the_end_of_an_answer_is_seen(server: Any, answer: bytes) -> None:
    """The server keeps the connection open: the guest must not wait for its end."""
    port = server(answers(answer, close=False)).port
    assert Asking().ask("127.0.0.1", port, REQUEST) == answer


def test_an_answer_to_head_has_no_body(server: Any) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
    port = server(answers(answer, close=False)).port
    assert Asking().ask("localhost", port, b"HEAD" + REQUEST[3:]) == answer


@pytest.mark.parametrize("kind", ["unknown issuer", "wrong name", "expired"])
def test_requests_verify_certificates(server: Any, kind: str) -> None:
    guest = Asking()
    good = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
    assert guest.ask("localhost", server(answers(good)).port, REQUEST) == good
    with pytest.raises(Trap, match="certificate") as caught:
        guest.ask("localhost", server(answers(good), kind).port, REQUEST)
    assert caught.value.code == ErrCode.EXECUTION_FAILED
    assert guest.answer() == b""  # a failed request leaves none


@pytest.mark.parametrize(
    ("network", "host"),
    [
        (False, "127.0.0.1"),
        ("tcp:127.0.0.1:1", "127.0.0.1"),
        ("tcp", "localhost"),
        ("udp,dns", "localhost"),
        (True, "no such host"),
        (True, ""),
        (True, "\xff"),
    ],
)
def test_addresses_that_are_not_allowed(server: Any, network: Any, host: str) -> None:
    port = server(answers(b"HTTP/1.1 204 No\r\n\r\n")).port
    guest = Asking(network)
    with pytest.raises(Trap) as caught:
        guest.ask(host, port, REQUEST)
    assert caught.value.code == ErrCode.EXECUTION_FAILED


def test_a_guest_without_wasi_has_no_network(server: Any) -> None:
    port = server(answers(b"HTTP/1.1 204 No\r\n\r\n")).port
    guest = Extension("wasmedge_httpsreq")
    with pytest.raises(Trap, match="no WASI"):
        words = (*guest.put("127.0.0.1"), port, *guest.put(REQUEST))
        guest.call("wasmedge_httpsreq_send_data", *words)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_answers_that_are_cut_or_broken(server: Any, answer: bytes) -> None:
    def serve(connection: ssl.SSLSocket) -> None:
        connection.recv(1 << 16)
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)

    with pytest.raises(Trap):
        Asking().ask("localhost", server(serve).port, REQUEST)


def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(httpsreq, "SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(Trap, match="timed out"):
        Asking().ask("localhost", listener.getsockname()[1], REQUEST)


def test_an_answer_without_end(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(httpsreq, "MOST_BYTES", 100_000)

    def serve(connection: ssl.SSLSocket) -> None:
        connection.recv(1 << 16)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 10_000)

    with pytest.raises(Trap, match="100000 bytes"):
        Asking().ask("localhost", server(serve).port, REQUEST)


def test_ranges_outside_the_memory_trap(server: Any) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
    guest = Asking()
    guest.ask("localhost", server(answers(answer)).port, REQUEST)
    end = guest.size
    for name, *arguments in [
        ("send_data", end, 1, 443, 0, 0),
        ("send_data", 0, 1, 443, 0, -1),
        ("get_rcv", end - len(answer) + 1),
    ]:
        with pytest.raises(Trap):
            guest.call(f"wasmedge_httpsreq_{name}", *arguments)
    assert guest.answer() == answer


def test_the_command_obeys_its_network_rules(server: Any, tmp_path: Path) -> None:
    """A guest that sends a request to port N of 127.0.0.1; its bytes are in its memory."""
    from wasmbuild import body, data, limits, wasm

    port = server(answers(b"HTTP/1.1 204 No\r\n\r\n")).port
    host = b"127.0.0.1"
    code = f"i32.const 0 i32.const {len(host)} i32.const {port} i32.const 64"
    code += f" i32.const {len(REQUEST)} call 0"
    guest = tmp_path / "guest.wasm"
    guest.write_bytes(
        wasm(
            types=["i32 i32 i32 i32 i32 ->", "->"],
            imports=[("wasmedge_httpsreq", "wasmedge_httpsreq_send_data", "func", 0)],
            funcs=[1],
            memories=[limits(1)],
            exports=[("memory", "memory", 0), ("_start", "func", 1)],
            code=[body(code)],
            datas=[data("i32.const 0", host), data("i32.const 64", REQUEST)],
        )
    )
    command = [sys.executable, "-m", "pywasmedge"]
    environment = {**os.environ, "PYTHONPATH": testdata.IMPORTS}
    for rules, expected in ([f"--allow-net=tcp:127.0.0.1:{port}"], 0), ([], 1):
        done = subprocess.run(
            [*command, *rules, guest], capture_output=True, text=True, env=environment
        )
        assert (done.returncode != 0) == bool(expected), done.stderr
