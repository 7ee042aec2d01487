"""Checks of arguments: limits (times and counts), texts, paths, lists of them."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
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


def text(value: Any, name: str) -> bytes:
    """The bytes of a text, of bytes or of a path, as the system takes them.

    Raises:
        TypeError: it is something else.
        ValueError: it contains a NUL character.
    """
    try:
        data: bytes = os.fsencode(value)
    except TypeError:
        kind = type(value).__name__
        raise TypeError(f"{name}: text or bytes are needed, not {kind}") from None
    if 0 in data:
        raise ValueError(f"{name}: NUL character in {value!r}")
    return data


def path(value: Any, name: str = "path") -> str:
    """A path given as text, bytes or an object that stands for one.

    Raises:
        TypeError: it is something else.
    """
    try:
        return os.fsdecode(value)
    except TypeError:
        raise TypeError(f"{name}: a path is needed, not {type(value).__name__}") from None


def items(values: Any, name: str, kind: str = "list of strings") -> Iterable[Any]:
    """What a list or another iterable contains that is no single text, no path, no mapping.

    Raises:
        TypeError: it is none, or one of these.
    """
    single = isinstance(values, (str, bytes, bytearray, memoryview, dict))
    if single or not hasattr(values, "__iter__"):
        raise TypeError(f"{name}: a {kind} is needed, not {type(values).__name__}")
    found: Iterable[Any] = values
    return found
