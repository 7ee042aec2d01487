"""``WASI`` as users of the package see it, with prebuilt guests."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import wasmbuild as wb
from wasi_guest import Guest

from pywasmedge import VM, WASI, Configure, ErrCode, Exit, HostRegistration, Trap
from pywasmedge.wasi import abi, errno
from pywasmedge.wasi.descriptor import Descriptor
from pywasmedge.wasi.groups import find_all

Guests = Callable[[str], Path]


def run(program: Path, wasi: WASI) -> int:
    """Run a program; its exit code."""
    with VM() as vm, wasi:
        vm.register_module(wasi)
        try:
            vm.run_wasm_from_file(program)
        except Exit as end:
            assert end.exit_code == wasi.exit_code
    return wasi.exit_code


def test_output_can_be_captured(guest: Guests) -> None:
    output = io.BytesIO()
    assert run(guest("hello"), WASI(["hello"], stdout=output)) == 0
    assert output.getvalue() == b"hello, world\n"


@pytest.mark.parametrize("env", [{"A": "1", "B": "=x"}, ["A=1", "B==x"]])
def test_arguments_and_environment(guest: Guests, env: dict[str, str] | list[str]) -> None:
    pieces: list[bytes] = []
    wasi = WASI(["prog", "ä", "exit=3"], env, stdout=pieces.append)
    assert run(guest("args"), wasi) == 3
    expected = ["arg 0: prog", "arg 1: ä", "arg 2: exit=3", "env A=1", "env B==x"]
    assert b"".join(pieces).decode().splitlines() == expected


@pytest.mark.parametrize(
    "env",
    [
        {b"A": b"1", "\udcff": b"\xfe"},
        {"A": b"1", b"\xff": "\udcfe"},
        [b"A=1", "\udcff=\udcfe"],
        iter([b"A=1", b"\xff=\xfe"]),
    ],
)
def test_bytes_are_bytes(guest: Guests, tmp_path: Path, env: Any) -> None:
    folder = tmp_path / "\udcfd"
    folder.mkdir()
    pieces: list[bytes] = []
    wasi = WASI([b"prog", "\udcff", tmp_path], env, stdout=pieces.append)
    assert run(guest("args"), wasi) == 0
    expected = [b"arg 0: prog", b"arg 1: \xff", b"arg 2: " + os.fsencode(tmp_path)]
    assert b"".join(pieces).splitlines() == [*expected, b"env A=1", b"env \xff=\xfe"]
    host = os.fsencode(folder)
    for preopens in (
        {b"/\xfc": host},
        {"/\udcfc": folder},
        [b"/\xfc:" + host],
        [b"/\xfc:" + host + b":readonly"],
    ):
        with WASI(preopens=preopens) as wasi:
            assert wasi.env.table[3].preopen == b"/\xfc"
    with WASI(preopens=[folder, host]) as wasi:
        assert [wasi.env.table[fd].preopen for fd in (3, 4)] == [host, host]


LISTS = ("args", "env", "preopens")


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("value", ["text", b"text", bytearray(b"text"), Path("path"), 3, None])
def test_where_a_list_belongs_nothing_else_is_taken(name: str, value: Any) -> None:
    kind = type(value).__name__
    for call in (WASI, WASI.uninitialised().init):
        with pytest.raises(TypeError, match=rf"^{name}: a list .* is needed, not {kind}$"):
            call(**{name: value})


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("value", [3, None, ["x"], True, 1.5])
def test_numbers_are_no_text(name: str, value: Any) -> None:
    kind = type(value).__name__
    lists: list[Any] = [["x", value], [value]]
    if name != "args":
        lists += [{"x": value}, {value: "x"}] if not isinstance(value, list) else [{"x": value}]
    for given in lists:
        with pytest.raises(TypeError, match=rf"^{name}: text or bytes are needed, not {kind}$"):
            WASI(**{name: given})


def test_a_mapping_is_no_list_of_arguments() -> None:
    with pytest.raises(TypeError, match="args: a list of strings is needed, not dict"):
        WASI({"a": "b"})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["A=B", "", b"=", "=C:"])
def test_names_of_variables_in_a_mapping(name: str | bytes) -> None:
    with pytest.raises(ValueError, match="env: no name of a variable: "):
        WASI(env={name: "1"})


@pytest.mark.parametrize("value", [1, 0, b"tcp", ["tcp", b"dns"], [1], {"tcp": 1}])
def test_what_is_no_network(value: Any) -> None:
    with pytest.raises(TypeError, match=r"network: .* needed, not "):
        WASI(network=value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("stdin", True), ("stdin", False), ("stdin", "text"), ("stdout", True), ("stdout", b"x")],
)
def test_what_is_no_stream(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match="not usable as a standard stream"):
        WASI(**{name: value})


@pytest.mark.parametrize(
    "given", [b"from bytes", bytearray(b"from bytes"), memoryview(b"from bytes")]
)
def test_input_that_is_in_memory(guest: Guests, given: Any) -> None:
    output = io.BytesIO()
    assert run(guest("echo"), WASI(stdin=given, stdout=output, stderr=None)) == 0
    assert output.getvalue() == b"from bytes"


def test_input_from_bytes_and_files(guest: Guests, tmp_path: Path) -> None:
    output = io.BytesIO()
    wasi = WASI(stdin=b"from bytes", stdout=output, stderr=None)
    assert run(guest("echo"), wasi) == 0
    assert output.getvalue() == b"from bytes"
    (tmp_path / "in").write_bytes(b"from a file")
    with open(tmp_path / "in", "rb") as source, open(tmp_path / "out", "wb") as target:
        assert run(guest("echo"), WASI(stdin=source, stdout=target, stderr=None)) == 0
        assert not target.closed
    assert (tmp_path / "out").read_bytes() == b"from a file"


def test_exceptions_of_a_stream_come_out_as_themselves(guest: Guests) -> None:
    def fail(data: bytes) -> None:
        raise KeyError(data)

    with pytest.raises(KeyError, match="hello, world"):
        run(guest("hello"), WASI(stdout=fail))


def test_files(guest: Guests, tmp_path: Path) -> None:
    for preopens in ({"/": tmp_path}, [f"/:{tmp_path}"]):
        name = f"file{len(os.listdir(tmp_path))}"
        wasi = WASI(["files", "write", f"/{name}", "text"], preopens=preopens)
        assert run(guest("files"), wasi) == 0
        assert (tmp_path / name).read_text() == "text"
    wasi = WASI(
        ["files", "write", "/x", "text"], preopens=[f"/:{tmp_path}:readonly"], stderr=io.BytesIO()
    )
    assert run(guest("files"), wasi) == 1
    assert not (tmp_path / "x").exists()


def test_what_cannot_be_given_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        WASI(preopens={"/": tmp_path / "missing"})
    with pytest.raises(ValueError, match="NUL"):
        WASI(["a\0b"])
    with pytest.raises(OSError):
        WASI(stdout=12345)
    with pytest.raises(TypeError):
        WASI(stdout=object())


def test_the_module_lists_every_function() -> None:
    with WASI() as wasi:
        assert wasi.list_functions() == sorted(find_all())
        assert "fd_write" in wasi.exports
        assert wasi.find_function("nonsense") is None
        assert wasi.exports.sched_yield() == 0
        assert wasi.exports.fd_write(1, 0, 0, 0) == errno.FAULT  # the host has no memory


def test_registered_by_configuration(guest: Guests) -> None:
    configure = Configure()
    configure.host_registrations.add(HostRegistration.WASI)
    with VM(configure) as vm:
        wasi = vm.import_module(HostRegistration.WASI)
        assert isinstance(wasi, WASI)
        output = io.BytesIO()
        wasi.env.set_stream(1, output)
        vm.run_wasm_from_file(guest("hello"))
        assert output.getvalue() == b"hello, world\n"


def test_initialising(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    wasi = WASI.uninitialised()
    caller = Guest(wasi.env)
    assert caller.write(1, b"x")[0] == errno.BADF
    wasi.init(["first"], ["A=1"], [f"one:{tmp_path}", f"two:{tmp_path}/missing"])
    assert capfd.readouterr().err.endswith(f"'{tmp_path}/missing': No such file or directory\n")
    assert sorted(wasi.env.table) == [0, 1, 2, 3]
    _, fd = caller.open("new", oflags=abi.O_CREAT)
    assert fd == 4
    with pytest.raises(Exit):
        caller.call("proc_exit", 5)
    assert wasi.exit_code == 5
    wasi.init([], [], [f"three:{tmp_path}"])
    assert wasi.exit_code == 0
    assert (wasi.env.args, wasi.env.environ) == ([b""], [])
    names = {fd: d.preopen for fd, d in wasi.env.table.items()}
    assert names == {0: None, 1: None, 2: None, 3: b"three", 4: None}
    wasi.close()


def test_one_environment_for_several_instances(guest: Guests) -> None:
    output = io.BytesIO()
    with VM() as vm, WASI(stdout=output) as wasi:
        vm.register_module(wasi)
        for _ in range(3):
            vm.run_wasm_from_file(guest("hello"))
    assert output.getvalue() == b"hello, world\n" * 3


def test_closing_while_another_thread_reads() -> None:
    """The handle lives until the read is over, so its number cannot come to mean another file."""
    guest = Guest()
    reader, writer = os.pipe()
    fd = guest.env.add(Descriptor(reader, abi.FD_READ))
    results: list[tuple[int, bytes]] = []
    thread = threading.Thread(target=lambda: results.append(guest.read(fd)))
    thread.start()
    while not guest.memory[1024:].tobytes().count(0xAA):  # the read has been prepared
        pass
    assert Guest(guest.env).call("fd_close", fd) == 0
    os.write(writer, b"late")
    thread.join()
    assert results in ([(0, b"late")], [(errno.BADF, b"")])
    with pytest.raises(OSError):
        os.fstat(reader)
    os.close(writer)


@pytest.mark.parametrize("words", [["clock", "100000"], ["echo"]])
def test_a_timeout_ends_a_program_that_waits(guest: Guests, words: list[str]) -> None:
    reader, writer = os.pipe()  # never written to
    with VM() as vm, WASI(words, stdin=reader, stderr=None) as wasi:
        vm.register_module(wasi)
        start = time.monotonic()
        with pytest.raises(Trap) as caught:
            vm.run_wasm_from_file(guest(words[0]), timeout=0.5)
        assert time.monotonic() - start < 20
        assert caught.value.code == ErrCode.INTERRUPTED
        task = vm.execute_async("_start")
        assert not task.wait(0.1)
        task.cancel()
        assert task.wait(10)
        with pytest.raises(Trap):
            task.result()
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize("fd", [0, 1])
def test_what_looks_like_a_terminal(fd: int) -> None:
    """To C libraries a terminal is a character device without positions."""
    guest = Guest()
    main, terminal = os.openpty()
    null = os.open(os.devnull, os.O_RDWR)
    positions = abi.FD_SEEK | abi.FD_TELL
    for host, rights, error in (terminal, 0, errno.NOTCAPABLE), (null, positions, 0):
        guest.env.set_stream(fd, host)
        out, _ = guest.room(24)
        assert guest.call("fd_fdstat_get", fd, out) == 0
        kind, _, base, _ = abi.LAYOUTS["Fdstat"].unpack_from(guest.memory, out)
        assert (kind, base & positions) == (abi.CHARACTER_DEVICE, rights)
        assert guest.call("fd_seek", fd, 0, 1, guest.put(bytes(8))) == error
    for host in (main, terminal, null):
        os.close(host)


def test_a_stream_has_a_status() -> None:
    guest = Guest()
    guest.env.set_stream(1, io.BytesIO())
    assert guest.fstat(1) == (0, (0,) * 8)
    out, _ = guest.room(24)
    assert guest.call("fd_fdstat_get", 1, out) == 0
    assert abi.LAYOUTS["Fdstat"].unpack_from(guest.memory, out) == (0, 0, abi.STDOUT_RIGHTS, 0)


@pytest.mark.parametrize("params", ["i32 i32", "i32 i32 i32"])
def test_sock_accept_links_with_both_signatures(params: str) -> None:
    """Programs built for WasmEdge 0.10 import two parameters, those for the standard three."""
    binary = wb.wasm(
        types=[f"{params} -> i32", "-> i32"],
        imports=[("wasi_snapshot_preview1", "sock_accept", "func", 0)],
        memories=[wb.limits(1)],
        funcs=[1],
        exports=[("accept", "func", 1)],
        code=[wb.body(wb.asm("i32.const 0 " * len(params.split()) + "call 0"))],
    )
    with VM() as vm:
        vm.register_module(WASI(stdin=b"no socket"))
        vm.load_wasm_from_bytes(binary)
        vm.validate()
        vm.instantiate()
        assert vm.execute("accept") == errno.NOTSOCK
