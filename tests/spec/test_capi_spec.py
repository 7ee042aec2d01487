"""The specification's test suites through the C library, which this Python process has opened.

A normal run gives each script to one of the three ways of using the library, in turn; with
``PYWASMEDGE_SLOW_TESTS=1`` all scripts run in all ways. The suite of the threads proposal is left
out: its host module has a shared memory, which the C API cannot make.
"""

from __future__ import annotations

import os
from contextlib import closing

import capi_lib
import pytest
import testdata
from capi_lib import NULL, ffi, lib, string
from wasmbuild import body, wasm

from spec import capi, suites
from spec.capi_ahead import CompiledVM
from spec.runner import run_on

WAYS = (capi.StepByStep, capi.OneVM, CompiledVM)
SCRIPTS = [script for script in suites.scripts() if script.suite != "threads"]
ALL = os.environ.get("PYWASMEDGE_SLOW_TESTS") == "1"
CASES = [
    pytest.param(script, way, id=f"{script.id}-{way.__name__}")
    for number, script in enumerate(SCRIPTS)
    for turn, way in enumerate(WAYS)
    if ALL or number % len(WAYS) == turn
]


@pytest.mark.skipif(not SCRIPTS, reason=testdata.HOW_TO_GET)
@pytest.mark.parametrize(("script", "way"), CASES)
def test_script(script: suites.Script, way: type[capi.CBackend]) -> None:
    with closing(way(script)) as engine:
        report = run_on(engine, script)
    assert report.total > 0
    assert not report.failures, "\n".join(report.failures)


ENDLESS = wasm(
    types=["->"], funcs=[0], exports=[("run", "func", 0)], code=[body("loop void br 0 end")]
)


@pytest.mark.parametrize("way", ["run", "execute"])
def test_endless_loops_are_cancelled(way: str) -> None:
    """After a millisecond; the VM is deleted at once."""
    vm = lib.WasmEdge_VMCreate(NULL, NULL)
    data = ffi.from_buffer("uint8_t[]", ENDLESS)
    if way == "run":
        run = lib.WasmEdge_VMAsyncRunWasmFromBuffer(vm, data, len(ENDLESS), string("run"), NULL, 0)
    else:
        assert capi_lib.code(lib.WasmEdge_VMLoadWasmFromBuffer(vm, data, len(ENDLESS))) == 0
        assert capi_lib.code(lib.WasmEdge_VMValidate(vm)) == 0
        assert capi_lib.code(lib.WasmEdge_VMInstantiate(vm)) == 0
        run = lib.WasmEdge_VMAsyncExecute(vm, string("run"), NULL, 0)
    assert not lib.WasmEdge_AsyncWaitFor(run, 1)
    lib.WasmEdge_AsyncCancel(run)
    assert capi_lib.code(lib.WasmEdge_AsyncGet(run, NULL, 0)) == 0x07
    lib.WasmEdge_AsyncDelete(run)
    lib.WasmEdge_VMDelete(vm)
