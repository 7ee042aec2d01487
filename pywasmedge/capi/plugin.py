"""Plugin contexts, host data of modules, the module wasmedge_process."""

from __future__ import annotations

import os

from ..base import log
from ..kernel.native import ffi
from ..runtime.instance import ModuleInstance
from ..vm import allow_commands, plugin_registry
from .export import export, kind, name, register, strings, text
from .module_instance import context_of, keep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..kernel.native import CData
    from ..vm import Plugin

_PROCESS = "wasmedge_process"


class CPlugin:
    """What a plugin context stands for.

    Attributes:
        c: the context.
        plugin: the plugin.
        string: its name, a ``WasmEdge_String``.
        modules: those of its modules.
    """

    def __init__(self, plugin: Plugin) -> None:
        self.plugin = plugin
        self._kept: list[CData] = []
        self.string = self._string(plugin.name)
        self.modules = [self._string(module.name) for module in plugin.modules]
        self.c = register("PluginContext", self)

    def _string(self, value: str) -> CData:
        characters = name(value)
        buffer = ffi.new("char[]", characters)
        made = ffi.new("WasmEdge_String *", [len(characters), buffer])
        self._kept += buffer, made
        return made[0]


kind("PluginContext", CPlugin)

_contexts: dict[str, CPlugin] = {}
"""By name of the plugin; they stay."""


def _context(plugin: Plugin) -> CPlugin:
    known = _contexts.get(plugin.name)
    return known if known is not None else _contexts.setdefault(plugin.name, CPlugin(plugin))


def _copy(strings_: list[CData], buffer: CData, length: int) -> int:
    """Write the first strings to ``buffer``; returns how many there are."""
    if buffer:
        for index, string in enumerate(strings_[:length]):
            buffer[index] = string
    return len(strings_)


# --- loading and looking -----------------------------------------------------------------------


@export
def WasmEdge_Plugin_loadWithDefaultPluginPaths() -> None:
    plugin_registry().load_default()


@export
def WasmEdge_PluginLoadWithDefaultPaths() -> None:
    plugin_registry().load_default()


@export
def WasmEdge_PluginLoadFromPath(path: CData) -> None:
    try:
        plugin_registry().load(os.fsdecode(ffi.string(path)))
    except Exception as error:
        log.error(f"plugin skipped: {error}")


@export
def WasmEdge_PluginListPluginsLength() -> int:
    return len(plugin_registry().loaded())


@export
def WasmEdge_PluginListPlugins(buffer: CData, length: int) -> int:
    return _copy([_context(p).string for p in plugin_registry().loaded()], buffer, length)


@export
def WasmEdge_PluginFind(wanted: CData) -> CData | None:
    plugin = plugin_registry().find(text(wanted))
    return _context(plugin).c if plugin is not None else None


@export
def WasmEdge_PluginGetPluginName(plugin: CPlugin | None) -> CData:
    return plugin.string if plugin is not None else ffi.new("WasmEdge_String *")[0]


@export
def WasmEdge_PluginListModuleLength(plugin: CPlugin | None) -> int:
    return len(plugin.modules) if plugin is not None else 0


@export
def WasmEdge_PluginListModule(plugin: CPlugin | None, buffer: CData, length: int) -> int:
    return _copy(plugin.modules, buffer, length) if plugin is not None else 0


@export
def WasmEdge_PluginCreateModule(plugin: CPlugin | None, module: CData) -> CData | None:
    if plugin is None:
        return None
    try:
        return context_of(plugin.plugin.create(text(module)))
    except Exception as error:
        log.error(str(error))
        return None


@export
def WasmEdge_PluginSetOption(plugin: CPlugin | None, option: CData, value: CData) -> bool:
    if plugin is None:
        return False
    try:
        plugin.plugin.option(text(option)).set(text(value))
    except Exception as error:
        log.error(str(error))
        return False
    return True


# --- host data ---------------------------------------------------------------------------------


class _HostData:
    """Data of the host, for which its finaliser runs at the end."""

    __slots__ = ("_finalizer", "data")

    def __init__(self, data: CData, finalizer: CData) -> None:
        self.data = data
        self._finalizer = finalizer

    def __del__(self) -> None:
        if self._finalizer:
            self._finalizer(self.data)


@export
def WasmEdge_ModuleInstanceCreateWithData(
    module_name: CData, data: CData, finalizer: CData
) -> CData:
    instance = ModuleInstance(text(module_name))
    made = context_of(instance)
    keep(instance, _HostData(data, finalizer))
    return made


@export
def WasmEdge_ModuleInstanceGetHostData(instance: ModuleInstance | None) -> CData | None:
    found = keep(instance) if instance is not None else []
    return next((item.data for item in found if isinstance(item, _HostData)), None)


# --- wasmedge_process --------------------------------------------------------------------------


@export
def WasmEdge_ModuleInstanceCreateWasmEdgeProcess(
    commands: CData, count: int, everything: bool
) -> CData | None:
    if not allow_commands(strings(commands, count), everything):
        return None
    plugin = plugin_registry().find(_PROCESS)
    assert plugin is not None
    return context_of(plugin.create(_PROCESS))


@export
def WasmEdge_ModuleInstanceInitWasmEdgeProcess(
    commands: CData, count: int, everything: bool
) -> None:
    allow_commands(strings(commands, count), everything)
