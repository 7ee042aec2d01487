"""Whether the environment variables come from the user the process works for."""

from __future__ import annotations

import os


def is_trusted() -> bool:
    """Whether the environment is the user's own: that of setuid programs is another user's."""
    return os.getuid() == os.geteuid() and os.getgid() == os.getegid()
