"""Guest execution alone: every kernel in every engine, interleaved, compilation excluded."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from engines import MASK
from report import geometric_mean, table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engines import Engine
    from kernels import Kernel

REFERENCE = "gcc"


def timed(run: Callable[[int], int], n: int) -> float:
    """Processor seconds of one call: waiting for other processes does not count."""
    start = time.thread_time()
    run(n)
    return time.thread_time() - start


def measure(kernel: Kernel, engines: Sequence[Engine], rounds: int) -> dict[str, float]:
    """Least seconds of ``rounds`` calls by engine name; the order rotates from round to round.

    Raises:
        ValueError: the engines do not agree on the checksum.
    """
    runs = {engine.name: engine.load(kernel) for engine in engines}
    sums = {name: run(kernel.n) & MASK for name, run in runs.items()}  # warms up, too
    if len(set(sums.values())) != 1:
        results = ", ".join(f"{name} {value:#x}" for name, value in sums.items())
        raise ValueError(f"{kernel.name}: checksums differ: {results}")
    best = dict.fromkeys(runs, float("inf"))
    order = list(runs)
    for _ in range(rounds):
        for name in order:
            best[name] = min(best[name], timed(runs[name], kernel.n))
        order.append(order.pop(0))
    return best


def section(
    engines: Sequence[Engine], kernels: Sequence[Kernel], rounds: int
) -> dict[str, dict[str, float]]:
    """Run and print the kernels; seconds by kernel and engine."""
    results: dict[str, dict[str, float]] = {}
    for kernel in kernels:
        try:
            results[kernel.name] = measure(kernel, engines, rounds)
        except Exception as error:  # one broken kernel must not hide the others
            print(f"{kernel.name}: {error}", file=sys.stderr)
            results[kernel.name] = {}
    names = [engine.name for engine in engines]
    others = [name for name in names if name != REFERENCE] if REFERENCE in names else []
    rows = []
    for kernel in kernels:
        times = results[kernel.name]
        cells = [f"{times[name] * 1e3:.1f}" if times else "failed" for name in names]
        ratios = [f"{times[name] / times[REFERENCE]:.2f}" if times else "-" for name in others]
        rows.append([kernel.name, kernel.character, *cells, *ratios])
    done = [times for times in results.values() if times]
    if done and others:
        means = [geometric_mean([t[name] / t[REFERENCE] for t in done]) for name in others]
        rows.append(["geometric mean", "", *[""] * len(names), *[f"{mean:.3f}" for mean in means]])
    table(
        f"Guest execution (ms, least of {rounds}; ratios to {REFERENCE}, less is better)",
        ["kernel", "character", *names, *[f"{name}/{REFERENCE}" for name in others]],
        rows,
    )
    return results
