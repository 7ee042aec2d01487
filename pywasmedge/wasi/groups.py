"""Finding WASI functions by name; a group's file is imported when its first function is needed."""

from __future__ import annotations

from importlib import import_module

from .function import ALTERNATIVES, FUNCTIONS, PREVIEW0

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..base.types import FunctionType
    from .function import Function

_FILES = {
    "args": "args",
    "clock": "clock",
    "environ": "args",
    "fd": "fd",
    "path": "path",
    "poll": "poll",
    "proc": "proc",
    "random": "random",
    "sched": "sched",
    "sock": "sock",
}
"""File of a function, by the first word of its name."""


def find(name: str) -> Function | None:
    """The function ``name``, or ``None`` if WASI has none of that name."""
    file = _FILES.get(name.partition("_")[0])
    if file is None:
        return None
    import_module(f".{file}", __package__)
    return FUNCTIONS.get(name)


def find_typed(name: str, type_: FunctionType) -> Function | None:
    """The function ``name`` of exactly that type, if a signature other than the first has it."""
    if find(name) is not None:
        for function in ALTERNATIVES.get(name, ()):
            if function.type == type_:
                return function
    return None


def find_all() -> dict[str, Function]:
    """Every function by name."""
    for file in _FILES.values():
        import_module(f".{file}", __package__)
    return FUNCTIONS


def find_preview0(name: str) -> Function | None:
    """The function ``name`` as it was in preview 0."""
    import_module(".preview0", __package__)
    return PREVIEW0.get(name) or find(name)


def find_all_preview0() -> dict[str, Function]:
    """Every function of preview 0 by name."""
    return {name: found for name in find_all() if (found := find_preview0(name))}
