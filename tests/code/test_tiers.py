"""Random programs do the same whichever code generator makes their code."""

from __future__ import annotations

import os
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
import wasmbuild as wb
from mixed import mixed_tiers
from modulegen import FUEL, Generator

from pywasmedge import Configure, Executor, Loader, Store, Validator
from pywasmedge.base.config import Proposal, Tier
from pywasmedge.base.errors import ErrCode
from pywasmedge.base.types import ValType
from pywasmedge.code.failures import take_failure
from pywasmedge.compiler.codegen import Level
from pywasmedge.kernel.native import ffi, lib
from pywasmedge.runtime.values import signature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pywasmedge import FunctionInstance, ModuleInstance

ROUNDS = int(os.environ.get("PYWASMEDGE_FUZZ_ROUNDS", "1"))
EXTRA = (Proposal.TAIL_CALL, Proposal.THREADS)


def instantiate(binary: bytes, *, lazy: bool, **settings: Any) -> ModuleInstance:
    """An instance of a module in a store of its own."""
    configure = Configure(**{"tier": Tier.QUICK, "lazy": lazy} | settings)
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
    core = instance._core
    assert core is not None
    table = core.table(0)
    for _ in range(3):
        for name, item in exports.items():
            if name.startswith("f"):
                globals_[-1].value = FUEL
                yield call(random, item), name
                yield "globals", [item.bits for item in globals_]
                yield memory.size, sha256(memory.read(0, memory.size)).hexdigest()
                found = [table.get(i) for i in range(table.size)]
                yield "table", [f and f.name for f in found]


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


OPTIMISED = {
    "exact": {"exact_traps": True},
    "exact, metered": {"exact_traps": True, "instruction_counting": True, "cost_measuring": True},
    "default": {},
}


@pytest.mark.parametrize("way", OPTIMISED)
@pytest.mark.parametrize("seed", range(6 * ROUNDS))
def test_optimised_code_leaves_the_same_state(seed: int, way: str) -> None:
    """After every call; by default up to the first one that ends with an access out of bounds."""
    binary = Generator(Random(f"state {seed}"), *EXTRA).binary()
    quick = list(behaviour(str(seed), instantiate(binary, lazy=True)))
    settings = {"tier": Tier.OPTIMISED, **OPTIMISED[way]}
    optimised = list(behaviour(str(seed), instantiate(binary, lazy=False, **settings)))
    end = len(quick)
    if way == "default":
        outside = ("trap", ErrCode.MEMORY_OUT_OF_BOUNDS)
        end = next((i for i, (what, _) in enumerate(quick) if what == outside), end)
    assert optimised[:end] == quick[:end]


KINDS = {"i32": "i32.add", "i64": "i64.xor", "f32": "f32.add", "f64": "f64.mul", "v128": "v128.xor"}
"""An instruction of each type that makes no NaN of what the locals hold."""


def shuffled_locals(random: Random) -> bytes:
    """A function with a loop that copies its locals to and fro, beside calls of another one."""
    types = random.choices(list(KINDS), k=random.randint(2, 14))
    places = {type_: [i for i, t in enumerate(types) if t == type_] for type_ in types}
    turns = len(types)

    def statement(depth: int = 2) -> str:
        inner = statement(depth - 1) if depth else "nop"
        index = random.randrange(len(types))
        type_ = types[index]
        other, third = random.choice(places[type_]), random.choice(places[type_])
        get = f"local.get {other}"
        number = random.randbytes(16).hex() if type_ == "v128" else random.randrange(1, 3)
        return random.choice((
            f"{get} local.set {index}",
            f"{get} local.tee {index} local.set {third}",
            f"{get} local.get {third} {KINDS[type_]} local.set {index}",
            f"{get} local.get {index} local.set {other} local.set {index}",
            f"{get} {inner} local.set {index}",
            f"{type_}.const {number} local.set {index}",
            " ".join(f"local.get {i}" for i in range(turns)) + " call 1 drop",
            "ref.func 1 drop",
        ))  # fmt: skip

    body = " ".join(statement() for _ in range(random.randint(3, 40)))
    loop = f"loop void {body} local.get {turns} i32.const 1 i32.add local.tee {turns} "
    loop += "i32.const 3 i32.lt_u br_if 0 end "
    some = random.randrange(len(types) + 1)
    args = " ".join(types[:some])
    return wb.wasm(
        types=[f"{args} -> {' '.join(types)}", f"{' '.join(types)} -> {types[0]}"],
        funcs=[0, 1],
        exports=[("f", "func", 0), ("g", "func", 1)],
        code=[
            wb.body(
                loop + " ".join(f"local.get {i}" for i in range(turns)),
                [*((1, type_) for type_ in types[some:]), (1, "i32")],
            ),
            wb.body(f"loop void {'local.get 0 drop ' * 3} end local.get 0"),
        ],
    )


@pytest.mark.parametrize("seed", range(20 * ROUNDS))
def test_locals_that_live_in_registers(seed: int) -> None:
    binary = shuffled_locals(Random(f"locals {seed}"))
    found = []
    for share in (1, 0):
        with mixed_tiers(Random(seed), share, [Level.QUICK]):
            instance = instantiate(binary, lazy=True)
            found.append(call(Random(seed), instance.exports["f"]))
    assert found[0] == found[1]
