"""Constant expressions: where they end and which instructions they hold (spec 3.3.7, 5.4.9).

Any instruction may stand in the bytes: one that exists but is not constant makes a well-formed
but invalid module. So the loader looks for the end with the immediates of the whole instruction
table, and only the rules (``walk.rules``) ask what is allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from ..base.errors import ErrCode, LoadError
from ..isa.opcodes import enabled, rows
from .reader import (
    ref_type,
    s32,
    s33,
    s64,
    u32,
    unexpected_end,
    value_type,
    value_types,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from ..base.config import Proposal
    from ..base.types import ValType
    from ..isa.row import Row
    from .ast import Module, Range

Reader = Callable[[bytes, int, int], "tuple[int, int]"]
"""Reads an immediate of (data, pos, end) as an integer; returns it and the position behind."""

OPEN, CLOSE = ("block", "loop", "if"), "end"


class Scanner:
    """Finds and lists the instructions of expressions, with one set of proposals enabled."""

    def __init__(self, proposals: frozenset[Proposal]) -> None:
        readers = _readers(value_types(proposals))
        self._table: dict[int, tuple[Row, tuple[Reader, ...], int]] = {}
        self._prefixes = set()
        for row in rows():
            if enabled(row, proposals):
                kinds = tuple(
                    readers[kind.partition(":")[0]] for kind in row.immediates
                )
                depth = (
                    1 if row.mnemonic in OPEN else -1 if row.mnemonic == CLOSE else 0
                )
                self._table[row.prefix << 32 | row.code] = row, kinds, depth
                if row.prefix:
                    self._prefixes.add(row.prefix)

    def instructions(
        self, data: bytes, pos: int, end: int
    ) -> Iterator[tuple[Row, int, int]]:
        """The instructions from ``pos`` to the ``end`` that closes the expression.

        Yields (row, last immediate or 0, position behind it) for each, the final ``end``
        included. Immediates are integers: constants signed, floats and vectors as their bits.

        Raises:
            LoadError: cut off (0x22), unknown or disabled instruction (0x37), bad immediate.
        """
        depth = 1
        while depth:
            start = pos
            if pos >= end:
                raise unexpected_end(pos, "expression without final end")
            opcode = data[pos]
            pos += 1
            if opcode in self._prefixes:
                code, pos = u32(data, pos, end)
                opcode = opcode << 32 | code
            found = self._table.get(opcode)
            if found is None:
                detail = f"0x{data[start]:02x}" + (
                    f" {code}" if pos > start + 1 else ""
                )
                raise LoadError(ErrCode.ILLEGAL_OPCODE, detail, offset=start)
            row, readers, change = found
            depth += change
            value = 0
            for read in readers:
                value, pos = read(data, pos, end)
            yield row, value, pos

    def skip(self, data: bytes, pos: int, end: int) -> int:
        """Position behind the expression that starts at ``pos``; errors as ``instructions``."""
        after = pos
        for _, _, after in self.instructions(data, pos, end):
            pass
        return after


def scanner(proposals: AbstractSet[Proposal]) -> Scanner:
    """The scanner for a set of enabled proposals; made once per set."""
    return _scanner(frozenset(proposals))


@lru_cache(maxsize=16)
def _scanner(proposals: frozenset[Proposal]) -> Scanner:
    return Scanner(proposals)


def instructions(module: Module, expression: Range) -> Iterator[tuple[str, int]]:
    """(mnemonic, immediate or 0) of each instruction of a loaded module's expression, no ``end``.

    Constants come as signed integers, floats and vectors as their bits (little endian),
    ``ref.null`` with the byte of its type, others with their index.
    """
    from ..base.config import Proposal

    start, end = expression
    for row, value, pos in scanner(frozenset(Proposal)).instructions(
        module.data, start, end
    ):
        if pos < end:
            yield row.mnemonic, value


def _readers(types: Mapping[int, ValType]) -> dict[str, Reader]:
    """A reader for each kind of immediate in the instruction table (see ``isa.row``)."""

    def reference(data: bytes, pos: int, end: int) -> tuple[int, int]:
        return ref_type(data, pos, end, types)

    def block(data: bytes, pos: int, end: int) -> tuple[int, int]:
        if pos < end and (data[pos] == 0x40 or data[pos] in types):
            return data[pos], pos + 1
        return s33(data, pos, end)

    def value_type_vector(data: bytes, pos: int, end: int) -> tuple[int, int]:
        count, pos = u32(data, pos, end)
        for _ in range(count):
            _, pos = value_type(data, pos, end, types)
        return count, pos

    return {
        "i32": s32,
        "i64": s64,
        "f32": _bits(4),
        "f64": _bits(8),
        "v128": _bits(16),
        "lanes16": _bits(16),
        "lane": _bits(1),
        "memarg": _memarg,
        "memarg_exact": _memarg,
        "block": block,
        "labels": _labels,
        "valtypes": value_type_vector,
        "reftype": reference,
        **dict.fromkeys(
            ("type", "table", "local", "global", "func", "label", "mem"), u32
        ),
        **dict.fromkeys(("elem", "data"), u32),
    }


def _bits(size: int) -> Reader:
    def bits(data: bytes, pos: int, end: int) -> tuple[int, int]:
        if pos + size > end:
            raise unexpected_end(pos)
        return int.from_bytes(data[pos : pos + size], "little"), pos + size

    return bits


def _memarg(data: bytes, pos: int, end: int) -> tuple[int, int]:
    align, pos = u32(data, pos, end)
    if align & 0x40:
        _, pos = u32(data, pos, end)
    return u32(data, pos, end)


def _labels(data: bytes, pos: int, end: int) -> tuple[int, int]:
    count, pos = u32(data, pos, end)
    for _ in range(count + 1):
        _, pos = u32(data, pos, end)
    return count, pos
