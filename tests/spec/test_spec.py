"""The specification's test suites, one test per script and code generator."""

from __future__ import annotations

import pytest
import testdata

from pywasmedge.base.config import Tier
from pywasmedge.wast.runner import REWORDED, SUBSTITUTES
from spec import suites
from spec.exceptions import EXPECTED_FAILURES
from spec.runner import run

SCRIPTS = suites.scripts()
pytestmark = pytest.mark.skipif(not SCRIPTS, reason=testdata.HOW_TO_GET)


@pytest.mark.parametrize("tier", [Tier.QUICK, Tier.OPTIMISED], ids=lambda tier: tier.name.lower())
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.id)
def test_script(script: suites.Script, tier: Tier) -> None:
    report = run(script, tier)
    assert report.total > 0
    assert not report.failures, "\n".join(report.failures)


def test_the_suites_are_complete() -> None:
    counts = {suite: sum(script.suite == suite for script in SCRIPTS) for suite in suites.PROPOSALS}
    assert counts == {
        "core-2.0": 147,
        "tail-call": 2,
        "extended-const": 3,
        "multi-memory": 48,
        "threads": 4,
    }


def test_exceptions_are_needed() -> None:
    """Each exception concerns a command of a script; none is left over."""
    commands = {(script.id, command["line"]) for script in SCRIPTS for command in script.commands}
    assert set(EXPECTED_FAILURES) <= commands
    texts = {command.get("text") for script in SCRIPTS for command in script.commands}
    assert set(SUBSTITUTES) | set(REWORDED) <= texts
