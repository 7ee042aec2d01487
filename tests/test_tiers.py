"""Moving up: quick code that runs often is replaced, also in the middle of a loop."""

from __future__ import annotations

import time
from typing import Any

import pytest
import wat_modules

from pywasmedge import Configure, Executor, ModuleInstance, Store, Tier, Trap
from pywasmedge.compiler.codegen import Level

SECONDS = 60
FUNCTIONS = ("wait", "sums", "count", "below", "fails")
MORE = 20
"""Times the guest is told to go on after there is better code for the function it is in."""


class Loops:
    """An instance of ``loops.wat`` whose loops end some time after better code has come."""

    def __init__(self, tier: Tier = Tier.AUTO) -> None:
        host = ModuleInstance("env", {"more": self.more})
        store = Store()
        store.add(host)
        configure = Configure(tier=tier, lazy=True, cache="off")
        module = wat_modules.validated("loops", configure)
        self.instance: Any = Executor(configure).instantiate(store, module)
        self.compiled = self.instance._core.compiled
        self.deadline = time.monotonic() + SECONDS
        self.left = MORE
        self.index = 0

    def more(self) -> int:
        """Whether a guest goes on."""
        if time.monotonic() > self.deadline:
            return 0
        if self.compiled.level(self.index) == Level.OPTIMISED:
            self.left -= 1
        return int(self.left > 0)

    def run(self, name: str, *args: object) -> Any:
        """Call an export; the number of turns is in ``turns`` afterwards."""
        function = self.instance.find_function(name)
        self.index = FUNCTIONS.index(name)
        self.left = MORE
        self.instance.find_global("turns").value = 0
        return function(*args)

    @property
    def turns(self) -> int:
        """Turns of the latest call's loop."""
        value: int = self.instance.find_global("turns").value
        return value


def test_a_loop_goes_on_in_better_code_with_all_it_has() -> None:
    loops = Loops()
    x, y, z = loops.run("sums", 5, 0.5, 1.5)
    assert loops.left == 0, "no better code came"
    turns = loops.turns
    assert (x, y) == (5 + turns, float(turns))
    assert z == pytest.approx(turns + 1.5, rel=1e-6)


def test_a_loop_at_the_end_of_a_function() -> None:
    loops = Loops()
    result = loops.run("count", 3)
    assert loops.left == 0, "no better code came"
    assert result == 3 * loops.turns
    assert loops.run("count", 2) == 2 * loops.turns == 2 * MORE * 10_000


def test_operands_below_a_loop() -> None:
    loops = Loops(Tier.QUICK)
    loops.deadline = 0.0
    assert loops.run("below", 100_000) == 90_000


def test_a_trap_in_better_code_names_each_call_once() -> None:
    loops = Loops()
    with pytest.raises(Trap) as caught:
        loops.run("fails", 65_533)
    assert loops.left == 0, "no better code came"
    assert caught.value.backtrace == ("fails",)


def test_quick_code_stays_when_nothing_else_is_wanted() -> None:
    loops = Loops(Tier.QUICK)
    loops.deadline = time.monotonic() + 0.3
    assert loops.run("count", 1) == loops.turns
    assert loops.left == MORE


def test_a_function_that_is_called_often_gets_better_code() -> None:
    """Such as the one the loop calls."""
    loops = Loops()
    loops.run("count", 1)
    assert loops.compiled.level(0) == Level.OPTIMISED
