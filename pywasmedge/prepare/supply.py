"""Where the code of a module comes from when it is instantiated."""

from __future__ import annotations

from ..code.compiled import CompiledModule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..base.config import Configure
    from ..module.ast import Module
    from .precompiled import Precompiled


def supply(
    tree: Module, configure: Configure, *, guarded: bool, precompiled: Precompiled | None = None
) -> CompiledModule:
    """The code of a module: what came with it, else what earlier runs made; the rest is made later.

    Args:
        tree: a module whose declarations are valid.
        configure: what the code has to do.
        guarded: all memories of all instances will have guard pages.
        precompiled: code that came with the module.

    Raises:
        MemoryError: no memory for the code.
    """
    compiled = CompiledModule(tree, configure, guarded=guarded)
    if precompiled is not None:
        precompiled.install(compiled, configure)
    elif compiled.is_costly():
        from .kept import attach

        compiled.recorder = attach(compiled, configure)
    return compiled
