"""Compiling all functions of a module: units of neighbours, on all cores."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from ..base.config import OptimizationLevel
from ..base.errors import Trap
from . import layout
from .abi import MODULE_FLAGS
from .artifact import Origin
from .codegen import ahead_machine, big_thread
from .dump import Stages, wanted
from .effort import MOST_SECONDS_AHEAD, TooMuchError
from .link import link
from .unit import UnitWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..base.config import Configure
    from ..module.ast import Module
    from .code import Code

UNIT = 1 << 16
"""Bytes of WebAssembly code in a unit, unless one function has more: functions are inlined within
units, and a thread needs memory in proportion to its unit (about 100 MB)."""

_PASSES: dict[OptimizationLevel, tuple[int, int | None, str]] = {
    OptimizationLevel.O0: (0, None, ""),
    OptimizationLevel.O1: (1, 1, ""),
    OptimizationLevel.O2: (2, 2, ""),
    OptimizationLevel.O3: (3, 3, ""),
    OptimizationLevel.OS: (2, 2, "optsize "),
    OptimizationLevel.OZ: (2, 2, "optsize minsize "),
}
"""For each level the effort of code generation, the pipeline, and attributes of functions."""


def origin(module_id: bytes, configure: Configure) -> Origin:
    """What code compiled with ``configure`` depends on."""
    here = Origin.here(module_id, configure, guarded=True)
    if not configure.generic_binary:
        return here
    return Origin(
        here.module,
        here.proposals,
        here.guarded,
        here.count,
        here.cost,
        here.exact,
        here.generator,
        layout.GENERIC_PROCESSOR,
    )


def units(module: Module, size: int = UNIT) -> list[list[int]]:
    """The defined functions of a module in groups of neighbours."""
    groups: list[list[int]] = []
    room = 0
    for index, (start, end) in enumerate(module.bodies):
        if end - start > room or not groups:
            groups.append([])
            room = size
        groups[-1].append(index)
        room -= end - start
    return groups


def compile_all(
    module: Module,
    configure: Configure,
    progress: Callable[[int, int], None] | None = None,
) -> list[Code]:
    """Compile every function that is not too complex.

    Args:
        module: a validated module.
        configure: proposals, statistics switches, and the options of the compiler.
        progress: is told now and then how many bytes of how many are done; on any thread. What it
            raises ends the compilation.

    Returns:
        The code of each unit; entries are called ``f<index>``.

    Raises:
        RuntimeError: the code generator failed; a defect.
    """
    return _Compilation(module, configure, progress).run()


class _Compilation:
    def __init__(
        self, module: Module, configure: Configure, progress: Callable[[int, int], None] | None
    ) -> None:
        self._module = module
        self._configure = configure
        self._progress = progress
        self._units = units(module)
        self._sizes = [sum([len(range(*module.bodies[i])) for i in u]) for u in self._units]
        # The largest ones first, so that no thread has one left when the others are done.
        self._waiting = sorted(range(len(self._units)), key=self._sizes.__getitem__)
        self._codes: dict[int, Code] = {}
        self._errors: list[BaseException] = []
        self._done = 0
        self._lock = threading.Lock()
        self._writer = UnitWriter(
            module,
            configure.proposals,
            guarded=True,
            count=configure.instruction_counting,
            cost=configure.cost_measuring,
            exact=configure.exact_traps,
            most=MOST_SECONDS_AHEAD,
        )

    def run(self) -> list[Code]:
        """Compile on as many threads as there are processors; LLVM works without any lock."""
        count = min(len(os.sched_getaffinity(0)), len(self._units))
        threads = [big_thread(self._work, f"pywasmedge-ahead-{i}") for i in range(count)]
        try:
            for thread in threads:
                thread.join()
        except BaseException as error:  # Ctrl-C
            self._errors.append(error)
            for thread in threads:
                thread.join()
        if self._errors:
            raise self._errors[0]
        return [self._codes[i] for i in range(len(self._units))]

    def _work(self) -> None:
        try:
            effort, passes, attributes = _PASSES[self._configure.optimization_level]
            machine = ahead_machine(effort, generic=self._configure.generic_binary)
            while not self._errors:
                with self._lock:
                    if not self._waiting:
                        return
                    number = self._waiting.pop()
                text = self._text(self._units[number]) + MODULE_FLAGS
                for group in ("attributes #0 = { ", "attributes #3 = { "):
                    text = text.replace(group, group + attributes, 1)
                stages = self._stages(number)
                self._codes[number] = link(machine.compile(text, passes, stages))
                with self._lock:
                    self._done += self._sizes[number]
                    if self._progress:
                        self._progress(self._done, sum(self._sizes))
        except BaseException as error:
            self._errors.append(error)

    def _stages(self, number: int) -> Stages | None:
        """The files to write for a unit; the configuration's are in the current directory."""
        if self._configure.dump_ir:
            end = f".{number}.ll" if number else ".ll"
            return Stages(f"wasm{end}", f"wasm-opt{end}")
        dump = wanted()
        return dump.stages(self._module, self._units[number], "ahead") if dump else None

    def _text(self, unit: Sequence[int]) -> str:
        """LLVM text of a unit, without the functions that are too complex to compile."""
        try:
            return self._writer.write(unit)
        except (Trap, TooMuchError):
            return self._writer.write([i for i in unit if self._is_possible(i)])

    def _is_possible(self, index: int) -> bool:
        try:
            self._writer.write([index])
        except (Trap, TooMuchError):
            return False
        return True
