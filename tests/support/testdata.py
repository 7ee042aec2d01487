"""Where test inputs lie that are not part of the repository."""

from __future__ import annotations

import os
from pathlib import Path

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
"""The repository."""

IMPORTS = os.pathsep.join(map(str, (TESTS, Path(__file__).parent, ROOT)))
"""``PYTHONPATH`` of programs that import helpers of the tests."""

GUESTS = TESTS / "guests"
"""The prebuilt guests (part of the repository)."""

HOW_TO_GET = (
    "test inputs not found: put the folder with spec/, wasi/ and capi/ at ../shared, "
    "or name it in the environment variable PYWASMEDGE_TESTDATA"
)


def find(relative: str) -> Path | None:
    """A shared test input, like ``spec/spec-2.0-json.tar.xz``; ``None`` if it is not there."""
    named = os.environ.get("PYWASMEDGE_TESTDATA")
    folder = Path(named) if named else ROOT.parent / "shared"
    path = folder / relative
    return path if path.exists() else None


def require(relative: str) -> Path:
    """The same for use in a test: skips it with instructions if the input is not there."""
    import pytest

    path = find(relative)
    if path is None:
        pytest.skip(f"{relative}: {HOW_TO_GET}")
    return path
