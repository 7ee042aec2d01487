"""Constant expressions (section 3.3.10): evaluated from the module's bytes, at instantiation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..module.reader import s32, s64, u32

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..module.ast import Range

_M32 = 0xFFFF_FFFF
_M64 = 0xFFFF_FFFF_FFFF_FFFF


def evaluate(
    data: bytes,
    expression: Range,
    get_global: Callable[[int], int],
    ref_func: Callable[[int], int],
) -> int:
    """Value of a checked constant expression as unsigned bits (128 of them for a v128).

    Args:
        data: the module's bytes.
        expression: where the expression is, its ``end`` included.
        get_global: gives the bits of the global with an index.
        ref_func: gives the reference to the function with an index.
    """
    at, end = expression
    stack: list[int] = []
    while True:
        opcode = data[at]
        at += 1
        if opcode == 0x0B:  # end
            return stack.pop()
        if opcode == 0x41:  # i32.const
            value, at = s32(data, at, end)
            stack.append(value & _M32)
        elif opcode == 0x42:  # i64.const
            value, at = s64(data, at, end)
            stack.append(value & _M64)
        elif opcode == 0x43:  # f32.const
            stack.append(int.from_bytes(data[at : at + 4], "little"))
            at += 4
        elif opcode == 0x44:  # f64.const
            stack.append(int.from_bytes(data[at : at + 8], "little"))
            at += 8
        elif opcode == 0xFD:  # v128.const
            _, at = u32(data, at, end)
            stack.append(int.from_bytes(data[at : at + 16], "little"))
            at += 16
        elif opcode == 0x23:  # global.get
            index, at = u32(data, at, end)
            stack.append(get_global(index))
        elif opcode == 0xD0:  # ref.null
            at += 1
            stack.append(0)
        elif opcode == 0xD2:  # ref.func
            index, at = u32(data, at, end)
            stack.append(ref_func(index))
        else:
            right, left = stack.pop(), stack.pop()
            stack.append(_ARITHMETIC[opcode](left, right))


_ARITHMETIC: dict[int, Callable[[int, int], int]] = {
    0x6A: lambda a, b: (a + b) & _M32,
    0x6B: lambda a, b: (a - b) & _M32,
    0x6C: lambda a, b: (a * b) & _M32,
    0x7C: lambda a, b: (a + b) & _M64,
    0x7D: lambda a, b: (a - b) & _M64,
    0x7E: lambda a, b: (a * b) & _M64,
}
"""The operators of the extended-const proposal."""


class NotStatic(Exception):  # noqa: N818  (a signal, not an error)
    """The expression depends on the instance."""


def _depends(_index: int) -> int:
    raise NotStatic


def static_value(data: bytes, expression: Range) -> int | None:
    """Bits of an expression that is the same in every instance, else ``None``."""
    try:
        return evaluate(data, expression, _depends, _depends)
    except NotStatic:
        return None
