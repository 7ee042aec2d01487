"""Plugins in the command: loading, their options, ``wasmedge plugin list``."""

from __future__ import annotations

from ..base import log
from ..vm import plugin_registry
from .options import LIST, TOGGLE, VALUE, Option, Options, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..vm import Plugin, PluginOption

_KINDS = {bool: TOGGLE, list: LIST}
_METAVARS = {bool: "", int: "N", float: "NUMBER"}


def load(table: tuple[Option, ...]) -> tuple[Option, ...]:
    """Load what is installed.

    Returns:
        ``table`` with the options of plugins; one whose name is taken is logged and left out.
    """
    plugin_registry().load_default()
    taken = {name for option in table for name in option.names}
    rows = []
    for plugin, option in _options():
        if option.name in taken:
            log.error(f"plugin {plugin.name}: there is another option --{option.name}")
            continue
        taken.add(option.name)
        kind = _KINDS.get(option.type, VALUE)
        metavar = _METAVARS.get(option.type, "TEXT")
        rows.append(Option(option.name, kind, metavar, f"{option.help} [{plugin.name}]".lstrip()))
    return (*table, *rows)


def apply(table: tuple[Option, ...], options: Options) -> None:
    """Set the options of plugins as given on the command line.

    Args:
        table: the command's own options.
        options: what was given.

    Raises:
        UsageError: a value does not fit.
    """
    taken = {name for option in table for name in option.names}
    for _, option in _options():
        if option.name in taken:
            continue
        taken.add(option.name)
        try:
            if option.type is bool and options.on(option.name):
                option.set("1")
            for value in options.all(option.name):
                option.set(value)
        except Exception as error:
            raise UsageError(str(error)) from None


def _options() -> Iterator[tuple[Plugin, PluginOption]]:
    for plugin in plugin_registry().loaded():
        for option in plugin.options:
            yield plugin, option


def run(words: list[str]) -> str:
    """Carry out ``wasmedge plugin ...``.

    Args:
        words: what follows ``plugin`` on the command line.

    Returns:
        What to print.

    Raises:
        UsageError: there is no such command.
    """
    if words != ["list"]:
        raise UsageError("plugin: only `plugin list`")
    lines = [line for plugin in plugin_registry().loaded() for line in _describe(plugin)]
    for place, reason in plugin_registry().refused().items():
        lines += [f"refused {place}", f"  {reason}"]
    return "".join(f"{line}\n" for line in lines)


def _describe(plugin: Plugin) -> Iterator[str]:
    yield f"{plugin.name} {plugin.version}"
    yield f"  file    {plugin.file or '(comes with the package)'}"
    if plugin.description:
        yield f"  about   {plugin.description}"
    for need in plugin.requires:
        version = need.version()
        state = version if version is not None else f"is missing: {need.install}"
        yield f"  needs   {need.package} {state}"
    for option in plugin.options:
        yield f"  option  --{option.name} ({option.type.__name__}) {option.help}".rstrip()
    for module in plugin.modules:
        yield f"  module  {module.name} {module.description}".rstrip()
        try:
            instance = plugin.create(module.name)
        except Exception as error:
            yield f"    cannot be made: {error}"
            continue
        if instance.name != module.name:
            yield f"    is imported as {instance.name}"
        for name in instance.list_functions():
            function = instance.find_function(name)
            yield f"    {name}{function.type if function else ''}"
