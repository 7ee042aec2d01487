"""External references: which word stands for which Python object.

The word is the object's identity, so equal words mean the same object and a guest hands back what
it was given. An object stays alive as long as a guest can produce its word: while any guest runs,
that is all objects, because words may be in registers; otherwise those whose words are in a
table, a global or an element segment. From time to time, at the start of an operation that passes
a reference, the others are let go.
"""

from __future__ import annotations

from weakref import ref

from ..kernel.objects import sweep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Holder(Protocol):
        """What owns places where guests keep external references.

        Attributes:
            externrefs: kind and address of each place, alternating.
        """

        externrefs: tuple[int, ...]


GLOBAL, TABLE, SEGMENT = 0, 1, 2
"""What a place is, in ``Holder.externrefs``."""


_STEP = 1024
"""Objects to come, at least, before it is worth another look."""
_objects: dict[int, Any] = {}
_holders: set[ref[Holder]] = set()
_busy: list[None] = []
_limit = _STEP
"""Number of objects at which to look for some to let go."""


def add_holder(holder: Holder) -> None:
    """Let the words in the places of ``holder`` count, as long as it lives."""
    _holders.add(ref(holder, _holders.discard))


def word_of(value: Any) -> int:
    """The word for an object, 0 for ``None``; keeps the object alive.

    To be called inside a :func:`passing` function, or by a host function's guest.
    """
    if value is None:
        return 0
    word = id(value)
    _objects[word] = value
    return word


def object_of(word: int) -> Any:
    """The object that a word stands for, ``None`` for 0. To be called as :func:`word_of`."""
    return _objects[word] if word else None


def passing(operation: Callable[..., Any]) -> Callable[..., Any]:
    """``operation``, which passes references, with their objects safe from its start to its end."""

    def pass_(*args: Any, **options: Any) -> Any:
        if len(_objects) >= _limit:
            _let_go()
        _busy.append(None)
        try:
            return operation(*args, **options)
        finally:
            _busy.pop()

    return pass_


def _let_go() -> None:
    global _limit
    dead = sweep(_objects, _holders, _busy)
    step = _STEP if dead is None else max(len(_objects), _STEP)
    _limit = len(_objects) + step
    del dead  # finalisers run here
