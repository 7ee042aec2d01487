"""Deep operand stacks: computed values stay what they were below many plain ones."""

from __future__ import annotations

import random

import pytest
import wasmbuild as wb

from pywasmedge import VM, Configure, Tier

PLAIN = ("local.get 0", "i32.const 77")
COMPUTED = (
    "local.get 0 i32.const 3 i32.mul",
    "i32.const 5 local.get 0 i32.add",
    "i32.const 9 i32.clz",
)


def value(text: str, argument: int) -> int:
    """What one of the texts pushes for a small ``argument``."""
    results = (argument, 77, argument * 3, argument + 5, 28)
    return results[(*PLAIN, *COMPUTED).index(text)]


@pytest.mark.parametrize("tier", [Tier.QUICK, Tier.OPTIMISED])
def test_every_mixture_of_depths(tier: Tier) -> None:
    """A computed value at the bottom, others above in all places that can take its register."""
    chance = random.Random(1)
    stacks = [chance.choices((*PLAIN, *COMPUTED), (3, 3, 1, 1, 1), k=14) for _ in range(300)]
    bodies = []
    for stack in stacks:
        sums = " ".join(["i32.const 31 i32.mul i32.add"] * (len(stack) - 1))
        bodies.append(wb.body(" ".join([*stack, sums])))
    binary = wb.wasm(
        types=["i32 -> i32"],
        funcs=[0] * len(bodies),
        exports=[(f"f{i}", "func", i) for i in range(len(bodies))],
        code=bodies,
    )
    vm = VM(Configure(tier=tier))
    vm.load_wasm(binary)
    vm.validate()
    vm.instantiate()
    for i, stack in enumerate(stacks):
        total = value(stack[-1], 11)
        for text in reversed(stack[:-1]):
            total = value(text, 11) + total * 31
        assert vm.execute(f"f{i}", 11) & 0xFFFF_FFFF == total & 0xFFFF_FFFF, stack
