"""Where a module has code that was compiled ahead of time: custom sections of a certain name."""

from __future__ import annotations

from ..base.errors import LoadError
from .reader import u32

SECTION = "wasmedge"
"""Name of the custom section."""
NAME = bytes([len(SECTION)]) + SECTION.encode()
"""The name as the section begins with it."""


def code_sections(data: bytes) -> list[tuple[int, int, int]]:
    """Start, start of the content and end of all such sections; none after malformed ones."""
    found = []
    at, end = 8, len(data)
    try:
        while at < end:
            size, content = u32(data, at + 1, end)
            stop = content + size
            if not data[at] and len(NAME) <= size and data.startswith(NAME, content):
                found.append((at, content + len(NAME), stop))
            at = stop
    except LoadError:
        pass
    return found
