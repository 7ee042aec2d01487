"""Ending the program."""

from __future__ import annotations

from ..base.errors import Exit
from . import errno
from .errno import WasiError
from .function import U8, U32, wasi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from .env import Env

# What a signal does to a program that has no handler, as a guest has none. WASI's numbers.
_SIGNALS = 31
_IGNORED = frozenset([0, 16, 17, 22, 27])  # none, chld, cont, urg, winch
_STOPPING = frozenset([18, 19, 20, 21])  # stop, tstp, ttin, ttou


@wasi
def proc_exit(env: Env, code: U32) -> NoReturn:
    """End the program with ``code``."""
    env.exit_code = code
    raise Exit(code)


@wasi
def proc_raise(env: Env, signal: U8) -> None:
    """Send the guest a signal: its default action, on the guest alone.

    One that ends a program ends the guest with the code 128 plus its number. Stopping a guest
    is not supported (``NOTSUP``).
    """
    if signal >= _SIGNALS:
        raise WasiError(errno.INVAL)
    if signal in _STOPPING:
        raise WasiError(errno.NOTSUP)
    if signal not in _IGNORED:
        proc_exit(env, 128 + signal)
