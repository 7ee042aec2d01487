"""What a plugin says about itself."""

from __future__ import annotations

from ..base import arguments
from .surroundings import Surroundings

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
        """Set the value itself.

        Raises:
            TypeError: the option is a list, and this is none.
        """
        if self.type is list:
            value = list(arguments.items(value, f"option {self.name}"))
        self.value = value


class Requirement:
    """A Python package that a plugin needs for its work, imported when it is needed first.

    Attributes:
        module: what is imported.
        package: what is installed.
        install: what the user types for that.
    """

    __slots__ = ("install", "module", "package")

    def __init__(self, module: str, package: str, install: str = "") -> None:
        """Name the module and the package; ``install`` is ``pip install PACKAGE`` by default."""
        self.module = module
        self.package = package
        self.install = install or f"pip install {package}"

    def version(self) -> str | None:
        """The version that is installed, ``None`` if it is not; nothing is imported."""
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version(self.package)
        except PackageNotFoundError:
            return None


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

    def make(self, surroundings: Surroundings) -> ModuleInstance:
        """An instance for a VM."""
        return self.create()


class _Declared(PluginModule):
    """A ``HostModule``, whose functions get the state that the plugin's modules share, if any."""

    __slots__ = ("_host",)

    def __init__(self, host: HostModule) -> None:
        super().__init__(host.name, host.instantiate)
        self._host = host

    def make(self, surroundings: Surroundings) -> ModuleInstance:
        state = surroundings.state if self._host.state is not None else None
        return self._host.instantiate(state)


class Plugin:
    """A plugin.

    Attributes:
        name: what it is found as.
        version: its version, for people.
        description: one line.
        modules: what it offers.
        options: what can be set.
        requires: packages it needs for its work.
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
        state: Callable[[Surroundings], object] | None = None,
        requires: Iterable[Requirement] = (),
    ) -> None:
        """Describe a plugin.

        Args:
            name: what it is found as.
            modules: what it offers.
            version: its version, for people.
            description: one line.
            options: what can be set.
            state: makes, once per VM, what functions of all those modules get as their first
                argument that have a ``HostModule.state``.
            requires: packages it needs for its work.

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
        self.requires = list(requires)
        self.file = ""
        self._state = state
        self._loose: Surroundings | None = None
        self._made: set[str] = set()
        for kind, items in ("module", self.modules), ("option", self.options):
            names = [item.name for item in items]
            for twice in {known for known in names if names.count(known) > 1}:
                raise PluginError(f"plugin {name}: two {kind}s are called {twice}")

    def surroundings(self) -> Surroundings:
        """Where the modules of one VM are made."""
        return Surroundings(self._state, {o.name: o.value for o in self.options})

    def create(self, module: str, surroundings: Surroundings | None = None) -> ModuleInstance:
        """A new instance of one of the modules.

        Args:
            module: its name.
            surroundings: those of the VM; ``None``: modules made one after the other share them
                until one is made a second time.

        Raises:
            PluginError: there is no such module, or it cannot be made.
        """
        for known in self.modules:
            if known.name == module:
                if surroundings is None:
                    surroundings = self._loose_surroundings(module)
                try:
                    made = known.make(surroundings)
                    surroundings.add(made)
                    return made
                except Exception as error:
                    reason = str(error) if isinstance(error, PluginError) else repr(error)
                    raise PluginError(f"plugin {self.name}: module {module}: {reason}") from error
        raise PluginError(f"plugin {self.name} has no module {module}")

    def _loose_surroundings(self, module: str) -> Surroundings:
        if self._loose is None or module in self._made:
            self._loose = self.surroundings()
            self._made.clear()
        self._made.add(module)
        return self._loose

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
    return _Declared(module)
