"""The end of a process that uses the library, whatever the library is doing."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import capi_host
import pytest
import testdata

GUEST = capi_host.SOURCES / "guest.wasm"
ENDED = 7
"""Exit code of everything here."""
MOMENTS = re.findall(r"^    \{\"(\w+)\", ", (capi_host.SOURCES / "thread_exit.c").read_text(), re.M)
MILLISECONDS = (0, 10, 20, 30, 50, 80, 120, 170)
"""When the process ends; the library starts, compiles and runs in that time."""


@pytest.mark.parametrize("delay", MILLISECONDS)
@pytest.mark.parametrize("moment", MOMENTS)
def test_exit_of_a_c_host(moment: str, delay: int) -> None:
    done = capi_host.run(capi_host.build("thread_exit.c"), GUEST, moment, delay * 1000, "exit")
    assert done.returncode == ENDED, done.stderr


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(("how", "code"), [("_exit", ENDED), ("abort", -signal.SIGABRT)])
def test_abrupt_end_of_a_c_host(moment: str, how: str, code: int) -> None:
    done = capi_host.run(capi_host.build("thread_exit.c"), GUEST, moment, 30_000, how)
    assert done.returncode == code, done.stderr


PYTHON_HOST = """
import sys, threading, time
import pywasmedge

def compile_always(data):
    while True:
        vm = pywasmedge.VM()
        vm.load_wasm(data)
        vm.validate()
        vm.instantiate()
        vm.execute("fib", 20)

with open(sys.argv[1], "rb") as file:
    data = file.read()
for _ in range(3):
    threading.Thread(target=compile_always, args=(data,), daemon=True).start()
time.sleep(int(sys.argv[2]) / 1000)
sys.exit(int(sys.argv[3]))
"""


@pytest.mark.parametrize("delay", MILLISECONDS)
def test_exit_of_python_with_threads_that_compile(delay: int) -> None:
    arguments = [testdata.GUESTS / "library.wasm", delay, ENDED]
    done = subprocess.run(
        [sys.executable, "-c", PYTHON_HOST, *map(str, arguments)],
        timeout=capi_host.SECONDS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (ENDED, "")
