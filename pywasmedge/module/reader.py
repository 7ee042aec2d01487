"""The smallest pieces of the binary format (spec 5.2): integers, names, types, locals.

Every function takes the whole binary, a position, and the position it must not read beyond, and
returns what it read with the position behind it. ``LoadError.offset`` is where the offending
item starts.
"""

from __future__ import annotations

from functools import lru_cache

from ..base.config import Proposal
from ..base.errors import ErrCode, LoadError
from ..base.types import ValType
from .limits import MAX_LOCALS, MAX_NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from .ast import Module

_REFERENCES = frozenset((Proposal.REFERENCE_TYPES, Proposal.BULK_MEMORY_OPERATIONS))


def unexpected_end(offset: int, detail: str = "") -> LoadError:
    """The error for data that stop in the middle of an item (0x22)."""
    return LoadError(ErrCode.UNEXPECTED_END, detail, offset=offset)


def unterminated(module: Module, end: int) -> LoadError:
    """The error for a function body whose range, ending at ``end``, has no final ``end``.

    The format gives the size of a body twice over, so the specification's test suite words this
    by what comes next: nothing, another section, or another body.
    """
    if end == len(module.data):
        code = ErrCode.UNEXPECTED_END
    elif module.bodies and end == module.bodies[-1][1]:
        code = ErrCode.SECTION_SIZE_MISMATCH
    else:
        code = ErrCode.END_CODE_EXPECTED
    return LoadError(code, "function body without final end", offset=end)


# --- integers --------------------------------------------------------------------------------


def u32(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """Unsigned 32-bit LEB128.

    Raises:
        LoadError: cut off (0x22), more than 32 bits (0x35), more than 5 bytes (0x36).
    """
    if pos + 5 <= end:  # the loop below, unrolled for what is well-formed
        byte = data[pos]
        if byte < 0x80:
            return byte, pos + 1
        value = byte & 0x7F
        byte = data[pos + 1]
        if byte < 0x80:
            return value | byte << 7, pos + 2
        value |= (byte & 0x7F) << 7
        byte = data[pos + 2]
        if byte < 0x80:
            return value | byte << 14, pos + 3
        value |= (byte & 0x7F) << 14
        byte = data[pos + 3]
        if byte < 0x80:
            return value | byte << 21, pos + 4
        if data[pos + 4] < 0x10:
            return value | (byte & 0x7F) << 21 | data[pos + 4] << 28, pos + 5
    start = pos
    value = shift = 0
    while pos < end:
        byte = data[pos]
        pos += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value > 0xFFFFFFFF:
                raise LoadError(ErrCode.INTEGER_TOO_LARGE, offset=start)
            return value, pos
        shift += 7
        if shift == 35:
            raise LoadError(ErrCode.INTEGER_TOO_LONG, offset=start)
    raise unexpected_end(start)


def s32(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """Signed 32-bit LEB128.

    Raises:
        LoadError: cut off (0x22), out of range (0x35), more than 5 bytes (0x36).
    """
    return _signed(data, pos, end, 32)


def s33(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """Signed 33-bit LEB128 (block types).

    Raises:
        LoadError: cut off (0x22), out of range (0x35), more than 5 bytes (0x36).
    """
    return _signed(data, pos, end, 33)


def s64(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """Signed 64-bit LEB128.

    Raises:
        LoadError: cut off (0x22), out of range (0x35), more than 10 bytes (0x36).
    """
    return _signed(data, pos, end, 64)


def _signed(data: bytes, pos: int, end: int, bits: int) -> tuple[int, int]:
    start = pos
    value = shift = 0
    while pos < end:
        byte = data[pos]
        pos += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if byte & 0x40:
                value -= 1 << shift
            if not -(1 << bits - 1) <= value < 1 << bits - 1:
                raise LoadError(ErrCode.INTEGER_TOO_LARGE, offset=start)
            return value, pos
        if shift >= bits:
            raise LoadError(ErrCode.INTEGER_TOO_LONG, offset=start)
    raise unexpected_end(start)


# --- names -----------------------------------------------------------------------------------


def name(data: bytes, pos: int, end: int) -> tuple[str, int]:
    """A name: length and UTF-8 bytes.

    Raises:
        LoadError: length cut off (0x22), beyond ``end`` or the limit (0x27), not UTF-8 (0x34).
    """
    start = pos
    length, pos = u32(data, pos, end)
    if length > end - pos:
        raise LoadError(ErrCode.LENGTH_OUT_OF_BOUNDS, f"name of {length} bytes", offset=start)
    if length > MAX_NAME:
        detail = f"name of {length} bytes, limit {MAX_NAME}"
        raise LoadError(ErrCode.LENGTH_OUT_OF_BOUNDS, detail, offset=start)
    try:
        return data[pos : pos + length].decode(), pos + length
    except UnicodeDecodeError as error:
        raise LoadError(ErrCode.MALFORMED_UTF8, offset=pos + error.start) from None


# --- types -----------------------------------------------------------------------------------


def value_types(proposals: AbstractSet[Proposal]) -> Mapping[int, ValType]:
    """The value types that are enabled, by their byte."""
    return _value_types(frozenset(proposals))


@lru_cache(maxsize=16)
def _value_types(proposals: frozenset[Proposal]) -> Mapping[int, ValType]:
    types = {int(t): t for t in (ValType.I32, ValType.I64, ValType.F32, ValType.F64)}
    if Proposal.SIMD in proposals:
        types[0x7B] = ValType.V128
    if proposals & _REFERENCES:
        types[0x70] = ValType.FUNCREF
    if Proposal.REFERENCE_TYPES in proposals:
        types[0x6F] = ValType.EXTERNREF
    return types


def value_type(
    data: bytes, pos: int, end: int, types: Mapping[int, ValType]
) -> tuple[ValType, int]:
    """A value type out of ``types`` (see :func:`value_types`).

    Raises:
        LoadError: cut off (0x22), unknown or disabled (0x31; 0x32 for a disabled reference type).
    """
    if pos >= end:
        raise unexpected_end(pos)
    found = types.get(data[pos])
    if found is None:
        raise bad_value_type(data[pos], pos)
    return found, pos + 1


def bad_value_type(byte: int, offset: int) -> LoadError:
    """The error for a ``byte`` that is not an enabled value type."""
    reference = byte in (ValType.FUNCREF, ValType.EXTERNREF)
    code = ErrCode.MALFORMED_ELEM_TYPE if reference else ErrCode.MALFORMED_VAL_TYPE
    return LoadError(code, _type_text(byte), offset=offset)


def _type_text(byte: int) -> str:
    from .proposals import value_type

    return value_type(byte)


def ref_type(data: bytes, pos: int, end: int, types: Mapping[int, ValType]) -> tuple[ValType, int]:
    """A reference type; funcref always, others when ``types`` has them.

    Raises:
        LoadError: cut off (0x22), disabled (0x32), not a reference type (0x33).
    """
    if pos >= end:
        raise unexpected_end(pos)
    byte = data[pos]
    if byte == ValType.FUNCREF:
        return ValType.FUNCREF, pos + 1
    if byte != ValType.EXTERNREF:
        raise LoadError(ErrCode.MALFORMED_REF_TYPE, _type_text(byte), offset=pos)
    if byte not in types:
        raise bad_value_type(byte, pos)
    return ValType.EXTERNREF, pos + 1


def check_locals(data: bytes, pos: int, end: int, types: Mapping[int, ValType]) -> None:
    """Raise what :func:`local_groups` would raise; fast, for all bodies of a huge module."""
    if end - pos > 12:
        groups = data[pos]
        at = pos + 1
        if groups <= 5:  # so this cannot leave the body
            for _ in range(groups):
                if data[at] >= 0x80 or data[at + 1] not in types:
                    break
                at += 2
            else:
                return
    local_groups(data, pos, end, types)


def local_groups(
    data: bytes, pos: int, end: int, types: Mapping[int, ValType]
) -> tuple[list[tuple[int, ValType]], int]:
    """The local declarations at the start of a function body, as (count, type) pairs.

    Raises:
        LoadError: cut off (0x22), more than ``MAX_LOCALS`` in all (0x30), bad integer (0x35,
            0x36) or type (0x31, 0x32).
    """
    start = pos
    total = 0
    groups: list[tuple[int, ValType]] = []
    declared, pos = u32(data, pos, end)
    for _ in range(declared):
        count, pos = u32(data, pos, end)
        type_, pos = value_type(data, pos, end, types)
        total += count
        if total > MAX_LOCALS:
            detail = f"{total} locals, limit {MAX_LOCALS}"
            raise LoadError(ErrCode.TOO_MANY_LOCALS, detail, offset=start)
        if count:
            groups.append((count, type_))
    return groups, pos
