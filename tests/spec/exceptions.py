"""What is known to differ from the scripts' words, as data with reasons.

``SUBSTITUTES``: texts of the suites that are none of the published error messages.
``EXPECTED_FAILURES``: commands that must fail; one that passes is an error, too.
"""

from __future__ import annotations

from dataclasses import dataclass

from pywasmedge.base.errors import ErrCode


@dataclass(frozen=True, slots=True)
class Substitute:
    """The error that stands for a text of the suites."""

    code: ErrCode
    reason: str
    detail: str = ""
    """What the error's detail has to begin with."""


SUBSTITUTES: dict[str, Substitute] = {
    "call stack exhausted": Substitute(
        ErrCode.RUNTIME_ERROR,
        "the published codes have none for the stack; the detail says it",
        "call stack exhausted",
    ),
    "unaligned atomic": Substitute(
        ErrCode.MEMORY_OUT_OF_BOUNDS,
        "the published codes have none for atomics; the detail says it",
        "unaligned atomic",
    ),
    "expected shared memory": Substitute(
        ErrCode.MEMORY_OUT_OF_BOUNDS,
        "the published codes have none for atomics; the detail says it",
        "expected shared memory",
    ),
    "shared memory must have maximum": Substitute(
        ErrCode.INVALID_LIMIT,
        "the published codes have none for shared memories; the detail says it",
        "shared memory must have maximum",
    ),
    "malformed memop flags": Substitute(
        ErrCode.INVALID_ALIGNMENT,
        "a text of later scripts; the published code for impossible alignments is this one",
    ),
}

EXPECTED_FAILURES: dict[tuple[str, int], str] = {}
"""By script and line of the command: why it has to fail."""
