"""Calls with time limits, calls in the background, awaited calls; names given back."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from wasmbuild import body, wasm

import pywasmedge
from pywasmedge import VM, ErrCode, LinkError, ModuleInstance, Store, Trap, WorkflowError

if TYPE_CHECKING:
    from collections.abc import Iterator

SPIN = "loop void br 0 end"


def module() -> bytes:
    """Functions that end, and functions of every shape of result that do not."""
    spinning = ["->", "-> i32", "-> f64", "-> v128", "-> i32 i64", "-> funcref", "-> externref"]
    names = ["none", "i32", "f64", "v128", "many", "funcref", "externref"]
    return wasm(
        types=["i32 i32 -> i32", "-> i32", *spinning],
        funcs=[0, 1, *range(2, 2 + len(spinning))],
        exports=[
            ("add", "func", 0),
            ("zero", "func", 1),
            *((f"spin_{name}", "func", 2 + at) for at, name in enumerate(names)),
        ],
        code=[
            body("local.get 0 local.get 1 i32.add"),
            body("i32.const 1 i32.const 0 i32.div_s"),
            *[body(f"{SPIN} unreachable")] * len(spinning),
        ],
    )


SPINNERS = ["none", "i32", "f64", "v128", "many", "funcref", "externref"]


@pytest.fixture
def vm() -> Iterator[VM]:
    with VM() as machine:
        machine.load_wasm_from_bytes(module())
        machine.validate()
        machine.instantiate()
        yield machine


def exports(vm: VM) -> Any:
    assert vm.active_module is not None
    return vm.active_module.exports


# --- exported functions --------------------------------------------------------------------------


@pytest.mark.parametrize("name", SPINNERS)
def test_exported_functions_take_a_time_limit(vm: VM, name: str) -> None:
    with pytest.raises(Trap) as caught:
        exports(vm)[f"spin_{name}"](timeout=0.02)
    assert caught.value.code == ErrCode.INTERRUPTED


def test_a_limit_that_is_not_reached(vm: VM) -> None:
    assert exports(vm).add(2, 3, timeout=60) == 5
    assert exports(vm).add(2, 3, timeout=None) == 5
    with pytest.raises(Trap) as caught:
        exports(vm).zero(timeout=60)
    assert caught.value.code == ErrCode.DIVIDE_BY_ZERO


def test_host_functions_too() -> None:
    host = ModuleInstance("host", {"double": _double})
    assert host.exports.double(4, timeout=60) == 8


def _double(value: pywasmedge.i32) -> pywasmedge.i32:
    return value * 2


@pytest.mark.parametrize(("timeout", "error"), [("1", TypeError), (float("nan"), ValueError)])
def test_limits_that_are_no_time(vm: VM, timeout: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="timeout"):
        exports(vm).add(1, 2, timeout=timeout)
    with pytest.raises(error, match="timeout"):
        vm.execute_async("add", 1, 2, timeout=timeout)


@pytest.mark.parametrize("name", ["add", *[f"spin_{name}" for name in SPINNERS]])
def test_messages_name_the_export(vm: VM, name: str) -> None:
    function = exports(vm)[name]
    for call in (lambda: function(1, 2, 3, 4), lambda: function(1, nothing=2)):
        with pytest.raises(TypeError) as caught:
            call()
        assert name in str(caught.value)
        assert "<locals>" not in str(caught.value)


# --- in the background ---------------------------------------------------------------------------


def test_result_waits_no_longer_than_asked(vm: VM) -> None:
    run = vm.execute_async("spin_none")
    with pytest.raises(TimeoutError):
        run.result(timeout=0.02)
    run.cancel()
    with pytest.raises(Trap) as caught:
        run.result(timeout=60)
    assert caught.value.code == ErrCode.INTERRUPTED
    assert vm.execute_async("add", 2, 3).result(timeout=60) == 5
    with pytest.raises(TypeError):
        run.result(timeout="1")  # type: ignore[arg-type]


def test_limits_of_calls_in_the_background(vm: VM) -> None:
    with pytest.raises(Trap) as caught:
        vm.execute_async("spin_none", timeout=0.02).result(timeout=60)
    assert caught.value.code == ErrCode.INTERRUPTED


def test_awaiting(vm: VM) -> None:
    async def main() -> tuple[list[int], int]:
        run = vm.execute_async("add", 2, 3)
        many = await asyncio.gather(*[vm.execute_async("add", n, n) for n in range(20)])
        return many, await run + await run  # the second time it has ended already

    assert asyncio.run(main()) == ([2 * n for n in range(20)], 10)


def test_the_loop_runs_while_a_task_awaits(vm: VM) -> None:
    async def main() -> int:
        run = vm.execute_async("spin_none")
        task = asyncio.ensure_future(_result(run))
        for _ in range(3):
            await asyncio.sleep(0.001)
        assert not task.done()
        run.cancel()
        with pytest.raises(Trap) as caught:
            await task
        return caught.value.code

    assert asyncio.run(main()) == ErrCode.INTERRUPTED


async def _result(run: pywasmedge.Async) -> Any:
    return await run


def test_errors_of_awaited_calls(vm: VM) -> None:
    async def main(name: str) -> None:
        await vm.execute_async(name)

    with pytest.raises(Trap):
        asyncio.run(main("zero"))
    with pytest.raises(WorkflowError):
        asyncio.run(main("nothing"))


def test_a_cancelled_task_stops_its_guest(vm: VM) -> None:
    async def main() -> pywasmedge.Async:
        run = vm.execute_async("spin_none")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(run, 0.02)
        return run

    run = asyncio.run(main())
    with pytest.raises(Trap) as caught:
        run.result(timeout=60)
    assert caught.value.code == ErrCode.INTERRUPTED


def test_a_loop_that_closes_while_a_task_awaits(vm: VM, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call ends later, and nothing is left to tell."""
    problems: list[object] = []
    monkeypatch.setattr(threading, "excepthook", problems.append)
    loop = asyncio.new_event_loop()
    run = vm.execute_async("spin_none")
    task = loop.create_task(_result(run))
    loop.run_until_complete(asyncio.sleep(0.01))
    loop.close()
    run.cancel()
    assert run.wait(60)
    time.sleep(0.05)
    assert problems == []
    task._log_destroy_pending = False  # type: ignore[attr-defined]


# --- names given back ----------------------------------------------------------------------------


def user() -> bytes:
    """A module that passes its arguments to "library" "add"."""
    return wasm(
        types=["i32 i32 -> i32"],
        imports=[("library", "add", "func", 0)],
        funcs=[0],
        exports=[("add", "func", 1)],
        code=[body("local.get 0 local.get 1 call 0")],
    )


def test_unregistering() -> None:
    with VM() as vm:
        first = vm.register_module_from_bytes("library", module())
        importer = vm.start(user())
        assert vm.unregister("library") is first
        assert "library" not in vm.store
        assert importer.exports.add(2, 3) == 5  # who has it keeps it
        assert first.exports.add(2, 3) == 5
        with pytest.raises(LinkError):
            vm.start(user())
        second = vm.register_module_from_bytes("library", module())
        assert second is not first
        assert vm.start(user()).exports.add(2, 3) == 5
    assert first.exports.add(2, 3) == 5  # it is not the VM's any more
    assert len(second.exports) == 0


def test_unregistering_what_runs() -> None:
    with VM() as vm:
        vm.register_module_from_bytes("library", module())
        run = vm.execute_registered_async("library", "spin_none")
        assert not run.wait(0.05)
        vm.unregister("library")
        assert not run.wait(0.05)
        run.cancel()
        with pytest.raises(Trap):
            run.result(timeout=60)


def test_unregistering_another_name() -> None:
    store = Store()
    host = ModuleInstance("host", {"double": _double})
    store.add(host)
    store.add(host, "other")
    assert store.unregister("host") is host
    assert store.names() == ["other"]
    host.close()
    assert store.names() == []


@pytest.mark.parametrize("name", ["", "nothing", "library ", 3])
def test_names_that_nobody_has(name: Any) -> None:
    with VM() as vm:
        vm.register_module_from_bytes("library", module())
        for unregister in (vm.unregister, vm.store.unregister):
            with pytest.raises(WorkflowError) as caught:
                unregister(name)
            assert caught.value.code == ErrCode.WRONG_INSTANCE_ADDRESS
        assert vm.store.names() == ["library"]
