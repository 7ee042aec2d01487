"""Floating-point arithmetic as LLVM text, for scalars and vectors alike (section 4.3.3).

LLVM lets a signalling NaN pass where it sees that an operation has no other effect, so it folds
``x * 1.0`` to ``x``; WebAssembly wants every result of arithmetic to be a quiet NaN. A constant
that makes LLVM drop the last operation is therefore hidden behind ``llvm.arithmetic.fence``, which
costs nothing and does not stop LLVM from vectorising. (``llvm.canonicalize`` says what is meant,
but LLVM 22 aborts on it for vectors of two floats, which it may make of scalars.)
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from .registry import X86_64

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..emitter import EmitterBase as Emitter


class Real(NamedTuple):
    """A float type, or a vector of one, and the types that go with it, as LLVM spells them."""

    type: str
    integers: str
    """Integers of the same size."""
    bools: str
    """Result of a comparison."""
    suffix: str
    """Ending of the names of intrinsics."""
    one: str
    """The constant 1."""
    x86: str = ""
    """Name of the x86 minimum and maximum intrinsics, ``{}`` for ``min`` or ``max``."""


FLOAT = Real("float", "i32", "i1", "f32", "1.0")
DOUBLE = Real("double", "i64", "i1", "f64", "1.0")
F32X4 = Real("<4 x float>", "<4 x i32>", "<4 x i1>", "v4f32", "splat (float 1.0)", "sse.{}.ps")
F64X2 = Real("<2 x double>", "<2 x i64>", "<2 x i1>", "v2f64", "splat (double 1.0)", "sse2.{}.pd")

REALS = {"float": FLOAT, "double": DOUBLE, "f32x4": F32X4, "f64x2": F64X2}
"""By scalar LLVM type or by shape."""


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
    if constant.startswith("0x"):
        return int(constant, 16) & ~(1 << 63) > 0x7FF << 52
    return constant.startswith("bitcast")


def known(operand: str) -> tuple[float, ...]:
    """The value of a float or double operand, if it is a constant and no NaN."""
    if not is_constant(operand) or is_nan(operand):
        return ()
    if not operand.startswith("0x"):
        return (float(operand),)
    (value,) = struct.unpack("<d", int(operand, 16).to_bytes(8, "little"))
    return (value,)


# ---------------------------------------------------------------------------- operations


def call(e: Emitter, name: str, real_: Real, *operands: str) -> str:
    """Call the intrinsic ``name``, whose operands and result all have the type ``real_``."""
    arguments = ", ".join(f"{real_.type} {operand}" for operand in operands)
    return e.emit(f"call {real_.type} @llvm.{name}.{real_.suffix}({arguments})")


def _hidden(e: Emitter, real_: Real, constant: str) -> str:
    """A constant whose value LLVM does not use."""
    return call(e, "arithmetic.fence", real_, constant)


def quiet(e: Emitter, real_: Real, value: str) -> str:
    """``value`` with signalling NaNs made quiet."""
    return e.emit(f"fmul {real_.type} {value}, {_hidden(e, real_, real_.one)}")


def arithmetic(
    e: Emitter,
    op: str,
    real_: Real,
    a: str,
    b: str,
    known_a: Sequence[float],
    known_b: Sequence[float],
) -> str:
    """``fadd``, ``fsub``, ``fmul`` or ``fdiv``; NaN results are quiet whatever LLVM folds.

    ``known_a`` and ``known_b`` are the lanes of operands that are constant, else empty.
    """
    if (op, _uniform(known_b)) in _FOLDED:
        b = _hidden(e, real_, b)
    elif (op, _uniform(known_a)) in _FOLDED_FIRST:
        a = _hidden(e, real_, a)
    return e.emit(f"{op} {real_.type} {a}, {b}")


_FOLDED = {
    ("fadd", "-0.0"),
    ("fsub", "0.0"),
    ("fmul", "1.0"),
    ("fmul", "-1.0"),
    ("fdiv", "1.0"),
    ("fdiv", "-1.0"),
}
"""Operations and second operands with which only the first operand's sign is left to set."""

_FOLDED_FIRST = {("fadd", "-0.0"), ("fsub", "-0.0"), ("fmul", "1.0"), ("fmul", "-1.0")}
"""The same for first operands."""


def _uniform(lanes: Sequence[float]) -> str:
    """What all ``lanes`` are, ``""`` if they differ."""
    texts = set(map(str, lanes))
    return texts.pop() if len(texts) == 1 else ""


def pick(e: Emitter, name: str, real_: Real, a: str, b: str) -> str:
    """``a`` where it is less (``min``) or greater (``max``) than ``b``, else ``b``.

    An instruction of x86; LLVM does not see that if casts to integers are in the way.
    """
    type_ = real_.type
    if X86_64 and real_.x86:
        function = f"@llvm.x86.{real_.x86.format(name)}"
        return e.emit(f"call {type_} {function}({type_} {a}, {type_} {b})")
    predicate = {"min": "olt", "max": "ogt"}[name]
    first = e.emit(f"fcmp {predicate} {type_} {a}, {b}")
    return e.emit(f"select {real_.bools} {first}, {type_} {a}, {type_} {b}")


def extremum(
    e: Emitter,
    name: str,
    real_: Real,
    a: str,
    b: str,
    known_a: Sequence[float],
    known_b: Sequence[float],
) -> str:
    """``min`` or ``max``: NaN if an operand is NaN, and -0 is less than +0.

    (``llvm.minimum`` neither quiets NaNs nor is it shorter on x86-64.) The two directions of
    ``pick`` differ only for zeros of different sign, which a bitwise operation settles, and for
    NaNs, for which the sum is right.
    """
    if known_a:
        a, b, known_a, known_b = b, a, known_b, known_a
    if known_b and all(lane and lane == lane for lane in known_b):
        # Neither zero nor NaN, so the only question is whether `a` is a NaN; then it is picked.
        picked = pick(e, name, real_, b, a)
        return picked if is_quiet(e, a) else quiet(e, real_, picked)
    if X86_64 and real_.x86 and name == "max" and _uniform(known_b) == "0.0":
        # The sum makes +0 of -0, and NaNs quiet; LLVM cannot see that it often changes nothing.
        return e.emit(f"fadd {real_.type} {pick(e, name, real_, b, a)}, zeroinitializer")
    type_, integers = real_.type, real_.integers
    picks = [pick(e, name, real_, a, b), pick(e, name, real_, b, a)]
    first, second = (e.emit(f"bitcast {type_} {one} to {integers}") for one in picks)
    merged = e.emit(f"{'or' if name == 'min' else 'and'} {integers} {first}, {second}")
    number = e.emit(f"bitcast {integers} {merged} to {type_}")
    total = arithmetic(e, "fadd", real_, a, b, known_a, known_b)
    unordered = e.emit(f"fcmp uno {type_} {a}, {b}")
    return e.emit(f"select {real_.bools} {unordered}, {type_} {total}, {type_} {number}")


# ---------------------------------------------------------------------------- what is known


def _definition(e: Emitter, value: str) -> str | None:
    """The instruction that made ``value``, looking through casts and lanes.

    ``""`` if it is still to be written, ``None`` for constants and parameters.
    """
    while value[1:].isdigit():  # neither a constant nor a parameter
        definition = e.lines[int(value[1:])].partition(" = ")[2]
        if not definition.startswith(("bitcast", "extractelement")):
            return definition
        value = definition[definition.find("%") :].partition(",")[0].partition(" ")[0]
    return None


def is_quiet(e: Emitter, value: str) -> bool:
    """Whether ``value`` comes from an operation that makes no signalling NaN."""
    return (_definition(e, value) or "").startswith(_ARITHMETIC)


def may_be_promoted(e: Emitter, value: str) -> bool:
    """Whether LLVM might find that ``value`` is a float made a double and nothing else."""
    definition = _definition(e, value)
    if definition is None:
        return False
    if definition.startswith("call"):
        return "@llvm.fabs." in definition or "@llvm.copysign." in definition
    return not definition.startswith((*_ARITHMETIC, "load"))


_ARITHMETIC = ("fadd", "fsub", "fmul", "fdiv", "sitofp", "uitofp")
