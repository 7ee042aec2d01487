"""Random numbers."""

from __future__ import annotations

import os

from .function import Buffer, hot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .env import Env

_PIECE = 1 << 20


@hot
def random_get(env: Env, buf: Buffer) -> None:
    """Fill ``buf`` from the host's source of secure random bytes, or the embedder's own."""
    source = env.random or os.urandom
    for start in range(0, len(buf), _PIECE):
        piece = buf[start : start + _PIECE]
        piece[:] = source(len(piece))
