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


CHEAP = ("configure", "statistics", "string", "types", "function", "table", "memory", "global")
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
)


def grown(kind: str, cycles: int, rounds: int = 3) -> int:
    """KiB by which the process grew in the best of some rounds of so many cycles."""
    program = capi_host.build("own_cycles.c")
    done = capi_host.run(program, GUEST, kind, rounds, cycles, timeout=900)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def allowed(cycles: int) -> int:
    """KiB: half of what the smallest block of malloc in every cycle would need, and some pages."""
    return 64 + cycles * 16 // 1024


@pytest.mark.parametrize("kind", CHEAP)
def test_memory_is_flat(kind: str) -> None:
    assert grown(kind, 25_000) <= allowed(25_000)


@pytest.mark.parametrize("kind", PYTHON)
def test_memory_is_flat_with_python(kind: str) -> None:
    assert grown(kind, 2_000) <= allowed(2_000)


@slow
@pytest.mark.parametrize("kind", PYTHON)
def test_memory_is_flat_for_long(kind: str) -> None:
    assert grown(kind, 25_000) <= allowed(25_000)


@pytest.mark.parametrize(("kind", "cycles"), [("ast", 200), ("run", 10)])
def test_memory_is_flat_with_code(kind: str, cycles: int) -> None:
    assert grown(kind, cycles, 6) <= allowed(cycles)
