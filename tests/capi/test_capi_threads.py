"""Many threads in the library at the same time."""

from __future__ import annotations

import re

import capi_host
import pytest

GUEST = capi_host.SOURCES / "guest.wasm"
START_GUEST = capi_host.SOURCES / "starts.wasm"


@pytest.mark.parametrize(("threads", "seed"), [(1, 1), (2, 2), (8, 3), (32, 4)])
def test_hammer(threads: int, seed: int) -> None:
    """The host checks every result, and ends by a signal if its threads wait for each other."""
    program = capi_host.build("thread_hammer.c")
    done = capi_host.run(program, GUEST, START_GUEST, threads, 1500, seed)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > threads


CASES = re.findall(r"^    \{\"(\w+)\", ", (capi_host.SOURCES / "thread_ends.c").read_text(), re.M)


@pytest.mark.parametrize("case", CASES)
def test_threads_and_processes_that_begin_and_end(case: str) -> None:
    done = capi_host.run(capi_host.build("thread_ends.c"), GUEST, case)
    assert done.returncode == 0, done.stderr
