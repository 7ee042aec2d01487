"""The VM: its stages, running, registering, time limits, calls in the background."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from test_api import ILL_TYPED
from wat_modules import env, path, validated

from pywasmedge import (
    VM,
    ArgumentError,
    Compiler,
    Configure,
    ErrCode,
    Executor,
    Exit,
    FunctionType,
    HostRegistration,
    Loader,
    LoadError,
    ModuleInstance,
    Stage,
    Statistics,
    Store,
    Trap,
    ValType,
    WasmError,
)

I32, I64, F32, F64, V128, FUNCREF, EXTERNREF = ValType


@pytest.fixture
def vm() -> VM:
    machine = VM()
    machine.register_module(env())
    return machine


def expect(code: ErrCode) -> pytest.RaisesContext[WasmError]:
    """The block raises a runtime's error with this code."""
    return pytest.raises(WasmError, check=lambda error: error.code == code)


def test_steps_in_order(vm: VM) -> None:
    assert vm.stage == Stage.INITED
    with expect(ErrCode.WRONG_VM_WORKFLOW):
        vm.validate()
    with expect(ErrCode.WRONG_VM_WORKFLOW):
        vm.instantiate()
    with expect(ErrCode.WRONG_INSTANCE_ADDRESS):
        vm.execute("add", 1, 2)
    vm.load_wasm(path("api"))
    assert vm.stage == Stage.LOADED
    with expect(ErrCode.WRONG_VM_WORKFLOW):
        vm.instantiate()
    vm.validate()
    assert vm.stage == Stage.VALIDATED
    instance = vm.instantiate()
    assert vm.stage == Stage.INSTANTIATED
    assert vm.active_module is instance
    assert vm.execute("add", 1, 2) == 3
    assert instance.exports.add(3, 4) == 7


def test_failed_steps_change_nothing(vm: VM) -> None:
    vm.load_wasm_from_bytes(path("api").read_bytes())
    vm.validate()
    active = vm.instantiate()
    with expect(ErrCode.UNEXPECTED_END):
        vm.load_wasm_from_bytes(b"")
    assert vm.stage == Stage.INSTANTIATED
    vm.load_wasm_from_bytes(ILL_TYPED)
    with expect(ErrCode.TYPE_CHECK_FAILED):
        vm.validate()
    assert vm.stage == Stage.LOADED
    vm.load_wasm_from_module(validated("consumer"))
    vm.validate()
    with expect(ErrCode.UNKNOWN_IMPORT):
        vm.instantiate()
    assert vm.stage == Stage.VALIDATED
    assert vm.active_module is active
    assert vm.execute("add", 2, 2) == 4


def test_validate_steps_back_and_instantiate_makes_a_new_instance(vm: VM) -> None:
    vm.load_wasm(path("api"))
    vm.validate()
    first = vm.instantiate()
    assert vm.instantiate() is not first
    vm.validate()
    assert vm.stage == Stage.VALIDATED


def test_execute_errors(vm: VM) -> None:
    vm.run_wasm_from_file(path("api"), "nothing")
    with expect(ErrCode.FUNC_NOT_FOUND):
        vm.execute("missing")
    with expect(ErrCode.FUNC_NOT_FOUND):
        vm.execute("memory")
    with pytest.raises(ArgumentError, check=lambda e: e.code == ErrCode.FUNC_SIG_MISMATCH):
        vm.execute("add", 1)
    with expect(ErrCode.UNREACHABLE):
        vm.execute("unreachable")
    assert vm.execute("add", 1, 1) == 2


def test_run_leaves_module_and_stage(vm: VM) -> None:
    assert vm.run_wasm_from_bytes(path("api").read_bytes(), "fib", 10) == 55
    assert vm.stage == Stage.INITED
    assert vm.execute("fib", 11) == 89
    with expect(ErrCode.WRONG_VM_WORKFLOW):
        vm.instantiate()
    vm.load_wasm(path("provider"))
    vm.validate()
    vm.instantiate()
    loaded = vm.module
    assert vm.run_wasm_from_module(validated("api"), "add", 1, 2) == 3
    assert (vm.stage, vm.module) == (Stage.VALIDATED, loaded)
    with expect(ErrCode.FUNC_NOT_FOUND):
        vm.run_wasm_from_file(path("provider"), "missing")
    assert vm.execute("double", 4) == 8


def test_registered_modules(vm: VM) -> None:
    vm.load_wasm(path("api"))
    vm.validate()
    vm.instantiate()
    instance = vm.register_module_from_file("provider", path("provider"))
    assert vm.stage == Stage.VALIDATED
    assert vm.store.find("provider") is instance
    assert vm.execute_registered("provider", "double", 4) == 8
    assert vm.execute_registered("env", "mul", 4, 5) == 20
    for again in (
        lambda: vm.register_module_from_bytes("provider", path("provider").read_bytes()),
        lambda: vm.register_module_from_module("provider", validated("provider")),
        lambda: vm.register_module(ModuleInstance("provider")),
    ):
        with expect(ErrCode.MODULE_NAME_CONFLICT):
            again()
    with expect(ErrCode.ILLEGAL_PATH):
        vm.register_module_from_file("provider", "no such file")
    with expect(ErrCode.WRONG_INSTANCE_ADDRESS):
        vm.execute_registered("missing", "double", 4)
    with expect(ErrCode.FUNC_NOT_FOUND):
        vm.execute_registered("provider", "missing")
    assert vm.run_wasm_from_file(path("consumer"), "answer") == 42
    assert vm.store.names() == ["env", "provider"]


def test_cleanup_keeps_what_is_registered(vm: VM) -> None:
    vm.load_wasm(path("api"))
    vm.validate()
    vm.instantiate()
    vm.register_module_from_file("provider", path("provider"))
    vm.cleanup()
    assert (vm.stage, vm.module, vm.active_module) == (Stage.INITED, None, None)
    with expect(ErrCode.WRONG_INSTANCE_ADDRESS):
        vm.execute("add", 1, 2)
    assert vm.execute_registered("provider", "double", 1) == 2


def test_function_lists(vm: VM) -> None:
    assert vm.function_list() == []
    assert vm.function_type("add") is None
    vm.run_wasm_from_file(path("provider"), "double", 1)
    assert vm.function_list() == [
        (name, FunctionType((I32,), (I32,))) for name in ("call", "double", "peek")
    ]
    assert vm.function_type("double") == FunctionType((I32,), (I32,))
    assert vm.function_type("memory") is None
    assert vm.function_type_registered("env", "mul") == FunctionType((I32, I32), (I32,))
    assert vm.function_type_registered("env", "missing") is None
    assert vm.function_type_registered("missing", "mul") is None


def test_vms_share_a_store() -> None:
    store = Store()
    with VM(store=store) as first:
        assert first.store is store
        first.register_module_from_file("provider", path("provider"))
        with VM(store=store) as second:
            assert second.run_wasm_from_file(path("consumer"), "answer") == 42
        assert "provider" in store
    assert "provider" not in store


def test_wasi_registration(guest, capfd: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    store = Store()
    configure = Configure(host_registrations={HostRegistration.WASI})
    with VM(configure, store) as vm:
        wasi = vm.import_module(HostRegistration.WASI)
        assert store.find("wasi_snapshot_preview1") is wasi
        vm.run_wasm_from_file(guest("hello"))
        assert "ello" in capfd.readouterr().out
        with VM(configure, store) as second:
            assert second.import_module(HostRegistration.WASI) not in (None, wasi)
        assert store.find("wasi_snapshot_preview1") is wasi
    assert len(store) == 0
    assert VM().import_module(HostRegistration.WASI) is None


def exiting(code: int) -> ModuleInstance:
    """Imports for ``api.wat`` whose ``log`` ends the program."""

    def log(_value: int) -> None:
        raise Exit(code)

    return ModuleInstance("env", {"log": log, "mul": env().exports.mul})


def test_exit_code_zero_is_a_normal_end() -> None:
    vm = VM()
    vm.register_module(exiting(0))
    assert vm.run_wasm_from_file(path("api"), "seven_times", 1) is None


def test_other_exit_codes_come_out() -> None:
    vm = VM()
    vm.register_module(exiting(3))
    with pytest.raises(Exit) as caught:
        vm.run_wasm_from_file(path("api"), "seven_times", 1)
    assert caught.value.exit_code == 3


def test_statistics_measure_time_when_asked() -> None:
    for configure, calls in ((Configure(time_measuring=True), 2), (Configure(), 0)):
        vm = VM(configure)
        vm.register_module(env())
        vm.run_wasm_from_file(path("api"), "fib", 20)
        vm.execute("fib", 20)
        assert vm.statistics.calls == calls
        assert (vm.statistics.time > 0) == bool(calls)
        vm.cleanup()
        assert vm.statistics.calls == vm.statistics.time == 0
    statistics = Statistics()
    executor = Executor(Configure(time_measuring=True), statistics)
    double = executor.instantiate(Store(), validated("provider")).exports.double
    assert executor.invoke(double, 4) == 8
    assert statistics.calls == 1


# --- time limits and background calls ------------------------------------------------------------


def test_timeout_stops_the_guest(vm: VM) -> None:
    with expect(ErrCode.INTERRUPTED):
        vm.run_wasm_from_file(path("api"), "spin", timeout=0.05)
    with expect(ErrCode.INTERRUPTED):
        vm.execute("spin", timeout=0.05)
    assert vm.execute("add", 1, 2, timeout=30) == 3
    assert vm.execute("fib", 20) == 6765


def test_timeout_stops_a_guest_that_calls_the_host() -> None:
    vm = VM()
    env = ModuleInstance("env")
    env.add_function("descend", lambda n: vm.execute("down", n), FunctionType((I32,), (I32,)))
    env.add_function("log", lambda _: time.sleep(0.01), FunctionType((I32,)))
    vm.register_module(env)
    with pytest.raises((Trap, RecursionError)):
        vm.run_wasm_from_file(path("recursive_host"), "down", -1, timeout=0.05)
    assert vm.execute("down", 0) == 0


def test_async_results_and_errors(vm: VM) -> None:
    run = vm.run_wasm_from_file_async(path("api"), "fib", 15)
    assert run.result() == run.result() == 610
    assert run.wait(0)
    run.cancel()
    assert vm.execute_async("add", 1, 2).result() == 3
    assert vm.execute_registered_async("env", "mul", 3, 4).result() == 12
    data = bytearray(path("api").read_bytes())
    run = vm.run_wasm_from_bytes_async(data, "i64", 5)
    data[:] = bytes(len(data))
    assert run.result() == 5
    for failing, code in (
        (vm.execute_async("missing"), ErrCode.FUNC_NOT_FOUND),
        (vm.execute_async("add"), ErrCode.FUNC_SIG_MISMATCH),
        (vm.run_wasm_from_file_async("no such file"), ErrCode.ILLEGAL_PATH),
        (vm.run_wasm_from_bytes_async(b""), ErrCode.UNEXPECTED_END),
    ):
        for _ in range(2):
            with expect(code):
                failing.result()


def test_cancel_hits_the_run_it_is_called_for(vm: VM) -> None:
    vm.run_wasm_from_file(path("api"), "nothing")
    endless = [vm.execute_async("spin") for _ in range(2)]
    assert not endless[0].wait(0.02)
    endless[1].cancel()
    with expect(ErrCode.INTERRUPTED):
        endless[1].result()
    assert not endless[0].wait(0)
    endless[0].cancel()
    with expect(ErrCode.INTERRUPTED):
        endless[0].result()
    assert vm.execute("add", 1, 2) == 3


def test_cancelled_at_once(vm: VM) -> None:
    vm.run_wasm_from_file(path("api"), "nothing")
    for _ in range(20):
        run = vm.execute_async("spin")
        run.cancel()
        with expect(ErrCode.INTERRUPTED):
            run.result()


def test_other_python_threads_go_on_while_a_guest_runs(vm: VM) -> None:
    vm.run_wasm_from_file(path("api"), "nothing")
    run = vm.execute_async("spin")
    for _ in range(100):
        time.sleep(0.001)
    assert not run.wait(0)
    run.cancel()
    with expect(ErrCode.INTERRUPTED):
        run.result()


def test_vm_is_used_from_many_threads(vm: VM) -> None:
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(3):
                vm.register_module_from_file(f"m{number}.{step}", path("provider"))
                assert vm.execute_registered(f"m{number}.{step}", "double", step) == 2 * step
                vm.load_wasm(path("api"))
                assert vm.run_wasm_from_file(path("api"), "add", number, step) == number + step
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(vm.store) == 13


def test_paths_are_text_bytes_or_path_objects(tmp_path: Path) -> None:
    file = tmp_path / "\udcff.wasm"
    file.write_bytes(path("api").read_bytes())
    for given in (str(file), os.fsencode(file), file):
        vm = VM()
        vm.register_module(env())
        vm.load_wasm_from_file(given)
        vm.register_module_from_file("named", given)
        assert vm.run_wasm_from_file(given, "add", 1, 2) == 3
        assert Loader().parse_file(given).exports
        Compiler().compile(given, os.fsencode(tmp_path / "\udcfe.so"))
        assert Loader().parse_file(tmp_path / "\udcfe.so").exports
    with pytest.raises(LoadError, match="'/no/such/file': No such file"):
        Loader().parse_file(b"/no/such/file")
    for wrong in (3, None, True, ["x"], bytearray(b"x")):
        for call in (VM().load_wasm_from_file, VM().run_wasm_from_file, Loader().parse_file):
            with pytest.raises(TypeError, match="path: a path is needed, not "):
                call(wrong)


def test_texts_of_configurations(tmp_path: Path) -> None:
    for given in (str(tmp_path), os.fsencode(tmp_path), tmp_path):
        assert Configure(cache=given).copy().cache == str(tmp_path)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="cache: a path is needed, not int"):
        VM(Configure(cache=3))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="forbidden_plugins: a list of strings is needed, not str"):
        VM(Configure(forbidden_plugins="wasmedge_process"))  # type: ignore[arg-type]
