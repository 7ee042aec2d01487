"""Statistics: counts, costs, limits and time are those of an interpreter that checks every step."""

from __future__ import annotations

import random

import metering_model as model
import pytest
import wasmbuild as wb
from metering import IF_ELSE, LOOP, TIERS, code_of, configure, machine, module, sums

from pywasmedge import Configure, Loader, Trap
from pywasmedge.base.config import Tier
from pywasmedge.compiler.unit import UnitWriter
from pywasmedge.runtime.statistics import NO_LIMIT

COUNTS = [
    ("i32.const 5", 0, 2),
    ("local.get 0 return", 0, 2),
    ("local.get 0 return i32.const 1 i32.add", 0, 2),
    (IF_ELSE, 1, 5),
    (IF_ELSE, 0, 6),
    ("local.get 0 if void nop end i32.const 1", 1, 6),
    ("local.get 0 if void nop end i32.const 1", 0, 5),
    ("local.get 0 if void else nop end i32.const 1", 1, 5),
    ("local.get 0 if i32 i32.const 1 return else i32.const 2 end", 1, 4),
    ("block void block void local.get 0 br_if 0 br 1 end end i32.const 1", 1, 8),
    ("block void block void local.get 0 br_if 0 br 1 end end i32.const 1", 0, 8),
    ("i32.const 7 local.get 0 br_if 0", 1, 4),
    ("i32.const 7 br 0", 1, 3),
    ("block void block void local.get 0 br_table 1 0 1 end nop end i32.const 1", 0, 9),
    ("block void block void local.get 0 br_table 1 0 1 end nop end i32.const 1", 9, 7),
    ("local.get 0 if void br 0 else nop end i32.const 1", 1, 6),
    (LOOP, 5, 33),
    (LOOP, 1000, 6003),
]


@TIERS
def test_counts_are_those_of_an_interpreter(tier: Tier) -> None:
    vm = machine(module(*(text for text, _, _ in COUNTS)), configure(tier))
    for index, (text, argument, count) in enumerate(COUNTS):
        vm.execute(f"f{index}", argument)
        assert sums(vm) == (count, count), text


@TIERS
def test_calls_count_on_both_sides(tier: Tier) -> None:
    binary = wb.wasm(
        types=["->"],
        funcs=[0, 0, 0],
        exports=[("call", "func", 1), ("tail", "func", 2)],
        code=[wb.body("nop"), wb.body("call 0"), wb.body("return_call 0")],
    )
    vm = machine(binary, configure(tier))
    vm.execute("call")
    assert sums(vm) == (4, 4)
    vm.execute("tail")
    assert sums(vm) == (3, 3)


@TIERS
def test_the_limit_is_checked_before_each_instruction(tier: Tier) -> None:
    vm = machine(module("i32.const 5"), configure(tier))
    for limit, count, cost in ((0, 1, 0), (1, 2, 1)):
        vm.statistics.cost_limit = limit
        assert code_of(vm.execute, "f0", 0) == 0x03
        assert sums(vm) == (count, cost)
    for limit in (2, 3, NO_LIMIT):
        vm.statistics.cost_limit = limit
        assert vm.execute("f0", 0) == 5
        assert sums(vm) == (2, 2)
    vm.statistics.cost_limit = 5
    assert [vm.execute("f0", 0) for _ in range(2)] == [5, 5]
    assert code_of(vm.execute, "f0", 0) == 0x03
    assert sums(vm) == (6, 5)


@TIERS
def test_loops_stop_at_the_limit(tier: Tier) -> None:
    vm = machine(module("loop void br 0 end i32.const 1", LOOP), configure(tier))
    for limit in (1, 2, 999, 12_345_678):
        vm.statistics.cost_limit = limit
        assert code_of(vm.execute, "f0", 0) == 0x03
        assert sums(vm) == (limit + 1, limit)
    vm.statistics.cost_limit = 600_003
    assert vm.execute("f1", 100_000) == 3
    assert sums(vm) == (600_003, 600_003)
    assert code_of(vm.execute, "f1", 100_001) == 0x03
    assert sums(vm) == (600_004, 600_003)


@TIERS
def test_what_precedes_the_limit_has_happened(tier: Tier) -> None:
    """Stores of stretches that were paid for, even if later ones would overwrite them."""
    stores = [f"i32.const 0 i32.const {i} i32.store 2 0 local.get 0 br_if 0" for i in (1, 2, 3)]
    turn = "i32.const 0 i32.const 0 i32.load 2 0 i32.const 1 i32.add i32.store 2 0 br 0"  # and loop
    vm = machine(
        module(
            f"block void {' '.join(stores)} end i32.const 1",
            f"i32.const 0 i32.const 0 i32.store 2 0 loop void {turn} end i32.const 1",
            "local.get 0 i32.load 2 0",
        ),
        configure(tier),
    )
    after = [("f0", limit, min((limit - 1) // 5, 3)) for limit in range(6, 19)]
    after += [("f1", 3 + 8 * turns, turns) for turns in (0, 1, 2, 1000)]
    for name, limit, expected in after:
        vm.statistics.cost_limit = limit
        assert code_of(vm.execute, name, 0) == 0x03
        vm.statistics.clear()
        vm.statistics.cost_limit = NO_LIMIT
        assert vm.execute("f2", 0) == expected, (name, limit)
        vm.statistics.clear()


def test_long_stretches_are_counted_in_parts() -> None:
    most = 65535
    for text, count in (
        ("nop " * most + "i32.const 5", most + 2),
        ("nop " * (most - 2) + "i32.const 0 call 1", most + 3),
        ("nop " * (most - 3) + "i32.const 1 i32.const 0 i32.div_u", most),
        ("nop " * (most - 1) + "unreachable", most),
    ):
        vm = machine(module(text, "local.get 0"))
        try:
            vm.execute("f0", 0)
        except Trap:
            assert text.endswith(("div_u", "unreachable"))
        assert sums(vm) == (count, count)
        for limit in (most - 10, most, count - 1):
            vm.statistics.cost_limit = limit
            if limit < count:
                assert code_of(vm.execute, "f0", 0) == 0x03
                assert sums(vm) == (limit + 1, limit)


@TIERS
def test_each_switch_alone(tier: Tier) -> None:
    for switch, expected in (
        ("instruction_counting", (2, 0)),
        ("cost_measuring", (0, 2)),
        ("time_measuring", (0, 0)),
    ):
        vm = machine(module("i32.const 5"), configure(tier, **{switch: True}))
        vm.execute("f0", 0)
        assert vm.statistics.calls == 1
        assert (vm.statistics.time > 0) == (switch == "time_measuring")
        assert sums(vm) == expected


def test_without_switches_nothing_is_measured() -> None:
    vm = machine(module("i32.const 5"), Configure())
    vm.statistics.cost_limit = 0
    assert vm.execute("f0", 0) == 5
    assert vm.statistics.calls == 0
    assert sums(vm) == (0, 0)
    tree = Loader().parse_bytes(module("i32.const 5"))
    text = UnitWriter(tree.ast, Configure().proposals, guarded=True).write([0])
    assert "meter" not in text


# --- cost tables ---------------------------------------------------------------------------------


def opcode(mnemonic: str) -> int:
    row = wb._instructions()[mnemonic]
    return row.prefix << 8 | row.code


def table(**costs: int) -> list[int]:
    """Costs by mnemonic (``i32_add``), 0 for the others."""
    made = [0] * 65536
    for name, cost in costs.items():
        made[opcode(name.replace("_", ".", 1))] = cost
    return made


PRICED = "i32.const 0 i32.const 0 i32.const 1 memory.fill 0 f32.const 1.5 i32.trunc_sat_f32_s"
PRICED += " v128.const " + "00" * 16 + " v128.any_true i32.add"


@TIERS
def test_cost_tables(tier: Tier) -> None:
    vm = machine(module(PRICED, "loop void br 0 end i32.const 1"), configure(tier))
    statistics = vm.statistics
    vm.execute("f0", 0)
    assert sums(vm) == (10, 10)
    costs = table(memory_fill=1000, i32_trunc_sat_f32_s=200, v128_any_true=30, i32_const=4)
    statistics.set_cost_table(costs)
    vm.execute("f0", 0)
    assert sums(vm) == (10, 1242)
    statistics.set_cost_table(costs[:0xFC00])
    vm.execute("f0", 0)
    assert sums(vm) == (10, 12)
    statistics.cost_limit = 11
    assert code_of(vm.execute, "f0", 0) == 0x03
    assert sums(vm) == (3, 8)
    statistics.set_cost_table([20] * 512)
    statistics.cost_limit = 19
    assert code_of(vm.execute, "f0", 0) == 0x03
    assert sums(vm) == (1, 0)


@TIERS
def test_an_empty_table_costs_nothing(tier: Tier) -> None:
    vm = machine(module(IF_ELSE), configure(tier))
    vm.statistics.set_cost_table([])
    vm.statistics.cost_limit = 0
    assert [vm.execute("f0", i) for i in (1, 0)] == [1, 2]
    assert sums(vm) == (11, 0)


@TIERS
def test_costs_do_not_overflow(tier: Tier) -> None:
    vm = machine(module("i32.const 5 drop i32.const 5 drop i32.const 5"), configure(tier))
    vm.statistics.set_cost_table(table(i32_const=2**63))
    assert code_of(vm.execute, "f0", 0) == 0x03
    assert sums(vm) == (3, 2**63)
    vm.statistics.set_cost_table(table(i32_const=2**63 - 1, end=1))
    assert code_of(vm.execute, "f0", 0) == 0x03
    assert sums(vm) == (5, 2**64 - 2)
    vm.statistics.set_cost_table(table(drop=2**63 - 1, end=1))
    vm.execute("f0", 0)
    assert sums(vm) == (6, 2**64 - 1)
    with pytest.raises(OverflowError):
        vm.statistics.set_cost_table([2**64])


def test_tables_belong_to_one_statistics() -> None:
    first, second = (machine(module("i32.const 5")) for _ in range(2))
    first.statistics.set_cost_table([7] * 256)
    for vm in (first, second):
        vm.execute("f0", 0)
    assert sums(first) == (2, 14)
    assert sums(second) == (2, 2)


# --- against the model ---------------------------------------------------------------------------


def element_by_expressions(offset: str, funcs: range) -> bytes:
    """An active element segment for table 0 whose functions are given by ``ref.func``."""
    return b"\4" + wb.expr(offset) + wb.vec([wb.expr(f"ref.func {index}") for index in funcs])


@TIERS
@pytest.mark.parametrize("seed", range(60))
def test_random_programs_count_like_the_model(tier: Tier, seed: int) -> None:
    chance = random.Random(seed)
    count = chance.randint(1, 4)
    generator = model.Generator(chance, count)
    texts = [generator.body() for _ in range(count)]
    binary = wb.wasm(
        types=["-> i32"],
        funcs=[0] * count,
        tables=[wb.table(count, count)],
        globals_=[wb.global_("i32", "i32.const 0", mutable=True)],
        exports=[*((f"f{i}", "func", i) for i in range(count)), ("fuel", "global", 0)],
        # Functions named by expressions may pass count and budget on, the others do not.
        elements=[
            (element_by_expressions if seed % 2 else wb.element)("i32.const 0", range(count))
        ],
        code=[wb.body(text, [(model.LOCALS, "i32")]) for text in texts],
    )
    vm = machine(binary, configure(tier))
    functions = [model.Function(text) for text in texts]
    for _ in range(12):
        costs = [chance.choice((0, 1, 1, 2, 50)) for _ in range(256)]
        limit = chance.choice((NO_LIMIT, chance.randint(0, 500), chance.randint(0, 5000)))
        index = chance.randrange(count)
        machine_ = model.Machine(functions, model.Meter(costs, limit))
        expected: object
        try:
            expected = machine_.call(index)
        except model.Trapped as trapped:
            expected = trapped.args
        vm.statistics.set_cost_table(costs)
        vm.statistics.cost_limit = limit
        vm.active_module.exports.fuel.value = model.FUEL  # type: ignore[union-attr]
        got: object
        try:
            got = vm.execute(f"f{index}") & model.MASK
        except Trap as trap:
            got = (int(trap.code),)
        counted = sums(vm)
        if got == (model.COST_LIMIT,) != expected and isinstance(expected, tuple):
            # The stretch with the trap costs more than is left: that is noticed first.
            assert machine_.meter.cost <= counted[1] <= limit
        else:
            assert (got, *counted) == (expected, machine_.meter.count, machine_.meter.cost)


# --- traps ---------------------------------------------------------------------------------------


@TIERS
def test_traps_count_up_to_the_instruction(tier: Tier) -> None:
    texts = {
        "i32.const 1 local.get 0 i32.div_u i32.const 2 i32.add": (0x84, 3),
        "nop unreachable": (0x89, 2),
        "f32.const inf i32.trunc_f32_s nop nop": (0x85, 2),
        "i32.const 1 i32.const 2 i32.const 65536 memory.fill 0 i32.const 1": (0x88, 4),
    }
    vm = machine(module(*texts), configure(tier))
    for index, (code, count) in enumerate(texts.values()):
        assert code_of(vm.execute, f"f{index}", 0) == code
        assert sums(vm) == (count, count)


@TIERS
def test_memory_faults_count_the_rest_of_their_stretch(tier: Tier) -> None:
    fill = "loop void local.get 1 local.get 1 i32.store8 0 0 local.get 1 i32.const 1 i32.add"
    fill += " local.set 1 br 0 end i32.const 1"
    vm = machine(module(fill), configure(tier))
    assert code_of(vm.execute, "f0", 0) == 0x88
    assert sums(vm) == (65537 * 9, 65537 * 9)


@TIERS
def test_an_interrupted_loop_has_counted(tier: Tier) -> None:
    vm = machine(module("loop void br 0 end i32.const 1"), configure(tier))
    running = vm.execute_async("f0", 0)
    while vm.statistics.instr_count < 1000:
        assert not running.wait(0.001)
    running.cancel()
    assert code_of(running.result) == 0x07
    count, cost = sums(vm)
    assert count >= 1000
    assert abs(count - cost) <= 2  # a turn of the loop
