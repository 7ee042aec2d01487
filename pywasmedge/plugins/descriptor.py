"""What a plugin says about itself."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from ..host.modules import HostModule
    from ..runtime.instance import ModuleInstance


class PluginError(Exception):
    """A plugin cannot be loaded or used; the text says why, in one line."""


class PluginOption:
    """A value that is set from outside, in the command by ``--name``.

    Attributes:
        name: without dashes.
        type: ``str``, ``int``, ``float``, ``bool`` (a switch) or ``list`` (of ``str``, the
            option may be repeated).
        help: what it means.
        value: as it was set last, the default before.
    """

    __slots__ = ("help", "name", "type", "value")

    def __init__(self, name: str, type: type = str, default: Any = None, help: str = "") -> None:
        """Declare an option.

        Args:
            name: at least two letters, digits, ``-`` and ``_``; neither of these at the start.
            type: see above.
            default: ``None`` for the type's empty value.
            help: one line.

        Raises:
            PluginError: the name or the type is none.
        """
        plain = name.replace("-", "").replace("_", "")
        if len(name) < 2 or name[0] in "-_" or not (plain.isascii() and plain.isalnum()):
            raise PluginError(f"{name!r} is no name for an option")
        if type not in (str, int, float, bool, list):
            raise PluginError(f"option {name}: {type!r} is no type for an option")
        self.name = name
        self.type = type
        self.help = help
        self.value: Any = type() if default is None else default

    def set(self, text: str) -> None:
        """Set the value, or add to the list; a switch is set by ``1`` and cleared by ``0``.

        Raises:
            PluginError: the text does not fit the type.
        """
        try:
            if self.type is list:
                self.assign([*self.value, text])
            elif self.type is bool:
                self.assign({"1": True, "0": False}[text])
            else:
                self.assign(self.type(text))
        except (KeyError, ValueError, OverflowError):
            raise PluginError(
                f"option --{self.name}: no value of type {self.type.__name__}: {text}"
            ) from None

    def assign(self, value: Any) -> None:
        """Set the value itself."""
        self.value = value


class PluginModule:
    """A module that a plugin offers.

    Attributes:
        name: what the plugin calls it; usually also what guests import it as.
        description: one line.
        create: makes an instance.
    """

    __slots__ = ("create", "description", "name")

    def __init__(
        self, name: str, create: Callable[[], ModuleInstance], description: str = ""
    ) -> None:
        self.name = name
        self.create = create
        self.description = description


class Plugin:
    """A plugin.

    Attributes:
        name: what it is found as.
        version: its version, for people.
        description: one line.
        modules: what it offers.
        options: what can be set.
        file: where it was loaded from, ``""`` before.
    """

    def __init__(
        self,
        name: str,
        modules: Iterable[HostModule | PluginModule] = (),
        *,
        version: str = "0",
        description: str = "",
        options: Iterable[PluginOption] = (),
    ) -> None:
        """Describe a plugin.

        Raises:
            PluginError: the name is empty, two modules or two options share a name, or something
                is neither a module nor an option.
        """
        if not (isinstance(name, str) and name):
            raise PluginError("a plugin without a name")
        self.name = name
        self.version = version
        self.description = description
        self.modules = [_module(module) for module in modules]
        self.options = list(options)
        self.file = ""
        for kind, items in ("module", self.modules), ("option", self.options):
            names = [item.name for item in items]
            for twice in {known for known in names if names.count(known) > 1}:
                raise PluginError(f"plugin {name}: two {kind}s are called {twice}")

    def create(self, module: str) -> ModuleInstance:
        """A new instance of one of the modules.

        Raises:
            PluginError: there is no such module, or it cannot be made.
        """
        for known in self.modules:
            if known.name == module:
                try:
                    return known.create()
                except Exception as error:
                    reason = str(error) if isinstance(error, PluginError) else repr(error)
                    raise PluginError(f"plugin {self.name}: module {module}: {reason}") from error
        raise PluginError(f"plugin {self.name} has no module {module}")

    def option(self, name: str) -> PluginOption:
        """The option of that name.

        Raises:
            PluginError: there is none.
        """
        for option in self.options:
            if option.name == name:
                return option
        raise PluginError(f"plugin {self.name} has no option {name}")

    def __repr__(self) -> str:
        return f"<Plugin {self.name} {self.version}: {len(self.modules)} modules>"


def _module(module: HostModule | PluginModule) -> PluginModule:
    if isinstance(module, PluginModule):
        return module
    if not hasattr(module, "instantiate"):
        raise PluginError(f"{module!r} is no module")
    return PluginModule(module.name, module.instantiate)
