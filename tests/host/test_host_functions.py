"""Host functions: types from annotations, values, exceptions, nesting, the caller's memory."""

from __future__ import annotations

import functools
import gc
import traceback
import weakref
from struct import Struct
from typing import TYPE_CHECKING, Any

import pytest
from wat_modules import instantiate

from pywasmedge import (
    ArgumentError,
    Caller,
    ErrCode,
    Exit,
    FunctionInstance,
    FunctionType,
    MemoryInstance,
    ModuleInstance,
    Trap,
    ValType,
    externref,
    f32,
    f64,
    funcref,
    i32,
    i64,
    v128,
)

if TYPE_CHECKING:
    from collections.abc import Callable

I32, I64, F32, F64, V128, FUNCREF, EXTERNREF = ValType


def type_of(function: Callable[..., Any]) -> FunctionType:
    return FunctionInstance.from_callable(function).type


# --- types ---------------------------------------------------------------------------------------


def test_types_from_annotations() -> None:
    def python(a: int, b: float, c: bytes, d: object, e: FunctionInstance, f: bool) -> int:
        raise NotImplementedError

    def named(a: i32, b: i64, c: f32, d: f64, e: v128, f: funcref, g: externref) -> i64:
        raise NotImplementedError

    def several(caller: Caller) -> tuple[i64, f32]:
        raise NotImplementedError

    def nothing(memory: MemoryInstance, a: int) -> None:
        raise NotImplementedError

    def bare(a: int):  # type: ignore[no-untyped-def]
        raise NotImplementedError

    assert type_of(python) == FunctionType((I32, F64, V128, EXTERNREF, FUNCREF, I32), (I32,))
    assert type_of(named) == FunctionType((I32, I64, F32, F64, V128, FUNCREF, EXTERNREF), (I64,))
    assert type_of(several) == FunctionType((), (I64, F32))
    assert type_of(nothing) == FunctionType((I32,), ())
    assert type_of(bare) == FunctionType((I32,), ())


def test_methods_and_callable_objects() -> None:
    class Host:
        def method(self, a: int) -> int:
            return a + 1

        def __call__(self, a: float) -> float:
            return a * 2

    method = FunctionInstance.from_callable(Host().method)
    assert method.type == FunctionType((I32,), (I32,))
    assert method(4) == 5
    assert FunctionInstance.from_callable(Host())(1.5) == 3.0


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda a: a, "parameter a has no annotation"),
        (functools.partial(int, 3), "give the type explicitly"),
        (print, "give the type explicitly"),
    ],
)
def test_types_that_cannot_be_derived(function: Callable[..., Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        FunctionInstance.from_callable(function)


def test_unusable_annotations() -> None:
    def star(*args: int) -> int:
        raise NotImplementedError

    def text(a: str) -> int:
        raise NotImplementedError

    def unknown(a: Missing) -> int:  # type: ignore[name-defined]  # noqa: F821
        raise NotImplementedError

    with pytest.raises(TypeError, match="give the type explicitly"):
        FunctionInstance.from_callable(star)
    with pytest.raises(TypeError, match=r"text: a is annotated with <class 'str'>"):
        FunctionInstance.from_callable(text)
    with pytest.raises(TypeError, match="unknown: a is annotated with 'Missing'"):
        FunctionInstance.from_callable(unknown)


def test_explicit_type_needs_no_annotations() -> None:
    function = FunctionInstance.from_callable(max, FunctionType((I64, I64), (I64,)), name="max")
    assert function(3, -4) == 3
    assert repr(function) == "<function max(i64, i64) -> (i64)>"


def test_host_module_refuses_what_is_no_export() -> None:
    with pytest.raises(TypeError, match="not callable"):
        ModuleInstance("env", {"x": 5})
    with pytest.raises(TypeError, match="no annotation"):
        ModuleInstance("env", {"x": lambda a: a})
    with pytest.raises(TypeError, match="MemoryInstance expected"):
        ModuleInstance("env").add_memory("m", object())  # type: ignore[arg-type]


# --- values --------------------------------------------------------------------------------------

EVERY: dict[str, FunctionType] = {
    **{str(t): FunctionType((t,), (t,)) for t in ValType},
    "two": FunctionType((I32, F64), (F64, I32)),
    "three": FunctionType((), (I32, I64, F32)),
    "memory_size": FunctionType((), (I32,)),
}


def host_types(**functions: Callable[..., Any]) -> ModuleInstance:
    """``host_types.wat`` with these host functions; the others must not be called."""
    env = ModuleInstance("env")
    for name, type_ in EVERY.items():
        env.add_function(name, functions.get(name, functools.partial(pytest.fail, name)), type_)
    return instantiate("host_types", env)


def test_arguments_and_results_of_all_types() -> None:
    seen: list[object] = []

    def note(value: object) -> object:
        seen.append(value)
        return value

    exports = host_types(**dict.fromkeys(map(str, ValType), note)).exports
    thing = object()
    values: list[tuple[str, object]] = [
        ("i32", -7),
        ("i64", -(2**63)),
        ("f32", 0.5),
        ("f64", 0.1),
        ("v128", bytes(range(16))),
        ("externref", thing),
        ("externref", None),
        ("funcref", exports.i32),
        ("funcref", None),
    ]
    for name, value in values:
        assert exports[name](value) == value
    assert seen == [value for _, value in values]
    assert exports.i32(2**32 - 1) == -1
    assert seen[-1] == -1


def test_unsigned_results_are_accepted() -> None:
    exports = host_types(i32=lambda _: 2**32 - 2, i64=lambda _: 2**64 - 3).exports
    assert exports.i32(0) == -2
    assert exports.i64(0) == -3


def test_several_results() -> None:
    exports = host_types(two=lambda a, b: [b, a], three=lambda: (1, 2**40, 0.5)).exports
    assert exports.two(3, 0.25) == (0.25, 3)
    assert exports.three() == (1, 2**40, 0.5)


@pytest.mark.parametrize(
    ("name", "result", "message"),
    [
        ("i32", "x", r"host function i32\(i32\) -> \(i32\): result 1: i32 expected, not str"),
        ("i32", None, "result 1: i32 expected, not NoneType"),
        ("i32", 2**32, "result 1: 4294967296 does not fit i32"),
        ("i32", (1, 2), "result 1: i32 expected, not tuple"),
        ("f64", "x", "result 1: float expected, not str"),
        ("v128", b"", "result 1: 16 bytes expected, not 0"),
        ("funcref", 3, "result 1: FunctionInstance or None expected, not int"),
        ("two", 1, "2 results expected, 1 given"),
        ("two", (1.0, 2, 3), "2 results expected, 3 given"),
        ("two", (1.0, 2.0), "result 2: i32 expected, not float"),
        ("three", None, "3 results expected, 1 given"),
    ],
)
def test_wrong_results(name: str, result: object, message: str) -> None:
    exports = host_types(**{name: lambda *_: result}).exports
    arguments = {"v128": (bytes(16),), "funcref": (None,), "two": (1, 1.0), "three": ()}
    with pytest.raises(TypeError, match=message) as caught:
        exports[name](*arguments.get(name, (1,)))
    assert isinstance(caught.value, ArgumentError)


def test_result_where_none_is_declared() -> None:
    env = ModuleInstance("env", {"mul": FunctionInstance.from_callable(max, EVERY_MUL)})
    env.add_function("log", lambda _: 5, FunctionType((I32,), ()))
    exports = instantiate("api", env).exports
    with pytest.raises(TypeError, match=r"host function log\(i32\) -> \(\): 0 results expected"):
        exports.seven_times(1)


EVERY_MUL = FunctionType((I32, I32), (I32,))


def test_struct_error_of_the_function_itself_comes_out() -> None:
    import struct

    exports = host_types(i32=lambda _: struct.pack("b", 1000)).exports
    with pytest.raises(struct.error):
        exports.i32(1)


# --- who calls -----------------------------------------------------------------------------------


def test_caller_gives_memory_and_exports() -> None:
    views: list[memoryview] = []

    def memory_size(caller: Caller) -> int:
        views.append(caller.view)
        assert caller.memory is not None
        assert caller.export("nothing of that name") is None
        assert isinstance(caller.export("grow"), FunctionInstance)
        return caller.memory.size

    instance = host_types(memory_size=memory_size)
    env = ModuleInstance("env")
    for name, type_ in EVERY.items():
        env.add_function(name, memory_size, type_, caller=True)
    exports = instantiate("host_types", env).exports
    assert exports.memory_size() == 2 * 65536
    assert bytes(views[0][8:17]) == b"greetings"
    assert exports.grow(1) == 2
    assert exports.memory_size() == 3 * 65536
    assert len(views[0]) == 2 * 65536
    assert len(views[1]) == 3 * 65536
    views[1][3 * 65536 - 1] = 9
    assert exports.memory.read(3 * 65536 - 1, 1) == b"\x09"
    del instance


def test_called_through_a_table_the_caller_is_known() -> None:
    host = FunctionInstance.from_callable(
        lambda caller: len(caller.view), FunctionType((), (I32,)), name="size", caller=True
    )
    exports = instantiate("host_table", ModuleInstance("env", {"size": host})).exports
    for _ in range(2):
        assert exports.call(0) == 3 * 65536
    assert exports.table.get(0) is exports.ref() is host
    assert host() == 0
    exports.table.set(1, host)  # put there by the host: nobody's copy
    assert exports.call(1) == 0


def test_memory_and_view_as_first_argument() -> None:
    env = ModuleInstance("env")
    for name, type_ in EVERY.items():
        env.add_function(name, lambda memory: memory.pages, type_, caller=MemoryInstance)
    assert instantiate("host_types", env).exports.memory_size() == 2
    env.add_function("memory_size", len, EVERY["memory_size"], caller=memoryview)
    assert instantiate("host_types", env).exports.memory_size() == 2 * 65536


def test_called_by_the_host_there_is_no_caller() -> None:
    def look(caller: Caller) -> int:
        assert caller.memory is None
        assert caller.export("x") is None
        return len(caller.view)

    assert FunctionInstance.from_callable(look)() == 0


def test_parameters_read_with_a_layout_of_ones_own() -> None:
    seen: list[object] = []
    env = ModuleInstance("env")
    for name, type_ in EVERY.items():
        env.add_function(name, lambda value: seen.append(value) or 1, type_, params=Struct("<I4x"))
    exports = instantiate("host_types", env).exports
    exports.i32(-1)
    assert seen == [2**32 - 1]


# --- exceptions and nesting ----------------------------------------------------------------------


def recursive(descend: Callable[[int], int]) -> ModuleInstance:
    env = ModuleInstance("env")
    env.add_function("descend", descend, FunctionType((I32,), (I32,)))
    return instantiate("recursive_host", env)


class HostError(Exception):
    """Raised by host functions of these tests."""


@pytest.mark.parametrize("error", [HostError("x"), KeyboardInterrupt(), Exit(3), StopIteration(4)])
def test_exception_comes_out_as_itself(error: BaseException) -> None:
    def descend(_: int) -> int:
        raise error

    exports = recursive(descend).exports
    with pytest.raises(type(error)) as caught:
        exports.down(1)
    assert caught.value is error
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names[-1] == "descend"
    assert error.__context__ is None
    assert exports.down(0) == 0


@pytest.mark.parametrize("depth", [1, 2, 100])
def test_nested_calls(depth: int) -> None:
    instance = recursive(lambda n: instance.exports.down(n))
    assert instance.exports.down(depth) == depth


@pytest.mark.parametrize("depth", [1, 2, 50])
def test_exception_passes_through_all_levels(depth: int) -> None:
    error = HostError()

    def descend(n: int) -> int:
        if n == 0:
            raise error
        return instance.exports.down(n)

    instance = recursive(descend)
    with pytest.raises(HostError) as caught:
        instance.exports.down(depth)
    assert caught.value is error


def test_trap_inside_a_host_function_can_be_handled() -> None:
    def descend(_: int) -> int:
        with pytest.raises(Trap):
            instance.exports.trap()
        return 10

    instance = recursive(descend)
    assert instance.exports.down(3) == 11


def test_trap_passes_through_host_functions() -> None:
    def descend(n: int) -> int:
        if n:
            return instance.exports.down(n)
        return instance.exports.trap()

    instance = recursive(descend)
    with pytest.raises(Trap) as caught:
        instance.exports.down(3)
    assert caught.value.code == ErrCode.UNREACHABLE


def test_endless_recursion_through_the_host_is_an_error_not_a_crash() -> None:
    instance = recursive(lambda n: instance.exports.down(n + 1))
    with pytest.raises((Trap, RecursionError)) as caught:
        instance.exports.down(1)
    if isinstance(caught.value, Trap):
        assert caught.value.code == ErrCode.RUNTIME_ERROR
    assert instance.exports.down(0) == 0


# --- lifetimes -----------------------------------------------------------------------------------


def test_host_function_drops_the_last_reference_to_its_instance() -> None:
    holder: list[ModuleInstance] = []

    def descend(_: int) -> int:
        holder.clear()
        gc.collect()
        return 5

    holder.append(recursive(descend))
    assert holder[0].exports.down(1) == 6
    assert not holder


def test_host_function_lives_as_long_as_its_importer() -> None:
    class Host:
        def descend(self, n: int) -> int:
            return n + 100

    host = Host()
    gone = weakref.ref(host)
    instance = recursive(host.descend)
    del host
    gc.collect()
    assert instance.exports.down(1) == 101
    del instance
    gc.collect()
    assert gone() is None


def test_finaliser_in_a_cycle_may_still_call_the_guest() -> None:
    results: list[int] = []

    class Plugin:
        def __init__(self) -> None:
            self.instance = recursive(self.descend)

        def descend(self, n: int) -> int:
            return n

        def __del__(self) -> None:
            results.append(self.instance.exports.down(8))

    for _ in range(3):
        Plugin()
    gc.collect()
    assert results == [8, 8, 8]
