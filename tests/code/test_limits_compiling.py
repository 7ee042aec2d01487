"""Limits hold while code is being made, and what nobody waits for holds nothing up."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from weakref import ref

import pytest
import shapes
import wasmbuild as wb

from pywasmedge import VM, Configure, ErrCode, Tier, Trap
from pywasmedge.base import waiting
from pywasmedge.code import quick
from pywasmedge.code.compiled import CompiledModule
from pywasmedge.compiler import codegen
from pywasmedge.compiler.baseline.writer import BaselineWriter
from pywasmedge.compiler.codegen import Level, NotNeededError

SLOW = 30.0
"""Seconds that nobody waits: what is made to take long ends when the test wants it."""
SOON = 5.0
"""Seconds that a loaded machine may take for what takes a tenth of one."""

Gate = tuple[threading.Event, threading.Event]


@pytest.fixture
def slow_llvm(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """LLVM's steps do not begin before the second event; the first says that one wants to."""
    begun, go_on = threading.Event(), threading.Event()
    plain = codegen._Workers.run

    def run(self, work, name, needed):
        begun.set()
        assert go_on.wait(SLOW)
        return plain(self, work, name, needed)

    monkeypatch.setattr(codegen._Workers, "run", run)
    return begun, go_on


@pytest.fixture
def slow_quick(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """The same for quick code, as far as Python makes it."""
    monkeypatch.setattr(quick, "_tables", lambda: None)
    begun, go_on = threading.Event(), threading.Event()
    plain = BaselineWriter.compile

    def compile_functions(self, indices):
        begun.set()
        assert go_on.wait(SLOW)
        return plain(self, indices)

    monkeypatch.setattr(BaselineWriter, "compile", compile_functions)
    return begun, go_on


def compiled_of(vm: VM) -> CompiledModule:
    """The code of the active module."""
    assert vm.active_module is not None
    return vm.active_module._core.compiled


CASES = [(Tier.OPTIMISED, 10, "slow_llvm"), (Tier.AUTO, 6000, "slow_quick")]


@pytest.mark.parametrize(("tier", "size", "gate"), CASES)
def test_a_time_limit_during_the_first_call(
    tier: Tier, size: int, gate: str, request: pytest.FixtureRequest
) -> None:
    _, go_on = request.getfixturevalue(gate)
    vm = VM(Configure(tier=tier, cache="off"))
    vm.start(shapes.module("multiplications", size))
    for _ in range(2):  # the second call waits for what the first one has begun
        begin = time.monotonic()
        with pytest.raises(Trap) as caught:
            vm.execute("f", 5, timeout=0.05)
        assert caught.value.code == ErrCode.INTERRUPTED
        assert time.monotonic() - begin < SOON
    go_on.set()
    assert vm.execute("f", 5) == VM_RESULT[size]
    vm.close()


def expected(size: int) -> int:
    """What ``multiplications`` gives for 5: local 0 is assigned before every product."""
    top = 5
    for _ in range(size):
        top = (top * top & 0xFFFF_FFFF) ^ 3
    return top - (1 << 32) if top >> 31 else top


VM_RESULT = {size: expected(size) for _, size, _ in CASES}


@pytest.mark.parametrize(("tier", "size", "gate"), CASES)
def test_cancelling_during_the_first_call(
    tier: Tier, size: int, gate: str, request: pytest.FixtureRequest
) -> None:
    begun, go_on = request.getfixturevalue(gate)
    vm = VM(Configure(tier=tier, cache="off"))
    vm.start(shapes.module("multiplications", size))
    run = vm.execute_async("f", 5)
    assert begun.wait(SLOW)
    run.cancel()
    assert run.wait(SOON)
    with pytest.raises(Trap) as caught:
        run.result()
    assert caught.value.code == ErrCode.INTERRUPTED
    go_on.set()
    vm.close()


def test_another_function_of_the_module_is_not_worse_off(slow_quick: Gate) -> None:
    """It has to wait for the code generator, and can give up, too."""
    begun, go_on = slow_quick
    binary = wb.wasm(
        types=["i32 -> i32"],
        funcs=[0, 0],
        exports=[("large", "func", 0), ("small", "func", 1)],
        code=[
            wb.body(shapes.BODIES["multiplications"](6000), [(64, "i32")]),
            wb.body("local.get 0"),
        ],
    )
    vm = VM(Configure(cache="off"))
    vm.start(binary)
    run = vm.execute_async("large", 1)
    assert begun.wait(SLOW)
    with pytest.raises(Trap) as caught:
        vm.execute("small", 1, timeout=0.05)
    assert caught.value.code == ErrCode.INTERRUPTED
    go_on.set()
    assert vm.execute("small", 1) == 1
    run.result()


def test_one_that_has_no_limit_waits(slow_quick: Gate) -> None:
    begun, go_on = slow_quick
    vm = VM(Configure(cache="off"))
    vm.start(shapes.module("multiplications", 6000))
    patient = vm.execute_async("f", 5)
    assert begun.wait(SLOW)
    with pytest.raises(Trap):
        vm.execute("f", 5, timeout=0.05)
    assert not patient.wait(0.05)
    go_on.set()
    assert patient.result() == VM_RESULT[6000]


def test_a_time_limit_while_bodies_are_validated() -> None:
    """A walk looks around every few kilobytes, in reachable and in unreachable code."""
    for first in ("", "unreachable"):
        body = wb.asm(first) + wb.asm("i32.const 1 drop") * 100_000 + wb.asm("local.get 0")
        binary = wb.wasm(types=["i32 -> i32"], funcs=[0], code=[wb.body(body)])
        thread = waiting.begin()
        waiting.wake(thread)
        try:
            with pytest.raises(Trap) as caught:
                VM().load_wasm_from_bytes(binary)
            assert caught.value.code == ErrCode.INTERRUPTED
        finally:
            waiting.end(thread)
        VM().load_wasm_from_bytes(binary)


def test_a_limit_inside_a_limit() -> None:
    """That the inner one has been reached does not end what the outer one watches."""
    vm = VM(Configure(cache="off"))
    spin = wb.wasm(
        types=["->"], funcs=[0], exports=[("f", "func", 0)], code=[wb.body("loop void br 0 end")]
    )
    vm.start(spin)
    outer = waiting.begin()
    try:
        handle = waiting.handle()
        with pytest.raises(Trap):
            vm.execute("f", timeout=0.02)
        waiting.check()
        assert waiting.handle() == handle
        with pytest.raises(BlockingIOError):
            os.read(handle, 1)
    finally:
        waiting.end(outer)


# ---- What nobody needs any more ------------------------------------------------------------------


def test_better_code_is_dropped_with_its_module() -> None:
    vm = VM(Configure(cache="off"))
    vm.start(shapes.module("multiplications", 100))
    vm.execute("f", 5)
    compiled = compiled_of(vm)
    improvement, kept = compiled.improvement(0), ref(compiled)
    vm.close()
    del vm, compiled
    gc.collect()
    assert kept() is None
    with pytest.raises(NotNeededError):
        improvement.make()


def test_llvm_stops_between_its_steps_when_the_code_is_not_needed() -> None:
    asked = []

    def needed() -> bool:
        asked.append(True)
        return len(asked) < 3

    text = "define i32 @f0() {\n  ret i32 1\n}\n"
    with pytest.raises(NotNeededError):
        codegen.compile_ir(text, Level.OPTIMISED, needed=needed)
    assert len(asked) == 3
    assert codegen.compile_ir(text, Level.OPTIMISED)


def test_work_nobody_waits_for_holds_nothing_up() -> None:
    """While one thread of LLVM is busy another one serves."""
    begun, go_on = threading.Event(), threading.Event()

    def busy(machine: object) -> None:
        begun.set()
        assert go_on.wait(SLOW)

    workers = codegen._WORKERS[Level.OPTIMISED]
    thread = threading.Thread(target=workers.run, args=(busy, "", lambda: True))
    thread.start()
    assert begun.wait(SLOW)
    assert codegen.compile_ir("define i32 @f0() {\n  ret i32 1\n}\n", Level.OPTIMISED)
    go_on.set()
    thread.join()


def test_what_is_too_much_for_llvm_has_quick_code() -> None:
    """In a module that is compiled as a whole the others are optimised."""
    binary = wb.wasm(
        types=["i32 -> i32"],
        funcs=[0, 0],
        exports=[("large", "func", 0), ("small", "func", 1)],
        code=[
            wb.body(shapes.BODIES["multiplications"](8000), [(64, "i32")]),
            wb.body("local.get 0"),
        ],
    )
    vm = VM(Configure(tier=Tier.OPTIMISED, cache="off"))
    vm.start(binary)
    assert vm.execute("large", 5) == expected(8000)
    assert vm.execute("small", 5) == 5
    compiled = compiled_of(vm)
    assert [compiled.level(i) for i in range(2)] == [Level.QUICK, Level.OPTIMISED]


# ---- Ctrl-C --------------------------------------------------------------------------------------

CTRL_C = """
import os, signal, sys, threading, time
sys.path[:0] = {path}
import shapes
from pywasmedge import VM, Configure, Tier
from pywasmedge.compiler.codegen import _Workers
plain = _Workers.run
def run(*args):
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    time.sleep(20)
_Workers.run = run
signal.signal(signal.SIGINT, signal.default_int_handler)
vm = VM(Configure(tier=Tier.OPTIMISED, cache="off"))
vm.start(shapes.module("multiplications", 10))
begin = time.monotonic()
try:
    vm.execute("f", 5)
except KeyboardInterrupt:
    print("KeyboardInterrupt", time.monotonic() - begin < 10, flush=True)
os._exit(0)
"""


def test_ctrl_c_during_the_first_call() -> None:
    script = CTRL_C.format(path=sys.path)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("KeyboardInterrupt True\n", "")
