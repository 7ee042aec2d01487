"""Instantiation: import matching, order, failures, who keeps whom alive."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from wasmbuild import limits, wasm
from wat_modules import register, store_with, validated

from pywasmedge import (
    Configure,
    ErrCode,
    Executor,
    FunctionInstance,
    FunctionType,
    GlobalInstance,
    GlobalType,
    Limits,
    LinkError,
    Loader,
    MemoryInstance,
    MemoryType,
    Module,
    ModuleInstance,
    Proposal,
    Store,
    TableInstance,
    TableType,
    Trap,
    Validator,
    ValType,
    WorkflowError,
)

I32, I64, F32, F64, V128, FUNCREF, EXTERNREF = ValType


def provider(**changes: Any) -> ModuleInstance:
    """What ``consumer.wat`` imports, with some exports replaced (or removed: ``None``)."""
    exports: dict[str, Any] = {
        "memory": MemoryInstance(MemoryType(Limits(1))),
        "table": TableInstance(TableType(FUNCREF, Limits(5))),
        "const": GlobalInstance(GlobalType(I32), 40),
        "var": GlobalInstance(GlobalType(I32, True), 1),
        "slot": GlobalInstance(GlobalType(FUNCREF, True), None),
        "double": FunctionInstance.from_callable(
            lambda n: 2 * n, FunctionType((I32,), (I32,)), name="double"
        ),
    }
    exports.update(changes)
    return ModuleInstance("provider", {k: v for k, v in exports.items() if v is not None})


def test_everything_can_be_imported() -> None:
    host = provider()
    exports = Executor().instantiate(store_with(host), validated("consumer")).exports
    assert exports.answer() == 42
    assert exports.copy.value == 40
    assert host.exports.memory.read(7, 1) == b"\x2a"
    assert host.exports.table.get(3)() == 42
    exports.set_var(-9)
    assert host.exports.var.value == -9
    exports.fill_slot()
    assert host.exports.slot.value() == 42
    assert exports.double is host.exports.double
    assert exports.table is host.exports.table


def function_of(type_: FunctionType) -> FunctionInstance:
    return FunctionInstance.from_callable(lambda *_: 0, type_, name="double")


@pytest.mark.parametrize(
    "changes",
    [
        {"memory": MemoryInstance(MemoryType(Limits(1), shared=False))},
        {"memory": MemoryInstance(MemoryType(Limits(3, 4)))},
        {"table": TableInstance(TableType(FUNCREF, Limits(6, 6)))},
    ],
)
def test_types_that_match(changes: dict[str, Any]) -> None:
    Executor().instantiate(store_with(provider(**changes)), validated("consumer"))


@pytest.mark.parametrize(
    "changes",
    [
        {"memory": MemoryInstance(MemoryType(Limits(0)))},
        {"memory": MemoryInstance(MemoryType(Limits(1, 2), shared=True))},
        {"memory": TableInstance(TableType(FUNCREF, Limits(5)))},
        {"table": TableInstance(TableType(FUNCREF, Limits(4)))},
        {"table": TableInstance(TableType(EXTERNREF, Limits(5)))},
        {"const": GlobalInstance(GlobalType(I32, True), 40)},
        {"const": GlobalInstance(GlobalType(I64), 40)},
        {"var": GlobalInstance(GlobalType(I32), 1)},
        {"slot": GlobalInstance(GlobalType(EXTERNREF, True), None)},
        {"double": function_of(FunctionType((I32,), (I64,)))},
        {"double": function_of(FunctionType((I32, I32), (I32,)))},
        {"double": GlobalInstance(GlobalType(I32), 1)},
    ],
)
def test_types_that_do_not_match(changes: dict[str, Any]) -> None:
    with pytest.raises(LinkError) as caught:
        Executor().instantiate(store_with(provider(**changes)), validated("consumer"))
    assert caught.value.code == ErrCode.INCOMPATIBLE_IMPORT_TYPE
    assert f'"provider" "{next(iter(changes))}"' in str(caught.value)


def test_maximum_is_required_if_the_import_has_one() -> None:
    module = Loader().parse_bytes(wasm(imports=[("provider", "memory", "memory", limits(1, 3))]))
    Validator().validate(module)
    for type_, fits in ((Limits(1), False), (Limits(1, 4), False), (Limits(2, 3), True)):
        store = store_with(provider(memory=MemoryInstance(MemoryType(type_))))
        if fits:
            Executor().instantiate(store, module)
        else:
            with pytest.raises(LinkError, match="incompatible import type"):
                Executor().instantiate(store, module)
    grown = MemoryInstance(MemoryType(Limits(0, 3)))
    grown.grow(1)
    Executor().instantiate(store_with(provider(memory=grown)), module)


def test_unknown_imports() -> None:
    for store in (Store(), store_with(provider(double=None))):
        with pytest.raises(LinkError) as caught:
            Executor().instantiate(store, validated("consumer"))
        assert caught.value.code == ErrCode.UNKNOWN_IMPORT


def test_instantiation_needs_validation() -> None:
    module = Loader().parse_bytes(b"\0asm\1\0\0\0")
    with pytest.raises(WorkflowError) as caught:
        Executor().instantiate(Store(), module)
    assert caught.value.code == ErrCode.NOT_VALIDATED
    with pytest.raises(WorkflowError) as caught:
        Executor().register(Store(), module, "x")
    assert caught.value.code == ErrCode.NOT_VALIDATED


def test_segments_before_the_failing_one_take_effect() -> None:
    store = Store()
    exports = register(store, "provider").exports
    with pytest.raises(Trap) as caught:
        Executor().instantiate(store, validated("partial"))
    assert caught.value.code == ErrCode.TABLE_OUT_OF_BOUNDS
    gc.collect()
    assert exports.call(1) == 90  # the failed instance lives on in the table
    assert exports.peek(9) == 0

    with pytest.raises(Trap) as caught:
        Executor().instantiate(store, validated("partial_data"))
    assert caught.value.code == ErrCode.MEMORY_OUT_OF_BOUNDS
    gc.collect()
    assert exports.call(2) == 90
    assert exports.peek(9) == 0xFF
    assert exports.peek(65535) == 0


def test_segments_are_checked_first_without_newer_proposals() -> None:
    """That is without both bulk memory operations and reference types."""
    configure = Configure()
    configure.remove_proposal(Proposal.BULK_MEMORY_OPERATIONS)
    configure.remove_proposal(Proposal.REFERENCE_TYPES)
    store = Store()
    exports = register(store, "provider").exports
    for name, code in (
        ("partial", ErrCode.ELEM_SEG_DOES_NOT_FIT),
        ("partial_data", ErrCode.DATA_SEG_DOES_NOT_FIT),
    ):
        with pytest.raises(LinkError) as caught:
            Executor(configure).instantiate(store, validated(name))
        assert caught.value.code == code
    with pytest.raises(Trap):
        exports.call(1)
    assert exports.peek(9) == 0


def test_start_function_runs_after_the_segments() -> None:
    seen: list[int] = []

    def note(value: int) -> int:
        seen.append(value)
        return int(len(seen) > 1)

    store = store_with(ModuleInstance("env", {"seen": note}))
    module = validated("start")
    Executor().instantiate(store, module)
    with pytest.raises(Trap) as caught:
        Executor().register(store, module, "started")
    assert caught.value.code == ErrCode.UNREACHABLE
    assert seen == [7, 7]
    assert "started" not in store


def test_passive_segments() -> None:
    store = Store()
    register(store, "provider")
    exports = Executor().instantiate(store, validated("segments")).exports
    table, memory = exports.table, exports.memory
    assert [table.get(i) for i in range(5)] == [None] * 5
    assert table.get(5)() == 2
    assert table.get(6)(4) == 8
    assert exports.g.value() == 1
    exports.init(1, 0, 2)
    assert (table.get(1)(), table.get(2)()) == (1, 2)
    exports.init_memory(10, 2, 3)
    assert memory.read(9, 5) == b"\0cde\0"
    for call in (
        lambda: exports.init(7, 0, 2),
        lambda: exports.init(0, 1, 2),
        lambda: (exports.drop_elem(), exports.init(0, 0, 1)),
    ):
        with pytest.raises(Trap) as caught:
            call()
        assert caught.value.code == ErrCode.TABLE_OUT_OF_BOUNDS
    exports.init(0, 0, 0)
    exports.drop_data()
    with pytest.raises(Trap) as caught:
        exports.init_memory(0, 0, 1)
    assert caught.value.code == ErrCode.MEMORY_OUT_OF_BOUNDS


def test_page_limit_of_the_configuration() -> None:
    executor = Executor(Configure(max_memory_page=1))
    store = Store()
    exports = executor.register(store, validated("provider"), "provider").exports
    with pytest.raises(Trap, match="exceeds the limit"):
        exports.memory.grow(1)  # the type would allow it
    with pytest.raises(Trap, match="memory of 1 pages, at most 0"):
        Executor(Configure(max_memory_page=0)).instantiate(Store(), validated("provider"))


def test_instances_of_a_module_are_independent() -> None:
    module = validated("provider")
    first = Executor().instantiate(Store(), module).exports
    second = Executor().instantiate(Store(), module).exports
    first.memory.write(0, b"\x01")
    first.var.value = 100
    first.table.set(0, first.double)
    assert (second.peek(0), second.var.value, second.table.get(0)) == (0, 1, None)
    assert first.double is not second.double


# --- who keeps whom alive ------------------------------------------------------------------------


def linked() -> tuple[Store, ModuleInstance, ModuleInstance]:
    """A store with a provider in it, and a consumer that imports from it."""
    store = Store()
    first = register(store, "provider")
    return store, first, Executor().instantiate(store, validated("consumer"))


def test_importer_keeps_exporter() -> None:
    store, first, second = linked()
    store.close()
    del store, first
    gc.collect()
    assert second.exports.answer() == 42


def test_exporter_keeps_importer_whose_functions_are_in_its_table() -> None:
    _, first, second = linked()
    del second
    gc.collect()
    assert first.exports.call(3) == 42


def test_held_function_keeps_the_group() -> None:
    function = linked()[1].exports.table.get(3)
    gc.collect()
    assert function() == 42


def test_group_goes_when_nobody_holds_it() -> None:
    store, first, second = linked()
    cores = [weakref.ref(first._core), weakref.ref(second._core)]
    del first, second
    store.close()
    gc.collect()
    assert [core() for core in cores] == [None, None]


def test_lone_instance_goes_without_garbage_collection() -> None:
    module = validated("provider")
    gc.disable()
    try:
        instance = Executor().instantiate(Store(), module)
        instance.exports.double(4)
        core = weakref.ref(instance._core)
        memory = weakref.ref(instance.exports.memory)
        del instance
        assert core() is None
        assert memory() is None
    finally:
        gc.enable()


def test_instances_outlive_module_and_executor() -> None:
    module: Module | None = validated("provider")
    executor: Executor | None = Executor()
    assert executor is not None and module is not None
    exports = executor.instantiate(Store(), module).exports
    module.close()
    del module, executor
    gc.collect()
    assert exports.double(21) == 42


def test_many_instances_leave_nothing_behind() -> None:
    """The address space for memories alone would run out if instances were not freed."""
    module = validated("provider")
    store, executor = Store(), Executor()

    def mappings() -> int:
        with open("/proc/self/maps", encoding="ascii") as file:
            return sum(1 for _ in file)

    executor.instantiate(store, module).exports.double(1)
    before = mappings()
    for _ in range(30_000):
        executor.instantiate(store, module)
    assert mappings() <= before + 20


def test_finaliser_may_use_exports_and_store_at_any_time() -> None:
    """Garbage collection can start while a lock is held; what it runs must not wait for it."""
    module = validated("provider")
    store, executor = Store(), Executor()
    instance = executor.register(store, module, "provider")
    seen: list[object] = []

    class Nosy:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            assert store.find("provider") is instance
            seen.append(len(instance.exports))
            executor.instantiate(store, module)

    thresholds = gc.get_threshold()
    gc.set_threshold(1)
    try:
        for number in range(50):
            Nosy()
            host = ModuleInstance(f"host{number}")
            host.add_function("f", lambda: None, FunctionType())
            host.find_function("f")
            store.add(host)
            store.names()
            executor.instantiate(store, validated("provider"))
    finally:
        gc.set_threshold(*thresholds)
    gc.collect()
    assert seen == [8] * 50
