"""A loaded module: what the binary declares, in the specification's words (section 2.5).

Function bodies, constant expressions and data stay ranges of the original bytes; nothing is
built per instruction.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from enum import IntEnum

from ..base.record import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..base.config import Proposal
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
    funcs: Sequence[int] | None
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


class Bodies(Sequence[Range]):
    """The ranges of all bodies, four bytes for each.

    Attributes:
        marks: where the size in front of each body stands; at last, where the last body ends.
    """

    __slots__ = ("_data", "marks")

    def __init__(self, data: bytes, marks: array[int]) -> None:
        self._data = data
        self.marks = marks

    def __len__(self) -> int:
        return len(self.marks) - 1

    def __getitem__(self, index: int) -> Range:  # type: ignore[override]  # no slices
        index = _position(index, len(self.marks) - 1)
        return _behind_integer(self._data, self.marks[index]), self.marks[index + 1]


class Datas(Sequence[Data]):
    """All data segments. Most are plain: active, for memory 0, with an ``i32.const`` as offset.

    Compilers that skip zeros make tens of thousands of them, so these are kept in columns.

    Attributes:
        marks: where each segment starts; at last, where the last one ends.
        offsets: where in the memory a plain one belongs, else 0.
        starts: where its bytes start, which end with the segment.
        others: the segments that are not plain, by index.
    """

    __slots__ = ("_data", "marks", "offsets", "others", "starts")

    def __init__(self, data: bytes = b"") -> None:
        """No segments."""
        self._data = data
        self.marks = array("I")
        self.offsets = array("I")
        self.starts = array("I")
        self.others: dict[int, Data] = {}

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: int) -> Data:  # type: ignore[override]  # no slices
        index = _position(index, len(self.starts))
        found = self.others.get(index)
        if found is None:
            at, start, end = self.marks[index], self.starts[index], self.marks[index + 1]
            expression = at + 1, _behind_integer(self._data, at + 2) + 1
            found = Data(SegmentMode.ACTIVE, 0, expression, (start, end), at)
        return found


def _position(index: int, count: int) -> int:
    """``index`` counted from the start."""
    if not -count <= index < count:
        raise IndexError(index)
    return index if index >= 0 else index + count


def _behind_integer(data: bytes, pos: int) -> int:
    """Position behind a well-formed LEB128 integer."""
    while data[pos] >= 0x80:
        pos += 1
    return pos + 1


@dataclass(slots=True)
class Module:
    """A decoded module. Not changed after loading, but for the marks of validation.

    ``bodies[i]`` is the range of the i-th defined function's code: local declarations, then
    instructions including the final ``end``.
    """

    data: bytes
    proposals: frozenset[Proposal] = frozenset()
    """What was enabled when it was decoded."""
    types: tuple[FunctionType, ...] = ()
    imports: tuple[Import, ...] = ()
    funcs: Sequence[int] = ()
    """Type index of each function the module defines."""
    tables: tuple[TableType, ...] = ()
    memories: tuple[MemoryType, ...] = ()
    globals: tuple[Global, ...] = ()
    exports: tuple[Export, ...] = ()
    start: int | None = None
    elements: tuple[Element, ...] = ()
    data_count: int | None = None
    datas: Datas = field(default_factory=Datas)
    bodies: Sequence[Range] = ()
    customs: tuple[tuple[str, Range], ...] = ()

    # Index spaces: imports first, then what the module defines. Filled by the loader.
    func_types: Sequence[int] = ()
    """Type index of every function."""
    table_types: tuple[TableType, ...] = ()
    memory_types: tuple[MemoryType, ...] = ()
    global_types: tuple[GlobalType, ...] = ()
    imported_funcs: int = 0
    imported_tables: int = 0
    imported_memories: int = 0
    imported_globals: int = 0

    validated: bool = field(default=False)
    """Set by the validator: what the module declares is valid; instantiation requires it."""
    sound: bool = field(default=False)
    """What it declares outside of bodies was found to be valid with ``proposals``."""
    checked: bytearray = field(default_factory=bytearray)
    """1 for each body that was found to be valid with ``proposals``. No other ever runs."""
    digest: bytes = b""
    """SHA-256 of ``data`` once somebody has asked for it."""

    @property
    def code_size(self) -> int:
        """Bytes of all bodies, with what lies between them."""
        return self.bodies[-1][1] - self.bodies[0][0] if self.bodies else 0

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
