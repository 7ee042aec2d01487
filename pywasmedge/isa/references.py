"""Instructions on typed references and objects: function references and garbage collection.

WebAssembly 3.0, sections 5.4.1, 5.4.4 and 5.4.5; those of 2.0 are in ``opcodes``. Where a nullable
and a non-null form differ by their opcode only, ``null`` is part of the mnemonic here.
"""

from __future__ import annotations

from ..base.config import Proposal
from .row import PLANNED, SPECIAL, Row, row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_FUN: Final = Proposal.FUNCTION_REFERENCES


def op(code: int, mnemonic: str, imm: str, when: Proposal = _FUN) -> Row:
    """A row with a one-byte opcode."""
    return row(0, code, mnemonic, imm, SPECIAL, PLANNED, when)


def gc(code: int, mnemonic: str, imm: str, *, constant: bool = False) -> Row:
    """A row behind the prefix byte 0xFB."""
    return row(0xFB, code, mnemonic, imm, SPECIAL, PLANNED, Proposal.GC, constant=constant)


# fmt: off
REFERENCES: tuple[Row, ...] = (
    op(0x14, "call_ref",             "type"),
    op(0x15, "return_call_ref",      "type"),
    op(0xD3, "ref.eq",               "", Proposal.GC),
    op(0xD4, "ref.as_non_null",      ""),
    op(0xD5, "br_on_null",           "label"),
    op(0xD6, "br_on_non_null",       "label"),
    gc(0,    "struct.new",           "type", constant=True),
    gc(1,    "struct.new_default",   "type", constant=True),
    gc(2,    "struct.get",           "type field"),
    gc(3,    "struct.get_s",         "type field"),
    gc(4,    "struct.get_u",         "type field"),
    gc(5,    "struct.set",           "type field"),
    gc(6,    "array.new",            "type", constant=True),
    gc(7,    "array.new_default",    "type", constant=True),
    gc(8,    "array.new_fixed",      "type u32", constant=True),
    gc(9,    "array.new_data",       "type data"),
    gc(10,   "array.new_elem",       "type elem"),
    gc(11,   "array.get",            "type"),
    gc(12,   "array.get_s",          "type"),
    gc(13,   "array.get_u",          "type"),
    gc(14,   "array.set",            "type"),
    gc(15,   "array.len",            ""),
    gc(16,   "array.fill",           "type"),
    gc(17,   "array.copy",           "type type"),
    gc(18,   "array.init_data",      "type data"),
    gc(19,   "array.init_elem",      "type elem"),
    gc(20,   "ref.test",             "heaptype"),
    gc(21,   "ref.test null",        "heaptype"),
    gc(22,   "ref.cast",             "heaptype"),
    gc(23,   "ref.cast null",        "heaptype"),
    gc(24,   "br_on_cast",           "cast"),
    gc(25,   "br_on_cast_fail",      "cast"),
    gc(26,   "any.convert_extern",   "", constant=True),
    gc(27,   "extern.convert_any",   "", constant=True),
    gc(28,   "ref.i31",              "", constant=True),
    gc(29,   "i31.get_s",            ""),
    gc(30,   "i31.get_u",            ""),
)
# fmt: on
