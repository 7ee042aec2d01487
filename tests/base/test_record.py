"""The light data classes behave like the standard ones, as far as they are used."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from pywasmedge import Configure, FunctionType
from pywasmedge.base import record
from pywasmedge.base.types import GlobalType, Limits, MemoryType, ValType


def make(module):  # type: ignore[no-untyped-def]
    @module.dataclass(frozen=True, slots=True)
    class Point:
        x: int
        y: int = 7

    @module.dataclass(slots=True)
    class Bag:
        name: str
        items: list[int] = module.field(default_factory=list)

    return Point, Bag


@pytest.mark.parametrize("module", [dataclasses, record])
def test_same_behaviour_as_the_standard_module(module) -> None:  # type: ignore[no-untyped-def]
    point, bag = make(module)
    assert point(1) == point(1, 7) == point(y=7, x=1) != point(1, 8)
    assert len({point(1), point(1, 7)}) == 1
    assert repr(point(1)).endswith("Point(x=1, y=7)")
    for wrong in ({}, {"x": 1, "z": 2}):
        with pytest.raises(TypeError):
            point(**wrong)
    with pytest.raises(TypeError):
        point(1, 2, 3)
    with pytest.raises(AttributeError):
        point(1).x = 2
    with pytest.raises(AttributeError):
        del point(1).x
    with pytest.raises((AttributeError, TypeError)):
        point(1).unknown = 2
    assert point(1) != (1, 7)
    first, second = bag("a"), bag("b")
    first.items.append(1)
    assert second.items == []
    first.name = "c"
    assert first == bag("c", [1])
    with pytest.raises(TypeError):
        hash(first)
    match point(3, 4):
        case point(x, y):
            assert (x, y) == (3, 4)


@pytest.mark.parametrize(
    "value",
    [
        FunctionType((ValType.I32,), (ValType.F64,)),
        MemoryType(Limits(1, 2), shared=True),
        GlobalType(ValType.V128),
    ],
)
def test_types_survive_copying_and_pickling(value: object) -> None:
    assert copy.copy(value) == copy.deepcopy(value) == value
    assert pickle.loads(pickle.dumps(value)) == value


def test_configurations_do_not_share_their_sets() -> None:
    first, second = Configure(), Configure()
    first.proposals.clear()
    assert second.proposals
