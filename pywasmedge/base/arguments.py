"""Checks of arguments that are limits: times and counts."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LONGEST = 1e9
"""Seconds, 31 years: more is no limit."""


def seconds(value: Any, name: str) -> float | None:
    """A time limit as a number of seconds, ``None`` for no limit.

    Args:
        value: a real number; infinity and other numbers above 10^9 are no limit, what is below 0
            counts as 0.
        name: what error messages call it.

    Raises:
        TypeError: it is no real number (nor ``None``).
        ValueError: it is not-a-number.
    """
    if value is None:
        return None
    kind = type(value)
    if not (hasattr(kind, "__float__") or hasattr(kind, "__index__")):
        raise TypeError(f"{name}: a number of seconds or None is needed, not {kind.__name__}")
    try:
        number = float(value)
    except OverflowError:
        return None if value > 0 else 0.0
    if number != number:
        raise ValueError(f"{name}: not a number")
    return None if number > _LONGEST else max(number, 0.0)


def count(value: Any, name: str, most: int | None = None) -> int:
    """A number from 0 to ``most``.

    Raises:
        TypeError: it is no integer.
        ValueError: it is negative or above ``most``.
    """
    try:
        number: int = value.__index__()
    except AttributeError:
        kind = type(value).__name__
        raise TypeError(f"{name}: an integer is needed, not {kind}") from None
    if number < 0 or (most is not None and number > most):
        upwards = "at least 0" if most is None else f"from 0 to {most}"
        raise ValueError(f"{name}: a number {upwards} is needed, not {number}")
    return number
