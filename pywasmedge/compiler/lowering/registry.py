"""The registry of lowering functions and what they know about the target machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    F = TypeVar("F", bound=Callable[..., str | None])

LOWERINGS: dict[str, Callable[..., str | None]] = {}
"""Lowering functions by name: what a row's ``use(name, ...)`` refers to.

Each is called as ``function(emitter, *args, *immediates, *operands)`` (see ``isa.row.Use``) and
returns the LLVM text of the result, or ``None`` if the instruction has no result.
"""

X86_64 = os.uname().machine == "x86_64"
"""Whether lowerings may call the x86-64 intrinsics of LLVM (up to SSE 4.1)."""


def lowering(function: F) -> F:
    """Register ``function`` under its name; a name can be taken only once."""
    name = function.__name__
    if name in LOWERINGS:
        raise ValueError(f"lowering {name!r} is defined twice")
    LOWERINGS[name] = function
    return function


def find_lowering(prefix: int, name: str) -> Callable[..., str | None]:
    """The lowering function ``name``, for a row behind ``prefix``.

    The families of the large tables are imported when the first of their rows is met.
    """
    if prefix == 0xFD:
        from . import simd  # noqa: F401  (registers its functions)
    elif prefix == 0xFE:
        from . import atomic  # noqa: F401
    return LOWERINGS[name]
