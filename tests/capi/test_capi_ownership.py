"""Who owns what: deletion in any order, memory that does not grow, no error that a tool can see."""

from __future__ import annotations

import os
import re

import capi_host
import pytest

GUEST = capi_host.SOURCES / "guest.wasm"
IMPORTER = capi_host.SOURCES / "own_importer.wasm"
slow = pytest.mark.skipif(
    "PYWASMEDGE_SLOW_TESTS" not in os.environ, reason="takes minutes; set PYWASMEDGE_SLOW_TESTS=1"
)

ORDERS = re.findall(r"^    \{\"(\w+)\", ", (capi_host.SOURCES / "own_orders.c").read_text(), re.M)


@pytest.mark.parametrize("order", ORDERS)
def test_order_of_deletion(order: str) -> None:
    done = capi_host.run(capi_host.build("own_orders.c"), GUEST, IMPORTER, order)
    assert done.returncode == 0, done.stderr


def test_nothing_that_makes_contexts_is_left_out() -> None:
    header = (capi_host.INCLUDE / "wasmedge" / "wasmedge.h").read_text()
    makers = set(re.findall(r"\b(WasmEdge_\w*Create\w*|WasmEdge_VMAsync\w+)\(", header))
    sources = [capi_host.SOURCES / name for name in ("own_cycles.c", "own_guest.h")]
    used = set(re.findall(r"\bWasmEdge_\w+", "".join([path.read_text() for path in sources])))
    assert len(makers) > 20
    assert makers <= used


CHEAP = (
    "configure",
    "statistics",
    "string",
    "types",
    "function",
    "binding",
    "table",
    "memory",
    "global",
    "optional",
)
"""Contexts that do not need Python."""
PYTHON = (
    "loader",
    "validator",
    "executor",
    "store",
    "vm",
    "module",
    "full_module",
    "wasi",
    "wasi_vm",
    "instantiate",
    "instance",
    "registered",
    "failures",
    "async",
    "cancelled",
    "run_ast",
)


def check_growth(kind: str, cycles: int, rounds: int = 3) -> None:
    """Fail unless the process grows by no more than some pages in one of some rounds of cycles.

    What leaks does so in every round: half of what the smallest block of malloc in every cycle
    would need is too much.
    """
    program = capi_host.build("own_cycles.c")
    done = capi_host.run(program, GUEST, kind, rounds, cycles, timeout=900)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 64 + cycles * 16 // 1024, done.stderr


@pytest.mark.parametrize("kind", CHEAP)
def test_memory_is_flat(kind: str) -> None:
    check_growth(kind, 25_000)


@pytest.mark.parametrize("kind", PYTHON)
def test_memory_is_flat_with_python(kind: str) -> None:
    check_growth(kind, 2_000)


@slow
@pytest.mark.parametrize("kind", PYTHON)
def test_memory_is_flat_for_long(kind: str) -> None:
    check_growth(kind, 25_000)


@pytest.mark.parametrize(("kind", "cycles"), [("ast", 200), ("run", 50), ("run_bytes", 50)])
def test_memory_is_flat_with_code(kind: str, cycles: int) -> None:
    check_growth(kind, cycles, 6)
