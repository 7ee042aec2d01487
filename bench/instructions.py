"""Counting the instructions of a module, and making big modules out of small ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pywasmedge.module.ast import Module

FUNCTION_SECTION, CODE_SECTION = 3, 10
FIXED = {"f32": 4, "f64": 8, "v128": 16, "lanes16": 16, "lane": 1, "heaptype": 1}


def uleb(data: bytes, pos: int) -> tuple[int, int]:
    """An unsigned LEB128 number and the position behind it."""
    value = shift = 0
    while True:
        byte = data[pos]
        pos += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, pos


def encode(value: int) -> bytes:
    """``value`` as unsigned LEB128."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def skip(data: bytes, pos: int, kind: str) -> int:
    """The position behind an immediate of ``kind`` (a word of the instruction table)."""
    name = kind.partition(":")[0]
    if name in FIXED:
        return pos + FIXED[name]
    if name.startswith("memarg"):
        align, pos = uleb(data, pos)
        if align & 64:
            _, pos = uleb(data, pos)
    elif name == "labels":
        count, pos = uleb(data, pos)
        for _ in range(count):
            _, pos = uleb(data, pos)
    elif name == "valtypes":
        count, pos = uleb(data, pos)
        return pos + count
    return uleb(data, pos)[1]


def count(module: Module, bodies: Sequence[tuple[int, int]] | None = None) -> int:
    """The number of instructions in ``bodies`` (default: all) of a valid ``module``.

    Every ``end`` counts.
    """
    from pywasmedge.isa.opcodes import rows

    immediates = {(row.prefix, row.code): row.immediates for row in rows()}
    prefixes = {prefix for prefix, _ in immediates if prefix}
    data = module.data
    total = 0
    for pos, end in module.bodies if bodies is None else bodies:
        groups, pos = uleb(data, pos)
        for _ in range(groups):
            pos = uleb(data, pos)[1] + 1
        while pos < end:
            total += 1
            prefix = 0
            code = data[pos]
            pos += 1
            if code in prefixes:
                prefix = code
                code, pos = uleb(data, pos)
            for kind in immediates[prefix, code]:
                pos = skip(data, pos, kind)
    return total


def repeated(path: Path, size: int) -> bytes:
    """The module in ``path`` with its functions repeated until the code section has ``size`` bytes.

    The copies come last in the index space and call the originals, so the module stays valid.
    """
    data = path.read_bytes()
    sections, pos = [], 8
    while pos < len(data):
        identifier = data[pos]
        length, start = uleb(data, pos + 1)
        sections.append((identifier, data[start : start + length]))
        pos = start + length
    code = dict(sections)[CODE_SECTION]
    times = -(-size // len(code))
    out = bytearray(data[:8])
    for identifier, content in sections:
        if identifier in (FUNCTION_SECTION, CODE_SECTION):
            number, start = uleb(content, 0)
            content = encode(number * times) + content[start:] * times
        out += bytes([identifier]) + encode(len(content)) + content
    return bytes(out)
