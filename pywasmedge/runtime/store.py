"""The store: module instances by name (section 4.2.3)."""

from __future__ import annotations

from threading import RLock

from ..base.closing import Closing
from ..base.errors import ErrCode, LinkError, WorkflowError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .instance import ModuleInstance


class Store(Closing):
    """Names under which modules find what they import.

    It keeps its instances alive until they are closed or it is. Anonymous instances are not in
    it. Safe from several threads: a lock guards the names.
    """

    __slots__ = ("__weakref__", "_lock", "_modules")

    def __init__(self) -> None:
        self._lock = RLock()
        self._modules: dict[str, ModuleInstance] = {}

    def find(self, name: str) -> ModuleInstance | None:
        """The instance registered under ``name``, or ``None``."""
        return self._modules.get(name)

    def companion(self, name: str) -> ModuleInstance | None:
        """What an instance of the store offers under a name that is not registered."""
        with self._lock:
            instances = list(self._modules.values())
        for instance in instances:
            found = instance.companion(name)
            if found is not None:
                return found
        return None

    def names(self) -> list[str]:
        """The registered names, sorted by their UTF-8 bytes."""
        with self._lock:
            return sorted(self._modules, key=str.encode)

    def add(self, instance: ModuleInstance, name: str | None = None) -> None:
        """Register an instance under its own name, or under another one as well.

        Raises:
            LinkError: 0x60, the name is taken.
        """
        key = instance.name if name is None else name
        with self._lock:
            self.require_free(key)
            self._changed(key, instance)
            self._modules[key] = instance
        instance._stores.add(self)

    def unregister(self, name: str) -> ModuleInstance:
        """Take a name away from what is registered under it.

        Modules that import from the instance, and calls that run in it, keep it alive and go on;
        only modules that are instantiated from now on do not find it.

        Returns:
            The instance.

        Raises:
            WorkflowError: 0x80, nothing is registered under ``name``.
        """
        with self._lock:
            instance = self._modules.get(name)
            if instance is None:
                raise WorkflowError(ErrCode.WRONG_INSTANCE_ADDRESS, f"no module {name!r}")
            self._changed(name, None)
            del self._modules[name]
        return instance

    def require_free(self, name: str) -> None:
        """Check that nothing is registered under ``name``.

        Raises:
            LinkError: 0x60, the name is taken.
        """
        if name in self._modules:
            raise LinkError(ErrCode.MODULE_NAME_CONFLICT, repr(name))

    def _forget(self, instance: ModuleInstance) -> None:
        with self._lock:
            for name in [n for n, known in self._modules.items() if known is instance]:
                del self._modules[name]
                self._changed(name, None)

    def _changed(self, key: str, instance: ModuleInstance | None) -> None:
        """What a name means is about to change. Called with the lock held."""

    def close(self) -> None:
        """Forget all instances; they live on if somebody else uses them."""
        with self._lock:
            modules, self._modules = self._modules, {}
        modules.clear()  # outside of the lock: their end may run Python code

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self._modules)

    def __repr__(self) -> str:
        return f"<Store {', '.join(self.names())}>"
