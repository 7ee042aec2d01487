"""A linker for the object files LLVM writes: ELF64, relocatable, little endian.

Sections that are part of the image are laid out one after the other, references between them are
resolved, and functions that are not defined in the object get a slot that the loader fills and a
stub that jumps through it. What depends on the processor is in ``_Machine``.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from ..base.record import dataclass
from .code import ALIGNMENT, Code

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELA = struct.Struct("<QQq")

_SHT_PROGBITS, _SHT_SYMTAB, _SHT_RELA, _SHT_NOBITS = 1, 2, 4, 8
_SHF_WRITE, _SHF_ALLOC = 1, 2
_SHN_UNDEF, _SHN_ABS, _SHN_COMMON, _SHN_XINDEX = 0, 0xFFF1, 0xFFF2, 0xFFFF
_STT_OBJECT, _STT_FUNC = 1, 2
SEGMENTS = "we_segments"
"""Name of the list of segments in an object file."""


@dataclass(frozen=True, slots=True)
class _Machine:
    """Relocations of one processor.

    ``relative32`` and ``relative64`` hold S + A - P in 4 or 8 bytes, ``absolute64`` S + A in 8,
    ``slot32`` the first for the address of the symbol's import slot. ``stub`` jumps to the address
    in the slot at the (signed, 4-byte) distance that is filled in at ``stub_hole``.
    """

    relative32: frozenset[int]
    relative64: frozenset[int]
    absolute64: frozenset[int]
    slot32: frozenset[int]
    stub: bytes
    stub_hole: int


_MACHINES: Mapping[int, _Machine] = {
    62: _Machine(  # x86-64
        relative32=frozenset({2, 4}),  # PC32, PLT32
        relative64=frozenset({24}),  # PC64
        absolute64=frozenset({1}),  # 64
        slot32=frozenset({9, 41, 42}),  # GOTPCREL, GOTPCRELX, REX_GOTPCRELX
        stub=b"\xff\x25\0\0\0\0\xcc\xcc",  # jmp *slot(%rip)
        stub_hole=2,
    ),
}


@dataclass(slots=True)
class _Section:
    name: str
    type: int
    flags: int
    offset: int
    size: int
    link: int
    info: int
    align: int
    address: int = -1
    """Offset in the blob, or -1 if not part of the image."""


class LinkFormatError(RuntimeError):
    """The object file has something this linker does not know; a defect, not bad user input."""


def link(object_file: bytes) -> Code:
    """Turn an object file into loadable code.

    Raises:
        LinkFormatError: unknown format, relocation, or writable data.
    """
    return _Linker(object_file).run()


@dataclass(frozen=True, slots=True)
class FunctionHole:
    """A relocation in a function: ``symbol`` plus ``addend`` belongs at byte ``offset``.

    ``data`` are the 16 bytes a reference to constants is about; then the address of the first,
    plus ``addend``, is wanted relative to the place.
    """

    offset: int
    symbol: str
    addend: int
    data: bytes = b""
    size: int = 4


@dataclass(frozen=True, slots=True)
class Function:
    """A function of an object file, not linked."""

    name: str
    code: bytes
    holes: tuple[FunctionHole, ...]


def functions_of(object_file: bytes) -> list[Function]:
    """The functions of an object file with their relocations, in order.

    Raises:
        LinkFormatError: unknown format, or a reference to something else than functions, undefined
            symbols and constants.
    """
    return _Linker(object_file).functions()


class _Linker:
    def __init__(self, data: bytes) -> None:
        self.data = data
        header = _HEADER.unpack_from(data)
        ident, kind, machine = header[:3]
        if ident[:6] != b"\x7fELF\x02\x01" or kind != 1:
            raise LinkFormatError("not a relocatable ELF64 file")
        if machine not in _MACHINES:
            raise LinkFormatError(f"unknown machine {machine}")
        self.machine = _MACHINES[machine]
        self.sections = self._read_sections(header[6], header[12], header[13])
        self.blob = bytearray()
        self.slots: dict[str, int] = {}
        self.stubs: dict[str, int] = {}
        self.segments = (0, 0)
        self.alignment = 16

    def _read_sections(self, table: int, count: int, names_index: int) -> list[_Section]:
        first = _SECTION.unpack_from(self.data, table)
        count = count or first[5]
        names_index = first[6] if names_index == _SHN_XINDEX else names_index
        rows = [_SECTION.unpack_from(self.data, table + 64 * i) for i in range(count)]
        names = rows[names_index][4]
        sections = []
        for name, type_, flags, _, offset, size, link_, info, align, _ in rows:
            text = self._string(names + name)
            sections.append(_Section(text, type_, flags, offset, size, link_, info, max(align, 1)))
        return sections

    def _string(self, at: int) -> str:
        return self.data[at : self.data.index(b"\0", at)].decode()

    def run(self) -> Code:
        self._place_sections()
        symtab = next((s for s in self.sections if s.type == _SHT_SYMTAB), None)
        symbols, entries = self._read_symbols(symtab) if symtab else ([], {})
        self._append_imports(symbols)
        for section in self.sections:
            if section.type == _SHT_RELA and self.sections[section.info].address >= 0:
                self._relocate(section, self.sections[section.info].address, symbols)
        frames = [s for s in self.sections if s.name == ".eh_frame" and s.address >= 0]
        unwind = (frames[0].address, frames[0].address + frames[0].size) if frames else (0, 0)
        imports = tuple((offset, name) for name, offset in self.slots.items())
        return Code(bytes(self.blob), entries, unwind, imports, self.segments, self.alignment)

    def functions(self) -> list[Function]:
        """See ``functions_of``."""
        table = next(s for s in self.sections if s.type == _SHT_SYMTAB)
        names = self.sections[table.link].offset
        rows = self.data[table.offset : table.offset + table.size]
        symbols = [
            (self._string(names + name), info & 0xF, index, value, size)
            for name, info, _, index, value, size in _SYMBOL.iter_unpack(rows)
        ]
        found = []
        for number, section in enumerate(self.sections):
            if section.type != _SHT_PROGBITS or not section.name.startswith(".text"):
                continue
            holes = self._holes(number, symbols)
            for name, kind, index, value, size in symbols:
                if kind == _STT_FUNC and index == number:
                    start = section.offset + value
                    own = tuple(
                        FunctionHole(
                            hole.offset - value, hole.symbol, hole.addend, hole.data, hole.size
                        )
                        for hole in holes
                        if value <= hole.offset < value + size
                    )
                    found.append(Function(name, self.data[start : start + size], own))
        return found

    def _holes(
        self, section: int, symbols: list[tuple[str, int, int, int, int]]
    ) -> list[FunctionHole]:
        holes = []
        for table in self.sections:
            if table.type != _SHT_RELA or table.info != section:
                continue
            rows = self.data[table.offset : table.offset + table.size]
            for offset, info, addend in _RELA.iter_unpack(rows):
                name, kind, index, value, _ = symbols[info >> 32]
                if index == _SHN_UNDEF:
                    size = 8 if info & 0xFFFFFFFF in self.machine.absolute64 else 4
                    holes.append(FunctionHole(offset, name, addend, size=size))
                    continue
                target = self.sections[index]
                if kind == _STT_FUNC or info & 0xFFFFFFFF not in self.machine.relative32:
                    raise LinkFormatError(f"reference to {name or target.name}")
                # The addend contains the distance to the instruction's end, 4 or a little more.
                after = 4 + (-(value + addend) & 3)
                at = value + addend + after
                start = at & ~15
                data = self.data[
                    target.offset + start : target.offset + min(start + 16, target.size)
                ]
                holes.append(FunctionHole(offset, "", at - start - after, data.ljust(16, b"\0")))
        return holes

    def _pad(self, align: int) -> None:
        if align > ALIGNMENT:
            raise LinkFormatError(f"alignment {align}")
        self.alignment = max(self.alignment, align)
        self.blob += bytes(-len(self.blob) % align)

    def _place_sections(self) -> None:
        for section in self.sections:
            if not section.flags & _SHF_ALLOC or not section.size:
                continue
            if section.flags & _SHF_WRITE or section.type == _SHT_NOBITS:
                raise LinkFormatError(f"writable section {section.name}")
            self._pad(section.align)
            section.address = len(self.blob)
            self.blob += self.data[section.offset : section.offset + section.size]

    def _read_symbols(self, table: _Section) -> tuple[list[int | str], dict[str, int]]:
        """Offset in the blob of each symbol, or its name if undefined; and all functions."""
        names = self.sections[table.link].offset
        symbols: list[int | str] = []
        entries: dict[str, int] = {}
        rows = self.data[table.offset : table.offset + table.size]
        for name, info, _, index, value, size in _SYMBOL.iter_unpack(rows):
            if index == _SHN_UNDEF:
                symbols.append(self._string(names + name))
            elif index in (_SHN_COMMON, _SHN_XINDEX):
                raise LinkFormatError(f"symbol {self._string(names + name)} in section {index}")
            elif index == _SHN_ABS or self.sections[index].address < 0:
                symbols.append(-1)
            else:
                address = self.sections[index].address + value
                symbols.append(address)
                if info & 0xF == _STT_FUNC:
                    entries[self._string(names + name)] = address
                elif info & 0xF == _STT_OBJECT and self._string(names + name) == SEGMENTS:
                    self.segments = (address, address + size)
        return symbols, entries

    def _append_imports(self, symbols: list[int | str]) -> None:
        names = [symbol for symbol in symbols if isinstance(symbol, str) and symbol]
        if not names:
            return
        self._pad(8)
        for name in names:
            self.slots[name] = len(self.blob)
            self.blob += bytes(8)
        for name in names:
            at = self.stubs[name] = len(self.blob)
            self.blob += self.machine.stub
            hole = at + self.machine.stub_hole
            struct.pack_into("<i", self.blob, hole, self.slots[name] - (hole + 4))

    def _relocate(self, table: _Section, base: int, symbols: list[int | str]) -> None:
        machine, blob = self.machine, self.blob
        rows = self.data[table.offset : table.offset + table.size]
        for offset, info, addend in _RELA.iter_unpack(rows):
            kind = info & 0xFFFFFFFF
            place = base + offset
            target = symbols[info >> 32]
            if kind in machine.slot32:
                if not isinstance(target, str):
                    raise LinkFormatError(f"slot of a defined symbol at {place:#x}")
                struct.pack_into("<i", blob, place, self.slots[target] + addend - place)
                continue
            address = self.stubs[target] if isinstance(target, str) else target
            if address < 0:
                raise LinkFormatError(f"reference to a symbol outside of the image at {place:#x}")
            if kind in machine.relative32:
                struct.pack_into("<i", blob, place, address + addend - place)
            elif kind in machine.relative64:
                struct.pack_into("<q", blob, place, address + addend - place)
            else:
                raise LinkFormatError(f"unknown relocation {kind} at {place:#x}")
