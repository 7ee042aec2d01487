"""Listings of quick code: the bytes of every instruction, in the form the GNU assembler reads.

There is no disassembler here; ``as listing.s -o listing.o && objdump -d listing.o`` is one.
"""

from __future__ import annotations

import struct

from ...base.types import ValType
from ...isa.opcodes import PREFIXES, group
from ...module import reader
from .. import dump

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...module.ast import Module
    from ..code import Code
    from .writer import BaselineWriter, Trace

_BYTES = 16
"""In a line."""
_INDICES = frozenset(
    ("type", "table", "local", "global", "func", "label", "mem", "elem", "data", "zero", "lane")
)


def listed(writer: BaselineWriter, wanted: dump.Dump) -> Callable[[Sequence[int]], Code]:
    """``writer.compile``, with a file for every function."""
    module = writer.module

    def compile_functions(indices: Sequence[int]) -> Code:
        code = writer.compile(indices)
        for index in indices:
            stages = wanted.stages(module, [index], "quick")
            stages.write(stages.assembly, listing(module, index, writer.trace(index)))
        return code

    return compile_functions


def listing(module: Module, index: int, trace: Trace) -> str:
    """The listing of a defined function."""
    lines = [f"# {len(trace.code)} bytes\n\t.text\nf{index}:"]
    edges = [*trace.starts, trace.end]
    _add(lines, "prologue", trace.code[: edges[0]], 0)
    for pos, at, stop in zip(trace.positions, trace.starts, edges[1:], strict=True):
        _add(lines, f"0x{pos:x} {instruction(module.data, pos)}", trace.code[at:stop], at)
    _add(lines, "epilogue, constants", trace.code[trace.end :], trace.end)
    return "\n".join(lines) + "\n"


def _add(lines: list[str], title: str, code: bytes, offset: int) -> None:
    lines.append(f"\t# {title}")
    for at in range(0, len(code), _BYTES):
        part = code[at : at + _BYTES]
        text = ",".join([f"0x{byte:02x}" for byte in part])
        lines.append(f"\t.byte {text}\t# +0x{offset + at:x}")


def instruction(data: bytes, pos: int) -> str:
    """The instruction at ``pos`` as text."""
    prefix, code = 0, data[pos]
    pos += 1
    if code in PREFIXES:
        prefix = code
        code, pos = reader.u32(data, pos, len(data))
    row = group(prefix)[code]
    words = [row.mnemonic]
    for kind in row.immediates:
        text, pos = _immediate(data, pos, kind.partition(":")[0])
        words.append(text)
    return " ".join(words).rstrip()


def _immediate(data: bytes, pos: int, kind: str) -> tuple[str, int]:
    end = len(data)
    if kind in ("i32", "i64"):
        value, pos = reader.s64(data, pos, end)
        return str(value), pos
    if kind in ("f32", "f64"):
        form = "<f" if kind == "f32" else "<d"
        return str(struct.unpack_from(form, data, pos)[0]), pos + struct.calcsize(form)
    if kind in ("v128", "lanes16"):
        return data[pos : pos + 16].hex(), pos + 16
    if kind.startswith("memarg"):
        align, pos = reader.u32(data, pos, end)
        memory = ""
        if align & 0x40:
            number, pos = reader.u32(data, pos, end)
            memory = f"memory={number} "
        offset, pos = reader.u32(data, pos, end)
        return f"{memory}offset={offset}", pos
    if kind == "block":
        return _block_type(data, pos)
    if kind in _INDICES:
        value, pos = reader.u32(data, pos, end)
        return str(value), pos
    count, pos = reader.u32(data, pos, end) if kind != "heaptype" else (1, pos)
    values = []
    for _ in range(count + (kind == "labels")):
        value, pos = reader.u32(data, pos, end)
        values.append(str(value) if kind == "labels" else str(ValType(value)))
    return " ".join(values), pos


def _block_type(data: bytes, pos: int) -> tuple[str, int]:
    byte = data[pos]
    if byte == 0x40:
        return "", pos + 1
    try:
        return str(ValType(byte)), pos + 1
    except ValueError:
        value, pos = reader.u32(data, pos, len(data))
        return f"type {value}", pos
