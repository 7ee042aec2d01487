"""What switches of the configuration take, beside code without them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from engines import Pywasmedge
from execution import measure
from report import geometric_mean, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kernels import Kernel

LIMIT = 2**62
"""A cost limit that no kernel reaches."""


class Switched(Pywasmedge):
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


METERING = {
    "count": ("instruction_counting",),
    "limit": ("cost_measuring",),
    "both": ("instruction_counting", "cost_measuring"),
}
TRAPS = {"exact": ("exact_traps",)}
"""Names of what is measured, and the attributes that are switched on."""


def section(
    title: str,
    ways: Mapping[str, Sequence[str]],
    tier: str,
    kernels: Sequence[Kernel],
    rounds: int,
) -> dict[str, dict[str, float]]:
    """Run and print the kernels; seconds by kernel and by what is measured."""
    engines = [Switched(tier, name, *switches) for name, switches in ways.items()]
    results: dict[str, dict[str, float]] = {}
    rows = []
    for kernel in kernels:
        try:
            times = results[kernel.name] = measure(
                kernel, (Switched(tier, "plain"), *engines), rounds
            )
        except Exception as error:  # one broken kernel must not hide the others
            print(f"{kernel.name}: {error}", file=sys.stderr)
            continue
        ratios = [f"{times[name] / times['plain']:.2f}" for name in ways]
        rows.append([kernel.name, kernel.character, f"{times['plain'] * 1e3:.1f}", *ratios])
    if results:
        done = results.values()
        means = [geometric_mean([t[name] / t["plain"] for t in done]) for name in ways]
        rows.append(["geometric mean", "", "", *[f"{mean:.3f}" for mean in means]])
    table(
        f"{title} (plain: ms, least of {rounds}; ratios to it, less is better)",
        ["kernel", "character", "plain", *ways],
        rows,
    )
    return results
