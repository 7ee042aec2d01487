"""The plugins of the process."""

from __future__ import annotations

import os
from threading import RLock

from ..base import arguments, log
from ..base.forking import fork_safe
from . import search
from .descriptor import PluginError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _typeshed import StrOrBytesPath

    from .descriptor import Plugin


class Registry:
    """Loads plugins and knows them by name. A plugin stays for the rest of the process.

    Safe from several threads: a lock is held while plugins are loaded.
    """

    def __init__(self) -> None:
        self._lock = fork_safe(RLock())
        self._plugins: dict[str, Plugin] = {}
        self._refused: dict[str, str] = {}
        self._seen: set[str] = set()

    def loaded(self) -> list[Plugin]:
        """The plugins, in the order of loading."""
        return list(self._plugins.values())

    def refused(self) -> dict[str, str]:
        """The files and entry points that could not be loaded, and why."""
        return dict(self._refused)

    def find(self, name: str) -> Plugin | None:
        """The plugin of that name; ``None`` if it is not loaded."""
        return self._plugins.get(name)

    def load_default(self) -> None:
        """Load all that is installed.

        In this order, the first plugin of a name wins: the entries of the environment variable
        ``WASMEDGE_PLUGIN_PATH``, the folder ``wasmedge`` beside the library,
        ``~/.wasmedge/plugin``, entry points ``pywasmedge.plugins`` of installed packages, what
        comes with this package. What cannot be loaded is logged, once, and skipped; what is
        loaded already is left alone.
        """
        with self._lock:
            for entry in search.default_entries():
                self._load_entry(entry)
            for entry_point in search.entry_points():
                place = f"entry point {entry_point}"
                if place not in self._seen:
                    self._seen.add(place)
                    self._try(place, entry_point.load)
            from .shipped import SHIPPED

            for plugin in SHIPPED:
                self._plugins.setdefault(plugin.name, plugin)

    def load(self, path: StrOrBytesPath) -> list[Plugin]:
        """Load a file, or all plugins of a folder (from which the others are logged).

        Returns:
            The plugins that are new.

        Raises:
            PluginError: the file is no plugin or cannot be loaded, or the path does not exist.
        """
        name = os.path.abspath(arguments.path(path))
        with self._lock:
            before = set(self._plugins)
            if os.path.isdir(name) and not search.is_package(name):
                self._load_entry(name)
            elif not os.path.exists(name):
                raise PluginError(f"{name}: there is no such file")
            else:
                real = os.path.realpath(name)
                if real not in self._seen or real in self._refused:
                    self._load_file(name)
            return [plugin for key, plugin in self._plugins.items() if key not in before]

    def add(self, plugin: Plugin, file: str = "") -> None:
        """Enter a plugin.

        Raises:
            PluginError: there is one of that name.
        """
        with self._lock:
            known = self._plugins.get(plugin.name)
            if known is not None:
                where = f" from {known.file}" if known.file else ""
                raise PluginError(f"a plugin {plugin.name} is there already{where}")
            plugin.file = file
            self._plugins[plugin.name] = plugin

    def _load_entry(self, entry: str) -> None:
        for file in search.files(entry):
            if os.path.realpath(file) in self._seen:
                continue
            try:
                self._load_file(file)
            except PluginError as error:
                log.error(f"plugin skipped: {error}")

    def _load_file(self, file: str) -> None:
        real = os.path.realpath(file)
        self._seen.add(real)
        self._refused.pop(real, None)
        try:
            search.require_safe(real)
            self.add(_open(file), file)
        except PluginError as error:
            self._refused[real] = str(error)
            raise PluginError(f"{file}: {error}") from error.__cause__

    def _try(self, place: str, load: object) -> None:
        try:
            self.add(load(), place)  # type: ignore[operator]
        except PluginError as error:
            self._refused[place] = str(error)
            log.error(f"plugin skipped: {place}: {error}")


def _open(file: str) -> Plugin:
    if file.endswith(search.LIBRARY):
        from .native import open_library

        return open_library(file)
    from .python import open_file

    return open_file(file)


registry = Registry()
