"""What is made once for all test processes of a run: programs, trees, environments.

The process that pytest was started in makes a folder, its workers are told where that is.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE = "PYWASMEDGE_TEST_FOLDER"


def folder() -> Path:
    """The folder of the run; the process that makes it removes it at its end."""
    named = os.environ.get(VARIABLE)
    if named is None:
        named = os.environ[VARIABLE] = tempfile.mkdtemp(prefix="pywasmedge-tests-")
        atexit.register(_remove, named, os.getpid())
    return Path(named)


def _remove(made: str, maker: int) -> None:
    if os.getpid() == maker:
        shutil.rmtree(made, ignore_errors=True)


def once(name: str, key: object, make: Callable[[Path], None]) -> Path:
    """A file or folder that the first process that needs it makes; others wait for that.

    Args:
        name: the beginning of its name.
        key: what tells it from others of that name; its ``repr`` counts.
        make: called with the path. If it fails, the next one to ask tries again.

    Returns:
        The path, which is not to be written to.
    """
    digest = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
    made = folder() / f"{name}-{digest}"
    done = made.with_name(f"{made.name}.done")
    if done.exists():
        return made
    with made.with_name(f"{made.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            if made.is_dir():
                shutil.rmtree(made)  # what is left of an attempt that failed
            make(made)
            done.touch()
    return made
