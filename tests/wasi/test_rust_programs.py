"""Programs in Rust as one writes them today, with tokio, hyper, reqwest and rustls.

They are in ``guests/rust``; all of them talk to peers on this machine only.
"""

from __future__ import annotations

import http.client
import http.server
import selectors
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import testdata
import trustme
from socket_program import run, running

FOLDER = testdata.GUESTS / "rust"


def program(name: str) -> Path:
    return FOLDER / f"{name}.wasm"


def test_every_program_has_its_source() -> None:
    sources = {path.stem for path in FOLDER.glob("src/bin/*.rs")}
    assert sources == {path.stem for path in FOLDER.glob("*.wasm")}


def test_blocking_server() -> None:
    """Goes on with the next client, and with datagrams, when one has gone."""
    with running(program("blocking"), "3") as server:
        where = ("127.0.0.1", server.port())
        for text in ("one\n", "two\nlines\n", ""):
            with socket.create_connection(where, 60) as peer:
                peer.sendall(text.encode())
                peer.shutdown(socket.SHUT_WR)
                with peer.makefile() as answer:
                    assert answer.read() == text.upper()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.settimeout(60)
            where = ("127.0.0.1", server.port("udp"))
            for data in (b"hello", b"x" * 1400 + b"y", b""):
                peer.sendto(data, where)
                assert peer.recvfrom(2000) == (data[::-1], where)
    assert (server.code, server.out.splitlines()[-1]) == (0, b"end")


def test_300_connections_to_a_tokio_server() -> None:
    connections, rounds = 300, 3
    with running(program("tokio_echo"), str(connections)) as server:
        where = ("127.0.0.1", server.port())
        peers = [socket.create_connection(where, 60) for _ in range(connections)]
        messages = {peer: f"message of {i}, ".encode() * 50 for i, peer in enumerate(peers)}
        for _ in range(rounds):
            with selectors.DefaultSelector() as selector:
                for peer, message in messages.items():
                    selector.register(peer, selectors.EVENT_READ, bytearray())
                    peer.sendall(message)
                while selector.get_map():
                    ready = selector.select(60)
                    assert ready
                    for key, _ in ready:
                        peer = key.fileobj
                        assert isinstance(peer, socket.socket)
                        key.data.extend(peer.recv(1 << 16))
                        if len(key.data) == len(messages[peer]):
                            assert key.data == messages[peer]
                            selector.unregister(peer)
        for peer in peers:
            peer.close()
    assert (server.code, server.out.splitlines()[1]) == (0, b"at most 300 at once")


def test_hyper_server() -> None:
    with running(program("hyper_server")) as server:
        client = http.client.HTTPConnection("127.0.0.1", server.port(), timeout=60)
        for method, path, body, status in [
            ("GET", "/a/path", b"", 200),
            ("POST", "/", b"x" * 50000, 200),
            ("GET", "/missing", b"", 404),
            ("PUT", "/quit", b"the end", 200),
        ]:
            client.request(method, path, body)
            response = client.getresponse()
            expected = f"{method} {path}\n".encode() + body
            assert (response.status, response.read()) == (status, expected)
            if path != "/":  # the others over the connection that is there
                client.close()
    assert server.code == 0


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers a GET with the path, many times; a POST with what came; /to/X leads to /X."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.startswith("/to/"):
            self._answer(302, b"", Location=self.path.removeprefix("/to"))
        else:
            self._answer(200, self.path.encode() * 20000)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(201, b"%s %s" % (self.headers.get("Content-Type", "").encode(), body))

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    """Ends TLS as one should."""

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        if isinstance(request, ssl.SSLSocket):
            with suppress(OSError):
                request.unwrap()
        super().shutdown_request(request)


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server on the host; its port."""
    with Server(("127.0.0.1", 0), Handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_hyper_client() -> None:
    with serving() as port:
        url = f"http://127.0.0.1:{port}/path"
        assert run(program("hyper_client"), url) == (0, "200 OK\n" + "/path" * 20000)
        assert run(program("hyper_client"), url, "body") == (0, "201 Created\n body")
    code, out = run(program("hyper_client"), url)
    assert code == 1
    assert out.startswith("Error: hyper::Error(")


def test_reqwest_client() -> None:
    with serving() as port:
        url = f"http://127.0.0.1:{port}/to/to/path"
        expected = "200 OK /path\n" + "/path" * 20000 + "\n"
        assert run(program("reqwest_client"), url) == (0, expected)
        expected = '201 Created /to/to/path\napplication/json {"text":"ä"}\n'
        assert run(program("reqwest_client"), url, "ä") == (0, expected)


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_https_client(tmp_path: Path, version: str) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("server.test").configure_cert(context)
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    with serving(context) as port:

        def get(name: str, trusted: str = "authority") -> tuple[int, str]:
            words = [str(port), name, f"/tls/{trusted}.pem", "/path"]
            return run(program("https_client"), *words, preopens={"/tls": tmp_path})

        code, out = get("server.test")
        assert (code, out.split()[0]) == (0, version)
        assert out.endswith("\r\n\r\n" + "/path" * 20000)
        for wrong, reason in [
            (("other.test",), "NotValidForName"),
            (("server.test", "other"), "UnknownIssuer"),
        ]:
            code, out = get(*wrong)
            assert code == 1
            assert reason in out
