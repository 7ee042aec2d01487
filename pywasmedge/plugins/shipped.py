"""The plugins that come with the package; their functions are imported when guests use them."""

from __future__ import annotations

from .descriptor import Plugin, PluginOption
from .later import LaterModule
from .surroundings import Surroundings


def _process(surroundings: Surroundings) -> object:
    from .process import Process

    options = surroundings.options
    return Process(frozenset(options["allow-command"]), bool(options["allow-command-all"]))


PROCESS = Plugin(
    "wasmedge_process",
    [LaterModule("wasmedge_process", f"{__package__}.process", "Run commands of the host.")],
    version="0.10.0",
    description="Guests run commands of the host that are allowed.",
    options=[
        PluginOption("allow-command", list, help="Let guests run this command. Repeatable."),
        PluginOption("allow-command-all", bool, help="Let guests run all commands."),
    ],
    state=_process,
)

SHIPPED = [PROCESS]
