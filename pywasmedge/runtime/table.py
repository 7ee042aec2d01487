"""Table instances (section 4.2.7)."""

from __future__ import annotations

from ..base.closing import Closing
from ..base.errors import ErrCode, Trap
from ..base.types import Limits, TableType, ValType
from ..kernel.native import address, ffi, lib
from ..kernel.objects import Owned, own
from .externref import TABLE, add_holder, passing
from .values import decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .core import Core

_MAX_INDEX = 0xFFFF_FFFF


class TableInstance(Closing):
    """A table of references, which it keeps alive. Safe from several threads."""

    __slots__ = ("__weakref__", "_own_kept", "_owner", "c", "element", "externrefs", "owned")

    def __init__(self, type_: TableType) -> None:
        """Make a table of null references.

        Raises:
            TypeError: the element type is not a reference type.
            ValueError: minimum greater than maximum.
        """
        element = ValType(type_.element)
        if not element.is_ref:
            raise TypeError(f"a table holds funcref or externref, not {element}")
        limits = type_.limits
        if limits.max is not None and limits.min > limits.max:
            raise ValueError(ErrCode.INVALID_LIMIT.message)
        self._take(new_table(type_), element)

    @classmethod
    def adopt(cls, c: Any) -> TableInstance:
        """The table ``c``, to be freed with the object."""
        self = cls.__new__(cls)
        self._take(c, ValType(c.type))
        return self

    def _take(self, c: Any, element: ValType) -> None:
        self._attach(c, element, own(c, "we_table_free"), None)
        c.owned = True
        if element == ValType.EXTERNREF:
            self.externrefs: tuple[int, ...] = (TABLE, address(c))
            add_holder(self)

    @classmethod
    def of_core(cls, owner: Core, c: Any, element: ValType, owned: Owned) -> TableInstance:
        """The table ``c`` of an instance."""
        self = cls.__new__(cls)
        self._attach(c, element, owned, owner)
        return self

    def _attach(self, c: Any, element: ValType, owned: Owned, owner: Core | None) -> None:
        self.c = c
        self.element = element
        self.owned = owned
        self._owner = owner
        self._own_kept: dict[int, object] = {}

    @property
    def kept(self) -> dict[int, object]:
        """What lives as long as the table, because its functions may be in it."""
        return self._owner.kept if self._owner else self._own_kept

    @property
    def type(self) -> TableType:
        """Its type, with the current size as minimum."""
        c = self.c
        return TableType(self.element, Limits(c.size, c.declared_max if c.has_max else None))

    @property
    def size(self) -> int:
        """Current number of elements."""
        return self.c.size  # type: ignore[no-any-return]

    def __len__(self) -> int:
        return self.size

    def get(self, index: int) -> Any:
        """The element at ``index``: a ``FunctionInstance``, an object, or ``None`` for null.

        Raises:
            Trap: 0x87, no such element.
        """
        return _get(self, index)

    def set(self, index: int, value: Any) -> None:
        """Replace the element at ``index``.

        Raises:
            Trap: 0x8E, ``value`` is not a reference of the table's type (checked first); 0x87,
                no such element.
        """
        _set(self, index, value)

    def grow(self, count: int, value: Any = None) -> int:
        """Add ``count`` elements that hold ``value`` and return the size before.

        Raises:
            Trap: 0x8E for ``value``; 0x87, the maximum would be exceeded, nothing has changed.
            ValueError: ``count`` is negative.
        """
        return _grow(self, count, value)  # type: ignore[no-any-return]

    def _word(self, value: Any) -> int:
        try:
            return encode(self.element, value, self.kept)  # type: ignore[no-any-return]
        except TypeError as error:
            raise Trap(ErrCode.REF_TYPE_MISMATCH, str(error)) from None

    def _out_of_bounds(self, index: int) -> Trap:
        return Trap(ErrCode.TABLE_OUT_OF_BOUNDS, f"index {index}, table has {self.size} elements")

    def __repr__(self) -> str:
        most = f", at most {self.c.declared_max}" if self.c.has_max else ""
        return f"<TableInstance {self.size} {self.element}{most}>"


@passing
def _get(table: TableInstance, index: int) -> Any:
    word = ffi.new("uint64_t *")
    if not 0 <= index <= _MAX_INDEX or lib.we_table_get(table.c, index, word):
        raise table._out_of_bounds(index)
    return decode(table.element, word[0])


@passing
def _set(table: TableInstance, index: int, value: Any) -> None:
    word = table._word(value)
    if not 0 <= index <= _MAX_INDEX or lib.we_table_set(table.c, index, word):
        raise table._out_of_bounds(index)


@passing
def _grow(table: TableInstance, count: int, value: Any) -> int:
    if count < 0:
        raise ValueError("a table cannot shrink")
    word = table._word(value)
    before: int = lib.we_table_grow(table.c, count, word) if count <= _MAX_INDEX else -1
    if before < 0:
        detail = f"growing {table.size} elements by {count} exceeds the limit"
        raise Trap(ErrCode.TABLE_OUT_OF_BOUNDS, detail)
    return before


def new_tables(types: Sequence[TableType], limit: int) -> list[tuple[Any, Owned]]:
    """The tables a new instance defines: each a ``we_table`` of null references and its owner.

    Args:
        types: their types.
        limit: most elements all of them may have together, now and when they grow.

    Raises:
        Trap: 0x87, their minima exceed ``limit``.
        MemoryError: memory is exhausted.
    """
    if not types:
        return []
    wanted = sum(type_.limits.min for type_ in types)
    if wanted > limit:
        detail = f"tables of {wanted} elements, at most {limit} are configured"
        raise Trap(ErrCode.TABLE_OUT_OF_BOUNDS, detail)
    room = lib.we_table_room_new(limit)
    room_owned = own(room, "we_table_room_release")
    made = []
    for type_ in types:
        low, high = type_.limits.min, type_.limits.max
        c = lib.we_table_new_in(room, type_.element, low, high is not None, high or 0)
        made.append((c, own(c, "we_table_free")))
    del room_owned  # every table has a reference
    return made


def new_table(type_: TableType) -> Any:
    """A ``we_table`` of null references, or NULL if memory is exhausted."""
    low, high = type_.limits.min, type_.limits.max
    return lib.we_table_new(type_.element, low, high is not None, high or 0, 0)
