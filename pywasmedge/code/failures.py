"""Errors while code is made at a first call: how they get past the guest's frames."""

from __future__ import annotations

import threading

from ..base.errors import ErrCode, WasmError
from ..base.waiting import StoppedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_failures = threading.local()


def take_failure() -> BaseException | None:
    """The exception that made compiling at a first call fail on this thread, if any; once.

    The guest's call then ends with the code of the error, 0x02 if it has none.
    """
    error: BaseException | None = getattr(_failures, "error", None)
    _failures.error = None
    return error


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
