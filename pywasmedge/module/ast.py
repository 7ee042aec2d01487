"""A loaded module: what the binary declares, in the specification's words (section 2.5).

Function bodies, constant expressions and data stay ranges of the original bytes; nothing is
built per instruction.
"""

from __future__ import annotations

from enum import IntEnum

from ..base.record import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..base.types import (
        ExternKind,
        ExternType,
        FunctionType,
        GlobalType,
        MemoryType,
        TableType,
        ValType,
    )

Range = tuple[int, int]
"""Half-open byte range (start, end) of ``Module.data``."""


class SegmentMode(IntEnum):
    """How an element or data segment is used."""

    ACTIVE = 0
    PASSIVE = 1
    DECLARATIVE = 2


@dataclass(frozen=True, slots=True)
class Import:
    """An import. ``desc`` is the type index for a function, else the type itself."""

    module: str
    name: str
    kind: ExternKind
    desc: int | TableType | MemoryType | GlobalType
    offset: int


@dataclass(frozen=True, slots=True)
class Export:
    """An export: ``index`` counts in the index space of ``kind``, imports first."""

    name: str
    kind: ExternKind
    index: int
    offset: int


@dataclass(frozen=True, slots=True)
class Global:
    """A global defined by the module; ``init`` is the range of its constant expression."""

    type: GlobalType
    init: Range


@dataclass(frozen=True, slots=True)
class Element:
    """An element segment.

    Exactly one of ``funcs`` (function indices) and ``exprs`` (ranges of constant expressions)
    is used; ``offset_expr`` is there for active segments only.
    """

    mode: SegmentMode
    type: ValType
    table: int
    offset_expr: Range | None
    funcs: tuple[int, ...] | None
    exprs: tuple[Range, ...] | None
    offset: int


@dataclass(frozen=True, slots=True)
class Data:
    """A data segment: ``init`` is the range of its bytes."""

    mode: SegmentMode
    memory: int
    offset_expr: Range | None
    init: Range
    offset: int


@dataclass(slots=True)
class Module:
    """A decoded module. Not changed after loading, but for the validation mark.

    ``bodies[i]`` is the range of the i-th defined function's code: local declarations, then
    instructions including the final ``end``.
    """

    data: bytes
    types: tuple[FunctionType, ...] = ()
    imports: tuple[Import, ...] = ()
    funcs: tuple[int, ...] = ()
    """Type index of each function the module defines."""
    tables: tuple[TableType, ...] = ()
    memories: tuple[MemoryType, ...] = ()
    globals: tuple[Global, ...] = ()
    exports: tuple[Export, ...] = ()
    start: int | None = None
    elements: tuple[Element, ...] = ()
    data_count: int | None = None
    datas: tuple[Data, ...] = ()
    bodies: tuple[Range, ...] = ()
    customs: tuple[tuple[str, Range], ...] = ()

    # Index spaces: imports first, then what the module defines. Filled by the loader.
    func_types: tuple[int, ...] = ()
    """Type index of every function."""
    table_types: tuple[TableType, ...] = ()
    memory_types: tuple[MemoryType, ...] = ()
    global_types: tuple[GlobalType, ...] = ()
    imported_funcs: int = 0
    imported_tables: int = 0
    imported_memories: int = 0
    imported_globals: int = 0

    validated: bool = field(default=False)
    """Set by the validator; instantiation requires it."""

    def func_type(self, index: int) -> FunctionType:
        """Type of function ``index`` (imports first)."""
        return self.types[self.func_types[index]]

    def extern_type(self, kind: ExternKind, index: int) -> ExternType:
        """Type of the ``index``-th function, table, memory or global."""
        if kind == 0:
            return self.func_type(index)
        spaces: Mapping[int, tuple[ExternType, ...]] = {
            1: self.table_types,
            2: self.memory_types,
            3: self.global_types,
        }
        return spaces[kind][index]
