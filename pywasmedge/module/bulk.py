"""What a module can have hundreds of thousands of: indices, bodies, data segments.

Integers are read here by loops that are unrolled for what is usual; everything else is left to
``reader``. Where something is wrong the errors are those of reading piece by piece.
"""

from __future__ import annotations

from array import array
from sys import byteorder

from ..base.errors import LoadError
from .reader import s32, u32, unexpected_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .ast import Data, Datas

# --- integers --------------------------------------------------------------------------------


def u32_vector(data: bytes, pos: int, end: int, count: int) -> tuple[array[int], int]:
    """``count`` unsigned 32-bit integers; costs nothing for a count that the data cannot hold.

    Raises:
        LoadError: as for :func:`u32`.
    """
    if count > end - pos:
        raise unexpected_end(end, f"{count} items declared, {end - pos} bytes left")
    values = array("I")
    append = values.append
    while count:
        some = min(count, _BULK)
        for width, marks in enumerate(_MARKS, 1):
            piece = data[pos : pos + some * width]
            if pos + len(piece) <= end and piece.translate(_CONTINUES) == marks[: some * width]:
                values.frombytes(_combined(piece, width))
                pos += len(piece)
                break
        else:
            for _ in range(some):
                if end - pos < 3:
                    value, pos = u32(data, pos, end)
                    append(value)
                elif (byte := data[pos]) < 0x80:
                    append(byte)
                    pos += 1
                elif (high := data[pos + 1]) < 0x80:
                    append((byte ^ 0x80) | high << 7)
                    pos += 2
                elif (third := data[pos + 2]) < 0x80:
                    append(byte & 0x7F | (high & 0x7F) << 7 | third << 14)
                    pos += 3
                else:
                    value, pos = u32(data, pos, end)
                    append(value)
        count -= some
    return values, pos


_BULK = 1024
"""Integers looked at together: if all have the same length they are decoded at once."""
_CONTINUES = bytes(128) + b"\1" * 128
_MARKS = tuple((b"\1" * width + b"\0") * _BULK for width in range(3))
"""What ``_CONTINUES`` makes of integers that are all one, two or three bytes long."""
_LOW_7 = bytes(i & 0x7F for i in range(256))
_BIT_0 = bytes((i & 1) << 7 for i in range(256))
_BITS_1_TO_6 = bytes((i & 0x7F) >> 1 for i in range(256))
_BITS_0_AND_1 = bytes((i & 3) << 6 for i in range(256))
_BITS_FROM_2 = bytes(i >> 2 for i in range(256))


def _combined(piece: bytes, width: int) -> bytes:
    """LEB128 integers of ``width`` bytes each as 32-bit integers of this machine."""
    out = bytearray(len(piece) // width * 4)
    lowest, *others = range(4) if byteorder == "little" else range(3, -1, -1)
    columns = [piece[i::width] for i in range(width)]
    if width == 1:
        out[lowest::4] = piece
    else:
        first, second = columns[:2]
        out[lowest::4] = _either(first.translate(_LOW_7), second.translate(_BIT_0))
        out[others[0] :: 4] = second.translate(_BITS_1_TO_6)
    if width == 3:
        third = columns[2]
        middle = third.translate(_BITS_0_AND_1)
        out[others[0] :: 4] = _either(columns[1].translate(_BITS_1_TO_6), middle)
        out[others[1] :: 4] = third.translate(_BITS_FROM_2)
    return bytes(out)


def _either(a: bytes, b: bytes) -> bytes:
    """Bitwise or of two strings of the same length."""
    both = int.from_bytes(a, "little") | int.from_bytes(b, "little")
    return both.to_bytes(len(a), "little")


# --- bodies ----------------------------------------------------------------------------------


def body_marks(data: bytes, pos: int, end: int, count: int) -> tuple[array[int], LoadError | None]:
    """Where the size in front of each of ``count`` bodies stands, and where the last body ends.

    Returns:
        The marks (see ``ast.Bodies``), and what is wrong with the size of the body at the last of
        them, if anything is.
    """
    marks = array("I", (pos,))
    append = marks.append
    safe = end - 2  # the sizes of bodies that start before need no check
    for _ in range(count):
        if pos >= safe:
            break
        if (size := data[pos]) < 0x80:
            pos += 1 + size
        elif (high := data[pos + 1]) < 0x80:
            pos += size + (high << 7) - 0x7E
        elif (third := data[pos + 2]) < 0x80:
            pos += size + (high << 7) + (third << 14) - 0x407D
        else:
            try:
                pos = _body_end(data, pos, end)
            except LoadError as error:
                return marks, error
        append(pos)
    if pos > end:  # sizes were added without looking
        marks.pop()
        pos = marks[-1]
    try:
        while len(marks) <= count:
            pos = _body_end(data, pos, end)
            append(pos)
    except LoadError as error:
        return marks, error
    return marks, None


def _body_end(data: bytes, pos: int, end: int) -> int:
    """Where the body ends whose size stands at ``pos``."""
    size, pos = u32(data, pos, end)
    if size > end - pos:
        raise unexpected_end(pos, f"body of {size} bytes, {end - pos} left")
    return pos + size


# --- data segments ---------------------------------------------------------------------------


def data_segments(
    datas: Datas,
    data: bytes,
    pos: int,
    end: int,
    count: int,
    other: Callable[[int], tuple[Data, int]],
) -> int:
    """Add ``count`` segments to ``datas``.

    Args:
        datas: is filled.
        data, pos, end: as everywhere.
        count: how many segments to read.
        other: reads the segment at a position that is not plain.

    Returns:
        The position behind them.

    Raises:
        LoadError: a segment is malformed.
    """
    mark, add_offset, add_start = datas.marks.append, datas.offsets.append, datas.starts.append
    for index in range(count):
        mark(pos)
        if end - pos > 16 and data[pos] == 0 and data[pos + 1] == 0x41:
            value = data[pos + 2]
            if value < 0x80:
                at, bits = pos + 3, 7
            elif (byte := data[pos + 3]) < 0x80:
                at, bits, value = pos + 4, 14, value + (byte << 7) - 0x80
            elif (third := data[pos + 4]) < 0x80:
                at, bits, value = pos + 5, 21, value + (byte << 7) + (third << 14) - 0x4080
            elif (fourth := data[pos + 5]) < 0x80:
                value += (byte << 7) + (third << 14) + (fourth << 21) - 0x20_4080
                at, bits = pos + 6, 28
            else:
                value, at = s32(data, pos + 2, end)
                value &= 0xFFFF_FFFF
                bits = 0
            if data[at] == 0x0B:
                if bits and value >> bits - 1:
                    value += 0x1_0000_0000 - (1 << bits)
                size = data[at + 1]
                if size < 0x80:
                    at += 2
                else:
                    size, at = u32(data, at + 1, end)
                if size > end - at:
                    detail = f"data segment of {size} bytes, {end - at} left"
                    raise unexpected_end(at, detail)
                add_offset(value)
                add_start(at)
                pos = at + size
                continue
        segment, pos = other(pos)
        datas.others[index] = segment
        add_offset(0)
        add_start(segment.init[0])
    mark(pos)
    return pos
