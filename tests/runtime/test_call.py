"""Calling exports from Python: values, errors, traps."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any

import pytest
from wasmbuild import body, custom, wasm
from wat_modules import instantiate

from pywasmedge import (
    VM,
    ArgumentError,
    ErrCode,
    FunctionInstance,
    FunctionType,
    ModuleInstance,
    Trap,
    ValType,
)
from pywasmedge.module import names

if TYPE_CHECKING:
    from pywasmedge import Exports
    from pywasmedge.module.ast import Module


@pytest.fixture
def logged() -> list[int]:
    return []


@pytest.fixture
def exports(logged: list[int]) -> Exports:
    def log(value: int) -> None:
        logged.append(value)

    def mul(left: int, right: int) -> int:
        return left * right

    return instantiate("api", ModuleInstance("env", {"log": log, "mul": mul})).exports


def test_integers_are_signed(exports: Exports) -> None:
    assert exports.add(1, 2) == 3
    assert exports.add(2**31 - 1, 1) == -(2**31)
    assert exports.add(0xFFFFFFFF, 0) == -1
    assert exports.i64(2**64 - 1) == -1
    assert exports.i64(-(2**63)) == -(2**63)
    assert exports.fib(20) == 6765


def test_integer_likes(exports: Exports) -> None:
    class Seven:
        def __index__(self) -> int:
            return 7

    assert exports.add(True, Seven()) == 8


def test_floats(exports: Exports) -> None:
    assert exports.f64(0.1) == 0.1
    assert exports.f64(3) == 3.0
    assert exports.f32(0.1) == pytest.approx(0.1, rel=1e-7)
    assert exports.f32(0.1) != 0.1
    assert exports.f32(1e300) == math.inf
    assert exports.f32(-1e300) == -math.inf
    assert math.isnan(exports.f64(math.nan))
    assert math.isnan(exports.nan())
    assert math.copysign(1, exports.f32(-0.0)) == -1


def test_vectors_are_bytes(exports: Exports) -> None:
    value = bytes(range(16))
    assert exports.v128(value) == value
    assert exports.v128(bytearray(value)) == value


def test_several_results(exports: Exports) -> None:
    assert exports.swap(-5, 2.5) == (2.5, -5)
    assert exports.many() == (-1, -2, 0.5, 0.25)
    assert exports.nothing() is None


def test_references(exports: Exports) -> None:
    thing = object()
    assert exports.externref(thing) is thing
    assert exports.externref(None) is None
    assert exports.externref(0) == 0
    assert exports.funcref(None) is None
    assert exports.funcref(exports.add) is exports.add
    assert exports.refs(exports.add, thing) == (thing, exports.add)
    assert exports.table.get(0) is exports.add


def test_results_that_look_like_a_trap(exports: Exports) -> None:
    assert exports.i32_like_a_trap() == -1640531527
    assert exports.i64_like_a_trap() == -7046029254386353131


@pytest.mark.parametrize(
    ("name", "args", "message"),
    [
        ("add", (1,), "add(i32, i32) -> (i32): 2 arguments expected, 1 given"),
        ("add", (1, 2, 3), "add(i32, i32) -> (i32): 2 arguments expected, 3 given"),
        ("fib", (), "fib(i32) -> (i32): 1 argument expected, 0 given"),
        ("add", (1, "2"), "add(i32, i32) -> (i32): argument 2: i32 expected, not str"),
        ("add", (1.0, 2), "argument 1: i32 expected, not float"),
        ("add", (2**32, 2), "argument 1: 4294967296 does not fit i32"),
        ("add", (-(2**31) - 1, 2), "does not fit i32"),
        ("i64", (2**64,), "does not fit i64"),
        ("f64", ("1.5",), "argument 1: float expected, not str"),
        ("f64", (10**400,), "integer too large for a float"),
        ("v128", (b"short",), "16 bytes expected, not 5"),
        ("v128", (7,), "16 bytes expected, not int"),
        ("funcref", (len,), "FunctionInstance or None expected, not builtin"),
        ("nothing", (1,), "0 arguments expected, 1 given"),
    ],
)
def test_wrong_arguments(exports: Exports, name: str, args: tuple[Any, ...], message: str) -> None:
    with pytest.raises(TypeError) as caught:
        exports[name](*args)
    assert message in str(caught.value)
    assert isinstance(caught.value, ArgumentError)
    assert caught.value.code == ErrCode.FUNC_SIG_MISMATCH


def test_keyword_arguments_are_refused(exports: Exports) -> None:
    with pytest.raises(TypeError):
        exports.add(left=1, right=2)


@pytest.mark.parametrize("last", ["own", "outer"])
def test_a_backtrace_calls_functions_without_name_by_their_first_export(last: str) -> None:
    binary = wasm(
        types=["->"],
        funcs=[0, 0, 0],
        exports=[("outer", "func", 2), ("second", "func", 2), ("inner", "func", 0)],
        code=[body("unreachable"), body("call 0"), body("call 1")],
        customs=custom("name", b"\x01\x06\x01\x02\x03own") if last == "own" else b"",
    )
    with VM() as vm, pytest.raises(Trap) as caught:
        vm.start(binary).exports.outer()
    assert caught.value.backtrace == ("inner", "func[1]", last)


def test_traps_have_code_and_backtrace(exports: Exports) -> None:
    with pytest.raises(Trap) as caught:
        exports.unreachable()
    assert caught.value.code == ErrCode.UNREACHABLE
    assert caught.value.backtrace == ("inner", "outer")
    for args, code in (
        ((1, 0), ErrCode.DIVIDE_BY_ZERO),
        ((-(2**31), -1), ErrCode.INTEGER_OVERFLOW),
    ):
        with pytest.raises(Trap) as caught:
            exports.div(*args)
        assert caught.value.code == code
        assert caught.value.backtrace == ("div",)
    assert exports.div(7, 2) == 3


def test_the_names_of_a_module_are_read_once_for_a_backtrace(
    exports: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Module] = []

    def read_names(module: Module) -> names.Names:
        read.append(module)
        return original(module)

    original = names.read_names
    monkeypatch.setattr(names, "read_names", read_names)
    with pytest.raises(Trap) as caught:
        exports.unreachable()
    assert caught.value.backtrace == ("inner", "outer")
    assert len(read) == 1


@pytest.mark.parametrize(
    ("slot", "code"),
    [
        (0, ErrCode.INDIRECT_CALL_TYPE_MISMATCH),
        (2, ErrCode.UNINITIALIZED_ELEMENT),
        (4, ErrCode.UNDEFINED_ELEMENT),
    ],
)
def test_indirect_calls_that_trap(exports: Exports, slot: int, code: ErrCode) -> None:
    with pytest.raises(Trap) as caught:
        exports.call_slot(slot)
    assert caught.value.code == code


def test_host_function_can_be_called_directly() -> None:
    i32, f64 = ValType.I32, ValType.F64
    function = FunctionInstance.from_callable(
        lambda a, b: (b, a), FunctionType((i32, f64), (f64, i32)), name="flip"
    )
    assert function(1, 2.5) == (2.5, 1)
    with pytest.raises(TypeError, match=r"flip\(i32, f64\) -> \(f64, i32\): 2 arguments expected"):
        function(1)


def test_exports_namespace(exports: Exports, logged: list[int]) -> None:
    assert exports["odd name!"]() == 1
    assert "add" in exports
    assert "missing" not in exports
    assert len(exports) == len(dir(exports)) == len(list(exports))
    assert dir(exports) == sorted(dir(exports))
    assert exports.add is exports["add"]
    with pytest.raises(AttributeError, match="missing"):
        _ = exports.missing
    with pytest.raises(KeyError, match="missing"):
        exports["missing"]
    with pytest.raises(AttributeError):
        exports.counter = 7
    assert exports.seven_times(6) == 42
    assert logged == [6]


def test_function_tells_what_it_is(exports: Exports) -> None:
    assert repr(exports.add) == "<function add(i32, i32) -> (i32)>"
    assert exports.add.name == exports.add.__name__ == "add"
    assert exports.add.type == FunctionType((ValType.I32, ValType.I32), (ValType.I32,))
    assert exports.table.get(1).name == "div"


def test_threads_run_in_the_same_instance(exports: Exports) -> None:
    results: list[int] = []
    threads = [threading.Thread(target=lambda: results.append(exports.fib(22))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [17711] * 4
