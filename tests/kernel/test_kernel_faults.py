"""Faults that are not the guest's go where they went before the kernel was there."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from testdata import IMPORTS

PROLOGUE = """
import ctypes, faulthandler, os, signal, sys
from kernel_guest import *
from pywasmedge.base.types import FunctionType, ValType
I32 = ValType.I32
UNARY = FunctionType((I32,), (I32,))
FINE = "define tailcc i32 @f0(ptr %ctx, i32 %a) #0 {\\n  ret i32 5\\n}\\n"
FAULT = (
    "define tailcc i32 @f0(ptr %ctx, i32 %a) #0 {\\n" + field("memory0", "%base")
    + "  %w = zext i32 %a to i64\\n  %p = getelementptr i8, ptr %base, i64 %w\\n"
    "  %r = load volatile i32, ptr %p\\n  ret i32 %r\\n}\\n"
)

def crash():
    ctypes.string_at(8)
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run ``code`` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", PROLOGUE + code],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PYTHONPATH": IMPORTS},
    )


def test_a_crash_outside_of_guests_still_kills_the_process() -> None:
    child = run("Guest({UNARY: FINE}).call(1)\nprint('alive', flush=True)\ncrash()\n")
    assert child.stdout == "alive\n"
    assert child.returncode == -signal.SIGSEGV


def test_a_crash_in_a_host_function_is_not_taken_for_the_guests() -> None:
    child = run(
        "hosts = HostFunctions()\n"
        "host = hosts.add(UNARY, lambda caller, frame: crash())\n"
        "text = ('define tailcc i32 @f0(ptr %ctx, i32 %a) #0 {\\n'\n"
        "        + call_import(0, 'i32', ', i32 %a') + '  ret i32 %r\\n}\\n')\n"
        "guest = Guest({UNARY: text}, imports=[host])\nguest.call(1)\n"
    )
    assert child.returncode == -signal.SIGSEGV


def test_a_handler_that_was_there_before_is_called() -> None:
    child = run(
        "faulthandler.enable()\nGuest({UNARY: FINE}).call(1)\n"
        "assert Guest({UNARY: FAULT}, memory=(1, 1)).call(65536) == -0x88\ncrash()\n"
    )
    assert child.returncode == -signal.SIGSEGV
    assert "Fatal Python error: Segmentation fault" in child.stderr
    assert "in crash" in child.stderr


def test_a_handler_that_came_later_passes_the_fault_on() -> None:
    child = run(
        "guest = Guest({UNARY: FAULT}, memory=(1, 1))\nassert guest.call(0) == 0\n"
        "faulthandler.enable()\nprint(guest.call(65536))\n"
    )
    assert child.returncode == 0, child.stderr
    assert child.stdout == "-136\n"


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGBUS", "SIGILL"])
def test_a_signal_sent_by_a_process_has_its_usual_effect(name: str) -> None:
    child = run(f"Guest({{UNARY: FINE}}).call(1)\nos.kill(os.getpid(), signal.{name})\n")
    assert child.returncode == -getattr(signal, name)


def test_an_ignored_signal_stays_ignored() -> None:
    child = run(
        "signal.signal(signal.SIGSEGV, signal.SIG_IGN)\nGuest({UNARY: FINE}).call(1)\n"
        "os.kill(os.getpid(), signal.SIGSEGV)\nprint('alive')\n"
    )
    assert (child.returncode, child.stdout) == (0, "alive\n")


def test_guests_run_after_a_fork() -> None:
    child = run(
        "guest = Guest([(UNARY, FINE), (UNARY, FINE.replace('@f0', '@f1'))], lazy=True)\n"
        "guest.call(1)\npid = os.fork()\n"
        "if pid == 0:\n    os._exit(guest.call(1, index=1))\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n"
    )
    assert child.stdout == "5\n", child.stderr
