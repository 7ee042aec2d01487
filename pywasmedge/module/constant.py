"""Expressions as bytes: where they end and which instructions they hold (spec 5.4, 3.3.7).

In a constant expression any instruction may stand: one that exists but is not constant makes a
well-formed but invalid module. So the end is found with the immediates of the whole instruction
table, and only the rules (``walk.rules``) ask what is allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from ..base.config import Proposal
from ..base.errors import ErrCode, LoadError
from ..isa.opcodes import PREFIXES, enabled, group
from .reader import (
    bad_value_type,
    ref_type,
    s32,
    s33,
    s64,
    u32,
    unexpected_end,
    value_type,
    value_types,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from .ast import Module, Range

Reader = Callable[[bytes, int, int], "tuple[int, int]"]
"""Reads an immediate of (data, pos, end) as an integer; returns it and the position behind."""

_Entry = tuple[str, tuple[Reader, ...], int]
"""Mnemonic, readers of the immediates, change of the nesting depth."""

OPEN, CLOSE = ("block", "loop", "if"), "end"


class Scanner:
    """Finds the instructions of expressions, with one set of proposals enabled."""

    def __init__(self, proposals: frozenset[Proposal]) -> None:
        """Prepare for a set of enabled proposals; :func:`scanner` keeps what this makes."""
        self._proposals = proposals
        self._readers = _readers(proposals)
        self._table: dict[int, _Entry] = {}

    def _entry(self, prefix: int, code: int) -> _Entry | None:
        """The entry of an instruction that is met first; ``None`` if there is none or not now."""
        row = group(prefix).get(code)
        if row is None or not enabled(row, self._proposals):
            return None
        immediates = tuple(self._readers[kind.partition(":")[0]] for kind in row.immediates)
        depth = 1 if row.mnemonic in OPEN else -1 if row.mnemonic == CLOSE else 0
        return row.mnemonic, immediates, depth

    def skip(self, data: bytes, pos: int, end: int) -> int:
        """Position behind the expression that starts at ``pos``: behind the ``end`` closing it.

        Raises:
            LoadError: cut off (0x22), unknown or disabled instruction (0x37), bad immediate.
        """
        depth = 1
        while depth:
            (_, immediates, change), pos = self._find(data, pos, end)
            depth += change
            for read in immediates:
                _, pos = read(data, pos, end)
        return pos

    def instructions(self, data: bytes, pos: int, end: int) -> Iterator[tuple[str, int]]:
        """(mnemonic, last immediate or 0) of each instruction from ``pos`` to ``end``.

        Immediates are integers: constants signed, floats and vectors as their bits (little
        endian), reference types as their byte.

        Raises:
            LoadError: as ``skip``.
        """
        while pos < end:
            (mnemonic, immediates, _), pos = self._find(data, pos, end)
            value = 0
            for read in immediates:
                value, pos = read(data, pos, end)
            yield mnemonic, value

    def _find(self, data: bytes, pos: int, end: int) -> tuple[_Entry, int]:
        """What the table says about the instruction at ``pos``; position of its immediates."""
        if pos >= end:
            raise unexpected_end(pos, "expression without final end")
        start = pos
        code = data[pos]
        pos += 1
        prefix = 0
        if code in PREFIXES:
            prefix = code
            code, pos = u32(data, pos, end)
        key = prefix << 32 | code
        found = self._table.get(key)
        if found is None:
            found = self._entry(prefix, code)
            if found is None:
                from .proposals import opcode

                raise LoadError(ErrCode.ILLEGAL_OPCODE, opcode(prefix, code), offset=start)
            self._table[key] = found
        return found, pos


def scanner(proposals: AbstractSet[Proposal]) -> Scanner:
    """The scanner for a set of enabled proposals; made once per set."""
    return _scanner(frozenset(proposals))


@lru_cache(maxsize=16)
def _scanner(proposals: frozenset[Proposal]) -> Scanner:
    return Scanner(proposals)


def instructions(module: Module, expression: Range) -> Iterator[tuple[str, int]]:
    """(mnemonic, immediate or 0) of each instruction of a loaded module's expression.

    The final ``end`` is left out. Immediates are as ``Scanner.instructions`` gives them.
    """
    start, end = expression
    return _everything().instructions(module.data, start, end - 1)


@lru_cache(maxsize=1)
def _everything() -> Scanner:
    return scanner(frozenset(Proposal))


def _readers(proposals: frozenset[Proposal]) -> dict[str, Reader]:
    """A reader for each kind of immediate in the instruction table (see ``isa.row``)."""
    types = value_types(proposals)
    several_values = Proposal.MULTI_VALUE in proposals
    memarg = _memarg(Proposal.MULTI_MEMORIES in proposals)

    def reference(data: bytes, pos: int, end: int) -> tuple[int, int]:
        return ref_type(data, pos, end, types)

    def block(data: bytes, pos: int, end: int) -> tuple[int, int]:
        if pos >= end:
            raise unexpected_end(pos)
        byte = data[pos]
        if byte == 0x40 or byte in types:
            return byte, pos + 1
        if 0x40 < byte < 0x80 or not several_values:
            raise bad_value_type(byte, pos)
        return s33(data, pos, end)

    def value_type_vector(data: bytes, pos: int, end: int) -> tuple[int, int]:
        count, pos = u32(data, pos, end)
        for _ in range(count):
            _, pos = value_type(data, pos, end, types)
        return count, pos

    indices = ("type", "local", "global", "func", "label", "elem", "data")
    return {
        **dict.fromkeys(indices, u32),
        "table": u32 if Proposal.REFERENCE_TYPES in proposals else _zero,
        "zero": _zero,
        "mem": u32 if Proposal.MULTI_MEMORIES in proposals else _zero,
        "i32": s32,
        "i64": s64,
        "f32": _bits(4),
        "f64": _bits(8),
        "v128": _bits(16),
        "lanes16": _bits(16),
        "lane": _bits(1),
        "memarg": memarg,
        "memarg_exact": memarg,
        "block": block,
        "labels": _labels,
        "valtypes": value_type_vector,
        "heaptype": reference,
    }


def _zero(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """An index that is a reserved byte while its proposal is off."""
    if pos >= end:
        raise unexpected_end(pos)
    if data[pos]:
        raise LoadError(ErrCode.EXPECTED_ZERO_BYTE, f"0x{data[pos]:02x}", offset=pos)
    return 0, pos + 1


def _bits(size: int) -> Reader:
    def bits(data: bytes, pos: int, end: int) -> tuple[int, int]:
        if pos + size > end:
            raise unexpected_end(pos)
        return int.from_bytes(data[pos : pos + size], "little"), pos + size

    return bits


def _memarg(several_memories: bool) -> Reader:
    """Alignment, then the offset; between them a memory index if bit 6 announces one."""

    def memarg(data: bytes, pos: int, end: int) -> tuple[int, int]:
        start = pos
        flags, pos = u32(data, pos, end)
        if flags & 0x40 and several_memories:
            flags ^= 0x40
            _, pos = u32(data, pos, end)
        offset, pos = u32(data, pos, end)
        if flags >= (64 if several_memories else 32):
            detail = f"malformed memop flags 0x{flags:x}"
            raise LoadError(ErrCode.ILLEGAL_GRAMMAR, detail, offset=start)
        return offset, pos

    return memarg


def _labels(data: bytes, pos: int, end: int) -> tuple[int, int]:
    count, pos = u32(data, pos, end)
    for _ in range(count + 1):
        _, pos = u32(data, pos, end)
    return count, pos
