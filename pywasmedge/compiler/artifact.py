"""Generated code in files: one container for compiled modules and for the cache.

An artifact holds pieces of :class:`Code`, says what they were made from (:class:`Origin`), and can
carry other data by name. Little endian, offsets from its first byte::

    header (HEADER) | tables | chunks of other data | zeros up to a page | image

The *image* is all blobs, one after the other; it begins at a multiple of ``ALIGNMENT``, so a file
in which the artifact does, too, can be mapped: what changes is the ``imports``' slots. The header
has two checksums, one of everything before the image, one of the image. They make damage certain
to be found; they are no signature: who can write an artifact can have the process run anything.

Writing: :func:`write`. Reading: :func:`read` for the whole, or :func:`metadata_size` on the first
``HEADER.size`` bytes and :func:`read` of as many bytes as that says (``image=False``), and the
image from the file afterwards. :meth:`Origin.misfit` says whether the code may be used here.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_right

from ..base.record import dataclass
from . import layout
from .code import ALIGNMENT, Code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet
    from typing import Any

    from _typeshed import ReadableBuffer

    from ..base.config import Configure, Proposal

AHEAD, CACHE = 1, 2
"""Kinds of artifacts: made by the compiler, kept by the cache."""

FORMAT = 2
"""Number of this layout, to be raised when it changes."""
MAGIC = b"\x7fwe-code"
HEADER = struct.Struct("<8s II QQQ 16s16s 16s32s32s IIII")
"""magic, format, kind; sizes: metadata, start of image, image; checksums: metadata (computed with
this field zero), image; generator, processor, module; proposals, options, number of tables, 0."""
_METADATA_SUM = slice(40, 56)
_TABLE = struct.Struct("<16sQQ")
"""Name, offset and size of a table or chunk."""
_TABLES = ("pieces", "imports", "import names", "functions", "offsets", "levels", "symbols", "at")
_PIECE = struct.Struct("<7I")
"""start and size in the image; unwind range, segments range, from the start of the piece;
alignment."""
_IMPORT = struct.Struct("<II")
"""Offset of a slot in the image, number of the name."""
_GUARDED, _COUNT, _COST, _EXACT = 1, 2, 4, 8


class ArtifactError(Exception):
    """Bytes that are no artifact of this version, or a damaged one; the text says what.

    Attributes:
        version: it is one, but in the format of another version.
    """

    def __init__(self, text: str, *, version: bool = False) -> None:
        super().__init__(text)
        self.version = version


@dataclass(frozen=True, slots=True)
class Origin:
    """What code was made from, and for.

    Attributes:
        module: identifies the module; up to 32 bytes, chosen by who writes the artifact.
            Zeros at its end are lost.
        proposals: with these the module was validated (as far as the writer did that).
        guarded, count, cost, exact: as in :class:`UnitWriter`.
        generator: :func:`generator` of who made the code.
        processor: bits of ``layout.processor()`` that must be set where it runs.
    """

    module: bytes
    proposals: frozenset[Proposal]
    guarded: bool
    count: bool
    cost: bool
    exact: bool
    generator: bytes
    processor: int

    @staticmethod
    def here(module: bytes, configure: Configure, *, guarded: bool) -> Origin:
        """Of code that this process makes for this processor."""
        return Origin(
            module,
            frozenset(configure.proposals),
            guarded,
            configure.instruction_counting,
            configure.cost_measuring,
            configure.exact_traps,
            generator(),
            layout.processor(),
        )

    def misfit(self) -> str | None:
        """Why the code cannot run in this process at all; ``None`` if it can."""
        if self.generator != generator():
            return "made by another version"
        if self.processor & ~layout.processor():
            return "made for another processor"
        return None

    def valid_with(self, proposals: AbstractSet[Proposal]) -> bool:
        """Whether what was validated when the code was made is valid with these proposals, too."""
        return self.proposals <= proposals

    def serves(self, configure: Configure, *, guarded: bool) -> bool:
        """Whether the code does what a configuration asks for.

        Code that counts may be used when nobody asks for the counts, but not the other way round,
        nor may code that is not exact where that is asked for; code that relies on guard pages
        needs them.
        """
        return (
            (guarded or not self.guarded)
            and self.count >= configure.instruction_counting
            and self.cost >= configure.cost_measuring
            and self.exact >= configure.exact_traps
        )


_SOURCES = ("compiler", "isa", "walk")
"""Parts of the package that decide what code looks like."""
_generator: bytes | None = None


def generator() -> bytes:
    """16 bytes that differ between versions of the code generator.

    They cover the sources of everything that decides what code looks like, and the layout of the
    structs that it reads.
    """
    global _generator
    if _generator is None:
        from _blake2 import blake2b  # hashlib costs milliseconds
        from os import path

        digest = blake2b(digest_size=16)
        package = path.dirname(path.dirname(__file__))
        for name in _sources([path.join(package, part) for part in _SOURCES]):
            with open(name, "rb", buffering=0) as file:
                digest.update(file.read())
        facts = [value for name, value in sorted(vars(layout).items()) if name.isupper()]
        digest.update(repr(facts).encode())
        _generator = digest.digest()
    return _generator


def _sources(folders: list[str]) -> list[str]:
    """Paths of the sources in folders and those below, in an order that is always the same."""
    from os import scandir

    found = []
    for folder in folders:  # grows meanwhile
        with scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    found.append(entry.path)
                elif not entry.name.startswith("__") and entry.is_dir():
                    folders.append(entry.path)
    return sorted(found)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of code in an image; ranges as in :class:`Code`, from the start of the piece."""

    start: int
    size: int
    unwind: tuple[int, int]
    segments: tuple[int, int]
    alignment: int


class Artifact:
    """The contents of an artifact. Immutable; the buffer it was read from must stay as it is.

    Attributes:
        kind: ``AHEAD`` or ``CACHE``.
        origin: what the code was made from.
        image: offset of the image from the start of the artifact, and its size.
        image_checksum: what :func:`verify_image` compares the image with.
        functions: indices of the compiled functions (without imports), each once.
        offsets: where they begin in the image.
        levels: what they were compiled with, see ``codegen.Level``.
        symbols: offsets in the image of entries that are no functions of the module.
        imports: (offset of a slot in the image, name); the address of what has that name is to be
            added to the 8 bytes there.
    """

    __slots__ = (
        "_chunks",
        "_data",
        "_pieces",
        "functions",
        "image",
        "image_checksum",
        "imports",
        "kind",
        "levels",
        "offsets",
        "origin",
        "symbols",
    )

    def __init__(self, data: memoryview, header: tuple[Any, ...]) -> None:
        """Use :func:`read`."""
        from ..base.config import Proposal

        self.kind: int = header[2]
        start, size = header[4:6]
        self.image: tuple[int, int] = (start, size)
        self.image_checksum: bytes = header[7]
        made_by, processor, module, proposals, options, tables = header[8:14]
        self.origin = Origin(
            module.rstrip(b"\0"),
            frozenset([p for p in Proposal if proposals >> p & 1]),
            bool(options & _GUARDED),
            bool(options & _COUNT),
            bool(options & _COST),
            bool(options & _EXACT),
            made_by,
            int.from_bytes(processor, "little"),
        )
        self._data = data
        self._chunks: dict[str, memoryview] = {}
        for i in range(tables):
            name, at, length = _TABLE.unpack_from(data, HEADER.size + _TABLE.size * i)
            self._chunks[name.rstrip(b"\0").decode()] = data[at : at + length]
        table = [self._chunks.pop(name) for name in _TABLES]
        self._pieces = table[0]
        names = bytes(table[2]).decode().split("\0")
        self.imports = [(at, names[number]) for at, number in _IMPORT.iter_unpack(table[1])]
        self.functions = array("I", bytes(table[3]))
        self.offsets = array("I", bytes(table[4]))
        self.levels = bytes(table[5])
        symbols = bytes(table[6]).decode().split("\0") if table[6] else []
        self.symbols = dict(zip(symbols, array("I", bytes(table[7])), strict=True))

    @property
    def size(self) -> int:
        """Bytes of the whole artifact."""
        return sum(self.image)

    @property
    def piece_count(self) -> int:
        """Number of pieces."""
        return len(self._pieces) // _PIECE.size

    def pieces(self) -> list[Piece]:
        """All pieces, in the order of the image."""
        return [
            Piece(start, size, (a, b), (c, d), align)
            for start, size, a, b, c, d, align in _PIECE.iter_unpack(self._pieces)
        ]

    def piece_at(self, offset: int) -> Piece | None:
        """The piece at an offset in the image."""
        starts = array("I", bytes(self._pieces))[:: _PIECE.size // 4]
        i = bisect_right(starts, offset) - 1
        if i < 0:
            return None
        start, size, a, b, c, d, align = _PIECE.unpack_from(self._pieces, _PIECE.size * i)
        return Piece(start, size, (a, b), (c, d), align) if offset < start + size else None

    def entries(self, piece: Piece) -> dict[str, int]:
        """The entries of a piece, as in :class:`Code`."""
        low, high = piece.start, piece.start + piece.size
        found = {
            f"f{index}": at - low
            for index, at in zip(self.functions, self.offsets, strict=True)
            if low <= at < high
        }
        found |= {name: at - low for name, at in self.symbols.items() if low <= at < high}
        return found

    def chunk(self, name: str) -> memoryview | None:
        """Other data that was written under ``name``."""
        return self._chunks.get(name)

    def codes(self) -> list[Code]:
        """The pieces as they were given to :func:`write` (needs the image)."""
        first = self.image[0]
        pieces = self.pieces()
        starts = [piece.start for piece in pieces]
        slots: list[list[tuple[int, str]]] = [[] for _ in pieces]
        for at, name in self.imports:
            i = bisect_right(starts, at) - 1
            slots[i].append((at - starts[i], name))
        entries: list[dict[str, int]] = [{} for _ in pieces]
        for index, at in zip(self.functions, self.offsets, strict=True):
            i = bisect_right(starts, at) - 1
            entries[i][f"f{index}"] = at - starts[i]
        for name, at in self.symbols.items():
            i = bisect_right(starts, at) - 1
            entries[i][name] = at - starts[i]
        return [
            Code(
                bytes(self._data[first + p.start : first + p.start + p.size]),
                entries[i],
                p.unwind,
                tuple(slots[i]),
                p.segments,
                p.alignment,
            )
            for i, p in enumerate(pieces)
        ]


def write(
    kind: int,
    origin: Origin,
    codes: Iterable[tuple[Code, int]],
    chunks: Mapping[str, ReadableBuffer] | None = None,
) -> bytes:
    """An artifact with pieces of code and other data.

    Args:
        kind: ``AHEAD`` or ``CACHE``.
        origin: what the code was made from.
        codes: pieces, each with the level of its functions. Of several pieces with the same
            function the last one counts.
        chunks: other data by name (at most 16 ASCII characters).

    Raises:
        OverflowError: there are 4 GiB of code or more.
    """
    image = bytearray()
    pieces, imports = bytearray(), bytearray()
    names: dict[str, int] = {}
    functions: dict[int, tuple[int, int]] = {}
    symbols: dict[str, int] = {}
    for code, level in codes:
        image += bytes(-len(image) % code.alignment)
        start = len(image)
        if start + len(code.blob) >= 1 << 32:
            raise OverflowError("too much code")
        image += code.blob
        pieces += _PIECE.pack(start, len(code.blob), *code.unwind, *code.segments, code.alignment)
        for at, name in code.imports:
            imports += _IMPORT.pack(start + at, names.setdefault(name, len(names)))
        for name, at in code.entries.items():
            if name[0] == "f" and name[1:].isdigit():
                functions[int(name[1:])] = (start + at, level)
            else:
                symbols[name] = start + at
    tables: dict[str, ReadableBuffer] = dict(
        zip(
            _TABLES,
            (
                pieces,
                imports,
                "\0".join(names).encode(),
                array("I", functions),
                array("I", [at for at, _ in functions.values()]),
                bytes([level for _, level in functions.values()]),
                "\0".join(symbols).encode(),
                array("I", symbols.values()),
            ),
            strict=True,
        )
    )
    tables |= chunks or {}
    directory, body = bytearray(), bytearray()
    first = HEADER.size + _TABLE.size * len(tables)
    for name, content in tables.items():
        body += bytes(-(first + len(body)) % 8)
        with memoryview(content) as view:
            directory += _TABLE.pack(name.encode(), first + len(body), view.nbytes)
            body += view.cast("B") if view.nbytes else b""
    size = first + len(body)
    image_start = size + -size % ALIGNMENT
    header = HEADER.pack(
        MAGIC,
        FORMAT,
        kind,
        size,
        image_start,
        len(image),
        bytes(16),
        layout.checksum(image),
        origin.generator,
        origin.processor.to_bytes(32, "little"),
        origin.module,
        sum([1 << p for p in origin.proposals]),
        _GUARDED * origin.guarded
        | _COUNT * origin.count
        | _COST * origin.cost
        | _EXACT * origin.exact,
        len(tables),
        0,
    )
    metadata = bytearray(header + directory + body)
    metadata[_METADATA_SUM] = layout.checksum(metadata)
    return b"".join((metadata, bytes(image_start - size), image))


def metadata_size(header: ReadableBuffer) -> int:
    """Bytes before the image (and the zeros before it), from the first ``HEADER.size`` bytes.

    Raises:
        ArtifactError: this is no artifact, or one of another version.
    """
    return int(_header(memoryview(header))[3])


def _header(data: memoryview) -> tuple[Any, ...]:
    if data.nbytes < HEADER.size:
        raise ArtifactError("it is too short" if data[:8] == MAGIC else "this is no compiled code")
    header = HEADER.unpack_from(data)
    if header[0] != MAGIC:
        raise ArtifactError("this is no compiled code")
    if header[1] != FORMAT:
        raise ArtifactError("made by another version", version=True)
    size, start, length = header[3:6]
    if size < HEADER.size or start != size + -size % ALIGNMENT or length >= 1 << 32:
        raise ArtifactError("it is damaged")
    return header


def read(data: ReadableBuffer, *, image: bool = True) -> Artifact:
    """Check and decode an artifact.

    Args:
        data: the artifact; there may be more bytes after it.
        image: the image is there, and its checksum is verified; otherwise only what is before it
            is needed, and looked at.

    Raises:
        ArtifactError: the data are no artifact of this version, damaged, or not all there.
    """
    view = memoryview(data).cast("B").toreadonly()
    header = _header(view)
    size, start, length = header[3:6]
    if view.nbytes < (start + length if image else size):
        raise ArtifactError("its end is missing")
    metadata = bytearray(view[:size])
    metadata[_METADATA_SUM] = bytes(16)
    if layout.checksum(metadata) != header[6]:
        raise ArtifactError("it is damaged")
    artifact = Artifact(view, header)
    if image:
        verify_image(artifact, view[start : start + length])
        if any(bytes(view[size:start])):
            raise ArtifactError("it is damaged")
    return artifact


def verify_image(artifact: Artifact, image: ReadableBuffer) -> None:
    """Compare the image with its checksum.

    Raises:
        ArtifactError: it is damaged.
    """
    if layout.checksum(image) != artifact.image_checksum:
        raise ArtifactError("it is damaged")
