"""Lowerings of scalar numeric instructions that are more than one line of LLVM.

Specification sections 4.3.2 (integers) and 4.3.3 (floating point). Types are LLVM's: ``i32``,
``i64``, ``float``, ``double``. Operands are LLVM text: a value ``%n`` or a constant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...base.errors import ErrCode
from ..emitter import RARE
from .floating import (
    REALS,
    arithmetic,
    call,
    extremum,
    is_constant,
    known,
    may_be_promoted,
    quiet,
    real,
)
from .registry import X86_64, lowering

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..emitter import EmitterBase as Emitter

BITS = {"i32": 32, "i64": 64}
"""Width of each integer type."""


# ---------------------------------------------------------------------------- integers


@lowering
def div_u(e: Emitter, t: str, a: str, b: str) -> str:
    """``a / b`` unsigned. Traps: division by zero."""
    _trap_if_zero(e, t, b)
    return e.emit(f"udiv {t} {a}, {b}")


@lowering
def rem_u(e: Emitter, t: str, a: str, b: str) -> str:
    """``a % b`` unsigned. Traps: division by zero."""
    _trap_if_zero(e, t, b)
    return e.emit(f"urem {t} {a}, {b}")


@lowering
def div_s(e: Emitter, t: str, a: str, b: str) -> str:
    """``a / b`` signed, rounded towards zero. Traps: division by zero, overflow (MIN / -1)."""
    _trap_if_zero(e, t, b)
    if _may_be(b, -1):
        least = e.emit(f"icmp eq {t} {a}, {-1 << BITS[t] - 1}")
        negates = e.emit(f"icmp eq {t} {b}, -1")
        e.trap_if(e.emit(f"and i1 {negates}, {least}"), ErrCode.INTEGER_OVERFLOW)
    return e.emit(f"sdiv {t} {a}, {b}")


@lowering
def rem_s(e: Emitter, t: str, a: str, b: str) -> str:
    """``a % b`` signed, with the sign of ``a``; MIN % -1 is 0. Traps: division by zero."""
    _trap_if_zero(e, t, b)
    if not _may_be(b, -1):
        return e.emit(f"srem {t} {a}, {b}")
    # The machine traps on MIN % -1. A branch costs less than a conditional move before a division.
    before, divide, done = e.block_name, e.label(), e.label()
    trivial = e.emit(f"icmp eq {t} {b}, -1")
    e.void(f"br i1 {trivial}, label %{done}, label %{divide}{RARE}")
    e.place(divide)
    rest = e.emit(f"srem {t} {a}, {b}")
    e.void(f"br label %{done}")
    e.place(done)
    return e.emit(f"phi {t} [ 0, %{before} ], [ {rest}, %{divide} ]")


def _may_be(operand: str, value: int) -> bool:
    return not is_constant(operand) or int(operand) == value


def _trap_if_zero(e: Emitter, t: str, divisor: str) -> None:
    if _may_be(divisor, 0):
        e.trap_if(e.emit(f"icmp eq {t} {divisor}, 0"), ErrCode.DIVIDE_BY_ZERO)


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
    """Call an intrinsic whose operands and result all have the integer type ``t``."""
    arguments = ", ".join(f"{t} {operand}" for operand in operands)
    return e.emit(f"call {t} @llvm.{name}.{t}({arguments})")


# ---------------------------------------------------------------------------- floating point


@lowering
def fbin(e: Emitter, op: str, t: str, a: str, b: str) -> str:
    """``fadd``, ``fsub``, ``fmul`` or ``fdiv``."""
    return arithmetic(e, op, REALS[t], a, b, known(a), known(b))


@lowering
def fmin(e: Emitter, t: str, a: str, b: str) -> str:
    """The smaller operand; NaN if one is NaN; -0 is smaller than +0."""
    return extremum(e, "min", REALS[t], a, b, known(a), known(b))


@lowering
def fmax(e: Emitter, t: str, a: str, b: str) -> str:
    """The larger operand; NaN if one is NaN; +0 is larger than -0."""
    return extremum(e, "max", REALS[t], a, b, known(a), known(b))


@lowering
def fneg(e: Emitter, t: str, a: str) -> str:
    """``a`` with its sign bit flipped, NaNs included."""
    return e.emit(f"fneg {t} {a}")


@lowering
def fabs(e: Emitter, t: str, a: str) -> str:
    """``a`` with its sign bit cleared, NaNs included."""
    return call(e, "fabs", REALS[t], a)


@lowering
def copysign(e: Emitter, t: str, a: str, b: str) -> str:
    """``a`` with the sign bit of ``b``, NaNs included."""
    return call(e, "copysign", REALS[t], a, b)


@lowering
def ceil(e: Emitter, t: str, a: str) -> str:
    """``a`` rounded up to an integral value."""
    return call(e, "ceil", REALS[t], a)


@lowering
def floor(e: Emitter, t: str, a: str) -> str:
    """``a`` rounded down to an integral value."""
    return call(e, "floor", REALS[t], a)


@lowering
def ftrunc(e: Emitter, t: str, a: str) -> str:
    """``a`` rounded towards zero to an integral value."""
    return call(e, "trunc", REALS[t], a)


@lowering
def nearest(e: Emitter, t: str, a: str) -> str:
    """``a`` rounded to the nearest integral value, ties to even."""
    return call(e, "roundeven", REALS[t], a)


@lowering
def sqrt(e: Emitter, t: str, a: str) -> str:
    """Square root, correctly rounded."""
    return call(e, "sqrt", REALS[t], a)


@lowering
def promote(e: Emitter, a: str) -> str:
    """float to double."""
    return e.emit(f"fpext float {a} to double")


@lowering
def demote(e: Emitter, a: str) -> str:
    """double to float, correctly rounded.

    LLVM folds ``demote (promote x)`` to ``x``, also through instructions that pass a value on.
    """
    demoted = e.emit(f"fptrunc double {a} to float")
    if may_be_promoted(e, a):
        return quiet(e, REALS["float"], demoted)
    return demoted


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
    name = f"fpto{'si' if signed else 'ui'}.sat.{int_t}.{REALS[float_t].suffix}"
    return e.emit(f"call {int_t} @llvm.{name}({float_t} {a})")
