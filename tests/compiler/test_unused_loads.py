"""A load traps even if its value is not used, whatever the optimiser makes of that."""

from __future__ import annotations

from pathlib import Path

import pytest

from pywasmedge import VM, Configure, ErrCode, Tier, Trap

GUEST = Path(__file__).parents[1] / "wat" / "unused.wasm"


@pytest.mark.parametrize("tier", list(Tier))
@pytest.mark.parametrize(
    "name",
    [
        "drop_load",
        "drop_int_call",
        "drop_float_call",
        "drop_vector_call",
        "dead_local",
        "dead_intrinsic",
    ],
)
def test_unused_load_traps(name: str, tier: Tier) -> None:
    with VM(Configure(tier=tier)) as vm:
        vm.load_wasm_from_file(GUEST)
        vm.validate()
        vm.instantiate()
        assert vm.execute(name, 0) is None
        with pytest.raises(Trap) as caught:
            vm.execute(name, 0x7FFF_FFFF)
        assert caught.value.code == ErrCode.MEMORY_OUT_OF_BOUNDS
