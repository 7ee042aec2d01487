"""WASI preview1: the system interface for guests."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .module import WASI

__all__ = ["WASI"]


def __getattr__(name: str) -> object:
    if name == "WASI":
        from .module import WASI

        return WASI
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
