"""Quick and optimised code on one stack: traps name every call, interrupts end both."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest
import wasmbuild as wb
from testdata import IMPORTS

from pywasmedge import VM, Configure, ModuleInstance, Tier, Trap
from pywasmedge.base.config import Proposal
from pywasmedge.base.errors import ErrCode
from pywasmedge.compiler.codegen import Level

LEVELS = (Level.QUICK, Level.OPTIMISED)
NAMES = tuple("abcd")
SWITCHES: tuple[tuple[str, ...], ...] = ((), ("instruction_counting", "cost_measuring"))
METERED = pytest.mark.parametrize("switches", SWITCHES, ids=["plain", "metered"])

MANY = "i32 i64 f64 i32 i64 f32 i32 i64 f64 i32 i64 f32 i32"
"""Parameters of which some are passed on the stack, wherever the tier looks for them."""


class Host:
    """What guests import: it raises an error of its own."""

    class Error(Exception):
        pass

    def fail(self) -> None:
        raise self.Error


def machine(binary: bytes, switches: tuple[str, ...] = ()) -> VM:
    """A VM with an instance that nothing has been compiled of."""
    configure = Configure(tier=Tier.QUICK, cache="off")
    configure.add_proposal(Proposal.TAIL_CALL)
    for name in switches:
        setattr(configure, name, True)
    vm = VM(configure)
    vm.register_module(ModuleInstance("env", {"fail": Host().fail}))
    vm.load_wasm(binary)
    vm.validate()
    vm.instantiate()
    return vm


def compiled(vm: VM) -> Any:
    """The code of the VM's instance."""
    return vm.active_module._core.compiled  # type: ignore[union-attr]


def mixed(binary: bytes, levels: tuple[Level, ...], switches: tuple[str, ...] = ()) -> VM:
    """A VM whose instance has each function compiled with the level given for it."""
    vm = machine(binary, switches)
    code = compiled(vm)
    for index, level in enumerate(levels):
        code._make([index], level)
    assert [code.level(i) for i in range(len(levels))] == list(levels)
    assert not code._uncounted, "LLVM has made code that was to be quick"
    return vm


def named(binary: bytes, first: int, names: str) -> bytes:
    """``binary`` with one-letter names for functions from index ``first`` on."""
    each = [wb.uleb(i) + wb.name(name) for i, name in enumerate(names, first)]
    return binary + wb.custom("name", b"\1" + wb.name(wb.vec(each)))


def chain(last: str, params: str = "i32") -> bytes:
    """Function ``a`` calls ``b``, which calls ``c`` through a table, which calls ``d``."""
    types = params.split()
    forward = " ".join(f"local.get {i}" for i in range(len(types)))
    loop = f"loop void {forward} {{}} drop drop end i32.const 1 i64.const 2"
    calls = ["call 2", "i32.const 2 call_indirect 0 0", "call 4"]
    binary = wb.wasm(
        types=[f"{params} -> i32 i64", "->"],
        imports=[("env", "fail", "func", 1)],
        funcs=[0] * 4,
        tables=[wb.table(4, 4)],
        memories=[wb.limits(1)],
        exports=[(name, "func", i + 1) for i, name in enumerate(NAMES)],
        elements=[wb.element("i32.const 0", [1, 2, 3])],
        code=[
            *(wb.body(loop.format(call), [(2, "i64")]) for call in calls),
            wb.body(f"{last} i32.const 1 i64.const 2", [(1, "i32")]),
        ],
    )
    return named(binary, 1, "abcd")


TRAPS = {
    "unreachable": ErrCode.UNREACHABLE,
    "i32.const 1 local.get 0 i32.const 1 i32.sub i32.div_s drop": ErrCode.DIVIDE_BY_ZERO,
    "i32.const -1 i32.load 2 0 drop": ErrCode.MEMORY_OUT_OF_BOUNDS,
    "i32.const -1 i32.const 0 i32.const 9 memory.fill 0": ErrCode.MEMORY_OUT_OF_BOUNDS,
    "i32.const 3 call_indirect 1 0": ErrCode.UNINITIALIZED_ELEMENT,
    "i32.const 4 call_indirect 1 0": ErrCode.UNDEFINED_ELEMENT,
    "i32.const 0 call_indirect 1 0": ErrCode.INDIRECT_CALL_TYPE_MISMATCH,
}


def arguments(params: str) -> list[object]:
    return [0.0 if type_.startswith("f") else 0 for type_ in params.split()]


ONE_OF_THEM = (
    f"{'block void ' * len(TRAPS)}local.get 0 br_table {len(TRAPS) - 1} "
    + " ".join(map(str, range(len(TRAPS))))
    + "".join(f" end {text}" for text in TRAPS)
)
"""Traps as the first parameter says."""


@METERED
@pytest.mark.parametrize("params", ["i32", MANY], ids=["one", "many"])
def test_traps_name_every_call(params: str, switches: tuple[str, ...]) -> None:
    binary = chain(ONE_OF_THEM, params)
    for levels in product(LEVELS, repeat=4):
        vm = mixed(binary, levels, switches)
        for which, (text, code) in enumerate(TRAPS.items()):
            for first in (0, 1):
                with pytest.raises(Trap) as caught:
                    vm.execute(NAMES[first], which, *arguments(params)[1:])
                assert caught.value.code == code, (text, levels)
                assert caught.value.backtrace == NAMES[first:][::-1], (text, levels)


def test_errors_of_host_functions_pass_all_frames() -> None:
    binary = chain("call 0", MANY)
    for levels in product(LEVELS, repeat=4):
        vm = mixed(binary, levels)
        with pytest.raises(Host.Error):
            vm.execute("a", *arguments(MANY))


def test_the_limit_is_reached_below_other_code() -> None:
    """In the piece of quick code that several segments share."""
    binary = chain("loop void br 0 end")
    for levels in product(LEVELS, repeat=4):
        vm = mixed(binary, levels, SWITCHES[1])
        vm.statistics.cost_limit = 100
        with pytest.raises(Trap) as caught:
            vm.execute("a", 0)
        assert caught.value.code == ErrCode.COST_LIMIT_EXCEEDED
        assert caught.value.backtrace == NAMES[::-1]
        assert vm.statistics.instr_count == 101


def test_endless_recursion_through_both() -> None:
    text = "local.get 0 i32.const 1 i32.add call {} drop"
    for levels in product(LEVELS, repeat=2):
        binary = wb.wasm(
            types=["i32 -> i32"],
            funcs=[0, 0],
            exports=[("a", "func", 0), ("b", "func", 1)],
            code=[wb.body(f"{text.format(i)} local.get 0") for i in (1, 0)],
        )
        vm = mixed(named(binary, 0, "ab"), levels)
        with pytest.raises(Trap) as caught:
            vm.execute("a", 0)
        assert caught.value.code == ErrCode.RUNTIME_ERROR
        names = caught.value.backtrace
        assert set(names) == {"a", "b"}
        assert all(first != second for first, second in pairwise(names))


# --- interrupts ----------------------------------------------------------------------------------

LOOPS = {
    "empty": "loop void br 0 end",
    "condition": "loop void local.get 0 i32.const 1 i32.add local.tee 0 i32.const -1 i32.ne br_if 0"
    " local.get 0 i32.eqz br_if 0 br 0 end",
    "table": "block void loop void local.get 0 br_table 2 1 0 0 end end",
    "memory": "loop void i32.const 0 i32.const 0 i32.load 2 0 i32.const 1 i32.add i32.store 2 0"
    " br 0 end",
    "calls": "loop void call 1 br 0 end",
    "indirect calls": "loop void i32.const 0 call_indirect 1 0 br 0 end",
    "helper": "loop void i32.const 0 i32.const 0 i32.const 60000 memory.fill 0 br 0 end",
    "tail calls": "local.get 0 return_call 0",
}


def endless(text: str) -> bytes:
    binary = wb.wasm(
        types=["i32 -> i32", "->"],
        funcs=[0, 1],
        tables=[wb.table(1, 1)],
        memories=[wb.limits(1)],
        exports=[("run", "func", 0), ("nothing", "func", 1)],
        elements=[wb.element("i32.const 0", [1])],
        code=[wb.body(f"{text} i32.const 1"), wb.body("nop")],
    )
    return named(binary, 0, "rn")


@METERED
@pytest.mark.parametrize("kind", LOOPS)
def test_quick_loops_are_cancelled(kind: str, switches: tuple[str, ...]) -> None:
    vm = machine(endless(LOOPS[kind]), switches)
    for wait in (0, 0.02):
        running = vm.execute_async("run", 1)
        assert not running.wait(wait)
        running.cancel()
        with pytest.raises(Trap) as caught:
            running.result()
        assert caught.value.code == ErrCode.INTERRUPTED
    for limit in (0.02, 0.2, 2, 20):
        with pytest.raises(Trap) as caught:
            vm.execute("run", 1, timeout=limit)
        assert caught.value.code == ErrCode.INTERRUPTED
        if caught.value.backtrace:  # it had begun
            break
    assert caught.value.backtrace[-1:] == ("r",)
    assert compiled(vm).level(0) == Level.QUICK
    assert not compiled(vm)._uncounted


@METERED
@pytest.mark.parametrize("kind", ["calls", "indirect calls", "tail calls"])
def test_callers_are_named_wherever_a_callee_is_interrupted(
    kind: str, switches: tuple[str, ...]
) -> None:
    """Also between leaving its frame and returning."""
    vm = machine(endless(LOOPS[kind]), switches)
    with pytest.raises(Trap):
        vm.execute("run", 1, timeout=0.1)  # with compilation
    for _ in range(200):
        with pytest.raises(Trap) as caught:
            vm.execute("run", 1, timeout=0.001)
        assert caught.value.backtrace in (("r",), ("n", "r"), ())  # () before it has begun


CTRL_C = """
import os, signal, sys, threading
from test_tiers_mixed import LOOPS, endless, machine
vm = machine(endless(LOOPS[sys.argv[1]]))
vm.execute("nothing")
try:
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    vm.execute("run", 1)
except KeyboardInterrupt:
    print("KeyboardInterrupt", vm.execute("nothing"), flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("kind", ["empty", "calls", "helper"])
def test_ctrl_c_ends_a_quick_loop(kind: str) -> None:
    child = subprocess.run(
        [sys.executable, "-c", CTRL_C, kind],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PYTHONPATH": f"{IMPORTS}:{Path(__file__).parent}"},
    )
    assert child.stdout == "KeyboardInterrupt None\n", child.stderr
