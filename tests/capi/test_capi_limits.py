"""Cancelling asynchronous runs of the C API while code is made or bodies are validated."""

from __future__ import annotations

import time

import capi_lib
import pytest
import shapes
from capi_lib import NULL, ffi, lib, string

INTERRUPTED = 0x07
SOON = 5.0
"""Seconds that a loaded machine may take for what takes a tenth of one."""


@pytest.mark.parametrize("delay", [0, 20, 60, 200])
@pytest.mark.parametrize("way", ["run", "execute"])
def test_cancelling_at_any_stage(way: str, delay: int) -> None:
    """A body of 5 MB takes longer than the test: it is loaded, validated or compiled meanwhile."""
    binary = shapes.module("multiplications", 700_000)
    vm = lib.WasmEdge_VMCreate(NULL, NULL)
    data = ffi.from_buffer("uint8_t[]", binary)
    argument = capi_lib.values([("i32", bytes((5, 0, 0, 0)))])
    if way == "run":
        run = lib.WasmEdge_VMAsyncRunWasmFromBuffer(vm, data, len(binary), string("f"), argument, 1)
    else:
        made = lib.WasmEdge_VMRegisterModuleFromBuffer(vm, string("m"), data, len(binary))
        assert capi_lib.code(made) == 0
        run = lib.WasmEdge_VMAsyncExecuteRegistered(vm, string("m"), string("f"), argument, 1)
    assert not lib.WasmEdge_AsyncWaitFor(run, delay)
    begin = time.monotonic()
    lib.WasmEdge_AsyncCancel(run)
    assert capi_lib.code(lib.WasmEdge_AsyncGet(run, NULL, 0)) == INTERRUPTED
    assert time.monotonic() - begin < SOON
    lib.WasmEdge_AsyncDelete(run)
    lib.WasmEdge_VMDelete(vm)
