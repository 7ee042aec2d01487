"""What a plugin finds around it in one VM."""

from __future__ import annotations

from weakref import WeakSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from socket import socket
    from typing import Any, Protocol

    from ..runtime.instance import ModuleInstance

    class System(Protocol):
        """What the WASI module of a VM does for others."""

        def open_for_host(self, path: str | bytes, *, write: bool = False) -> int:
            """Open a file as the guest could."""

        def connect_for_host(self, host: str, port: int, timeout: float | None) -> socket:
            """Connect as the guest could."""


_WASI = "wasi_snapshot_preview1"


class Surroundings:
    """What the modules of one plugin share in one VM, and what guests may reach there.

    A guest reaches no file and no address through a plugin that it could not reach through WASI:
    plugins open what a guest names by :meth:`open` and :meth:`connect`.

    Attributes:
        options: the values of the plugin's options when the VM was made, by name.
    """

    def __init__(
        self,
        make: Callable[[Surroundings], object] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Give what makes the shared state, when something asks for it, and the options."""
        self.options = dict(options or {})
        self._make = make
        self._made: list[object] = []
        self._modules: WeakSet[ModuleInstance] = WeakSet()

    @property
    def state(self) -> object:
        """The state that the modules share; ``None`` if the plugin has none."""
        if self._make is None:
            return None
        if not self._made:
            self._made.append(self._make(self))
        return self._made[0]

    def add(self, module: ModuleInstance) -> None:
        """Note a module that was made here: where it is registered is where guests are."""
        self._modules.add(module)

    def open(self, path: str | bytes, *, write: bool = False) -> int:
        """Open a regular file in the directories that guests have.

        Args:
            path: as the guest says it: it begins with the name of a preopened directory.
            write: create or empty it, for writing; otherwise it is opened for reading.

        Returns:
            A host descriptor, to be closed by the caller.

        Raises:
            OSError: the guest could not open it, or has no WASI (``PermissionError``).
        """
        return self._system().open_for_host(path, write=write)

    def connect(self, host: str, port: int, timeout: float | None = None) -> socket:
        """A TCP connection, if the network rules of the VM allow it.

        Args:
            host: a name (needs ``dns``) or an address.
            port: 1 to 65535.
            timeout: seconds to wait at most, for connecting and for each operation later.

        Raises:
            OSError: it is not allowed (``PermissionError``), or fails.
        """
        return self._system().connect_for_host(host, port, timeout)

    def _system(self) -> System:
        for module in self._modules:
            for store in list(module._stores):
                found = store.find(_WASI)
                if hasattr(found, "open_for_host"):
                    return found  # type: ignore[return-value]
        raise PermissionError(1, "the guest has no WASI, so no files and no network")
