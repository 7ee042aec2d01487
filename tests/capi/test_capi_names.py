"""Names that guests choose: tables of them in C are keyed per process."""

from __future__ import annotations

import ctypes
import random
import time
from itertools import islice
from typing import TYPE_CHECKING

import capi_host
import pytest
from wasmbuild import body, wasm

if TYPE_CHECKING:
    from collections.abc import Iterator

WORD = (1 << 64) - 1
MULTIPLIER = 0x9E3779B97F4A7C15
INVERSE = pow(MULTIPLIER, -1, 1 << 64)
COUNT = 10_000


class Result(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint8)]


@pytest.fixture(scope="module")
def library() -> ctypes.CDLL:
    found = ctypes.CDLL(str(capi_host.LIBRARY))
    for name in ("VMLoadWasmFromBuffer", "VMValidate", "VMInstantiate"):
        getattr(found, f"WasmEdge_{name}").restype = Result
    found.WasmEdge_VMCreate.restype = ctypes.c_void_p
    return found


def mix(value: int, word: int) -> int:
    value = (value ^ word) * MULTIPLIER & WORD
    return value ^ value >> 32


def unmix(mixed: int, word: int) -> int:
    mixed ^= mixed >> 32
    return (mixed * INVERSE & WORD) ^ word


def colliding() -> Iterator[bytes]:
    """Names of 16 bytes that met in one place of the table when its hash had no key."""
    dice = random.Random(1)
    while True:
        first = bytes(dice.randrange(97, 123) for _ in range(8))
        before = mix(mix(0, 16), int.from_bytes(first, "little"))
        while True:
            target = dice.getrandbits(40) << 24 | 0x5A5A5A
            second = (unmix(unmix(target, 0), 0) ^ before).to_bytes(8, "little")
            if max(second) < 128:
                yield first + second
                break


def plain() -> Iterator[bytes]:
    dice = random.Random(1)
    while True:
        yield bytes(dice.randrange(97, 123) for _ in range(16))


def exporting(names: Iterator[bytes]) -> bytes:
    """A module that exports so many names."""
    exports = [(name, "func", 0) for name in dict.fromkeys(islice(names, COUNT))]
    return wasm(types=["->"], funcs=[0], code=[body("nop")], exports=exports)


def seconds(library: ctypes.CDLL, binary: bytes) -> float:
    """Processor time of instantiating a module."""
    vm = ctypes.c_void_p(library.WasmEdge_VMCreate(None, None))
    assert library.WasmEdge_VMLoadWasmFromBuffer(vm, binary, len(binary)).code == 0
    assert library.WasmEdge_VMValidate(vm).code == 0
    before = time.process_time()
    assert library.WasmEdge_VMInstantiate(vm).code == 0
    taken = time.process_time() - before
    library.WasmEdge_VMDelete(vm)
    return taken


def test_names_cannot_be_chosen_to_collide(library: ctypes.CDLL) -> None:
    """That took six times as long for so many names, and quadratic time."""
    usual, chosen = exporting(plain()), exporting(colliding())
    pairs = [(seconds(library, usual), seconds(library, chosen)) for _ in range(3)]
    assert min(worse / better for better, worse in pairs) < 3, pairs
