"""A few bytes can not make the compiler work for minutes."""

from __future__ import annotations

import sys

import pytest
import shapes
import wasmbuild as wb

from pywasmedge import VM, Configure, ErrCode, Tier, Trap
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


@pytest.mark.parametrize("shape", sorted(shapes.BODIES))
def test_quick_code_is_made_in_proportion(shape: str) -> None:
    """Twice as much of anything takes twice as many steps, whatever the steps are."""
    few, many = (lines_run(shapes.module(shape, n)) for n in (2000, 4000))
    assert many < 2.2 * few


def lines_run(binary: bytes) -> int:
    """Lines of Python that run while the quick code of the first function is made."""
    module = load(binary, Configure())
    writer = BaselineWriter(module, Configure().proposals, guarded=True)
    writer.compile([0])  # makes what is made at first use
    count = 0

    def line(frame: object, event: str, argument: object) -> object:
        nonlocal count
        count += 1
        return line

    before = sys.gettrace()
    sys.settrace(line)
    try:
        writer.compile([0])
    finally:
        sys.settrace(before)
    return count


def test_locals_that_are_not_used_cost_nothing() -> None:
    few, many = (lines_run(shapes.locals_only(count)) for count in (100, 49_999))
    assert many < 2 * few
