"""``python -m spec [--tier NAME] [SCRIPT...]``: counts per script; failures with their place.

``SCRIPT`` is a suite (``threads``), a script (``core-2.0/br_if``) or a command
(``core-2.0/br_if:120``). Exit code 1 if anything failed, 2 if the suites are not there.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import nullcontext
from random import Random

import testdata
from mixed import mixed_tiers

from pywasmedge.base.config import Tier

from . import suites
from .runner import run


def main() -> int:
    """Run what the command line selects."""
    tiers = {tier.name.lower(): tier for tier in Tier}
    parser = argparse.ArgumentParser(prog="spec", description="specification test suites")
    parser.add_argument(
        "--tier",
        choices=[*tiers, "mixed"],
        action="append",
        help="default: quick, optimised; mixed: drawn by lot for each function",
    )
    parser.add_argument("script", nargs="*", help="suite, suite/file or suite/file:line")
    options = parser.parse_args()
    if not suites.available():
        print(testdata.HOW_TO_GET, file=sys.stderr)
        return 2
    wanted = [name.partition(":")[::2] for name in options.script] or [("", "")]
    good = True
    for name in options.tier or ("quick", "optimised"):
        print(f"{name} tier")
        with mixed_tiers(Random(time.time())) if name == "mixed" else nullcontext():
            good &= run_tier(tiers.get(name, Tier.QUICK), wanted)
    return 0 if good else 1


def run_tier(tier: Tier, wanted: list[tuple[str, str]]) -> bool:
    """Run the selected scripts; whether all of it passed."""
    totals: dict[str, tuple[int, int, int]] = {}
    failures = []
    for script in suites.scripts():
        lines = [
            line for name, line in wanted if f"{script.id}/".startswith(f"{name}/" if name else "")
        ]
        if not lines:
            continue
        start = time.perf_counter()
        report = run(script, tier, int(lines[0]) if lines[0] else None)
        elapsed = time.perf_counter() - start
        print(
            f"  {script.id:46} {report.passed:6} / {report.total:<6} {elapsed:7.2f} s", flush=True
        )
        passed, total, files = totals.get(script.suite, (0, 0, 0))
        totals[script.suite] = (passed + report.passed, total + report.total, files + 1)
        failures += report.failures
    for suite, (passed, total, files) in totals.items():
        print(f"{suite:48} {passed:6} / {total:<6} in {files} files")
    for failure in failures:
        print(f"FAILED {failure}")
    return not failures


if __name__ == "__main__":
    sys.exit(main())
