"""Memories, tables and globals as Python objects."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from wat_modules import instantiate

from pywasmedge import (
    ArgumentError,
    ErrCode,
    FunctionInstance,
    FunctionType,
    GlobalInstance,
    GlobalType,
    Limits,
    MemoryInstance,
    MemoryType,
    ModuleInstance,
    TableInstance,
    TableType,
    Trap,
    ValType,
)

PAGE = 65536
I32, I64, F32, F64, V128, FUNCREF, EXTERNREF = ValType


def api() -> ModuleInstance:
    """An instance of ``api.wat``."""
    env = ModuleInstance("env")
    env.add_function("log", lambda _: None, FunctionType((I32,)))
    env.add_function("mul", lambda a, b: a * b, FunctionType((I32, I32), (I32,)))
    return instantiate("api", env)


def function() -> FunctionInstance:
    """Some function."""
    return FunctionInstance.from_callable(lambda: None, FunctionType(), name="nothing")


def code_of(error: pytest.ExceptionInfo[Trap]) -> ErrCode:
    return error.value.code


# --- memory --------------------------------------------------------------------------------------


def test_memory_is_a_buffer() -> None:
    memory = MemoryInstance(MemoryType(Limits(1, 3)))
    view = memoryview(memory)
    assert (len(view), view.format, view.readonly) == (PAGE, "B", False)
    view[10:13] = b"abc"
    assert memory.read(9, 5) == b"\0abc\0"
    memory.write(11, bytearray(b"XYZ"))
    assert bytes(view[10:14]) == b"aXYZ"
    assert bytes(memory)[10:14] == b"aXYZ"


def test_views_stay_valid_when_the_memory_grows() -> None:
    exports = api().exports
    view = memoryview(exports.memory)
    assert exports.memory.grow(2) == 1
    assert len(view) == PAGE
    assert len(memoryview(exports.memory)) == 3 * PAGE
    view[100] = 42
    assert exports.memory.read(100, 1) == b"\x2a"


def test_views_outlive_the_instance() -> None:
    instance = api()
    view = memoryview(instance.exports.memory)
    gone = weakref.ref(instance._core)
    del instance
    gc.collect()
    assert gone() is None
    assert bytes(view[16:21]) == b"hello"
    view[16] = 0x48
    assert bytes(view[16:21]) == b"Hello"


def test_memory_sizes() -> None:
    memory = MemoryInstance(MemoryType(Limits(0, 2)))
    assert (memory.pages, memory.size, len(memory)) == (0, 0, 0)
    assert memory.read(0, 0) == b""
    assert memory.grow(0) == 0
    assert memory.grow(2) == 0
    assert memory.type == MemoryType(Limits(2, 2))
    for pages in (1, 65536, 2**40):
        with pytest.raises(Trap) as caught:
            memory.grow(pages)
        assert code_of(caught) == ErrCode.MEMORY_OUT_OF_BOUNDS
    assert memory.pages == 2
    with pytest.raises(ValueError, match="shrink"):
        memory.grow(-1)
    assert repr(memory) == "<MemoryInstance 2 pages, at most 2>"


@pytest.mark.parametrize(
    ("offset", "length"),
    [(PAGE, 1), (PAGE - 1, 2), (PAGE + 1, 0), (0, PAGE + 1), (2**64, 1), (-1, 1), (2**32 - 1, 2)],
)
def test_memory_bounds(offset: int, length: int) -> None:
    memory = MemoryInstance(MemoryType(Limits(1)))
    with pytest.raises(Trap) as caught:
        memory.read(offset, length)
    assert code_of(caught) == ErrCode.MEMORY_OUT_OF_BOUNDS
    with pytest.raises(Trap) as caught:
        memory.write(offset, bytes(length))
    assert code_of(caught) == ErrCode.MEMORY_OUT_OF_BOUNDS
    assert not any(memoryview(memory))


@pytest.mark.parametrize("limits", [Limits(2, 1), Limits(65537), Limits(0, 65537), Limits(-1)])
def test_impossible_memories(limits: Limits) -> None:
    with pytest.raises(ValueError, match="size"):
        MemoryInstance(MemoryType(limits))


# --- tables --------------------------------------------------------------------------------------


def test_table_of_functions() -> None:
    table = TableInstance(TableType(FUNCREF, Limits(2, 5)))
    some = function()
    assert [table.get(0), table.get(1)] == [None, None]
    table.set(1, some)
    assert table.get(1) is some
    assert table.grow(2, some) == 2
    assert table.get(3) is some
    assert table.grow(0) == 4
    assert table.type == TableType(FUNCREF, Limits(4, 5))
    assert len(table) == table.size == 4
    table.set(1, None)
    assert table.get(1) is None
    assert repr(table) == "<TableInstance 4 funcref, at most 5>"


def test_table_errors() -> None:
    table = TableInstance(TableType(FUNCREF, Limits(2, 5)))
    for index in (2, 2**32, 2**70, -1):
        with pytest.raises(Trap) as caught:
            table.get(index)
        assert code_of(caught) == ErrCode.TABLE_OUT_OF_BOUNDS
        with pytest.raises(Trap) as caught:
            table.set(index, None)
        assert code_of(caught) == ErrCode.TABLE_OUT_OF_BOUNDS
    with pytest.raises(Trap) as caught:
        table.set(99, "not a function")
    assert code_of(caught) == ErrCode.REF_TYPE_MISMATCH
    for count in (4, 2**32 - 1, 2**40):
        with pytest.raises(Trap) as caught:
            table.grow(count)
        assert code_of(caught) == ErrCode.TABLE_OUT_OF_BOUNDS
    assert table.size == 2
    with pytest.raises(TypeError, match="funcref or externref"):
        TableInstance(TableType(I32, Limits(1)))
    with pytest.raises(ValueError, match="minimum"):
        TableInstance(TableType(FUNCREF, Limits(2, 1)))


def test_table_of_objects() -> None:
    table = api().exports.objects
    thing = ["thing"]
    table.set(0, thing)
    assert table.get(0) is thing
    assert table.get(1) is None


def test_guest_calls_what_python_put_into_its_table() -> None:
    calls: list[int] = []
    exports = api().exports
    exports.table.set(
        3, FunctionInstance.from_callable(lambda: calls.append(1), FunctionType(), name="note")
    )
    gc.collect()
    exports.call_slot(3)
    assert calls == [1]


def test_table_keeps_functions_alive() -> None:
    table = TableInstance(TableType(FUNCREF, Limits(1)))
    instance = api()
    table.set(0, instance.exports.add)
    core = weakref.ref(instance._core)
    del instance
    gc.collect()
    assert table.get(0)(2, 3) == 5
    del table
    gc.collect()
    assert core() is None


# --- globals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "value", "read"),
    [
        (I32, 2**32 - 1, -1),
        (I64, -5, -5),
        (F32, 0.5, 0.5),
        (F64, 0.1, 0.1),
        (V128, bytes(range(16)), bytes(range(16))),
        (EXTERNREF, "object", "object"),
        (EXTERNREF, None, None),
        (FUNCREF, None, None),
    ],
)
def test_globals_hold_values(type_: ValType, value: Any, read: Any) -> None:
    mutable = GlobalInstance(GlobalType(type_, True), value)
    assert mutable.value == read
    mutable.value = value
    assert mutable.value == read
    constant = GlobalInstance(GlobalType(type_), value)
    assert constant.value == read
    with pytest.raises(ArgumentError, match="global is immutable"):
        constant.value = value


def test_globals_check_values() -> None:
    with pytest.raises(TypeError, match="value of a global: i32 expected, not str"):
        GlobalInstance(GlobalType(I32), "x")
    variable = GlobalInstance(GlobalType(F64, True), 1)
    with pytest.raises(TypeError, match="float expected"):
        variable.value = None
    assert variable.value == 1.0


def test_globals_of_an_instance() -> None:
    exports = api().exports
    assert exports.counter.value == 5
    exports.counter.value = -6
    assert exports.counter.value == -6
    assert exports.limit.value == -1
    assert exports.limit.type == GlobalType(I64)
    assert repr(exports.limit) == "<GlobalInstance i64 -1>"
    with pytest.raises(TypeError):
        exports.limit.value = 1


def test_global_keeps_its_function_alive() -> None:
    holder = GlobalInstance(GlobalType(FUNCREF, True), api().exports.add)
    gc.collect()
    assert holder.value(4, 5) == 9
