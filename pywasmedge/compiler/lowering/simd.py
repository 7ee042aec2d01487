"""Lowerings of vector instructions that are no fixed template (specification section 4.3.4).

Where the machine has an instruction that LLVM does not find by itself, ``X86_64`` selects LLVM's
intrinsic for it; the plain form beside it serves every other machine.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from ...isa.lanes import LANES, vector_type
from . import simd_memory  # noqa: F401  (registers its lowerings)
from .floating import (
    F32X4,
    F64X2,
    REALS,
    Real,
    arithmetic,
    extremum,
    is_constant,
    is_nan,
    known,
    may_be_promoted,
    pick,
    quiet,
    real,
)
from .registry import X86_64, lowering
from .vector import (
    LANE_BITS,
    broadcast,
    call,
    cast,
    constant,
    constant_bytes,
    extract,
    insert,
    lane_bytes,
    shuffled,
    v128,
)

if TYPE_CHECKING:
    from ..emitter import EmitterBase as Emitter

F32X2 = Real("<2 x float>", "<2 x i32>", "<2 x i1>", "v2f32", "splat (float 1.0)")
"""What is left of an f64x2 made of floats."""


# ---------------------------------------------------------------------------- constants and lanes


@lowering
def v128_const(e: Emitter, raw: bytes) -> str:
    """A constant."""
    return constant(raw)


@lowering
def shuffle(e: Emitter, lanes: bytes, a: str, b: str) -> str:
    """Bytes of ``a`` (0 to 15) and ``b`` (16 to 31) as chosen by the immediate."""
    # Wider lanes where the choice allows it: every machine has more shuffles for those.
    for shape in ("i64x2", "i32x4", "i16x8"):
        size = lane_bytes(shape)
        groups = [lanes[at : at + size] for at in range(0, 16, size)]
        if all(g[0] % size == 0 and g == bytes(range(g[0], g[0] + size)) for g in groups):
            picks = [group[0] // size for group in groups]
            break
    else:
        shape, picks = "i8x16", list(lanes)
    mixed = shuffled(e, vector_type(shape), cast(e, a, shape), cast(e, b, shape), picks)
    return v128(e, mixed, shape)


@lowering
def swizzle(e: Emitter, a: str, indices: str) -> str:
    """Bytes of ``a`` chosen by the bytes of ``indices``; 0 for an index above 15."""
    type_ = vector_type("i8x16")
    table, index = cast(e, a, "i8x16"), cast(e, indices, "i8x16")
    if X86_64:  # pshufb gives 0 for an index with the high bit set, so push 16 and above there
        high = call(e, "uadd.sat.v16i8", type_, (type_, index), (type_, "splat (i8 112)"))
        picked = call(e, "x86.ssse3.pshuf.b.128", type_, (type_, table), (type_, high))
        return v128(e, picked, "i8x16")
    picked = "zeroinitializer"
    for lane in range(16):
        wanted = e.emit(f"extractelement {type_} {index}, i64 {lane}")
        inside = e.emit(f"icmp ult i8 {wanted}, 16")
        masked = e.emit(f"and i8 {wanted}, 15")
        byte = e.emit(f"extractelement {type_} {table}, i8 {masked}")
        value = e.emit(f"select i1 {inside}, i8 {byte}, i8 0")
        picked = e.emit(f"insertelement {type_} {picked}, i8 {value}, i64 {lane}")
    return v128(e, picked, "i8x16")


@lowering
def splat(e: Emitter, shape: str, value: str) -> str:
    """``value`` in every lane; integers are cut to the lane width."""
    lane, count = LANES[shape]
    if is_constant(value) and not is_nan(value):
        return constant(_constant_lane(lane, value) * count)
    if lane in ("i8", "i16"):
        value = e.emit(f"trunc i32 {value} to {lane}")
    return v128(e, broadcast(e, shape, value), shape)


def _constant_lane(lane: str, value: str) -> bytes:
    """The bytes of a lane that holds the constant ``value``."""
    if lane in ("float", "double"):
        return struct.pack("<f" if lane == "float" else "<d", *known(value))
    bits = int(lane[1:])
    return (int(value) & (1 << bits) - 1).to_bytes(bits // 8, "little")


@lowering
def extract_lane(e: Emitter, shape: str, extension: str, lane: int, vector: str) -> str:
    """One lane; 8- and 16-bit lanes are extended to i32 by ``sext`` or ``zext``."""
    value = extract(e, shape, lane, vector)
    return e.emit(f"{extension} {LANES[shape][0]} {value} to i32") if extension else value


@lowering
def replace_lane(e: Emitter, shape: str, lane: int, vector: str, value: str) -> str:
    """The vector with one lane replaced; integers are cut to the lane width."""
    type_ = LANES[shape][0]
    if type_ in ("i8", "i16"):
        value = e.emit(f"trunc i32 {value} to {type_}")
    return insert(e, shape, lane, vector, value)


# ---------------------------------------------------------------------------- integers


@lowering
def vector_shift(e: Emitter, shape: str, instruction: str, vector: str, count: str) -> str:
    """Lanes shifted by the i32 ``count`` modulo the lane width: ``shl``, ``ashr`` or ``lshr``."""
    lane, mask = LANES[shape][0], LANE_BITS[shape] - 1
    if is_constant(count):
        amounts = f"splat ({lane} {int(count) & mask})"
    else:
        amount = e.emit(f"and i32 {count}, {mask}")
        if lane != "i32":
            amount = e.emit(f"{'zext' if lane == 'i64' else 'trunc'} i32 {amount} to {lane}")
        amounts = broadcast(e, shape, amount)
    shifted = e.emit(f"{instruction} {vector_type(shape)} {cast(e, vector, shape)}, {amounts}")
    return v128(e, shifted, shape)


@lowering
def narrow(e: Emitter, shape: str, signed: int, a: str, b: str) -> str:
    """Lanes of twice the width, taken as signed, clamped to the signed or unsigned ``shape``."""
    source = "i16x8" if shape == "i8x16" else "i32x4"
    wide, type_ = vector_type(source), vector_type(shape)
    lane, count = LANES[source]
    first, second = cast(e, a, source), cast(e, b, source)
    if X86_64:
        name = {
            ("i8x16", 1): "sse2.packsswb.128",
            ("i8x16", 0): "sse2.packuswb.128",
            ("i16x8", 1): "sse2.packssdw.128",
            ("i16x8", 0): "sse41.packusdw",
        }[shape, signed]
        return v128(e, call(e, f"x86.{name}", type_, (wide, first), (wide, second)), shape)
    bits = LANE_BITS[shape]
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    both = f"<{2 * count} x {lane}>"
    joined = shuffled(e, wide, first, second, range(2 * count))
    least, most = f"splat ({lane} {low})", f"splat ({lane} {high})"
    joined = call(e, f"smax.v{2 * count}{lane}", both, (both, joined), (both, least))
    joined = call(e, f"smin.v{2 * count}{lane}", both, (both, joined), (both, most))
    return v128(e, e.emit(f"trunc {both} {joined} to {type_}"), shape)


@lowering
def q15mulr_sat_s(e: Emitter, a: str, b: str) -> str:
    """Rounded product of Q15 numbers, saturating."""
    type_ = vector_type("i16x8")
    first, second = cast(e, a, "i16x8"), cast(e, b, "i16x8")
    if X86_64:  # pmulhrsw wraps where it should saturate, in the one case that gives -2^15
        product = call(e, "x86.ssse3.pmul.hr.sw.128", type_, (type_, first), (type_, second))
        wrapped = e.emit(f"icmp eq {type_} {product}, splat (i16 -32768)")
        flip = e.emit(f"sext <8 x i1> {wrapped} to {type_}")
        return v128(e, e.emit(f"xor {type_} {product}, {flip}"), "i16x8")
    wide = "<8 x i32>"
    factors = [e.emit(f"sext {type_} {value} to {wide}") for value in (first, second)]
    product = e.emit(f"mul {wide} {factors[0]}, {factors[1]}")
    rounded = e.emit(f"add {wide} {product}, splat (i32 16384)")
    scaled = e.emit(f"ashr {wide} {rounded}, splat (i32 15)")
    clamped = call(e, "smin.v8i32", wide, (wide, scaled), (wide, "splat (i32 32767)"))
    return v128(e, e.emit(f"trunc {wide} {clamped} to {type_}"), "i16x8")


@lowering
def dot_i16x8_s(e: Emitter, a: str, b: str) -> str:
    """Sums of the products of neighbouring signed lanes."""
    type_, wide = vector_type("i16x8"), vector_type("i32x4")
    first, second = cast(e, a, "i16x8"), cast(e, b, "i16x8")
    if X86_64:
        total = call(e, "x86.sse2.pmadd.wd", wide, (type_, first), (type_, second))
        return v128(e, total, "i32x4")
    products = []
    for start in (0, 1):
        factors = []
        for value in (first, second):
            lanes = shuffled(e, type_, value, "poison", range(start, 8, 2))
            factors.append(e.emit(f"sext <4 x i16> {lanes} to {wide}"))
        products.append(e.emit(f"mul {wide} {factors[0]}, {factors[1]}"))
    return v128(e, e.emit(f"add {wide} {products[0]}, {products[1]}"), "i32x4")


@lowering
def extadd_pairwise(e: Emitter, shape: str, source: str, signed: int, a: str) -> str:
    """Sums of neighbouring lanes of the ``source`` vector, widened to ``shape``."""
    type_, wide = vector_type(source), vector_type(shape)
    lane = LANES[shape][0]
    if X86_64 and (signed or source == "i8x16"):  # multiply by one and add neighbours
        value, ones = (type_, cast(e, a, source)), (type_, f"splat ({LANES[source][0]} 1)")
        if source == "i16x8":
            total = call(e, "x86.sse2.pmadd.wd", wide, value, ones)
        else:  # the first operand is unsigned, the second signed
            operands = (ones, value) if signed else (value, ones)
            total = call(e, "x86.ssse3.pmadd.ub.sw.128", wide, *operands)
        return v128(e, total, shape)
    pairs = cast(e, a, shape)
    half = f"splat ({lane} {LANE_BITS[source]})"
    shift = "ashr" if signed else "lshr"
    odd = e.emit(f"{shift} {wide} {pairs}, {half}")
    even = e.emit(f"shl {wide} {pairs}, {half}")
    even = e.emit(f"{shift} {wide} {even}, {half}")
    return v128(e, e.emit(f"add {wide} {even}, {odd}"), shape)


# ---------------------------------------------------------------------------- floating point


@lowering
def vector_fbin(e: Emitter, op: str, shape: str, a: str, b: str) -> str:
    """``fadd``, ``fsub``, ``fmul`` or ``fdiv`` of each lane."""
    x, y = cast(e, a, shape), cast(e, b, shape)
    total = arithmetic(e, op, REALS[shape], x, y, _known(shape, a), _known(shape, b))
    return v128(e, total, shape)


@lowering
def vector_extremum(e: Emitter, name: str, shape: str, a: str, b: str) -> str:
    """The smaller (``min``) or larger (``max``) lane; NaN if one is NaN; -0 is less than +0."""
    x, y = cast(e, a, shape), cast(e, b, shape)
    result = extremum(e, name, REALS[shape], x, y, _known(shape, a), _known(shape, b))
    return v128(e, result, shape)


def _known(shape: str, operand: str) -> tuple[float, ...]:
    """The float lanes of a constant v128 operand; none if it is not constant."""
    raw = constant_bytes(operand)
    return struct.unpack("<4f" if shape == "f32x4" else "<2d", raw) if raw else ()


@lowering
def vector_pick(e: Emitter, name: str, shape: str, a: str, b: str) -> str:
    """The lane of ``b`` where it is less (``min``) or greater (``max``), else that of ``a``."""
    picked = pick(e, name, REALS[shape], cast(e, b, shape), cast(e, a, shape))
    return v128(e, picked, shape)


@lowering
def vector_demote(e: Emitter, a: str) -> str:
    """Lanes to float, in the low half; the high half is zero."""
    value = cast(e, a, "f64x2")
    demoted = e.emit(f"fptrunc <2 x double> {value} to <2 x float>")
    if may_be_promoted(e, value):
        demoted = quiet(e, F32X2, demoted)
    return v128(e, shuffled(e, "<2 x float>", demoted, "zeroinitializer", range(4)), "f32x4")


@lowering
def vector_promote(e: Emitter, a: str) -> str:
    """The two low lanes to double."""
    low = shuffled(e, "<4 x float>", cast(e, a, "f32x4"), "poison", range(2))
    return v128(e, e.emit(f"fpext <2 x float> {low} to <2 x double>"), "f64x2")


@lowering
def trunc_sat_f32x4(e: Emitter, signed: int, a: str) -> str:
    """Lanes rounded towards zero and clamped to i32 or u32; 0 for NaN."""
    floats, ints = vector_type("f32x4"), vector_type("i32x4")
    x = cast(e, a, "f32x4")
    if not X86_64:
        name = f"fpto{'si' if signed else 'ui'}.sat.v4i32.v4f32"
        return v128(e, call(e, name, ints, (floats, x)), "i32x4")
    limit = f"splat (float {real(2.0**31 if signed else 2.0**32)})"
    if signed:  # cvttps2dq gives 0x80000000 for what is too large; flipping that is the maximum
        number = e.emit(f"fcmp ord {floats} {x}, zeroinitializer")
        x = e.emit(f"select <4 x i1> {number}, {floats} {x}, {floats} zeroinitializer")
        converted = call(e, "x86.sse2.cvttps2dq", ints, (floats, x))
    else:
        x = pick(e, "max", F32X4, x, "zeroinitializer")
        largest = f"splat (float {real(2.0**32 - 2.0**8)})"
        converted = e.emit(f"fptoui {floats} {pick(e, 'min', F32X4, x, largest)} to {ints}")
    large = e.emit(f"fcmp oge {floats} {x}, {limit}")
    ones = e.emit(f"sext <4 x i1> {large} to {ints}")
    return v128(e, e.emit(f"{'xor' if signed else 'or'} {ints} {converted}, {ones}"), "i32x4")


@lowering
def trunc_sat_f64x2_zero(e: Emitter, signed: int, a: str) -> str:
    """Lanes rounded towards zero and clamped to i32 or u32, 0 for NaN; the high half is zero."""
    doubles, pair = vector_type("f64x2"), "<2 x i32>"
    x = cast(e, a, "f64x2")
    if X86_64 and signed:  # cvttpd2dq gives the minimum for what is too small
        most = f"{doubles} splat (double {real(2.0**31 - 1)})"
        number = e.emit(f"fcmp ord {doubles} {x}, zeroinitializer")
        bound = e.emit(f"select <2 x i1> {number}, {most}, {doubles} zeroinitializer")
        operand = (doubles, pick(e, "min", F64X2, x, bound))
        return v128(e, call(e, "x86.sse2.cvttpd2dq", "<4 x i32>", operand), "i32x4")
    if X86_64:
        x = pick(e, "max", F64X2, x, "zeroinitializer")
        x = pick(e, "min", F64X2, x, f"splat (double {real(2.0**32 - 1)})")
        converted = e.emit(f"fptoui {doubles} {x} to {pair}")
    else:
        name = f"fpto{'si' if signed else 'ui'}.sat.v2i32.v2f64"
        converted = call(e, name, pair, (doubles, x))
    return v128(e, shuffled(e, pair, converted, "zeroinitializer", range(4)), "i32x4")
