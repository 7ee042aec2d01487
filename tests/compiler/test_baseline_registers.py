"""Quick code: operands that share a register, with others between them that need none."""

from __future__ import annotations

import struct

import pytest
import wasmbuild as wb

from pywasmedge import VM, Configure, Tier

COUNT = 14
KINDS = {
    "constant": "i32.const {n}",
    "local": "local.get 1",
    "memory": "i32.const 8 i32.load 2 0",
    "sum": "local.get 0 i32.const {n} i32.add",
}
PAIRS = [(low, high) for high in range(COUNT) for low in range(high % 4, high, 4)]


@pytest.mark.parametrize("tier", [Tier.QUICK, Tier.OPTIMISED])
@pytest.mark.parametrize("other", KINDS)
@pytest.mark.parametrize("kind", ["memory", "sum"])
def test_arguments_keep_their_values(kind: str, other: str, tier: Tier) -> None:
    """Two arguments come from registers, all others from elsewhere."""
    params = " ".join(["i32"] * COUNT)
    store = " ".join(f"i32.const {64 + 4 * at} local.get {at} i32.store 2 0" for at in range(COUNT))
    for pair in PAIRS:
        kinds = [kind if at in pair else other for at in range(COUNT)]
        code = " ".join(KINDS[kind].format(n=at) for at, kind in enumerate(kinds))
        known = {"local": 70, "memory": 90}
        expected = [
            known.get(kind, at + (1000 if kind == "sum" else 0)) for at, kind in enumerate(kinds)
        ]
        binary = wb.wasm(
            types=["i32 i32 ->", f"{params} ->"],
            funcs=[0, 1],
            memories=[wb.limits(1)],
            exports=[("run", "func", 0), ("memory", "memory", 0)],
            code=[
                wb.body(f"i32.const 8 i32.const 90 i32.store 2 0 {code} call 1"),
                wb.body(store),
            ],
        )
        vm = VM(Configure(tier=tier))
        vm.run_wasm_from_bytes(binary, "run", 1000, 70)
        assert vm.active_module is not None
        memory = memoryview(vm.active_module.exports["memory"])  # type: ignore[arg-type]
        assert list(struct.unpack_from(f"<{COUNT}I", memory, 64)) == expected
