"""Parts of the guest's memory as parameters of host functions.

=========== ============================ =====================================================
annotation  what the guest passes        what the function gets
=========== ============================ =====================================================
``Bytes``   i32 address, i32 length      a copy, ``bytes``
``Str``     i32 address, i32 length      the same bytes decoded as UTF-8, ``str``
``Buffer``  i32 address, i32 length      the range itself, a writable ``memoryview``
``Out[T]``  i32 address                  an object whose ``value`` is the number stored there;
                                         ``T`` is i32, i64, f32, f64, ``int`` or ``float``
=========== ============================ =====================================================

A range outside the memory, or bytes that are not UTF-8, trap before the function runs. A
``Buffer`` or an ``Out`` must not be kept beyond the call.
"""

from __future__ import annotations

from struct import Struct

from ..base.types import ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generic, TypeVar

    T = TypeVar("T")

    Bytes = bytes
    Str = str
    Buffer = memoryview

    class Out(Generic[T]):
        """A place in memory where the function stores a number."""

        value: T

else:

    class Bytes:
        """A copy of a range of memory."""

    class Str:
        """A range of memory as text."""

    class Buffer:
        """A range of memory."""

    class Out:
        """A place in memory where the function stores a number."""

        __slots__ = ("type",)

        def __init__(self, type_: object) -> None:
            self.type = type_

        def __class_getitem__(cls, type_: object) -> Out:
            return cls(type_)


class Place:
    """What the function gets for ``Out[T]``."""

    __slots__ = ("_address", "_layout", "_view")

    def __init__(self, view: memoryview, address: int, layout: Struct) -> None:
        self._view = view
        self._address = address
        self._layout = layout

    @property
    def value(self) -> Any:
        """The number that is stored there now."""
        return self._layout.unpack_from(self._view, self._address)[0]

    @value.setter
    def value(self, value: Any) -> None:
        if isinstance(value, int) and self._layout in _BITS:  # signed or unsigned, as results are
            bits = _BITS[self._layout]
            value = (value + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)
        self._layout.pack_into(self._view, self._address, value)


PLACES = {
    ValType.I32: Struct("<i"),
    ValType.I64: Struct("<q"),
    ValType.F32: Struct("<f"),
    ValType.F64: Struct("<d"),
}
"""What ``Out`` can store."""

_BITS = {PLACES[ValType.I32]: 32, PLACES[ValType.I64]: 64}
