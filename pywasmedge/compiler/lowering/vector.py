"""Vectors as LLVM text: casts between shapes, lanes, constants.

A v128 is a ``<2 x i64>`` text; shapes are the specification's names (``i8x16``).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from ...isa.lanes import LANES, V128, vector_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..emitter import EmitterBase as Emitter

LANE_BITS = {shape: 128 // count for shape, (_, count) in LANES.items()}
"""Lane width of each shape in bits."""


def cast(e: Emitter, value: str, shape: str) -> str:
    """A v128 as a vector of ``shape``."""
    type_ = vector_type(shape)
    if type_ == V128:
        return value
    if value[1:].isdigit():  # perhaps the result of an operation on the same shape
        before, _, source = e.lines[int(value[1:])].partition(f" = bitcast {type_} ")
        if before == value:
            return source.partition(" ")[0]
    return e.emit(f"bitcast {V128} {value} to {type_}")


def v128(e: Emitter, value: str, shape: str) -> str:
    """A vector of ``shape`` as a v128."""
    type_ = vector_type(shape)
    return value if type_ == V128 else e.emit(f"bitcast {type_} {value} to {V128}")


def call(e: Emitter, name: str, result: str, *operands: tuple[str, str]) -> str:
    """Call the intrinsic ``llvm.<name>``; operands are (type, value)."""
    arguments = ", ".join(f"{type_} {value}" for type_, value in operands)
    return e.emit(f"call {result} @llvm.{name}({arguments})")


def _mask(lanes: Iterable[int]) -> str:
    """A shuffle mask."""
    indices = [f"i32 {lane}" for lane in lanes]
    return f"<{len(indices)} x i32> <{', '.join(indices)}>"


def shuffled(e: Emitter, type_: str, a: str, b: str, lanes: Iterable[int]) -> str:
    return e.emit(f"shufflevector {type_} {a}, {type_} {b}, {_mask(lanes)}")


def broadcast(e: Emitter, shape: str, scalar: str) -> str:
    """A vector of ``shape`` with ``scalar`` (of the lane type) in every lane."""
    lane, count = LANES[shape]
    type_ = vector_type(shape)
    first = e.emit(f"insertelement {type_} poison, {lane} {scalar}, i64 0")
    return shuffled(e, type_, first, "poison", [0] * count)


def lane_bytes(shape: str) -> int:
    return 16 // LANES[shape][1]


def constant(raw: bytes) -> str:
    """LLVM text of the v128 with the 16 bytes ``raw``."""
    low, high = struct.unpack("<qq", raw)
    return f"<i64 {low}, i64 {high}>"


def constant_bytes(operand: str) -> bytes | None:
    """The 16 bytes of a v128 operand if it is a constant, else ``None``."""
    if operand == "zeroinitializer":
        return bytes(16)
    if not operand.startswith("<"):
        return None
    low, high = operand[1:-1].split(",")
    return struct.pack("<qq", int(low.split()[1]), int(high.split()[1]))


def extract(e: Emitter, shape: str, lane: int, vector: str) -> str:
    return e.emit(f"extractelement {vector_type(shape)} {cast(e, vector, shape)}, i64 {lane}")


def insert(e: Emitter, shape: str, lane: int, vector: str, value: str) -> str:
    type_ = vector_type(shape)
    target = cast(e, vector, shape)
    inserted = e.emit(f"insertelement {type_} {target}, {LANES[shape][0]} {value}, i64 {lane}")
    return v128(e, inserted, shape)
