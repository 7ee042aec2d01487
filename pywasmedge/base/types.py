"""The type vocabulary of the WebAssembly specification (section 2.3)."""

from __future__ import annotations

from enum import IntEnum

from .record import dataclass


class ValType(IntEnum):
    """A value type; the member's value is its byte in the binary format and in the C API."""

    I32 = 0x7F
    I64 = 0x7E
    F32 = 0x7D
    F64 = 0x7C
    V128 = 0x7B
    FUNCREF = 0x70
    EXTERNREF = 0x6F

    def __str__(self) -> str:
        return self.name.lower()

    @property
    def is_ref(self) -> bool:
        """True for funcref and externref."""
        return self <= ValType.FUNCREF

    @property
    def slots(self) -> int:
        """Size in 8-byte frame slots: 2 for v128, 1 for everything else."""
        return 2 if self == ValType.V128 else 1


class ExternKind(IntEnum):
    """What an import or export is; values of the binary format and of the C API."""

    FUNCTION = 0
    TABLE = 1
    MEMORY = 2
    GLOBAL = 3

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class FunctionType:
    """Type of a function: parameter types and result types."""

    params: tuple[ValType, ...] = ()
    results: tuple[ValType, ...] = ()

    def __hash__(self) -> int:
        """Of bytes, as Python keys their hash per process: guests choose types."""
        return hash((bytes(self.params), bytes(self.results)))

    def __str__(self) -> str:
        return f"({', '.join(map(str, self.params))}) -> ({', '.join(map(str, self.results))})"


@dataclass(frozen=True, slots=True)
class Limits:
    """Size limits of a table (in elements) or a memory (in 64 KiB pages)."""

    min: int
    max: int | None = None


@dataclass(frozen=True, slots=True)
class TableType:
    """Type of a table: element type and limits."""

    element: ValType
    limits: Limits


@dataclass(frozen=True, slots=True)
class MemoryType:
    """Type of a linear memory; limits in pages of 65,536 bytes."""

    limits: Limits
    shared: bool = False


@dataclass(frozen=True, slots=True)
class GlobalType:
    """Type of a global: value type and mutability."""

    type: ValType
    mutable: bool = False


ExternType = FunctionType | TableType | MemoryType | GlobalType

PAGE_SIZE = 65536
"""Bytes in a page of linear memory."""

MAX_PAGES = 65536
"""Most pages a 32-bit linear memory can have."""
