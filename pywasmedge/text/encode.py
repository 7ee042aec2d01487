"""Pieces of the binary format (specification, section 5.2)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sized

_SMALL = tuple(bytes((value,)) for value in range(128))


def unsigned(value: int) -> bytes:
    """LEB128 of a natural number."""
    if value < 128:
        return _SMALL[value]
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def signed(value: int) -> bytes:
    """Signed LEB128 of an integer."""
    if -64 <= value < 64:
        return _SMALL[value & 127]
    out = bytearray()
    while not -64 <= value < 64:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value & 127)
    return bytes(out)


def sized(content: bytes | bytearray) -> bytes:
    """Bytes behind their number: names, bodies, contents of sections."""
    return unsigned(len(content)) + content


def vector(items: Iterable[bytes | bytearray]) -> bytes:
    """Items behind their number."""
    items = list(items)
    return unsigned(len(items)) + b"".join(items)


def text(name: str) -> bytes:
    """A name."""
    return sized(name.encode())


def section(number: int, count: Sized, content: bytes) -> bytes:
    """A section that holds a vector; nothing if that is empty."""
    if not len(count):
        return b""
    return _SMALL[number] + sized(unsigned(len(count)) + content)
