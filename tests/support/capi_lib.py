"""The C library inside the test process, opened at run time and declared by its own headers.

``lib.WasmEdge_...`` are the public functions; the two that take or give a 128-bit integer are
missing, as libffi cannot pass them. The interpreter lock is not held while they run.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from capi_host import INCLUDE, LIBRARY, ROOT
from cffi import FFI

if TYPE_CHECKING:
    from collections.abc import Iterable

sys.path.append(str(ROOT / "src"))

from build_sources import plain, public_types

CData = Any


def _declarations() -> str:
    """What cffi can read of the headers: a value's bits become a ``long double``.

    That has the size and alignment of the 128-bit integer, and nobody reads it as a number.
    """
    header = plain(INCLUDE / "wasmedge" / "wasmedge.h")
    functions = [
        item.removeprefix("extern ")
        for item in re.findall(r"WASMEDGE_CAPI_EXPORT\s+([^;]*;)", header)
        if not re.search(r"\bu?int128_t\b", item)
    ]
    value = "typedef struct WasmEdge_Value WasmEdge_Value;"
    struct = re.search(r"typedef struct WasmEdge_Value \{.*?\} WasmEdge_Value;", header, re.DOTALL)
    assert struct is not None
    types = public_types().replace(value, struct[0].replace("uint128_t", "long double"))
    return "\n".join([types, *functions])


ffi = FFI()
ffi.cdef(_declarations())
lib: Any = ffi.dlopen(str(LIBRARY))

NULL = ffi.NULL


@cache
def string(text: str | bytes) -> CData:
    """A ``WasmEdge_String`` that stays valid."""
    data = text.encode() if isinstance(text, str) else text
    buffer = ffi.new("char[]", data)
    _kept.append(buffer)
    return lib.WasmEdge_StringWrap(buffer, len(data))


_kept: list[CData] = []


def text(borrowed: CData) -> bytes:
    """The bytes of a ``WasmEdge_String``."""
    return ffi.buffer(borrowed.Buf, borrowed.Length)[:] if borrowed.Buf else b""


def code(result: CData) -> int:
    """The number of a ``WasmEdge_Result``."""
    return lib.WasmEdge_ResultGetCode(result)


def message(result: CData) -> str | None:
    """Its message; ``None`` if the number is no code."""
    found = lib.WasmEdge_ResultGetMessage(result)
    return ffi.string(found).decode() if found else None


def value_type(name: str) -> int:
    """An enumerator of ``enum WasmEdge_ValType``: ``value_type("i32")``."""
    return _VALUE_TYPES[name]


_VALUE_TYPES: dict[str, int] = {
    name.rpartition("_")[2].lower(): number
    for name, number in ffi.typeof("enum WasmEdge_ValType").relements.items()
}


def values(items: Iterable[tuple[str, bytes]]) -> CData:
    """A ``WasmEdge_Value`` array of types (``"i32"``) and bytes, little endian, 16 at most."""
    given = list(items)
    array = ffi.new("WasmEdge_Value[]", len(given))
    for value, (type_, bits) in zip(array, given, strict=True):
        value.Type = value_type(type_)
        ffi.buffer(ffi.addressof(value))[: len(bits)] = bits
    return array


def bits(value: CData) -> bytes:
    """The 16 bytes of a value, little endian."""
    return ffi.buffer(ffi.addressof(value))[:16]


def strings(items: Iterable[bytes]) -> tuple[CData, int]:
    """An array of C strings that stays valid, and its length."""
    buffers = [ffi.new("char[]", item) for item in items]
    array = ffi.new("char *[]", buffers)
    _kept.extend([array, *buffers])
    return array, len(buffers)
