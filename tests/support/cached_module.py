"""A module with enough code to be kept in the cache, and what its functions compute."""

from __future__ import annotations

from functools import cache

import wasmbuild as wb

FUNCTIONS = 40
"""``f0`` to ``f39``, each large enough to be compiled by itself."""
_STEPS = 48


@cache
def binary() -> bytes:
    """The module: ``f<i>`` computes ``result(i, x)``, ``outer`` traps in ``inner``."""
    codes = [_body(i) for i in range(FUNCTIONS)]
    codes += [
        wb.body("local.get 0 i32.const 0 i32.div_s"),
        wb.body(f"local.get 0 call {FUNCTIONS} i32.const 1 i32.add"),
    ]
    names = [*(f"f{i}" for i in range(FUNCTIONS)), "inner", "outer"]
    return wb.wasm(
        types=["i32 -> i32"],
        funcs=[0] * len(codes),
        exports=[(name, "func", i) for i, name in enumerate(names)],
        code=codes,
    )


def _body(index: int) -> bytes:
    steps = [f"i32.const {index + step} i32.add i32.const 3 i32.mul" for step in range(_STEPS)]
    return wb.body(" ".join(["local.get 0", *steps]))


def result(index: int, value: int) -> int:
    """What ``f<index>`` gives, as a signed integer."""
    for step in range(_STEPS):
        value = (value + index + step) * 3
    return (value + 0x8000_0000) % (1 << 32) - 0x8000_0000
