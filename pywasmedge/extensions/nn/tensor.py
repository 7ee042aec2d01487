"""Tensors as guests pass them."""

from __future__ import annotations

from enum import Enum
from math import prod
from struct import Struct, unpack

from .errors import Errno, NNError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...runtime.core import Caller

MOST_DIMENSIONS = 64
_RECORD = Struct("<IIB3xII")
"""Address and count of the dimensions, type (the other bytes are padding), address and length."""


class Type(Enum):
    """What a tensor consists of; the value: bytes of an element, and its name in numpy."""

    F16 = 2, "float16"
    F32 = 4, "float32"
    F64 = 8, "float64"
    U8 = 1, "uint8"
    I32 = 4, "int32"
    I64 = 8, "int64"

    @property
    def numpy(self) -> str:
        """Name of the type in numpy."""
        return self.value[1]


_TYPES = {
    (0, 2): Type.F16,
    (1, 4): Type.F32,
    (2, 8): Type.F64,
    (3, 1): Type.U8,
    (4, 4): Type.I32,
    (5, 8): Type.I64,
    (2, 1): Type.U8,
    (3, 4): Type.I32,
}
"""By number and size of an element: the numbering of 2023, and at last what is older in it."""


class Tensor:
    """Input of a model, copied from the guest.

    Attributes:
        dimensions: its shape; ``()`` for a scalar.
        type: what it consists of.
        data: its elements, little-endian, in row-major order.
    """

    __slots__ = ("data", "dimensions", "type")

    def __init__(self, dimensions: tuple[int, ...], type_: Type, data: bytes) -> None:
        self.dimensions = dimensions
        self.type = type_
        self.data = data

    @classmethod
    def read(cls, caller: Caller, address: int) -> Tensor:
        """The tensor whose record is at ``address``.

        Raises:
            ArgumentFault: the record, dimensions or data lie outside the memory.
            NNError: 1, the type is unknown or does not fit the dimensions and the data.
        """
        dims, count, number, at, size = _RECORD.unpack(caller.read(address, _RECORD.size))
        if count > MOST_DIMENSIONS:
            caller.range(dims, min(4 * count, 0xFFFFFFFF))
            raise NNError(Errno.INVALID_ARGUMENT, f"{count} dimensions")
        dimensions = unpack(f"<{count}I", caller.read(dims, 4 * count))
        data = caller.read(at, size)
        elements = prod(dimensions)
        element = len(data) // elements if elements else 0
        known = _TYPES.get((number, element))
        if known is None or element * elements != len(data):
            raise NNError(
                Errno.INVALID_ARGUMENT,
                f"type {number}, {len(data)} bytes for dimensions {list(dimensions)}",
            )
        return cls(dimensions, known, data)
