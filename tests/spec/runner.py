"""Runs one script of a suite and says which of its commands hold.

Counted are the assertions and the modules that must instantiate. What is known to differ is in
``exceptions``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pywasmedge.wast.engine import Engine
from pywasmedge.wast.runner import Backend, Command, counts, describe, outcomes

from .exceptions import EXPECTED_FAILURES
from .suites import configure

if TYPE_CHECKING:
    from pywasmedge.base.config import Tier

    from .suites import Script


@dataclass(slots=True)
class Report:
    """Outcome of a script."""

    script: str
    passed: int = 0
    expected: list[str] = field(default_factory=list)
    """Failures that are listed in ``exceptions``."""
    failures: list[str] = field(default_factory=list)
    """Failures that are not, and listed ones that did not happen; with place and cause."""

    @property
    def total(self) -> int:
        """Number of commands that count."""
        return self.passed + len(self.expected) + len(self.failures)


def run(script: Script, tier: Tier, only_line: int | None = None) -> Report:
    """Carry out a script with one code generator; ``only_line`` skips other assertions."""
    return run_on(Engine(configure(script, tier)), script, only_line)


def run_on(engine: Backend, script: Script, only_line: int | None = None) -> Report:
    """The same with an engine that is fresh and suits the script."""
    report = Report(script.id)

    def wanted(command: Command) -> bool:
        return only_line in (None, command["line"]) or not command["type"].startswith("assert_")

    for command, error in outcomes(engine, script, wanted):
        place = f"{script.id}:{command['line']} {command['type']}"
        reason = EXPECTED_FAILURES.get((script.id, command["line"]))
        if error is not None:
            text = f"{place}: {describe(error)}"
            (report.failures if reason is None else report.expected).append(text)
        elif reason is None:
            report.passed += counts(command)
        else:
            report.failures.append(f"{place}: passes, but was expected to fail: {reason}")
    return report
