"""Quick code of the emitter in C beside that of Python, its specification: the same bytes.

``python -m quick_bytes [FILE...]``: all functions of the modules; by default of the suites, the
kernels, the guests and, if ``PYWASMEDGE_PROGRAMS`` is set, of the real programs there. Exit code 1
if a function differs or too many are left to Python.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import testdata

from pywasmedge.base.config import Configure, Proposal, Tier
from pywasmedge.base.errors import Trap, WasmError
from pywasmedge.code.compiled import CompiledModule
from pywasmedge.code.quick import emitted
from pywasmedge.compiler.baseline.writer import BaselineWriter
from pywasmedge.module.loader import load
from pywasmedge.walk.rules import validate_module

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL = frozenset(Proposal)


@dataclass
class Comparison:
    """What became of functions; ``different`` names those with other bytes."""

    same: int = 0
    invalid: int = 0
    left: int = 0
    different: list[str] = field(default_factory=list)

    def add(self, name: str, ours: bytes | None, python: bytes | None) -> None:
        """Count a function; ``None``: left to Python, or not valid."""
        if ours is None and python is None:
            self.invalid += 1
        elif ours is None:
            self.left += 1
        elif ours == python:
            self.same += 1
        else:
            self.different.append(name)

    def __str__(self) -> str:
        text = f"{self.same} the same, {self.left} left to Python, {self.invalid} not valid"
        return f"{text}, {len(self.different)} different"


def compare(
    binary: bytes,
    into: Comparison,
    *,
    proposals: frozenset[Proposal] | set[Proposal] | None = None,
    guarded: bool = True,
    counting: bool = True,
    step: int = 1,
    name: str = "",
) -> None:
    """Compare every ``step``-th function of a module; one whose declarations are bad has none."""
    configure = Configure(tier=Tier.AUTO if counting else Tier.QUICK, lazy=True)
    if proposals is not None:
        configure.proposals = set(proposals)
    try:
        module = load(binary, configure, bodies=False)
        validate_module(module, configure)
    except WasmError:
        return
    compiled = CompiledModule(module, configure, guarded=guarded)
    writer = BaselineWriter(module, configure.proposals, guarded=guarded, counting=counting)
    for index in range(0, len(module.funcs), step):
        expected: bytes | None
        try:
            expected = writer.compile((index,)).blob
        except (WasmError, Trap):
            expected = None
        into.add(f"{name} {index}", emitted(compiled.handle, index), expected)


def suite_modules(step: int = 1) -> Iterator[tuple[str, bytes, frozenset[Proposal]]]:
    """The modules of every ``step``-th script of the suites; none if these are not there."""
    from spec import suites

    for script in suites.scripts()[::step]:
        chosen = frozenset(suites.configure(script, Tier.QUICK).proposals)
        commands = [c for c in script.commands if c.get("module_type") != "text"]
        for name in sorted({c["filename"] for c in commands if "filename" in c}):
            yield f"{script.id} {name}", script.binary(name), chosen


def everything() -> Iterator[tuple[str, bytes, frozenset[Proposal] | None]]:
    """Names, modules and proposals (``None``: the default ones) of what there is."""
    for path in sorted(testdata.GUESTS.rglob("*.wasm")):
        yield path.stem, path.read_bytes(), None
    for path in sorted((testdata.ROOT / "bench").rglob("*.wasm")):
        yield path.stem, path.read_bytes(), None
    yield from suite_modules()
    programs = os.environ.get("PYWASMEDGE_PROGRAMS")
    for path in sorted(Path(programs).rglob("*.wasm")) if programs else ():
        yield path.stem, path.read_bytes(), None


def main() -> int:
    """Compare all functions of the files of the command line, or of everything."""
    files = [(path, Path(path).read_bytes(), None) for path in sys.argv[1:]]
    total = Comparison()
    for name, binary, proposals in files or everything():
        compare(binary, total, proposals=proposals, name=name)
        if len(binary) > 1 << 20:
            print(f"{name}: so far {total}", flush=True)
    print(f"quick code of C and of Python: {total}", *total.different, sep="\n")
    return bool(total.different) or total.left * 200 > total.same


if __name__ == "__main__":
    sys.exit(main())
