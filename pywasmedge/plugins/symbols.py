"""What a shared library defines and needs, read without loading it: loading runs its code."""

from __future__ import annotations

import platform
import struct

from .descriptor import PluginError

_HEADER = struct.Struct("<4sBBBBB7xHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_LIBRARY, _DYNAMIC_SYMBOLS = 3, 11
_MACHINES = {"x86_64": 62, "aarch64": 183}


def symbols(path: str) -> tuple[set[bytes], set[bytes]]:
    """Names of the dynamic symbols that a library defines and that it needs.

    Raises:
        PluginError: it is no shared library for this machine.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise PluginError(f"cannot be read: {error.strerror}") from None
    if data[:4] != b"\x7fELF":
        raise PluginError("no shared library")
    try:
        return _read(data)
    except (struct.error, IndexError, ValueError):
        raise PluginError("a damaged shared library") from None


def _read(data: bytes) -> tuple[set[bytes], set[bytes]]:
    header = _HEADER.unpack_from(data)
    _, width, order, *_ = header
    kind, machine = header[6:8]
    sections_at, section_size, count = header[11], header[16], header[17]
    if kind != _LIBRARY or (width, order) != (2, 1):
        raise PluginError("no shared library for this machine")
    if machine != _MACHINES.get(platform.machine(), machine):
        raise PluginError("a shared library for another machine")
    sections = [
        _SECTION.unpack_from(data, sections_at + section_size * index) for index in range(count)
    ]
    defined: set[bytes] = set()
    needed: set[bytes] = set()
    for _, type_, _, _, at, size, link, _, _, _ in sections:
        if type_ != _DYNAMIC_SYMBOLS:
            continue
        names_at, names_size = sections[link][4:6]
        names = data[names_at : names_at + names_size]
        for name, _, _, section, _, _ in _SYMBOL.iter_unpack(data[at : at + size]):
            text = names[name : names.index(b"\0", name)]
            (defined if section else needed).add(text)
    return defined, needed
