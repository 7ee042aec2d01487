"""Generated code in memory: pieces of it, and which piece an address lies in.

Everything here may be called from any thread.
"""

from __future__ import annotations

import threading
from bisect import bisect_right, insort
from weakref import ref

from ..base.forking import fork_safe
from ..compiler.codegen import Level
from ..kernel.native import lib, pointer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from ..compiler.code import Code
    from ..module.ast import Module

    class Piece(Protocol):
        """Code in executable memory: one piece, or an image of many."""

        start: int
        size: int

        def at(self, pc: int) -> Loaded | None:
            """The piece that ``pc``, an address inside, lies in."""

        def frame_ranges(self) -> Sequence[tuple[int, int]]:
            """Where the call frame information of each piece is, relative to ``start``."""

    class Collector(Protocol):
        """A module with code that is not registered yet."""

        def collect(self) -> None:
            """Register it."""

    class Watcher(Protocol):
        """Is told of code; on any thread, and by finalisers."""

        def added(self, piece: Piece) -> None:
            """There is a new piece of code."""

        def removed(self, starts: Sequence[int]) -> None:
            """The pieces at these addresses are going."""


class Loaded:
    """A piece of code in executable memory: bytes [start, start + size).

    Attributes:
        start, size: where it is.
        entries: offset of every function from ``start``.
        unwind: range of the call frame information, relative to ``start``.
        module: the module the code was made from; ``None`` for adapters.
        level: how it was made; ``None`` for adapters, and in images, which say it by function.
        frame_table: what ``backtrace`` has read from the call frame information.
    """

    __slots__ = ("entries", "frame_table", "level", "module", "size", "start", "unwind")

    def __init__(
        self,
        start: int,
        size: int,
        entries: dict[str, int],
        unwind: tuple[int, int],
        module: Module | None,
        level: Level | None = None,
    ) -> None:
        self.start = start
        self.size = size
        self.entries = entries
        self.unwind = unwind
        self.module = module
        self.level = level
        self.frame_table: object = None

    def at(self, pc: int) -> Loaded | None:
        """The piece that ``pc``, an address inside, lies in: this one."""
        return self

    def frame_ranges(self) -> Sequence[tuple[int, int]]:
        """Where the call frame information is, relative to ``start``."""
        return (self.unwind,)


def load(code: Code, module: Module | None = None, level: Level | None = None) -> Loaded:
    """Put ``code`` into executable memory, where it stays until ``release``.

    Args:
        code: the code.
        module: the module it was made from; ``None`` for adapters.
        level: how it was made.

    Raises:
        MemoryError: no executable memory is left.
        RuntimeError: the code needs a function the kernel does not have; a defect.
    """
    size = len(code.blob)
    open_ = bool(code.imports) or any(code.segments)
    start: int = lib.we_code_place(code.blob, size, code.alignment, not open_)
    if not start:
        raise MemoryError("out of executable memory")
    if open_:
        _patch(code, start)
    loaded = Loaded(start, size, code.entries, code.unwind, module, level)
    register(loaded)
    return loaded


def _patch(code: Code, start: int) -> None:
    """Write what depends on the process into code at ``start`` and seal it, or free it."""
    size = len(code.blob)
    costs = 0
    try:
        if any(code.segments):
            costs = lib.we_segments_add(
                pointer(start), size, *(pointer(start + at) for at in code.segments)
            )
            if costs < 0:
                raise MemoryError("too much code that adds up costs")
        for offset, name in code.imports:
            lib.we_code_patch(start, offset, costs if name == COSTS else symbol(name))
        if not lib.we_code_seal(pointer(start), size):
            raise MemoryError("cannot make code executable")
    except BaseException:
        lib.we_code_free(pointer(start), size)
        raise


COSTS = "we_costs"
"""Import that stands for the position of the code's own costs."""


def symbol(name: str) -> int:
    """What an import of generated code stands for.

    Raises:
        RuntimeError: the kernel does not have it; a defect.
    """
    target = int(lib.we_symbol(name.encode()))
    if not target:
        raise RuntimeError(f"generated code calls {name}, which the kernel does not provide")
    return target


_pieces: dict[int, Piece] = {}
_starts: list[int] | None = []
"""Addresses of the pieces, sorted; ``None`` if they have to be collected."""
_pieces_lock = fork_safe(threading.RLock())  # finalisers need it, whatever they interrupt


def register(loaded: Piece) -> None:
    """Let ``find`` know code that is in executable memory."""
    start = loaded.start
    with _pieces_lock:
        _pieces[start] = loaded
        if _starts is not None:
            insort(_starts, start)
    for watcher in watchers:
        watcher.added(loaded)


def unregister(starts: Sequence[int]) -> None:
    """Have ``find`` forget the code at these addresses."""
    global _starts
    with _pieces_lock:
        for start in starts:
            _pieces.pop(start, None)
        _starts = None
    for watcher in watchers:
        watcher.removed(starts)


_collectors: list[ref[Collector]] = []
"""Whose code is registered when somebody asks."""


def collect_from(module: Collector) -> None:
    """Have a module register its code when somebody asks; it is not kept alive."""
    with _pieces_lock:
        _collectors.append(ref(module, _forget))


def _forget(gone: ref[Collector]) -> None:
    with _pieces_lock:
        _collectors.remove(gone)


def _collect() -> None:
    with _pieces_lock:
        modules = [module() for module in _collectors]
    for module in modules:
        if module is not None:
            module.collect()


watchers: list[Watcher] = []
"""Are told of all code."""


def watch(watcher: Watcher) -> None:
    """Tell ``watcher`` of all code, also of what there is already. From now on Python makes it."""
    lib.we_quick_stop()
    watchers.append(watcher)
    for piece in pieces():
        watcher.added(piece)


def pieces() -> list[Piece]:
    """All code that is in executable memory."""
    _collect()
    with _pieces_lock:
        return list(_pieces.values())


def find(pc: int) -> Loaded | None:
    """The piece of code that address ``pc`` lies in."""
    global _starts
    _collect()
    with _pieces_lock:
        if _starts is None:
            _starts = sorted(_pieces)
        i = bisect_right(_starts, pc) - 1
        piece = _pieces.get(_starts[i]) if i >= 0 else None
    return piece.at(pc) if piece is not None and pc < piece.start + piece.size else None
