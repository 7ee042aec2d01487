"""Annotations: names, custom sections, and what belongs to instructions.

``@name`` and ``@custom`` are those of the specification's appendix A.4, ``@metadata.code.*`` those
of the proposal "code annotations", of which branch hints are one.
"""

from __future__ import annotations

from .lexer import Fault
from .literals import string, text_of
from .types import TypeParser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .lexer import Annotation, Tokens
    from .spaces import Space

SECTIONS = {
    "type": 1,
    "import": 2,
    "func": 3,
    "table": 4,
    "memory": 5,
    "tag": 13,
    "global": 6,
    "export": 7,
    "start": 8,
    "elem": 9,
    "datacount": 12,
    "code": 10,
    "data": 11,
}
"""Section ids by what custom annotations call them, in the order of a binary."""
LAST = len(SECTIONS) + 1
"""The place of custom sections behind all others, and behind the name section."""


class Annotated(TypeParser):
    """The annotations of a module.

    Attributes:
        module_name: the module's name, or ``None``.
        customs: custom sections: name, place (see :func:`before`) and content.
        found: the fields: keyword and number of the token behind it.
        used: annotations that were read, by the number of their first token.
    """

    def __init__(self, tokens: Tokens, at: int) -> None:
        super().__init__(tokens, at)
        self.module_name: str | None = None
        self.customs: list[tuple[str, int, bytes]] = []
        self.found: list[tuple[str, int]] = []
        self.used: set[int] = set()

    def contents(self, note: Annotation, tokens: list[str]) -> bytes:
        """The strings of an annotation."""
        try:
            return b"".join(map(string, tokens))
        except Fault as fault:
            raise self._note_fault(note, fault.message) from None

    def _note_fault(self, note: Annotation, message: str) -> Fault:
        return Fault(f"@{note.id} annotation: {message}", offset=self.tokens.raw_offset(note.first))

    def module_annotation(self) -> None:
        notes = [note for note in self.tokens.notes.get(self.at, ()) if note.id == "name"]
        for note in notes:
            if len(notes) > 1:
                raise self._note_fault(note, "multiple module")
            self.module_name = self._annotated_name(note)

    def name_annotation(self, space: Space, index: int, at: int) -> None:
        for note in self.tokens.notes.get(at, ()):
            if note.id == "name":
                if note.first in self.used:
                    raise self._note_fault(note, f"multiple {space.what}")
                space.names[index] = self._annotated_name(note)

    def _annotated_name(self, note: Annotation) -> str:
        self.used.add(note.first)
        try:
            if len(note.tokens) != 1:
                raise Fault("unexpected token")
            return text_of(note.tokens[0])
        except Fault as fault:
            raise self._note_fault(note, fault.message) from None

    def custom_annotations(self, start: int, end: int) -> None:
        """Custom sections, and a look at who was not read."""
        places = {at - 2 for _, at in self.found} | {end}
        for at, notes in self.tokens.notes.items():
            if not start <= at <= end:
                continue
            for note in notes:
                if note.id == "custom" and at in places:
                    self._custom(note)
                elif note.first not in self.used:
                    where = self.tokens.raw_offset(note.first)
                    if note.id.startswith("metadata.code."):
                        raise self._note_fault(note, "not in a function")
                    raise Fault(f"misplaced @{note.id} annotation", offset=where)

    def _custom(self, note: Annotation) -> None:
        tokens = note.tokens
        self.used.add(note.first)
        if not tokens or tokens[0][:1] != '"':
            raise self._note_fault(note, "missing section name")
        try:
            name = text_of(tokens[0])
        except Fault as fault:
            raise self._note_fault(note, fault.message) from None
        place = LAST
        at = 1
        if tokens[1:2] == ["("]:
            at = 5
            words = tokens[2:4]
            if words[:1] not in (["before"], ["after"]):
                raise self._note_fault(note, "malformed placement")
            if words[1:] in (["first"], ["last"]):
                place = 0 if words == ["before", "first"] else LAST
                if words in (["before", "last"], ["after", "first"]):
                    raise self._note_fault(note, "malformed placement")
            elif words[1:] and words[1] in SECTIONS:
                place = before(words[1]) + (words[0] == "after")
            else:
                raise self._note_fault(note, "malformed section kind")
            if tokens[4:5] != [")"]:
                raise self._note_fault(note, "unexpected token")
        content = self.contents(note, tokens[at:])
        self.customs.append((name, place, content))


def before(section: str) -> int:
    """The place of custom sections before ``section``; one more for behind it."""
    return list(SECTIONS).index(section)
