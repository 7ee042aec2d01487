"""``wasmedge cache info`` and ``wasmedge cache clear``."""

from __future__ import annotations

from ..cache.directory import directory, locate
from ..cache.limit import clear, entries, limit
from .options import UsageError

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


def run(words: list[str], place: str | None) -> str:
    """Carry out a command about the cache.

    Args:
        words: what follows ``cache`` on the command line.
        place: what was said about where the cache is, as in ``Configure.cache``.

    Returns:
        What to print.

    Raises:
        UsageError: there is no such command, the cache is off, or it cannot be used.
    """
    if len(words) != 1 or words[0] not in ("info", "clear"):
        raise UsageError("cache: either `cache info` or `cache clear`")
    path = locate(place)
    if path is None:
        raise UsageError("the cache is off")
    try:
        found = directory(place, create=False, strict=True)
    except FileNotFoundError:
        found = None
    except OSError as error:
        raise UsageError(f"{path} cannot be used as a cache: {error.strerror}") from None
    if words[0] == "clear":
        try:
            freed = clear(found) if found else 0
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from None
        return f"{_text(freed)} removed from {path}\n"
    present = entries(found) if found else []
    modules = len({usage.name.partition("-")[0] for usage in present})
    size = _text(sum([usage.size for usage in present]))
    return f"directory  {path}\nmodules    {modules}\nsize       {size} of {_text(limit())}\n"


def _text(size: float) -> str:
    """A number of bytes for people."""
    unit = 0
    while size >= 1024 and unit + 1 < len(_UNITS):
        size /= 1024
        unit += 1
    return f"{size:.0f} {_UNITS[unit]}" if not unit else f"{size:.1f} {_UNITS[unit]}"
