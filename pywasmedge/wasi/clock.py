"""Clocks."""

from __future__ import annotations

import time

from . import errno
from .errno import WasiError
from .function import U32, U64, hot, wasi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .env import Env

CLOCKS = (
    time.CLOCK_REALTIME,
    time.CLOCK_MONOTONIC,
    time.CLOCK_PROCESS_CPUTIME_ID,
    time.CLOCK_THREAD_CPUTIME_ID,
)
"""Host clocks by clock id."""


@wasi
def clock_res_get(env: Env, clock: U32) -> U64:
    """Resolution of ``clock`` in nanoseconds."""
    return max(round(time.clock_getres(host_clock(clock)) * 1e9), 1)


@hot
def clock_time_get(env: Env, clock: U32, precision: U64) -> U64:
    """Time of ``clock`` in nanoseconds; always as precise as it can be."""
    host = host_clock(clock)
    return time.clock_gettime_ns(host) if env.clock is None else env.clock(clock)


def host_clock(clock: int) -> int:
    """The host's id of ``clock``.

    Raises:
        WasiError: ``INVAL`` for an unknown id.
    """
    if clock >= len(CLOCKS):
        raise WasiError(errno.INVAL)
    return CLOCKS[clock]
