"""Compiled modules as shared libraries: ELF64 files that loaders, debuggers and binutils accept.

(And, in ``symbol_file``, what tells a debugger about code in memory.)

::

    header, program headers | artifact (at ALIGNMENT) | frame information, symbols for the dynamic
    linker | module | symbols for debuggers | names of sections, section headers

Addresses are file offsets. The image of the artifact is section ``.text``, with a symbol per
function; the module is section ``.wasm``. The runtime itself reads the artifact and the module and
looks at nothing else: the file is never handed to the system's loader. The artifact's chunk
``CHUNK`` says where the module is, and has checksums of what describes the file. ``strip`` leaves
all that in its place: it removes the symbols for debuggers and writes other section headers.
"""

from __future__ import annotations

import os
import struct

from ..base.record import dataclass
from . import artifact as artifacts
from . import layout
from .artifact import Artifact, ArtifactError
from .code import ALIGNMENT
from .universal import module_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .artifact import Origin
    from .code import Code

CHUNK = "library"
_CHUNK = struct.Struct("<16sQQ16sQQ")
"""Checksum of the first page (without what tells of sections); offset and size of the module;
checksum, offset, size of the end."""

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_IDENT = b"\x7fELF\x02\x01\x01"
MACHINES = {"x86_64": 62, "aarch64": 183}
_ET_DYN = 3
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP, _PT_GNU_STACK = 1, 2, 3, 0x6474E551
_R, _W, _X = 4, 2, 1
_PROGBITS, _SYMTAB, _STRTAB, _HASH, _DYNAMIC, _NOBITS, _DYNSYM = 1, 2, 3, 5, 6, 8, 11
_WRITE, _ALLOC, _EXEC = 1, 2, 4
_LOCAL_FUNC, _GLOBAL_OBJECT = 2, 1 << 4 | 1
_TEXT = 2
"""Number of the section ``.text``."""


class LibraryError(Exception):
    """A file that is no compiled module.

    Attributes:
        foreign: it is no ELF file.
        system: the system's loader would not load it as a library, either.
        version: it is a compiled module, but not for this version or processor.
    """

    def __init__(
        self, text: str, *, foreign: bool = False, system: bool = False, version: bool = False
    ) -> None:
        super().__init__(text)
        self.foreign = foreign
        self.system = system
        self.version = version


@dataclass(frozen=True, slots=True)
class _Section:
    name: str
    type: int
    flags: int
    offset: int
    size: int
    link: int = 0
    info: int = 0
    align: int = 1
    entry: int = 0
    address: int | None = None
    """In memory; ``None``: the same as in the file, if it is part of the image."""


def write(
    origin: Origin,
    codes: Iterable[tuple[Code, int]],
    module: bytes,
    names: Mapping[int, str],
) -> bytes:
    """A shared library with compiled code and the module it was made from.

    Args:
        origin: what the code was made from; its ``module`` is that of ``universal.module_id``.
        codes: as for ``artifact.write``.
        module: the binary.
        names: of defined functions (indices without imports); others are called ``f<index>``.
    """
    codes = list(codes)
    blank = artifacts.write(artifacts.AHEAD, origin, codes, {CHUNK: bytes(_CHUNK.size)})
    head, rest, chunk = _around(artifacts.read(blank), blank, module, names)
    made = artifacts.write(artifacts.AHEAD, origin, codes, {CHUNK: chunk})
    return b"".join((head, made, rest))


def _around(
    artifact: Artifact, data: bytes, module: bytes, names: Mapping[int, str]
) -> tuple[bytes, bytes, bytes]:
    """What comes before and after an artifact, and its chunk, which has a fixed size."""
    machine = MACHINES[os.uname().machine]
    image = ALIGNMENT + artifact.image[0]
    end = image + artifact.image[1]
    place = end + -end % ALIGNMENT
    first = place
    body = bytearray(place - end)

    def put(content: bytes, align: int = 8) -> int:
        nonlocal body
        body += bytes(-(end + len(body)) % align)
        at = end + len(body)
        body += content
        return at

    frames, sizes = _frames(artifact, data, first)
    frames_at = put(frames)
    marker = b"\0pywasmedge_code\0"
    hash_at = put(struct.pack("<5I", 1, 2, 1, 0, 0))
    dynsym = bytes(_SYMBOL.size) + _SYMBOL.pack(1, _GLOBAL_OBJECT, 0, 1, ALIGNMENT, artifact.size)
    dynsym_at, dynstr_at = put(dynsym), put(marker, 1)
    loaded_end = end + len(body)
    tags = ((4, hash_at), (5, dynstr_at), (6, dynsym_at), (10, len(marker)), (11, _SYMBOL.size))
    dynamic = b"".join([struct.pack("<QQ", *tag) for tag in (*tags, (0, 0))])
    dynamic_at = put(dynamic, ALIGNMENT)
    module_at = put(module, 16)
    symbols, strings = _symbols(artifact, image, sizes, names)
    symtab_at, strtab_at = put(symbols), put(strings, 1)
    sections = [
        _Section("", 0, 0, 0, 0, align=0),
        _Section(".wasmedge", _PROGBITS, _ALLOC, ALIGNMENT, artifact.image[0], align=ALIGNMENT),
        _Section(".text", _PROGBITS, _ALLOC | _EXEC, image, end - image, align=ALIGNMENT),
        _Section(".eh_frame", _PROGBITS, _ALLOC, frames_at, len(frames), align=8),
        _Section(".hash", _HASH, _ALLOC, hash_at, 20, 5, align=8, entry=4),
        _Section(".dynsym", _DYNSYM, _ALLOC, dynsym_at, len(dynsym), 6, 1, 8, _SYMBOL.size),
        _Section(".dynstr", _STRTAB, _ALLOC, dynstr_at, len(marker)),
        _Section(".dynamic", _DYNAMIC, _ALLOC | _WRITE, dynamic_at, len(dynamic), 6, 0, 8, 16),
        _Section(".wasm", _PROGBITS, 0, module_at, len(module), align=16),
        _Section(
            ".symtab",
            _SYMTAB,
            0,
            symtab_at,
            len(symbols),
            10,
            len(symbols) // _SYMBOL.size,
            8,
            _SYMBOL.size,
        ),
        _Section(".strtab", _STRTAB, 0, strtab_at, len(strings)),
    ]
    sections_end, tail_at = _section_table(sections, end + len(body))
    put(sections_end, 8)
    tail = sections_end
    segments = (
        (_PT_LOAD, _R, 0, image, ALIGNMENT),
        (_PT_LOAD, _R | _X, image, end - image, ALIGNMENT),
        (_PT_LOAD, _R, first, loaded_end - first, ALIGNMENT),
        (_PT_LOAD, _R | _W, dynamic_at, len(dynamic), ALIGNMENT),
        (_PT_DYNAMIC, _R | _W, dynamic_at, len(dynamic), 8),
        (_PT_GNU_STACK, _R | _W, 0, 0, 16),
    )
    count = len(sections) + 1
    header = _HEADER.pack(
        _IDENT.ljust(16, b"\0"),
        _ET_DYN,
        machine,
        1,
        0,
        _HEADER.size,
        tail_at + len(tail) - _SECTION.size * count,
        0,
        _HEADER.size,
        _SEGMENT.size,
        len(segments),
        _SECTION.size,
        count,
        count - 1,
    )
    for kind, flags, at, size, align in segments:
        header += _SEGMENT.pack(kind, flags, at, at, at, size, size, align)
    head = header.ljust(ALIGNMENT, b"\0")
    chunk = _CHUNK.pack(
        layout.checksum(_without_sections(head)),
        module_at,
        len(module),
        layout.checksum(tail),
        tail_at,
        len(tail),
    )
    return head, bytes(body), chunk


def _without_sections(head: bytes) -> bytes:
    """The first page without what it says about the table of sections, which ``strip`` changes."""
    fields = list(_HEADER.unpack_from(head))
    fields[6] = fields[12] = fields[13] = 0
    return _HEADER.pack(*fields) + head[_HEADER.size :]


def _table_ends(head: bytes) -> int:
    """Where the table of sections ends; 0 if its last section is not that of the names."""
    fields = _HEADER.unpack_from(head)
    start, entry, count, names = fields[6], *fields[11:14]
    return start + entry * count if entry == _SECTION.size and names == count - 1 else 0


def _section_table(sections: list[_Section], end: int) -> tuple[bytes, int]:
    """Names of sections and their headers, to be placed at the next multiple of 8; where."""
    at = end + -end % 8
    names = bytearray()
    places = []
    for section in (*sections, _Section(".shstrtab", _STRTAB, 0, at, 0)):
        places.append(len(names))
        names += section.name.encode() + b"\0"
    table = bytearray(names)
    table += bytes(-len(table) % 8)
    sections.append(_Section(".shstrtab", _STRTAB, 0, at, len(names)))
    for s, name in zip(sections, places, strict=True):
        address = s.address
        if address is None:
            address = s.offset if s.flags & _ALLOC else 0
        table += _SECTION.pack(
            name, s.type, s.flags, address, s.offset, s.size, s.link, s.info, s.align, s.entry
        )
    sections.pop()
    return bytes(table), at


def _frames(artifact: Artifact, data: bytes, place: int) -> tuple[bytes, dict[int, int]]:
    """The call frame information of all pieces in one, and the size of each function.

    Args:
        artifact: the artifact.
        data: its bytes.
        place: offset in the file where the information will be.

    Returns:
        The information, and bytes of code by their offset in the image.
    """
    image = ALIGNMENT + artifact.image[0]
    merged = bytearray()
    sizes: dict[int, int] = {}
    for piece in artifact.pieces():
        start, end = piece.unwind
        at = piece.start + start
        stop = piece.start + end
        moved = place + len(merged) - (image + at)
        part = bytearray(data[artifact.image[0] + at : artifact.image[0] + stop])
        here = 0
        while here + 8 <= len(part):
            length, common = struct.unpack_from("<II", part, here)
            if not length:
                del part[here:]
                break
            if common:  # a function: its address is measured from where it is written
                target, size = struct.unpack_from("<iI", part, here + 8)
                sizes[at + here + 8 + target] = size
                struct.pack_into("<i", part, here + 8, target - moved)
            here += 4 + length
        merged += part
    return bytes(merged) + bytes(4), sizes


def _symbols(
    artifact: Artifact, image: int, sizes: Mapping[int, int], names: Mapping[int, str]
) -> tuple[bytes, bytes]:
    """Symbol table and strings of the functions."""
    table, strings = bytearray(_SYMBOL.size), bytearray(1)

    def add(name: str, offset: int) -> None:
        nonlocal table, strings
        table += _SYMBOL.pack(
            len(strings), _LOCAL_FUNC, 0, _TEXT, image + offset, sizes.get(offset, 0)
        )
        strings += name.replace("\0", "?").encode() + b"\0"

    for index, offset in sorted(
        zip(artifact.functions.tolist(), artifact.offsets.tolist(), strict=True)
    ):
        add(names.get(index, f"f{index}"), offset)
    for name, offset in artifact.symbols.items():
        add(name, offset)
    return bytes(table), bytes(strings)


def symbol_file(functions: Sequence[tuple[int, int, str]], frames_at: int, frames: bytes) -> bytes:
    """A file without code that describes code in memory to a debugger.

    Args:
        functions: address, size and name of each function, at least one.
        frames_at: address of the call frame information.
        frames: the information (``.eh_frame``).
    """
    start = min([at for at, _, _ in functions])
    end = max([at + size for at, size, _ in functions])
    symbols, strings = bytearray(_SYMBOL.size), bytearray(1)
    for at, size, name in functions:
        symbols += _SYMBOL.pack(len(strings), _LOCAL_FUNC, 0, 1, at, size)
        strings += name.replace("\0", "?").encode() + b"\0"
    frames_offset = _HEADER.size
    symbols_at = frames_offset + len(frames) + -len(frames) % 8
    strings_at = symbols_at + len(symbols)
    count = len(symbols) // _SYMBOL.size
    sections = [
        _Section("", 0, 0, 0, 0, align=0),
        _Section(".text", _NOBITS, _ALLOC | _EXEC, 0, end - start, align=16, address=start),
        _Section(".eh_frame", _PROGBITS, _ALLOC, frames_offset, len(frames), address=frames_at),
        _Section(".symtab", _SYMTAB, 0, symbols_at, len(symbols), 4, count, 8, _SYMBOL.size),
        _Section(".strtab", _STRTAB, 0, strings_at, len(strings)),
    ]
    table, table_at = _section_table(sections, strings_at + len(strings))
    number = len(sections) + 1
    header = _HEADER.pack(
        _IDENT.ljust(16, b"\0"),
        _ET_DYN,
        MACHINES[os.uname().machine],
        1,
        0,
        0,
        table_at + len(table) - _SECTION.size * number,
        0,
        _HEADER.size,
        0,
        0,
        _SECTION.size,
        number,
        number - 1,
    )
    body = header + frames
    file = body.ljust(symbols_at, b"\0") + symbols + strings
    return file.ljust(table_at, b"\0") + table


def read(fd: int) -> tuple[Artifact, bytes]:
    """The artifact (without its image, which has been verified) and the module in a library.

    The artifact begins at ``ALIGNMENT``.

    Raises:
        LibraryError: the file is no library of ours, for another processor or version, or damaged.
        OSError: it cannot be read.
    """
    total = os.fstat(fd).st_size

    def part(at: int, size: int) -> bytes:
        """Bytes of the file; fewer if it is shorter."""
        return os.pread(fd, min(size, total), min(at, total))

    head = part(0, ALIGNMENT + artifacts.HEADER.size)
    _require_library(head)
    try:
        size = artifacts.metadata_size(head[ALIGNMENT:])
        artifact = artifacts.read(part(ALIGNMENT, size), image=False)
        chunk = artifact.chunk(CHUNK)
        if chunk is None or artifact.kind != artifacts.AHEAD:
            raise ArtifactError("it is damaged")
        head_sum, at, length, tail_sum, tail_at, tail_length = _CHUNK.unpack(chunk)
        if reason := artifact.origin.misfit():
            raise ArtifactError(reason, version=True)
        module = part(at, length)
        if module_id(module) != artifact.origin.module:
            raise ArtifactError("it is damaged")
        if layout.checksum(_without_sections(head[:ALIGNMENT])) != head_sum:
            raise ArtifactError("it is damaged")
        end = tail_at + tail_length
        ends = _table_ends(head)
        intact = ends == end and layout.checksum(part(tail_at, tail_length)) == tail_sum
        stripped = ends == total < end
        if not intact and not stripped:
            raise ArtifactError("it is damaged")
        start, length = artifact.image
        if not layout.verify_code(fd, ALIGNMENT + start, length, artifact.image_checksum):
            raise ArtifactError("it is damaged")
    except ArtifactError as error:
        raise LibraryError(str(error), version=error.version) from None
    return artifact, module


def _require_library(head: bytes) -> None:
    """Raise unless the first bytes are those of a shared library for this processor."""
    if head[:4] != _IDENT[:4]:
        raise LibraryError("no ELF file", foreign=True)
    if len(head) < _HEADER.size or head[:7] != _IDENT:
        raise LibraryError("no ELF file of this system", system=True)
    header = _HEADER.unpack_from(head)
    kind, machine, table = header[1], header[2], header[5]
    entry, count = header[9:11]
    if machine != MACHINES.get(os.uname().machine):
        raise LibraryError("it is for another processor", system=True)
    ends = table + entry * count
    if kind != _ET_DYN or entry != _SEGMENT.size or ends > len(head):
        raise LibraryError("it is no shared library", system=True)
    kinds = [_SEGMENT.unpack_from(head, table + entry * i)[0] for i in range(count)]
    if _PT_INTERP in kinds:
        raise LibraryError("it is a program", system=True)
