"""Lowerings of scalar numeric instructions that are more than one line of LLVM.

Specification sections 4.3.2 (integers) and 4.3.3 (floating point). Types are LLVM's: ``i32``,
``i64``, ``float``, ``double``. Operands are LLVM text: a value ``%n`` or a constant.

LLVM lets a signalling NaN pass where it sees that an operation has no other effect, so it folds
``x * 1.0`` to ``x``; WebAssembly wants every result of arithmetic to be a quiet NaN. Where LLVM
would drop the last operation, the lowerings write ``llvm.canonicalize`` instead: one
multiplication by 1.0 that stays, and that LLVM can still vectorise.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from ..base.errors import ErrCode
from .emitter import RARE
from .lowering import X86_64, lowering

if TYPE_CHECKING:
    from collections.abc import Callable

    from .emitter import EmitterBase as Emitter

BITS = {"i32": 32, "i64": 64, "float": 32, "double": 64}
"""Width of each scalar LLVM type in bits."""

SUFFIX = {"i32": "i32", "i64": "i64", "float": "f32", "double": "f64"}
"""How the names of intrinsics spell each scalar LLVM type."""


# ---------------------------------------------------------------------------- constants


def f32_const(bits: int) -> str:
    """LLVM text of the float with the given IEEE 754 ``bits`` (0 to 2^32-1), NaNs unchanged.

    LLVM spells a float as the bits of the equal double. Converting a NaN to double and back need
    not keep its payload, so NaNs are written as integers.
    """
    if bits & 0x7F800000 == 0x7F800000 and bits & 0x7FFFFF:
        return f"bitcast (i32 {bits} to float)"
    (value,) = struct.unpack("<f", bits.to_bytes(4, "little"))
    return f64_const(int.from_bytes(struct.pack("<d", value), "little"))


def f64_const(bits: int) -> str:
    """LLVM text of the double with the given IEEE 754 ``bits`` (0 to 2^64-1), NaNs unchanged."""
    return f"0x{bits:016X}"


def real(value: float) -> str:
    """LLVM text of a float or double constant that both types represent exactly."""
    return f64_const(int.from_bytes(struct.pack("<d", value), "little"))


def is_constant(operand: str) -> bool:
    """Whether ``operand`` is a constant rather than a computed value."""
    return not operand.startswith("%")


def is_nan(constant: str) -> bool:
    """Whether the text of a float or double constant is that of a NaN."""
    return constant.startswith("bitcast") or (
        constant.startswith("0x") and int(constant, 16) & ~(1 << 63) > 0x7FF << 52
    )


def constant_value(constant: str) -> float:
    """Value of the text of a float or double constant that is no NaN."""
    if not constant.startswith("0x"):
        return float(constant)
    (value,) = struct.unpack("<d", int(constant, 16).to_bytes(8, "little"))
    return float(value)


_ZERO, _NEG_ZERO, _ONE, _NEG_ONE = real(0.0), real(-0.0), real(1.0), real(-1.0)
_ZEROS = (_ZERO, _NEG_ZERO, "0.0")


# ---------------------------------------------------------------------------- integers


@lowering
def div_u(e: Emitter, t: str, a: str, b: str) -> str:
    """``a / b`` unsigned. Traps: division by zero."""
    return _unsigned_division(e, "udiv", t, a, b)


@lowering
def rem_u(e: Emitter, t: str, a: str, b: str) -> str:
    """``a % b`` unsigned. Traps: division by zero."""
    return _unsigned_division(e, "urem", t, a, b)


def _unsigned_division(e: Emitter, op: str, t: str, a: str, b: str) -> str:
    if not is_constant(b) or int(b) == 0:
        e.trap_if(e.emit(f"icmp eq {t} {b}, 0"), ErrCode.DIVIDE_BY_ZERO)
    return e.emit(f"{op} {t} {a}, {b}")


@lowering
def div_s(e: Emitter, t: str, a: str, b: str) -> str:
    """``a / b`` signed, rounded towards zero. Traps: division by zero, overflow (MIN / -1)."""

    def by_minus_one() -> str:
        least = e.emit(f"icmp eq {t} {a}, {-1 << BITS[t] - 1}")
        e.trap_if(least, ErrCode.INTEGER_OVERFLOW)
        return e.emit(f"sub {t} 0, {a}")

    return _signed_division(e, "sdiv", t, a, b, by_minus_one)


@lowering
def rem_s(e: Emitter, t: str, a: str, b: str) -> str:
    """``a % b`` signed, with the sign of ``a``; MIN % -1 is 0. Traps: division by zero."""
    return _signed_division(e, "srem", t, a, b, lambda: "0")


def _signed_division(
    e: Emitter, op: str, t: str, a: str, b: str, by_minus_one: Callable[[], str]
) -> str:
    """A signed division; one comparison keeps the divisors 0 and -1 off the fast path."""
    if is_constant(b) and int(b) not in (0, -1):
        return e.emit(f"{op} {t} {a}, {b}")
    special, negated, usual, done = (e.label() for _ in range(4))
    biased = e.emit(f"add {t} {b}, 1")
    is_special = e.emit(f"icmp ult {t} {biased}, 2")
    e.void(f"br i1 {is_special}, label %{special}, label %{usual}{RARE}")
    e.place(special)
    e.trap_if(e.emit(f"icmp eq {t} {b}, 0"), ErrCode.DIVIDE_BY_ZERO)
    special_result = by_minus_one()
    e.void(f"br label %{negated}")
    e.place(negated)
    e.void(f"br label %{done}")
    e.place(usual)
    usual_result = e.emit(f"{op} {t} {a}, {b}")
    e.void(f"br label %{done}")
    e.place(done)
    return e.emit(f"phi {t} [ {special_result}, %{negated} ], [ {usual_result}, %{usual} ]")


@lowering
def shift(e: Emitter, op: str, t: str, a: str, b: str) -> str:
    """``a`` shifted by ``b`` modulo the width; ``op`` is ``shl``, ``ashr`` or ``lshr``."""
    mask = BITS[t] - 1
    count = str(int(b) & mask) if is_constant(b) else e.emit(f"and {t} {b}, {mask}")
    return e.emit(f"{op} {t} {a}, {count}")


@lowering
def rotl(e: Emitter, t: str, a: str, b: str) -> str:
    """``a`` rotated left by ``b`` modulo the width."""
    return _intrinsic(e, "fshl", t, a, a, b)


@lowering
def rotr(e: Emitter, t: str, a: str, b: str) -> str:
    """``a`` rotated right by ``b`` modulo the width."""
    return _intrinsic(e, "fshr", t, a, a, b)


@lowering
def clz(e: Emitter, t: str, a: str) -> str:
    """Number of leading zero bits, the width for 0."""
    return _count_zeros(e, "ctlz", t, a)


@lowering
def ctz(e: Emitter, t: str, a: str) -> str:
    """Number of trailing zero bits, the width for 0."""
    return _count_zeros(e, "cttz", t, a)


def _count_zeros(e: Emitter, name: str, t: str, a: str) -> str:
    return e.emit(f"call {t} @llvm.{name}.{t}({t} {a}, i1 false)")


@lowering
def popcnt(e: Emitter, t: str, a: str) -> str:
    """Number of one bits."""
    return _intrinsic(e, "ctpop", t, a)


def _intrinsic(e: Emitter, name: str, t: str, *operands: str) -> str:
    """Call an intrinsic whose operands and result all have the scalar type ``t``."""
    arguments = ", ".join(f"{t} {operand}" for operand in operands)
    return e.emit(f"call {t} @llvm.{name}.{SUFFIX[t]}({arguments})")


# ---------------------------------------------------------------------------- floating point


@lowering
def fbin(e: Emitter, op: str, t: str, a: str, b: str) -> str:
    """``fadd``, ``fsub``, ``fmul`` or ``fdiv``; a NaN result is quiet whatever LLVM folds."""
    if op in ("fadd", "fmul") and is_constant(a):
        a, b = b, a
    effect = unit_effect(op, a, b)
    if effect is None:
        return e.emit(f"{op} {t} {a}, {b}")
    operand, negated = effect
    quiet = _intrinsic(e, "canonicalize", t, (a, b)[operand])
    return e.emit(f"fneg {t} {quiet}") if negated else quiet


def unit_effect(op: str, a: str | None, b: str | None) -> tuple[int, bool] | None:
    """Tell when an operation does no more than quiet a NaN and perhaps flip the sign.

    Then returns the number of the operand that is left and whether it is negated. Operands are
    constant texts (in every lane, for vectors) or anything else; a constant comes second in a sum
    or a product.
    """
    if (op, b) in _UNITS:
        return 0, False
    if (op, b) in (("fmul", _NEG_ONE), ("fdiv", _NEG_ONE)):
        return 0, True
    if op == "fsub" and a == _NEG_ZERO:
        return 1, True
    return None


_UNITS = {
    ("fadd", _NEG_ZERO),
    ("fsub", _ZERO),
    ("fsub", "0.0"),
    ("fmul", _ONE),
    ("fdiv", _ONE),
}
"""Operations and second operands that leave the first operand as it is."""


@lowering
def fmin(e: Emitter, t: str, a: str, b: str) -> str:
    """The smaller operand; NaN if one is NaN; -0 is smaller than +0."""
    return _extremum(e, "olt", "or", t, a, b)


@lowering
def fmax(e: Emitter, t: str, a: str, b: str) -> str:
    """The larger operand; NaN if one is NaN; +0 is larger than -0."""
    return _extremum(e, "ogt", "and", t, a, b)


def _extremum(e: Emitter, predicate: str, merge: str, t: str, a: str, b: str) -> str:
    """Minimum or maximum. (``llvm.minimum`` neither quiets NaNs nor is it shorter on x86-64.)"""
    if is_constant(a):
        a, b = b, a
    if is_constant(b) and b not in _ZEROS and not is_nan(b):
        # Equal operands have equal bits, so the only question left is whether `a` is a NaN.
        less = e.emit(f"fcmp {predicate} {t} {b}, {a}")
        return _intrinsic(e, "canonicalize", t, e.emit(f"select i1 {less}, {t} {b}, {t} {a}"))
    total = fbin(e, "fadd", t, a, b)
    return extremum(e, predicate, merge, t, f"i{BITS[t]}", "i1", a, b, total)


def extremum(
    e: Emitter,
    predicate: str,
    merge: str,
    t: str,
    int_t: str,
    bool_t: str,
    a: str,
    b: str,
    total: str,
) -> str:
    """Minimum (``olt``, ``or``) or maximum (``ogt``, ``and``) of two floats or float vectors.

    ``select(a < b, a, b)`` is one x86 instruction. Its two directions differ only for zeros of
    different sign, which ``merge`` settles, and for NaNs, for which ``total``, the sum, is right.
    """
    picks = []
    for x, y in ((a, b), (b, a)):
        first = e.emit(f"fcmp {predicate} {t} {x}, {y}")
        pick = e.emit(f"select {bool_t} {first}, {t} {x}, {t} {y}")
        picks.append(e.emit(f"bitcast {t} {pick} to {int_t}"))
    merged = e.emit(f"{merge} {int_t} {picks[0]}, {picks[1]}")
    number = e.emit(f"bitcast {int_t} {merged} to {t}")
    unordered = e.emit(f"fcmp uno {t} {a}, {b}")
    return e.emit(f"select {bool_t} {unordered}, {t} {total}, {t} {number}")


@lowering
def fneg(e: Emitter, t: str, a: str) -> str:
    """``a`` with its sign bit flipped, NaNs included."""
    return e.emit(f"fneg {t} {a}")


@lowering
def fabs(e: Emitter, t: str, a: str) -> str:
    """``a`` with its sign bit cleared, NaNs included."""
    return _intrinsic(e, "fabs", t, a)


@lowering
def copysign(e: Emitter, t: str, a: str, b: str) -> str:
    """``a`` with the sign bit of ``b``, NaNs included."""
    return _intrinsic(e, "copysign", t, a, b)


@lowering
def ceil(e: Emitter, t: str, a: str) -> str:
    """``a`` rounded up to an integral value."""
    return _intrinsic(e, "ceil", t, a)


@lowering
def floor(e: Emitter, t: str, a: str) -> str:
    """``a`` rounded down to an integral value."""
    return _intrinsic(e, "floor", t, a)


@lowering
def ftrunc(e: Emitter, t: str, a: str) -> str:
    """``a`` rounded towards zero to an integral value."""
    return _intrinsic(e, "trunc", t, a)


@lowering
def nearest(e: Emitter, t: str, a: str) -> str:
    """``a`` rounded to the nearest integral value, ties to even."""
    return _intrinsic(e, "roundeven", t, a)


@lowering
def sqrt(e: Emitter, t: str, a: str) -> str:
    """Square root, correctly rounded."""
    return _intrinsic(e, "sqrt", t, a)


@lowering
def promote(e: Emitter, a: str) -> str:
    """float to double."""
    return e.emit(f"fpext float {a} to double")


@lowering
def demote(e: Emitter, a: str) -> str:
    """double to float, correctly rounded.

    LLVM folds ``demote (promote x)`` to ``x``, also through the instructions that only pass a
    value on.
    """
    demoted = e.emit(f"fptrunc double {a} to float")
    if passes_on(e, a):
        return _intrinsic(e, "canonicalize", "float", demoted)
    return demoted


def passes_on(e: Emitter, value: str) -> bool:
    """Whether ``value`` may be a promoted one, as far as LLVM can see."""
    while value[1:].isdigit():  # neither a constant nor a parameter
        definition = e.lines[int(value[1:])].partition(" = ")[2]
        if not definition.startswith("bitcast"):
            return not definition or definition.startswith(_PASSING)  # or a phi to come
        value = definition.rpartition(" to ")[0].rpartition(" ")[2]
    return False


_PASSING = (
    "fpext",
    "phi",
    "select",
    "fneg",
    "and",
    "or",
    "xor",
    "call double @llvm.fabs",
    "call double @llvm.copysign",
    "call <2 x double> @llvm.fabs",
)


# ---------------------------------------------------------------------------- float to integer


@lowering
def trunc(e: Emitter, float_t: str, int_t: str, signed: int, a: str) -> str:
    """``a`` rounded towards zero. Traps: NaN (0x86), out of range (0x85)."""
    if not X86_64 or (int_t == "i64" and not signed):
        return _trunc_portable(e, float_t, int_t, bool(signed), a)
    # cvttss2si and cvttsd2si deliver the least i64 for everything outside the range of i64.
    vector, name = ("<4 x float>", "sse.cvttss2si64")
    if float_t == "double":
        vector, name = ("<2 x double>", "sse2.cvttsd2si64")
    wide = e.emit(f"insertelement {vector} poison, {float_t} {a}, i64 0")
    result = e.emit(f"call i64 @llvm.x86.{name}({vector} {wide})")
    if int_t == "i64":
        suspicious = e.emit(f"icmp eq i64 {result}, {-1 << 63}")
        _check(e, suspicious, float_t, a, lambda: _out_of_range(e, float_t, "i64", True, a))
        return result
    narrow = e.emit(f"trunc i64 {result} to i32")
    back = e.emit(f"{'sext' if signed else 'zext'} i32 {narrow} to i64")
    _check(e, e.emit(f"icmp ne i64 {result}, {back}"), float_t, a)
    return narrow


def _trunc_portable(e: Emitter, float_t: str, int_t: str, signed: bool, a: str) -> str:
    outside = _out_of_range(e, float_t, int_t, signed, a)
    _check(e, outside, float_t, a)
    return e.emit(f"fpto{'si' if signed else 'ui'} {float_t} {a} to {int_t}")


def _out_of_range(e: Emitter, float_t: str, int_t: str, signed: bool, a: str) -> str:
    """An i1: ``a`` is NaN or, rounded towards zero, not representable in ``int_t``."""
    bits = BITS[int_t] - signed
    low, high = (-(1 << bits) if signed else 0), 1 << bits
    precision = 24 if float_t == "float" else 53
    below = "ule", low - 1
    if low and bits >= precision:  # low - 1 is no float; between low and it there is none either
        below = "ult", low
    too_low = e.emit(f"fcmp {below[0]} {float_t} {a}, {real(below[1])}")
    too_high = e.emit(f"fcmp uge {float_t} {a}, {real(high)}")
    return e.emit(f"or i1 {too_low}, {too_high}")


def _check(
    e: Emitter,
    suspicious: str,
    float_t: str,
    a: str,
    outside: Callable[[], str] | None = None,
) -> None:
    """Look closer, off the fast path, at an operand that is suspected to be NaN or out of range.

    ``outside`` makes the i1 that tells whether a number is out of range; by default it is.
    """
    look, fine = e.label(), e.label()
    e.void(f"br i1 {suspicious}, label %{look}, label %{fine}{RARE}")
    e.place(look)
    e.trap_if(e.emit(f"fcmp uno {float_t} {a}, {a}"), ErrCode.INVALID_CONV_TO_INT)
    if outside is None:
        e.trap(ErrCode.INTEGER_OVERFLOW)
    else:
        e.trap_if(outside(), ErrCode.INTEGER_OVERFLOW)
        e.void(f"br label %{fine}")
    e.place(fine)


@lowering
def trunc_sat(e: Emitter, float_t: str, int_t: str, signed: int, a: str) -> str:
    """``a`` rounded towards zero, clamped to the range; 0 for NaN."""
    name = f"fpto{'si' if signed else 'ui'}.sat.{int_t}.{SUFFIX[float_t]}"
    return e.emit(f"call {int_t} @llvm.{name}({float_t} {a})")
