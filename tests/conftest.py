"""What all tests share."""

from __future__ import annotations

import gc
import os
import signal
from typing import TYPE_CHECKING

import pytest
import shared
import testdata

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

if (
    signal.getsignal(signal.SIGINT) == signal.SIG_IGN
):  # as in jobs that a shell puts in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)  # programs that tests start get Ctrl-C

os.environ["PYWASMEDGE_CACHE"] = "off"  # code is made anew; tests of the cache have their own


shared.folder()  # before there are workers, which find it in their environment


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("first") is None)


def pytest_collection_finish() -> None:
    """Thousands of tests are not looked at whenever a test collects garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def guest() -> Callable[[str], Path]:
    """Path of a prebuilt guest: ``guest("hello")``."""

    def path(name: str) -> Path:
        found = testdata.GUESTS / f"{name}.wasm"
        assert found.is_file(), f"no such guest: {name}"
        return found

    return path
