"""Many threads in the library at the same time."""

from __future__ import annotations

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
