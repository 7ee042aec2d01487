"""Executor contexts."""

from __future__ import annotations

from ..kernel.native import address, ffi, lib
from ..runtime.executor import Executor
from ..runtime.statistics import Statistics
from .ast_module import Ast
from .configure import configuration_and_switches
from .export import contexts, export, kind, text
from .module_instance import context_of
from .store import CStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..base.errors import Exit
    from ..kernel.native import CData
    from ..runtime.instance import ModuleInstance


class HostsExecutor(Executor):
    """An executor for which every end that a guest gives itself is a success."""

    __slots__ = ()

    def _ended(self, end: Exit) -> None:
        """See :class:`Executor`."""


class CExecutor(HostsExecutor):
    """An executor with a context ``c``."""

    __slots__ = ("c",)

    def __init__(self, configure: CData, statistics: CData) -> None:
        own, switches = configuration_and_switches(configure)
        c = ffi.cast("we_statistics *", statistics)
        super().__init__(own, Statistics(c) if c else None)
        measuring = ffi.new("we_measuring *")
        if c and switches:
            measuring.statistics = c
            measuring.switches = switches
        self.c = lib.capi_executor_new(measuring)
        if not self.c:
            raise MemoryError
        contexts[address(self.c)] = self


kind("ExecutorContext", CExecutor)


@export
def WasmEdge_ExecutorCreate(configure: CData, statistics: CData) -> CData:
    return CExecutor(configure, statistics).c


@export
def WasmEdge_ExecutorInstantiate(
    executor: CExecutor, out: CData, store: CStore, module: Ast
) -> None:
    out[0] = context_of(executor.instantiate(store, module.module))


@export
def WasmEdge_ExecutorRegister(
    executor: CExecutor, out: CData, store: CStore, module: Ast, name: CData
) -> None:
    out[0] = context_of(executor.register(store, module.module, text(name)))


@export
def WasmEdge_ExecutorRegisterImport(
    executor: CExecutor, store: CStore, instance: ModuleInstance
) -> None:
    executor.register_import(store, instance)


@export
def WasmEdge_ExecutorDelete(executor: CExecutor | None) -> None:
    if executor is not None and contexts.pop(address(executor.c), None) is executor:
        lib.capi_executor_free(executor.c)
