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
    "malformed memop flags": Substitute(
        ErrCode.ILLEGAL_GRAMMAR,
        "the published codes have none for alignments of 2^32 and more; the detail says it",
        "malformed memop flags",
    ),
}

EXPECTED_FAILURES: dict[tuple[str, int], str] = {}
"""By script and line of the command: why it has to fail."""
