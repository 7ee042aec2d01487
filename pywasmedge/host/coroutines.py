"""The event loop of ``async`` host functions."""

from __future__ import annotations

import asyncio
import os
from select import POLLIN, poll
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from ..base import waiting
from ..base.errors import ErrCode, Trap
from ..base.forking import fork_safe

if TYPE_CHECKING:
    from collections.abc import Coroutine

_lock = fork_safe(Lock())
_CLEANING_UP = 50
"""Milliseconds a cancelled coroutine gets before the guest ends."""
_loop: tuple[int, asyncio.AbstractEventLoop] | None = None
"""The loop and the process it runs in."""


def complete(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine, which runs on a thread of its own; the caller waits.

    The calling thread may itself be inside an event loop. If the guest is stopped meanwhile, or
    Ctrl-C hits, the coroutine is cancelled. What it does about that is waited for only briefly.
    """
    try:
        loop = _running()
    except BaseException:  # Ctrl-C, too
        coroutine.close()
        raise
    future = asyncio.run_coroutine_threadsafe(coroutine, loop)
    handle = waiting.handle()
    done, finished = os.pipe()
    future.add_done_callback(lambda _: os.close(finished))
    try:
        if handle >= 0 and not _ready(done, handle, None):
            raise Trap(ErrCode.INTERRUPTED)
        return future.result()
    except BaseException:  # Ctrl-C, too
        if future.cancel():
            _ready(done, -1, _CLEANING_UP)
        raise
    finally:
        os.close(done)


def _ready(done: int, handle: int, milliseconds: int | None) -> bool:
    """Wait for one of two descriptors; whether it is the first."""
    both = poll()
    both.register(done, POLLIN)
    if handle >= 0:
        both.register(handle, POLLIN)
    return done in dict(both.poll(milliseconds))


def _running() -> asyncio.AbstractEventLoop:
    global _loop
    with _lock:
        if _loop is None or _loop[0] != os.getpid():
            loop = asyncio.new_event_loop()
            Thread(target=loop.run_forever, name="wasm async host functions", daemon=True).start()
            _loop = os.getpid(), loop
        return _loop[1]
