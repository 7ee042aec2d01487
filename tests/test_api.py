"""Loader, Validator, Executor, Store and VM as a user meets them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from wat_modules import path, register, store_with, validated

import pywasmedge
from pywasmedge import (
    VM,
    ArgumentError,
    Configure,
    ErrCode,
    Executor,
    Exit,
    ExternKind,
    FunctionInstance,
    FunctionType,
    GlobalType,
    HostRegistration,
    Limits,
    LinkError,
    Loader,
    LoadError,
    MemoryType,
    ModuleInstance,
    Stage,
    Statistics,
    Store,
    TableType,
    Trap,
    ValidationError,
    Validator,
    ValType,
    WasmError,
)

I32, I64, F32, F64, V128, FUNCREF, EXTERNREF = ValType
EMPTY = b"\0asm\1\0\0\0"
ILL_TYPED = EMPTY + b"\x01\x05\x01\x60\x00\x01\x7f\x03\x02\x01\x00\x0a\x04\x01\x02\x00\x0b"
MALFORMED_BODY = ILL_TYPED[:-5] + b"\x05\x01\x03\x00\xff\x0b"


def env() -> ModuleInstance:
    """What ``api.wat`` imports."""

    def log(value: int) -> None:
        pass

    def mul(left: int, right: int) -> int:
        return left * right

    return ModuleInstance("env", {"log": log, "mul": mul})


@pytest.fixture
def vm() -> VM:
    machine = VM()
    machine.register_module(env())
    return machine


# --- the package ---------------------------------------------------------------------------------


def test_every_public_name_is_there() -> None:
    for name in pywasmedge.__all__:
        assert getattr(pywasmedge, name) is not None
    homes = [name for names in pywasmedge._HOMES.values() for name in names.split()]
    assert sorted([*homes, "__version__"]) == sorted(pywasmedge.__all__)
    assert set(pywasmedge.__all__) <= set(dir(pywasmedge))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = pywasmedge.nonsense  # type: ignore[attr-defined]


def test_importing_the_package_imports_nothing_else() -> None:
    program = (
        "import sys, pywasmedge;"
        "print(*(name for name in sys.modules if 'llvmlite' in name or 'cffi' in name"
        " or name.startswith('pywasmedge.')))"
    )
    output = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(pywasmedge.__file__).parents[1])},
    ).stdout
    assert output.strip() == ""


# --- loader and validator ------------------------------------------------------------------------


def test_load_from_file_and_bytes() -> None:
    loader = Loader()
    for module in (
        loader.parse_file(path("api")),
        loader.parse_file(str(path("api"))),
        loader.parse_bytes(path("api").read_bytes()),
        loader.parse_bytes(bytearray(path("api").read_bytes())),
        loader.parse_bytes(memoryview(path("api").read_bytes())),
    ):
        assert module.name == "api"
        assert not module.validated


@pytest.mark.parametrize("name", ["", "no such file.wasm", ".", "nul\0byte"])
def test_files_that_cannot_be_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(LoadError) as caught:
        Loader().parse_file(f"{tmp_path}/{name}" if name else "")
    assert caught.value.code == ErrCode.ILLEGAL_PATH
    assert name in caught.value.detail or "\\x00" in caught.value.detail


def test_load_errors() -> None:
    for data, code in (
        (b"", ErrCode.UNEXPECTED_END),
        (b"\0as", ErrCode.UNEXPECTED_END),
        (b"what", ErrCode.MALFORMED_MAGIC),
        (b"\0asm\2\0\0\0", ErrCode.MALFORMED_VERSION),
        (MALFORMED_BODY, ErrCode.ILLEGAL_OPCODE),
    ):
        with pytest.raises(LoadError) as caught:
            Loader().parse_bytes(data)
        assert caught.value.code == code
    with pytest.raises(TypeError):
        Loader().parse_bytes("text")  # type: ignore[arg-type]


def test_invalid_module_loads_but_does_not_validate() -> None:
    module = Loader().parse_bytes(ILL_TYPED)
    for _ in range(2):
        with pytest.raises(ValidationError) as caught:
            Validator().validate(module)
        assert caught.value.code == ErrCode.TYPE_CHECK_FAILED
        assert caught.value.func_index == 0
        assert not module.validated


def test_validator_applies_its_own_proposals() -> None:
    everything = Configure(proposals=set(pywasmedge.Proposal))
    two_memories = EMPTY + b"\x05\x05\x02\x00\x01\x00\x01"
    module = Loader(everything).parse_bytes(two_memories)
    with pytest.raises(ValidationError) as caught:
        Validator().validate(module)
    assert caught.value.code == ErrCode.MULTI_MEMORIES
    Validator(everything).validate(module)
    assert module.validated


def test_configuration_is_copied() -> None:
    configure = Configure()
    loader, machine = Loader(configure), VM(configure)
    configure.remove_proposal(pywasmedge.Proposal.SIMD)
    loader.parse_file(path("api"))
    machine.load_wasm_from_file(path("api"))
    with pytest.raises(LoadError):
        Loader(configure).parse_file(path("api"))


def test_module_lists_imports_and_exports() -> None:
    module = Loader().parse_file(path("api"))
    assert [(i.module, i.name, i.kind, i.type) for i in module.imports] == [
        ("env", "log", ExternKind.FUNCTION, FunctionType((I32,))),
        ("env", "mul", ExternKind.FUNCTION, FunctionType((I32, I32), (I32,))),
    ]
    exports = {item.name: (item.kind, item.type) for item in module.exports}
    assert exports["memory"] == (ExternKind.MEMORY, MemoryType(Limits(1, 4)))
    assert exports["table"] == (ExternKind.TABLE, TableType(FUNCREF, Limits(4, 8)))
    assert exports["counter"] == (ExternKind.GLOBAL, GlobalType(I32, True))
    assert exports["swap"] == (ExternKind.FUNCTION, FunctionType((I64, F64), (F64, I64)))
    consumer = Loader().parse_file(path("consumer"))
    assert consumer.imports[1].type == TableType(FUNCREF, Limits(5))


def test_custom_sections() -> None:
    module = Loader().parse_bytes(EMPTY + b"\x00\x05\x02hi\x01\x02" + b"\x00\x04\x02hi\x03")
    assert module.custom_sections("hi") == [b"\x01\x02", b"\x03"]
    assert module.custom_sections("name") == []
    assert module.name == ""


# --- store ---------------------------------------------------------------------------------------


def test_store_maps_names() -> None:
    store = Store()
    host = ModuleInstance("zz")
    store.add(host)
    store.add(ModuleInstance("é"))
    store.add(ModuleInstance(""))
    assert store.names() == list(store) == ["", "zz", "é"]
    assert store.find("zz") is host
    assert store.find("missing") is None
    assert "zz" in store and len(store) == 3
    for again in (host, ModuleInstance("zz")):
        with pytest.raises(LinkError) as caught:
            store.add(again)
        assert caught.value.code == ErrCode.MODULE_NAME_CONFLICT
    store.add(host, "alias")
    host.close()
    assert store.names() == ["", "é"]
    host.close()


def test_closed_store_forgets_without_closing() -> None:
    host = env()
    with store_with(host) as store:
        assert len(store) == 1
    assert len(store) == 0
    assert host.exports.mul(3, 4) == 12


def test_register_reports_a_taken_name_and_keeps_the_first() -> None:
    store = Store()
    first = register(store, "provider")
    with pytest.raises(LinkError) as caught:
        register(store, "provider")
    assert caught.value.code == ErrCode.MODULE_NAME_CONFLICT
    assert store.find("provider") is first
    assert first.name == "provider"


# --- module instances ----------------------------------------------------------------------------


def test_instance_lists_and_finds_by_kind() -> None:
    instance = register(Store(), "provider")
    assert instance.list_functions() == ["call", "double", "peek"]
    assert instance.list_tables() == ["table"]
    assert instance.list_memories() == ["memory"]
    assert instance.list_globals() == ["const", "slot", "var"]
    assert instance.find_function("table") is None
    assert instance.find_table("table") is instance.exports.table
    assert instance.find_memory("memory") is instance.exports.memory
    assert instance.find_global("var") is instance.exports.var
    assert instance.find_function("nothing") is None
    assert repr(instance) == "<ModuleInstance 'provider': 8 exports>"


def test_host_module_may_use_a_name_for_several_kinds() -> None:
    host = ModuleInstance("host")
    memory = pywasmedge.MemoryInstance(MemoryType(Limits(1)))
    function = FunctionInstance.from_callable(lambda: None, FunctionType(), name="x")
    host.add_memory("x", memory)
    assert host.exports.x is memory
    host.add_function("x", function)
    assert host.exports.x is function
    assert host.find_memory("x") is memory
    assert host.list_functions() == host.list_memories() == ["x"]


def test_replaced_export_stays_usable() -> None:
    host = ModuleInstance("host")
    host.add_function("f", lambda: 1, FunctionType((), (I32,)))
    first = host.exports.f
    host.add_function("f", lambda: 2, FunctionType((), (I32,)))
    assert (first(), host.exports.f()) == (1, 2)
    assert len(host.exports) == 1


def test_closed_instance_has_no_exports_but_held_functions_work() -> None:
    instance = Executor().instantiate(Store(), validated("provider"))
    double = instance.exports.double
    with instance:
        pass
    assert len(instance.exports) == 0
    assert double(4) == 8


# --- VM ------------------------------------------------------------------------------------------


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
    ticks = 0
    end = time.monotonic() + 0.2
    while time.monotonic() < end:
        ticks += 1
        time.sleep(0.001)
    run.cancel()
    assert ticks > 10


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


def test_contexts_can_be_closed_and_used_in_with() -> None:
    with (
        Loader() as loader,
        Validator() as validator,
        Executor() as executor,
        Store() as store,
        loader.parse_file(path("provider")) as module,
    ):
        validator.validate(module)
        with executor.instantiate(store, module) as instance:
            assert instance.exports.double(2) == 4
    with VM() as vm:
        vm.close()
