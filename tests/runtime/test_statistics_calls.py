"""Functions of a module that call each other pass count and budget on: nothing gets lost."""

from __future__ import annotations

import struct

import pytest
import wasmbuild as wb
from metering import TIERS, code_of, configure, machine, module, sums

from pywasmedge import Trap
from pywasmedge.base.config import Proposal, Tier
from pywasmedge.compiler.unit import UnitWriter
from pywasmedge.runtime.statistics import NO_LIMIT

RECURSIVE = "local.get 0 if i32 local.get 0 i32.const 1 i32.sub call 0 else i32.const 7 end"
"""As many turns as the argument says, eight instructions each (``end`` and ``else`` among them)
and the last one of five and an ``else``; gives 7."""


def exporting(types: list[str], bodies: list[str], kinds: list[int]) -> bytes:
    """Functions ``f0``, ``f1``, ... of these types."""
    return wb.wasm(
        types=types,
        funcs=kinds,
        exports=[(f"f{i}", "func", i) for i in range(len(bodies))],
        code=[wb.body(text) for text in bodies],
    )


@TIERS
def test_recursion(tier: Tier) -> None:
    vm = machine(module(RECURSIVE), configure(tier))
    for turns in (0, 1, 2, 1000):
        assert vm.execute("f0", turns) == 7
        assert sums(vm) == (6 + 8 * turns, 6 + 8 * turns)
    for limit in (0, 1, 5, 7, 8, 9, 4001, 8005):
        vm.statistics.cost_limit = limit
        assert code_of(vm.execute, "f0", 1000) == 0x03
        assert sums(vm) == (limit + 1, limit)
    vm.statistics.cost_limit = 8006
    assert vm.execute("f0", 1000) == 7
    assert sums(vm) == (8006, 8006)


@TIERS
@pytest.mark.parametrize("switch", ["instruction_counting", "cost_measuring"])
def test_one_switch(tier: Tier, switch: str) -> None:
    vm = machine(module(RECURSIVE), configure(tier, **{switch: True}))
    vm.execute("f0", 10)
    assert sums(vm) == ((86, 0) if switch == "instruction_counting" else (0, 86))


@TIERS
@pytest.mark.parametrize("switches", [(True, False), (False, True), (True, True)])
def test_results_of_all_numbers(tier: Tier, switches: tuple[bool, bool]) -> None:
    results = ("", "i64", "f32", "i32 f64", "f64 v128", "i32 i64 f32", "i64 v128 f64 i32")
    makers = {
        "i32": "i32.const 1",
        "i64": "i64.const 2",
        "f32": "f32.const 3",
        "f64": "f64.const 4",
        "v128": "v128.const " + "05" * 16,
    }
    values = {"i32": 1, "i64": 2, "f32": 3.0, "f64": 4.0, "v128": bytes([5] * 16)}
    many = "i32 i64 f64 i32 i64 f32 i32 i64"
    for result in results:
        kinds = result.split()
        made = " ".join(makers[kind] for kind in kinds)
        arguments = " ".join(makers[kind] for kind in many.split())
        binary = exporting(
            [f"{many} -> {result}", f"-> {result}"], [made, f"{arguments} call 0"], [0, 1]
        )
        count, cost = switches
        on = {"instruction_counting": count, "cost_measuring": cost}
        vm = machine(binary, configure(tier, **{name: True for name in on if on[name]}))
        got = vm.execute("f1")
        expected = [values[kind] for kind in kinds]
        listed = [] if got is None else list(got) if len(kinds) > 1 else [got]
        got = [bytes(v) if k == "v128" else v for k, v in zip(kinds, listed, strict=True)]
        assert got == expected, result
        steps = 8 + 2 + len(kinds) + 1
        assert sums(vm) == (steps * count, steps * cost)


@TIERS
def test_host_functions_below(tier: Tier) -> None:
    """What a host function does to the statistics is seen on the way back."""
    seen: list[tuple[int, int]] = []

    def host(a: int) -> int:
        seen.append((vm.statistics.instr_count, vm.statistics.total_cost))
        if a:
            vm.statistics.cost_limit = a
        return a

    inner = "local.get 0 call 0"
    vm = machine(module(inner, "local.get 0 call 1", imports=["host"]), configure(tier), host=host)
    assert vm.execute("f1", 0) == 0
    assert sums(vm) == (6, 6)
    assert code_of(vm.execute, "f1", 5) == 0x03
    assert sums(vm) == (6, 5)
    assert seen == [(4, 4), (4, 4)]
    vm.statistics.cost_limit = NO_LIMIT
    assert vm.execute("f1", 6) == 6


@TIERS
def test_an_exhausted_stack_has_counted(tier: Tier) -> None:
    vm = machine(module("local.get 0 call 0"), configure(tier))
    with pytest.raises(Trap, match="exhausted"):
        vm.execute("f0", 1)
    count, cost = sums(vm)
    assert count == cost
    assert count > 2000
    assert count % 2 == 0


@TIERS
def test_unused_results_of_calls_do_not_take_traps_away(tier: Tier) -> None:
    load = "local.get 0 i32.load 2 0"
    vm = machine(module(load, "local.get 0 call 0 drop i32.const 3"), configure(tier))
    assert vm.execute("f1", 0) == 3
    assert code_of(vm.execute, "f1", 65536) == 0x88


def test_backtraces_name_each_call_once() -> None:
    text = "local.get 0 if void local.get 0 i32.const 1 i32.sub call 0 drop end unreachable"
    traces = []
    for made in (configure(Tier.QUICK, time_measuring=True), configure(Tier.QUICK)):
        vm = machine(module(text, "local.get 0 call 0"), made)
        with pytest.raises(Trap) as caught:
            vm.execute("f1", 2)
        traces.append(caught.value.backtrace)
    assert traces[0] == traces[1] == ("f0",) * 3 + ("f1",)


def passing(bodies: list[str], **parts: object) -> set[int]:
    """The functions that pass the meter on when the module is one unit."""
    from pywasmedge import Loader, Validator

    made = configure()
    binary = wb.wasm(
        types=["i32 -> i32"],
        funcs=[0] * len(bodies),
        code=[wb.body(text) for text in bodies],
        **parts,  # type: ignore[arg-type]
    )
    tree = Loader(made).parse_bytes(binary)
    Validator(made).validate(tree)
    writer = UnitWriter(tree.ast, frozenset([*Proposal]), guarded=True, count=True)
    text = writer.write(range(len(bodies)))
    return {i for i in range(len(bodies)) if f"@g{i}(" in text}


def test_which_functions_do() -> None:
    call = "local.get 0 call {}"
    assert passing([call.format(1), "local.get 0"]) == {1}
    assert passing([call.format(0), call.format(0)]) == {0}
    assert passing(["local.get 0 return_call 1", call.format(0)]) == set()
    # Bytes that look like tail calls are none.
    assert passing(["i32.const 18 i32.const 19 i32.add", call.format(0)]) == {0}
    # Nor are these calls: the bytes of 0x10 and of an index that would be too big.
    (number,) = struct.unpack("<d", b"\x10\xff\xff\xff\xff\x7f\0\0")
    assert passing([f"f64.const {number!r} drop local.get 0 call 0", "local.get 0"]) == {0}
    table = {"tables": [wb.table(1, 1)], "elements": [wb.element("i32.const 0", [1])]}
    assert passing([call.format(1), "local.get 0", call.format(0)], **table) == {0}
