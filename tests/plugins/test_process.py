"""The module wasmedge_process, called by a guest: requests, rules, big outputs, ends."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import tracemalloc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from forwarder import Guest

from pywasmedge import VM, ErrCode, FunctionType, HostModule, Trap, ValType
from pywasmedge.plugins.process import Process, host
from pywasmedge.plugins.shipped import PROCESS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PREFIX = "wasmedge_process_"
TYPES = {name: declared.type for name, declared in host.functions.items()}
MEGABYTE = 1 << 20


class Commands(Guest):
    """A guest that runs commands."""

    def __init__(self, *allowed: str, everything: bool = False, pages: int | None = 2048) -> None:
        self.vm = VM()
        self.vm.register(_host(frozenset(allowed), everything))
        super().__init__(self.vm, host.name, TYPES, pages)

    def ask(self, name: str, *args: bytes | str | int) -> Any:
        """Call a function; bytes and text become address and length."""
        words: list[int] = []
        for arg in args:
            words += [arg] if isinstance(arg, int) else self.put(arg)
        return self.call(PREFIX + name, *words)

    def run(self, *argv: str | bytes, stdin: bytes = b"", **env: str) -> tuple[int, bytes, bytes]:
        """Status, output and error output of a command."""
        self.free = 1024
        self.ask("set_prog_name", argv[0])
        for arg in argv[1:]:
            self.ask("add_arg", arg)
        for key, value in env.items():
            self.ask("add_env", key, value)
        if stdin:
            self.ask("add_stdin", stdin)
        status = self.ask("run")
        assert self.ask("get_exit_code") == status
        return status, self.output("stdout"), self.output("stderr")

    def output(self, which: str) -> bytes:
        length = self.ask(f"get_{which}_len")
        self.ask(f"get_{which}", 0)
        return bytes(self.memory[:length])


def _host(allowed: frozenset[str], everything: bool) -> HostModule:
    made = HostModule(host.name, state=lambda: Process(allowed, everything))
    made.functions = host.functions
    return made


def test_types() -> None:
    one, two, i32 = (ValType.I32,), (ValType.I32,) * 2, (ValType.I32,)
    assert {name.removeprefix(PREFIX): type_ for name, type_ in TYPES.items()} == {
        "set_prog_name": FunctionType(two, ()),
        "add_arg": FunctionType(two, ()),
        "add_env": FunctionType(two * 2, ()),
        "add_stdin": FunctionType(two, ()),
        "set_timeout": FunctionType(one, ()),
        "run": FunctionType((), i32),
        "get_exit_code": FunctionType((), i32),
        "get_stdout_len": FunctionType((), i32),
        "get_stdout": FunctionType(one, ()),
        "get_stderr_len": FunctionType((), i32),
        "get_stderr": FunctionType(one, ()),
    }


def test_before_any_run() -> None:
    guest = Commands()
    assert [guest.ask(n) for n in ("get_exit_code", "get_stdout_len", "get_stderr_len")] == [0] * 3


def test_a_request_is_made_up_of_pieces_and_used_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_THE_HOST", "1")
    guest = Commands("sh")
    guest.ask("set_prog_name", "s")
    guest.ask("add_env", "A", "first")
    guest.ask("add_env", "A", "second")
    guest.ask("add_stdin", "in")
    guest.ask("add_arg", "-c")
    guest.ask("add_arg", 'cat; echo " $0 $A $1 ${OF_THE_HOST-none}"; echo err >&2; exit 3')
    guest.ask("add_stdin", "put")
    assert guest.run("h", "zero", "one two") == (3, b"input zero first one two none\n", b"err\n")
    assert guest.run("sh", "-c", "cat; echo $0 ${A-unset}") == (0, b"sh unset\n", b"")


@pytest.mark.parametrize(("code", "status"), [(0, 0), (1, 1), (127, 127), (128, -128), (255, -1)])
def test_status(code: int, status: int) -> None:
    assert Commands("sh").run("sh", "-c", f"exit {code}")[0] == status


def test_killed_by_a_signal() -> None:
    assert Commands("sh").run("sh", "-c", "echo before; kill -9 $$") == (0, b"before\n", b"")


def test_commands_that_are_not_allowed(tmp_path: Path) -> None:
    guest = Commands("echo", "/bin/echo")
    mark = tmp_path / "mark"
    for name in ("touch", "echo ", "ech", "/usr/bin/echo", "", "echo\0"):
        status, out, err = guest.run(name, str(mark))
        assert (status, out) == (-1, b"")
        assert err.decode() == (
            f'Permission denied: Command "{name}" is not in the white list. '
            f"Please use --allow-command={name} or --allow-command-all "
            f'to add "{name}" command into the white list.\n'
        )
    assert not mark.exists()
    assert guest.run("echo", "x") == (0, b"x\n", b"")  # the argument asked for is gone
    assert guest.run("/bin/echo", "y") == (0, b"y\n", b"")
    assert Commands(everything=True).run("touch", str(mark))[0] == 0
    assert mark.exists()


@pytest.mark.parametrize("name", ["no-such-command", "/nowhere/x", "/", "", "a\0b"])
def test_commands_that_cannot_be_started(name: str) -> None:
    status, out, err = Commands(everything=True).run(name)
    assert (status, err) == (-1, b"")
    assert out.startswith(name.encode()) and out.endswith(b"\n")


def test_a_file_that_is_no_program(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("text")
    assert Commands(everything=True).run(str(file))[0] == -1
    file.chmod(0o755)
    assert Commands(everything=True).run(str(file))[0] == -1


def test_descriptors_are_not_inherited(tmp_path: Path) -> None:
    with open(tmp_path / "file", "w") as file:
        number = file.fileno()
        os.set_inheritable(number, True)
        status, out, _ = Commands("sh").run("sh", "-c", "echo /proc/$$/fd/*")
    numbers = {int(word.rpartition("/")[2]) for word in out.decode().split()}
    assert status == 0
    assert {0, 1, 2} <= numbers
    assert number not in numbers


LIMITS = (200, 1000, 5000, 25_000)
"""Milliseconds: as long as a busy machine needs to begin what the test is about."""


def test_timeout() -> None:
    guest = Commands("sh")
    guest.ask("set_timeout", 100)
    started = time.monotonic()
    assert guest.run("sh", "-c", "exec sleep 100") == (110, b"", b"")
    assert time.monotonic() - started >= 0.1
    assert guest.run("sh", "-c", "sleep 0.2; echo slow") == (0, b"slow\n", b"")  # default again


@pytest.mark.parametrize("milliseconds", [0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_every_number_is_a_timeout(milliseconds: int) -> None:
    guest = Commands("sh")
    guest.ask("set_timeout", milliseconds)
    assert guest.run("sh", "-c", "cat; exit 5", stdin=b"in") == (5, b"in", b"")


def test_output_before_a_timeout_is_kept() -> None:
    guest = Commands("sh")
    for limit in LIMITS:
        guest.ask("set_timeout", limit)
        status, out, _ = guest.run("sh", "-c", "echo begun; exec sleep 100")
        assert status == 110
        if out:
            break
    assert out == b"begun\n"


def test_a_process_left_behind_does_not_hold_up_for_ever() -> None:
    guest = Commands("sh")
    for limit in LIMITS:
        guest.ask("set_timeout", limit)
        done = guest.run("sh", "-c", "sleep 60 & echo done")
        if done[0] != 110:
            break
    assert done == (0, b"done\n", b"")


def test_output_without_end_is_cut_and_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pywasmedge.plugins.child.MOST_OUTPUT", 5000)
    guest = Commands("yes")
    for limit in LIMITS:
        guest.ask("set_timeout", limit)
        status, out, _ = guest.run("yes")
        assert status == 110
        if len(out) == 5000:
            break
    assert out == b"y\n" * 2500


def test_big_inputs_and_outputs() -> None:
    guest = Commands("sh")
    size = 100 * MEGABYTE
    script = f"head -c {size} /dev/zero | tr '\\0' a; head -c {MEGABYTE} /dev/zero >&2"
    status, out, err = guest.run("sh", "-c", script)
    assert (status, len(out), out.count(b"a"), err) == (0, size, size, bytes(MEGABYTE))
    data = os.urandom(8 * MEGABYTE)
    assert guest.run("sh", "-c", "cat", stdin=data) == (0, data, b"")


def test_input_that_nobody_reads() -> None:
    assert Commands("sh").run("sh", "-c", "exit 4", stdin=bytes(8 * MEGABYTE))[0] == 4


def test_many_processes_leave_nothing_behind() -> None:
    guest = Commands("true", "nothing-of-this-name")
    guest.run("true")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(30):
        assert guest.run("true")[0] == 0
        assert guest.run("nothing-of-this-name")[0] == -1
    assert len(os.listdir("/proc/self/fd")) == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_several_guests_at_once() -> None:
    found: dict[int, object] = {}

    def use(number: int) -> None:
        guest = Commands("sh")
        found[number] = [
            guest.run("sh", "-c", f"cat; exit {number}", stdin=b"x")[:2] for _ in "abc"
        ]

    threads = [threading.Thread(target=use, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: [(n, b"x")] * 3 for n in range(4)}


def test_a_guest_that_is_stopped_ends_its_command() -> None:
    guest = Commands("sleep")
    guest.ask("set_prog_name", "sleep")
    guest.ask("add_arg", "1000")
    with pytest.raises(Trap) as caught:
        guest.vm.execute(PREFIX + "run", timeout=0.1)
    assert caught.value.code == ErrCode.INTERRUPTED
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("set_prog_name", (65536, 1)),
        ("add_arg", (-1, 2)),
        ("add_env", (0, 1, 65530, 7)),
        ("add_env", (65530, 7, 0, 1)),
        ("add_stdin", (0, -1)),
        ("get_stdout", (65536 - 4,)),
        ("get_stdout", (-1,)),
        ("get_stderr", (65537,)),
    ],
)
@pytest.mark.parametrize("pages", [1, None])
def test_pointers_beyond_memory(name: str, args: tuple[int, ...], pages: int | None) -> None:
    guest = Commands("echo", pages=pages)
    if pages:
        guest.run("echo", "12345")
    with pytest.raises(Trap) as caught:
        guest.call(PREFIX + name, *[arg & 0xFFFFFFFF for arg in args])
    assert caught.value.code == ErrCode.EXECUTION_FAILED


@pytest.mark.parametrize("name", [n for n, t in TYPES.items() if t.params and "timeout" not in n])
def test_without_memory(name: str) -> None:
    guest = Commands(pages=None)
    with pytest.raises(Trap) as caught:
        guest.call(name, *[0] * len(TYPES[name].params))
    assert caught.value.code == ErrCode.EXECUTION_FAILED


# --- variables that make commands run other code ---

HARMLESS = {"PATH": "/usr/bin:/bin", "HOME": "/", "LANG": "C", "XLD_PRELOAD": "x", "LD": "ld"}
LOADING = (
    *("LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "LD_NEW", "GCONV_PATH", "GLIBC_TUNABLES"),
    *("LOCPATH", "NLSPATH", "MALLOC_TRACE", "HOSTALIASES", "RES_OPTIONS", "TMPDIR", "TZDIR"),
    *("BASH_ENV", "ENV", "BASH_FUNC_ls%%", "SHELLOPTS", "BASHOPTS", "PS4", "IFS", "ZDOTDIR"),
    *("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PERL5LIB", "PERL5OPT", "PERLLIB"),
    *("RUBYLIB", "RUBYOPT", "NODE_OPTIONS", "NODE_PATH", "LUA_INIT", "LUA_CPATH_5_4"),
    *("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH", "DOTNET_STARTUP_HOOKS", "PHPRC"),
    *("OPENSSL_CONF", "OPENSSL_ENGINES", "GTK_MODULES", "GIT_SSH_COMMAND", "LESSOPEN", "PAGER"),
)


def test_variables_that_load_code_are_dropped() -> None:
    wanted = {**HARMLESS, **dict.fromkeys(LOADING, "x")}
    for everything, kept in (False, HARMLESS), (True, wanted):
        guest = Commands("env", everything=everything)
        status, out, _ = guest.run("env", **wanted)
        assert (status, dict(line.split("=", 1) for line in out.decode().splitlines())) == (0, kept)


def test_a_shell_function_in_a_variable_is_dropped() -> None:
    status, out, _ = Commands("env").run("env", A="() { echo; }", B="() plain")
    assert (status, out) == (0, b"B=() plain\n")


# --- what is kept for a request ---


def filled(guest: Commands, times: int = 500) -> int:
    """Bytes that Python has after many big requests for each part of a command more than before."""
    piece = guest.put(b"x" * 65000)
    with tracing():
        for number in range(times):
            guest.ask("add_arg", *piece)
            guest.ask("add_env", *guest.put(b"%08d" % number), *piece)
            guest.ask("set_prog_name", *piece)
            guest.free = 1024 + 65000
        return tracemalloc.get_traced_memory()[0]


@contextmanager
def tracing() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


def test_a_guest_cannot_fill_the_memory_of_its_host() -> None:
    """All that is asked for is 100 MB here; what the system can hand on is some megabytes."""
    for allowed, most in ((), 1 << 20), (("true",), 16 << 20):
        guest = Commands(*allowed)
        assert filled(guest) < most
        assert guest.ask("run") == -1
        assert guest.run("true")[0] == (0 if allowed else -1)  # nothing is left of it


def test_nothing_is_kept_while_no_command_is_allowed() -> None:
    guest = Commands()
    piece = guest.put(bytes(MEGABYTE))
    with tracing():
        for _ in range(100):
            guest.ask("add_stdin", *piece)
        assert tracemalloc.get_traced_memory()[0] < 1 << 20


def test_too_many_arguments() -> None:
    for add in ("add_arg", ("x" * 100_000,)), ("add_env", ("A", "x" * (4 * MEGABYTE))):
        guest = Commands("true")
        for _ in range(100):
            guest.free = 1024
            guest.ask(add[0], *add[1])
        assert guest.run("true") == (-1, b"true: Argument list too long\n", b"")
        assert guest.run("true") == (0, b"", b"")


def test_too_much_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pywasmedge.plugins.process.MOST_INPUT", 5000)
    guest = Commands("cat")
    assert guest.run("cat", stdin=bytes(5000)) == (0, bytes(5000), b"")
    guest.ask("add_stdin", bytes(1))
    assert guest.run("cat", stdin=bytes(5000)) == (-1, b"cat: File too large\n", b"")
    assert guest.run("cat", stdin=b"1") == (0, b"1", b"")


# --- as a plugin -----------------------------------------------------------------------------


@pytest.fixture
def options() -> Iterator[None]:
    """Leaves the options of the process as they were."""
    values = [option.value for option in PROCESS.options]
    yield
    for option, value in zip(PROCESS.options, values, strict=True):
        option.assign(value)


def test_modules_copy_the_rules_when_they_are_made(options: None) -> None:
    PROCESS.option("allow-command").assign(["echo"])
    one = PROCESS.create(host.name)
    PROCESS.option("allow-command").assign([])
    other = PROCESS.create(host.name)
    for instance, status in (one, 0), (other, -1):
        vm = VM()
        vm.register(instance)
        guest = Commands.__new__(Commands)
        Guest.__init__(guest, vm, host.name, TYPES)
        assert guest.run("echo")[0] == status
    assert one.list_functions() == sorted(TYPES)
    assert one.find_function("other") is None


def test_one_text_is_no_list_of_commands(options: None) -> None:
    for wrong in ("echo", b"echo", 3):
        with pytest.raises(TypeError, match="option allow-command: a list of strings is needed"):
            PROCESS.option("allow-command").assign(wrong)


@pytest.mark.parametrize(
    ("words", "status"), [((), -1), (("--allow-command", "true"), 0), (("--allow-command-all",), 0)]
)
def test_in_the_command(words: tuple[str, ...], status: int, tmp_path: Path) -> None:
    """A guest whose function names its command by the bytes of its memory."""
    from wasmbuild import body, data, limits, wasm

    guest = tmp_path / "guest.wasm"
    guest.write_bytes(
        wasm(
            types=["i32 i32 ->", "-> i32"],
            imports=[
                (host.name, f"{PREFIX}set_prog_name", "func", 0),
                (host.name, f"{PREFIX}run", "func", 1),
            ],
            funcs=[1],
            memories=[limits(1)],
            exports=[("go", "func", 2)],
            code=[body("i32.const 0 i32.const 4 call 0 call 1")],
            datas=[data("i32.const 0", b"true")],
        )
    )
    command = [sys.executable, "-m", "pywasmedge", *words, "--reactor", str(guest), "go"]
    environment = {**os.environ, "HOME": str(tmp_path), "WASMEDGE_PLUGIN_PATH": ""}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout) == (0, f"{status & 0xFFFFFFFF}\n"), done.stderr
