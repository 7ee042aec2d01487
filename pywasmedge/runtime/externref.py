"""External references: which word stands for which Python object.

The word is the object's identity, so equal words mean the same object and a guest that compares
or hands back a reference gets what it was given. The objects stay alive as long as a guest can
still produce their word.
"""

from __future__ import annotations

from typing import Any

_objects: dict[int, Any] = {}


def word_of(value: Any) -> int:
    """The word for an object, 0 for ``None``; keeps the object alive."""
    if value is None:
        return 0
    word = id(value)
    _objects[word] = value
    return word


def object_of(word: int) -> Any:
    """The object that a word stands for, ``None`` for 0."""
    return _objects[word] if word else None
