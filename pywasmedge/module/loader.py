"""From bytes to a :class:`Module`: the sections of the binary format (spec 5.5).

Function bodies are not decoded here, only their sizes and local declarations are checked. What a
big module has many of (functions, segments) is read into arrays.
"""

from __future__ import annotations

from array import array

from ..base.config import Proposal
from ..base.errors import ErrCode, LoadError
from ..base.types import (
    ExternKind,
    FunctionType,
    GlobalType,
    Limits,
    MemoryType,
    TableType,
    ValType,
)
from . import limits
from .ast import Bodies, Data, Datas, Element, Export, Global, Import, Module, SegmentMode
from .bulk import body_marks, data_segments, u32_vector
from .constant import scanner
from .reader import (
    check_locals,
    local_groups,
    name,
    ref_type,
    u32,
    unexpected_end,
    value_type,
    value_types,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..base.config import Configure
    from .ast import Range

MAGIC = b"\0asm"
VERSION = b"\1\0\0\0"


def load(data: bytes, configure: Configure, *, bodies: bool = True) -> Module:
    """Decode a binary module.

    Args:
        data: the whole binary.
        configure: the enabled proposals count.
        bodies: check the local declarations, too; otherwise that is left to who checks a body.

    Returns:
        The module, not validated yet.

    Raises:
        LoadError: the binary is malformed (0x22 to 0x37), with ``offset`` set.
    """
    if len(data) > limits.MAX_MODULE_SIZE:
        detail = f"binary of {len(data)} bytes, limit {limits.MAX_MODULE_SIZE}"
        raise LoadError(ErrCode.LENGTH_OUT_OF_BOUNDS, detail, offset=0)
    _preamble(data)
    return _Decoder(data, configure, bodies).decode()


def _preamble(data: bytes) -> None:
    """Check the first eight bytes (spec 5.5.16)."""
    if data[:4] != MAGIC:
        if len(data) < 4:
            raise unexpected_end(len(data))
        raise LoadError(ErrCode.MALFORMED_MAGIC, offset=0)
    if data[4:8] != VERSION:
        if len(data) < 8:
            raise unexpected_end(len(data))
        raise LoadError(ErrCode.MALFORMED_VERSION, offset=4)


class _Decoder:
    """State of one decoding. Section methods take the content's position and return its end.

    They read as far as the items they find reach; ``decode`` compares that with the size the
    section declares, so a section too short for its content is a size mismatch.
    """

    def __init__(self, data: bytes, configure: Configure, bodies: bool) -> None:
        self.data = data
        self.end = len(data)
        self.bodies = bodies
        self.proposals = frozenset(configure.proposals)
        self.types = value_types(self.proposals)
        self.scanner = scanner(self.proposals)
        self.module = Module(data, self.proposals)

    # --- the module ----------------------------------------------------------------------

    def decode(self) -> Module:
        """All sections, in the order the specification demands (5.5.2)."""
        data, end = self.data, self.end
        customs: list[tuple[str, Range]] = []
        order = {section_id: place for place, section_id in enumerate(_SECTIONS)}
        last = -1
        pos = len(MAGIC) + len(VERSION)
        while pos < end:
            start = pos
            section_id = data[pos]
            if section_id > 12 or (section_id == 12 and not self._passive_segments()):
                from .proposals import section

                self._blame_body(start)
                detail = section(section_id)
                raise LoadError(ErrCode.MALFORMED_SECTION, detail, offset=start)
            size, pos = u32(data, pos + 1, end)
            stop = pos + size
            if stop > end:
                detail = f"section of {size} bytes, {end - pos} left"
                raise LoadError(ErrCode.LENGTH_OUT_OF_BOUNDS, detail, offset=start)
            if section_id == 0:
                customs.append(self._custom(pos, stop))
            else:
                if order[section_id] <= last:
                    detail = f"section {section_id} repeated or out of order"
                    raise LoadError(ErrCode.JUNK_SECTION, detail, offset=start)
                last = order[section_id]
                reached = _SECTIONS[section_id](self, pos)
                if reached != stop:
                    detail = f"section {section_id} of {size} bytes, content of {reached - pos}"
                    raise LoadError(ErrCode.SECTION_SIZE_MISMATCH, detail, offset=start)
            pos = stop
        module = self.module
        module.customs = tuple(customs)
        self._index_spaces()
        self._compare_counts()
        module.checked = bytearray(len(module.bodies))
        return module

    def _blame_body(self, offset: int) -> None:
        """Look for the cause of an impossible section at ``offset`` right before it.

        A wrong size cuts the last function body off and makes its rest look like a section; the
        fault found in the body comes first and says more.
        """
        bodies = self.module.bodies
        if bodies and bodies[-1][1] == offset:
            start, stop = bodies[-1]
            _, pos = local_groups(self.data, start, stop, self.types)
            self.scanner.skip(self.data, pos, stop)

    def _index_spaces(self) -> None:
        """Fill in the index spaces: imports first, then definitions."""
        module = self.module
        spaces: tuple[list[int], list[TableType], list[MemoryType], list[GlobalType]]
        spaces = [], [], [], []
        for item in module.imports:
            spaces[item.kind].append(item.desc)  # type: ignore[arg-type]  # matches the kind
        funcs, tables, memories, globals_ = spaces
        module.imported_funcs = len(funcs)
        module.imported_tables = len(tables)
        module.imported_memories = len(memories)
        module.imported_globals = len(globals_)
        module.func_types = array("I", funcs)
        module.func_types.extend(module.funcs)
        module.table_types = (*tables, *module.tables)
        module.memory_types = (*memories, *module.memories)
        module.global_types = (*globals_, *(g.type for g in module.globals))

    def _compare_counts(self) -> None:
        """Counts declared in two sections must agree (spec 5.5.16)."""
        module = self.module
        if len(module.funcs) != len(module.bodies):
            detail = f"{len(module.funcs)} functions, {len(module.bodies)} bodies"
            raise LoadError(ErrCode.INCOMPATIBLE_FUNC_CODE, detail, offset=self.end)
        if module.data_count is not None and module.data_count != len(module.datas):
            detail = f"{module.data_count} declared, {len(module.datas)} given"
            raise LoadError(ErrCode.INCOMPATIBLE_DATA_COUNT, detail, offset=self.end)

    # --- sections ------------------------------------------------------------------------

    def _custom(self, pos: int, stop: int) -> tuple[str, Range]:
        """Name and content of a custom section; its name must fit into it."""
        start = pos
        try:
            title, pos = name(self.data, pos, stop)
        except LoadError as error:
            if error.code == ErrCode.LENGTH_OUT_OF_BOUNDS and stop - start <= limits.MAX_NAME:
                raise unexpected_end(start, error.detail) from None
            raise
        return title, (pos, stop)

    def _types(self, pos: int) -> int:
        data, end = self.data, self.end
        count, pos = self._count(pos, "types", limits.MAX_TYPES)
        several = Proposal.MULTI_VALUE in self.proposals
        types = []
        for _ in range(count):
            if pos >= end:
                raise unexpected_end(pos)
            if data[pos] != 0x60:
                from .proposals import type_form

                detail = type_form(data[pos])
                raise LoadError(ErrCode.INTEGER_TOO_LONG, detail, offset=pos)
            start = pos
            params, pos = self._value_types(pos + 1, "parameters", limits.MAX_PARAMS)
            results, pos = self._value_types(pos, "results", limits.MAX_RESULTS)
            if len(results) > 1 and not several:
                detail = f"{len(results)} results need the multi-value proposal"
                raise LoadError(ErrCode.MALFORMED_VAL_TYPE, detail, offset=start)
            types.append(FunctionType(params, results))
        self.module.types = tuple(types)
        return pos

    def _imports(self, pos: int) -> int:
        data, end = self.data, self.end
        count, pos = self._count(pos, "imports", limits.MAX_IMPORTS)
        imports = []
        for _ in range(count):
            start = pos
            module, pos = name(data, pos, end)
            item, pos = name(data, pos, end)
            kind = self._extern_kind(pos, ErrCode.MALFORMED_IMPORT_KIND)
            pos += 1
            desc: int | TableType | MemoryType | GlobalType
            if kind == ExternKind.FUNCTION:
                desc, pos = u32(data, pos, end)
            elif kind == ExternKind.TABLE:
                desc, pos = self._table_type(pos)
            elif kind == ExternKind.MEMORY:
                desc, pos = self._memory_type(pos)
            else:
                at = pos
                desc, pos = self._global_type(pos)
                if desc.mutable and Proposal.IMPORT_EXPORT_MUT_GLOBALS not in self.proposals:
                    detail = "import of a mutable global needs its proposal"
                    raise LoadError(ErrCode.INVALID_MUT, detail, offset=at)
            imports.append(Import(module, item, kind, desc, start))
        self.module.imports = tuple(imports)
        return pos

    def _functions(self, pos: int) -> int:
        count, pos = self._count(pos, "functions", limits.MAX_FUNCTIONS)
        self.module.funcs, pos = u32_vector(self.data, pos, self.end, count)
        return pos

    def _tables(self, pos: int) -> int:
        count, pos = self._count(pos, "tables", limits.MAX_TABLES)
        tables = []
        for _ in range(count):
            table, pos = self._table_type(pos)
            tables.append(table)
        self.module.tables = tuple(tables)
        return pos

    def _memories(self, pos: int) -> int:
        count, pos = self._count(pos, "memories", limits.MAX_MEMORIES)
        memories = []
        for _ in range(count):
            memory, pos = self._memory_type(pos)
            memories.append(memory)
        self.module.memories = tuple(memories)
        return pos

    def _globals(self, pos: int) -> int:
        count, pos = self._count(pos, "globals", limits.MAX_GLOBALS)
        globals_ = []
        for _ in range(count):
            type_, pos = self._global_type(pos)
            init, pos = self._expression(pos)
            globals_.append(Global(type_, init))
        self.module.globals = tuple(globals_)
        return pos

    def _exports(self, pos: int) -> int:
        data, end = self.data, self.end
        count, pos = self._count(pos, "exports", limits.MAX_EXPORTS)
        exports = []
        for _ in range(count):
            start = pos
            title, pos = name(data, pos, end)
            kind = self._extern_kind(pos, ErrCode.MALFORMED_EXPORT_KIND)
            index, pos = u32(data, pos + 1, end)
            exports.append(Export(title, kind, index, start))
        self.module.exports = tuple(exports)
        return pos

    def _start(self, pos: int) -> int:
        self.module.start, pos = u32(self.data, pos, self.end)
        return pos

    def _elements(self, pos: int) -> int:
        count, pos = self._count(pos, "element segments", limits.MAX_ELEMENT_SEGMENTS)
        elements = []
        for _ in range(count):
            element, pos = self._element(pos)
            elements.append(element)
        self.module.elements = tuple(elements)
        return pos

    def _element(self, pos: int) -> tuple[Element, int]:
        """A segment; its flags: 1 not active, 2 explicit table or declarative, 4 expressions."""
        data, end = self.data, self.end
        start = pos
        flags, pos = self._segment_flags(pos, 7)
        explicit, expressions = flags & 2, flags & 4
        mode, table, offset = SegmentMode.ACTIVE, 0, None
        if flags & 1:
            mode = SegmentMode.DECLARATIVE if explicit else SegmentMode.PASSIVE
        else:
            if explicit:
                table, pos = u32(data, pos, end)
            offset, pos = self._expression(pos)
        type_ = ValType.FUNCREF
        if flags & 3:
            if expressions:
                type_, pos = ref_type(data, pos, end, self.types)
            else:
                kind, pos = u32(data, pos, end)
                if kind:
                    detail = f"element kind {kind}"
                    raise LoadError(ErrCode.EXPECTED_ZERO_BYTE, detail, offset=pos - 1)
        count, pos = self._count(pos, "elements", limits.MAX_SEGMENT_ELEMENTS)
        if not expressions:
            funcs, pos = u32_vector(data, pos, end, count)
            return Element(mode, type_, table, offset, funcs, None, start), pos
        exprs = []
        for _ in range(count):
            expression, pos = self._expression(pos)
            exprs.append(expression)
        return Element(mode, type_, table, offset, None, tuple(exprs), start), pos

    def _data_count(self, pos: int) -> int:
        self.module.data_count, pos = u32(self.data, pos, self.end)
        return pos

    def _code(self, pos: int) -> int:
        """Ranges of the bodies."""
        count, pos = self._count(pos, "bodies", limits.MAX_FUNCTIONS)
        marks, error = body_marks(self.data, pos, self.end, count)
        bodies = self.module.bodies = Bodies(self.data, marks)
        if self.bodies:
            self._check_locals(bodies)
        if error:
            raise error
        return marks[-1]

    def _check_locals(self, bodies: Bodies) -> None:
        data, types = self.data, self.types
        for start, stop in bodies:
            if start == stop or data[start]:  # else no local declarations
                check_locals(data, start, stop, types)

    def _datas(self, pos: int) -> int:
        count, pos = self._count(pos, "data segments", limits.MAX_DATA_SEGMENTS)
        datas = self.module.datas = Datas(self.data)
        return data_segments(datas, self.data, pos, self.end, count, self._data)

    def _data(self, pos: int) -> tuple[Data, int]:
        """A data segment that is not plain."""
        data, end = self.data, self.end
        start = pos
        flags, pos = self._segment_flags(pos, 2)
        memory, offset = 0, None
        if flags == 2:
            memory, pos = u32(data, pos, end)
        if flags != 1:
            offset, pos = self._expression(pos)
        size, pos = u32(data, pos, end)
        if size > end - pos:
            detail = f"data segment of {size} bytes, {end - pos} left"
            raise unexpected_end(pos, detail)
        mode = SegmentMode.PASSIVE if flags == 1 else SegmentMode.ACTIVE
        return Data(mode, memory, offset, (pos, pos + size), start), pos + size

    # --- parts of sections ---------------------------------------------------------------

    def _count(self, pos: int, what: str, limit: int) -> tuple[int, int]:
        """The length of a vector, checked against the limit of this implementation."""
        count, after = u32(self.data, pos, self.end)
        if count > limit:
            detail = f"{count} {what}, limit {limit}"
            raise LoadError(ErrCode.LENGTH_OUT_OF_BOUNDS, detail, offset=pos)
        return count, after

    def _value_types(self, pos: int, what: str, limit: int) -> tuple[tuple[ValType, ...], int]:
        count, pos = self._count(pos, what, limit)
        types = []
        for _ in range(count):
            type_, pos = value_type(self.data, pos, self.end, self.types)
            types.append(type_)
        return tuple(types), pos

    def _extern_kind(self, pos: int, code: ErrCode) -> ExternKind:
        if pos >= self.end:
            raise unexpected_end(pos)
        kind = self.data[pos]
        if kind > ExternKind.GLOBAL:
            from .proposals import extern_kind

            raise LoadError(code, extern_kind(kind), offset=pos)
        return ExternKind(kind)

    def _table_type(self, pos: int) -> tuple[TableType, int]:
        element, pos = ref_type(self.data, pos, self.end, self.types)
        size, _, pos = self._limits(pos, shareable=False)
        return TableType(element, size), pos

    def _memory_type(self, pos: int) -> tuple[MemoryType, int]:
        size, shared, pos = self._limits(pos, shareable=Proposal.THREADS in self.proposals)
        return MemoryType(size, shared), pos

    def _limits(self, pos: int, *, shareable: bool) -> tuple[Limits, bool, int]:
        """Limits and whether they are marked as shared: flag 1 there is a maximum, 2 shared."""
        data, end = self.data, self.end
        if pos >= end:
            raise unexpected_end(pos)
        flags = data[pos]
        if flags > (3 if shareable else 1):
            long = flags in (0x80, 0x81)
            code = ErrCode.INTEGER_TOO_LONG if long else ErrCode.INTEGER_TOO_LARGE
            from .proposals import limits_flags

            detail = limits_flags(flags, 3 if shareable else 1)
            raise LoadError(code, detail, offset=pos)
        low, pos = u32(data, pos + 1, end)
        high = None
        if flags & 1:
            high, pos = u32(data, pos, end)
        return Limits(low, high), bool(flags & 2), pos

    def _global_type(self, pos: int) -> tuple[GlobalType, int]:
        type_, pos = value_type(self.data, pos, self.end, self.types)
        if pos >= self.end:
            raise unexpected_end(pos)
        mutability = self.data[pos]
        if mutability > 1:
            detail = f"mutability 0x{mutability:02x}"
            raise LoadError(ErrCode.INVALID_MUT, detail, offset=pos)
        return GlobalType(type_, bool(mutability)), pos + 1

    def _expression(self, pos: int) -> tuple[Range, int]:
        after = self.scanner.skip(self.data, pos, self.end)
        return (pos, after), after

    def _segment_flags(self, pos: int, highest: int) -> tuple[int, int]:
        """The number that starts a segment; in the first version it was an index, always 0."""
        flags, after = u32(self.data, pos, self.end)
        if flags and not self._passive_segments():
            detail = f"segment flags {flags}"
            raise LoadError(ErrCode.EXPECTED_ZERO_BYTE, detail, offset=pos)
        if flags > highest:
            detail = f"segment flags {flags}"
            raise LoadError(ErrCode.ILLEGAL_GRAMMAR, detail, offset=pos)
        return flags, after

    def _passive_segments(self) -> bool:
        """Whether the proposals that brought passive segments (either of two) are on."""
        return (
            Proposal.BULK_MEMORY_OPERATIONS in self.proposals
            or Proposal.REFERENCE_TYPES in self.proposals
        )


_SECTIONS = {
    1: _Decoder._types,
    2: _Decoder._imports,
    3: _Decoder._functions,
    4: _Decoder._tables,
    5: _Decoder._memories,
    6: _Decoder._globals,
    7: _Decoder._exports,
    8: _Decoder._start,
    9: _Decoder._elements,
    12: _Decoder._data_count,
    10: _Decoder._code,
    11: _Decoder._datas,
}
"""Section ids in the order in which they must appear, and who decodes them."""
