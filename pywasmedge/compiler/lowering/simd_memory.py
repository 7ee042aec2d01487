"""Lowerings of vector loads and stores (specification section 4.4.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...isa.lanes import LANES, V128, vector_type
from .registry import lowering
from .vector import broadcast, extract, insert, lane_bytes, v128

if TYPE_CHECKING:
    from ...walk.immediates import Memarg
    from ..emitter import EmitterBase as Emitter

_HALF = {"i16x8": ("i8x16", 8), "i32x4": ("i16x8", 4), "i64x2": ("i32x4", 2)}
"""Shape with lanes of half the width, and how many of those fill 64 bits."""


@lowering
def v128_load(e: Emitter, memarg: Memarg, address: str) -> str:
    """Load 16 bytes."""
    return e.load(memarg, V128, address, 16)


@lowering
def v128_store(e: Emitter, memarg: Memarg, address: str, value: str) -> None:
    """Store 16 bytes."""
    e.store(memarg, V128, address, value, 16)


@lowering
def v128_load_extend(e: Emitter, shape: str, extension: str, memarg: Memarg, address: str) -> str:
    """Load 8 bytes, widen each of their lanes to a lane of ``shape``."""
    half, count = _HALF[shape]
    narrow = f"<{count} x {LANES[half][0]}>"
    loaded = e.load(memarg, narrow, address, 8)
    return v128(e, e.emit(f"{extension} {narrow} {loaded} to {vector_type(shape)}"), shape)


def _load_lane(e: Emitter, shape: str, memarg: Memarg, address: str) -> str:
    return e.load(memarg, LANES[shape][0], address, lane_bytes(shape))


@lowering
def v128_load_splat(e: Emitter, shape: str, memarg: Memarg, address: str) -> str:
    """Load one lane, put it in every lane."""
    return v128(e, broadcast(e, shape, _load_lane(e, shape, memarg, address)), shape)


@lowering
def v128_load_zero(e: Emitter, shape: str, memarg: Memarg, address: str) -> str:
    """Load lane 0, the others are zero."""
    lane, _ = LANES[shape]
    loaded = _load_lane(e, shape, memarg, address)
    type_ = vector_type(shape)
    return v128(e, e.emit(f"insertelement {type_} zeroinitializer, {lane} {loaded}, i64 0"), shape)


@lowering
def v128_load_lane(
    e: Emitter, shape: str, memarg: Memarg, lane: int, address: str, vector: str
) -> str:
    """Load one lane, keep the others."""
    return insert(e, shape, lane, vector, _load_lane(e, shape, memarg, address))


@lowering
def v128_store_lane(
    e: Emitter, shape: str, memarg: Memarg, lane: int, address: str, vector: str
) -> None:
    """Store one lane."""
    value = extract(e, shape, lane, vector)
    e.store(memarg, LANES[shape][0], address, value, lane_bytes(shape))
