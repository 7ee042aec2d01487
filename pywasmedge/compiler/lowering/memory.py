"""Lowerings of memory and bulk instructions, scalar constants and comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .floating import f32_const, f64_const
from .registry import lowering

if TYPE_CHECKING:
    from ...walk.immediates import Memarg
    from ..calls import Calls
    from ..emitter import EmitterBase as Emitter

SIZE = {"i8": 1, "i16": 2, "i32": 4, "i64": 8, "float": 4, "double": 8}
"""Bytes of each LLVM type a scalar access moves."""


@lowering
def load(e: Emitter, memory_type: str, *rest: str | Memarg) -> str:
    """A load of ``memory_type``; ``rest``: perhaps extension and type, then memarg, address."""
    *extend, memarg, address = rest
    assert not isinstance(memarg, str) and isinstance(address, str)
    value = e.load(memarg, memory_type, address, SIZE[memory_type])
    if extend:
        operation, type_ = extend
        value = e.emit(f"{operation} {memory_type} {value} to {type_}")
    return value


@lowering
def store(e: Emitter, memory_type: str, *rest: str | Memarg) -> None:
    """A store of ``memory_type``; ``rest``: perhaps the operand's type, then memarg, operands."""
    *wider, memarg, address, value = rest
    assert not isinstance(memarg, str) and isinstance(address, str) and isinstance(value, str)
    if wider:
        value = e.emit(f"trunc {wider[0]} {value} to {memory_type}")
    e.store(memarg, memory_type, address, value, SIZE[memory_type])


@lowering
def memory_size(e: Emitter, memory: int) -> str:
    """Current size in pages."""
    pages = e.emit(f"lshr i64 {e.memory_size(memory)}, 16")
    return e.emit(f"trunc i64 {pages} to i32")


@lowering
def memory_grow(e: Emitter, memory: int, pages: str) -> str:
    """Former size in pages, or -1."""
    return str(e.call_helper("memory_grow", f"i32 {memory}, i32 {pages}", "i32"))


@lowering
def memory_init(e: Emitter, segment: int, memory: int, to: str, start: str, length: str) -> None:
    """Copy from a data segment."""
    args = f"i32 {memory}, i32 {segment}, i32 {to}, i32 {start}, i32 {length}"
    e.call_helper("memory_init", args)


@lowering
def data_drop(e: Emitter, segment: int) -> None:
    """Empty a data segment."""
    e.call_helper("data_drop", f"i32 {segment}")


@lowering
def memory_copy(e: Emitter, to: int, source: int, dst: str, src: str, length: str) -> None:
    """Copy within or between memories."""
    e.call_helper("memory_copy", f"i32 {to}, i32 {source}, i32 {dst}, i32 {src}, i32 {length}")


@lowering
def memory_fill(e: Emitter, memory: int, start: str, byte: str, length: str) -> None:
    """Fill with a byte."""
    e.call_helper("memory_fill", f"i32 {memory}, i32 {start}, i32 {byte}, i32 {length}")


@lowering
def table_init(e: Emitter, segment: int, table: int, to: str, start: str, length: str) -> None:
    """Copy from an element segment."""
    args = f"i32 {table}, i32 {segment}, i32 {to}, i32 {start}, i32 {length}"
    e.call_helper("table_init", args)


@lowering
def elem_drop(e: Emitter, segment: int) -> None:
    """Empty an element segment."""
    e.call_helper("elem_drop", f"i32 {segment}")


@lowering
def table_copy(e: Emitter, to: int, source: int, dst: str, src: str, length: str) -> None:
    """Copy within or between tables."""
    e.call_helper("table_copy", f"i32 {to}, i32 {source}, i32 {dst}, i32 {src}, i32 {length}")


@lowering
def table_size(e: Calls, table: int) -> str:
    """Current number of elements."""
    return e.table(table)[1]


@lowering
def const(e: Emitter, type_: str, value: int) -> str:
    """A constant; floats come as their bits."""
    if type_ == "f32":
        return f32_const(value)
    return f64_const(value) if type_ == "f64" else str(value)


@lowering
def compare(e: Emitter, instruction: str, a: str, b: str) -> str:
    """A comparison: 1 or 0."""
    return _flag(e, e.emit(f"{instruction} {a}, {b}"))


@lowering
def eqz(e: Emitter, type_: str, a: str) -> str:
    """Whether the operand is zero: 1 or 0."""
    known = e.bools.get(a)
    if known is not None:
        return _flag(e, e.emit(f"xor i1 {known}, true"))
    return _flag(e, e.emit(f"icmp eq {type_} {a}, 0"))


def _flag(e: Emitter, flag: str) -> str:
    value = e.emit(f"zext i1 {flag} to i32")
    e.bools[value] = flag
    return value
