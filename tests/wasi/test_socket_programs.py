"""Programs that use sockets, with peers on the host. They are in ``guests/net``."""

from __future__ import annotations

import http.client
import http.server
import os
import re
import selectors
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import socket_program
import testdata
from socket_program import LOOPBACK, Program

from pywasmedge import VM, WASI, ErrCode, Trap

FOLDER = testdata.GUESTS / "net"


def running(
    name: str, *args: str, network: bool | str = LOOPBACK
) -> AbstractContextManager[Program]:
    return socket_program.running(FOLDER / f"{name}.wasm", *args, network=network)


def run(name: str, *args: str, network: bool | str = LOOPBACK) -> tuple[int, str]:
    """Run a program to its end; its exit code and what it printed."""
    return socket_program.run(FOLDER / f"{name}.wasm", *args, network=network)


def test_every_guest_has_source_and_command() -> None:
    names = {path.stem for path in FOLDER.glob("*.c")}
    assert names == {path.stem for path in FOLDER.glob("*.wasm")}
    assert names <= set(re.findall(r"\w+", (FOLDER / "build.sh").read_text()))


def test_tcp_echo() -> None:
    with running("tcp_echo", "0", "3") as program:
        where = ("127.0.0.1", program.port())
        for size in (10, 1_000_000):
            with socket.create_connection(where, 60) as peer:
                data = bytes(range(256)) * (size // 256 + 1)
                threading.Thread(target=peer.sendall, args=(data,)).start()
                got = bytearray()
                while len(got) < len(data):
                    got += peer.recv(1 << 16)
                assert got == data
        with socket.create_connection(where, 60) as peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert program.code == 0
    assert program.out.endswith(b"\nend\nend\nConnection reset by peer\n")


def test_udp_echo() -> None:
    with running("udp_echo", "0") as program:
        where = ("127.0.0.1", program.port())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.settimeout(60)
            for data in (b"", b"hello", b"x" * 1400, b"quit"):
                peer.sendto(data, where)
                assert peer.recvfrom(2000) == (data, where)
    assert program.code == 0


def test_http_server() -> None:
    with running("http_server", "0") as program:
        client = http.client.HTTPConnection("127.0.0.1", program.port(), timeout=60)
        for method, path, body, status, expected in [
            ("GET", "/a/path", None, 200, b"/a/path"),
            ("POST", "/", b"x" * 50000, 200, b"x" * 50000),
            ("GET", "/missing", None, 404, b"/missing"),
            ("GET", "/quit", None, 200, b"/quit"),
        ]:
            client.request(method, path, body)
            response = client.getresponse()
            assert (response.status, response.read()) == (status, expected)
            client.close()
    assert program.code == 0


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with the path, many times."""

    def do_GET(self) -> None:
        body = self.path.encode() * 20000
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_http_client(host: str) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        port = str(server.server_port)
        code, out = run("http_client", host, port, "/path", network=LOOPBACK + ",dns")
        assert code == 0
        assert out.startswith("HTTP/1.0 200 OK\r\n")
        assert out.endswith("\r\n\r\n" + "/path" * 20000)
        server.shutdown()
        thread.join()
    code, out = run("http_client", "127.0.0.1", port, "/")
    assert (code, out) == (1, "connect: Connection refused\n")
    code, out = run("http_client", "127.0.0.1", port, "/", network="tcp:127.0.0.1:1")
    assert (code, out) == (1, "connect: Permission denied\n")


def test_lookup() -> None:
    assert run("lookup", "192.0.2.7", "8080") == (0, "name 192.0.2.7\n192.0.2.7 8080\n")
    assert run("lookup", "2001:db8::7", "80") == (
        0,
        "name 2001:db8::7\n2001:db8:0:0:0:0:0:7 80\n",
    )
    code, out = run("lookup", "localhost", "http", "4", network="dns")
    assert code == 0
    assert "127.0.0.1 80\n" in out
    assert run("lookup", "", "443", "4") == (0, "127.0.0.1 443\n")
    assert run("lookup", "localhost", "80") == (1, "error 2\n")  # not allowed
    assert run("lookup", "localhost", "80", network=False) == (1, "error 76\n")
    assert run("lookup", "127.0.0.1", "no-such-service") == (1, "error 85\n")
    assert run("lookup", "", "") == (1, "error 84\n")


def test_no_network() -> None:
    assert run("tcp_echo", "0", "1", network=False) == (1, "listen: Capabilities insufficient\n")
    assert run("udp_echo", "0", network="tcp") == (1, "bind: Capabilities insufficient\n")
    assert run("tcp_echo", "0", "1", network="tcp:[::1]:*") == (1, "listen: Permission denied\n")
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = str(server.getsockname()[1])
        assert run("tcp_echo", taken, "1") == (1, "listen: Address in use\n")


def receive_lines(peer: socket.socket, count: int) -> list[str]:
    text = b""
    while text.count(b"\n") < count:
        text += peer.recv(4096)
    return text.decode().splitlines()


def test_chat() -> None:
    with running("chat", "0") as program:
        where = ("127.0.0.1", program.port())
        first = socket.create_connection(where, 60)
        second = socket.create_connection(where, 60)
        assert [line[-6:] for line in receive_lines(first, 1)] == ["enters"]
        third = socket.create_connection(where, 60)
        for peer in (first, second):
            assert [line[-6:] for line in receive_lines(peer, 1)] == ["enters"]
        third.sendall(b"hello\nin pieces: a")
        for peer in (first, second):
            assert receive_lines(peer, 1) == ["hello"]
        third.sendall(b"bc\n")
        for peer in (first, second):
            assert receive_lines(peer, 1) == ["in pieces: abc"]
        second.close()
        for peer in (first, third):
            assert [line[-6:] for line in receive_lines(peer, 1)] == ["leaves"]
        first.sendall(b"bye\n")
        assert receive_lines(third, 1) == ["bye"]
        first.close()
        third.close()
    assert program.code == 0


def test_200_connections_at_once() -> None:
    connections, rounds = 200, 5
    with running("poll_echo", "0", str(connections)) as program:
        where = ("127.0.0.1", program.port())
        peers = [socket.create_connection(where, 60) for _ in range(connections)]
        messages = {peer: f"message of {i}, ".encode() * 50 for i, peer in enumerate(peers)}
        for _ in range(rounds):
            with selectors.DefaultSelector() as selector:
                for peer, message in messages.items():
                    selector.register(peer, selectors.EVENT_READ, bytearray())
                    peer.sendall(message)
                while selector.get_map():
                    for key, _ in selector.select(60):
                        peer = key.fileobj
                        assert isinstance(peer, socket.socket)
                        key.data.extend(peer.recv(1 << 16))
                        if len(key.data) == len(messages[peer]):
                            assert key.data == messages[peer]
                            selector.unregister(peer)
        for peer in peers:
            peer.close()
    assert (program.code, program.out.splitlines()[1]) == (0, b"at most 200 at once")


@pytest.mark.parametrize("name", ["tcp_echo", "udp_echo", "chat"])
def test_a_server_that_waits_can_be_stopped(name: str) -> None:
    wasi = WASI([name, "0", "1"], stdout=bytearray().extend, network=True)
    with VM() as vm, wasi:
        vm.register_module(wasi)
        start = time.monotonic()
        with pytest.raises(Trap) as caught:
            vm.run_wasm_from_file(FOLDER / f"{name}.wasm", timeout=0.5)
        assert caught.value.code == ErrCode.INTERRUPTED
        assert time.monotonic() - start < 20


QUICKJS = "quickjs/package/dist/langs/wasmedge_quickjs.wasm"
SCRIPT = """
import * as net from 'wasi_net';
const text = data => String.fromCharCode(...new Uint8Array(data));
async function answer(connection) {
  connection.write('echo ' + text(await connection.read()));
}
async function main() {
  const where = '127.0.0.1:' + args[1];
  const server = new net.WasiTcpServer(+args[1]);
  const accepted = server.accept().then(answer);
  const client = await net.WasiTcpConn.connect(where);
  print(client.peer() == where);
  client.write('hello');
  print(text(await client.read()));
  await accepted;
  print(net.nsloopup('localhost', 'http'));
}
main().catch(error => print('error ' + error));
"""


def test_quickjs(tmp_path: Path) -> None:
    """Both ends of a connection in one program of others, built for WasmEdge's sockets."""
    folder = os.environ.get("PYWASMEDGE_PROGRAMS")
    if not folder or not (Path(folder) / QUICKJS).exists():
        pytest.skip("no QuickJS: PYWASMEDGE_PROGRAMS=DIR python bench/programs.py quickjs")
    (tmp_path / "net.js").write_text(SCRIPT)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    words = ["--allow-net", "--time-limit=60000", "--dir", f".:{tmp_path}"]
    code, out = command(*words, Path(folder) / QUICKJS, "net.js", port)
    assert (code, sorted(out.splitlines())) == (
        0,
        ["127.0.0.1:80", "echo hello", "true"],
    )


SQLITE = "sqlite/package/dist/langs/sqlite.wasm"


def test_a_program_of_2019(tmp_path: Path) -> None:
    """SQLite for wasi_unstable: two directories, one in the other for the guest."""
    folder = os.environ.get("PYWASMEDGE_PROGRAMS")
    if not folder or not (Path(folder) / SQLITE).exists():
        pytest.skip("no SQLite: PYWASMEDGE_PROGRAMS=DIR python bench/programs.py sqlite")
    for name in ("root", "w"):
        (tmp_path / name).mkdir()
    words = ["--dir", f"/:{tmp_path}/root", "--dir", f"/w:{tmp_path}/w", Path(folder) / SQLITE]
    make = "create table t(a); insert into t values({}); select * from t;"
    assert command(*words, "/w/a.db", make.format(1)) == (0, "1\n")
    assert command(*words, "/b.db", make.format(2)) == (0, "2\n")
    assert command(*words, "/w/a.db", "select * from t;") == (0, "1\n")
    assert (os.listdir(tmp_path / "w"), os.listdir(tmp_path / "root")) == (["a.db"], ["b.db"])


def command(*words: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pywasmedge", *map(str, words)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_command() -> None:
    lookup = [FOLDER / "lookup.wasm", "localhost", "80", "4"]
    assert command(*lookup) == (1, "error 76\n")
    assert command("--allow-net=tcp:*:80", *lookup) == (1, "error 2\n")
    for allowed in (["--allow-net"], ["--allow-net=tcp:*:80", "--net=dns"]):
        code, out = command(*allowed, *lookup)
        assert code == 0
        assert "127.0.0.1 80\n" in out
    code, out = command("--allow-net=tcp:nowhere:80", *lookup)
    assert (code, out) == (
        1,
        "wasmedge: network pattern 'tcp:nowhere:80': no address: 'nowhere'\n",
    )
