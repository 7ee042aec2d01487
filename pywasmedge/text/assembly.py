"""From the text of a module to its binary, and from faults to errors with a position."""

from __future__ import annotations

import re

from ..base.errors import ErrCode, WatError
from ..module import limits
from .lexer import Fault, Tokens, unmask
from .module import Assembler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_FLOOD = re.compile(r"[ \t\r\n]*\([ \t\r\n]*\((?![@;])")
"""Two parentheses open at the start: that is no module."""
_WIDTH = 76
"""Most characters of a line that an error shows."""


def assemble(text: str | bytes) -> bytes:
    """The binary of a text module: ``(module ...)`` or the fields of one.

    Identifiers are kept in a name section. Nothing is validated.

    Args:
        text: the module; bytes are UTF-8.

    Returns:
        The module in the binary format.

    Raises:
        WatError: the text is malformed.
    """
    source = decode(text)
    tokens = None
    try:
        if flood := _FLOOD.match(source):  # which may be long
            raise Fault("unexpected token", offset=flood.end() - 1)
        tokens = Tokens(source)
        module = Assembler(tokens, 0)
        binary = module.assemble()
        if tokens.list[module.at]:
            raise Fault("unexpected token", module.at)
        return binary
    except Fault as fault:
        fail(fault, source, tokens)


def decode(text: str | bytes) -> str:
    """The characters of a text.

    Raises:
        WatError: it is not UTF-8, or too long (1 GiB).
    """
    if len(text) > limits.MAX_MODULE_SIZE:
        fault = Fault(f"text of {len(text)} bytes, limit {limits.MAX_MODULE_SIZE}", offset=0)
        fail(fault, "", None)
    wrong = "malformed UTF-8 encoding"
    try:
        if isinstance(text, str):
            text.encode()
            return text
        return str(text, "utf-8")
    except UnicodeEncodeError as error:
        shown = text if isinstance(text, str) else ""
        fail(Fault(wrong, offset=error.start), shown, None, ErrCode.MALFORMED_UTF8)
    except UnicodeDecodeError as error:
        assert not isinstance(text, str)
        shown = str(text[: error.end + _WIDTH], "utf-8", "replace")
        start = len(str(text[: error.start], "utf-8", "replace"))
        fail(Fault(wrong, offset=start), shown, None, ErrCode.MALFORMED_UTF8)


def fail(
    fault: Fault, text: str, tokens: Tokens | None, code: ErrCode = ErrCode.ILLEGAL_GRAMMAR
) -> NoReturn:
    """Raise the error that a fault in ``text`` is."""
    at = fault.offset
    if tokens is not None and fault.at is not None and tokens.crowded(fault.at):
        fault.message = "unknown operator"
    if at is None:
        assert tokens is not None
        at = tokens.offset(len(text) if fault.at is None else fault.at)
    if "UTF-8" in fault.message:
        code = ErrCode.MALFORMED_UTF8
    start = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    line = text.count("\n", 0, at) + 1
    end = min((found for mark in "\n\r" if (found := text.find(mark, at)) >= 0), default=len(text))
    first = start if at - start < _WIDTH else at - _WIDTH // 2
    shown = text[first : min(end, first + _WIDTH)]
    source = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown)
    raise WatError(
        unmask(fault.message),
        line=line,
        column=at - start + 1,
        source=source,
        caret=at - first,
        hint=unmask(fault.hint),
        code=code,
    ) from None
