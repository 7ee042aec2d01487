"""Module instances (section 4.2.5): what a module became, or what a host offers to modules."""

from __future__ import annotations

from threading import RLock
from weakref import WeakSet

from ..base.closing import Closing
from ..base.types import ExternKind
from .core import Core
from .function import FunctionInstance, host_function
from .global_ import GlobalInstance
from .memory import MemoryInstance
from .table import TableInstance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, MutableMapping
    from typing import Any

    from ..base.types import ExternType, FunctionType
    from .core import Extern
    from .store import Store

    Pending = MutableMapping[str, Callable[[], FunctionInstance]]

_CLASSES: dict[ExternKind, type] = {
    ExternKind.FUNCTION: FunctionInstance,
    ExternKind.TABLE: TableInstance,
    ExternKind.MEMORY: MemoryInstance,
    ExternKind.GLOBAL: GlobalInstance,
}


class Exports:
    """The exports of an instance: ``exports.name`` or ``exports["any name"]``.

    Attributes are functions (to be called), memories, tables and globals. ``in``, ``len``,
    iteration over names and ``dir`` work. If a host module has the same name for several kinds,
    the function comes first, then table, memory, global.
    """

    __slots__ = ("__dict__", "_core", "_items", "_lock", "_pending")

    def __init__(self, core: Core | None, pending: Pending | None = None) -> None:
        put = object.__setattr__
        put(self, "_core", core)
        put(self, "_items", {})
        put(self, "_pending", {} if pending is None else pending)
        put(self, "_lock", RLock())  # finalisers may run anywhere, and look here

    if TYPE_CHECKING:
        _core: Core | None
        _items: dict[tuple[ExternKind, str], Extern]
        _pending: Pending
        _lock: RLock

    def __getattr__(self, name: str) -> Any:
        found = find(self, name)
        if found is None:
            raise AttributeError(f"no export named {name!r}")
        self.__dict__[name] = found  # next time without this function
        return found

    def __getitem__(self, name: str) -> Any:
        found = find(self, name)
        if found is None:
            raise KeyError(name)
        return found

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("exports cannot be assigned; set a global through its value")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("exports cannot be deleted")

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and find(self, name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(names(self))

    def __len__(self) -> int:
        return len(names(self))

    def __dir__(self) -> list[str]:
        return names(self)

    def __repr__(self) -> str:
        return f"<exports {', '.join(names(self))}>"


def find(exports: Exports, name: str, kind: ExternKind | None = None) -> Extern | None:
    """The export called ``name``, of ``kind`` if given."""
    if kind is None:
        core = exports._core
        known = core.plan.exports.get(name) if core else None
        kinds = (known[0],) if known else ExternKind
        return next((f for k in kinds if (f := find(exports, name, k)) is not None), None)
    found = exports._items.get((kind, name))
    if found is not None:
        return found
    with exports._lock:
        found = exports._items.get((kind, name))
        if found is None:
            core = exports._core
            known = core.plan.exports.get(name) if core else None
            if core and known and known[0] == kind:
                found = core.export(*known, name)
            elif kind == ExternKind.FUNCTION and name in exports._pending:
                found = exports._pending[name]()
            if found is not None:
                exports._items[kind, name] = found
    return found


def names(exports: Exports, kind: ExternKind | None = None) -> list[str]:
    """The sorted names of all exports, or of those of one kind."""
    core = exports._core
    found = {n for n, (k, _) in core.plan.exports.items() if kind in (None, k)} if core else set()
    with exports._lock:
        found.update(n for k, n in exports._items if kind in (None, k))
        if kind in (None, ExternKind.FUNCTION):
            found.update(exports._pending)
    return sorted(found, key=str.encode)


class ModuleInstance(Closing):
    """An instantiated module, or a host module.

    A host module is made with the constructor and filled by the ``add_`` methods; instances of
    modules come from :class:`Executor` and :class:`VM`. Safe from several threads: a lock guards
    the export names; calls of exports take none.

    Attributes:
        name: the name it was made or registered with, ``""`` for an anonymous one.
        exports: its exports as attributes.
    """

    __slots__ = ("__weakref__", "_core", "_stores", "exports", "name")

    def __init__(self, name: str = "", exports: Mapping[str, Any] | None = None) -> None:
        """Make a host module.

        Args:
            name: what modules import it as.
            exports: functions (``FunctionInstance`` or annotated Python callables), tables,
                memories and globals by name.
        """
        self._setup(name, None)
        for key, value in (exports or {}).items():
            self._add(key, value)

    def _setup(self, name: str, core: Core | None, pending: Pending | None = None) -> None:
        """Initialise; ``pending`` makes host functions when something first asks for them."""
        self.name = name
        self._core = core
        self._stores: WeakSet[Store] = WeakSet()
        self.exports = Exports(core, pending)

    @classmethod
    def create(cls, name: str = "", exports: Mapping[str, Any] | None = None) -> ModuleInstance:
        """Make a host module; the same as the constructor."""
        return cls(name, exports)

    @classmethod
    def of_pending(cls, name: str, pending: Pending) -> ModuleInstance:
        """A host module whose functions are made when something first asks for them."""
        self = ModuleInstance.__new__(ModuleInstance)
        self._setup(name, None, pending)
        return self

    @classmethod
    def of_core(cls, core: Core, name: str) -> ModuleInstance:
        """The instance ``core`` under a name (``""`` for none)."""
        self = ModuleInstance.__new__(ModuleInstance)
        self._setup(name, core)
        return self

    def add_function(
        self,
        name: str,
        function: FunctionInstance | Callable[..., Any],
        type: FunctionType | None = None,
        *,
        caller: Any = None,
        params: Any = None,
    ) -> None:
        """Export a function; an earlier one of that name is replaced.

        A Python callable becomes a function instance when something first asks for it; see
        :meth:`FunctionInstance.from_callable` for ``type`` and ``caller``. Further kinds of
        ``caller``: ``memoryview`` gives the function the bytes of the caller's memory (empty if
        it has none). ``params`` is a ``struct.Struct`` that reads the parameters from 8-byte
        slots in its own way.

        Raises:
            TypeError: ``function`` is not callable.
        """
        if isinstance(function, FunctionInstance):
            self._put(ExternKind.FUNCTION, name, function)
            return
        if not callable(function):
            raise TypeError(f"export {name!r} is not callable")

        def make() -> FunctionInstance:
            return host_function(function, type, name=name, caller=caller, params=params)

        if type is None:
            self._put(ExternKind.FUNCTION, name, make())  # tell of bad annotations now
        else:
            with self.exports._lock:
                self.exports._items.pop((ExternKind.FUNCTION, name), None)
                self.exports._pending[name] = make
                self.exports.__dict__.pop(name, None)

    def add_table(self, name: str, table: TableInstance) -> None:
        """Export a table; an earlier one of that name is replaced."""
        self._put(ExternKind.TABLE, name, table)

    def add_memory(self, name: str, memory: MemoryInstance) -> None:
        """Export a memory; an earlier one of that name is replaced."""
        self._put(ExternKind.MEMORY, name, memory)

    def add_global(self, name: str, global_: GlobalInstance) -> None:
        """Export a global; an earlier one of that name is replaced."""
        self._put(ExternKind.GLOBAL, name, global_)

    def _add(self, name: str, value: Any) -> None:
        for kind, class_ in _CLASSES.items():
            if isinstance(value, class_):
                self._put(kind, name, value)
                return
        self.add_function(name, value)

    def _put(self, kind: ExternKind, name: str, value: Any) -> None:
        item: Extern = value
        if not isinstance(value, _CLASSES[kind]):
            raise TypeError(f"{_CLASSES[kind].__name__} expected, not {type(value).__name__}")
        with self.exports._lock:
            self.exports._items[kind, name] = item
            self.exports.__dict__.pop(name, None)

    def find_function(self, name: str) -> FunctionInstance | None:
        """The exported function of that name, or ``None``."""
        return self.find(name, ExternKind.FUNCTION)  # type: ignore[return-value]

    def find_table(self, name: str) -> TableInstance | None:
        """The exported table of that name, or ``None``."""
        return self.find(name, ExternKind.TABLE)  # type: ignore[return-value]

    def find_memory(self, name: str) -> MemoryInstance | None:
        """The exported memory of that name, or ``None``."""
        return self.find(name, ExternKind.MEMORY)  # type: ignore[return-value]

    def find_global(self, name: str) -> GlobalInstance | None:
        """The exported global of that name, or ``None``."""
        return self.find(name, ExternKind.GLOBAL)  # type: ignore[return-value]

    def find(self, name: str, kind: ExternKind | None = None) -> Extern | None:
        """The export of that name (and kind), or ``None``."""
        return find(self.exports, name, kind)

    def find_import(self, name: str, kind: ExternKind, wanted: ExternType) -> Extern | None:
        """What an import of that name, kind and type gets; whether it fits is not asked here."""
        found = self.find(name, kind)
        return self.find(name) if found is None else found

    def companion(self, name: str) -> ModuleInstance | None:
        """A module that belongs to this one and is found under ``name`` without registration."""
        return None

    def list_functions(self) -> list[str]:
        """Sorted names of the exported functions."""
        return names(self.exports, ExternKind.FUNCTION)

    def list_tables(self) -> list[str]:
        """Sorted names of the exported tables."""
        return names(self.exports, ExternKind.TABLE)

    def list_memories(self) -> list[str]:
        """Sorted names of the exported memories."""
        return names(self.exports, ExternKind.MEMORY)

    def list_globals(self) -> list[str]:
        """Sorted names of the exported globals."""
        return names(self.exports, ExternKind.GLOBAL)

    def close(self) -> None:
        """Leave all stores and let go of the exports; a second call does nothing.

        What others still use (an importer, a function or memory held by the host) lives on.
        """
        for store in list(self._stores):
            store._forget(self)
        self._core = None
        self.exports = Exports(None)

    def __repr__(self) -> str:
        return f"<ModuleInstance {self.name!r}: {len(self.exports)} exports>"


def _no_contexts(address: int) -> ModuleInstance | None:
    return None


of_context: Callable[[int], ModuleInstance | None] = _no_contexts
"""The instance behind a context of the C API, by its address; that part of the package sets it."""
end: Callable[[ModuleInstance], None] = ModuleInstance.close
"""Close an instance for its owner, who gives its context back as well; set likewise."""
