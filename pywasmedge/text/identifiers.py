"""What the printer calls things: identifiers from a name section."""

from __future__ import annotations

import re

from ..base.errors import LoadError
from .binary import Input
from .names import SUBSECTIONS

_PLAIN = re.compile(r"[!#-'*+\--:<-Z\\^-z|~]+\Z")


def quoted(content: str | bytes) -> str:
    """A string literal."""
    if isinstance(content, str):
        if content.isascii() and content.isprintable() and not set('"\\') & set(content):
            return f'"{content}"'
        pieces = [char if char.isprintable() and char not in '"\\' else None for char in content]
        escaped = (
            piece or "".join(f"\\{byte:02x}" for byte in char.encode())
            for piece, char in zip(pieces, content, strict=True)
        )
        return f'"{"".join(escaped)}"'
    return f'"{content.decode("latin-1").translate(_BYTES)}"'


_BYTES = {
    byte: f"\\{byte:02x}" for byte in range(256) if not 32 <= byte < 127 or byte in (0x22, 0x5C)
}


def identifier(name: str) -> str:
    """The identifier of a name that is not empty."""
    return f"${name}" if _PLAIN.match(name) else f"${quoted(name)}"


class Identifiers:
    """Identifiers by kind and index.

    Attributes:
        module: the module's name, or ``None``.
        unwritten: names that no identifier can say (empty, or taken), by kind and index.
    """

    def __init__(self, section: bytes) -> None:
        """Read the content of a name section.

        Raises:
            LoadError: it is malformed, or has what nobody could write down again.
        """
        self.module: str | None = None
        self.unwritten: dict[str, dict[int, str]] = {}
        self._plain: dict[str, dict[int, str]] = {}
        self._nested: dict[str, dict[int, dict[int, str]]] = {}
        kinds = {number: kind for kind, number in SUBSECTIONS.items()}
        source = Input(section, 0, len(section))
        while source.at < source.end:
            number, size = source.byte(), source.unsigned()
            part = Input(section, source.at, source.at + len(source.raw(size)))
            if number == 0:
                self.module = part.name()
            elif number in kinds:
                self._subsection(kinds[number], part)

    def _subsection(self, kind: str, part: Input) -> None:
        if kind in ("local", "label", "field"):
            outer = self._nested.setdefault(kind, {})
            for _ in range(part.count()):
                index = part.unsigned()
                outer[index] = _distinct(_map(part), shadowing=kind == "label")[0]
        else:
            self._plain[kind], self.unwritten[kind] = _distinct(_map(part))

    def of(self, kind: str) -> dict[int, str]:
        """Identifiers of one index space."""
        return self._plain.get(kind, {})

    def within(self, kind: str, index: int) -> dict[int, str]:
        """Identifiers of locals or labels of a function, or of fields of a type."""
        return self._nested.get(kind, {}).get(index, {})


def _map(part: Input) -> list[tuple[int, str]]:
    return [(part.unsigned(), part.name()) for _ in range(part.count())]


def _distinct(
    found: list[tuple[int, str]], *, shadowing: bool = False
) -> tuple[dict[int, str], dict[int, str]]:
    """Identifiers, each once unless they may hide others, and the names that got none."""
    made: dict[int, str] = {}
    left: dict[int, str] = {}
    taken: set[str] = set()
    for index, name in found:
        if not name or (name in taken and not shadowing):
            left[index] = name
        else:
            made[index] = identifier(name)
            taken.add(name)
    return made, left


def read(section: bytes | None) -> Identifiers | None:
    """The identifiers of a name section; ``None`` if there is none or it cannot be read."""
    if section is None:
        return None
    try:
        return Identifiers(section)
    except LoadError:
        return None
