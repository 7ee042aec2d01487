"""Templates of operations on the lanes of a v128.

A v128 is a ``<2 x i64>`` between instructions; a template casts it to the shape it works on and
casts the result back. LLVM drops the casts, they cost no instructions.
"""

from __future__ import annotations

LANES = {
    "i8x16": ("i8", 16),
    "i16x8": ("i16", 8),
    "i32x4": ("i32", 4),
    "i64x2": ("i64", 2),
    "f32x4": ("float", 4),
    "f64x2": ("double", 2),
}
"""LLVM lane type and lane count of each shape."""

V128 = "<2 x i64>"

_SCALAR_SUFFIX = {"float": "f32", "double": "f64"}


def vector_type(shape: str) -> str:
    """LLVM type of ``shape``, such as ``<16 x i8>`` for i8x16."""
    lane, count = LANES[shape]
    return f"<{count} x {lane}>"


def suffix(shape: str) -> str:
    """How the names of intrinsics spell the type of ``shape``, such as ``v16i8``."""
    lane, count = LANES[shape]
    return f"v{count}{_SCALAR_SUFFIX.get(lane, lane)}"


def over(shape: str, body: str, result: str | None = "") -> str:
    """A template from ``body``, which sees v128 operands 0, 1, 2 as ``{a}``, ``{b}``, ``{c}``.

    ``{T}``, ``{L}``, ``{N}``, ``{S}`` are the vector type of ``shape``, its lane type, its lane
    count and its intrinsic suffix. Other operands are ``$0``, ``$1`` as in every template, and
    intermediate values are ``#1`` to ``#9``. ``result`` is the shape of the body's last value
    (empty: ``shape``), or ``None`` if that is not a v128.
    """
    type_ = vector_type(shape)
    lane, count = LANES[shape]
    fields = {"T": type_, "L": lane, "N": count, "S": suffix(shape)}
    lines = []
    for index, name in enumerate("abc"):
        fields[name] = f"${index}"
        if f"{{{name}}}" in body and type_ != V128:
            fields[name] = f"#1{index}"
            lines.append(f"#1{index} = bitcast {V128} ${index} to {type_}")
    lines += body.format(**fields).split("\n")
    if result is not None and (result_type := vector_type(result or shape)) != V128:
        lines[-1] = f"#20 = {lines[-1]}"
        lines.append(f"bitcast {result_type} #20 to {V128}")
    return "\n".join(lines)


def unary(shape: str, name: str) -> str:
    """Call an intrinsic of one vector."""
    return over(shape, f"call {{T}} @llvm.{name}.{{S}}({{T}} {{a}})")


def flagged(shape: str, name: str) -> str:
    """Call an intrinsic of one vector and a flag that is off."""
    return over(shape, f"call {{T}} @llvm.{name}.{{S}}({{T}} {{a}}, i1 false)")


def binary(shape: str, instruction: str) -> str:
    """An LLVM instruction of two vectors."""
    return over(shape, f"{instruction} {{T}} {{a}}, {{b}}")


def call(shape: str, name: str) -> str:
    """Call an intrinsic of two vectors."""
    return over(shape, f"call {{T}} @llvm.{name}.{{S}}({{T}} {{a}}, {{T}} {{b}})")


def compare(shape: str, instruction: str) -> str:
    """Compare lane by lane: all ones for true, zero for false."""
    result = {"float": "i32x4", "double": "i64x2"}.get(LANES[shape][0], shape)
    return over(
        shape,
        f"#1 = {instruction} {{T}} {{a}}, {{b}}\nsext <{{N}} x i1> #1 to {vector_type(result)}",
        result,
    )


def all_true(shape: str) -> str:
    """1 if no lane is zero, else 0."""
    return over(
        shape,
        "#1 = icmp eq {T} {a}, zeroinitializer\n"
        "#2 = bitcast <{N} x i1> #1 to i{N}\n"
        "#3 = icmp eq i{N} #2, 0\n"
        "zext i1 #3 to i32",
        None,
    )


def bitmask(shape: str) -> str:
    """The sign bits of the lanes, lane 0 lowest."""
    return over(
        shape,
        "#1 = icmp slt {T} {a}, zeroinitializer\n"
        "#2 = bitcast <{N} x i1> #1 to i{N}\n"
        "zext i{N} #2 to i32",
        None,
    )


def _half(source: str, part: str) -> tuple[str, str]:
    """Type of half the lanes of ``source`` and the mask that selects the ``low`` or ``high``."""
    lane, count = LANES[source]
    first = 0 if part == "low" else count // 2
    mask = ", ".join(f"i32 {first + index}" for index in range(count // 2))
    return f"<{count // 2} x {lane}>", f"<{count // 2} x i32> <{mask}>"


def widen(shape: str, source: str, part: str, extension: str) -> str:
    """Widen the ``low`` or ``high`` lanes of a ``source`` vector to ``shape``.

    ``extension`` is ``sext``, ``zext``, ``sitofp``, ``uitofp`` or ``fpext``.
    """
    half, mask = _half(source, part)
    return over(
        source,
        f"#1 = shufflevector {{T}} {{a}}, {{T}} poison, {mask}\n"
        f"{extension} {half} #1 to {vector_type(shape)}",
        shape,
    )


def extmul(shape: str, source: str, part: str, extension: str) -> str:
    """Product of the widened ``low`` or ``high`` lanes of two ``source`` vectors."""
    half, mask = _half(source, part)
    wide = vector_type(shape)
    return over(
        source,
        f"#1 = shufflevector {{T}} {{a}}, {{T}} poison, {mask}\n"
        f"#2 = shufflevector {{T}} {{b}}, {{T}} poison, {mask}\n"
        f"#3 = {extension} {half} #1 to {wide}\n"
        f"#4 = {extension} {half} #2 to {wide}\n"
        f"mul {wide} #3, #4",
        shape,
    )


def average(shape: str) -> str:
    """Unsigned average rounded up; LLVM knows this form as the machine's average."""
    lane, count = LANES[shape]
    wider = f"i{2 * int(lane[1:])}"
    wide = f"<{count} x {wider}>"
    return over(
        shape,
        f"#1 = zext {{T}} {{a}} to {wide}\n#2 = zext {{T}} {{b}} to {wide}\n"
        f"#3 = add nuw nsw {wide} #1, #2\n#4 = add nuw nsw {wide} #3, splat ({wider} 1)\n"
        f"#5 = lshr {wide} #4, splat ({wider} 1)\ntrunc {wide} #5 to {{T}}",
    )
