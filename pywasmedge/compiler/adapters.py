"""Adapters between the two entries of a function, as LLVM text.

``f2n_<i>``: frame entry of a guest function: loads the arguments from the frame, calls the native
entry, stores the results. ``n2f_<i>``: native entry of a host function: stores the arguments in a
frame, has the kernel call the host, loads the results. One pair serves all functions of a type.
"""

from __future__ import annotations

from .abi import (
    FUNCTION_ATTRIBUTES,
    LLVM_TYPE,
    frame_slots,
    has_result_pointer,
    param_types,
    return_type,
    slot_offsets,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..base.types import FunctionType, ValType

HOST_ENTER = "we_host_enter"
"""The kernel's function that calls a host function: ``void (we_hostref *, uint64_t *frame)``."""


def adapter_ir(types: Sequence[FunctionType], native_offset: int, ctx_offset: int) -> str:
    """LLVM text with ``f2n_<i>`` and ``n2f_<i>`` for the i-th of ``types``.

    ``native_offset`` and ``ctx_offset`` are the byte offsets of these fields in ``we_func``.
    """
    lines = [f"declare void @{HOST_ENTER}(ptr, ptr)"]
    for i, type_ in enumerate(types):
        lines += _frame_to_native(i, type_, native_offset, ctx_offset)
        lines += _native_to_frame(i, type_)
    lines.append(f"attributes #0 = {{ {FUNCTION_ATTRIBUTES} }}")
    return "\n".join(lines) + "\n"


def _at(base: str, offset: int, name: str) -> str:
    return f"  {name} = getelementptr i8, ptr {base}, i64 {offset}"


def _load(types: tuple[ValType, ...], base: str, prefix: str) -> Iterator[str]:
    """Load the values of a frame into ``%<prefix>0``, ``%<prefix>1``, ..."""
    for i, (type_, offset) in enumerate(zip(types, slot_offsets(types), strict=True)):
        yield _at(base, offset, f"%{prefix}p{i}")
        yield f"  %{prefix}{i} = load {LLVM_TYPE[type_]}, ptr %{prefix}p{i}, align 8"


def _store(
    types: tuple[ValType, ...], values: Sequence[str], base: str, prefix: str
) -> Iterator[str]:
    """Store values into a frame."""
    for i, (type_, offset) in enumerate(zip(types, slot_offsets(types), strict=True)):
        yield _at(base, offset, f"%{prefix}p{i}")
        yield f"  store {LLVM_TYPE[type_]} {values[i]}, ptr %{prefix}p{i}, align 8"


def _frame_to_native(i: int, type_: FunctionType, native: int, ctx: int) -> Iterator[str]:
    yield f"define void @f2n_{i}(ptr %func, ptr %frame) #0 {{"
    yield _at("%func", native, "%np")
    yield "  %native = load ptr, ptr %np"
    yield _at("%func", ctx, "%cp")
    yield "  %ctx = load ptr, ptr %cp"
    yield from _load(type_.params, "%frame", "a")
    arguments = ["ptr %ctx"]
    arguments += [f"{LLVM_TYPE[t]} %a{k}" for k, t in enumerate(type_.params)]
    if has_result_pointer(type_):
        arguments.append("ptr %frame")
    returned = return_type(type_)
    call = f"call tailcc {returned} %native({', '.join(arguments)})"
    if returned == "void":
        yield f"  {call}"
    else:
        yield f"  %r = {call}"
        values = ["%r"]
        if len(type_.results) == 2:
            yield f"  %r0 = extractvalue {returned} %r, 0"
            yield f"  %r1 = extractvalue {returned} %r, 1"
            values = ["%r0", "%r1"]
        yield from _store(type_.results, values, "%frame", "s")
    yield "  ret void"
    yield "}"


def _native_to_frame(i: int, type_: FunctionType) -> Iterator[str]:
    names = ["%ref", *(f"%a{k}" for k in range(len(type_.params)))]
    if has_result_pointer(type_):
        names.append("%out")
    returned = return_type(type_)
    params = ", ".join(f"{t} {n}" for t, n in zip(param_types(type_), names, strict=True))
    yield f"define tailcc {returned} @n2f_{i}({params}) #0 {{"
    yield f"  %frame = alloca [{frame_slots(type_)} x i64], align 8"
    yield from _store(type_.params, names[1:], "%frame", "s")
    yield f"  call void @{HOST_ENTER}(ptr %ref, ptr %frame)"
    yield from _load(type_.results, "%frame", "r")
    values = [f"%r{k}" for k in range(len(type_.results))]
    if has_result_pointer(type_):
        yield from _store(type_.results, values, "%out", "o")
    if returned == "void":
        yield "  ret void"
    elif len(values) == 1:
        yield f"  ret {returned} %r0"
    else:
        first, second = (LLVM_TYPE[t] for t in type_.results)
        yield f"  %t0 = insertvalue {returned} poison, {first} %r0, 0"
        yield f"  %t1 = insertvalue {returned} %t0, {second} %r1, 1"
        yield f"  ret {returned} %t1"
    yield "}"
