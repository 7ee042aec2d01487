"""The event loop of ``async`` host functions."""

from __future__ import annotations

import asyncio
import os
from select import select
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from ..base import waiting
from ..base.errors import ErrCode, Trap
from ..base.forking import fork_safe

if TYPE_CHECKING:
    from collections.abc import Coroutine

_lock = fork_safe(Lock())
_loop: tuple[int, asyncio.AbstractEventLoop] | None = None
"""The loop and the process it runs in."""


def complete(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine, which runs on a thread of its own; the caller waits.

    The calling thread may itself be inside an event loop. If the guest is stopped meanwhile the
    coroutine is cancelled.
    """
    future = asyncio.run_coroutine_threadsafe(coroutine, _running())
    handle = waiting.handle()
    if handle < 0:
        return future.result()
    done, finished = os.pipe()
    future.add_done_callback(lambda _: os.close(finished))
    try:
        select([done, handle], [], [])
        if not future.done():
            future.cancel()
            select([done], [], [])
            raise Trap(ErrCode.INTERRUPTED)
    finally:
        os.close(done)
    return future.result()


def _running() -> asyncio.AbstractEventLoop:
    global _loop
    with _lock:
        if _loop is None or _loop[0] != os.getpid():
            loop = asyncio.new_event_loop()
            Thread(target=loop.run_forever, name="wasm async host functions", daemon=True).start()
            _loop = os.getpid(), loop
        return _loop[1]
