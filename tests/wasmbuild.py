"""Assemble WebAssembly binaries in tests: a function for each production of the binary format.

    wasm(
        types=["i32 -> i32"],
        funcs=[0],
        exports=[("double", "func", 0)],
        code=[body("local.get 0 local.get 0 i32.add")],
    )

Everything that is not right can be built as well: pieces are plain ``bytes``.
"""

from __future__ import annotations

import struct
from functools import cache
from typing import TYPE_CHECKING

from pywasmedge.base.types import ValType
from pywasmedge.isa.opcodes import rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pywasmedge.isa.row import Row

PREAMBLE = b"\0asm\1\0\0\0"
KINDS = {"func": 0, "table": 1, "memory": 2, "global": 3}


def uleb(value: int) -> bytes:
    """Unsigned LEB128."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def sleb(value: int) -> bytes:
    """Signed LEB128."""
    out = bytearray()
    while not -0x40 <= value < 0x40:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value & 0x7F))


def vec(items: Iterable[bytes]) -> bytes:
    """A vector: count and items."""
    items = list(items)
    return uleb(len(items)) + b"".join(items)


def name(text: str | bytes) -> bytes:
    """A name, or any byte vector."""
    raw = text.encode() if isinstance(text, str) else text
    return uleb(len(raw)) + raw


def value_types(text: str) -> bytes:
    """A vector of value types: ``"i32 funcref"``."""
    return name(bytes(ValType[word.upper()] for word in text.split()))


def func_type(text: str) -> bytes:
    """A function type: ``"i32 i32 -> i64"``."""
    params, _, results = text.partition("->")
    return b"\x60" + value_types(params) + value_types(results)


def limits(low: int, high: int | None = None, *, shared: bool = False) -> bytes:
    """Limits of a table or memory; of a memory they are its type."""
    flags = (high is not None) + 2 * shared
    return uleb(flags) + uleb(low) + (b"" if high is None else uleb(high))


def table(low: int, high: int | None = None, element: ValType = ValType.FUNCREF) -> bytes:
    """A table type."""
    return bytes((element,)) + limits(low, high)


def global_(type_: str, init: str | bytes, *, mutable: bool = False) -> bytes:
    """A global: its type and initialiser (see ``asm``)."""
    return global_type(type_, mutable=mutable) + expr(init)


def global_type(type_: str, *, mutable: bool = False) -> bytes:
    """A global type."""
    return bytes((ValType[type_.upper()], mutable))


def element(offset: str | bytes, funcs: Sequence[int]) -> bytes:
    """An active element segment for table 0."""
    return b"\0" + expr(offset) + vec(map(uleb, funcs))


def data(offset: str | bytes, content: bytes) -> bytes:
    """An active data segment for memory 0."""
    return b"\0" + expr(offset) + name(content)


def expr(code: str | bytes) -> bytes:
    """An expression: instructions and ``end``."""
    return (asm(code) if isinstance(code, str) else code) + b"\x0b"


def body(code: str | bytes, locals_: Sequence[tuple[int, str]] = ()) -> bytes:
    """A function body without its size: (count, type) of locals, instructions, ``end``."""
    groups = (uleb(count) + bytes((ValType[type_.upper()],)) for count, type_ in locals_)
    return vec(groups) + expr(code)


def section(number: int, content: bytes) -> bytes:
    """A section with its size."""
    return bytes((number,)) + name(content)


def custom(title: str, content: bytes) -> bytes:
    """A custom section."""
    return section(0, name(title) + content)


def wasm(
    *,
    types: Sequence[str | bytes] = (),
    imports: Sequence[tuple[str, str, str, bytes | int]] = (),
    funcs: Sequence[int] = (),
    tables: Sequence[bytes] = (),
    memories: Sequence[bytes] = (),
    globals_: Sequence[bytes] = (),
    exports: Sequence[tuple[str, str, int]] = (),
    start: int | None = None,
    elements: Sequence[bytes] = (),
    data_count: int | None = None,
    code: Sequence[bytes] = (),
    datas: Sequence[bytes] = (),
    customs: bytes = b"",
) -> bytes:
    """A module. Imports are (module, name, kind, type or type index)."""
    vectors: dict[int, list[bytes]] = {
        1: [func_type(t) if isinstance(t, str) else t for t in types],
        2: [
            name(module)
            + name(item)
            + bytes((KINDS[kind],))
            + (uleb(t) if isinstance(t, int) else t)
            for module, item, kind, t in imports
        ],
        3: [uleb(index) for index in funcs],
        4: list(tables),
        5: list(memories),
        6: list(globals_),
        7: [name(title) + bytes((KINDS[kind],)) + uleb(index) for title, kind, index in exports],
        9: list(elements),
        10: [name(entry) for entry in code],
        11: list(datas),
    }
    sections = {number: vec(items) for number, items in vectors.items() if items}
    if start is not None:
        sections[8] = uleb(start)
    if data_count is not None:
        sections[12] = uleb(data_count)
    order = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11)
    parts = (section(number, sections[number]) for number in order if number in sections)
    return PREAMBLE + b"".join(parts) + customs


def asm(text: str) -> bytes:
    """Instructions in the order of the binary format: mnemonics, each followed by its immediates.

    Integers and floats are written as in Python, a block type as ``void``, a value type or a type
    index, a v128 as 32 hexadecimal digits in memory order, a memory argument as alignment and
    offset, the labels of ``br_table`` as their count, the labels, the default.
    """
    words = iter(text.split())
    out = b""
    for word in words:
        row = _instructions()[word]
        out += bytes((row.prefix,)) + uleb(row.code) if row.prefix else bytes((row.code,))
        for kind in row.immediates:
            out += _immediate(kind.partition(":")[0], words)
    return out


def _immediate(kind: str, words: Iterator[str]) -> bytes:
    word = next(words)
    if kind in ("i32", "i64"):
        return sleb(int(word, 0))
    if kind in ("f32", "f64"):
        return struct.pack("<f" if kind == "f32" else "<d", float(word))
    if kind in ("v128", "lanes16"):
        return bytes.fromhex(word)
    if kind.startswith("memarg"):
        return uleb(int(word)) + uleb(int(next(words), 0))
    if kind == "labels":
        return uleb(int(word)) + b"".join(uleb(int(next(words))) for _ in range(int(word) + 1))
    if kind == "valtypes":
        return value_types(word)
    if word == "void":
        return b"\x40"
    if word.upper() in ValType.__members__:
        return bytes((ValType[word.upper()],))
    return sleb(int(word)) if kind == "block" else uleb(int(word))


@cache
def _instructions() -> dict[str, Row]:
    return {row.mnemonic.replace(" ", "_"): row for row in rows()}
