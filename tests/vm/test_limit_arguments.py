"""Limits are checked where they are given: times and counts that are none, and odd ones."""

from __future__ import annotations

import math
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
import wasmbuild as wb

from pywasmedge import VM, WASI, Configure, ErrCode, Loader, Trap
from pywasmedge.base.arguments import seconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GUEST = wb.wasm(
    types=["->", "-> i32"],
    funcs=[0, 1],
    exports=[("spin", "func", 0), ("seven", "func", 1)],
    code=[wb.body("loop void br 0 end"), wb.body("i32.const 7")],
)

NO_TIMES: list[Any] = ["0.2", b"1", [1], 1j, ..., {}]
NO_LIMITS: list[Any] = [None, math.inf, 1e10, 2**63, 10**400, Decimal("1e30")]
NO_TIME_LEFT: list[Any] = [0, -1, -math.inf, -(10**400), 0.05, Fraction(1, 20), True - 1]


def calls(vm: VM, timeout: Any) -> list[Callable[[str], Any]]:
    """Everything that takes a time limit."""
    return [
        lambda name: vm.execute(name, timeout=timeout),
        lambda name: vm.execute_registered("m", name, timeout=timeout),
        lambda name: vm.run_wasm_from_bytes(GUEST, name, timeout=timeout),
        lambda name: vm.run_wasm_from_module(Loader().parse_bytes(GUEST), name, timeout=timeout),
    ]


@pytest.fixture
def vm() -> VM:
    vm = VM()
    vm.register_module_from_bytes("m", GUEST)
    vm.start(GUEST)
    return vm


@pytest.mark.parametrize("timeout", NO_TIMES, ids=repr)
def test_what_is_no_time_is_refused_before_anything_runs(vm: VM, timeout: Any) -> None:
    for call in calls(vm, timeout):
        with pytest.raises(TypeError, match="timeout: a number of seconds"):
            call("spin")


def test_not_a_number_is_refused(vm: VM) -> None:
    for call in calls(vm, math.nan):
        with pytest.raises(ValueError, match="timeout: not a number"):
            call("spin")


@pytest.mark.parametrize("timeout", NO_LIMITS, ids=lambda x: repr(x)[:20])
def test_no_limit(vm: VM, timeout: Any, capfd: pytest.CaptureFixture[str]) -> None:
    assert [call("seven") for call in calls(vm, timeout)] == [7] * 4
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("timeout", NO_TIME_LEFT, ids=lambda x: repr(x)[:20])
def test_limits_that_are_reached(vm: VM, timeout: Any, capfd: pytest.CaptureFixture[str]) -> None:
    for call in calls(vm, timeout):
        with pytest.raises(Trap) as caught:
            call("spin")
        assert caught.value.code == ErrCode.INTERRUPTED
    assert capfd.readouterr() == ("", "")


def test_waiting_for_a_run(vm: VM) -> None:
    run = vm.execute_async("spin")
    assert not run.wait(0.01)
    assert not run.wait(-5)
    for timeout in NO_TIMES:
        with pytest.raises(TypeError, match="timeout"):
            run.wait(timeout)
    with pytest.raises(ValueError, match="timeout"):
        run.wait(math.nan)
    run.cancel()
    assert run.wait(math.inf)


@pytest.mark.parametrize(
    ("value", "meaning"), [(1.5, 1.5), (True, 1.0), (-3, 0.0), (1e9, 1e9), (1.1e9, None)]
)
def test_the_number_of_seconds(value: Any, meaning: float | None) -> None:
    assert seconds(value, "x") == meaning


@pytest.mark.parametrize(
    ("values", "error"),
    [
        (["3", b"3", 1.5, math.inf, None], TypeError),
        ([-1, 65537, 2**70], ValueError),
    ],
)
def test_pages_of_memories(values: list[Any], error: type[Exception]) -> None:
    for value in values:
        with pytest.raises(error, match="max_memory_page"):
            VM(Configure(max_memory_page=value))
    VM(Configure(max_memory_page=65536)).close()


def test_names_that_are_no_tiers() -> None:
    with pytest.raises(ValueError, match="Tier"):
        VM(Configure(tier="QUICK"))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Validation"):
        VM(Configure(validation=7))  # type: ignore[arg-type]


def test_numbers_of_files() -> None:
    for value in ("3", 1.5, b"9"):
        with pytest.raises(TypeError, match="max_files"):
            WASI(max_files=value)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="max_files"):
        WASI(max_files=-1)


@pytest.mark.parametrize("option", ["time-limit", "gas-limit", "memory-page-limit", "max-files"])
@pytest.mark.parametrize("number", [str(2**63 - 1), "9" * 400, "9" * 5000])
def test_the_command_takes_any_number(tmp_path: Path, option: str, number: str) -> None:
    guest = tmp_path / "guest.wasm"
    guest.write_bytes(GUEST)
    command = [sys.executable, "-m", "pywasmedge", f"--{option}={number}", "--reactor"]
    done = subprocess.run(
        [*command, str(guest), "seven"], capture_output=True, text=True, check=False
    )
    assert (done.stdout.splitlines()[-1], done.stderr, done.returncode) == ("7", "", 0)
