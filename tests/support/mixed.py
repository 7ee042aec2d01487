"""Code of both code generators side by side in one module."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from pywasmedge.code import compiled as code
from pywasmedge.code import quick as emitter
from pywasmedge.code.compiled import CompiledModule
from pywasmedge.code.generators import quick_compiler, unit_compiler
from pywasmedge.compiler.codegen import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from pywasmedge.base.config import Configure
    from pywasmedge.module.ast import Module


@contextmanager
def mixed_tiers(
    random: Random,
    share: float = 0.5,
    levels: Sequence[Level] = (Level.QUICK, Level.OPTIMISED),
    *,
    guarded: bool = True,
) -> Iterator[None]:
    """In modules of tier ``QUICK`` that are made meanwhile, ``random`` decides what makes code.

    Args:
        random: asked about every function.
        share: how many of them have quick code.
        levels: how well LLVM compiles the others.
        guarded: code may rely on guard pages.
    """

    plain = CompiledModule._make

    def make(compiled: CompiledModule, indices: Sequence[int], level: Level) -> None:
        chosen = [i for i in indices if random.random() < share]
        others = [i for i in indices if i not in chosen]
        plain(compiled, chosen, level)
        if others:
            compiled.install(compiled._compile(others, random.choice(levels)), others, level)

    def quick(module: Module, configure: Configure, guards: bool) -> Any:
        return quick_compiler(module, configure, guards and guarded)

    def unit(module: Module, configure: Configure, guards: bool) -> Any:
        return unit_compiler(module, configure, guards and guarded)

    with (
        patch.multiple(code, quick_compiler=quick, unit_compiler=unit),
        patch.object(CompiledModule, "_make", make),
        patch.object(emitter, "_tables", lambda: None),  # Python decides about every function
    ):
        yield
