"""Scheduling."""

from __future__ import annotations

import os

from .function import hot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .env import Env


@hot
def sched_yield(env: Env) -> None:
    """Let other threads of the host run."""
    os.sched_yield()
