"""Libraries of others, imported when an extension needs them first."""

from __future__ import annotations

from ..base import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_missing: dict[str, str] = {}


class MissingLibraryError(Exception):
    """A library is not installed, or is there and cannot be used; the text says which and why."""


def library(name: str, extra: str, *uses: str) -> Any:
    """The module ``name``, imported.

    That it cannot be imported is logged, once in a process.

    Args:
        name: as in an import statement, with dots.
        extra: the extra of this package that installs it.
        uses: what of it is used; a version that lacks something is as if it were not there.

    Raises:
        MissingLibraryError: it cannot be imported, or lacks something.
    """
    if name in _missing:
        raise MissingLibraryError(_missing[name])
    from importlib import import_module

    try:
        found = import_module(name)
        for use in uses:
            getattr(found, use)
        return found
    except Exception as error:  # of a library that is broken, anything
        first = name.partition(".")[0]
        absent = isinstance(error, ModuleNotFoundError) and error.name == first
        reason = "is not installed" if absent else f"cannot be used ({error!r})"
        text = f"{first} {reason}: pip install 'pywasmedge[{extra}]'"
        if name not in _missing:
            _missing[name] = text
            log.error(text)
        raise MissingLibraryError(text) from None
