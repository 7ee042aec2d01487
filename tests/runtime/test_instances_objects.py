"""External references: Python objects live exactly as long as a guest can produce them."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import TYPE_CHECKING

import pytest
from wasmbuild import body, expr, global_type, table, wasm
from wat_modules import instantiate

from pywasmedge import (
    VM,
    FunctionType,
    GlobalInstance,
    GlobalType,
    Limits,
    ModuleInstance,
    TableInstance,
    TableType,
    ValType,
)

if TYPE_CHECKING:
    from pywasmedge import Exports

EXTERNREF = ValType.EXTERNREF
MANY = 5000
"""More objects than are ever kept without need."""


class Thing:
    """An object that can be watched."""


GIVEN = Thing()


def guest() -> Exports:
    """An instance of ``objects.wat``."""
    env = ModuleInstance("env", {"given": GlobalInstance(GlobalType(EXTERNREF), GIVEN)})
    env.add_function("make", Thing, FunctionType((), (EXTERNREF,)))
    env.add_function("churn", lambda: churn(exports), FunctionType())
    exports = instantiate("objects", env).exports
    return exports


def churn(exports: Exports) -> None:
    """Pass many short-lived objects."""
    for _ in range(MANY):
        exports.identity(Thing())


@pytest.fixture
def exports() -> Exports:
    return guest()


def count() -> int:
    """How many things there are."""
    gc.collect()
    return sum(type(thing) is Thing for thing in gc.get_objects())


def test_passing_objects_does_not_accumulate_them(exports: Exports) -> None:
    churn(exports)
    assert count() < MANY // 2
    churn(exports)
    assert count() < MANY // 2


def test_objects_stay_where_the_guest_put_them(exports: Exports) -> None:
    things = [Thing() for _ in range(4)]
    exports.keep(0, things[0])
    exports.table.set(1, things[1])
    exports.set_global(things[2])
    known = [weakref.ref(thing) for thing in things[:3]]
    del things
    churn(exports)
    assert exports.kept(0) is known[0]() is not None
    assert exports.table.get(1) is known[1]() is not None
    assert exports["global"].value is known[2]() is not None
    assert exports.copy.value is GIVEN


def test_objects_in_a_passive_segment_stay(exports: Exports) -> None:
    get = "i32.const 0 i32.const 0 i32.const 1 table.init 0 0 i32.const 0 table.get 0"
    binary = wasm(
        types=["-> externref"],
        imports=[("env", "given", "global", global_type("externref"))],
        funcs=[0],
        tables=[table(1, element=EXTERNREF)],
        exports=[("get", "func", 0)],
        elements=[bytes((5, EXTERNREF, 1)) + expr("global.get 0")],
        code=[body(get)],
    )
    given = GlobalInstance(GlobalType(EXTERNREF), Thing())
    vm = VM()
    vm.register_module(ModuleInstance("env", {"given": given}))
    vm.load_wasm(binary)
    vm.validate()
    instance = vm.instantiate()
    churn(exports)
    assert instance.exports.get() is given.value
    known = weakref.ref(given.value)
    vm.close()
    del given, vm
    churn(exports)
    assert instance.exports.get() is known() is not None


def test_objects_go_when_the_guest_lets_go(exports: Exports) -> None:
    thing = Thing()
    exports.keep(0, thing)
    exports.set_global(thing)
    known = weakref.ref(thing)
    del thing
    exports.keep(0, None)
    exports.set_global(None)
    churn(exports)
    churn(exports)
    assert known() is None


def test_objects_go_with_their_instance(exports: Exports) -> None:
    lone = guest()
    thing = Thing()
    lone.keep(0, thing)
    known = weakref.ref(thing)
    del thing, lone
    gc.collect()
    churn(exports)
    assert known() is None


def test_objects_of_tables_and_globals_made_by_the_host(exports: Exports) -> None:
    objects = TableInstance(TableType(EXTERNREF, Limits(1)))
    variable = GlobalInstance(GlobalType(EXTERNREF, True), Thing())
    objects.set(0, Thing())
    objects.grow(1, Thing())
    churn(exports)
    for value in (objects.get(0), objects.get(1), variable.value):
        assert isinstance(value, Thing)


def test_object_in_a_local_of_a_running_guest_stays(exports: Exports) -> None:
    assert isinstance(exports.held_in_a_local(), Thing)


def test_object_in_a_local_stays_while_other_threads_pass_objects(exports: Exports) -> None:
    threads = [threading.Thread(target=churn, args=(guest(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        assert isinstance(exports.held_in_a_local(), Thing)
    for thread in threads:
        thread.join()


def test_finaliser_of_an_object_may_pass_objects(exports: Exports) -> None:
    results: list[object] = []

    class Farewell:
        def __del__(self) -> None:
            results.append(exports.identity("bye"))

    exports.identity(Farewell())
    churn(exports)
    assert results == ["bye"]
