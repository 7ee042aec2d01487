"""What all tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import testdata

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def guest() -> Callable[[str], Path]:
    """Path of a prebuilt guest: ``guest("hello")``."""

    def path(name: str) -> Path:
        found = testdata.GUESTS / f"{name}.wasm"
        assert found.is_file(), f"no such guest: {name}"
        return found

    return path
