"""What a VM or an executor measures."""

from __future__ import annotations

from threading import Lock
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from ..base.closing import Closing

if TYPE_CHECKING:
    from collections.abc import Callable


class Statistics(Closing):
    """Time spent in calls, if the configuration asks for it (``time_measuring``).

    Values add up over calls until :meth:`clear`. Safe from several threads; calls that run at
    the same time all count.
    """

    __slots__ = ("_calls", "_lock", "_time")

    def __init__(self) -> None:
        self._lock = Lock()
        self._time = 0
        self._calls = 0

    @property
    def time(self) -> float:
        """Seconds spent in measured calls, host functions included."""
        return self._time / 1e9

    @property
    def calls(self) -> int:
        """Number of measured calls."""
        return self._calls

    def measure(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call ``function`` and add the time it takes; its result or exception comes out."""
        start = perf_counter_ns()
        try:
            return function(*args)
        finally:
            duration = perf_counter_ns() - start
            with self._lock:
                self._time += duration
                self._calls += 1

    def clear(self) -> None:
        """Start from zero."""
        with self._lock:
            self._time = self._calls = 0

    def __repr__(self) -> str:
        return f"<Statistics {self._calls} calls, {self.time:.6f} s>"
