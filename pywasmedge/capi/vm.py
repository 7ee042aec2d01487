"""VM contexts: all stages of :class:`VM`; C knows the active module and executes by itself."""

from __future__ import annotations

from ..base import waiting
from ..cache import flush
from ..kernel.native import address, ffi, lib
from ..runtime.statistics import Statistics
from ..vm import VM, new_wasi_module
from . import module_instance
from .ast_module import Ast
from .configure import configuration_and_switches
from .executor import HostsExecutor
from .export import contexts, data, export, kind, path, text
from .store import CStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..base.config import Configure
    from ..kernel.native import CData
    from ..runtime.instance import ModuleInstance


waiting.elsewhere = lib.capi_async_handle


class CVM(VM):
    """A VM with a context ``c``. It owns the contexts of the modules it made itself."""

    def __init__(self, configure: Configure, switches: int, store: CStore | None) -> None:
        self._own_store = None if store is not None else CStore()
        used = store if store is not None else self._own_store
        assert used is not None
        self.c = lib.capi_vm_new(used.c, switches)
        if not self.c:
            raise MemoryError
        super().__init__(configure, used)
        for registration, module in self._host_modules.items():
            c = module_instance.lend(module)
            lib.capi_vm_set_host(self.c, registration, c)
        for module in self._plugin_modules:
            module_instance.lend(module)
        contexts[address(self.c)] = self

    def _new_statistics(self) -> Statistics:
        return Statistics(lib.capi_vm_statistics(self.c))

    def _new_executor(self) -> HostsExecutor:
        return HostsExecutor(self._configure, self._statistics)

    def _new_wasi(self) -> Any:
        return new_wasi_module()

    def _activate(self, instance: ModuleInstance | None) -> None:
        super()._activate(instance)
        if instance is None:
            lib.capi_vm_set_active(self.c, ffi.NULL)
        else:
            c = module_instance.lend(instance)
            lib.capi_vm_set_active(self.c, c)
            lib.capi_module_release(c)  # what made it needs it no more

    def _register(self, name: str, source: Any) -> ModuleInstance:
        instance = super()._register(name, source)
        module_instance.lend(instance)
        return instance

    def run(self, source: Any, name: CData, *call: Any) -> CData:
        """Load, validate, instantiate, then call: parameters, their number, buffer, its length."""
        instance = self._executor.instantiate(self._store, self._ready(source))
        c = module_instance.context_of(instance)
        lib.capi_module_acquire(c)  # another thread's run may end it before the call
        try:
            with self._lock:
                self._activate(instance)
            return lib.capi_vm_run(self.c, c, name, *call)
        finally:
            lib.capi_module_release(c)

    def close(self) -> None:
        """End the context, and what the VM owns."""
        if contexts.pop(address(self.c), None) is not self:
            return
        self.cleanup()
        hosts = [*self._host_modules.values(), *self._plugin_modules]
        for instance in [*self._registered, *hosts]:
            module_instance.context_of(instance)
            module_instance.release(instance)
        self._registered.clear()
        self._host_modules.clear()
        self._plugin_modules.clear()
        if self._own_store is not None:
            self._own_store.close()
        lib.capi_vm_free(self.c)
        flush()


kind("VMContext", CVM)


@export
def WasmEdge_VMCreate(configure: CData, store: CStore | None) -> CData:
    own, switches = configuration_and_switches(configure)
    return CVM(own, switches, store).c


@export
def WasmEdge_VMDelete(vm: CVM | None) -> None:
    if vm is not None:
        vm.close()


# --- registering -------------------------------------------------------------------------------


@export
def WasmEdge_VMRegisterModuleFromFile(vm: CVM, name: CData, file: CData) -> None:
    vm.register_module_from_file(text(name), path(file))


@export
def WasmEdge_VMRegisterModuleFromBuffer(vm: CVM, name: CData, buffer: CData, length: int) -> None:
    vm.register_module_from_bytes(text(name), data(buffer, length))


@export
def WasmEdge_VMRegisterModuleFromASTModule(vm: CVM, name: CData, module: Ast) -> None:
    vm.register_module_from_module(text(name), module.module)


@export
def WasmEdge_VMRegisterModuleFromImport(vm: CVM, instance: ModuleInstance) -> None:
    vm.register_module(instance)


# --- all at once -------------------------------------------------------------------------------


@export
def WasmEdge_VMRunWasmFromFile(
    vm: CVM,
    file: CData,
    name: CData,
    params: CData,
    param_count: int,
    returns: CData,
    return_count: int,
) -> CData:
    return vm.run(path(file), name, params, param_count, returns, return_count)


@export
def WasmEdge_VMRunWasmFromBuffer(
    vm: CVM,
    buffer: CData,
    length: int,
    name: CData,
    params: CData,
    param_count: int,
    returns: CData,
    return_count: int,
) -> CData:
    return vm.run(data(buffer, length), name, params, param_count, returns, return_count)


@export
def WasmEdge_VMRunWasmFromASTModule(
    vm: CVM,
    module: Ast,
    name: CData,
    params: CData,
    param_count: int,
    returns: CData,
    return_count: int,
) -> CData:
    return vm.run(module.module, name, params, param_count, returns, return_count)


# --- step by step ------------------------------------------------------------------------------


@export
def WasmEdge_VMLoadWasmFromFile(vm: CVM, file: CData) -> None:
    vm.load_wasm(path(file))


@export
def WasmEdge_VMLoadWasmFromBuffer(vm: CVM, buffer: CData, length: int) -> None:
    vm.load_wasm(data(buffer, length))


@export
def WasmEdge_VMLoadWasmFromASTModule(vm: CVM, module: Ast) -> None:
    vm.load_wasm(module.module)


@export
def WasmEdge_VMValidate(vm: CVM) -> None:
    vm.validate()


@export
def WasmEdge_VMInstantiate(vm: CVM) -> None:
    vm.instantiate()


@export
def WasmEdge_VMCleanup(vm: CVM | None) -> None:
    if vm is not None:
        vm.cleanup()
