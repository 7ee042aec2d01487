"""The prebuilt guests run as their sources say, from Python and through the command.

The numbers expected of ``alloc`` and ``indirect`` are what the same sources print when they are
compiled for the host.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import time
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
import testdata

import pywasmedge
from pywasmedge import ErrCode

ROOT = Path(__file__).parents[2]


class Done(NamedTuple):
    """How a program ended."""

    code: int
    out: str
    err: str


def wasmedge(*arguments: str | Path) -> Done:
    """Run the command."""
    done = subprocess.run(
        [sys.executable, "-m", "pywasmedge", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


@cache
def module(name: str) -> pywasmedge.Module:
    """A guest's module, whose code is generated once for all tests."""
    found = pywasmedge.Loader().parse_file(program(name))
    pywasmedge.Validator().validate(found)
    return found


def run(name: str, *arguments: str, folder: Path | None = None, stdin: bytes = b"") -> Done:
    """Run a program in this process; ``folder`` is its current directory."""
    out, err = bytearray(), bytearray()
    wasi = pywasmedge.WASI(
        args=[name, *arguments],
        preopens={".": folder} if folder else {},
        stdin=stdin,
        stdout=out.extend,
        stderr=err.extend,
    )
    with pywasmedge.VM() as vm:
        vm.register_module(wasi)
        try:
            vm.run_wasm_from_module(module(name))
        except pywasmedge.Exit:
            assert wasi.exit_code != 0
    return Done(wasi.exit_code, out.decode(), err.decode())


def program(name: str) -> Path:
    return testdata.GUESTS / f"{name}.wasm"


def instance(name: str) -> pywasmedge.ModuleInstance:
    """An instance of a guest that imports nothing."""
    return pywasmedge.Executor().instantiate(pywasmedge.Store(), module(name))


def test_every_guest_has_source_command_and_description() -> None:
    names = {path.stem for path in testdata.GUESTS.glob("*.c")}
    assert names == {path.stem for path in testdata.GUESTS.glob("*.wasm")}
    script = (testdata.GUESTS / "build.sh").read_text()
    assert names == names & set(re.findall(r"\w+", script))
    table = (testdata.GUESTS / "README.md").read_text()
    assert names == set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))


def test_hello() -> None:
    assert wasmedge(program("hello")) == Done(0, "hello, world\n", "")
    assert run("hello") == Done(0, "hello, world\n", "")


def test_arguments_environment_and_exit_code() -> None:
    done = wasmedge("--env", "COLOUR=light blue", program("args"), "one", "", "--two", "exit=7")
    assert done.code == 7
    assert done.out.splitlines() == [
        "arg 0: args.wasm",
        "arg 1: one",
        "arg 2: ",
        "arg 3: --two",
        "arg 4: exit=7",
        "env COLOUR=light blue",
    ]


def test_echo() -> None:
    text = "".join(f"line {n}\n" for n in range(500))
    assert run("echo", stdin=text.encode()) == Done(0, text, f"{len(text)} bytes\n")


def test_wordcount(tmp_path: Path) -> None:
    text = "The cat and the hat.\nthe end, and\n\n  cat\n" * 40
    (tmp_path / "story.txt").write_text(text)
    done = run("wordcount", "story.txt", folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    counts = Counter(re.findall(r"[a-z]+", text.lower())).items()
    frequent = sorted(counts, key=lambda item: (-item[1], item[0]))[:5]
    assert done.out.splitlines() == [
        f"story.txt: {text.count(chr(10))} lines, {len(text.split())} words, {len(text)} bytes",
        f"sha256 {hashlib.sha256(text.encode()).hexdigest()}",
        "most frequent: " + ", ".join(f"{word} {count}" for word, count in frequent),
    ]


def test_wordcount_says_what_is_wrong(tmp_path: Path) -> None:
    done = run("wordcount", "missing.txt", folder=tmp_path)
    assert done == Done(1, "", "missing.txt: No such file or directory\n")
    assert wasmedge(program("wordcount")) == Done(2, "", "usage: wordcount FILE\n")


def test_alloc() -> None:
    assert run("alloc", "3000").out.startswith("checksum 13924839981300941482,")
    assert run("alloc").out == "checksum 9006167569892076680, memory grown\n"


def test_indirect() -> None:
    assert run("indirect").out.splitlines() == [
        "table -1206117174",
        "area 18.50",
        "sorted -20 -3 0 5 7 7 9",
    ]
    assert run("indirect", "20", "x").out.splitlines() == [
        "table -1867625414",
        "area 18.50",
        "sorted 9 7 7 5 0 -3 -20",
    ]


def test_clock() -> None:
    done = run("clock", "60")
    assert done.code == 0, done.err
    found = re.fullmatch(r"elapsed (\d+) ns\nresolution (\d+) ns\nunix time (\d+) s\n", done.out)
    assert found is not None, done.out
    elapsed, resolution, now = map(int, found.groups())
    assert elapsed >= 60_000_000
    assert 0 < resolution <= 1_000_000_000
    assert abs(now - time.time()) < 120


def test_files(tmp_path: Path) -> None:
    """The story of a file, told to and by a guest; the host sees every step."""

    def files(*arguments: str) -> str:
        done = run("files", *arguments, folder=tmp_path)
        assert (done.code, done.err) == (0, "")
        return done.out

    def refused(*arguments: str) -> str:
        done = run("files", *arguments, folder=tmp_path)
        assert (done.code, done.out) == (1, "")
        return done.err.rstrip("\n")

    files("write", "a.txt", "hello, file")
    assert (tmp_path / "a.txt").read_text() == "hello, file"
    files("append", "a.txt", "!")
    files("patch", "a.txt", "7", "FILE")
    assert files("cat", "a.txt") == "hello, FILE!"
    assert files("part", "a.txt", "7", "2") == "FI"
    assert files("part", "a.txt", "-2", "100") == "E!"
    assert files("stat", "a.txt") == "file 12\n"
    files("truncate", "a.txt", "5")
    assert (tmp_path / "a.txt").read_text() == "hello"

    files("mkdir", "sub")
    assert files("stat", "sub") == "directory 0\n"
    assert refused("mkdir", "sub") == "mkdir: File exists"
    files("rename", "a.txt", "sub/b.txt")
    assert (tmp_path / "sub" / "b.txt").read_text() == "hello"
    assert not (tmp_path / "a.txt").exists()
    files("symlink", "b.txt", "sub/link")
    assert files("readlink", "sub/link") == "b.txt\n"
    assert files("cat", "sub/link") == "hello"
    assert files("stat", "sub/link") == "link 0\n"
    files("link", "sub/b.txt", "c.txt")
    assert files("list", ".") == "c.txt\nsub/\n"
    assert files("list", "sub") == "b.txt\nlink\n"

    assert refused("exclusive", "c.txt") == "exclusive: File exists"
    assert refused("cat", "a.txt") == "cat: No such file or directory"
    assert refused("rmdir", "sub") == "rmdir: Directory not empty"
    files("remove", "sub/link")
    files("remove", "sub/b.txt")
    files("rmdir", "sub")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.txt"]


def test_many_directory_entries(tmp_path: Path) -> None:
    names = [f"entry-{n:04}-{'x' * (n % 50)}" for n in range(700)]
    for name in names:
        (tmp_path / name).touch()
    done = run("files", "list", ".", folder=tmp_path)
    assert done.out.splitlines() == sorted(names)


@pytest.mark.parametrize("path", ["../secret", "out/secret", "sub/../../secret"])
def test_files_outside_of_the_sandbox_are_out_of_reach(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").write_text("secret")
    box = tmp_path / "box"
    (box / "sub").mkdir(parents=True)
    (box / "out").symlink_to(tmp_path)
    for command in (["cat", path], ["write", path, "changed"], ["remove", path]):
        done = run("files", *command, folder=box)
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith(f"{command[0]}: ")
    assert (tmp_path / "secret").read_text() == "secret"


def test_a_trapping_program_says_where() -> None:
    done = wasmedge(program("trap"))
    assert (done.code, done.out) == (1, "")
    assert "unreachable" in done.err
    names = re.findall(r"\b(inner|middle|outer|_start)\b", done.err)
    assert names == ["inner", "middle", "outer", "_start"]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (0, ErrCode.UNREACHABLE),
        (1, ErrCode.DIVIDE_BY_ZERO),
        (2, ErrCode.MEMORY_OUT_OF_BOUNDS),
        (3, ErrCode.INDIRECT_CALL_TYPE_MISMATCH),
    ],
)
def test_traps(kind: int, code: ErrCode) -> None:
    exports = instance("trap").exports
    for _ in range(3):
        with pytest.raises(pywasmedge.Trap) as caught:
            exports.fail(kind)
        assert caught.value.code == code
        assert caught.value.backtrace[:4] == ("inner", "middle", "outer", "fail")
        assert exports.fine(41) == 42


def test_recursion_without_end_is_a_trap() -> None:
    exports = instance("recurse").exports
    assert exports.sum(10_000) == 50_005_000
    for export in (exports.descend, exports.table_tennis):
        with pytest.raises(pywasmedge.Trap, match="call stack exhausted"):
            export(0)
    assert exports.sum(10_000) == 50_005_000


def test_a_time_limit_ends_a_guest_that_never_ends() -> None:
    start = time.monotonic()
    done = wasmedge("--time-limit", "300", program("spin"))
    assert done.code == 1
    assert "interrupted" in done.err
    assert 0.3 <= time.monotonic() - start < 30


def test_library() -> None:
    library = instance("library").exports
    assert library.next() == 1
    library._initialize()
    assert (library.next(), library.next()) == (1001, 1002)
    assert library.add(2**31 - 1, 1) == -(2**31)
    assert library.multiply(-3, 2**40) == -3 * 2**40
    assert library.hypotenuse(3.0, 4.0) == 5.0
    assert library.half(5.0) == 2.5
    assert library.fib(20) == 6765
    assert library.gcd(1071, 462) == 21
    assert library.factorial(20) == 2432902008176640000
    with pytest.raises(pywasmedge.Trap, match="integer overflow"):
        library.divide(-(2**31), -1)


def test_library_shares_memory_with_the_host() -> None:
    library = instance("library").exports
    library._initialize()
    memory = memoryview(library.memory)
    at = library.allocate(40)
    memory[at : at + 40] = b"".join((n * n).to_bytes(4, "little") for n in range(10))
    assert library.sum(at, 10) == 285
    library.release(at)
    at = library.version()
    assert bytes(memory[at : at + 12]) == b"library 1.0\0"
    at = library.allocate(5)
    memory[at : at + 5] = b"abcde"
    library.reverse(at, 5)
    assert bytes(memory[at : at + 5]) == b"edcba"
    big = library.filled(1_000_000, 0x5A)
    assert bytes(memoryview(library.memory)[big : big + 1_000_000]) == b"\x5a" * 1_000_000


def test_reactor_from_the_command() -> None:
    done = wasmedge("--reactor", program("library"), "fib", "20")
    assert (done.code, done.out) == (0, "6765\n")
    done = wasmedge("--reactor", program("library"), "next")
    assert (done.code, done.out) == (0, "1001\n")
