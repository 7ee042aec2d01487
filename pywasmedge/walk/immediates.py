"""Decoders of immediates: one per kind of the instruction table.

``decoder(walk, kind)`` gives a function ``pos -> (value, pos)``. It raises ``LoadError`` for bytes
that are malformed and ``ValidationError`` for indices that name nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from ..base.config import Proposal
from ..base.errors import ErrCode, LoadError, ValidationError
from ..module import reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .stack import Types
    from .walker import Walk

    Decoder = Callable[[int], tuple[Any, int]]

BLOCK_EMPTY: tuple[Types, Types] = ((), ())


class Memarg(tuple[int, int, int]):
    """Immediate of a memory access: memory index, byte offset, log2 of the alignment."""

    __slots__ = ()

    @property
    def memory(self) -> int:
        """Index of the memory."""
        return self[0]

    @property
    def offset(self) -> int:
        """What is added to the address, in bytes."""
        return self[1]


def decoder(walk: Walk, kind: str) -> Decoder:
    """The decoder of an immediate of ``kind`` (see ``isa.row``) for ``walk``'s module."""
    name, _, argument = kind.partition(":")
    make: Callable[..., Decoder] = globals()[f"_{name}"]
    return make(walk, int(argument)) if argument else make(walk)


def _index(walk: Walk, count: int, code: ErrCode) -> Decoder:
    """An index below ``count``."""
    data = walk.data

    def index(pos: int) -> tuple[int, int]:
        value = data[pos]
        pos += 1
        if value >= 0x80:
            value, pos = reader.u32(data, pos - 1, walk.end)
        if value >= count:
            raise ValidationError(code, f"index {value} of {count}")
        return value, pos

    return index


def _type(walk: Walk) -> Decoder:
    return _index(walk, len(walk.module.types), ErrCode.INVALID_FUNC_TYPE_IDX)


def _func(walk: Walk) -> Decoder:
    return _index(walk, len(walk.module.func_types), ErrCode.INVALID_FUNC_IDX)


def _global(walk: Walk) -> Decoder:
    return _index(walk, len(walk.module.global_types), ErrCode.INVALID_GLOBAL_IDX)


def _zero(walk: Walk) -> Decoder:
    return _zero_unless(walk, False, lambda pos: (0, pos + 1))


def _zero_unless(walk: Walk, enabled: bool, index: Decoder) -> Decoder:
    """``index``, but only the byte 0 while the proposal that brings indices is off."""
    data = walk.data

    def zero(pos: int) -> tuple[int, int]:
        if data[pos] != 0:
            raise LoadError(ErrCode.EXPECTED_ZERO_BYTE, f"0x{data[pos]:02x}")
        return index(pos)

    return index if enabled else zero


def _table(walk: Walk) -> Decoder:
    index = _index(walk, len(walk.module.table_types), ErrCode.INVALID_TABLE_IDX)
    return _zero_unless(walk, Proposal.REFERENCE_TYPES in walk.proposals, index)


def _mem(walk: Walk) -> Decoder:
    index = _index(walk, len(walk.module.memory_types), ErrCode.INVALID_MEMORY_IDX)
    return _zero_unless(walk, Proposal.MULTI_MEMORIES in walk.proposals, index)


def _elem(walk: Walk) -> Decoder:
    """A segment index; whether the segment exists is asked after all immediates are read."""
    return lambda pos: reader.u32(walk.data, pos, walk.end)


_data = _elem


def _i32(walk: Walk) -> Decoder:
    return lambda pos: reader.s32(walk.data, pos, walk.end)


def _i64(walk: Walk) -> Decoder:
    return lambda pos: reader.s64(walk.data, pos, walk.end)


def _bytes(walk: Walk, size: int) -> Decoder:
    data = walk.data

    def fixed(pos: int) -> tuple[bytes, int]:
        end = pos + size
        if end > walk.end:
            raise LoadError(ErrCode.UNEXPECTED_END)
        return data[pos:end], end

    return fixed


def _f32(walk: Walk) -> Decoder:
    read = _bytes(walk, 4)

    def bits(pos: int) -> tuple[int, int]:
        raw, pos = read(pos)
        return int.from_bytes(raw, "little"), pos

    return bits


def _f64(walk: Walk) -> Decoder:
    read = _bytes(walk, 8)

    def bits(pos: int) -> tuple[int, int]:
        raw, pos = read(pos)
        return int.from_bytes(raw, "little"), pos

    return bits


def _v128(walk: Walk) -> Decoder:
    return _bytes(walk, 16)


def _lanes16(walk: Walk) -> Decoder:
    read = _bytes(walk, 16)

    def lanes(pos: int) -> tuple[bytes, int]:
        raw, pos = read(pos)
        if max(raw) >= 32:
            raise ValidationError(ErrCode.INVALID_LANE_IDX, f"{max(raw)} of 32")
        return raw, pos

    return lanes


def _lane(walk: Walk, count: int) -> Decoder:
    data = walk.data

    def lane(pos: int) -> tuple[int, int]:
        value = data[pos]
        if value >= count:
            raise ValidationError(ErrCode.INVALID_LANE_IDX, f"{value} of {count}")
        return value, pos + 1

    return lane


def _memarg(walk: Walk, natural: int, *, exact: bool = False) -> Decoder:
    data = walk.data
    memories = len(walk.module.memory_types)
    multi = Proposal.MULTI_MEMORIES in walk.proposals

    def memarg(pos: int) -> tuple[Memarg, int]:
        align, offset = data[pos], data[pos + 1]
        if align == natural and offset < 0x80 and memories:
            return Memarg((0, offset, align)), pos + 2
        align, pos = reader.u32(data, pos, walk.end)
        memory = 0
        if align & 0x40 and multi:
            align ^= 0x40
            memory, pos = reader.u32(data, pos, walk.end)
        offset, pos = reader.u32(data, pos, walk.end)
        if align >= (64 if multi else 32):
            raise LoadError(ErrCode.ILLEGAL_GRAMMAR, f"malformed memop flags 0x{align:x}")
        if memory >= memories:
            raise ValidationError(ErrCode.INVALID_MEMORY_IDX, f"index {memory} of {memories}")
        if align > natural or (exact and align != natural):
            raise ValidationError(ErrCode.INVALID_ALIGNMENT, f"2^{align} for {1 << natural} bytes")
        return Memarg((memory, offset, align)), pos

    return memarg


def _memarg_exact(walk: Walk, natural: int) -> Decoder:
    return _memarg(walk, natural, exact=True)


def _heaptype(walk: Walk) -> Decoder:
    return lambda pos: reader.ref_type(walk.data, pos, walk.end, walk.value_types)


def _valtypes(walk: Walk) -> Decoder:
    data = walk.data

    def valtypes(pos: int) -> tuple[tuple[int, ...], int]:
        count, pos = reader.u32(data, pos, walk.end)
        types = []
        for _ in range(count):
            type_, pos = reader.value_type(data, pos, walk.end, walk.value_types)
            types.append(type_)
        return tuple(types), pos

    return valtypes


def _label(walk: Walk) -> Decoder:
    data = walk.data
    frames = walk.stack.frames

    def label(pos: int) -> tuple[int, int]:
        value = data[pos]
        pos += 1
        if value >= 0x80:
            value, pos = reader.u32(data, pos - 1, walk.end)
        if value >= len(frames):
            raise ValidationError(ErrCode.INVALID_LABEL_IDX, f"depth {value} of {len(frames)}")
        return value, pos

    return label


def _labels(walk: Walk) -> Decoder:
    data = walk.data
    label = _label(walk)

    def labels(pos: int) -> tuple[list[int], int]:
        """The labels of the vector, then the default label."""
        count, pos = reader.u32(data, pos, walk.end)
        if count >= walk.end - pos:
            raise LoadError(ErrCode.UNEXPECTED_END)
        depths = []
        for _ in range(count + 1):
            depth, pos = label(pos)
            depths.append(depth)
        return depths, pos

    return labels


def _local(walk: Walk) -> Decoder:
    data = walk.data
    local_types = walk.local_types

    def local(pos: int) -> tuple[int, int]:
        index, pos = reader.u32(data, pos, walk.end)
        if index >= len(local_types):
            raise ValidationError(ErrCode.INVALID_LOCAL_IDX, f"index {index} of {len(local_types)}")
        return index, pos

    return local


def _block(walk: Walk) -> Decoder:
    data = walk.data
    types = walk.module.types
    multi = Proposal.MULTI_VALUE in walk.proposals
    single: dict[int, tuple[Types, Types]] = {t: ((), (t,)) for t in walk.value_types}

    def block(pos: int) -> tuple[tuple[Types, Types], int]:
        byte = data[pos]
        if byte == 0x40:
            return BLOCK_EMPTY, pos + 1
        if byte in single:
            return single[byte], pos + 1
        if not multi or 0x40 < byte < 0x80:
            raise reader.bad_value_type(byte, pos)
        index, pos = reader.s33(data, pos, walk.end)
        if not 0 <= index < len(types):
            raise ValidationError(ErrCode.INVALID_FUNC_TYPE_IDX, f"index {index} of {len(types)}")
        type_ = types[index]
        return (type_.params, type_.results), pos

    return block
