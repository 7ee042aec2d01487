"""Artifacts in executable memory: many pieces of code, loaded and published at once."""

from __future__ import annotations

from array import array
from bisect import bisect_right

from ..compiler.codegen import Level
from ..kernel.native import address, ffi, lib
from . import pieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..compiler.artifact import Artifact
    from ..kernel.native import CData
    from ..module.ast import Module

MAP_FROM = 1 << 18
"""Size in bytes from which an image is mapped; reading a smaller one is as fast."""


def level_number(level: Level, *, asks: bool) -> int:
    """How the cache writes down (``Artifact.levels``) what a function is compiled with.

    Args:
        level: the level.
        asks: if it is quick code, it asks for better code itself where it runs often.
    """
    return 2 * level + (not asks)


def level_of(number: int) -> tuple[Level, bool]:
    """What ``level_number`` was given."""
    return Level(number // 2), number % 2 == 0


class Image:
    """The image of an artifact, in memory until whoever owns its pages frees them.

    Attributes:
        artifact: what it was loaded from.
        module: the module the code was made from.
        start, size: where it is.
    """

    __slots__ = ("_pieces", "artifact", "module", "size", "start")

    def __init__(self, artifact: Artifact, module: Module, start: int) -> None:
        self.artifact = artifact
        self.module = module
        self.start = start
        self.size = artifact.image[1]
        self._pieces: dict[int, pieces.Loaded] = {}

    def at(self, pc: int) -> pieces.Loaded | None:
        """The piece of code that address ``pc`` lies in."""
        piece = self.artifact.piece_at(pc - self.start)
        if piece is None:
            return None
        found = self._pieces.get(piece.start)
        if found is None:
            start = self.start + piece.start
            entries = self.artifact.entries(piece)
            found = pieces.Loaded(start, piece.size, entries, piece.unwind, self.module)
            self._pieces[piece.start] = found
        return found

    def frame_ranges(self) -> Sequence[tuple[int, int]]:
        """Where the call frame information of each piece is, relative to ``start``."""
        return [(p.start + p.unwind[0], p.start + p.unwind[1]) for p in self.artifact.pieces()]


def load_file(
    artifact: Artifact, module: Module, fd: int, offset: int, *, verified: bool = False
) -> Image | None:
    """Load the image of an artifact that is in a file; large ones are mapped.

    Args:
        artifact: read without its image.
        module: the module it was made from.
        fd: the file, whose bytes nobody changes.
        offset: where in it the artifact begins, a multiple of ``ALIGNMENT``.
        verified: the image has been compared with its checksum.

    Returns:
        The image, or ``None`` if it is damaged or cannot be read.

    Raises:
        MemoryError: no executable memory is left (or no room for segments).
        RuntimeError: the code needs a function the kernel does not have.
    """
    start, size = artifact.image
    checksum = ffi.from_buffer("uint64_t[]", artifact.image_checksum)
    checksum = ffi.NULL if verified else checksum
    for mapped in (True, False) if size >= MAP_FROM else (False,):
        pages = lib.we_code_from_file(fd, offset + start, size, checksum, mapped)
        if pages:
            image = _finish(artifact, module, pages)
            if image is not None:
                return image
    return None


def load_bytes(artifact: Artifact, module: Module, data: memoryview) -> Image:
    """Load the image of an artifact that is in memory; ``data`` is the whole artifact.

    Raises:
        MemoryError, RuntimeError: as for :func:`load_file`.
    """
    start, size = artifact.image
    pages = lib.we_code_alloc(size)
    if not pages:
        raise MemoryError("out of executable memory")
    ffi.memmove(pages, data[start : start + size], size)
    image = _finish(artifact, module, pages)
    if image is None:
        raise MemoryError("cannot make code executable")
    return image


def _finish(artifact: Artifact, module: Module, pages: CData) -> Image | None:
    """Make the pages of an image ready to run; ``None`` if the system does not let them.

    The pages are freed unless an image is returned.
    """
    size = artifact.image[1]
    try:
        _patch(artifact, pages)
    except BaseException:
        lib.we_code_free(pages, size)
        raise
    if not lib.we_code_seal(pages, size):
        lib.we_code_free(pages, size)
        return None
    image = Image(artifact, module, address(pages))
    pieces.register(image)
    return image


def _patch(artifact: Artifact, pages: CData) -> None:
    """Write what has to be absolute."""
    starts: list[int] = []
    costs: list[int] = []
    for piece in artifact.pieces() if artifact.origin.cost else ():
        begin = pages + piece.start
        first, end = piece.segments
        starts.append(piece.start)
        costs.append(lib.we_segments_add(begin, piece.size, begin + first, begin + end))
        if costs[-1] < 0:
            raise MemoryError("too much code that adds up costs")
    targets: dict[str, int] = {}
    for offset, name in artifact.imports:
        if name == pieces.COSTS and costs:
            target = costs[bisect_right(starts, offset) - 1]
        elif name in targets:
            target = targets[name]
        else:
            target = targets[name] = pieces.symbol(name)
        ffi.cast("uint64_t *", pages + offset)[0] += target


def publish(image: Image, handle: CData, functions: Sequence[int], offsets: Sequence[int]) -> None:
    """Let functions of a ``we_module`` start in an image from now on.

    Args:
        image: the image; the module owns its pages.
        handle: the module.
        functions: indices without imports.
        offsets: where they begin in the image.
    """
    start = image.start
    lib.we_module_publish(
        handle,
        ffi.from_buffer("uint32_t[]", array("I", functions)),
        ffi.from_buffer("uint64_t[]", array("Q", [start + offset for offset in offsets])),
        len(functions),
    )
