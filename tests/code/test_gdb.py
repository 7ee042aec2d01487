"""GDB prints the frames of generated code."""

from __future__ import annotations

import gc
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import capi_host
import profiled
import pytest
from wasmbuild import body, wasm

from pywasmedge import VM, Compiler, Configure, OutputFormat
from pywasmedge.code import pieces
from pywasmedge.code.watch.debugger import Symbols
from pywasmedge.compiler import elf

PROGRAM = Path(profiled.__file__)
_, INNER, OUTER, RUN = profiled.SHOWN
HOST_TO_GUEST, GUEST_TO_HOST = "[host to guest]", "[guest to host]"


@pytest.fixture
def guest(tmp_path: Path) -> Path:
    """The module of ``profiled``."""
    path = tmp_path / "guest.wasm"
    path.write_bytes(profiled.module())
    return path


def gdb(commands: list[str], program: list[str], wanted: str = "1") -> list[list[str]]:
    """What functions GDB prints for every ``bt`` in ``commands``, innermost first."""
    tool = shutil.which("gdb")
    if not tool:
        pytest.skip("gdb is not on the path")
    settings = (
        "set pagination off",
        "set confirm off",
        "set width 0",
        "set debuginfod enabled off",
        "set breakpoint pending on",
        "set charset UTF-8",
        "handle SIGSEGV SIGILL SIGBUS nostop noprint pass",
    )
    words = [tool, "-nx", "-batch"]
    for command in (*settings, *commands):
        words += ["-ex", command]
    env = {**os.environ, "PYWASMEDGE_GDB": wanted, "PYWASMEDGE_CACHE": "off", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [*words, "--args", *program], env=env, capture_output=True, text=True, timeout=300
    )
    if "ptrace: Operation not permitted" in done.stdout + done.stderr:
        pytest.skip("gdb may not trace processes here")
    stacks: list[list[str]] = []
    for line in done.stdout.splitlines():
        frame = re.match(r"#(\d+) +(?:0x[0-9a-f]+ in )?(.+?) \((?=\)|\w+=|this)", line)
        if frame:
            if frame[1] == "0":
                stacks.append([])
            stacks[-1].append(frame[2])
    assert len(stacks) == commands.count("bt"), done.stdout + done.stderr
    return stacks


def guests_in(stack: list[str]) -> list[str]:
    """The frames of generated code."""
    first = stack.index(GUEST_TO_HOST)
    return stack[first : stack.index(HOST_TO_GUEST) + 1]


@pytest.mark.parametrize("form", ["quick", "ahead"])
def test_c_host(guest: Path, form: str) -> None:
    program = guest
    if form == "ahead":
        program = guest.with_suffix(".so")
        Compiler(Configure(output_format=OutputFormat.NATIVE)).compile(guest, program)
    host = capi_host.build("gdb_host.c", "-O0")
    (stack,) = gdb(["break report", "run", "bt"], [str(host), str(program)])
    names = [f"{name} [{form}]" for name in (INNER, OUTER, RUN)]
    assert guests_in(stack) == [GUEST_TO_HOST, *names, HOST_TO_GUEST]
    assert stack[0] == "report"
    assert stack[-1] == "main"


@pytest.mark.long
def test_both_code_generators_on_one_stack(guest: Path) -> None:
    program = [sys.executable, str(PROGRAM), str(guest), "QUICK", "off", "improve"]
    skip_first = ["break getppid", "run", "bt", "continue", "bt"]
    first, second = gdb(skip_first, program)
    quick = [f"{name} [quick]" for name in (INNER, OUTER, RUN)]
    mixed = [f"{INNER} [optimised]", f"{OUTER} [optimised]", f"{RUN} [quick]"]
    assert guests_in(first) == [GUEST_TO_HOST, *quick, HOST_TO_GUEST]
    assert guests_in(second) == [GUEST_TO_HOST, *mixed, HOST_TO_GUEST]
    assert "Py_BytesMain" in second


def test_a_debugger_that_comes_later(guest: Path) -> None:
    host = capi_host.build("gdb_host.c", "-O0")
    with subprocess.Popen(
        [host, guest, "wait"],
        env={**os.environ, "PYWASMEDGE_GDB": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        try:
            (stack,) = gdb([f"attach {process.pid}", "bt"], [str(host)])
        finally:
            output, _ = process.communicate("\n", timeout=60)
    assert output == "1: success\n"
    names = [f"{name} [quick]" for name in (INNER, OUTER, RUN)]
    assert guests_in(stack) == [GUEST_TO_HOST, *names, HOST_TO_GUEST]


def test_code_that_goes_is_forgotten() -> None:
    symbols = Symbols()
    before = {piece.start for piece in pieces.pieces()}
    pieces.watchers.append(symbols)
    try:
        vm = VM(Configure(cache="off"))
        binary = wasm(types=["->"], funcs=[0], exports=[("f", "func", 0)], code=[body("")])
        vm.run_wasm_from_bytes(binary, "f")
        mine = {p.start for p in pieces.pieces() if p.module is not None} - before
        assert len(mine) == 1
        assert mine <= symbols._files.keys()
        del vm
        gc.collect()
        assert not mine & symbols._files.keys()
    finally:
        pieces.watchers.remove(symbols)


def test_nothing_is_described_unless_it_is_wanted(guest: Path) -> None:
    host = capi_host.build("gdb_host.c", "-O0")
    (stack,) = gdb(["break report", "run", "bt"], [str(host), str(guest)], wanted="0")
    assert GUEST_TO_HOST not in stack


def test_symbol_files_are_complete(tmp_path: Path) -> None:
    tool = shutil.which("readelf")
    if not tool:
        pytest.skip("readelf is not on the path")
    path = tmp_path / "symbols"
    functions = [(0x7F00_0000_1000, 32, "a b"), (0x7F00_0000_1040, 16, "c\0d")]
    path.write_bytes(elf.symbol_file(functions, 0x7F00_0000_1060, bytes(4)))
    done = subprocess.run([tool, "-W", "-a", path], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert re.search(r"\.text +NOBITS +00007f0000001000 \w+ 000050 .* AX ", done.stdout)
    assert re.search(r"00007f0000001000 +32 FUNC +LOCAL +DEFAULT +1 a b\n", done.stdout)
    assert re.search(r"00007f0000001040 +16 FUNC +LOCAL +DEFAULT +1 c\?d\n", done.stdout)
