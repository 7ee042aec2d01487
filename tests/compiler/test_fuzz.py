"""Hostile input: random, mutated and generated modules.

Loading and checking may only fail with the documented errors, soon and in little memory, and
whatever passes must compile: LLVM's verifier must accept it. Seeds are fixed; set the
environment variable PYWASMEDGE_FUZZ_ROUNDS to multiply the number of rounds.
"""

from __future__ import annotations

import os
import resource
import time
from random import Random
from typing import TYPE_CHECKING

import pytest
import testdata
import wasmbuild as wb
from modulegen import Generator

from pywasmedge import Executor, Loader, Store, Trap, Validator
from pywasmedge.base.config import Configure, Proposal, Tier
from pywasmedge.base.errors import ErrCode, LoadError, ValidationError
from pywasmedge.base.types import ValType
from pywasmedge.compiler.baseline.writer import BaselineWriter
from pywasmedge.compiler.codegen import verify
from pywasmedge.compiler.unit import UnitWriter
from pywasmedge.module.loader import load
from pywasmedge.walk.check import check
from pywasmedge.walk.rules import Declared, validate_module
from pywasmedge.walk.walker import Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pywasmedge.module.ast import Module

ROUNDS = int(os.environ.get("PYWASMEDGE_FUZZ_ROUNDS", "1"))
ALL = Configure(proposals=set(Proposal))
EXTRA = (Proposal.TAIL_CALL, Proposal.THREADS)
SMALL_GUESTS = ("hello", "library", "recurse", "spin", "trap")
INTERESTING = b"\0\1\2\x0b\x10\x11\x1a\x20\x40\x41\x6f\x70\x7b\x7f\x80\xd2\xfc\xfd\xfe\xff"


@pytest.fixture(autouse=True)
def little_memory() -> Iterator[None]:
    """No test of this file may raise the peak of the process by more than 400 MB."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000


def accepted(binary: bytes) -> Module | None:
    """The module if it is valid; ``None`` if it was refused as it should be."""
    start = time.thread_time()
    try:
        module = load(binary, ALL)
        check(module, ALL)
    except LoadError as error:
        assert 0x20 <= error.code < 0x40
        assert error.offset is not None
        assert 0 <= error.offset <= len(binary)
        return None
    except ValidationError as error:
        assert 0x40 <= error.code < 0x60
        return None
    finally:
        assert time.thread_time() - start < 1 + len(binary) * 20e-6
    return module


def compiles(module: Module) -> None:
    """Generate code for all functions; LLVM must accept it."""
    writer = UnitWriter(module, ALL.proposals, guarded=len(module.data) % 2 == 0)
    if module.bodies:
        verify(writer.write(range(len(module.bodies))), "a fuzzed module")


def accepted_lazily(binary: bytes) -> bool:
    """Whether a module is valid, each body being checked only when its code is generated.

    Both code generators must find what checking alone finds.
    """
    try:
        module = load(binary, ALL, bodies=False)
        validate_module(module, ALL)
    except (LoadError, ValidationError):
        return False
    found = [errors(module, Walk(module, ALL.proposals, Declared(module)).check)]
    valid = 0 not in module.checked
    optimised = UnitWriter(module, ALL.proposals, guarded=True)
    quick = BaselineWriter(module, ALL.proposals, guarded=True)

    for generate in (optimised.write, quick.compile):
        module.checked[:] = bytes(len(module.bodies))
        found.append(errors(module, lambda index, make=generate: make([index])))
        assert found[-1] == found[0]
        assert (0 not in module.checked) == valid
    return valid


def errors(module: Module, work: Callable[[int], object]) -> list[tuple[object, ...] | None]:
    """What is wrong with each body according to ``work``."""
    found: list[tuple[object, ...] | None] = []
    for index in range(len(module.bodies)):
        try:
            work(index)
            found.append(None)
        except (LoadError, ValidationError) as error:
            assert error.func_index == module.imported_funcs + index
            assert not module.checked[index]
            found.append((error.code, error.offset, error.detail))
        except Trap as error:
            assert error.code == ErrCode.RUNTIME_ERROR  # too complex to compile
            found.append(None)
            module.checked[index] = 1
    return found


# --- mutation --------------------------------------------------------------------------------


def sections(binary: bytes) -> list[tuple[int, bytes]]:
    """(id, content) of the sections of a well-formed binary."""
    found, pos = [], 8
    while pos < len(binary):
        number, pos, size, shift = binary[pos], pos + 1, 0, 0
        while True:
            size |= (binary[pos] & 0x7F) << shift
            shift, pos = shift + 7, pos + 1
            if binary[pos - 1] < 0x80:
                break
        found.append((number, binary[pos : pos + size]))
        pos += size
    return found


def assembled(parts: list[tuple[int, bytes]]) -> bytes:
    return wb.PREAMBLE + b"".join(wb.section(number, content) for number, content in parts)


def mutate_bytes(random: Random, data: bytes) -> bytes:
    """Change, insert, remove or repeat a few bytes."""
    out = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
        place, length = random.randrange(len(out) + 1), random.randint(1, 6)
        kind = random.randrange(6)
        if kind == 0:
            out[place : place + 1] = bytes((random.choice(INTERESTING),))
        elif kind == 1:
            out[place : place + 1] = random.randbytes(1)
        elif kind == 2:
            out[place:place] = random.choices(INTERESTING, k=length)
        elif kind == 3:
            del out[place : place + length]
        elif kind == 4:
            out[place:place] = out[place : place + length * 4]
        elif place < len(out):
            out[place] ^= 1 << random.randrange(8)
    return bytes(out)


def mutate(random: Random, binary: bytes) -> bytes:
    """Mutate the file, a section of right size, the order of sections, or a body of right size."""
    kind = random.randrange(8)
    if kind == 0:
        return mutate_bytes(random, binary)
    parts = sections(binary)
    place = random.randrange(len(parts))
    number, content = parts[place]
    if kind == 1:
        parts[place] = number, mutate_bytes(random, content)
    elif kind == 2:
        parts.insert(random.randrange(len(parts)), parts.pop(place))
    elif kind == 3:
        parts[place : place + 1] = [parts[place]] * random.randrange(3)
    else:
        module = load(binary, ALL)
        bodies = [binary[start:end] for start, end in module.bodies]
        if bodies:
            index = random.randrange(len(bodies))
            bodies[index] = mutate_bytes(random, bodies[index])
        code = wb.vec(map(wb.name, bodies))
        parts = [(n, code if n == 10 else content) for n, content in parts]
    return assembled(parts)


def corpus(random: Random, count: int) -> list[bytes]:
    """Valid modules to start from: guests, generated ones, and the specification's if there."""
    found = [(testdata.GUESTS / f"{name}.wasm").read_bytes() for name in SMALL_GUESTS]
    found += [Generator(random, *EXTRA).binary() for _ in range(count)]
    if testdata.find("spec/spec-2.0-wast.tar.xz"):
        from spec.suites import scripts

        for script in random.sample(scripts(), count):
            named = [c["filename"] for c in script.commands if c["type"] == "module"]
            binary = script.binary(random.choice(named)) if named else b""
            if len(sections(binary)) > 1 and len(binary) < 5_000:
                found.append(binary)
    return found


# --- tests -----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2 * ROUNDS))
def test_random_bytes(seed: int) -> None:
    random = Random(seed)
    for _ in range(150):
        noise = random.randbytes(random.randrange(60))
        few = bytes(random.choices(INTERESTING, k=random.randrange(40)))
        number = random.randrange(14)
        code = wb.wasm(types=["i32 -> i32"], funcs=[0], memories=[wb.limits(1)])
        for binary in (
            noise,
            wb.PREAMBLE + noise,
            wb.PREAMBLE + few,
            wb.PREAMBLE + wb.section(number, noise),
            wb.PREAMBLE + wb.section(number, b"\1" + few),
            code + wb.section(10, b"\1" + wb.name(b"\0" + few + b"\x0b")),
        ):
            module = accepted(binary)
            assert accepted_lazily(binary) == (module is not None)
            if module is not None:
                compiles(module)


@pytest.mark.parametrize("seed", range(10 * ROUNDS))
def test_mutated_modules(seed: int) -> None:
    random = Random(seed)
    valid = 0
    for origin in corpus(random, 4):
        for _ in range(8):
            binary = mutate(random, origin)
            for _ in range(random.randrange(2)):
                binary = mutate_bytes(random, binary)
            module = accepted(binary)
            if len(binary) < 3_000:
                assert accepted_lazily(binary) == (module is not None)
            if module is not None:
                valid += 1
                if len(binary) < 3_000:
                    compiles(module)
    assert valid, "no mutation was harmless: the mutations are not subtle enough"


@pytest.mark.parametrize("tier", [Tier.QUICK, Tier.OPTIMISED])
@pytest.mark.parametrize("seed", range(6 * ROUNDS))
def test_generated_modules_run(seed: int, tier: Tier) -> None:
    """They are valid by construction, so they compile; what they do is return or trap."""
    configure = Configure(tier=tier)
    for proposal in EXTRA:
        configure.add_proposal(proposal)
    for part in range(2):
        binary = Generator(Random(f"{seed}.{part}"), *EXTRA).binary()
        module = Loader(configure).parse_bytes(binary)
        Validator(configure).validate(module)
        instance = Executor(configure).instantiate(Store(), module)
        zero: dict[ValType, object] = dict.fromkeys(ValType, 0)
        zero |= {ValType.V128: bytes(16), ValType.FUNCREF: None, ValType.EXTERNREF: None}
        for name in instance.exports:
            if not name.startswith("f"):
                continue
            function = instance.exports[name]
            try:
                function(*(zero[type_] for type_ in function.type.params))
            except Trap as trap:
                assert trap.code in TRAPS


TRAPS = {
    ErrCode.UNREACHABLE,
    ErrCode.DIVIDE_BY_ZERO,
    ErrCode.INTEGER_OVERFLOW,
    ErrCode.INVALID_CONV_TO_INT,
    ErrCode.MEMORY_OUT_OF_BOUNDS,
    ErrCode.TABLE_OUT_OF_BOUNDS,
    ErrCode.UNINITIALIZED_ELEMENT,
    ErrCode.UNDEFINED_ELEMENT,
    ErrCode.INDIRECT_CALL_TYPE_MISMATCH,
    ErrCode.UNALIGNED_ATOMIC_ACCESS,
}


# --- particular shapes -----------------------------------------------------------------------


def one_function(code: bytes, type_: str = "->", **parts: object) -> bytes:
    return wb.wasm(types=[type_], funcs=[0], code=[wb.body(code)], **parts)  # type: ignore[arg-type]


@pytest.mark.parametrize("opening", ["block void", "loop void", "i32.const 1 if void"])
def test_ten_thousand_nested_blocks(opening: str) -> None:
    depth = 10_000
    binary = one_function(wb.asm(opening) * depth + wb.asm("end") * depth)
    module = accepted(binary)
    assert module is not None
    compiles(module)
    assert accepted(one_function(wb.asm(opening) * depth)) is None


@pytest.mark.parametrize(
    "code",
    [
        wb.asm("i32.const 0") * 20_000 + wb.asm("drop") * 20_000,
        wb.asm("i32.const 0") * 20_000 + wb.asm("i32.add") * 19_999 + wb.asm("drop"),
        wb.asm("i32.const 0 br_table 20000 " + "0 " * 20_001),
        wb.asm("unreachable") * 20_000,
        wb.asm("return") + wb.asm("select") * 20_000 + wb.asm("drop"),
        wb.asm("block i32 i32.const 1 end drop") * 5_000,
    ],
    ids=["stack", "chain", "br_table", "unreachable", "polymorphic", "blocks"],
)
def test_long_bodies(code: bytes) -> None:
    module = accepted(one_function(code))
    assert module is not None
    compiles(module)


def test_all_locals_of_a_function() -> None:
    groups = [(10_000, type_) for type_ in ("i32", "i64", "f32", "f64", "v128")]
    loop = "loop void local.get 49999 local.set 49998 end " * 50
    binary = wb.wasm(types=["->"], funcs=[0], code=[wb.body(loop, groups)])
    module = accepted(binary)
    assert module is not None
    compiles(module)


def test_a_thousand_parameters_and_results() -> None:
    types = " ".join(["i32", "i64", "f32", "f64"] * 250)
    code = wb.asm(" ".join(f"local.get {i}" for i in range(1000)) + " call 0")
    module = accepted(one_function(code, f"{types} -> {types}"))
    assert module is not None
    compiles(module)


@pytest.mark.parametrize("name", SMALL_GUESTS)
def test_every_truncation_of_a_real_module(name: str) -> None:
    """Through the public loader, which reads bodies too."""
    binary = (testdata.GUESTS / f"{name}.wasm").read_bytes()
    loader = Loader()
    for length in {*range(0, len(binary), max(1, len(binary) // 250)), *range(40)}:
        try:
            loader.parse_bytes(binary[:length])
        except LoadError as error:
            assert error.offset is not None
            assert error.offset <= length
