"""Modules whose functions are imported when a guest that uses them is linked."""

from __future__ import annotations

from ..runtime.instance import ModuleInstance
from .descriptor import PluginModule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..host.modules import HostModule
    from ..runtime.function import FunctionInstance
    from .surroundings import Surroundings


class LaterModule(PluginModule):
    """A module that a plugin offers, declared in a file that is not imported yet."""

    __slots__ = ("_home", "_imported_as")

    def __init__(
        self, name: str, home: str, description: str = "", *, imported_as: str = ""
    ) -> None:
        """Describe the module.

        Args:
            name: what the plugin calls it.
            home: where its ``HostModule`` is: ``PACKAGE.MODULE:NAME``.
            description: one line.
            imported_as: what guests import it as, if not by ``name``.
        """
        super().__init__(name, self._create, description)
        self._home = home
        self._imported_as = imported_as or name

    def _create(self) -> ModuleInstance:
        return self._instance(None)

    def make(self, surroundings: Surroundings) -> ModuleInstance:
        """An instance for a VM."""
        return self._instance(surroundings)

    def _instance(self, surroundings: Surroundings | None) -> ModuleInstance:
        def fill() -> dict[str, Callable[[], FunctionInstance]]:
            from importlib import import_module

            module, _, attribute = self._home.partition(":")
            host: HostModule = getattr(import_module(module), attribute)
            state = surroundings.state if surroundings is not None else None
            if state is None and host.state is not None:
                state = host.state()
            return host.pending(state)

        return ModuleInstance.of_pending(self._imported_as, Functions(fill))


class Functions(dict[str, "Callable[[], FunctionInstance]"]):
    """What makes each function; filled when something first looks, as few guests do."""

    __slots__ = ("_fill",)

    def __init__(self, fill: Callable[[], dict[str, Callable[[], FunctionInstance]]]) -> None:
        self._fill: Callable[[], dict[str, Callable[[], FunctionInstance]]] | None = fill

    def _look(self) -> None:
        fill, self._fill = self._fill, None
        if fill is not None:
            self.update(fill())

    def __contains__(self, name: object) -> bool:
        self._look()
        return super().__contains__(name)

    def __iter__(self) -> Iterator[str]:
        self._look()
        return super().__iter__()

    def __missing__(self, name: str) -> Callable[[], FunctionInstance]:
        if self._fill is None:
            raise KeyError(name)
        self._look()
        return self[name]
