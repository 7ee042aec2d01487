"""What numeric instructions compute, in plain Python integers (specification section 4.3).

Values are bit patterns. It shares nothing with the compiler, so that the two check each other.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, NamedTuple

from pywasmedge.base.errors import ErrCode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Nan(NamedTuple):
    """Any quiet NaN, or only the canonical ones (of either sign)."""

    width: int
    canonical: bool


Result = int | Nan | ErrCode

MANTISSA = {32: 23, 64: 52}
FORMAT = {32: ("<I", "<f"), 64: ("<Q", "<d")}


def agrees(expected: Result, bits: int) -> bool:
    """Whether ``bits`` is a value the specification allows."""
    if not isinstance(expected, Nan):
        return bits == expected
    quiet = 1 << MANTISSA[expected.width] - 1
    if expected.canonical:
        return is_nan(bits, expected.width) and fraction(bits, expected.width) == quiet
    return is_nan(bits, expected.width) and bool(bits & quiet)


def fraction(bits: int, width: int) -> int:
    """The fraction field of a float."""
    return bits & (1 << MANTISSA[width]) - 1


def is_nan(bits: int, width: int) -> bool:
    """Whether ``bits`` is a NaN of ``width`` bits."""
    infinity = ((1 << width - 1) - 1) & ~((1 << MANTISSA[width]) - 1)
    return bits & (1 << width - 1) - 1 > infinity


def signed(bits: int, width: int) -> int:
    """``bits`` as a signed number."""
    return bits - (1 << width) if bits >> width - 1 else bits


def to_float(bits: int, width: int) -> float:
    """The number a float stands for."""
    integer, real = FORMAT[width]
    value: float = struct.unpack(real, struct.pack(integer, bits))[0]
    return value


def from_float(value: float, width: int) -> int:
    """The nearest float, as bits."""
    integer, real = FORMAT[width]
    try:
        raw = struct.pack(real, value)
    except OverflowError:
        raw = struct.pack(real, math.copysign(math.inf, value))
    return int(struct.unpack(integer, raw)[0])


def from_integer(number: int, width: int) -> int:
    """The float nearest to an integer, ties to even; rounded once."""
    excess = abs(number).bit_length() - MANTISSA[width] - 1
    if excess > 0:
        magnitude, rest = divmod(abs(number), 1 << excess)
        half = 1 << excess - 1
        magnitude += rest > half or (rest == half and magnitude & 1)
        number = int(math.copysign(1, number)) * (magnitude << excess)
    return from_float(float(number), width)


def evaluate(mnemonic: str, operands: Sequence[int]) -> Result:
    """Result of a scalar numeric instruction, or the code of its trap."""
    type_, name = mnemonic.split(".", 1)
    width = int(type_[1:])
    if "trunc_" in name:
        return _truncate(name, width, operands[0])
    if name.startswith(("reinterpret", "extend_i32_u", "wrap")):
        return operands[0] & (1 << width) - 1
    if type_[0] == "i":
        return _integer(name, width, *operands)
    if name in ("abs", "neg", "copysign"):
        return _sign(name, width, *operands)
    if name.startswith("convert"):
        source, sign = name.split("_")[1:]
        number = signed(operands[0], int(source[1:])) if sign == "s" else operands[0]
        return from_integer(number, width)
    source_width = {"demote_f64": 64, "promote_f32": 32}.get(name, width)
    nans = [bits for bits in operands if is_nan(bits, source_width)]
    if nans:
        quiet = 1 << MANTISSA[source_width] - 1
        return Nan(width, all(fraction(bits, source_width) == quiet for bits in nans))
    result = _float(name, *(to_float(bits, source_width) for bits in operands))
    return Nan(width, True) if math.isnan(result) else from_float(result, width)


def _truncate(name: str, width: int, bits: int) -> Result:
    saturating = "sat" in name
    source, sign = name.split("_")[-2:]
    low, high = 0, (1 << width) - 1
    if sign == "s":
        low, high = -(1 << width - 1), (1 << width - 1) - 1
    if is_nan(bits, int(source[1:])):
        return 0 if saturating else ErrCode.INVALID_CONV_TO_INT
    value = to_float(bits, int(source[1:]))
    number = math.trunc(value) if math.isfinite(value) else int(math.copysign(1 << 80, value))
    if not saturating and not low <= number <= high:
        return ErrCode.INTEGER_OVERFLOW
    return min(max(number, low), high) & (1 << width) - 1


def _integer(name: str, width: int, a: int, b: int = 0) -> Result:
    mask, count = (1 << width) - 1, b % width
    if name in ("div_s", "div_u", "rem_s", "rem_u"):
        return _divide(name, width, a, b)
    if name.startswith("extend"):
        narrow = int(name.removeprefix("extend").strip("_is"))
        return signed(a & (1 << narrow) - 1, narrow) & mask
    results: dict[str, Callable[[], int]] = {
        "clz": lambda: width - a.bit_length(),
        "ctz": lambda: (a & -a).bit_length() - 1 if a else width,
        "popcnt": lambda: bin(a).count("1"),
        "add": lambda: a + b,
        "sub": lambda: a - b,
        "mul": lambda: a * b,
        "and": lambda: a & b,
        "or": lambda: a | b,
        "xor": lambda: a ^ b,
        "shl": lambda: a << count,
        "shr_u": lambda: a >> count,
        "shr_s": lambda: signed(a, width) >> count,
        "rotl": lambda: a << count | a >> width - count,
        "rotr": lambda: a >> count | a << width - count,
    }
    return results[name]() & mask


def _divide(name: str, width: int, a: int, b: int) -> Result:
    if b == 0:
        return ErrCode.DIVIDE_BY_ZERO
    if name.endswith("_u"):
        return a // b if name == "div_u" else a % b
    x, y = signed(a, width), signed(b, width)
    quotient = abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)
    if name == "rem_s":
        return (x - quotient * y) & (1 << width) - 1
    return ErrCode.INTEGER_OVERFLOW if quotient >> width - 1 == 1 else quotient & (1 << width) - 1


def _sign(name: str, width: int, a: int, b: int = 0) -> int:
    sign = 1 << width - 1
    return {"abs": a & ~sign, "neg": a ^ sign, "copysign": a & ~sign | b & sign}[name]


def _float(name: str, a: float, b: float = 0.0) -> float:
    """A float operation without NaN operands; the result is not yet rounded to single."""
    if name in ("min", "max"):
        choose = min if name == "min" else max
        return choose(a, b, key=lambda x: (x, math.copysign(1, x)))
    if name == "div" and b == 0:
        sign = math.copysign(1, a) * math.copysign(1, b)
        return math.nan if a == 0 else math.copysign(math.inf, sign)
    if name == "sqrt":
        return math.sqrt(a) if a >= 0 else math.nan
    if name in ("ceil", "floor", "trunc", "nearest"):
        if math.isinf(a):
            return a
        function = {"ceil": math.ceil, "floor": math.floor, "trunc": math.trunc, "nearest": round}
        return math.copysign(float(function[name](a)), a)
    if name in ("demote_f64", "promote_f32"):
        return a
    operations = {"add": a.__add__, "sub": a.__sub__, "mul": a.__mul__, "div": a.__truediv__}
    return float(operations[name](b))
