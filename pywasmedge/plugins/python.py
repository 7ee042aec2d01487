"""Plugins written in Python: files, packages and entry points."""

from __future__ import annotations

import os
import sys

from ..host.modules import HostModule
from .descriptor import Plugin, PluginError, PluginModule, PluginOption

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_PREFIX = "pywasmedge_plugin_"
"""Begins the names under which plugin files are imported."""
_MARK = b"pywasmedge"
"""What a file that is a plugin cannot do without; others are not run."""


def open_file(path: str) -> Plugin:
    """Import a file or package and collect what it declares.

    Raises:
        PluginError: it fails, or declares no plugin.
    """
    package = os.path.isdir(path)
    file = os.path.join(path, "__init__.py") if package else path
    name = os.path.basename(path).removesuffix(".py")
    try:
        with open(file, "rb") as source:
            if not package and _MARK not in source.read():
                raise PluginError("no plugin: it does not use pywasmedge")
    except OSError as error:
        raise PluginError(f"cannot be read: {error.strerror}") from None
    return collect(_execute(_PREFIX + name, file, package), name)


def _complete_path() -> None:
    """Let plugins import what any program of this interpreter can.

    A command or a host in C may have started it without the module ``site``.
    """
    if sys.flags.no_site and "site" not in sys.modules:
        import site

        site.main()


def _execute(name: str, file: str, package: bool) -> ModuleType:
    _complete_path()
    from importlib.util import module_from_spec, spec_from_file_location

    folders = [os.path.dirname(file)] if package else None
    spec = spec_from_file_location(name, file, submodule_search_locations=folders)
    if spec is None or spec.loader is None:
        raise PluginError("no Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise PluginError(f"fails when it is loaded: {_line(error)}") from error
    return module


def open_entry_point(name: str, value: str) -> Plugin:
    """Import what an entry point refers to and collect what it declares.

    Raises:
        PluginError: it fails, or declares no plugin.
    """
    _complete_path()
    from importlib import import_module

    module, _, attributes = value.partition(":")
    try:
        found: Any = import_module(module.strip())
        for attribute in attributes.strip().split(".") if attributes.strip() else []:
            found = getattr(found, attribute)
    except (Exception, SystemExit) as error:
        raise PluginError(f"fails when it is loaded: {_line(error)}") from error
    return collect(found, name)


def collect(found: Any, name: str) -> Plugin:
    """The plugin that an object is or declares.

    Args:
        found: a plugin, a host module, or a Python module. Of a Python module the one plugin in
            it counts; if there is none, all host modules and options make a plugin, with the
            module's ``__version__`` and the first line of its documentation.
        name: what the plugin is called unless it says so itself.

    Raises:
        PluginError: there is no plugin, or more than one.
    """
    if isinstance(found, Plugin):
        return found
    if isinstance(found, (HostModule, PluginModule)):
        return Plugin(name, [found])
    items = list({id(item): item for item in getattr(found, "__dict__", {}).values()}.values())
    plugins = [item for item in items if isinstance(item, Plugin)]
    if len(plugins) > 1:
        raise PluginError(f"more than one plugin: {', '.join(p.name for p in plugins)}")
    if plugins:
        return plugins[0]
    modules = [item for item in items if isinstance(item, (HostModule, PluginModule))]
    if not modules:
        raise PluginError("no plugin: it declares neither a Plugin nor a HostModule")
    return Plugin(
        name,
        modules,
        version=str(getattr(found, "__version__", "0")),
        description=(found.__doc__ or "").strip().partition("\n")[0],
        options=[item for item in items if isinstance(item, PluginOption)],
    )


def _line(error: BaseException) -> str:
    """An exception in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
