"""The order in which functions are compiled again."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from pywasmedge.code.optimiser import Optimiser


class Module:
    """Stands for a compiled module: notes what is to be improved."""

    def __init__(self, *sizes: int) -> None:
        self.module = SimpleNamespace(bodies=[(100, 100 + size) for size in sizes])
        self.improved: list[tuple[int, int]] = []
        self.done = threading.Semaphore(0)

    def improvement(self, index: int, loop: int) -> SimpleNamespace:
        """What the optimiser calls."""

        def make() -> None:
            self.improved.append((index, loop))
            self.done.release()

        return SimpleNamespace(make=make)


@pytest.fixture
def optimiser(monkeypatch: pytest.MonkeyPatch) -> Optimiser:
    monkeypatch.setattr(Optimiser, "FIRST", 0.0)
    return Optimiser()


def test_small_functions_come_before_large_ones(
    optimiser: Optimiser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Optimiser, "PATIENCE", 1e-3)
    module = Module(1000, 500, 1)
    for index in range(3):
        optimiser.add(module, index, 7 * index)  # type: ignore[arg-type]
    for _ in range(3):
        assert module.done.acquire(timeout=60)
    assert module.improved == [(2, 14), (1, 7), (0, 0)]


def test_equal_ones_come_in_the_order_of_asking(
    optimiser: Optimiser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Optimiser, "PATIENCE", 0.0)
    module = Module(*[10] * 50)
    for index in range(50):
        optimiser.add(module, index)  # type: ignore[arg-type]
    for _ in range(50):
        assert module.done.acquire(timeout=60)
    assert [index for index, _ in module.improved] == list(range(50))


def test_a_module_that_is_gone_is_left_out(optimiser: Optimiser) -> None:
    gone, module = Module(5000), Module(6000)
    optimiser.add(gone, 0)  # type: ignore[arg-type]
    improved = gone.improved
    del gone
    optimiser.add(module, 0)  # type: ignore[arg-type]
    assert module.done.acquire(timeout=60)
    assert improved == []
