"""Hosts of the C API under valgrind."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import capi_host
import pytest

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = capi_host.SOURCES
SECONDS = 900
FAILED = 99
"""Exit code when a tool has found something."""
slow = pytest.mark.skipif(
    "PYWASMEDGE_SLOW_TESTS" not in os.environ, reason="takes minutes; set PYWASMEDGE_SLOW_TESTS=1"
)
Host = tuple[str, tuple[object, ...]]
"""A source file without its suffix and the arguments of the program."""


def under_valgrind(host: Host, folder: Path) -> None:
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        pytest.skip("valgrind is not on the path")
    flags = [
        "--quiet",
        f"--error-exitcode={FAILED}",
        "--smc-check=all-non-file",
        f"--suppressions={SOURCES / 'valgrind.supp'}",
        "--leak-check=no",
    ]
    source, arguments = host
    done = capi_host.run(
        valgrind,
        *flags,
        capi_host.build(f"{source}.c"),
        *arguments,
        env=os.environ | {"PYTHONMALLOC": "malloc"},
        cwd=folder,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
