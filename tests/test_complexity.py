"""A few bytes can not make the compiler work for minutes."""

from __future__ import annotations

import pytest
import wasmbuild as wb

from pywasmedge import VM, Configure, ErrCode, Tier, Trap
from pywasmedge.compiler.baseline.state import State
from pywasmedge.compiler.baseline.writer import BaselineWriter
from pywasmedge.module.loader import load

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


@pytest.mark.parametrize(
    "text",
    [
        "local.get 0 local.get 1 i32.add drop",
        "local.get 0 i32.eqz drop",
        "block void end",
        "call 0",
        "i32.const 5 local.set 1",
        "i32.const 5 local.tee 1 drop",
        "block i32 local.get 0 local.get 1 br_if 0 end drop",
        "block i32 local.get 0 local.get 1 br_table 0 0 end drop",
    ],
)
def test_work_on_top_of_a_deep_stack(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quick code leaves such functions to LLVM before it takes quadratic time."""
    few, many = 500, 20_000
    bodies = [
        wb.asm("local.get 0") * n + wb.asm(text) * n + wb.asm("drop") * n + wb.asm("local.get 1")
        for n in (few, many)
    ]
    binary = wb.wasm(
        types=["->", "-> i32"],
        funcs=[0, 1, 1],
        code=[wb.body(b""), *(wb.body(body, [(2, "i32")]) for body in bodies)],
    )
    module = load(binary, Configure())
    steps, plain = 0, State.deep

    def deep(state: State, count: int) -> None:
        nonlocal steps
        steps += count
        plain(state, count)

    monkeypatch.setattr(State, "deep", deep)
    writer = BaselineWriter(module, Configure().proposals, guarded=True)
    assert writer.compile([0, 1])[1] == []
    assert steps > few
    assert writer.compile([2])[1] == [2]
    assert steps < 100 * len(bodies[1]) + (1 << 23)
