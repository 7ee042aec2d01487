"""WASI preview1: the system interface for guests."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .module import WasiModule

__all__ = ["WasiModule"]


def __getattr__(name: str) -> object:
    if name == "WasiModule":
        from .module import WasiModule

        return WasiModule
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
