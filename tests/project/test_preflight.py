"""What the set-up says when the machine lacks something."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PREFLIGHT = Path(__file__).parents[2] / ".ci" / "preflight.py"


def preflight(code: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the check in an interpreter of its own, after ``code``."""
    program = f"{code}\nimport runpy; runpy.run_path({str(PREFLIGHT)!r}, run_name='__main__')"
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_nothing_is_missing_here() -> None:
    done = preflight()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


WITHOUT_HEADERS = "import sysconfig; sysconfig.get_path = lambda name: '/nowhere'"
WITHOUT_VENV = "import sys; sys.modules['venv'] = None"
STATIC = "import sysconfig; sysconfig.get_config_var = lambda name: None"
OLD = "import sys; sys.version_info = (3, 8, 0)"


@pytest.mark.parametrize(
    ("code", "environment", "what"),
    [
        ("", {"CC": "no-such-compiler -O2"}, "a C compiler (no-such-compiler)"),
        ("", {"MAKE": "no-such-make"}, "make"),
        (WITHOUT_HEADERS, {}, "/nowhere/Python.h"),
        (WITHOUT_VENV, {}, "module venv"),
        (STATIC, {"CC": "sh"}, "a shared libpython"),
        (OLD, {}, "Python 3.10 or newer"),
    ],
)
def test_what_is_missing_is_named_with_its_remedy(
    code: str, environment: dict[str, str], what: str
) -> None:
    done = preflight(code, **environment)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert len(lines) == 2, done.stderr
    assert lines[0].startswith("missing: ")
    assert what in lines[0]
    assert lines[1].startswith("  get it with: ")
    assert len(lines[1].split()) >= 5
