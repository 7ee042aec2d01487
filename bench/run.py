"""Benchmarks: ``python bench/run.py [SECTION]...``; without sections all of them.

Everything that is compared is measured in one session, interleaved, least of several rounds.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from kernels import KERNELS

if TYPE_CHECKING:
    from collections.abc import Sequence

SECTIONS = (
    "kernels",
    "metering",
    "traps",
    "calls",
    "boundary",
    "wasi",
    "sockets",
    "instantiate",
    "threads",
    "compile",
    "text",
    "limits",
    "startup",
    "programs",
)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="bench/run.py", description=__doc__)
    parser.add_argument(
        "sections", nargs="*", metavar="SECTION", help=f"any of: {', '.join(SECTIONS)}"
    )
    parser.add_argument("--kernel", action="append", metavar="NAME", help="only these kernels")
    parser.add_argument("--program", action="append", metavar="NAME", help="only these programs")
    parser.add_argument("--rounds", type=int, default=7, help="runs per engine (default: 7)")
    parser.add_argument("--quick", action="store_true", help="two rounds, no big programs")
    parser.add_argument("--json", metavar="FILE", help="write all figures there, too")
    parser.add_argument(
        "--tier", default="OPTIMISED", choices=("AUTO", "QUICK", "OPTIMISED"), help="code generator"
    )
    options = parser.parse_args(arguments)
    unknown = set(options.sections) - set(SECTIONS)
    unknown |= set(options.kernel or ()) - {kernel.name for kernel in KERNELS}
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sections that are asked for; 1 if a kernel failed."""
    options = parse(arguments)
    os.environ["PYWASMEDGE_CACHE"] = "off"  # what is compiled is part of what is measured
    from engines import available

    engines, missing = available(options.tier)
    rounds = 2 if options.quick else options.rounds
    figures: dict[str, Any] = {"environment": describe([engine.describe() for engine in engines])}
    for line in missing:
        print(line, file=sys.stderr)
    chosen = options.sections or SECTIONS
    for section in SECTIONS:
        if section in chosen:
            figures[section] = measure(section, options, engines, rounds)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(figures, file, indent=1)
    return 0 if all(figures.get("kernels", {"": 1}).values()) else 1


def describe(engines: list[str]) -> dict[str, Any]:
    """Print and return what is measured where."""
    from processes import environment

    about: dict[str, Any] = {**environment(), "engines": engines}
    print("\n".join([about["processor"], about["system"], *engines]))
    return about


def measure(section: str, options: argparse.Namespace, engines: Sequence[Any], rounds: int) -> Any:
    """Run one section."""
    import costs
    import processes
    from engines import Pywasmedge

    chosen = [k for k in KERNELS if not options.kernel or k.name in options.kernel]
    if section == "kernels":
        import execution

        return execution.section(engines, chosen, rounds)
    if section == "metering":
        import switches

        return switches.section("Metering", switches.METERING, options.tier, chosen, rounds)
    if section == "traps":
        import switches

        return switches.section("Exact traps", switches.TRAPS, options.tier, chosen, rounds)
    if section == "calls":
        return costs.crossings(engines, rounds)
    if section == "boundary":
        import boundary

        return boundary.section(min(rounds, 5))
    if section == "wasi":
        import wasi

        return wasi.section(engines, rounds)
    if section == "sockets":
        import sockets

        return sockets.section(min(rounds, 5))
    if section == "instantiate":
        return costs.instantiation(engines, rounds)
    if section == "threads":
        return costs.scaling(engines, rounds)
    if section == "compile":
        ours = next(engine for engine in engines if isinstance(engine, Pywasmedge))
        return costs.compilation(ours, processes.big_module(), rounds)
    if section == "text":
        import text

        return text.section(rounds)
    if section == "limits":
        import limits

        return limits.section(rounds)
    if section == "startup":
        return processes.startup(rounds)
    programs = options.program or (["quickjs"] if options.quick else [])
    return processes.real_programs(programs, min(rounds, 3))


if __name__ == "__main__":
    if importlib.util.find_spec("pywasmedge") is None:
        sys.exit("pywasmedge is not installed: make install, or set PYTHONPATH to the repository")
    sys.exit(main())
