"""Instantiation (section 4.5.4): imports, allocation, segments, start function."""

from __future__ import annotations

from ..base.errors import ErrCode, LinkError, Trap
from ..base.types import ExternKind, FunctionType, GlobalType, Limits, MemoryType, TableType
from ..kernel.native import address, ffi, lib
from ..kernel.objects import Owned, own
from .core import Core
from .function import FunctionInstance
from .global_ import GlobalInstance
from .memory import MemoryInstance
from .plan import DataRun
from .table import TableInstance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..base.types import ExternType
    from ..code.compiled import CompiledModule
    from .core import Extern
    from .plan import DataPlan, ElementPlan, Plan

    Find = Callable[[str, str, ExternKind, ExternType], Extern | None]
    """Looks up module, name and kind; the type that is wanted may choose between functions."""


class Imports:
    """What a module's imports turned out to be, by kind, in order."""

    __slots__ = ("functions", "globals", "memories", "tables")

    def __init__(self, plan: Plan, find: Find) -> None:
        """Resolve and match all imports.

        Args:
            plan: the module's plan.
            find: gives the instance for an import, ``None`` if there is none.

        Raises:
            LinkError: 0x62 unknown, 0x61 of another kind or type.
        """
        self.functions: list[FunctionInstance] = []
        self.tables: list[TableInstance] = []
        self.memories: list[MemoryInstance] = []
        self.globals: list[GlobalInstance] = []
        for module, name, kind, wanted in plan.imports:
            found = find(module, name, kind, wanted)
            if found is None:
                raise _mismatch(ErrCode.UNKNOWN_IMPORT, module, name, "")
            if isinstance(found, FunctionInstance) and kind == ExternKind.FUNCTION:
                if found.type != wanted:
                    raise _mismatch(
                        ErrCode.INCOMPATIBLE_IMPORT_TYPE,
                        module,
                        name,
                        f": {wanted} expected, {found.type} found",
                    )
                self.functions.append(found)
            elif not _fits(found, wanted):
                code = ErrCode.INCOMPATIBLE_IMPORT_TYPE
                raise _mismatch(code, module, name, f": {wanted} expected, {found!r} found")
            elif isinstance(found, TableInstance):
                self.tables.append(found)
            elif isinstance(found, MemoryInstance):
                self.memories.append(found)
            elif isinstance(found, GlobalInstance):
                self.globals.append(found)


def _mismatch(code: ErrCode, module: str, name: str, detail: str) -> LinkError:
    return LinkError(code, f'"{module}" "{name}"{detail}')


def _fits(found: Extern, wanted: Any) -> bool:
    """Whether a table, memory or global matches an import's type (section 4.5.3)."""
    if isinstance(found, TableInstance):
        return (
            isinstance(wanted, TableType)
            and found.element == wanted.element
            and _within(found.type.limits, wanted.limits)
        )
    if isinstance(found, MemoryInstance):
        return (
            isinstance(wanted, MemoryType)
            and bool(found.c.shared) == wanted.shared
            and _within(found.type.limits, wanted.limits)
        )
    if isinstance(found, GlobalInstance):
        return isinstance(wanted, GlobalType) and found.type == wanted
    return isinstance(wanted, FunctionType) and found.type == wanted


def _within(limits: Limits, wanted: Limits) -> bool:
    """Whether limits (with the current size as minimum) match the wanted ones."""
    if limits.min < wanted.min:
        return False
    return wanted.max is None or (limits.max is not None and limits.max <= wanted.max)


def make_memories(plan: Plan, imports: Imports, limit: int) -> list[MemoryInstance]:
    """All memories of a new instance: the imported and its own.

    Raises:
        Trap: 0x88, a memory's minimum exceeds ``limit`` (the configuration's page limit).
        MemoryError: the system has no room for them.
    """
    memories = imports.memories.copy()
    for type_ in plan.tree.memories:
        if type_.limits.min > limit:
            detail = f"memory of {type_.limits.min} pages, at most {limit} are configured"
            raise Trap(ErrCode.MEMORY_OUT_OF_BOUNDS, detail)
        memories.append(MemoryInstance.create(type_, limit))
    return memories


def allocate(
    plan: Plan,
    compiled: CompiledModule,
    imports: Imports,
    memories: list[MemoryInstance],
    own_tables: list[tuple[Any, Owned]],
) -> Core:
    """A new instance with its globals initialised, segments not yet applied."""
    tree = plan.tree
    c = lib.we_instance_new(
        compiled.handle,
        len(memories),
        len(tree.table_types),
        len(tree.global_types),
        len(tree.globals),
        len(tree.elements),
        len(tree.datas),
    )
    owned = own(c, "we_instance_free", compiled.owned)
    for index, function in enumerate(imports.functions):
        lib.we_instance_import(c, index, function.c)
    for index, memory in enumerate(memories):
        lib.we_instance_set_memory(c, index, memory.c)
    index = 0
    for table in imports.tables:
        lib.we_instance_set_table(c, index, table.c)
        index += 1
    for own_table, _ in own_tables:
        lib.we_instance_set_table(c, index, own_table)
        index += 1
    for index, global_ in enumerate(imports.globals):
        c.globals[index] = global_.c
    if plan.image:
        ffi.memmove(c.own_globals, plan.image, len(plan.image))
    core = Core(
        plan,
        compiled,
        c,
        owned,
        imports.functions,
        imports.tables,
        memories,
        imports.globals,
        own_tables,
    )
    if plan.globals:
        first = len(imports.globals)
        get_global, ref_func = _accessors(core)
        for index, expression in plan.globals:
            bits = expression.value(get_global, ref_func)
            storage = c.globals[first + index]
            storage.low = bits & 0xFFFF_FFFF_FFFF_FFFF
            storage.high = bits >> 64
    return core


def initialise(core: Core) -> None:
    """Apply the active segments in order, then run the start function.

    What was written before a failure stays.

    Raises:
        Trap: 0x87 or 0x88 for a segment that does not fit, or what the start function traps with.
    """
    if core.functions or core.tables or core.globals:
        core.tie_to_providers()
    plan = core.plan
    for element in plan.elements:
        _apply_element(core, element)
    for data in plan.datas:
        _apply_data(core, data)
    if plan.tree.start is not None:
        core.function(plan.tree.start)()


def require_fitting_segments(core: Core) -> None:
    """Check all active segments while nothing is written yet.

    Raises:
        LinkError: 0x64 or 0x63, an element or data segment does not fit.
    """
    c = core.c
    accessors = _accessors(core)
    for element in core.plan.elements:
        if element.offset is not None:
            table = c.tables[element.table]
            if element.offset.value(*accessors) + element.count > table.size:
                detail = f"element segment {element.index}, table of {table.size}"
                raise LinkError(ErrCode.ELEM_SEG_DOES_NOT_FIT, detail)
    for data in core.plan.datas:
        if isinstance(data, DataRun):
            size = c.memories[0].size
            for i in range(data.count):
                if data.offsets[i] + data.ends[i] - data.starts[i] > size:
                    raise _no_data_fit(data.first + i, size)
        elif data.offset is not None:
            size = c.memories[data.memory].size
            if data.offset.value(*accessors) + data.length > size:
                raise _no_data_fit(data.index, size)


def _no_data_fit(index: int, size: int) -> LinkError:
    detail = f"data segment {index}, memory of {size} bytes"
    return LinkError(ErrCode.DATA_SEG_DOES_NOT_FIT, detail)


def _accessors(core: Core) -> tuple[Callable[[int], int], Callable[[int], int]]:
    c = core.c

    def get_global(index: int) -> int:
        storage = c.globals[index]
        return storage.low | storage.high << 64  # type: ignore[no-any-return]

    def ref_func(index: int) -> int:
        return address(lib.we_instance_func(c, index))

    return get_global, ref_func


def _apply_element(core: Core, element: ElementPlan) -> None:
    c = core.c
    count = element.count
    if element.offset is None:
        words = lib.we_instance_element(c, element.index, count)
        if not words:
            raise MemoryError
        _fill(core, element, words)
        return
    offset = element.offset.value(*_accessors(core))
    table = c.tables[element.table]
    if offset + count > table.size:
        detail = f"element segment {element.index}: {count} elements at {offset}, "
        raise Trap(ErrCode.TABLE_OUT_OF_BOUNDS, f"{detail}table has {table.size}")
    words = ffi.new("uint64_t[]", count)
    _fill(core, element, words)
    lib.we_table_write(table, offset, words, count)


def _fill(core: Core, element: ElementPlan, words: Any) -> None:
    """Write the references of an element segment."""
    if element.indices is None:
        accessors = _accessors(core)
        for position, item in enumerate(element.items):
            words[position] = item.value(*accessors)
    elif lib.we_instance_funcrefs(core.c, element.indices, element.count, words):
        raise MemoryError


def _apply_data(core: Core, data: DataPlan | DataRun) -> None:
    c = core.c
    if isinstance(data, DataRun):
        columns = data.offsets, data.base, data.starts, data.ends
        done = lib.we_memory_write_all(c.memories[0], *columns, data.count)
        if done < data.count:
            size = data.ends[done] - data.starts[done]
            raise _overflow(data.first + done, size, data.offsets[done], c.memories[0])
        return
    if data.offset is None:
        lib.we_instance_data(c, data.index, data.start, data.length)
        return
    offset = data.offset.value(*_accessors(core))
    memory = c.memories[data.memory]
    if lib.we_memory_write(memory, offset, data.start, data.length):
        raise _overflow(data.index, data.length, offset, memory)


def _overflow(index: int, length: int, offset: int, memory: Any) -> Trap:
    detail = f"data segment {index}: {length} bytes at {offset}, memory has {memory.size}"
    return Trap(ErrCode.MEMORY_OUT_OF_BOUNDS, detail)
