"""Module instance contexts: the C index of what a :class:`ModuleInstance` exports."""

from __future__ import annotations

from threading import RLock
from weakref import WeakKeyDictionary, WeakValueDictionary

from ..base.forking import fork_safe
from ..base.types import ExternKind, GlobalType, ValType
from ..code.types import type_of
from ..kernel.native import address, ffi, lib
from ..kernel.objects import own
from ..runtime import instance as instances
from ..runtime.call import caller
from ..runtime.function import FunctionInstance, live
from ..runtime.global_ import GlobalInstance
from ..runtime.instance import ModuleInstance
from ..runtime.memory import MemoryInstance
from ..runtime.table import TableInstance
from ..runtime.values import function_at, signature
from ..vm import as_wasi_module, new_wasi_module
from .export import contexts, export, kind, log_failure, name, strings, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..kernel.native import CData
    from ..runtime.core import Core

kind("ModuleInstanceContext", ModuleInstance)

_lock = fork_safe(RLock())
_by_instance: dict[int, _Context] = {}
"""Contexts by ``id`` of the instance."""
_given: WeakValueDictionary[int, Any] = WeakValueDictionary()
"""The tables, memories and globals that hosts have given to modules, by address: a global by that
of its value, since the context of an instance's global goes with the instance."""

_contexts_of_globals: WeakKeyDictionary[GlobalInstance, CData] = WeakKeyDictionary()
"""The contexts that hosts have made, by the objects that own them now."""


class _Context:
    """A context and what lives as long as it.

    Attributes:
        c: the ``WasmEdge_ModuleInstanceContext``.
        core: the instance's owner, even after it has been closed, since calls may still run.
        kept: what the host gave to the module.
        lent: whether it is not the host's to delete.
    """

    __slots__ = ("c", "core", "instance", "kept", "lent")

    def __init__(self, instance: ModuleInstance, c: CData) -> None:
        self.instance = instance
        self.c = c
        self.core = instance._core
        self.kept: list[object] = []
        self.lent = False


def context_of(instance: ModuleInstance) -> CData:
    """The context of an instance; made, with one reference, if it has none yet."""
    with _lock:
        known = _by_instance.get(id(instance))
        if known is not None:
            return known.c
        characters = name(instance.name)
        core = instance._core
        c = lib.capi_module_new(characters, len(characters), core.c if core else ffi.NULL)
        if not c or not (_export_core(c, core) if core else _export_host(c, instance)):
            raise MemoryError
        _by_instance[id(instance)] = _Context(instance, c)
        contexts[address(c)] = instance
        return c


def lend(instance: ModuleInstance) -> CData:
    """The context of an instance that belongs to a VM."""
    with _lock:
        c = context_of(instance)
        _by_instance[id(instance)].lent = True
        return c


def release(instance: ModuleInstance) -> None:
    """Leave all stores and give back the owner's reference to the context."""
    with _lock:
        known = _by_instance.get(id(instance))
    instance.close()
    if known is not None:
        lib.capi_module_release(known.c)


def keep(instance: ModuleInstance, *things: object) -> list[object]:
    """Keep things as long as the context of an instance; returns all that are kept."""
    with _lock:
        known = _by_instance.get(id(instance))
        if known is None:
            return []
        known.kept += things
        return known.kept


def _of_context(place: int) -> ModuleInstance | None:
    found = contexts.get(place)
    return found if isinstance(found, ModuleInstance) else None


instances.of_context = _of_context
instances.end = release


def _export_core(c: CData, core: Core) -> bool:
    """Enter the exports of an instance of a WebAssembly module."""
    for key, (kind_, index) in core.plan.exports.items():
        characters = name(key)
        length = len(characters)
        if kind_ == ExternKind.GLOBAL and (made := _made_by_host(core, index)):
            ok = lib.capi_module_export(c, kind_, characters, length, made, lib.WE_ASK_PYTHON)
        elif kind_ == ExternKind.GLOBAL:
            type_ = core.plan.tree.global_types[index]
            ok = lib.capi_module_export_global(
                c, characters, length, index, type_.type, type_.mutable
            )
        else:
            imported = kind_ == ExternKind.FUNCTION and index < len(core.functions)
            object_ = core.functions[index].c if imported else ffi.NULL
            ok = lib.capi_module_export(c, kind_, characters, length, object_, index)
        if not ok:
            return False
    return True


def _made_by_host(core: Core, index: int) -> CData | None:
    """The context that a C host has made, if that is the global an instance has imported."""
    if index >= len(core.globals):
        return None
    global_ = core.globals[index]
    context = _contexts_of_globals.get(global_)
    return ffi.cast("void *", context) if context is not None else None


def _export_host(c: CData, instance: ModuleInstance) -> bool:
    """Enter the exports of a host module of Python, to be made when they are found."""
    lists = (
        (ExternKind.FUNCTION, instance.list_functions()),
        (ExternKind.TABLE, instance.list_tables()),
        (ExternKind.MEMORY, instance.list_memories()),
        (ExternKind.GLOBAL, instance.list_globals()),
    )
    for kind_, keys in lists:
        for key in keys:
            characters = name(key)
            ask = lib.WE_ASK_PYTHON
            if not lib.capi_module_export(c, kind_, characters, len(characters), ffi.NULL, ask):
                return False
    return True


@ffi.def_extern()
def we_py_find(pointer: CData, kind_: int, characters: CData, length: int) -> CData:
    """See ``src/callbacks.h``."""
    instance: ModuleInstance = contexts[address(pointer)]
    key = ffi.buffer(characters, length)[:].decode("utf-8", "surrogateescape")
    found = instance.find(key, ExternKind(kind_))
    if isinstance(found, GlobalInstance):
        made = ffi.new("WasmEdge_GlobalInstanceContext *")
        made.storage = found.c
        made.type.type = found.type.type
        made.type.mutability = found.type.mutable
        _by_instance[id(instance)].kept += found, made
        return ffi.cast("void *", made)
    return ffi.cast("void *", found.c) if found is not None else ffi.NULL


@ffi.def_extern()
def we_py_module_end(pointer: CData) -> None:
    """See ``src/callbacks.h``."""
    with _lock:
        instance = contexts.pop(address(pointer), None)
        ended = _by_instance.pop(id(instance), None)
    if instance is not None:
        instance.close()
    del ended, instance  # outside of the lock: this may end the instance


# --- host modules ------------------------------------------------------------------------------


@export
def WasmEdge_ModuleInstanceCreate(module_name: CData) -> CData:
    return context_of(ModuleInstance(text(module_name)))


@export
def WasmEdge_ModuleInstanceDelete(instance: ModuleInstance | None) -> None:
    if instance is None:
        return
    with _lock:
        known = _by_instance.get(id(instance))
        lent = known is not None and known.lent
    if not lent:
        release(instance)


def _add(
    instance: ModuleInstance, kind_: ExternKind, key: CData, twin: Any, object_: CData
) -> None:
    """Export what the host made, from now on the module's."""
    string = text(key)
    instance._put(kind_, string, twin)
    characters = name(string)
    with _lock:
        known = _by_instance[id(instance)]
        known.kept.append(twin)
    object_ = ffi.cast("void *", object_)
    ask = lib.WE_ASK_PYTHON
    if not lib.capi_module_export(known.c, kind_, characters, len(characters), object_, ask):
        raise MemoryError


@export
def WasmEdge_ModuleInstanceAddFunction(
    instance: ModuleInstance | None, key: CData, function: CData
) -> None:
    if instance is None:
        return
    func = ffi.cast("we_func *", function)
    with _lock:
        twin = live.get(address(func))
        if twin is None and lib.capi_function_take(func):
            sig = signature(type_of(func.type_id))
            owned = own(func, "capi_function_free")
            twin = FunctionInstance(
                func, sig.type, caller(func, sig, text(key), None), text(key), None, owned
            )
            live[address(func)] = twin
        elif twin is None:
            twin = function_at(address(func))
    _add(instance, ExternKind.FUNCTION, key, twin, func)


@export
def WasmEdge_ModuleInstanceAddTable(
    instance: ModuleInstance | None, key: CData, table: CData
) -> None:
    if instance is not None:
        c = ffi.cast("we_table *", table)
        _add(instance, ExternKind.TABLE, key, _twin(ExternKind.TABLE, c), c)


@export
def WasmEdge_ModuleInstanceAddMemory(
    instance: ModuleInstance | None, key: CData, memory: CData
) -> None:
    if instance is not None:
        c = ffi.cast("we_memory *", memory)
        _add(instance, ExternKind.MEMORY, key, _twin(ExternKind.MEMORY, c), c)


@export
def WasmEdge_ModuleInstanceAddGlobal(
    instance: ModuleInstance | None, key: CData, global_: CData
) -> None:
    if instance is not None:
        twin = _twin(ExternKind.GLOBAL, global_)
        if global_.module:  # the context goes with that module, which now goes later
            lib.capi_module_acquire(global_.module)
            keep(instance, own(global_.module, "capi_module_release"))
        _add(instance, ExternKind.GLOBAL, key, twin, global_)


def _twin(kind_: ExternKind, c: CData) -> Any:
    """The Python object for a table, memory or global.

    What the host made is owned by it from now on. Anything else belongs to a module already,
    which shares it.

    Raises:
        LookupError: it belongs to nobody.
    """
    of_global = kind_ == ExternKind.GLOBAL
    place = address(c.storage if of_global else c)  # the Python object keeps this; not always c
    with _lock:
        found = _given.get(place)
        if found is None:
            if c.owned or (of_global and _is_of_instance(c)):
                found = _part_of_instance(kind_, place)
            else:
                found = _adopt(kind_, c)
            _given[place] = found
        return found


def _is_of_instance(global_: CData) -> bool:
    return bool(global_.storage != ffi.addressof(global_[0], "own"))


def _adopt(kind_: ExternKind, c: CData) -> Any:
    """The owner of what the host made."""
    if kind_ == ExternKind.TABLE:
        return TableInstance.adopt(c)
    if kind_ == ExternKind.MEMORY:
        return MemoryInstance.adopt(c)
    c.owned = True
    type_ = GlobalType(ValType(c.type.type), bool(c.type.mutability))
    made = GlobalInstance.adopt(c.storage, type_, own(c, "capi_global_free"))
    _contexts_of_globals[made] = c
    return made


def _part_of_instance(kind_: ExternKind, place: int) -> Any:
    """The table, memory or global with that address, of the instance it belongs to."""
    for known in _by_instance.values():
        core = known.core
        if core is None:
            continue
        tree = core.plan.tree
        places, count = {
            ExternKind.TABLE: (core.c.tables, len(tree.table_types)),
            ExternKind.MEMORY: (core.c.memories, len(core.memories)),
            ExternKind.GLOBAL: (core.c.globals, len(tree.global_types)),
        }[kind_]
        for index in range(count):
            if address(places[index]) == place:
                return core.export(kind_, index)
    raise LookupError("what is to be exported belongs to no instance")


# --- WASI --------------------------------------------------------------------------------------


@export
def WasmEdge_ModuleInstanceCreateWASI(
    args: CData,
    arg_count: int,
    envs: CData,
    env_count: int,
    preopens: CData,
    preopen_count: int,
) -> CData:
    wasi = new_wasi_module()
    wasi.init(strings(args, arg_count), strings(envs, env_count), strings(preopens, preopen_count))
    return context_of(wasi)


@export
def WasmEdge_ModuleInstanceInitWASI(
    instance: ModuleInstance | None,
    args: CData,
    arg_count: int,
    envs: CData,
    env_count: int,
    preopens: CData,
    preopen_count: int,
) -> None:
    wasi = as_wasi_module(instance)
    if wasi is not None:
        wasi.init(
            strings(args, arg_count), strings(envs, env_count), strings(preopens, preopen_count)
        )


@export
def WasmEdge_ModuleInstanceWASIGetExitCode(instance: ModuleInstance | None) -> int:
    wasi = as_wasi_module(instance)
    return wasi.exit_code if wasi is not None else 1


@ffi.def_extern()
def we_py_forget(code: int) -> None:
    """See ``src/callbacks.h``."""
    from ..base.errors import Exit, WasmError
    from ..code.failures import take_failure
    from ..runtime.call import forget

    error = take_failure()
    if isinstance(error, WasmError) and error.code == code:  # an invalid function
        log_failure(str(error))
        return
    error = forget() or error
    if error is not None and not isinstance(error, Exit):
        import traceback

        log_failure("".join(traceback.format_exception(error)))
