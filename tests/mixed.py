"""Code of both code generators side by side in one module."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from pywasmedge.compiler.codegen import Level
from pywasmedge.runtime import code
from pywasmedge.runtime.generators import quick_compiler, unit_compiler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
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

    def some_quick(
        module: Module, configure: Configure, guards: bool
    ) -> Callable[[Sequence[int]], Any]:
        compile_functions = quick_compiler(module, configure, guards and guarded)

        def compile_some(indices: Sequence[int]) -> Any:
            chosen = [i for i in indices if random.random() < share]
            made, left = compile_functions(chosen)
            return made, [i for i in indices if i in left or i not in chosen]

        return compile_some

    def some_level(module: Module, configure: Configure, guards: bool) -> Callable[..., Any]:
        compile_unit = unit_compiler(module, configure, guards and guarded)
        return lambda indices, _: compile_unit(indices, random.choice(levels))

    with patch.multiple(code, quick_compiler=some_quick, unit_compiler=some_level):
        yield
