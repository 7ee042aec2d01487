"""What is known to differ from the scripts' words, as data with reasons.

``SUBSTITUTES``: texts of the suites that are none of the published error messages.
``CORRECTIONS``: commands whose binary is not what the script's text was written for.
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

CORRECTIONS: dict[tuple[str, int], tuple[str, str]] = {
    ("core-2.0/select", 324): (
        "type mismatch",
        "wast2json wrote a select with an empty list of types as the select without types",
    ),
}
"""By script and line of the command: the text that fits the binary there, and why."""

EXPECTED_FAILURES: dict[tuple[str, int], str] = {}
"""By script and line of the command: why it has to fail."""
