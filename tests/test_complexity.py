"""A few bytes can not make the compiler work for minutes."""

from __future__ import annotations

import pytest
import wasmbuild as wb

from pywasmedge import VM, Configure, ErrCode, Tier, Trap

MANY = " ".join(["i32"] * 1000)


@pytest.mark.parametrize("tier", list(Tier))
@pytest.mark.parametrize(
    ("opening", "closing"), [("call 1", ""), ("loop 1", "end"), ("i32.const 1 if 1", "end")]
)
def test_a_thousand_operands_a_thousand_times(opening: str, closing: str, tier: Tier) -> None:
    code = wb.asm("i32.const 7 " * 1000) + wb.asm(opening) * 1000 + wb.asm(closing) * 1000
    drops = wb.asm("drop") * 1000
    binary = wb.wasm(
        types=["->", f"{MANY} -> {MANY}"],
        funcs=[0, 1, 0],
        exports=[("complex", "func", 0), ("simple", "func", 2)],
        code=[wb.body(code + drops), wb.body(wb.asm("unreachable")), wb.body(b"")],
    )
    with VM(Configure(tier=tier, lazy=True)) as vm:
        vm.load_wasm_from_bytes(binary)
        vm.validate()
        vm.instantiate()
        with pytest.raises(Trap, match="too complex") as caught:
            vm.execute("complex")
        assert caught.value.code == ErrCode.RUNTIME_ERROR
        assert vm.execute("simple") is None
