"""Whole processes: start-up, real programs, peak memory."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from programs import VARIABLE, cache_directory, installed
from report import duration, table

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent
HELLO = HERE.parent / "tests" / "guests" / "hello.wasm"
AGAIN = " again"
"""Ends the name of a runtime that has run the program before, with its cache."""


@dataclass(slots=True)
class Outcome:
    """What a process took: seconds, KiB; ``first`` is the time of the first output."""

    wall: float
    first: float | None
    cpu: float
    peak_kib: int
    exit: int
    output: str


def run(command: Sequence[str]) -> Outcome:
    """Run ``command`` with empty standard input, measured by ``measure.py``."""
    with tempfile.NamedTemporaryFile("r", suffix=".json") as report:
        subprocess.run(
            [sys.executable, "-I", "-S", HERE / "measure.py", report.name, *command],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        return Outcome(**json.load(report))


def runners() -> dict[str, list[str]]:
    """How each runtime on this machine starts a WASI command; they share the ``--dir`` option."""
    script = Path(sys.executable).with_name("wasmedge")
    ours = [str(script)] if script.exists() else [sys.executable, "-m", "pywasmedge"]
    kept = ["--cache-dir", cache_of_runs()]
    commands = {"wasmedge": [*ours, "--no-cache"], f"wasmedge{AGAIN}": [*ours, *kept]}
    if has_wasmtime():
        theirs = [sys.executable, str(HERE / "wasmtime_cli.py")]
        commands |= {"wasmtime": theirs, f"wasmtime{AGAIN}": [*theirs, *kept]}
    if node := shutil.which("node"):
        commands["node"] = [node, "--no-warnings", str(HERE / "node_cli.mjs")]
    return commands


@cache
def cache_of_runs() -> str:
    """A directory for the runtimes' caches, which goes with this process."""
    directory = tempfile.mkdtemp(prefix="bench-cache-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory


def has_wasmtime() -> bool:
    """Whether the ``wasmtime`` package is installed."""
    from importlib.util import find_spec

    return find_spec("wasmtime") is not None


def least(
    commands: dict[str, list[str]], rounds: int, expect: str = ""
) -> dict[str, dict[str, float | None] | None]:
    """Least figures of ``rounds`` interleaved runs; ``None`` for a command that fails.

    A command fails when its exit code is not 0 or its output lacks ``expect``. Those that are to
    run again run once before.
    """
    for name, command in commands.items():
        if name.endswith(AGAIN):
            run(command)
    results: dict[str, dict[str, float | None] | None] = {}
    order = list(commands)
    for _ in range(rounds):
        for name in order:
            if name in results and results[name] is None:
                continue
            outcome = run(commands[name])
            if outcome.exit or expect not in outcome.output:
                results[name] = None
                continue
            found = {"wall": outcome.wall, "first": outcome.first, "peak": outcome.peak_kib / 1024}
            known = results.get(name) or found
            results[name] = {key: least_of(value, known[key]) for key, value in found.items()}
        order.append(order.pop(0))
    return results


def least_of(a: float | None, b: float | None) -> float | None:
    """The smaller figure; ``None`` is none."""
    return min((figure for figure in (a, b) if figure is not None), default=None)


def startup(rounds: int) -> dict[str, dict[str, float | None] | None]:
    """Wall time of the smallest real program, and of the interpreter alone."""
    commands = {name: [*command, str(HELLO)] for name, command in runners().items()}
    commands["python -c pass"] = [sys.executable, "-c", "pass"]
    results = least(commands, rounds)
    table(
        "Start-up: hello.wasm, whole process",
        ["command", "wall", "peak memory"],
        [[name, *cells(r, "wall", "peak")] for name, r in results.items()],
    )
    return results


def real_programs(
    names: Sequence[str], rounds: int
) -> dict[str, dict[str, dict[str, float | None] | None]]:
    """Time to the first line, wall time and peak memory of the real programs that are there."""
    folder = cache_directory()
    if folder is None:
        print(
            f"\nReal programs: set {VARIABLE} to a directory, run bench/programs.py to fetch them"
        )
        return {}
    results = {}
    rows = []
    for item in installed(folder):
        program = item.program
        if names and program.name not in names:
            continue
        commands = {name: [*command, *item.arguments] for name, command in runners().items()}
        results[program.name] = least(commands, rounds, program.expect)
        for name, r in results[program.name].items():
            rows.append([program.name, name, *cells(r, "first", "wall", "peak")])
    table(
        "Real programs, whole process",
        ["program", "runtime", "first output", "wall", "peak memory"],
        rows,
    )
    return results


def big_module() -> Path | None:
    """A real program to load and compile, if it has been fetched."""
    folder = cache_directory()
    found = installed(folder) if folder else []
    return found[0].wasm if found else None


def cells(result: dict[str, float | None] | None, *keys: str) -> list[str]:
    """Formatted figures of one result."""
    if result is None:
        return ["failed", *["-"] * (len(keys) - 1)]
    return [cell(key, result[key]) for key in keys]


def cell(key: str, figure: float | None) -> str:
    """One figure in its unit; a program without output has no time of its first output."""
    if figure is None:
        return "-"
    return f"{figure:.0f} MiB" if key == "peak" else duration(figure)


def environment() -> dict[str, str]:
    """What the figures depend on."""
    model = ""
    if os.path.exists("/proc/cpuinfo"):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return {
        "processor": f"{model}, {os.cpu_count()} logical cores",
        "system": " ".join(os.uname()[i] for i in (0, 2, 4)),
        "python": sys.version.split()[0],
    }
