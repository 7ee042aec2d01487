"""Statistics and those who use them: host functions, executors, threads, commands, C hosts."""

from __future__ import annotations

import math
import re
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import capi_host
import pytest
import wasmbuild as wb
from metering import IF_ELSE, LOOP, TIERS, code_of, configure, machine, module, sums

from pywasmedge import VM, Configure, Executor, Loader, Store, Trap, Validator
from pywasmedge.base.config import Tier
from pywasmedge.compiler.codegen import Level
from pywasmedge.kernel.native import ffi, lib
from pywasmedge.runtime.statistics import NO_LIMIT, Statistics

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# --- hosts ---------------------------------------------------------------------------------------


def test_host_functions_have_their_own_cost_whatever_is_measured() -> None:
    for switch in ("instruction_counting", "cost_measuring", "time_measuring"):
        own = int(switch == "cost_measuring")

        def host(a: int) -> int:
            return lib.we_statistics_charge(a)  # type: ignore[no-any-return]

        binary = module("local.get 0 call 0", imports=["host"])
        vm = machine(binary, configure(**{switch: True}), host=host)
        vm.statistics.cost_limit = 100
        assert vm.execute("f0", 90) == 0
        assert vm.statistics.total_cost == 90 + 3 * own
        assert vm.execute("f0", 100 - 90 - 6 * own) == 0
        assert vm.statistics.total_cost == 100
        assert lib.we_statistics_charge(1) == 0  # outside of calls nothing is charged


def test_a_host_function_sees_and_changes_the_statistics() -> None:
    seen: list[int] = []

    def host(a: int) -> int:
        seen.append(vm.statistics.total_cost)
        if a:
            vm.statistics.cost_limit = a
        return a

    vm = machine(module("local.get 0 call 0 i32.const 1 i32.add", imports=["host"]), host=host)
    assert vm.execute("f0", 0) == 1
    assert code_of(vm.execute, "f0", 8) == 0x03
    assert seen == [2, 7]
    assert sums(vm) == (9, 8)


def test_nested_calls_belong_to_who_measures_them() -> None:
    other = machine(module("i32.const 5"))

    def host(a: int) -> int:
        if a == 1:
            return int(vm.execute("f0", 0))
        if a == 2:
            return int(other.execute("f0", 0))
        return int(vm.active_module.exports.f1(0)) if a == 3 else 9  # type: ignore[union-attr]

    binary = module("local.get 0 call 0", "i32.const 5", imports=["host"])
    vm = machine(binary, configure(Tier.QUICK), host=host)
    expected = {0: (3, 0, 9), 1: (6, 0, 9), 2: (3, 2, 5), 3: (5, 0, 5)}
    for argument, (mine, others, result) in expected.items():
        assert vm.execute("f0", argument) == result
        assert sums(vm) == (mine, mine)
        assert sums(other) == (others, others)
    vm.statistics.cost_limit = 4
    assert code_of(vm.execute, "f0", 1) == 0x03
    assert sums(vm) == (5, 4)


def test_time_is_that_of_guests() -> None:
    def host(a: int) -> int:
        time.sleep(0.05)
        return a

    binary = module("local.get 0 call 0", LOOP, imports=["host"])
    made = configure(instruction_counting=True, time_measuring=True)
    vm = machine(binary, made, host=host)
    statistics = vm.statistics
    assert math.isnan(statistics.instr_per_second)
    started = time.monotonic()
    vm.execute("f0", 0)
    assert 0 < statistics.time <= time.monotonic() - started - 0.05
    statistics.clear()
    assert statistics.time == 0
    vm.execute("f1", 1_000_000)
    assert statistics.instr_per_second == pytest.approx(6_000_003 / statistics.time, rel=1e-6)
    counting = machine(module("i32.const 1"), configure(instruction_counting=True))
    counting.execute("f0", 0)
    assert counting.statistics.instr_per_second == math.inf


def test_start_functions_count() -> None:
    binary = wb.wasm(types=["->"], funcs=[0], start=0, code=[wb.body("nop nop")])
    vm = VM(configure())
    vm.load_wasm(binary)
    vm.validate()
    vm.statistics.cost_limit = 5
    vm.instantiate()
    assert (vm.statistics.instr_count, vm.statistics.calls) == (3, 1)
    assert code_of(vm.instantiate) == 0x03
    assert vm.statistics.total_cost == 5


# --- who measures --------------------------------------------------------------------------------


def test_making_an_executor_that_measures_takes_the_limit_back() -> None:
    statistics = Statistics()
    statistics.cost_limit = 1
    Executor(Configure(), statistics)
    assert statistics.cost_limit == 1
    Executor(configure(), statistics)
    assert statistics.cost_limit == NO_LIMIT


def test_instances_count_if_made_and_called_with_the_switches() -> None:
    store = Store()
    plain, counting = configure(time_measuring=True), configure(instruction_counting=True)
    tree = Loader().parse_bytes(module("i32.const 5"))
    Validator().validate(tree)
    for maker, caller, count in (
        (plain, counting, 0),
        (counting, plain, 0),
        (counting, configure(), 2),
        (configure(), counting, 2),
    ):
        instance = Executor(maker).instantiate(store, tree)
        statistics = Statistics()
        assert Executor(caller, statistics).invoke(instance.exports.f0, 0) == 5
        assert (statistics.instr_count, statistics.calls) == (count, 1)
        assert instance.exports.f0(0) == 5  # without an executor
        assert statistics.instr_count == count


def test_clear_keeps_table_and_limit() -> None:
    vm = machine(module("i32.const 5"))
    vm.statistics.set_cost_table([3] * 256)
    vm.statistics.cost_limit = 6
    vm.execute("f0", 0)
    vm.cleanup()
    statistics = vm.statistics
    assert statistics.instr_count == statistics.total_cost == statistics.calls == 0
    vm.run_wasm_from_bytes(module("i32.const 5"), "f0", 0)
    assert statistics.cost_limit == statistics.total_cost == 6


def test_code_that_goes_gives_its_numbers_back() -> None:
    lists = ffi.new("uint16_t[]", [2, 0x41, 0x0B, 1, 0x01])
    size = ffi.sizeof(lists)
    code = lib.we_code_alloc(1)
    first = lib.we_segments_add(code, 1, lists, ffi.cast("char *", lists) + size)
    lib.we_code_free(code, 1)
    again = lib.we_code_alloc(1)
    assert lib.we_segments_add(again, 1, lists, ffi.cast("char *", lists) + size) == first
    lib.we_code_free(again, 1)


def test_background_optimisation_keeps_counting() -> None:
    vm = machine(module(LOOP, IF_ELSE), configure(Tier.AUTO))
    compiled = vm.module._code  # type: ignore[union-attr]
    vm.execute("f0", 7)
    assert sums(vm) == (45, 45)
    for code in compiled.values():
        code.ensure_all(Level.OPTIMISED)
    vm.execute("f0", 7)
    assert sums(vm) == (45, 45)


# --- threads -------------------------------------------------------------------------------------


def together(count: int, work: Callable[[], int]) -> list[int]:
    """What ``work`` gives, called by several threads at once; less the code for a trap."""
    results: list[int] = []
    barrier = threading.Barrier(count)

    def run() -> None:
        barrier.wait()
        try:
            results.append(work())
        except Trap as trap:
            results.append(-int(trap.code))

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@TIERS
def test_threads_share_counters_and_limit(tier: Tier) -> None:
    turns, threads = 200_000, 4
    vm = machine(module(LOOP), configure(tier))
    each = 6 * turns + 3
    for limit in (threads * each, threads * each - 1, each):
        vm.statistics.cost_limit = limit
        results = together(threads, lambda: vm.execute("f0", turns))
        failed = results.count(-0x03)
        assert results.count(3) == threads - failed
        assert sums(vm) == (limit + failed, limit)
        if limit > each:
            assert failed == threads * each - limit
        else:
            assert failed >= threads - 1


def test_a_waiting_host_function_lends_its_budget() -> None:
    def host(a: int) -> int:
        return int(vm.execute_async("f1", a).result())

    binary = module("local.get 0 call 0", LOOP, imports=["host"])
    vm = machine(binary, host=host)
    vm.statistics.cost_limit = 6003 + 3
    assert vm.execute("f0", 1000) == 3
    assert sums(vm) == (6006, 6006)


def test_who_waits_for_the_budget_of_others_can_be_stopped() -> None:
    vm = machine(module("loop void br 0 end i32.const 1", "nop " * 99 + "local.get 0"))
    costs = [0] * 256
    costs[0x01] = 1
    vm.statistics.set_cost_table(costs)
    vm.statistics.cost_limit = 99
    running = vm.execute_async("f0", 0)  # costs nothing, but has a part of the budget
    try:
        while vm.statistics.instr_count == 0:
            assert not running.wait(0.001)
        with pytest.raises(Trap) as caught:
            vm.execute("f1", 7, timeout=0.05)
        assert caught.value.code == 0x07
        assert vm.statistics.total_cost == 0
    finally:
        running.cancel()
        running.wait()
    assert vm.execute("f1", 7) == 7
    assert vm.statistics.total_cost == 99


def test_sums_can_be_read_and_cleared_during_a_call() -> None:
    vm = machine(module("loop void br 0 end i32.const 1"), configure())
    running = vm.execute_async("f0", 0)
    try:
        for _ in range(2):
            while vm.statistics.instr_count < 100_000:
                assert not running.wait(0.001)
            before = vm.statistics.instr_count
            while vm.statistics.instr_count <= before:
                assert not running.wait(0.001)
            assert vm.statistics.total_cost > 100_000
            vm.statistics.clear()
        vm.statistics.cost_limit = 0
    finally:
        running.cancel()
        running.wait()
    turn = 2  # what a reader of a running loop can be late by
    assert abs(vm.statistics.instr_count - vm.statistics.total_cost) <= 2 * turn


# --- the command and the C API -------------------------------------------------------------------


def wasmedge(*words: object) -> tuple[int, dict[str, int]]:
    """Exit code and logged sums of a command; several blocks add up."""
    command = [sys.executable, "-m", "pywasmedge", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found: dict[str, int] = {}
    for name, number in re.findall(r"\[info\]  ([a-z ]+): (\d+)", done.stdout):
        found[name] = found.get(name, 0) + int(number)
    return done.returncode, found


def test_the_command_measures(tmp_path: Path) -> None:
    file = tmp_path / "module.wasm"
    file.write_bytes(module(IF_ELSE, LOOP))
    call = ("--reactor", file, "f1", 1000)
    assert wasmedge(*call) == (0, {})
    assert wasmedge("--enable-instruction-count", *call) == (0, {"instructions": 6003})
    assert wasmedge("--enable-gas-measuring", *call) == (0, {"cost": 6003})
    code, found = wasmedge("--enable-time-measuring", *call)
    assert (code, list(found)) == (0, ["execution time"])
    both = ("--enable-instruction-count", "--enable-gas-measuring")
    assert wasmedge(*both, *call) == (0, {"instructions": 6003, "cost": 6003})
    assert wasmedge("--gas-limit", 6003, *call) == (0, {"cost": 6003})
    assert wasmedge("--gas-limit=1", "--gas-limit", 6002, *call) == (1, {"cost": 6002})
    code, found = wasmedge("--enable-all-statistics", *call)
    assert code == 0
    assert found["instructions"] == found["cost"] == 6003
    assert found["execution time"] > 0
    assert found["instructions per second"] > 0


def test_the_command_logs_after_each_call(tmp_path: Path) -> None:
    file = tmp_path / "library.wasm"
    exports = [("_initialize", "func", 0), ("f", "func", 1)]
    code = [wb.body("nop"), wb.body("nop nop")]
    file.write_bytes(wb.wasm(types=["->"], funcs=[0, 0], exports=exports, code=code))
    assert wasmedge("--gas-limit", 5, "--reactor", file, "f") == (0, {"cost": 2 + 5})
    assert wasmedge("--gas-limit", 4, "--reactor", file, "f") == (1, {"cost": 2 + 4})


def test_the_command_measures_programs(tmp_path: Path) -> None:
    """Command mode: ``_start``, which ends by itself or by ``proc_exit``."""
    for text, count, code in (("nop nop", 3, 0), ("i32.const 7 call 0 nop", 2, 7)):
        file = tmp_path / "program.wasm"
        file.write_bytes(
            wb.wasm(
                types=["->", "i32 ->"],
                imports=[("wasi_snapshot_preview1", "proc_exit", "func", 1)],
                funcs=[0],
                memories=[wb.limits(1)],
                exports=[("_start", "func", 1), ("memory", "memory", 0)],
                code=[wb.body(text)],
            )
        )
        assert wasmedge("--enable-instruction-count", file) == (code, {"instructions": count})
        assert wasmedge("--gas-limit", count - 1, file) == (1, {"cost": count - 1})


def test_c_hosts_measure() -> None:
    done = capi_host.run(capi_host.build("statistics.c"))
    assert (done.returncode, done.stdout) == (0, "passed\n"), done.stdout + done.stderr
    # A block after each call that an executor or VM with switches makes, the failing ones as well.
    costs = [int(cost) for cost in re.findall(r"\[info\]  cost: (\d+)", done.stderr)]
    assert costs == [4, 1, 140, 20, 100, 4, 5]
    assert done.stderr.count("[info] statistics\n") == 7


def test_c_hosts_measure_however_they_run(tmp_path: Path) -> None:
    functions = {
        "five": (1, "i32.const 5"),
        "call": (0, "nop"),
        "nested": (0, "call 2"),
        "returns": (1, "i32.const 5 return"),
        "choose": (2, IF_ELSE),
        "host": (0, "call 0"),
    }
    file = tmp_path / "module.wasm"
    file.write_bytes(
        wb.wasm(
            types=["->", "-> i32", "i32 -> i32"],
            imports=[("env", "host", "func", 0)],
            funcs=[type_ for type_, _ in functions.values()],
            exports=[(name, "func", i) for i, name in enumerate(functions, 1)],
            code=[wb.body(text) for _, text in functions.values()],
        )
    )
    done = capi_host.run(capi_host.build("statistics_paths.c"), file)
    assert (done.returncode, done.stdout) == (0, "passed\n"), done.stdout + done.stderr
