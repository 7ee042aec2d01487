"""Plugins: host modules that are found in folders and in installed packages.

``load_default`` loads what is installed, ``load`` one file or folder. Modules of loaded plugins
are registered by every :class:`VM` that is made afterwards, see ``docs/PLUGINS.md``.
"""

from .descriptor import Plugin, PluginError, PluginModule, PluginOption, Requirement
from .registry import registry as _registry
from .surroundings import Surroundings

find = _registry.find
load = _registry.load
load_default = _registry.load_default
loaded = _registry.loaded
refused = _registry.refused

__all__ = [
    "Plugin",
    "PluginError",
    "PluginModule",
    "PluginOption",
    "Requirement",
    "Surroundings",
    "find",
    "load",
    "load_default",
    "loaded",
    "refused",
]
