"""The command runs whatever its standard streams are, and the program gets the right errno."""

from __future__ import annotations

import os
import socket
import subprocess
import sysconfig
from itertools import product
from typing import TYPE_CHECKING

import pytest
from wasmbuild import body, data, limits, wasm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.long
COMMAND = os.path.join(sysconfig.get_path("scripts"), "wasmedge")
OK, BADF, IO, ISDIR, NOSPC, NOTCONN, PIPE = 0, 8, 29, 31, 51, 53, 64


REPORT = b"report"


def reporter() -> bytes:
    """A program that writes the errnos of reading 0 and of writing to 1 and 2 to a file."""
    ranges = (200, 1, 40, 2, 100, 3)  # to read to; "x\n"; the report
    return wasm(
        types=["i32 i32 i32 i32 -> i32", "i32 i32 i32 i32 i32 i64 i64 i32 i32 -> i32", "->"],
        imports=[
            ("wasi_snapshot_preview1", "fd_read", "func", 0),
            ("wasi_snapshot_preview1", "fd_write", "func", 0),
            ("wasi_snapshot_preview1", "path_open", "func", 1),
        ],
        funcs=[2],
        memories=[limits(1)],
        exports=[("_start", "func", 3), ("memory", "memory", 0)],
        code=[
            body("""
                i32.const 100 i32.const 0 i32.const 0 i32.const 1 i32.const 64 call 0
                i32.store8 0 0
                i32.const 101 i32.const 1 i32.const 8 i32.const 1 i32.const 64 call 1
                i32.store8 0 0
                i32.const 102 i32.const 2 i32.const 8 i32.const 1 i32.const 64 call 1
                i32.store8 0 0
                i32.const 3 i32.const 0 i32.const 32 i32.const 6 i32.const 1 i64.const 64
                i64.const 0 i32.const 0 i32.const 104 call 2 drop
                i32.const 104 i32.load 2 0 i32.const 16 i32.const 1 i32.const 64 call 1 drop
            """)
        ],
        datas=[
            data("i32.const 0", b"".join(number.to_bytes(4, "little") for number in ranges)),
            data("i32.const 32", REPORT),
            data("i32.const 40", b"x\n"),
        ],
    )


# What a stream can be: descriptors to be closed later, the first is the stream.


def _file(folder: Path) -> list[int]:
    return [os.open(folder / "file", os.O_RDWR | os.O_CREAT)]


def _directory(folder: Path) -> list[int]:
    return [os.open(folder, os.O_RDONLY)]


def _closed(folder: Path) -> list[int]:
    return []


def _gone(folder: Path) -> list[int]:
    """A socket whose other end is gone."""
    one, other = socket.socketpair()
    other.close()
    return [one.detach()]


def _for_reading(folder: Path) -> list[int]:
    return [os.open(folder / "file", os.O_RDONLY | os.O_CREAT)]


def _for_writing(folder: Path) -> list[int]:
    return [os.open(folder / "file", os.O_WRONLY | os.O_CREAT)]


def _only_a_place(folder: Path) -> list[int]:
    return [os.open(folder, os.O_PATH)]


def _full(folder: Path) -> list[int]:
    return [os.open("/dev/full", os.O_RDWR)]


def _pipe_without_reader(folder: Path) -> list[int]:
    reader, writer = os.pipe()
    os.close(reader)
    return [writer]


def _pipe_without_writer(folder: Path) -> list[int]:
    reader, writer = os.pipe()
    os.close(writer)
    return [reader]


def _not_connected(folder: Path) -> list[int]:
    return [socket.socket(socket.AF_INET, socket.SOCK_STREAM).detach()]


def _terminal(folder: Path) -> list[int]:
    """One that somebody has hung up."""
    master, slave = os.openpty()
    os.close(master)
    return [slave]


MIXED: dict[Callable[[Path], list[int]], tuple[int, int]] = {
    _file: (OK, OK),
    _directory: (ISDIR, BADF),
    _closed: (BADF, BADF),
    _gone: (OK, PIPE),
}
"""Errnos of reading and of writing."""
OTHERS = {
    _for_reading: (OK, BADF),
    _for_writing: (BADF, OK),
    _only_a_place: (BADF, BADF),
    _full: (OK, NOSPC),
    _pipe_without_reader: (BADF, PIPE),
    _pipe_without_writer: (OK, BADF),
    _not_connected: (NOTCONN, PIPE),
    _terminal: (OK, IO),
}


def errnos(kinds: tuple[Callable[[Path], list[int]], ...], folder: Path) -> list[int]:
    """What the program reports with these streams."""
    (folder / "report").unlink(missing_ok=True)
    opened = [kind(folder) for kind in kinds]
    actions: list[tuple[int, ...]] = []
    for stream, descriptors in enumerate(opened):
        if descriptors:
            actions.append((os.POSIX_SPAWN_DUP2, descriptors[0], stream))
        else:
            actions.append((os.POSIX_SPAWN_CLOSE, stream))
    words = [COMMAND, "--dir", f".:{folder}", str(folder / "reporter.wasm")]
    child = os.posix_spawn(COMMAND, words, os.environ, file_actions=actions)
    try:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        for descriptors in opened:
            for descriptor in descriptors:
                os.close(descriptor)
    return list((folder / "report").read_bytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "reporter.wasm").write_bytes(reporter())
    return tmp_path


@pytest.mark.parametrize("standard_input", MIXED, ids=lambda kind: kind.__name__.strip("_"))
def test_every_combination(standard_input: Callable[[Path], list[int]], folder: Path) -> None:
    for output, error in product(MIXED, repeat=2):
        kinds = (standard_input, output, error)
        expected = [MIXED[standard_input][0], MIXED[output][1], MIXED[error][1]]
        assert errnos(kinds, folder) == expected, kinds


@pytest.mark.parametrize("kind", OTHERS, ids=lambda kind: kind.__name__.strip("_"))
def test_other_streams(kind: Callable[[Path], list[int]], folder: Path) -> None:
    reading, writing = OTHERS[kind]
    assert errnos((kind, kind, kind), folder) == [reading, writing, writing]


@pytest.mark.parametrize(
    ("command", "redirections"),
    [
        ("wasmedge", "</ 1</ 2</"),
        ("wasmedge", "<&- >&- 2>&-"),
        ("wasmedgec", "</ 1</ 2</"),
        ("wasmedgec", "<&- >&- 2>&-"),
        ("pywasmedge-config", "</ 2</"),
        ("pywasmedge-config", "<&- 2>&-"),
    ],
)
def test_commands_without_programs(command: str, redirections: str) -> None:
    program = os.path.join(os.path.dirname(COMMAND), command)
    shell = ["/bin/sh", "-c", f'exec "$0" --version {redirections}', program]
    done = subprocess.run(shell, stdout=subprocess.PIPE, check=True, timeout=60)
    assert (done.stdout == b"") == ("1<" in redirections or ">&- 2" in redirections)
