"""Switching on what tells profilers and debuggers about functions.

Environment variables, which all hosts have, or options of the command do it. Nothing of this is
imported otherwise.
"""

from __future__ import annotations

import os

from ...base import log
from ...base.environment import is_trusted
from ...kernel.native import lib
from .. import pieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..pieces import Watcher

PERF = "PYWASMEDGE_PERF"
"""Environment variable: ``map`` or ``jitdump``."""
GDB = "PYWASMEDGE_GDB"
"""Environment variable: anything but ``0`` and nothing."""


def watch_as_told() -> None:
    """Switch on what the environment asks for."""
    if not is_trusted():
        return
    kind = os.environ.get(PERF, "")
    if kind and not watch_for_perf(kind):
        log.error(f"{PERF}: either map or jitdump, not {kind}")
    if os.environ.get(GDB, "0") not in ("", "0"):
        watch_for_gdb()


def watch_for_perf(kind: str) -> bool:
    """Write down functions for ``perf``; False if ``kind`` is neither ``map`` nor ``jitdump``."""
    if kind == "map":
        from .perf import PerfMap

        lib.we_code_stay_anonymous()
        _watch(PerfMap())
    elif kind == "jitdump":
        from .perf import JitDump

        _watch(JitDump())
    else:
        return False
    return True


def watch_for_gdb() -> None:
    """Describe functions to a debugger."""
    from .debugger import Symbols

    _watch(Symbols())


def _watch(watcher: Watcher) -> None:
    """Tell ``watcher`` of all code, also of what there is already."""
    if not any(isinstance(other, type(watcher)) for other in pieces.watchers):
        pieces.watch(watcher)
