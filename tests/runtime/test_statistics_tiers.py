"""Quick and optimised code count alike: the same segments, the same sums whatever a call does."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from random import Random
from typing import TYPE_CHECKING

import pytest
import wasmbuild as wb
from metering import LOOP, code_of, configure, machine, module, sums, unguarded
from modulegen import Generator

from pywasmedge import Executor, Loader, Store, Trap, Validator
from pywasmedge.base.config import Proposal, Tier
from pywasmedge.base.errors import ErrCode
from pywasmedge.base.types import ValType
from pywasmedge.compiler.baseline.build import Builder, Writer
from pywasmedge.compiler.baseline.stencil import load as load_stencils
from pywasmedge.compiler.codegen import Level
from pywasmedge.compiler.segments import LEAVING
from pywasmedge.isa.opcodes import rows
from pywasmedge.runtime.statistics import NO_LIMIT, Statistics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pywasmedge import VM, Module

SECONDS = 60
BOTH = (Tier.QUICK, Tier.OPTIMISED)
ZERO: dict[ValType, object] = dict.fromkeys(ValType, 0)
ZERO |= {ValType.V128: bytes(16), ValType.FUNCREF: None, ValType.EXTERNREF: None}


def test_instructions_that_leave_the_code_end_a_segment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls, and those for whose stencils a helper is called."""
    builder = Builder()
    helped = set()

    def call_helper(self: Writer, name: str, args: str, result: str = "void") -> str | None:
        helped.add(list(builder.names.values())[-1][0])
        return original(self, name, args, result)

    original = Writer.call_helper
    monkeypatch.setattr(Writer, "call_helper", call_helper)
    builder.write()
    calls = {"call", "call_indirect", "return_call", "return_call_indirect"}
    names = {row.prefix << 8 | row.code: row.mnemonic for row in rows()}
    assert {names[opcode] for opcode in LEAVING} == helped | calls


@pytest.mark.skipif(shutil.which("objdump") is None, reason="needs a disassembler (binutils)")
def test_stencils_leave_the_registers_of_the_meter_alone(tmp_path: Path) -> None:
    for prefix in (0, 0xFD, 0xFE):
        file = tmp_path / f"{prefix}.bin"
        file.write_bytes(b"".join(text for text, _ in load_stencils(prefix).values()))
        command = ["objdump", "-D", "-b", "binary", "-m", "i386:x86-64", file]
        listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert "%r13" in listing
        assert not re.search(r"%r1[01]\b|%r1[01][dwb]\b", listing)


# --- traps in the middle of a segment ------------------------------------------------------------

NUMBERS = {
    "i32": ("i32.const 7", "i32.const 0"),
    "i64": ("i64.const 7", "i64.const 0"),
    "f32": ("f32.const 7", "f32.const nan", "f32.const 1e30"),
    "f64": ("f64.const 7", "f64.const nan", "f64.const 1e30"),
}
OFFSETS = (0, 2**31 - 8, 2**31, 2**32 - 1)


def trapping() -> Iterator[str | bytes]:
    """Instructions with operands that make them trap, and some that do not."""
    for t in ("i32", "i64"):
        for op in ("div_s", "div_u", "rem_s", "rem_u"):
            for b in (*NUMBERS[t], f"{t}.const -1", f"local.get {1 if t == 'i32' else 2}"):
                least = -(1 << (31 if t == "i32" else 63))
                yield f"{t}.const {least} {b} {t}.{op} drop"
        for f in ("f32", "f64"):
            for sign in "su":
                yield from (f"{a} {t}.trunc_{f}_{sign} drop" for a in NUMBERS[f])
    for index in (0, 1, 2):
        yield f"i32.const {index} table.get 0 drop"
        yield f"i32.const {index} ref.null funcref table.set 0"
    for offset in OFFSETS:
        for address in ("i32.const 0", "i32.const 65535", "local.get 1", "local.get 3"):
            yield f"{address} i32.load 2 {offset} drop"
            yield f"{address} i32.const 1 i32.store 2 {offset}"
            yield f"{address} v128.load 2 {offset} drop"
            memory_1 = bytes((0x42, 1)) + wb.uleb(offset)  # align 4, index, offset
            yield wb.asm(address) + b"\x28" + memory_1 + wb.asm("drop")
            yield wb.asm(f"{address} i32.const 1") + b"\x36" + memory_1
    for address in (0, 1, 65536):
        yield f"i32.const {address} i32.atomic.load 2 0 drop"
        yield f"i32.const {address} i64.const 1 i64.atomic.rmw.add 3 0 drop"


def programs(texts: list[str | bytes]) -> bytes:
    return wb.wasm(
        types=["i32 -> i32"],
        funcs=[0] * len(texts),
        tables=[wb.table(2, 2)],
        memories=[wb.limits(1, 1), wb.limits(1, 1)],
        exports=[(f"f{i}", "func", i) for i in range(len(texts))],
        code=[
            wb.body(
                wb.asm("i32.const -1 local.set 3 nop")
                + (wb.asm(text) if isinstance(text, str) else text)
                + wb.asm("nop nop i32.const 5"),
                [(1, "i32"), (1, "i64"), (1, "i32")],
            )
            for text in texts
        ],
    )


def outcome(vm: VM, index: int) -> tuple[int | None, int, int]:
    """Code of the trap if there is one, count and cost."""
    code = None
    try:
        assert vm.execute(f"f{index}", 0) == 5
    except Trap as trap:
        code = int(trap.code)
    return code, *sums(vm)


@pytest.mark.parametrize("checked", [False, True], ids=["guarded", "checked"])
def test_traps_within_segments(checked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if checked:
        unguarded(monkeypatch)
    texts = list(trapping())
    chance = Random(5)
    costs = [chance.randrange(1, 9) for _ in range(65536)]
    vms = []
    for tier in BOTH:
        made = configure(tier)
        for proposal in (Proposal.MULTI_MEMORIES, Proposal.THREADS):
            made.add_proposal(proposal)
        vms.append(machine(programs(texts), made))
        vms[-1].statistics.set_cost_table(costs)
    codes = set()
    for index, text in enumerate(texts):
        quick, optimised = (outcome(vm, index) for vm in vms)
        assert quick == optimised, text
        codes.add(quick[0])
        for limit in (quick[2] - 1, quick[2] // 2):
            for vm in vms:
                vm.statistics.cost_limit = limit
            again = [outcome(vm, index) for vm in vms]
            assert again[0] == again[1], (text, limit)
        for vm in vms:
            vm.statistics.cost_limit = NO_LIMIT
    assert codes == {None, 0x84, 0x85, 0x86, 0x87, 0x88, ErrCode.UNALIGNED_ATOMIC_ACCESS}


# --- random modules ------------------------------------------------------------------------------


def runs(tree: Module, tier: Tier, costs: list[int], limits: Random) -> list[object]:
    """What every exported function gives and costs, until a memory access traps.

    Stores of a stretch in which an access faults may be missing in one tier and not in another.
    """
    made = configure(tier)
    made.add_proposal(Proposal.THREADS)
    statistics = Statistics()
    executor = Executor(made, statistics)
    instance = executor.instantiate(Store(), tree)
    statistics.set_cost_table(costs)
    found: list[object] = []
    names = sorted(name for name in instance.exports if name.startswith("f"))
    for name in names * 2:
        function = instance.exports[name]
        arguments = [ZERO[type_] for type_ in function.type.params]
        statistics.cost_limit = limits.choice((NO_LIMIT, limits.randrange(2000)))
        result: object
        try:
            result = repr(executor.invoke(function, *arguments))
        except Trap as trap:
            result = int(trap.code)
        found.append((name, result, statistics.instr_count, statistics.total_cost))
        statistics.clear()
        if result in (0x88, 0x02):
            break
    return found


@pytest.mark.parametrize("seed", range(12))
def test_random_modules(seed: int) -> None:
    chance = Random(seed)
    proposals = (Proposal.TAIL_CALL, Proposal.THREADS)
    binary = Generator(Random(f"meter {seed}"), *proposals).binary()
    made = configure()
    made.add_proposal(Proposal.THREADS)
    tree = Loader(made).parse_bytes(binary)
    Validator(made).validate(tree)
    costs = [chance.choice((0, 1, 1, 3, 40)) for _ in range(65536)]
    quick, optimised = (runs(tree, tier, costs, Random(f"limits {seed}")) for tier in BOTH)
    assert quick == optimised


# --- moving up -----------------------------------------------------------------------------------


ODD = "loop void local.get 0 i32.const 1 i32.and if void nop end"
ODD += " local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end i32.const 3"
"""Twelve instructions for a turn with an odd number, eleven for another (the ``if`` leads to the
``end``), and three; the way back to the loop does not store the meter."""


def test_moving_up_loses_nothing() -> None:
    """Neither between calls nor in the middle of a loop, whose better code takes over there."""
    made = configure(Tier.AUTO)
    made.cache = "off"
    vm = machine(module(LOOP, "local.get 0 call 0", ODD), made)
    assert vm.active_module is not None
    compiled = vm.active_module._core.compiled
    turns, rounds = 300_000, 0
    expected = {"f1": 6 * turns + 6, "f2": 23 * turns // 2 + 3}
    deadline = time.monotonic() + SECONDS
    while any(compiled.level(i) != Level.OPTIMISED for i in (0, 2)) or rounds < 10:
        assert time.monotonic() < deadline, "no better code came"
        rounds += 1
        for name, count in expected.items():
            assert vm.execute(name, turns) == 3
            assert sums(vm) == (count, count)
            vm.statistics.cost_limit = limit = count - 6 - rounds
            assert code_of(vm.execute, name, turns) == 0x03
            assert sums(vm) == (limit + 1, limit)
            vm.statistics.cost_limit = NO_LIMIT
