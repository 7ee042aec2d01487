"""Where plugins are."""

from __future__ import annotations

import os
import stat
import sys

from .descriptor import PluginError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .descriptor import Plugin

VARIABLE = "WASMEDGE_PLUGIN_PATH"
GROUP = "pywasmedge.plugins"
LIBRARY = ".so"
PYTHON = ".py"

_LIBRARY_FOLDER = os.path.dirname(os.path.dirname(__file__))
_PREFIX_FOLDER = os.path.dirname(os.path.dirname(_LIBRARY_FOLDER))
"""Where an installation for C hosts has its link to the library."""


def default_entries() -> list[str]:
    """The files and folders to look at, in order; some may not exist."""
    given = [entry for entry in os.environ.get(VARIABLE, "").split(":") if entry]
    home = os.path.expanduser("~")
    at_home = [os.path.join(home, ".wasmedge", "plugin")] if os.path.isabs(home) else []
    folders = [_LIBRARY_FOLDER]
    if os.path.lexists(os.path.join(_PREFIX_FOLDER, "libwasmedge_c.so")):
        folders.append(_PREFIX_FOLDER)
    return [*given, *[os.path.join(folder, "wasmedge") for folder in folders], *at_home]


def is_package(path: str) -> bool:
    """Whether a folder is a Python package."""
    return os.path.isfile(os.path.join(path, "__init__.py"))


def files(entry: str) -> Iterator[str]:
    """The candidates of an entry: itself, or what is below the folder, sorted.

    Libraries, Python files, and folders that are Python packages; no names that begin with a dot
    or ``_``.
    """
    if is_package(entry) or (os.path.isfile(entry) and entry.endswith((LIBRARY, PYTHON))):
        yield entry
        return
    try:
        names = sorted(os.listdir(entry))
    except OSError:
        return
    for name in names:
        path = os.path.join(entry, name)
        if name[0] in "._":
            continue
        if os.path.isdir(path):
            if not os.path.islink(path):
                yield from files(path)
        elif os.path.isfile(path) and name.endswith((LIBRARY, PYTHON)):
            yield path


def require_safe(path: str) -> None:
    """Refuse what other users may have put there, if it would run with all rights.

    Raises:
        PluginError: this process is the administrator's, and anyone may write to the file, to its
            folder, or to a folder above in which anyone may also rename what others own.
    """
    if os.geteuid() != 0:
        return
    place = path
    while True:
        try:
            mode = os.stat(place).st_mode
        except OSError as error:
            raise PluginError(f"cannot be read: {error.strerror}") from None
        shared = bool(mode & stat.S_IWOTH)
        near = place == path or place == os.path.dirname(path)
        if shared and (near or not mode & stat.S_ISVTX):
            raise PluginError(f"anyone may write to {place}")
        if place == os.path.dirname(place):
            return
        place = os.path.dirname(place)


class EntryPoint:
    """A plugin of an installed package: its name and ``module`` or ``module:object``."""

    __slots__ = ("name", "value")

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self.value = value

    def load(self) -> Plugin:
        """Import what it refers to.

        Raises:
            PluginError: that fails, or is no plugin.
        """
        from .python import open_entry_point

        return open_entry_point(self.name, self.value)

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"


def entry_points() -> list[EntryPoint]:
    """The entry points of all installed packages, without importing any, in the order of
    ``sys.path``."""
    found: dict[str, EntryPoint] = {}
    for folder in sys.path:
        try:
            names = sorted(os.listdir(folder or "."))
        except OSError:
            continue
        for name in names:
            if name.endswith((".dist-info", ".egg-info")):
                for entry in _read(os.path.join(folder, name, "entry_points.txt")):
                    found.setdefault(str(entry), entry)
    return list(found.values())


def _read(path: str) -> list[EntryPoint]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return []
    found, inside = [], False
    for line in text.splitlines() if f"[{GROUP}]" in text else []:
        words = line.partition("#")[0].strip()
        if words.startswith("["):
            inside = words == f"[{GROUP}]"
        elif inside and "=" in words:
            name, _, value = words.partition("=")
            found.append(EntryPoint(name.strip(), value.partition("[")[0].strip()))
    return found
