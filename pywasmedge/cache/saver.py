"""A thread that saves what is new, from time to time and at the end of the process.

So little is lost when the process is killed.
"""

from __future__ import annotations

import threading

from ..base.forking import fork_safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Saves(Protocol):
        """Has something new."""

        def save(self) -> None:
            """Write it; what cannot be written is forgotten."""


class _Saver:
    """A thread that saves what recorders have noted."""

    FIRST = 0.5
    """Seconds from the first new code until it is saved."""
    LONGEST = 8.0
    """The pause doubles up to this while there is new code all the time."""

    def __init__(self) -> None:
        # Reentrant: a finaliser may run guests, whatever it interrupts.
        self._lock = fork_safe(threading.RLock())
        self._flushing = fork_safe(threading.RLock())
        self._waiting: set[Saves] = set()
        self._thread: threading.Thread | None = None
        self._registered = False

    def add(self, recorder: Saves) -> None:
        """Have something saved soon."""
        if recorder in self._waiting:
            return
        with self._lock:
            self._waiting.add(recorder)
            if not self._registered:
                import atexit

                self._registered = True
                atexit.register(self.flush)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._run, name="pywasmedge-cache", daemon=True
                )
                try:
                    self._thread.start()
                except RuntimeError:  # the process ends
                    self._thread = None

    def flush(self) -> None:
        """Save everything now."""
        with self._flushing:
            with self._lock:
                waiting = list(self._waiting)
                self._waiting.clear()
            for recorder in waiting:
                recorder.save()

    def _run(self) -> None:
        from time import sleep

        pause = self.FIRST
        while True:
            sleep(pause)
            pause = min(2 * pause, self.LONGEST)
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
            self.flush()


_saver = _Saver()


def save_later(recorder: Saves) -> None:
    """Have ``save`` called in the background, and at the latest when the process ends."""
    _saver.add(recorder)


def flush() -> None:
    """Save everything now: before the process ends without Python's doing."""
    _saver.flush()
