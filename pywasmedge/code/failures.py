"""Errors while code is made at a first call: how they get past the guest's frames."""

from __future__ import annotations

import threading

from ..base.errors import ErrCode, WasmError
from ..base.waiting import StoppedError
from ..kernel.native import lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_failures = threading.local()


def take_failure() -> BaseException | None:
    """The exception that made a callback of the kernel fail on this thread, if any; once.

    The guest's call then ends with the code of the error; if it has none, with 0x02 where code was
    needed, 0x07 where the guest was interrupted.
    """
    error: BaseException | None = getattr(_failures, "error", None)
    _failures.error = None
    return error


def keep(kind: object, error: BaseException, traceback: TracebackType | None) -> None:
    """Keep what a signal's handler raised in a callback that is about to fail (``onerror``)."""
    _failures.error = error.with_traceback(traceback)


def keep_and_stop(kind: object, error: BaseException, traceback: TracebackType | None) -> None:
    """The same in a callback after which the guest goes on: it is interrupted."""
    keep(kind, error, traceback)
    thread = lib.we_thread_ref()
    lib.we_interrupt(thread)
    lib.we_thread_unref(thread)


def attempt(work: Callable[[], None]) -> int:
    """Do what the kernel asks for; 0, or the code of the error, which is kept."""
    try:
        work()
    except StoppedError as error:
        return int(error.code)
    except BaseException as error:
        _failures.error = error
        return int(error.code) if isinstance(error, WasmError) else int(ErrCode.RUNTIME_ERROR)
    return 0
