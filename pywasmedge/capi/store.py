"""Store contexts: stores whose names C knows as well, so that it can find modules by itself."""

from __future__ import annotations

from ..kernel.native import address, ffi, lib
from ..runtime.store import Store
from . import module_instance
from .export import contexts, export, kind, name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..kernel.native import CData
    from ..runtime.instance import ModuleInstance


class CStore(Store):
    """A store with a context ``c``, to which it holds one reference until it is closed."""

    __slots__ = ("c",)

    def __init__(self) -> None:
        super().__init__()
        self.c: CData = lib.capi_store_new()
        if not self.c:
            raise MemoryError
        contexts[address(self.c)] = self

    def _changed(self, key: str, instance: ModuleInstance | None) -> None:
        """See :class:`Store`. Called with the lock held."""
        c = module_instance.context_of(instance) if instance is not None else ffi.NULL
        characters = name(key)
        if not lib.capi_store_set(self.c, characters, len(characters), c):
            raise MemoryError

    def close(self) -> None:
        """Forget all instances, give the context back."""
        if contexts.pop(address(self.c), None) is self:
            with self._lock:
                for key in self._modules:
                    self._changed(key, None)
            super().close()
            lib.capi_store_release(self.c)


kind("StoreContext", CStore)


@export
def WasmEdge_StoreCreate() -> CData:
    return CStore().c


@export
def WasmEdge_StoreDelete(store: CStore | None) -> None:
    if store is not None:
        store.close()
