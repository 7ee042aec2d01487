"""The emitter in C: the same bytes as its specification in Python, or nothing."""

from __future__ import annotations

import ctypes
import mmap
import os
import time
from random import Random
from typing import TYPE_CHECKING

import pytest
import testdata
import wasmbuild as wb
from modulegen import Generator
from quick_bytes import ALL, Comparison, compare, suite_modules
from test_fuzz import assembled, mutate_bytes, sections

from pywasmedge.base.config import Configure, Proposal
from pywasmedge.code.compiled import CompiledModule
from pywasmedge.code.quick import emitted
from pywasmedge.module.loader import load

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = int(os.environ.get("PYWASMEDGE_FUZZ_ROUNDS", "1"))
EXTRA = (Proposal.THREADS, Proposal.MULTI_MEMORIES)


def kernels() -> Iterator[bytes]:
    for path in sorted((testdata.ROOT / "bench" / "kernels").glob("*.wasm")):
        if path.stem != "threaded":  # made of tail calls, which are Python's
            yield path.read_bytes()


@pytest.mark.parametrize("counting", [True, False])
@pytest.mark.parametrize("guarded", [True, False])
def test_the_bytes_are_those_of_python(guarded: bool, counting: bool) -> None:
    found = Comparison()
    for binary in kernels():
        compare(binary, found, guarded=guarded, counting=counting)
    for guest in ("wordcount", "files", "indirect", "hello"):
        binary = (testdata.GUESTS / f"{guest}.wasm").read_bytes()
        compare(binary, found, guarded=guarded, counting=counting, step=3)
    assert not found.different
    assert found.left == found.invalid == 0
    assert found.same > 150


def test_the_bytes_are_those_of_python_in_the_suites() -> None:
    found = Comparison()
    for name, binary, proposals in suite_modules(step=7):
        compare(binary, found, proposals=proposals, name=name, step=3)
    if not found.same:
        pytest.skip(testdata.HOW_TO_GET)
    assert not found.different
    assert found.left * 50 < found.same


def test_generated_modules_have_the_bytes_of_python() -> None:
    """All types, many results, deep operands, every instruction."""
    found = Comparison()
    for seed in range(40 * ROUNDS):
        binary = Generator(Random(seed), *EXTRA).binary()
        compare(binary, found, proposals=ALL, guarded=seed % 3 > 0, name=f"seed {seed}")
    assert not found.different
    assert found.same > 60


def test_what_is_invalid_is_left_to_python() -> None:
    """Mutated bodies: no code where Python finds an error, the same code otherwise."""
    random = Random(13)
    bodies = [sections(Generator(random, *EXTRA).binary()) for _ in range(12)]
    bodies.append(sections((testdata.GUESTS / "library.wasm").read_bytes()))
    found = Comparison()
    for number in range(1500 * ROUNDS):
        parts = random.choice(bodies)
        mutated = [(i, mutate_bytes(random, part) if i == 10 else part) for i, part in parts]
        compare(assembled(mutated), found, proposals=ALL, name=f"mutation {number}")
    assert not found.different
    assert found.invalid > 200
    assert found.same > 200


TAILS = (
    "41 80,42 ff ff,20 81,28 02 80,43 00 00,44 00,fd 0c 00,fd 80,0e 02 00,02 ff,fc 8a,11 80,23 80"
)
"""Instructions that are cut off."""


@pytest.mark.parametrize("tail", TAILS.split(","))
def test_a_body_that_ends_within_an_immediate_at_the_end_of_memory(tail: str) -> None:
    code = bytes.fromhex(tail)
    body = b"\0" + code
    inner = wb.section(10, b"\1" + bytes((len(body),)) + body)
    start = wb.PREAMBLE + wb.section(1, b"\1\x60\0\0") + wb.section(3, b"\1\0")
    start += wb.section(5, b"\1\0\1")
    binary = start + wb.custom("pad", bytes(mmap.PAGESIZE - len(start) - len(inner) - 7)) + inner
    pages = mmap.mmap(-1, 2 * mmap.PAGESIZE)
    at = ctypes.addressof(ctypes.c_char.from_buffer(pages))
    assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(at + mmap.PAGESIZE), mmap.PAGESIZE, 0) == 0
    first = mmap.PAGESIZE - len(binary)
    pages[first : mmap.PAGESIZE] = binary
    module = load(binary, Configure(), bodies=False)
    module.data = memoryview(pages)[first : mmap.PAGESIZE]  # type: ignore[assignment]
    compiled = CompiledModule(module, Configure(lazy=True))
    assert emitted(compiled.handle, 0) is None


@pytest.mark.parametrize(
    ("start", "part", "end"),
    [
        (b"", b"\x02\x40\x0b", b""),
        (b"", b"\x03\x40\x0b", b""),
        (b"\x02\x40" * 1000, b"\x41\0\x0d\x01", b"\x0b" * 1000),
        (b"", b"\x41\0\x41\0\x6a\x1a", b""),
        (b"\x02\x40" * 900, b"\x02\x40\x41\0\x0e\1\1\1\x0b", b"\x0b" * 900),
        (b"\x41\0" * 50, b"\x02\x40\x0b", b"\x1a" * 50),
        (b"", b"\x41\1\x04\x40\x05\x0b", b""),
        (b"", b"\xfd\x0c" + bytes(range(16)) + b"\x1a", b""),
        (b"\x00", b"\x02\x40\x0b", b""),
    ],
)
def test_time_is_linear(start: bytes, part: bytes, end: bytes) -> None:
    def seconds(count: int) -> float:
        code = start + part * count + end + b"\x0b"
        binary = wb.wasm(types=["->"], funcs=[0], code=[b"\0" + code])
        compiled = CompiledModule(load(binary, Configure(), bodies=False), Configure(lazy=True))
        begin = time.thread_time()
        emitted(compiled.handle, 0)
        return time.thread_time() - begin

    assert seconds(40_000) < 20 * seconds(4_000) + 0.05


def test_metered_code_is_made_by_python() -> None:
    binary = next(kernels())
    configure = Configure(lazy=True, cost_measuring=True)
    compiled = CompiledModule(load(binary, configure, bodies=False), configure)
    assert emitted(compiled.handle, 0) is None
    compiled.ensure(0)
    assert compiled.has_code(0)
