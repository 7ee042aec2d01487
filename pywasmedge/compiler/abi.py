"""Calling conventions of generated code as LLVM text (stated in ``src/instance.h``)."""

from __future__ import annotations

from ..base.types import ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..base.types import FunctionType

LLVM_TYPE: dict[int, str] = {
    ValType.I32: "i32",
    ValType.I64: "i64",
    ValType.F32: "float",
    ValType.F64: "double",
    ValType.V128: "<2 x i64>",
    ValType.FUNCREF: "i64",
    ValType.EXTERNREF: "i64",
}
"""LLVM type of each value type. A v128 is always a ``<2 x i64>`` between instructions."""

ZERO: dict[int, str] = {
    ValType.I32: "0",
    ValType.I64: "0",
    ValType.F32: "0.0",
    ValType.F64: "0.0",
    ValType.V128: "zeroinitializer",
    ValType.FUNCREF: "0",
    ValType.EXTERNREF: "0",
}
"""LLVM text of the zero (null) value of each value type."""

GUARD_OFFSET = 1 << 31
"""Offsets below this need no check on a guarded memory (see ``we_memory.guarded``)."""

FUNCTION_ATTRIBUTES = 'nounwind uwtable "probe-stack"="inline-asm" "prefer-vector-width"="256"'
"""Attributes of every generated function: frames larger than a page touch every page; loops are
vectorised 256 bits wide at most (512 lose more in shuffles than they gain)."""

MODULE_FLAGS = """
!llvm.module.flags = !{!20}
!20 = !{i32 1, !"override-stack-alignment", i32 8}
"""
"""Generated code keeps the stack aligned to 8 bytes only: calls need no adjustment of the stack
pointer. Whatever leaves it for C aligns the stack (``src/machine_*.c``)."""

MAX_DIRECT_RESULTS = 2
"""Results returned in registers; a function with more gets a result pointer parameter."""


def return_type(type_: FunctionType, *more: str) -> str:
    """LLVM return type of a native entry of ``type_``, or of one that returns ``more``."""
    results = [] if has_result_pointer(type_) else [LLVM_TYPE[t] for t in type_.results]
    results += more
    if not results:
        return "void"
    return results[0] if len(results) == 1 else "{ " + ", ".join(results) + " }"


def has_result_pointer(type_: FunctionType) -> bool:
    """Whether the native entry takes a trailing pointer to a result frame."""
    return len(type_.results) > MAX_DIRECT_RESULTS


_WHOLE_REGISTERS = 5
"""Parameters that are whole numbers or the result pointer and are passed in registers."""
_VECTOR_REGISTERS = 8
"""The same for others."""


def has_stack_arguments(type_: FunctionType) -> bool:
    """Whether the native entry takes arguments for which no register is left."""
    whole = [LLVM_TYPE[t][0] == "i" for t in type_.params]
    integers = whole.count(True) + has_result_pointer(type_)
    return integers > _WHOLE_REGISTERS or whole.count(False) > _VECTOR_REGISTERS


def halved(params: Sequence[ValType]) -> frozenset[int]:
    """Which parameters are passed as two ``double``: the v128 that no register is left for.

    LLVM would want such a parameter at a multiple of 16, which a stack aligned to 8 bytes does not
    give (after a tail call not even by chance), and caller and callee would not agree on how much
    the callee takes off the stack.
    """
    others = [i for i, type_ in enumerate(params) if LLVM_TYPE[type_][0] != "i"]
    return frozenset([i for i in others[_VECTOR_REGISTERS:] if params[i] == ValType.V128])


def slot_offsets(types: tuple[ValType, ...]) -> list[int]:
    """Byte offset of each value of a frame (8-byte slots, two for v128)."""
    offsets, at = [], 0
    for type_ in types:
        offsets.append(at)
        at += 8 * type_.slots
    return offsets


def canonical_types(types: Sequence[FunctionType]) -> list[int]:
    """For each of a module's types the index of the first one that equals it."""
    first: dict[FunctionType, int] = {}
    return [first.setdefault(type_, index) for index, type_ in enumerate(types)]


def operand_budget(size: int) -> int:
    """How many operands the calls and joins of a function may have, with a body of ``size`` bytes.

    Types with a thousand parameters let a few bytes stand for a thousand operands each.
    """
    return (1 << 17) + 16 * size


def frame_slots(type_: FunctionType) -> int:
    """Number of 8-byte slots a frame for ``type_`` needs, at least 1."""
    return max(
        sum(t.slots for t in type_.params),
        sum(t.slots for t in type_.results),
        1,
    )
