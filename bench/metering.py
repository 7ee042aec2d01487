"""What counting instructions and limiting their cost take, beside code that does neither."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from engines import Pywasmedge
from execution import measure
from report import geometric_mean, table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kernels import Kernel

LIMIT = 2**62
"""A cost limit that no kernel reaches."""


class Metered(Pywasmedge):
    """This project, with these attributes of the configuration switched on."""

    def __init__(self, tier: str, name: str, *switches: str) -> None:
        super().__init__(tier)
        self.name = name  # type: ignore[misc]
        self._switches = switches

    def configure(self) -> Any:
        conf = super().configure()
        for switch in self._switches:
            setattr(conf, switch, True)
        return conf

    def load(self, kernel: Kernel) -> Callable[[int], int]:
        from pywasmedge import VM

        vm = VM(self.configure())
        vm.load_wasm_from_file(kernel.wasm)
        vm.validate()
        vm.instantiate()
        vm.statistics.cost_limit = LIMIT
        return lambda n: int(vm.execute("run", n))


def section(tier: str, kernels: Sequence[Kernel], rounds: int) -> dict[str, dict[str, float]]:
    """Run and print the kernels; seconds by kernel and by what is measured."""
    plain = Metered(tier, "plain")
    metered = (
        Metered(tier, "count", "instruction_counting"),
        Metered(tier, "limit", "cost_measuring"),
        Metered(tier, "both", "instruction_counting", "cost_measuring"),
    )
    results: dict[str, dict[str, float]] = {}
    rows = []
    for kernel in kernels:
        try:
            times = results[kernel.name] = measure(kernel, (plain, *metered), rounds)
        except Exception as error:  # one broken kernel must not hide the others
            print(f"{kernel.name}: {error}", file=sys.stderr)
            continue
        ratios = [f"{times[engine.name] / times['plain']:.2f}" for engine in metered]
        rows.append([kernel.name, kernel.character, f"{times['plain'] * 1e3:.1f}", *ratios])
    if results:
        done = results.values()
        means = [geometric_mean([t[e.name] / t["plain"] for t in done]) for e in metered]
        rows.append(["geometric mean", "", "", *[f"{mean:.3f}" for mean in means]])
    table(
        f"Metering (plain: ms, least of {rounds}; ratios to it, less is better)",
        ["kernel", "character", "plain", *[engine.name for engine in metered]],
        rows,
    )
    return results
