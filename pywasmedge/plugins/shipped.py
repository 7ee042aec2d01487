"""The plugin that comes with the package; its functions are in :mod:`.process`."""

from __future__ import annotations

from ..runtime.instance import ModuleInstance
from .descriptor import Plugin, PluginModule, PluginOption

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..runtime.function import FunctionInstance

NAME = "wasmedge_process"

_allowed = PluginOption("allow-command", list, help="Let guests run this command. Repeatable.")
_all = PluginOption("allow-command-all", bool, help="Let guests run all commands.")


def _create() -> ModuleInstance:
    made = ModuleInstance.__new__(ModuleInstance)
    made._setup(NAME, None, _Functions())
    return made


class _Functions(dict[str, "Callable[[], FunctionInstance]"]):
    """What makes each function; filled when something first looks, as few guests do."""

    __slots__ = ("_filled", "_rules")

    def __init__(self) -> None:
        self._rules = frozenset(_allowed.value), bool(_all.value)
        self._filled = False

    def _fill(self) -> None:
        if not self._filled:
            from .process import Process, host

            self.update(host.pending(Process(*self._rules)))
            self._filled = True

    def __contains__(self, name: object) -> bool:
        self._fill()
        return super().__contains__(name)

    def __iter__(self) -> Iterator[str]:
        self._fill()
        return super().__iter__()

    def __missing__(self, name: str) -> Callable[[], FunctionInstance]:
        if self._filled:
            raise KeyError(name)
        self._fill()
        return self[name]


PROCESS = Plugin(
    NAME,
    [PluginModule(NAME, _create, "Run commands of the host.")],
    version="0.10.0",
    description="Guests run commands of the host that are allowed.",
    options=[_allowed, _all],
)
