"""Stopping a guest from another thread."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from kernel_guest import I32, Guest, HostFunctions, call_import, field, helper
from testdata import IMPORTS

from pywasmedge.base.errors import ErrCode
from pywasmedge.base.types import FunctionType
from pywasmedge.kernel.native import ffi, lib

UNARY = FunctionType((I32,), (I32,))
INTERRUPTED = -ErrCode.INTERRUPTED

SPIN = (
    "define tailcc i32 @f0(ptr %ctx, i32 %a) #0 {\n  %p = alloca i32\n  br label %l\nl:\n"
    "  store volatile i32 1, ptr %p\n  br label %l\n}\n"
)
SPIN_HOST = (
    "define tailcc i32 @f0(ptr %ctx, i32 %a) #0 {\n"
    + field("imports", "%imp")
    + "  br label %l\nl:\n"
    + call_import(0, "i32", ", i32 %a")
    + "  br label %l\n}\n"
)
SPIN_HELPER = (
    "define tailcc i32 @f0(ptr %ctx, i32 %a) #0 {\n"
    + helper("memory_fill", "%fill")
    + "  br label %l\nl:\n"
    "  call void %fill(ptr %ctx, i32 0, i32 0, i32 1, i32 65536)\n  br label %l\n}\n"
)
WAIT = (
    "define tailcc i32 @f0(ptr %ctx, i32 %a) #0 {\n"
    + helper("atomic_wait32", "%wait")
    + "  %r = call i32 %wait(ptr %ctx, i32 0, i64 0, i32 0, i64 -1)\n  ret i32 %r\n}\n"
)


def stopped_after(guest: Guest, seconds: float = 0.05) -> tuple[int, float]:
    """Call the guest and have it interrupted; the outcome and how late that came."""
    thread = ffi.gc(lib.we_thread_ref(), lib.we_thread_unref)
    done = threading.Event()

    def watch() -> None:
        wait = seconds
        while not done.wait(wait):
            lib.we_interrupt(thread)
            wait = 0.002

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    try:
        outcome = guest.call(0)
    finally:
        late = time.perf_counter() - start - seconds
        done.set()
        watcher.join()
        lib.we_interrupt_clear()
    return outcome, late


def test_a_loop_in_generated_code() -> None:
    guest = Guest({UNARY: SPIN})
    for _ in range(5):
        outcome, late = stopped_after(guest, 0.01)
        assert outcome == INTERRUPTED
        assert late < 5


def test_a_loop_that_calls_the_host() -> None:
    hosts = HostFunctions()
    guest = Guest({UNARY: SPIN_HOST}, imports=[hosts.add(UNARY, lambda caller, frame: 0)])
    assert stopped_after(guest)[0] == INTERRUPTED


def test_a_loop_of_helper_calls() -> None:
    guest = Guest({UNARY: SPIN_HELPER}, memory=(1, 1))
    assert stopped_after(guest)[0] == INTERRUPTED


def test_a_thread_that_waits_for_a_notification() -> None:
    guest = Guest({UNARY: WAIT}, memory=(1, 1), shared=True)
    assert stopped_after(guest)[0] == INTERRUPTED


def test_a_host_function_is_not_disturbed_but_does_not_return_to_the_guest() -> None:
    slept = []
    hosts = HostFunctions()

    inside = threading.Event()

    def host(caller, frame):
        inside.set()
        time.sleep(0.1)
        slept.append(True)
        return 0

    guest = Guest({UNARY: SPIN_HOST}, imports=[hosts.add(UNARY, host)])
    thread = lib.we_thread_ref()
    watcher = threading.Thread(target=lambda: inside.wait() and lib.we_interrupt(thread))
    watcher.start()
    assert guest.call(0) == INTERRUPTED
    assert slept == [True]
    watcher.join()
    lib.we_interrupt_clear()
    lib.we_thread_unref(thread)


def test_only_the_thread_that_is_meant() -> None:
    guest = Guest({UNARY: SPIN})
    outcomes: dict[str, int] = {}
    handles: dict[str, object] = {}
    ready = threading.Barrier(3)

    def work(name: str) -> None:
        handles[name] = ffi.gc(lib.we_thread_ref(), lib.we_thread_unref)
        ready.wait()
        outcomes[name] = guest.call(0)
        lib.we_interrupt_clear()

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    ready.wait()
    for first in "ab":
        time.sleep(0.05)
        lib.we_interrupt(handles[first])
        threads["ab".index(first)].join(5)
        assert outcomes.get(first) == INTERRUPTED
        assert ("b" in outcomes) == (first == "b")


def test_a_request_is_withdrawn() -> None:
    guest = Guest({UNARY: "define tailcc i32 @f0(ptr %ctx, i32 %a) #0 {\n  ret i32 5\n}\n"})
    thread = lib.we_thread_ref()
    lib.we_interrupt(thread)
    lib.we_interrupt_clear()
    assert guest.call(0) == 5
    lib.we_interrupt(thread)
    assert guest.call(0) == INTERRUPTED  # a request before the call counts
    assert guest.call(0) == 5
    lib.we_thread_unref(thread)


def test_interrupting_a_thread_that_has_ended_does_nothing() -> None:
    handles = []
    thread = threading.Thread(target=lambda: handles.append(lib.we_thread_ref()))
    thread.start()
    thread.join()
    lib.we_interrupt(handles[0])
    lib.we_thread_unref(handles[0])


# ---- Ctrl-C --------------------------------------------------------------------------------------

CTRL_C = """
import os, signal, threading, time
from test_kernel_interrupt import *
HANDLER
from pywasmedge.code.types import adapters
guest = GUEST
guest.compiled.ensure_all()
adapters(UNARY)
thread, ended, interrupted = lib.we_thread_ref(), threading.Event(), threading.Event()
def act():
    while lib.we_guests_running() == 0:
        time.sleep(0.001)
    time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)
    if not ended.wait(PATIENCE):
        interrupted.set()
        lib.we_interrupt(thread)
threading.Thread(target=act).start()
try:
    guest.call(0)
except KeyboardInterrupt:
    print("KeyboardInterrupt", end=" ")
ended.set()
print("not by itself" if interrupted.is_set() else "by itself", flush=True)
os._exit(0)
"""


def ctrl_c(guest: str, handler: str = "", patience: float = 30) -> str:
    """What a process that runs ``guest`` prints when it gets a SIGINT meanwhile.

    After some more seconds the guest is interrupted.
    """
    code = CTRL_C.replace("HANDLER", handler).replace("GUEST", guest)
    child = subprocess.run(
        [sys.executable, "-c", code.replace("PATIENCE", str(patience))],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PYTHONPATH": f"{IMPORTS}:{Path(__file__).parent}"},
    )
    assert child.returncode == 0, child.stderr
    return child.stdout.strip()


@pytest.mark.parametrize(
    "guest", ["Guest({UNARY: SPIN})", "Guest({UNARY: SPIN_HELPER}, memory=(1, 1))"]
)
def test_ctrl_c_raises_keyboard_interrupt_out_of_a_guest(guest: str) -> None:
    assert ctrl_c(guest) == "KeyboardInterrupt by itself"


def test_a_handler_of_the_programs_own_leaves_the_guest_alone() -> None:
    handler = "signal.signal(signal.SIGINT, lambda number, frame: None)"
    assert ctrl_c("Guest({UNARY: SPIN})", handler, 0.5) == "not by itself"


RAISES = """
import ctypes, os, signal, threading, time
from test_kernel_interrupt import *
from pywasmedge.code.types import type_id
from pywasmedge.runtime.call import failure
signal.signal(signal.SIGINT, signal.default_int_handler)
raise_ = ffi.cast("we_hostfn", ctypes.cast(ctypes.CDLL(None)["raise"], ctypes.c_void_p).value)
host = lib.we_func_new_host(type_id(UNARY), raise_, ffi.cast("void *", int(signal.SIGINT)))
guest = Guest({UNARY: CALL_AND_SPIN}, imports=[host])
guest.compiled.ensure_all()
thread = lib.we_thread_ref()
threading.Timer(10, lambda: lib.we_interrupt(thread)).start()
began = time.perf_counter()
try:
    outcome = -guest.call(0)
    raise failure(outcome)
except KeyboardInterrupt:
    print("KeyboardInterrupt", time.perf_counter() - began < 9, flush=True)
os._exit(0)
"""
CALL_AND_SPIN = (
    "define tailcc i32 @f0(ptr %ctx, i32 %a) #0 {\n  %p = alloca i32\n"
    + field("imports", "%imp")
    + call_import(0, "i32", ", i32 %a")
    + "  br label %l\nl:\n  store volatile i32 1, ptr %p\n  br label %l\n}\n"
)


OTHER_THREAD = """
import os, signal, threading, time
from test_kernel_interrupt import *
signal.signal(signal.SIGINT, signal.default_int_handler)
guest = Guest({UNARY: SPIN})
guest.compiled.ensure_all()
thread = lib.we_thread_ref()
threading.Timer(10, lambda: lib.we_interrupt(thread)).start()
def other():
    time.sleep(0.2)
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)
threading.Thread(target=other).start()
began = time.perf_counter()
try:
    guest.call(0)
except KeyboardInterrupt:
    print("KeyboardInterrupt", time.perf_counter() - began < 9, flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("script", [RAISES, OTHER_THREAD], ids=["host function", "thread"])
def test_ctrl_c_that_python_would_not_notice(script: str) -> None:
    """It comes at the end of a host function that is not Python, or to another thread."""
    child = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PYTHONPATH": f"{IMPORTS}:{Path(__file__).parent}"},
        check=False,
    )
    assert (child.stdout, child.stderr) == ("KeyboardInterrupt True\n", "")
