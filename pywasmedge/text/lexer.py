"""From text to tokens (specification, section 6.3).

Tokens are plain strings: ``(``, ``)``, string literals with their quotes, and runs of identifier
characters (keywords, numbers, identifiers; also what the specification calls reserved). They have
no positions: an error names a token by its number, and only then :meth:`Tokens.offset` scans the
text a second time.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_IDCHARS = r"!#-'*+\--:<-Z\\^-z|~"
_STRING = r'"[^"\x00-\x1f\x7f]*"'
# A backslash escapes what follows it in a string, and only there. Both escapes that matter for
# finding the end of a string are hidden behind lone surrogates, which valid text cannot contain,
# so that one character class finds it.
_BACKSLASH, _QUOTE = "\ud800\ud801", "\ud800\ud802"
_WORD = rf"[{_IDCHARS}\ud800\ud801]"
_TOKEN = re.compile(
    # Between tokens that need space between them: an empty token, which fits nowhere.
    rf"(?<=[\"{_IDCHARS}\ud801])(?=\")|(?<=\")(?={_WORD})"
    rf"|\${_STRING}|{_WORD}+"
    rf"|\((?:@(?:{_WORD}+|{_STRING})?)?"
    rf"|\)"
    rf"|;;[^\n\r]*"
    rf'|"[^"\x00-\x1f\x7f]*"?'
    rf"|[^ \t\n\r]"
)
_COMMENT = re.compile(r'"[^"\x00-\x1f\x7f]*"|;;[^\n\r]*|\(;')
_EDGE = re.compile(r"\(;|;\)")
_SPACED = re.compile(r"[^\n\r]")
_PLAIN = re.compile(rf"[{_IDCHARS}()]")
_MASKED = re.compile("\ud800([\ud801\ud802])")
_LEGAL_IN_ANNOTATION = frozenset(",;[]{}")

END = ""
"""Stands behind the last token, and between two that need space between them."""


class Fault(Exception):  # noqa: N818  (becomes a WatError, which has the position)
    """The text is malformed.

    Attributes:
        message: what is wrong, as the specification's scripts spell it.
        at: number of the token, or ``None`` if not known yet.
        hint: a suggestion, or ``""``.
        offset: index of the character instead of ``at``.
    """

    def __init__(
        self, message: str, at: int | None = None, *, hint: str = "", offset: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.hint = hint
        self.offset = offset


class Annotation:
    """An annotation: its id (decoded), its tokens without parentheses, the token before which it
    stands, and the number of its own first token in the whole text.
    """

    __slots__ = ("first", "id", "tokens")

    def __init__(self, id_: str, tokens: list[str], first: int) -> None:
        self.id = id_
        self.tokens = tokens
        self.first = first


class Tokens:
    """The tokens of a text, without comments and annotations.

    Attributes:
        text: the text, escapes masked.
        list: the tokens, then a few times :data:`END`.
        notes: annotations with a known id, by the number of the token before which they stand.
    """

    def __init__(self, text: str) -> None:
        """Split ``text``.

        Raises:
            Fault: a comment or annotation is malformed.
        """
        if "\\" in text:
            text = text.replace("\\\\", _BACKSLASH).replace('\\"', _QUOTE)
        self.text = _without_block_comments(text) if "(;" in text else text
        self._comments = ";;" in text
        self._numbers: list[int] | None = None
        self.notes: dict[int, list[Annotation]] = {}
        tokens: list[str] = _TOKEN.findall(self.text)
        if self._comments:
            tokens = [token for token in tokens if token[:2] != ";;"]
        if "(@" in text:
            tokens = self._annotations(tokens)
        tokens += (END, END, END, END)
        self.list = tokens

    def offset(self, at: int) -> int:
        """Index of the first character of token number ``at``; of the text's end for others."""
        if self._numbers is not None:
            at = self._numbers[at] if at < len(self._numbers) else 1 << 62
        return self.raw_offset(at)

    def crowded(self, at: int) -> bool:
        """Whether token ``at``, or the one behind it, should have space before it."""
        real = len(self.list) - 4
        near = self.list[at : min(at + 2, real)]
        return END in near and near[0] != "$"

    def raw_offset(self, at: int) -> int:
        """The same for a number that counts the tokens of annotations, too."""
        found = _TOKEN.finditer(self.text)
        for match in found:
            if not self._comments or match[0][:2] != ";;":
                if not at:
                    return match.start()
                at -= 1
        return len(self.text.rstrip())

    def lines(self, numbers: list[int]) -> dict[int, int]:
        """The lines, from 1, of tokens given by their numbers in ascending order."""
        lines: dict[int, int] = {}
        wanted = iter(numbers)
        own = self._numbers
        number = next(wanted, None)
        target = number if own is None or number is None else own[number]
        at, line, seen = 0, 1, 0
        text = self.text
        for match in _TOKEN.finditer(text):
            if number is None:
                break
            if self._comments and match[0][:2] == ";;":
                continue
            if at == target:
                start = match.start()
                line += text.count("\n", seen, start)
                seen = start
                lines[number] = line
                number = next(wanted, None)
                target = number if own is None or number is None else own[number]
            at += 1
        return lines

    def _annotations(self, tokens: list[str]) -> list[str]:
        """Take annotations out; those that anybody could read are kept in ``notes``."""
        kept: list[str] = []
        numbers: list[int] = []
        end = len(tokens)
        at = 0
        while at < end:
            token = tokens[at]
            if token[:2] != "(@":
                kept.append(token)
                numbers.append(at)
                at += 1
                continue
            first = at
            id_ = self._annotation_id(token, first)
            at = self._skip_annotation(tokens, at + 1, first)
            if id_ in KNOWN or id_.startswith("metadata.code."):
                note = Annotation(id_, tokens[first + 1 : at - 1], first)
                self.notes.setdefault(len(kept), []).append(note)
        self._numbers = numbers
        return kept

    def _annotation_id(self, token: str, first: int) -> str:
        from .literals import text_of

        id_ = token[2:]
        if id_[:1] == '"':
            try:
                id_ = text_of(id_)
            except Fault as fault:
                raise Fault(fault.message, offset=self.raw_offset(first)) from None
        if not id_:
            raise Fault("empty annotation id", offset=self.raw_offset(first))
        return id_

    def _skip_annotation(self, tokens: list[str], at: int, first: int) -> int:
        """Number of the token behind the annotation whose content starts at ``at``."""
        depth = 1
        end = len(tokens)
        while at < end:
            token = tokens[at]
            if token[:1] == "(":
                depth += 1
            elif token == ")":
                depth -= 1
                if not depth:
                    return at + 1
            elif token and token not in _LEGAL_IN_ANNOTATION and (wrong := lexical_fault(token)):
                raise Fault(wrong, offset=self.raw_offset(at))
            at += 1
        raise Fault("unclosed annotation", offset=self.raw_offset(first))


KNOWN = frozenset({"custom", "name"})
"""Ids of annotations that mean something (and those that begin with ``metadata.code.``)."""


def lexical_fault(token: str) -> str:
    """What is wrong with a token wherever it stands, or ``""``."""
    if token[:1] == '"':
        return "" if len(token) > 1 and token[-1] == '"' else "unclosed string"
    if len(token) == 1 and not _PLAIN.match(token):
        return "illegal character"
    return ""


def unmask(token: str) -> str:
    """The token as it is written in the text."""
    return _MASKED.sub(lambda found: "\\" + ("\\" if found[1] == "\ud801" else '"'), token)


def _without_block_comments(text: str) -> str:
    """Block comments, which nest, replaced by as many spaces."""
    pieces: list[str] = []
    done = 0
    for start, end in _block_comments(text):
        pieces += text[done:start], _SPACED.sub(" ", text[start:end])
        done = end
    pieces.append(text[done:])
    return "".join(pieces)


def _block_comments(text: str) -> Iterator[tuple[int, int]]:
    """Where block comments start and end."""
    at = 0
    while found := _COMMENT.search(text, at):
        at = found.end()
        if found[0] != "(;":
            continue
        depth = 1
        while depth:
            edge = _EDGE.search(text, at)
            if edge is None:
                raise Fault("unclosed comment", offset=found.start())
            at = edge.end()
            depth += 1 if edge[0] == "(;" else -1
        yield found.start(), at
