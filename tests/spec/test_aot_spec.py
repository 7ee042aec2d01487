"""The specification's test suites, every module compiled ahead of time.

A normal run takes a sample of the scripts; ``PYWASMEDGE_SLOW_TESTS=1`` takes them all, without
optimisation and with all of it.
"""

from __future__ import annotations

import os

import pytest
import testdata

from pywasmedge.base.config import OptimizationLevel, Tier
from spec import suites
from spec.ahead import Ahead
from spec.runner import run_on

ALL = os.environ.get("PYWASMEDGE_SLOW_TESTS") == "1"
SAMPLE = 12
"""One of so many scripts is in the sample."""
LEVELS = [OptimizationLevel.O0, OptimizationLevel.O3] if ALL else [OptimizationLevel.O0]
SCRIPTS = suites.scripts() if ALL else suites.scripts()[::SAMPLE]
pytestmark = pytest.mark.skipif(not SCRIPTS, reason=testdata.HOW_TO_GET)


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.id)
def test_script(script: suites.Script, level: OptimizationLevel) -> None:
    engine = Ahead(suites.configure(script, Tier.AUTO), level)
    report = run_on(engine, script)
    assert not report.failures, "\n".join(report.failures)
