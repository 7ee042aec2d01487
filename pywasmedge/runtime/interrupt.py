"""Stopping guests from outside: time limits and calls in the background."""

from __future__ import annotations

from threading import Event, RLock, Thread

from ..base import waiting
from ..base.arguments import seconds
from ..base.closing import Closing
from ..kernel.native import lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

_REPEAT = 0.005
"""Seconds between requests: a guest on its way out of a helper can miss one."""


class Watchdog(Closing):
    """Can stop the guest that runs on the thread that made it, until it is closed there.

    The guest's call ends with trap 0x07; calls of guests made from the same thread before
    ``close`` do too.
    """

    __slots__ = ("_ended", "_lock", "_thread", "_waits", "_watcher")

    def __init__(self) -> None:
        self._ended = Event()
        self._lock = RLock()
        self._thread = lib.we_thread_ref()
        self._waits = waiting.begin()
        lib.we_watch_waits(1)
        self._watcher: Thread | None = None

    def stop_after(self, delay: float) -> None:
        """Stop the guest in ``delay`` seconds. No effect once closed or after another call."""
        with self._lock:
            if self._watcher is None and not self._ended.is_set():
                self._watcher = Thread(target=self._watch, args=(delay,), daemon=True)
                self._watcher.start()

    def _watch(self, delay: float) -> None:
        if self._ended.wait(delay):
            return
        while True:
            lib.we_interrupt(self._thread)
            waiting.wake(self._waits)
            if self._ended.wait(_REPEAT):
                return

    def close(self) -> None:
        """Stop watching; to be called on the watched thread."""
        with self._lock:
            self._ended.set()
            watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.join()
            lib.we_interrupt_clear()
        thread, self._thread = self._thread, None
        if thread is not None:
            lib.we_thread_unref(thread)
            waiting.end(self._waits)
            lib.we_watch_waits(-1)


def with_timeout(timeout: float | None, function: Callable[..., Any], *args: Any) -> Any:
    """Call ``function``; a guest that still runs after ``timeout`` seconds traps with 0x07.

    Raises:
        TypeError, ValueError: ``timeout`` is no time (see ``base/arguments.py``); nothing has been
            called.
    """
    limit = seconds(timeout, "timeout")
    if limit is None:
        return function(*args)
    with Watchdog() as watchdog:
        watchdog.stop_after(limit)
        return function(*args)


class Async(Closing):
    """A call that runs on a thread of its own.

    All methods may be called from any thread, any number of times. In a coroutine of asyncio it
    can be awaited, by any number of tasks and loops: that is :meth:`result` without blocking the
    loop, and cancelling the task cancels the call (at once; the guest stops soon after).
    """

    __slots__ = ("_cancelled", "_done", "_error", "_lock", "_result", "_told", "_watchdog")

    def __init__(self, function: Callable[..., Any], *args: Any, **options: Any) -> None:
        """Start calling ``function``."""
        self._done = Event()
        self._lock = RLock()
        self._cancelled = False
        self._watchdog: Watchdog | None = None
        self._result: Any = None
        self._error: BaseException | None = None
        self._told: list[Callable[[], None]] = []
        Thread(target=self._run, args=(function, args, options), daemon=True).start()

    def _run(
        self, function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]
    ) -> None:
        try:
            with Watchdog() as watchdog:
                with self._lock:
                    self._watchdog = watchdog
                    if self._cancelled:
                        watchdog.stop_after(0)
                try:
                    self._result = function(*args, **options)
                finally:
                    with self._lock:
                        self._watchdog = None
        except BaseException as error:
            self._error = error
        finally:
            with self._lock:
                self._done.set()
                told, self._told = self._told, []
            for tell in told:
                tell()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, at most ``timeout`` seconds; whether the call has ended.

        Raises:
            TypeError, ValueError: ``timeout`` is no time.
        """
        return self._done.wait(seconds(timeout, "timeout"))

    def cancel(self) -> None:
        """Have the guest stop with trap 0x07; no effect once the call has ended."""
        with self._lock:
            self._cancelled = True
            if self._watchdog is not None:
                self._watchdog.stop_after(0)

    def result(self, timeout: float | None = None) -> Any:
        """Wait for the end; the call's result, or its exception is raised.

        Args:
            timeout: most seconds to wait, ``None`` for no limit.

        Raises:
            TimeoutError: the call has not ended by then; it goes on.
            TypeError, ValueError: ``timeout`` is no time.
        """
        if not self.wait(timeout):
            raise TimeoutError(f"the call has not ended after {timeout} s")
        if self._error is not None:
            raise self._error
        return self._result

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait in a coroutine; the call's result, or its exception is raised."""
        return self._awaited().__await__()

    async def _awaited(self) -> Any:
        from asyncio import CancelledError, get_running_loop

        loop = get_running_loop()
        future = loop.create_future()

        def wake() -> None:
            if not future.done():
                future.set_result(None)

        def tell() -> None:
            try:  # noqa: SIM105  (contextlib is not worth its import)
                loop.call_soon_threadsafe(wake)
            except RuntimeError:  # the loop has been closed: nobody waits
                pass

        with self._lock:
            if self._done.is_set():
                return self.result()
            self._told.append(tell)
        try:
            await future
        except CancelledError:
            self.cancel()
            raise
        return self.result()
