"""Instructions of exceptions: those of 3.0 (section 5.4.1) and those of the proposal before it."""

from __future__ import annotations

from ..base.config import Proposal
from .row import PLANNED, SPECIAL, Row, row


def _op(code: int, mnemonic: str, immediates: str, *when: Proposal) -> Row:
    return row(0, code, mnemonic, immediates, SPECIAL, PLANNED, when)


_NEW, _OLD = Proposal.EXCEPTION_HANDLING, Proposal.LEGACY_EXCEPTIONS

# fmt: off
EXCEPTIONS: tuple[Row, ...] = (
    _op(0x06, "try",       "block",         _OLD),
    _op(0x07, "catch",     "tag",           _OLD),
    _op(0x08, "throw",     "tag",           _NEW, _OLD),
    _op(0x09, "rethrow",   "label",         _OLD),
    _op(0x0A, "throw_ref", "",              _NEW),
    _op(0x18, "delegate",  "label",         _OLD),
    _op(0x19, "catch_all", "",              _OLD),
    _op(0x1F, "try_table", "block catches", _NEW),
)
# fmt: on
