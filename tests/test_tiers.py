"""Random programs do the same whichever code generator makes their code."""

from __future__ import annotations

import os
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from mixed import mixed_tiers
from modulegen import FUEL, Generator

from pywasmedge import Configure, Executor, Loader, Store, Validator
from pywasmedge.base.config import Proposal, Tier
from pywasmedge.base.errors import ErrCode
from pywasmedge.base.types import ValType
from pywasmedge.compiler.codegen import Level
from pywasmedge.runtime.code import take_failure
from pywasmedge.runtime.native import ffi, lib
from pywasmedge.runtime.values import signature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pywasmedge import FunctionInstance, ModuleInstance

ROUNDS = int(os.environ.get("PYWASMEDGE_FUZZ_ROUNDS", "1"))
EXTRA = (Proposal.TAIL_CALL, Proposal.THREADS)


def instantiate(binary: bytes, *, lazy: bool) -> ModuleInstance:
    """An instance of a module in a store of its own."""
    configure = Configure(tier=Tier.QUICK, lazy=lazy)
    for proposal in EXTRA:
        configure.add_proposal(proposal)
    module = Loader(configure).parse_bytes(binary)
    Validator(configure).validate(module)
    return Executor(configure).instantiate(Store(), module)


def call(random: Random, function: FunctionInstance) -> tuple[object, ...]:
    """The outcome of a call with random arguments: its trap, or the bits of its results."""
    type_ = function.type
    frame = bytearray(signature(type_).frame_size)
    at = 0
    for param in type_.params:
        size = 8 * param.slots
        if param != ValType.FUNCREF:
            few = random.choice((0, 1, 7, 40, 0x7FF8)).to_bytes(size, "little")
            noise = b"" if param.is_ref else random.randbytes(4)
            frame[at : at + size] = few if random.random() < 0.7 else noise.ljust(size, b"\0")
        at += size
    trap = lib.we_call(function.c, ffi.from_buffer("uint64_t *", frame))
    if trap:
        assert take_failure() is None
        return "trap", trap
    results: list[object] = []
    at = 0
    for result in type_.results:
        bits = int.from_bytes(frame[at : at + 8 * result.slots], "little")
        if result in (ValType.I32, ValType.F32):
            bits &= 0xFFFF_FFFF
        results.append(bits != 0 if result == ValType.FUNCREF else bits)
        at += 8 * result.slots
    return tuple(results)


def behaviour(seed: str, instance: ModuleInstance) -> Iterator[tuple[object, object]]:
    """What can be seen of an instance while its functions are called one after the other."""
    random = Random(seed)
    exports: dict[str, Any] = {name: instance.exports[name] for name in instance.exports}
    globals_ = [item for name, item in exports.items() if name.startswith("g")]
    memory = exports["memory"]
    for _ in range(3):
        for name, item in exports.items():
            if name.startswith("f"):
                globals_[-1].value = FUEL
                yield call(random, item), name
                yield "globals", [item.bits for item in globals_]
                yield memory.size, sha256(memory.read(0, memory.size)).hexdigest()


@pytest.mark.parametrize("guarded", [True, False])
@pytest.mark.parametrize("seed", range(6 * ROUNDS))
def test_random_programs(seed: int, guarded: bool) -> None:
    """With guard pages LLVM may drop loads that would trap: then only what is before counts."""
    binary = Generator(Random(f"tiers {seed}"), *EXTRA).binary()
    found = []
    for share in (1, 0, 0.5):
        with mixed_tiers(Random(seed), share, [Level.QUICK], guarded=guarded):
            instance = instantiate(binary, lazy=seed % 2 == 0)
            found.append(list(behaviour(str(seed), instance)))
    end = len(found[0])
    if guarded:
        outside = ("trap", ErrCode.MEMORY_OUT_OF_BOUNDS)
        end = next((i for i, (what, _) in enumerate(found[0]) if what == outside), end)
    for other in found[1:]:
        assert other[:end] == found[0][:end]
