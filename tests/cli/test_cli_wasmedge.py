"""The ``wasmedge`` command, as a user starts it."""

from __future__ import annotations

import os
import platform
import re
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from wasmbuild import body, data, limits, wasm

Guests = Callable[[str], Path]

LOG_LINE = re.compile(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] \[(error|info)\] (.*)")


def wasmedge(
    *words: str | Path, stdin: bytes = b"", timeout: float = 60
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "pywasmedge", *map(str, words)]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=timeout)


def output(*words: str | Path, stdin: bytes = b"") -> str:
    """What a command that succeeds prints."""
    done = wasmedge(*words, stdin=stdin)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    return done.stdout.decode()


def failure(*words: str | Path) -> str:
    """The first error line of a command that fails with exit code 1, which prints nothing else."""
    done = wasmedge(*words)
    assert done.returncode == 1
    assert done.stdout == b""
    lines = done.stderr.decode().splitlines()
    assert "Traceback" not in done.stderr.decode()
    match = LOG_LINE.fullmatch(lines[0])
    if match is None:
        assert lines[0].startswith("wasmedge: ")
        assert len(lines) == 1
        return lines[0]
    assert match[1] == "error"
    return match[2]


# --- programs ---


def test_hello(guest: Guests) -> None:
    assert output(guest("hello")) == "hello, world\n"


@pytest.mark.parametrize(
    ("file", "name"), [("ls", "ls"), ("program.v2", "program.v2"), ("aot.v2.so", "aot.v2.wasm")]
)
def test_arguments_environment_and_exit_code(
    guest: Guests, tmp_path: Path, file: str, name: str
) -> None:
    program = tmp_path / file
    program.write_bytes(guest("args").read_bytes())
    done = wasmedge(
        "--env", "A=1", "--env=B=x y=z", "--", program, "-x", "--dir", "", "ä", "exit=7"
    )
    assert done.returncode == 7
    assert done.stdout.decode().splitlines() == [
        f"arg 0: {name}",
        "arg 1: -x",
        "arg 2: --dir",
        "arg 3: ",
        "arg 4: ä",
        "arg 5: exit=7",
        "env A=1",
        "env B=x y=z",
    ]


@pytest.mark.parametrize(("given", "seen"), [(0, 0), (1, 1), (255, 255), (256, 0), (-1, 255)])
def test_the_shell_sees_the_low_byte_of_the_exit_code(guest: Guests, given: int, seen: int) -> None:
    assert wasmedge(guest("args"), f"exit={given}").returncode == seen


def test_the_host_environment_stays_outside(guest: Guests) -> None:
    assert "env " not in output(guest("args"))


def test_pipes(guest: Guests) -> None:
    data = os.urandom(300_000)
    done = wasmedge(guest("echo"), stdin=data)
    assert (done.returncode, done.stdout) == (0, data)


def test_directories(guest: Guests, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("one two three two\n")
    seen = output("--dir", f"/data:{tmp_path}", guest("wordcount"), "/data/text")
    assert "/data/text: 1 lines, 4 words, 18 bytes" in seen
    seen = output(f"--dir=.:{tmp_path}:readonly", guest("wordcount"), "text")
    assert "text: 1 lines, 4 words, 18 bytes" in seen
    assert wasmedge(guest("wordcount"), "text").returncode == 1


def test_readonly_directories(guest: Guests, tmp_path: Path) -> None:
    (tmp_path / "old").touch()
    files = guest("files")
    for directory, code in ((f"/:{tmp_path}:readonly", 1), (f"/:{tmp_path}", 0)):
        assert wasmedge("--dir", directory, files, "mkdir", "/new").returncode == code
        assert wasmedge("--dir", directory, files, "remove", "/old").returncode == code
    assert os.listdir(tmp_path) == ["new"]


def test_a_limit_on_open_files(guest: Guests, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("one two\n")
    words = ["--dir", f"/data:{tmp_path}", guest("wordcount"), "/data/text"]
    assert wasmedge("--max-files=5", *words).returncode == 0  # three streams, directory, file
    assert wasmedge("--max-files=4", *words).returncode == 1
    assert b"number" in wasmedge("--max-files=many", *words).stderr


def test_a_directory_that_is_not_there_is_named(guest: Guests, tmp_path: Path) -> None:
    done = wasmedge("--dir", f"/:{tmp_path}/missing", guest("hello"))
    assert (done.returncode, done.stdout) == (0, b"hello, world\n")
    assert f"'{tmp_path}/missing': No such file or directory" in done.stderr.decode()


# --- libraries ---


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        ("add 2 3", "5"),
        ("add 4294967295 -1", "4294967294"),
        ("add 99999999999999999999 0", str(99999999999999999999 % 2**32)),
        ("multiply -1 1", "18446744073709551615"),
        ("hypotenuse 3 4", "5"),
        ("hypotenuse 1e150 0", "1e+150"),
        ("hypotenuse 1 3", "3.16228"),
        ("hypotenuse inf nan", "nan"),
        ("half 7", "3.5"),
        ("next", "1001"),  # 1 without _initialize
    ],
)
def test_reactor_mode(guest: Guests, words: str, printed: str) -> None:
    assert output("--reactor", guest("library"), *words.split()) == printed + "\n"


def test_a_function_without_results_prints_nothing(guest: Guests) -> None:
    assert output("--reactor", guest("library"), "release", "0") == ""


def test_mistakes_in_reactor_mode(guest: Guests) -> None:
    library = guest("library")
    assert "needs the name of a function" in failure("--reactor", library)
    assert "not a number of type i32: x" in failure("--reactor", library, "add", "1", "x")
    assert "Code: 0x83" in failure("--reactor", library, "add", "1")
    assert "Code: 0x83" in failure("--reactor", library, "add", "1", "2", "3")
    assert "Code: 0x05" in failure("--reactor", library, "nonsense")
    assert "Code: 0x84" in failure("--reactor", library, "divide", "1", "0")


# --- errors ---


def test_a_missing_file() -> None:
    expected = "loading failed: invalid path, Code: 0x20: 'no/such.wasm': No such file or directory"
    assert failure("no/such.wasm") == expected


def test_files_that_are_no_modules(guest: Guests, tmp_path: Path) -> None:
    assert "0x20" in failure(tmp_path)
    file = tmp_path / "file.wasm"
    file.write_bytes(b"")
    assert "unexpected end, Code: 0x22" in failure(file)
    file.write_bytes(b"#!/bin/sh\necho no\n")
    message = failure(file)
    assert "magic header not detected, Code: 0x23" in message
    assert str(file) in message
    file.write_bytes(guest("hello").read_bytes()[:1000])
    assert "loading failed: " in failure(file)


def test_a_file_without_permission(guest: Guests, tmp_path: Path) -> None:
    file = tmp_path / "file.wasm"
    file.write_bytes(guest("hello").read_bytes())
    file.chmod(0)

    def respect_permissions() -> None:
        """Even root: give up the capabilities to read whatever it likes."""
        import ctypes

        drop = 24  # PR_CAPBSET_DROP
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            ctypes.CDLL(None).prctl(drop, capability, 0, 0, 0)

    done = subprocess.run(
        [sys.executable, "-m", "pywasmedge", str(file)],
        capture_output=True,
        timeout=60,
        preexec_fn=respect_permissions,
    )
    assert done.returncode == 1
    assert b"Code: 0x20" in done.stderr
    assert b"Permission denied" in done.stderr


def test_a_module_without_start(guest: Guests) -> None:
    assert "wasm function not found, Code: 0x05" in failure(guest("library"))


def test_a_trap_names_the_functions(guest: Guests) -> None:
    done = wasmedge(guest("trap"))
    assert done.returncode == 1
    lines = [LOG_LINE.fullmatch(line) for line in done.stderr.decode().splitlines()]
    texts = [line[2] for line in lines if line]
    assert len(texts) == len(lines)
    assert texts[0] == "execution failed: unreachable, Code: 0x89"
    assert [text.split()[-1] for text in texts[1:]] == ["inner", "middle", "outer", "_start"]


def test_endless_recursion_is_reported_briefly(guest: Guests) -> None:
    done = wasmedge(guest("recurse"))
    assert done.returncode == 1
    lines = done.stderr.decode().splitlines()
    assert "call stack exhausted" in lines[0]
    assert len(lines) < 30


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--nonsense", "x"], "wasmedge: unknown option: --nonsense"),
        (["--reactor=1", "x"], "wasmedge: option --reactor takes no value"),
        (["--env"], "wasmedge: option --env needs a value: NAME=VALUE"),
        (["--tier", "2", "x"], "wasmedge: option --tier: not one of auto, quick, optimised: 2"),
        (["--time-limit", "soon", "x"], "wasmedge: option --time-limit: not a number: soon"),
    ],
)
def test_mistakes_on_the_command_line(words: list[str], message: str) -> None:
    assert failure(*words) == message


def test_closed_output(guest: Guests) -> None:
    """The program is told, and says so itself."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "pywasmedge", str(guest("echo"))]
    done = subprocess.run(command, input=b"text", stdout=write, stderr=subprocess.PIPE, timeout=60)
    os.close(write)
    assert done.returncode == 1
    assert b"write: " in done.stderr
    shell = f'exec "$0" -m pywasmedge "{guest("echo")}" >&-'
    done = subprocess.run(
        ["sh", "-c", shell, sys.executable], input=b"text", capture_output=True, timeout=60
    )
    assert done.returncode == 1
    assert b"write: Bad file descriptor" in done.stderr


@pytest.mark.parametrize("streams", ["<&- >&- 2>&-", "<&-", "2>&-"])
def test_closed_streams_are_no_problem(guest: Guests, streams: str) -> None:
    shell = f'exec "$0" -m pywasmedge "{guest("hello")}" {streams}'
    done = subprocess.run(["sh", "-c", shell, sys.executable], capture_output=True, timeout=60)
    assert done.returncode in (0, 1) if ">&- 2" in streams else done.returncode == 0


# --- limits and switches ---


@pytest.mark.parametrize("tier", ["auto", "quick", "optimised"])
def test_tiers(guest: Guests, tier: str) -> None:
    assert output("--tier", tier, guest("hello")) == "hello, world\n"


def test_time_limit(guest: Guests) -> None:
    start = time.monotonic()
    message = failure("--time-limit", "700", guest("spin"))
    assert message == "wasmedge runtime failed: execution interrupted, Code: 0x07"
    assert 0.7 <= time.monotonic() - start < 20


def test_time_limit_of_a_program_that_waits(guest: Guests) -> None:
    for words in (["clock", "100000"], ["echo"]):
        command = [sys.executable, "-m", "pywasmedge", "--time-limit", "700"]
        start = time.monotonic()
        process = subprocess.Popen(
            [*command, str(guest(words[0])), *words[1:]],
            stdin=subprocess.PIPE,  # never written to, never closed
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.wait(timeout=20) == 1
        assert time.monotonic() - start >= 0.7
        assert process.stderr is not None
        assert b"execution interrupted, Code: 0x07" in process.stderr.read()
        process.communicate()


def test_time_limit_that_is_not_reached(guest: Guests) -> None:
    assert output("--time-limit", "60000", guest("hello")) == "hello, world\n"
    assert output("--time-limit", "0", guest("hello")) == "hello, world\n"


def test_ctrl_c_ends_a_running_program(tmp_path: Path) -> None:
    program = tmp_path / "program.wasm"
    write = "i32.const 1 i32.const 0 i32.const 1 i32.const 8 call 0 drop"
    program.write_bytes(
        wasm(
            types=["i32 i32 i32 i32 -> i32", "->"],
            imports=[("wasi_snapshot_preview1", "fd_write", "func", 0)],
            funcs=[1],
            memories=[limits(1)],
            exports=[("_start", "func", 1), ("memory", "memory", 0)],
            code=[body(f"{write} loop void br 0 end")],
            datas=[data("i32.const 0", struct.pack("<III6s", 12, 6, 0, b"begun\n"))],
        )
    )
    command = [sys.executable, "-m", "pywasmedge", "--time-limit", "60000", str(program)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == -signal.SIGINT


def test_memory_page_limit(guest: Guests) -> None:
    assert output("--memory-page-limit", "100", guest("hello")) == "hello, world\n"
    assert "Code: 0x" in failure("--memory-page-limit", "1", guest("hello"))
    assert output("--table-limit", "1000", guest("hello")) == "hello, world\n"
    assert "Code: 0x87" in failure("--table-limit", "0", guest("hello"))


LEB_MODULES = {
    # (func (result i32) i32.const 0 i32.extend8_s) exported as "f"
    "disable-sign-extension-operators": (
        "0061736d01000000 0105016000017f 03020100 0705010166 0000 0a07010500 4100c00b"
    ),
}


def test_proposal_switches(tmp_path: Path) -> None:
    file = tmp_path / "module.wasm"
    for switch, text in LEB_MODULES.items():
        file.write_bytes(bytes.fromhex(text.replace(" ", "")))
        assert output("--reactor", file, "f") == "0\n"
        assert "Code: 0x" in failure(f"--{switch}", "--reactor", file, "f")
    # (memory 1 2 shared)
    file.write_bytes(bytes.fromhex("0061736d010000000504010301 02".replace(" ", "")))
    assert "Code: 0x05" in failure("--enable-threads", file)  # well-formed, but without _start
    assert "Code: 0x05" not in failure(file)


def test_statistics_go_to_standard_output(guest: Guests) -> None:
    done = wasmedge("--enable-time-measuring", guest("hello"))
    assert done.returncode == 0
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "hello, world"
    matches = [LOG_LINE.fullmatch(line) for line in lines[1:]]
    assert all(match and match[1] == "info" for match in matches)
    assert re.search(r"execution time: [1-9]\d* ns", lines[-1])


def test_version() -> None:
    release, parts, build = output("--version").splitlines()
    assert output("-v").splitlines() == [release, parts, build]
    assert release == "wasmedge version 0.10.0"
    version = r"\d+\.\d+[\w.+-]*"
    python = re.escape(platform.python_version())
    named = rf"LLVM {version} \(llvmlite 0\.50\.\d+\), cffi {version}, CPython {python}"
    assert re.fullmatch(named, parts)
    assert re.fullmatch(
        rf"built for {platform.machine()} by (GCC|Clang) .+, glibc {version}, with quick code",
        build,
    )


def test_help_is_shown_when_asked_for_and_without_arguments() -> None:
    pages = [wasmedge("--help"), wasmedge("-h"), wasmedge(), wasmedge("--reactor")]
    for page in pages:
        assert page.returncode == 1
        assert page.stdout == pages[0].stdout
    assert b"--memory-page-limit N" in pages[0].stdout
