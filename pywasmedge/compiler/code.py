"""Compiled code as inert bytes: what the linker makes, a file can hold and the runtime loads."""

from __future__ import annotations

from ..base.record import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """Position-independent machine code with its read-only data in one blob.

    All references inside the blob are resolved. It can be placed at any address that is a
    multiple of ``alignment``; the only thing left to do is to add the absolute addresses of
    ``imports``.

    Attributes:
        blob: the bytes, read-only and executable once loaded.
        entries: byte offset in the blob of every function, by name.
        unwind: range (start, end) of the call frame information (``.eh_frame``) in the blob.
        imports: (byte offset of an 8-byte slot, name of the kernel function whose address is to
            be added to what the slot holds).
        segments: range in the blob of the list of segments, if the code adds up costs
            (``compiler/metering.py``).
        alignment: of the blob, in bytes; at most ``ALIGNMENT``.
    """

    blob: bytes
    entries: dict[str, int]
    unwind: tuple[int, int]
    imports: tuple[tuple[int, str], ...] = ()
    segments: tuple[int, int] = (0, 0)
    alignment: int = 64


ALIGNMENT = 4096
"""Strictest alignment a blob can rely on, in bytes: that of pages."""
