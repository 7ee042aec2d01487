"""The code generators of a module, each made when it is needed first."""

from __future__ import annotations

import threading
from math import inf

from ..base.config import Tier
from ..compiler.baseline.stencil import available
from ..compiler.effort import MOST_SECONDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from ..base.config import Configure
    from ..compiler.code import Code
    from ..compiler.codegen import Level
    from ..module.ast import Module

    CompileUnit = Callable[..., Code]


def quick_compiler(
    module: Module, configure: Configure, guarded: bool
) -> Callable[[Sequence[int]], Code] | None:
    """The quick code generator for a module; ``None`` if there is none for this processor."""
    writer: Callable[[Sequence[int]], Code] | None = None

    def compile_functions(indices: Sequence[int]) -> Code:
        nonlocal writer
        if writer is None:
            from ..compiler.baseline.writer import BaselineWriter
            from ..compiler.dump import wanted

            quick = BaselineWriter(
                module,
                configure.proposals,
                guarded=guarded,
                counting=configure.tier == Tier.AUTO,
                count=configure.instruction_counting,
                cost=configure.cost_measuring,
            )
            writer = quick.compile
            dump = wanted()
            if dump is not None and dump.asm is not None:
                from ..compiler.baseline.listing import listed

                writer = listed(quick, dump)
        return writer(indices)

    return compile_functions if available() else None


def _always() -> bool:
    return True


def unit_compiler(module: Module, configure: Configure, guarded: bool) -> CompileUnit:
    """The code generator for a module: LLVM text, object file, inert code."""
    writer: Any = None
    lock = threading.Lock()

    def compile_unit(
        indices: Sequence[int],
        level: Level,
        loops: Sequence[tuple[int, int]] = (),
        needed: Callable[[], bool] = _always,
    ) -> Code:
        nonlocal writer
        from ..compiler.codegen import compile_ir
        from ..compiler.dump import wanted
        from ..compiler.link import link

        with lock:
            if writer is None:
                from ..compiler.unit import UnitWriter

                writer = UnitWriter(
                    module,
                    configure.proposals,
                    guarded=guarded,
                    count=configure.instruction_counting,
                    cost=configure.cost_measuring,
                    exact=configure.exact_traps,
                    most=MOST_SECONDS if available() else inf,
                )
        text = writer.write(indices, loops)
        name = f"functions {', '.join(map(str, indices[:3]))}" if indices else f"loops {loops}"
        stages = None
        dump = wanted()
        if dump is not None:
            functions = list(indices) or [index for index, _ in loops]
            title = level.name.lower()
            stages = dump.stages(module, functions, title, [loop for _, loop in loops])
        return link(compile_ir(text, level, name, stages, needed))

    return compile_unit
