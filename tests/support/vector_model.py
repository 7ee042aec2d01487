"""What vector instructions compute, in plain Python (specification section 4.3.4).

A v128 is 16 bytes. Like ``numeric_model`` it shares nothing with the compiler.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from numeric_model import agrees, evaluate, signed, to_float

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numeric_model import Result

WIDTH = {"i8x16": 8, "i16x8": 16, "i32x4": 32, "i64x2": 64, "f32x4": 32, "f64x2": 64}
"""Lane width of each shape in bits."""

Operand = bytes | int
Lanes = list[int]
Expected = int | bytes | list[tuple[int, "Result"]]
"""A scalar, a vector, or lanes as (width, what is allowed)."""


def split(shape: str, vector: bytes) -> Lanes:
    """The lanes of a vector as unsigned numbers."""
    size = WIDTH[shape] // 8
    return [int.from_bytes(vector[at : at + size], "little") for at in range(0, 16, size)]


def signed_lanes(shape: str, vector: bytes) -> Lanes:
    """The lanes of a vector as signed numbers."""
    return [signed(lane, WIDTH[shape]) for lane in split(shape, vector)]


def join(width: int, lanes: Sequence[int]) -> bytes:
    """A vector from lanes, of which the low ``width`` bits count."""
    mask = (1 << width) - 1
    return b"".join((lane & mask).to_bytes(width // 8, "little") for lane in lanes)


def matches(expected: Expected, result: Operand) -> bool:
    """Whether ``result`` is one that the specification allows."""
    if not isinstance(expected, list):
        return result == expected
    assert isinstance(result, bytes)
    at = 0
    for width, lane in expected:
        if not agrees(lane, int.from_bytes(result[at : at + width // 8], "little")):
            return False
        at += width // 8
    return at == 16


def source_shape(mnemonic: str) -> str:
    """Shape of an instruction's vector operands."""
    shape, name = mnemonic.split(".", 1)
    other = re.search(r"_([if]\d+x\d+)", name)
    return other[1] if other else "i8x16" if shape == "v128" else shape


def evaluate_vector(mnemonic: str, operands: Sequence[Operand]) -> Expected:
    """Result of a vector instruction without immediates."""
    shape, name = mnemonic.split(".", 1)
    vectors = [operand for operand in operands if isinstance(operand, bytes)]
    if shape == "v128":
        return _bitwise(name, vectors)
    width = WIDTH[shape]
    if name == "splat":
        assert isinstance(operands[0], int)
        return join(width, [operands[0]] * (128 // width))
    if name == "swizzle":
        table, indices = vectors
        return bytes(table[index] if index < 16 else 0 for index in indices)
    if name in ("all_true", "bitmask"):
        lanes = split(shape, vectors[0])
        signs = sum(1 << i for i, lane in enumerate(lanes) if lane >> width - 1)
        return signs if name == "bitmask" else int(all(lanes))
    if name in ("shl", "shr_s", "shr_u"):
        assert isinstance(operands[1], int)
        return _shift(shape, name, vectors[0], operands[1] % width)
    if re.search(r"_[if]\d+x\d+", name):
        return _widths(mnemonic, shape, name, vectors)
    if shape[0] == "f":
        return _floats(shape, name, vectors)
    lanes_of = zip(*(split(shape, vector) for vector in vectors), strict=True)
    return join(width, [_lane(name, width, *lanes) for lanes in lanes_of])


def _bitwise(name: str, vectors: list[bytes]) -> Expected:
    a, b, c = (int.from_bytes(v, "little") for v in (*vectors, bytes(16), bytes(16))[:3])
    if name == "any_true":
        return int(a != 0)
    results = {
        "not": ~a,
        "and": a & b,
        "andnot": a & ~b,
        "or": a | b,
        "xor": a ^ b,
        "bitselect": a & c | b & ~c,
    }
    return join(128, [results[name]])


def _shift(shape: str, name: str, vector: bytes, count: int) -> bytes:
    lanes = signed_lanes(shape, vector) if name == "shr_s" else split(shape, vector)
    return join(WIDTH[shape], [lane << count if name == "shl" else lane >> count for lane in lanes])


def _widths(mnemonic: str, shape: str, name: str, vectors: list[bytes]) -> Expected:
    """Instructions whose operands have another shape than the result."""
    width, source = WIDTH[shape], source_shape(mnemonic)
    count = 128 // width
    sign = re.search(r"_[su](?=_zero$|$)", name)
    suffix = sign[0] if sign else ""
    is_signed = suffix == "_s"
    lanes = [(signed_lanes if is_signed else split)(source, vector) for vector in vectors]
    if name.startswith("narrow"):
        low, high = (
            (-(1 << width - 1), (1 << width - 1) - 1) if is_signed else (0, (1 << width) - 1)
        )
        both = [lane for vector in vectors for lane in signed_lanes(source, vector)]
        return join(width, [min(max(lane, low), high) for lane in both])
    if name.startswith("extadd"):
        return join(width, [x + y for x, y in zip(lanes[0][::2], lanes[0][1::2], strict=True)])
    if name.startswith("dot"):
        products = [x * y for x, y in zip(*lanes, strict=True)]
        return join(width, [x + y for x, y in zip(products[::2], products[1::2], strict=True)])
    halves = [vector[:count] if "low" in name else vector[-count:] for vector in lanes]
    if name.startswith("extend"):
        return join(width, halves[0])
    if name.startswith("extmul"):
        return join(width, [x * y for x, y in zip(*halves, strict=True)])
    # Conversions are those of scalars, on as many low lanes as there are; the rest is zero.
    operation = {
        "trunc": f"i32.trunc_sat_f{WIDTH[source]}{suffix}",
        "conve": f"f{width}.convert_i32{suffix}",
        "demot": "f32.demote_f64",
        "promo": "f64.promote_f32",
    }[name[:5]]
    results = [evaluate(operation, [lane]) for lane in split(source, vectors[0])[:count]]
    return [(width, result) for result in results + [0] * (count - len(results))]


def _floats(shape: str, name: str, vectors: list[bytes]) -> Expected:
    width = WIDTH[shape]
    columns = list(zip(*(split(shape, vector) for vector in vectors), strict=True))
    numbers = [[to_float(lane, width) for lane in column] for column in columns]
    if name in COMPARISONS:
        return join(width, [-int(COMPARISONS[name](*pair)) for pair in numbers])
    if name in ("pmin", "pmax"):
        second = [y < x if name == "pmin" else x < y for x, y in numbers]
        return join(width, [lanes[take] for take, lanes in zip(second, columns, strict=True)])
    return [(width, evaluate(f"f{width}.{name}", column)) for column in columns]


COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "eq": lambda x, y: x == y,
    "ne": lambda x, y: x != y,
    "lt": lambda x, y: x < y,
    "gt": lambda x, y: x > y,
    "le": lambda x, y: x <= y,
    "ge": lambda x, y: x >= y,
}


def _lane(name: str, width: int, a: int, b: int = 0) -> int:
    """One lane of an integer operation on unsigned lanes."""
    if name == "popcnt":
        return bin(a).count("1")
    if name == "avgr_u":
        return (a + b + 1) // 2
    operation, _, sign = name.rpartition("_")
    if sign not in ("s", "u"):
        operation = name
    low, high = 0, (1 << width) - 1
    if sign != "u":
        a, b = signed(a, width), signed(b, width)
        low, high = -(1 << width - 1), (1 << width - 1) - 1
    if operation in COMPARISONS:
        return -int(COMPARISONS[operation](a, b))
    if operation.endswith("_sat"):
        results = {"add": a + b, "sub": a - b, "q15mulr": a * b + 0x4000 >> 15}
        return min(max(results[operation.removesuffix("_sat")], low), high)
    results = {"add": a + b, "sub": a - b, "mul": a * b, "neg": -a, "abs": abs(a)}
    return {**results, "min": min(a, b), "max": max(a, b)}[operation]
