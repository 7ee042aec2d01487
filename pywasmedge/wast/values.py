"""Values of the scripts: reading arguments, comparing results bit by bit.

Scripts give numbers as the unsigned decimal number of their bits, vectors as lanes, references
as ``"null"`` or the number of a host object. Expected floating-point numbers may be
``nan:canonical`` (payload: only the top bit) or ``nan:arithmetic`` (payload: the top bit is
set); both with either sign (specification, appendix "Test suite"; section 4.3.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..base.record import dataclass
from ..base.types import ValType

Json = dict[str, Any]

LANES = {"i8": 16, "i16": 8, "i32": 4, "i64": 2, "f32": 4, "f64": 2}
"""Number of lanes of each shape of a vector."""

SIZE = {"i32": 4, "i64": 8, "f32": 4, "f64": 8}
"""Bytes of each number type."""

QUIET = {"f32": 0x7FC00000, "f64": 0x7FF8000000000000}
"""Bits of the positive canonical NaN: exponent and top bit of the payload."""


@dataclass(frozen=True, slots=True)
class HostObject:
    """What the scripts call ``(ref.extern N)``."""

    number: int


def argument_bits(value: Json) -> bytes:
    """An argument's bytes, little endian: 4, 8 or 16. Not for references."""
    if value["type"] == "v128":
        shape = value["lane_type"]
        lanes = value["value"]
        assert len(lanes) == LANES[shape], value
        return b"".join(int(lane).to_bytes(16 // LANES[shape], "little") for lane in lanes)
    return int(value["value"]).to_bytes(SIZE[value["type"]], "little")


def reference(value: Json) -> HostObject | None:
    """A reference argument or result: a host object or null."""
    if is_null(value):
        return None
    if value["type"] != "externref":
        raise ValueError(f"not a reference that a host can make: {value}")
    return HostObject(int(value["value"]))


def is_null(value: Json) -> bool:
    """Whether the value is a null reference."""
    return value.get("value") == "null" or value["type"].removesuffix("ref") in _NULLS


_NULLS = ("refnull", "null", "nullfunc", "nullextern", "nullexn")


def is_reference(value: Json) -> bool:
    """Whether the value is a reference."""
    return str(value["type"]).endswith("ref") or value["type"] == "refnull"


def types_of(values: Sequence[Json]) -> tuple[ValType, ...]:
    """The value types of a list of values."""
    return tuple(ValType[value["type"].upper()] for value in values)


def _number_matches(expected: str, kind: str, size: int, bits: int) -> bool:
    """Compare one number, or one lane of ``size`` bytes, with its expected text."""
    if expected.startswith("nan:"):
        quiet = QUIET[kind]
        magnitude = bits & ~(1 << (8 * size - 1))
        if expected == "nan:canonical":
            return magnitude == quiet
        assert expected == "nan:arithmetic", expected
        return magnitude & quiet == quiet
    return bits == int(expected)


def matches(expected: Json, got: bytes) -> bool:
    """Whether a number or vector result (its bytes, little endian) is the expected one."""
    if expected["type"] == "v128":
        shape = expected["lane_type"]
        lanes = expected["value"]
        size = 16 // LANES[shape]
        assert len(lanes) == LANES[shape], expected
        return len(got) == 16 and all(
            _number_matches(
                lane, shape, size, int.from_bytes(got[at * size : at * size + size], "little")
            )
            for at, lane in enumerate(lanes)
        )
    size = SIZE[expected["type"]]
    return len(got) == size and _number_matches(
        expected["value"], expected["type"], size, int.from_bytes(got, "little")
    )
