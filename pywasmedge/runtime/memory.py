"""Memory instances (section 4.2.8)."""

from __future__ import annotations

from ..base.closing import Closing
from ..base.errors import ErrCode, Trap
from ..base.types import MAX_PAGES, PAGE_SIZE, Limits, MemoryType
from ..kernel.native import address, ffi, lib
from ..kernel.objects import Buffer, Owned, own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class MemoryInstance(Buffer, Closing):
    """A linear memory.

    It speaks the buffer protocol: ``memoryview(memory)`` or ``numpy.frombuffer(memory, ...)``
    see its bytes without copying. The bytes never move, so a view stays valid when the memory
    grows (it keeps its length) and when the instance it came from is gone.

    Changes are seen by guest code at once and the other way round. :meth:`grow` may be called
    from several threads at once; for the bytes themselves, order is the caller's affair.
    """

    __slots__ = ("__weakref__", "c", "owned")

    c: Any
    """The ``we_memory``."""
    owned: Owned
    """What frees it."""

    def __new__(cls, type_: MemoryType) -> MemoryInstance:
        """Make a zeroed memory.

        Raises:
            ValueError: more than 65,536 pages, or minimum greater than maximum.
            MemoryError: the system has no room for it.
        """
        limits = type_.limits
        if limits.max is not None and limits.min > limits.max:
            raise ValueError(ErrCode.INVALID_LIMIT.message)
        if not 0 <= limits.min <= MAX_PAGES or (limits.max or 0) > MAX_PAGES:
            raise ValueError(ErrCode.INVALID_MEM_PAGES.message)
        return cls.create(type_, MAX_PAGES)

    @classmethod
    def create(cls, type_: MemoryType, limit: int) -> MemoryInstance:
        """Make a memory that may grow to ``limit`` pages, whatever its type says.

        Raises:
            MemoryError: the system has no room for it.
        """
        low, high = type_.limits.min, type_.limits.max
        c = lib.we_memory_new(
            low, high is not None, high or 0, type_.shared, min(limit, MAX_PAGES), True
        )
        return cls.adopt(c)

    @classmethod
    def adopt(cls, c: Any) -> MemoryInstance:
        """The memory ``c``, to be freed with the object.

        Raises:
            MemoryError: ``c`` is NULL.
        """
        owned = own(c, "we_memory_free")
        c.owned = True
        self: MemoryInstance = Buffer.__new__(cls, address(c), owned)
        self.c = c
        self.owned = owned
        return self

    @property
    def type(self) -> MemoryType:
        """Its type, with the current size as minimum."""
        c = self.c
        return MemoryType(Limits(self.pages, c.declared_max if c.has_max else None), bool(c.shared))

    @property
    def size(self) -> int:
        """Current size in bytes."""
        return self.c.size  # type: ignore[no-any-return]

    @property
    def pages(self) -> int:
        """Current size in pages of 65,536 bytes."""
        return self.c.size // PAGE_SIZE  # type: ignore[no-any-return]

    def __len__(self) -> int:
        return self.size

    def grow(self, pages: int) -> int:
        """Add ``pages`` zeroed pages and return the number of pages before.

        Raises:
            Trap: 0x88, the limit would be exceeded; nothing has changed.
            ValueError: ``pages`` is negative.
        """
        if pages < 0:
            raise ValueError("a memory cannot shrink")
        before: int = lib.we_memory_grow(self.c, pages) if pages <= MAX_PAGES else -1
        if before < 0:
            detail = f"growing {self.pages} pages by {pages} exceeds the limit"
            raise Trap(ErrCode.MEMORY_OUT_OF_BOUNDS, detail)
        return before

    def read(self, offset: int, length: int) -> bytes:
        """A copy of ``length`` bytes from ``offset``.

        Raises:
            Trap: 0x88, the range is not inside the memory.
        """
        self._check(offset, length)
        return ffi.buffer(self.c.base + offset, length)[:]  # type: ignore[no-any-return]

    def write(self, offset: int, data: Any) -> None:
        """Copy a bytes-like object into the memory.

        Raises:
            Trap: 0x88, the range is not inside the memory; nothing is written.
            TypeError: ``data`` is not bytes-like.
        """
        view = memoryview(data)
        self._check(offset, view.nbytes)
        ffi.memmove(self.c.base + offset, view, view.nbytes)

    def _check(self, offset: int, length: int) -> None:
        if offset < 0 or length < 0 or offset + length > self.c.size:
            detail = f"{length} bytes at {offset}, memory has {self.c.size} bytes"
            raise Trap(ErrCode.MEMORY_OUT_OF_BOUNDS, detail)

    def __repr__(self) -> str:
        c = self.c
        most = f", at most {c.declared_max}" if c.has_max else ""
        return f"<MemoryInstance {self.pages} pages{most}{', shared' if c.shared else ''}>"
