"""Tests of the cache have Python make the quick code: what the emitter in C makes is not kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pywasmedge.code import quick

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def python_makes_quick_code(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(quick.SWITCH, "python")
    quick._tables.cache_clear()
    yield
    quick._tables.cache_clear()
