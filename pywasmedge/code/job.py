"""Work that its waiters may give up waiting for."""

from __future__ import annotations

from _thread import allocate_lock, start_new_thread

from ..base.waiting import until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Job:
    """Work on a thread of its own. Any number of threads may wait for its end.

    Args:
        work: what to do; its exception is raised in all that wait.
    """

    __slots__ = ("_error", "_running", "_work")

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._error: BaseException | None = None
        self._running = allocate_lock()
        self._running.acquire()

    def start(self) -> None:
        """Begin, on the calling thread if there can be no other one."""
        try:
            start_new_thread(self._run, ())
        except RuntimeError:
            self._run()

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:
            self._error = error
        finally:
            self._running.release()

    def wait(self) -> None:
        """Wait for the end.

        Raises:
            StoppedError: the calling thread is not to wait any longer; the work goes on.
        """
        until(lambda seconds: self._running.acquire(True, seconds))
        self._running.release()
        if self._error is not None:
            raise self._error
