"""Program arguments and environment variables."""

from __future__ import annotations

from . import abi, errno
from .errno import WasiError
from .function import U32, Memory, hot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .env import Env


@hot
def args_sizes_get(env: Env) -> tuple[U32, U32]:
    """Number of arguments; bytes they need, a NUL behind each included."""
    return _sizes(env.args)


@hot
def args_get(env: Env, memory: Memory, argv: U32, argv_buf: U32) -> None:
    """Store a pointer to each argument at ``argv``, the strings at ``argv_buf``."""
    _store(env.args, memory, argv, argv_buf)


@hot
def environ_sizes_get(env: Env) -> tuple[U32, U32]:
    """Number of environment variables; bytes they need, a NUL behind each included."""
    return _sizes(env.environ)


@hot
def environ_get(env: Env, memory: Memory, environ: U32, environ_buf: U32) -> None:
    """Store a pointer to each variable at ``environ``, the strings at ``environ_buf``."""
    _store(env.environ, memory, environ, environ_buf)


def _sizes(strings: list[bytes]) -> tuple[int, int]:
    return len(strings), sum(map(len, strings)) + len(strings)


def _store(strings: list[bytes], memory: Memory, array: int, at: int) -> None:
    count, size = _sizes(strings)
    if array + 4 * count > len(memory) or at + size > len(memory):
        raise WasiError(errno.FAULT)
    pointer = abi.LAYOUTS["U32"]
    for i, string in enumerate(strings):
        end = at + len(string) + 1
        pointer.pack_into(memory, array + 4 * i, at)
        memory[at:end] = string + b"\0"
        at = end
