"""What all tests share."""

from __future__ import annotations

import gc
import os
import signal
from itertools import groupby
from typing import TYPE_CHECKING

import pytest
import shared
import testdata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

if (
    signal.getsignal(signal.SIGINT) == signal.SIG_IGN
):  # as in jobs that a shell puts in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)  # programs that tests start get Ctrl-C

os.environ["PYWASMEDGE_CACHE"] = "off"  # code is made anew; tests of the cache have their own


shared.folder()  # before there are workers, which find it in their environment


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--quick",
        action="store_true",
        help="each test with one of its parameter sets; no long ones",
    )


def sample(items: list[pytest.Item]) -> Iterator[pytest.Item]:
    """One of each test function, in the middle of its parameter sets."""
    for _, alike in groupby(items, lambda item: (item.path, getattr(item, "originalname", ""))):
        chosen = [item for item in alike if item.get_closest_marker("long") is None]
        yield from chosen[len(chosen) // 2 :][:1]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--quick"):
        chosen = list(sample(items))
        config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
        items[:] = chosen
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
