"""However deep a guest is when it calls the host, the host has its share of the stack."""

from __future__ import annotations

import resource
import subprocess
import sys

import capi_host
import pytest
from testdata import IMPORTS, TESTS

MIB = 1024
WORK = [("sort", 200), ("parse", 90), ("json", 900), ("regex", 20)]
"""What a host function does, and how much: 1 MiB of stack suffices (``sort``, Python 3.11)."""


def limit_of(size: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    resource.setrlimit(resource.RLIMIT_STACK, (size, hard))


def run(size: int, tier: str, kind: str, amount: int, limit: int | None = None) -> int:
    """How deep the guest was; ``limit``: bytes of stack of the main thread."""
    child = subprocess.run(
        [sys.executable, TESTS / "support" / "deep_child.py", str(size), tier, kind, str(amount)],
        capture_output=True,
        text=True,
        timeout=120,
        env={"PYTHONPATH": IMPORTS},
        preexec_fn=(lambda: limit_of(limit)) if limit is not None else None,
    )
    assert child.returncode == 0, child.stderr
    depth, end = child.stdout.split()
    assert end == "done"
    return int(depth)


@pytest.mark.parametrize("tier", ["QUICK", "OPTIMISED"])
@pytest.mark.parametrize(("kind", "amount"), WORK)
def test_python_in_the_main_thread(kind: str, amount: int, tier: str) -> None:
    assert run(0, tier, kind, amount, limit=8 * MIB * MIB) > 10_000


@pytest.mark.parametrize("kib", [2 * MIB, 64 * MIB])
@pytest.mark.parametrize(("kind", "amount"), WORK)
def test_python_in_other_threads(kind: str, amount: int, kib: int) -> None:
    assert run(kib, "OPTIMISED", kind, amount) > 10_000


@pytest.mark.parametrize(("kib", "amount"), [(64, 0), (128, 2), (256, 12), (512, 35), (1024, 85)])
@pytest.mark.parametrize("tier", ["QUICK", "OPTIMISED"])
def test_small_stacks_are_shared_in_halves(tier: str, kib: int, amount: int) -> None:
    """A level of the sorting takes 5 KiB, a thread of Python some 30 KiB."""
    assert run(kib, tier, "sort", amount) > kib


@pytest.mark.parametrize("kib", [256, 512, 1024, 2 * MIB, 8 * MIB, 64 * MIB])
def test_a_function_of_a_c_host(kib: int) -> None:
    """Of less than 1 MiB it has a half, of the largest three quarters."""
    half = kib // 2 - 8 if kib < 1024 else kib - 520 if kib < 2 * MIB else kib * 3 // 4 - 8
    program = capi_host.build("deep.c")
    done = capi_host.run(program, TESTS / "c" / "deep.wasm", kib, half - 16)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > kib


@pytest.mark.parametrize("limit", [1024, 8 * MIB, 64 * MIB])
def test_a_function_of_a_c_host_in_the_main_thread(limit: int) -> None:
    program = capi_host.build("deep.c")
    arguments = [TESTS / "c" / "deep.wasm", "0", str(limit // 2 - 64)]
    command = ["sh", "-c", 'ulimit -s $0 && exec "$@"', str(limit), program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > limit
