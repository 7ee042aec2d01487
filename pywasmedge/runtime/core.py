"""What a module instance owns and what it keeps alive.

A ``Core`` is the Python owner of a ``we_instance``. Function, table and global objects refer to
the core they belong to, never to the ``ModuleInstance`` that users hold, so no cycle arises
unless instances really can reach each other's functions.

Who can reach whom: an instance keeps alive what it imports. Where functions can flow the other
way (through an imported table, a mutable global, a function with funcref parameters), the
exporter keeps the importer alive as well, in ``kept``; and functions that Python puts somewhere
are kept there. Such groups go together, by Python's cyclic garbage collection.
"""

from __future__ import annotations

from weakref import ref

from ..base.errors import ErrCode, Trap
from ..base.types import ExternKind, ValType
from ..kernel.native import address, ffi, lib
from ..kernel.objects import object_at
from .call import caller
from .externref import GLOBAL, SEGMENT, TABLE, add_holder
from .function import FunctionInstance, live
from .global_ import GlobalInstance
from .memory import MemoryInstance
from .table import TableInstance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..code.compiled import CompiledModule
    from ..kernel.objects import Owned
    from .plan import Plan

    Extern = FunctionInstance | TableInstance | MemoryInstance | GlobalInstance


class Core:
    """An instance's part in Python.

    Attributes:
        c: the ``we_instance``.
        plan: what is the same in all instances of the module.
        compiled: the module's code.
        functions, globals: the imported ones.
        memories: all memories.
        tables: the imported tables as instances, then the own ones as (``we_table``, owner).
        kept: other things that live as long as this, see above; by address.
    """

    __slots__ = (
        "__weakref__",
        "_caller",
        "_owned",
        "_tables",
        "c",
        "compiled",
        "externrefs",
        "functions",
        "globals",
        "kept",
        "memories",
        "own_tables",
        "plan",
        "tables",
    )

    def __init__(
        self,
        plan: Plan,
        compiled: CompiledModule,
        c: Any,
        owned: Owned,
        functions: list[FunctionInstance],
        tables: list[TableInstance],
        memories: list[MemoryInstance],
        globals_: list[GlobalInstance],
        own_tables: list[tuple[Any, Owned]],
    ) -> None:
        self.plan = plan
        self.compiled = compiled
        self.c = c
        self._owned = owned
        self.functions = functions
        self.tables = tables
        self.memories = memories
        self.globals = globals_
        self.own_tables = own_tables
        self.kept: dict[int, object] = {}
        c.self = ffi.cast("void *", id(self))
        if plan.holds_externrefs:
            self.externrefs = self._externref_places()
            add_holder(self)
        self._caller: Caller | None = None
        self._tables: dict[int, ref[TableInstance]] | None = None

    def _externref_places(self) -> tuple[int, ...]:
        """Where the guest may keep external references; imported places are their owners'."""
        c, tree = self.c, self.plan.tree
        places: list[int] = []
        for index, type_ in enumerate(tree.tables, len(self.tables)):
            if type_.element == ValType.EXTERNREF:
                places += TABLE, address(c.tables[index])
        for index, global_ in enumerate(tree.globals, len(self.globals)):
            if global_.type.type == ValType.EXTERNREF:
                places += GLOBAL, address(c.globals[index])
        for index, segment in enumerate(tree.elements):
            if segment.type == ValType.EXTERNREF:
                places += SEGMENT, address(c.elements + index)
        return tuple(places)

    def export(self, kind: ExternKind, index: int, name: str | None = None) -> Extern:
        """The object for a function, table, memory or global of the instance."""
        if kind == ExternKind.FUNCTION:
            return self.function(index, name)
        if kind == ExternKind.TABLE:
            return self.table(index)
        if kind == ExternKind.MEMORY:
            return self.memories[index]
        return self.global_(index)

    def function(self, index: int, name: str | None = None) -> FunctionInstance:
        """Function ``index`` (imports first); ``name`` is what it is exported as."""
        if index < len(self.functions):
            return self.functions[index]
        func = lib.we_instance_func(self.c, index)
        if not func:
            raise MemoryError
        key = address(func)
        found = live.get(key)
        if found is None:
            signature = self.plan.signature_of(index)
            call = caller(func, signature, name, self)
            found = FunctionInstance(func, signature.type, call, name, self)
            found = live.setdefault(key, found)
        return found

    def table(self, index: int) -> TableInstance:
        """Table ``index`` (imports first)."""
        imported = len(self.tables)
        if index < imported:
            return self.tables[index]
        cache = self._tables
        if cache is None:
            cache = self._tables = {}
        known = cache.get(index)
        found = known() if known else None
        if found is None:
            c, owned = self.own_tables[index - imported]
            element = self.plan.tree.table_types[index].element
            found = TableInstance.of_core(self, c, element, owned)
            cache[index] = ref(found)
        return found

    def global_(self, index: int) -> GlobalInstance:
        """Global ``index`` (imports first)."""
        if index < len(self.globals):
            return self.globals[index]
        return GlobalInstance.of_core(
            self, self.c.globals[index], self.plan.tree.global_types[index]
        )

    def function_name(self, index: int) -> str:
        """What to call function ``index`` when talking to people."""
        return self.plan.function_name(index)

    @property
    def caller(self) -> Caller:
        """What host functions learn about this instance when it calls them."""
        if self._caller is None:
            self._caller = Caller(self)
        return self._caller

    def tie_to_providers(self) -> None:
        """Have those keep this instance alive that can get hold of its functions."""
        mine = address(self.c)
        for table in self.tables:
            if table.element == ValType.FUNCREF:
                table.kept[mine] = self
        for global_ in self.globals:
            if global_.type.mutable and global_.type.type == ValType.FUNCREF:
                global_.kept[mine] = self
        for function in self.functions:
            if function._owner is not None and ValType.FUNCREF in function.type.params:
                function._owner.kept[mine] = self


class ArgumentFault(Trap):
    """What a guest passed to a host function is not what it has to be.

    A range does not lie in the guest's memory, or its bytes are not UTF-8 where text is wanted.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(ErrCode.EXECUTION_FAILED, detail)


class Caller:
    """The instance that calls a host function, as far as the host function may see it.

    Valid during the call. If the host itself is the caller there is no memory and there are no
    exports.
    """

    __slots__ = ("__weakref__", "_core", "_size", "_view", "memory")

    memory: MemoryInstance | None
    """The caller's memory 0, ``None`` if it has none."""

    def __init__(self, core: Core | None) -> None:
        self._core = ref(core) if core else None
        self.memory = core.memories[0] if core and core.memories else None
        self._view = memoryview(b"")
        self._size = 0

    @property
    def view(self) -> memoryview:
        """The bytes of :attr:`memory` as they are now; empty without a memory."""
        memory = self.memory
        if memory is not None and memory.c.size != self._size:
            self._view = memoryview(memory)
            self._size = len(self._view)
        return self._view

    def range(self, address: int, size: int) -> memoryview:
        """The bytes [address, address + size) of the memory themselves, writable.

        Both numbers are taken as unsigned 32-bit ones, as guests pass them.

        Raises:
            ArgumentFault: they do not all lie in the memory, or there is none.
        """
        address &= 0xFFFFFFFF
        end = address + (size & 0xFFFFFFFF)
        view = self.view
        if end > len(view) or not view:
            raise ArgumentFault(f"bytes {address:#x} to {end:#x} of a memory of {len(view):#x}")
        return view[address:end]

    def read(self, address: int, size: int) -> bytes:
        """A copy of the bytes [address, address + size); raises as :meth:`range`."""
        return bytes(self.range(address, size))

    def write(self, address: int, data: bytes | memoryview) -> None:
        """Store bytes at an address; raises as :meth:`range`, and nothing is stored then."""
        self.range(address, len(data))[:] = data

    def export(self, name: str) -> Extern | None:
        """The caller's export ``name``, such as its allocator; ``None`` if there is none."""
        core = self._core() if self._core else None
        found = core.plan.exports.get(name) if core else None
        return core.export(*found, name) if core and found else None

    def __repr__(self) -> str:
        return f"<Caller with {self.memory!r}>"


NOBODY = Caller(None)
"""The caller when there is none."""


def caller_of(from_instance: Any) -> Caller:
    """The caller for a ``we_instance`` pointer that may be NULL."""
    if not from_instance:
        return NOBODY
    core: Core = object_at(address(from_instance.self))
    return core.caller
