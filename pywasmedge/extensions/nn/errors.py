"""Error numbers of WASI-NN, as releases since 0.13 have them."""

from __future__ import annotations

from enum import IntEnum

from ...host.modules import HostError


class Errno(IntEnum):
    """Numbers that functions return; 0 is success."""

    INVALID_ARGUMENT = 1
    INVALID_ENCODING = 2
    MISSING_MEMORY = 3
    BUSY = 4
    RUNTIME_ERROR = 5
    UNSUPPORTED_OPERATION = 6
    TOO_LARGE = 7
    NOT_FOUND = 8
    END_OF_SEQUENCE = 100
    CONTEXT_FULL = 101
    PROMPT_TOO_LONG = 102
    MODEL_NOT_FOUND = 103


class NNError(HostError):
    """A function of WASI-NN fails; ``number`` is an :class:`Errno`."""

    OUTSIDE = Errno.INVALID_ARGUMENT
