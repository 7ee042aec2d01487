"""VMs that measure, for the tests of statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import wasmbuild as wb

from pywasmedge import VM, Configure, Executor, ModuleInstance, Trap
from pywasmedge.base.config import Proposal, Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

IF_ELSE = "local.get 0 if i32 i32.const 1 else i32.const 2 end"
LOOP = "loop void local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end i32.const 3"
"""Six instructions for each of as many turns as the argument says, and three; gives 3."""

TIERS = pytest.mark.parametrize("tier", [Tier.QUICK, Tier.OPTIMISED], ids=["quick", "optimised"])


def configure(tier: Tier = Tier.QUICK, **switches: bool) -> Configure:
    """A configuration with the switches that are given, or else with both counters."""
    made = Configure(tier=tier)
    made.add_proposal(Proposal.TAIL_CALL)
    for name in switches or ("instruction_counting", "cost_measuring"):
        setattr(made, name, True)
    return made


def module(*bodies: str, imports: Sequence[str] = ()) -> bytes:
    """Functions ``f0``, ``f1``, ... of type i32 -> i32 with two more locals; a memory page.

    Imported functions, of the same type, come from ``env``.
    """
    count = len(imports)
    return wb.wasm(
        types=["i32 -> i32"],
        imports=[("env", name, "func", 0) for name in imports],
        funcs=[0] * len(bodies),
        memories=[wb.limits(1)],
        exports=[(f"f{i}", "func", i + count) for i in range(len(bodies))],
        code=[wb.body(text, [(2, "i32")]) for text in bodies],
    )


def machine(binary: bytes, made: Configure | None = None, **functions: Callable[[int], int]) -> VM:
    """A VM with an instance of ``binary``, which imports ``functions`` from ``env``."""
    vm = VM(made or configure())
    env = ModuleInstance("env")
    for name, function in functions.items():
        env.add_function(name, function)
    vm.register_module(env)
    vm.load_wasm(binary)
    vm.validate()
    vm.instantiate()
    return vm


def unguarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all accesses checked, as if memories had no guard pages."""
    compile_ = Executor._compile
    monkeypatch.setattr(
        Executor, "_compile", lambda self, module, guarded: compile_(self, module, False)
    )


def code_of(call: Callable[..., object], *args: object) -> int:
    """The code that a call traps with."""
    with pytest.raises(Trap) as caught:
        call(*args)
    return int(caught.value.code)


def sums(vm: VM) -> tuple[int, int]:
    """Count and cost since the last time."""
    both = vm.statistics.instr_count, vm.statistics.total_cost
    vm.statistics.clear()
    return both
