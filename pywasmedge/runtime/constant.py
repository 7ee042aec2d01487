"""Values of constant expressions (section 3.3.10), computed at instantiation."""

from __future__ import annotations

from ..module.constant import instructions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..module.ast import Module, Range

_M32 = 0xFFFF_FFFF
_M64 = 0xFFFF_FFFF_FFFF_FFFF

_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "i32.add": lambda a, b: (a + b) & _M32,
    "i32.sub": lambda a, b: (a - b) & _M32,
    "i32.mul": lambda a, b: (a * b) & _M32,
    "i64.add": lambda a, b: (a + b) & _M64,
    "i64.sub": lambda a, b: (a - b) & _M64,
    "i64.mul": lambda a, b: (a * b) & _M64,
}
"""The operators of the extended-const proposal."""


def evaluate(
    module: Module,
    expression: Range,
    get_global: Callable[[int], int],
    ref_func: Callable[[int], int],
) -> int:
    """Value of a checked constant expression as unsigned bits (128 of them for a v128).

    Args:
        module: the module the expression is in.
        expression: where in its bytes.
        get_global: gives the bits of the global with an index.
        ref_func: gives the reference to the function with an index.
    """
    stack: list[int] = []
    for mnemonic, immediate in instructions(module, expression):
        if mnemonic == "global.get":
            stack.append(get_global(immediate))
        elif mnemonic == "ref.func":
            stack.append(ref_func(immediate))
        elif mnemonic == "ref.null":
            stack.append(0)
        elif mnemonic == "i32.const":
            stack.append(immediate & _M32)
        elif mnemonic == "i64.const":
            stack.append(immediate & _M64)
        elif mnemonic in _ARITHMETIC:
            right, left = stack.pop(), stack.pop()
            stack.append(_ARITHMETIC[mnemonic](left, right))
        else:  # f32.const, f64.const, v128.const
            stack.append(immediate)
    return stack.pop()


class _NotStatic(Exception):  # noqa: N818  (a signal, not an error)
    """The expression depends on the instance."""


def _depends(_index: int) -> int:
    raise _NotStatic


def static_value(module: Module, expression: Range) -> int | None:
    """Bits of an expression that has the same value in every instance, else ``None``."""
    try:
        return evaluate(module, expression, _depends, _depends)
    except _NotStatic:
        return None
