"""The C API's functions that are C alone, and asynchronous runs: hosts in ``tests/c``."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
from contextlib import suppress

import capi_host
import pytest
import testdata

GUEST = capi_host.SOURCES / "guest.wasm"
WAITING_GUEST = capi_host.SOURCES / "waiting_guest.wasm"
PURE = ["pure_values", "pure_types", "pure_instances", "pure_log"]
ASYNC = [
    "five_ways",
    "failures",
    "nulls",
    "waiting",
    "cancelling",
    "cancelling_too_late",
    "cancelling_one_of_three",
    "host_functions",
    "deleting",
    "waiting_guests",
    "blocked_signals",
    "small_default_stack",
    "threads",
    "exit",
]
LINE = re.compile(
    r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] \[error\] "
    r"[a-z ]+ failed: .+, Code: 0x[0-9a-f]{2}(: .*|, at offset 0x[0-9a-f]+)?"
)
WORKFLOW = "[error] wasmedge runtime failed: wrong VM workflow, Code: 0x04"
OUTSIDE = "[error] execution failed: out of bounds memory access, Code: 0x88"


def succeeds(name: str, *arguments: object) -> str:
    """Standard output of a host that ends well and writes nothing else than log lines."""
    done = capi_host.run(capi_host.build(f"{name}.c"), *arguments)
    assert done.returncode == 0, done.stderr
    strange = [line for line in done.stderr.splitlines() if not LINE.fullmatch(line)]
    assert not strange
    return done.stdout


@pytest.mark.parametrize("name", PURE)
def test_pure_functions(name: str) -> None:
    """What the functions do, without leaks and without Python in the process."""
    succeeds(name)


def test_messages() -> None:
    """Every code of the API has its message, and no other number has one."""
    api = json.loads(testdata.require("capi/wasmedge-0.10.0-api.json").read_text("utf-8"))
    [codes] = [e["values"] for e in api["enums"] if e["name"] == "WasmEdge_ErrCode"]
    shown = [line.split("\t") for line in succeeds("pure_values").splitlines()]
    assert {int(code): text for code, text in shown} == {c["value"]: c["message"] for c in codes}


def test_log_lines_are_single_writes_to_standard_error() -> None:
    """A datagram socket shows the borders of writes."""
    program = capi_host.build("pure_log.c")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        done = subprocess.run([program], stdout=subprocess.PIPE, stderr=theirs, check=True)
        ours.setblocking(False)
        lines = [ours.recv(1000).decode() for _ in range(3)]
        with pytest.raises(BlockingIOError):
            ours.recv(1)
    assert done.stdout == b""
    for line, text in zip(lines, [WORKFLOW, WORKFLOW, OUTSIDE], strict=True):
        assert LINE.fullmatch(line.removesuffix("\n"))
        assert line.endswith(f"{text}\n")


def test_log_levels_have_colours_on_a_terminal() -> None:
    program = capi_host.build("pure_log.c")
    ours, theirs = os.openpty()
    subprocess.run([program], stderr=theirs, check=True)
    os.close(theirs)
    text = b""
    with suppress(OSError):  # the end of what was written to a terminal
        while part := os.read(ours, 10000):
            text += part
    os.close(ours)
    assert text.count(b"[\x1b[31merror\x1b[0m] ") == 3


def test_a_closed_standard_error_does_no_harm() -> None:
    program = capi_host.build("pure_log.c")
    subprocess.run(["sh", "-c", 'exec "$0" 2>&-', program], check=True)


def test_instances_shared_with_a_guest() -> None:
    succeeds("shared_instances", GUEST)


@pytest.mark.parametrize("case", ASYNC)
def test_async(case: str) -> None:
    succeeds("async", GUEST, WAITING_GUEST, case)


@pytest.mark.parametrize("name", PURE)
def test_valgrind_finds_nothing(name: str) -> None:
    """Neither errors nor leaks; interned function types stay reachable."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        pytest.skip("valgrind is not on the path")
    program = capi_host.build(f"{name}.c")
    flags = [
        "--quiet",
        "--error-exitcode=99",
        "--leak-check=full",
        "--show-leak-kinds=definite,possible",
    ]
    done = capi_host.run(valgrind, *flags, program, 10)
    assert done.returncode == 0, done.stderr
