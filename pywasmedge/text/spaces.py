"""Identifiers and index spaces (specification, sections 6.3.5 and 6.6.1)."""

from __future__ import annotations

from .encode import unsigned
from .lexer import Fault
from .literals import identifier
from .literals import unsigned as number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Space(dict[str, bytes]):
    """The indices of one kind of thing: from the token that refers to one to its LEB128.

    Attributes:
        what: the kind, as messages call it.
        names: the name of each that has one, by index.
        count: how many there are.
    """

    def __init__(self, what: str) -> None:
        super().__init__()
        self.what = what
        self.names: dict[int, str] = {}
        self.count = 0

    def define(self, token: str | None, at: int | None = None) -> int:
        """The next index, for the identifier ``token`` if there is one."""
        index = self.count
        self.count += 1
        if token is not None:
            self.bind(token, index, at)
        return index

    def bind(self, token: str, index: int, at: int | None = None) -> None:
        """Let the identifier ``token`` mean ``index``."""
        try:
            name = identifier(token)
        except Fault as fault:
            fault.at = at
            raise
        if f"${name}" in self or token in self:
            raise Fault(f"duplicate {self.what}", at, hint=f"{token} is there already")
        code = unsigned(index)
        self[f"${name}"] = code
        self[token] = code
        self.names[index] = name

    def __missing__(self, token: str) -> bytes:
        """Numbers, other spellings of identifiers, and what is not known."""
        if token[:1] != "$":
            if not token[:1].isdigit():
                from .literals import unexpected

                raise Fault(unexpected(token))
            code = unsigned(number(token, 32))
            if len(self) < 1 << 20:
                self[token] = code
            return code
        found = self.get(f"${identifier(token)}")
        if found is None:
            raise Fault(f"unknown {self.what}", hint=self.suggestion(token))
        return found

    def suggestion(self, token: str) -> str:
        """The identifier most like ``token``."""
        return closest(token, (key for key in self if key[0] == "$"))

    def index(self, token: str) -> int:
        """The index that ``token`` means."""
        from ..module.reader import u32

        code = self[token]
        return u32(code, 0, len(code))[0]


def closest(word: str, candidates: Iterator[str]) -> str:
    """A suggestion: what resembles ``word`` among ``candidates``, or ``""``."""
    from difflib import get_close_matches
    from itertools import islice

    if len(word) > 80:
        return ""
    found = get_close_matches(word, islice(candidates, 20000), 5, 0.75 if len(word) > 4 else 0.6)
    if not found:
        return ""
    best = max(found, key=lambda other: _like(word, other))
    return f"did you mean {best!r}?"


def _like(word: str, other: str) -> tuple[float, int]:
    """How much two words are alike: first the letters they share, then how far from the start."""
    from difflib import SequenceMatcher

    same = 0
    while word[same : same + 1] == other[same : same + 1] != "":
        same += 1
    return round(SequenceMatcher(None, other, word).ratio(), 2), same
