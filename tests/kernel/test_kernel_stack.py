"""Recursion without end is a trap at any size of the stack, never a crash."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest
from testdata import IMPORTS, TESTS

KINDS = ["small", "big", "helper", "leaf", "host"]


def run(kind: str, size: int, times: int, limit: int | None = None) -> list[str]:
    """Output lines of stack_child.py; ``limit`` is the stack limit of its main thread in bytes."""

    def set_limit() -> None:
        assert limit is not None
        hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
        resource.setrlimit(resource.RLIMIT_STACK, (limit, hard))

    child = subprocess.run(
        [sys.executable, TESTS / "support" / "stack_child.py", kind, str(size), str(times)],
        capture_output=True,
        text=True,
        timeout=120,
        env={"PYTHONPATH": IMPORTS},
        preexec_fn=set_limit if limit is not None else None,
    )
    assert child.returncode == 0, child.stderr
    return child.stdout.splitlines()


@pytest.mark.parametrize("kib", [64, 200, 1024, 8192])
@pytest.mark.parametrize("kind", KINDS)
def test_in_a_thread(kind: str, kib: int) -> None:
    lines = run(kind, kib, 3)
    ends = {"0x2"}
    if kind == "host" and sys.version_info >= (3, 12):
        ends.add("0x8d")  # the interpreter's own limit may come first: RecursionError in the host
    assert len(lines) == 3
    assert {line.split()[0] for line in lines} <= ends
    if kind != "host":  # there Python's frames lie between the guest's
        assert all(line.endswith("True") for line in lines)


@pytest.mark.parametrize("limit", [256 << 10, 8 << 20, 100 << 20, resource.RLIM_INFINITY])
@pytest.mark.parametrize("kind", ["small", "big", "helper"])
def test_in_the_main_thread(kind: str, limit: int) -> None:
    assert run(kind, 0, 2, limit) == ["0x2 True"] * 2


@pytest.mark.parametrize("limit", [256 << 10, 8 << 20])
def test_in_the_main_thread_with_host_calls(limit: int) -> None:
    assert run("leaf", 0, 2, limit) == ["0x2 True"] * 2


@pytest.mark.parametrize("kib", [64, 300])
def test_first_call_of_a_function_with_hardly_any_stack_left(kib: int) -> None:
    code, compiled = run("lazy", kib, 1)[-1].split()
    assert int(code) <= 0
    assert compiled == "True"
