"""Atomic instructions: results, widths, alignment, bounds, waiting and waking between threads."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
import wasmbuild as wb

from pywasmedge import VM, Configure, ErrCode, LoadError, Proposal, Tier, Trap, ValidationError
from pywasmedge.isa.atomic import ATOMIC

if TYPE_CHECKING:
    from pywasmedge import Exports
    from pywasmedge.isa.row import Row

TIERS = [Tier.QUICK, Tier.OPTIMISED]
ACCESSES = [row for row in ATOMIC if row.code >= 0x10]
CONTENT = bytes(range(0xF1, 0xF9))
OPERAND = 0x0123456789ABCDEF


def threads(tier: Tier = Tier.OPTIMISED) -> Configure:
    """A configuration with the proposal on."""
    configure = Configure(tier=tier)
    configure.add_proposal(Proposal.THREADS)
    return configure


def exports(
    functions: dict[str, tuple[str, str]], *, shared: bool = True, tier: Tier = Tier.OPTIMISED
) -> Exports:
    """Functions (type and code by name) around a memory of one page."""
    types = sorted({type_ for type_, _ in functions.values()})
    binary = wb.wasm(
        types=types,
        funcs=[types.index(type_) for type_, _ in functions.values()],
        memories=[wb.limits(1, 1, shared=shared)],
        exports=[
            *((name, "func", i) for i, name in enumerate(functions)),
            ("memory", "memory", 0),
        ],
        code=[wb.body(code) for _, code in functions.values()],
        datas=[wb.data("i32.const 8", CONTENT)],
    )
    vm = VM(threads(tier))
    vm.load_wasm_from_bytes(binary)
    vm.validate()
    return vm.instantiate().exports


def natural(row: Row) -> int:
    """Log2 of the width in bytes."""
    return int(row.immediates[0].partition(":")[2])


def parameters(row: Row) -> list[str]:
    """Types of the operands."""
    return row.type.partition("->")[0].split()


def as_function(row: Row, offset: int = 0) -> tuple[str, str]:
    """The instruction as a function of its operands."""
    operands = " ".join(f"local.get {i}" for i in range(len(parameters(row))))
    return row.type, f"{operands} {row.mnemonic} {natural(row)} {offset}"


def modelled(name: str, old: int, operand: int) -> int:
    """What is in memory after a read-modify-write or store."""
    results = {
        "store": operand,
        "xchg": operand,
        "add": old + operand,
        "sub": old - operand,
        "and": old & operand,
        "or": old | operand,
        "xor": old ^ operand,
    }
    return results[name]


def test_all_instructions_are_there() -> None:
    assert len(ATOMIC) == len({row.code for row in ATOMIC}) == 67
    assert len({row.mnemonic for row in ATOMIC}) == 67
    by_code = {row.code: row.mnemonic for row in ATOMIC}
    assert by_code[0x16] == "i64.atomic.load32_u"
    assert by_code[0x1B] == "i64.atomic.store8"
    assert by_code[0x2A] == "i64.atomic.rmw16.sub_u"
    assert by_code[0x47] == "i64.atomic.rmw32.xchg_u"
    assert by_code[0x48] == "i32.atomic.rmw.cmpxchg"
    assert by_code[0x4E] == "i64.atomic.rmw32.cmpxchg_u"


@pytest.mark.parametrize("tier", TIERS, ids=lambda tier: tier.name.lower())
@pytest.mark.parametrize("shared", [True, False])
def test_results(tier: Tier, shared: bool) -> None:
    """Loads, stores and read-modify-writes of all widths touch just their bytes."""
    functions = {row.mnemonic: as_function(row) for row in ACCESSES}
    called = exports(functions, shared=shared, tier=tier)
    memory = memoryview(called.memory)
    for row in ACCESSES:
        memory[8:16] = CONTENT
        size, wide = 1 << natural(row), 1 << int(row.mnemonic[1:3])
        old = int.from_bytes(CONTENT[:size], "little")
        function, name = called[row.mnemonic], row.mnemonic
        if "cmpxchg" in name:
            high = OPERAND << 8 * size  # bits above the width take no part in the comparison
            assert function(8, (old + 1) % wide, OPERAND % wide) % wide == old, name
            assert bytes(memory[8:16]) == CONTENT, name
            assert function(8, (old | high) % wide, OPERAND % wide) % wide == old, name
            after = OPERAND
        elif "load" in name:
            assert function(8) % wide == old, name
            after = old
        else:
            result = function(8, OPERAND % wide)
            assert result is None if "store" in name else result % wide == old, name
            operation = "store" if "store" in name else name.split(".")[-1].removesuffix("_u")
            after = modelled(operation, old, OPERAND)
        expected = (after % (1 << 8 * size)).to_bytes(size, "little") + CONTENT[size:]
        assert bytes(memory[8:16]) == expected, name


@pytest.mark.parametrize("offset", [0, 3])
def test_unaligned_addresses_trap(offset: int) -> None:
    """The sum of address and offset counts, and alignment is looked at before bounds."""
    rows = [row for row in ATOMIC if row.immediates != ("zero",) and natural(row) > 0]
    called = exports({row.mnemonic: as_function(row, offset) for row in rows})
    for row in rows:
        size, rest = 1 << natural(row), [0] * (len(parameters(row)) - 1)
        for address in (size - offset + 1, 65536 + size - offset + 1):
            with pytest.raises(Trap) as trap:
                called[row.mnemonic](address, *rest)
            assert trap.value.code == ErrCode.UNALIGNED_ATOMIC_ACCESS, row.mnemonic
        if row.code >= 0x10:
            called[row.mnemonic](16 - offset, *rest)


def test_addresses_outside_trap() -> None:
    rows = [row for row in ATOMIC if row.immediates != ("zero",)]
    called = exports({row.mnemonic: as_function(row) for row in rows})
    for row in rows:
        rest = [0] * (len(parameters(row)) - 1)
        for address in (65536, 0x7FFFFFF8, 0xFFFFFFF8):
            with pytest.raises(Trap) as trap:
                called[row.mnemonic](address, *rest)
            assert trap.value.code == ErrCode.MEMORY_OUT_OF_BOUNDS, row.mnemonic


def test_constant_addresses() -> None:
    called = exports(
        {
            "aligned": ("-> i32", "i32.const 8 i32.atomic.load 2 0"),
            "unaligned": ("-> i32", "i32.const 8 i32.atomic.load 2 2"),
            "outside": ("-> i32", "i32.const -4 i32.atomic.load 2 0"),
            "fence": ("->", "atomic.fence 0"),
        }
    )
    assert called.aligned() & 0xFFFFFFFF == int.from_bytes(CONTENT[:4], "little")
    assert called.fence() is None
    for name, code in (
        ("unaligned", ErrCode.UNALIGNED_ATOMIC_ACCESS),
        ("outside", ErrCode.MEMORY_OUT_OF_BOUNDS),
    ):
        with pytest.raises(Trap) as trap:
            called[name]()
        assert trap.value.code == code


WAIT32 = ("i32 i32 i64 -> i32", "local.get 0 local.get 1 local.get 2 memory.atomic.wait32 2 0")
WAIT64 = ("i32 i64 i64 -> i32", "local.get 0 local.get 1 local.get 2 memory.atomic.wait64 3 0")
NOTIFY = ("i32 i32 -> i32", "local.get 0 local.get 1 memory.atomic.notify 2 0")


def test_wait_does_not_wait_for_another_value() -> None:
    called = exports({"wait32": WAIT32, "wait64": WAIT64})
    assert called.wait32(0, 1, -1) == 1
    assert called.wait64(0, 1 << 40, -1) == 1


def test_wait_times_out() -> None:
    called = exports({"wait32": WAIT32, "wait64": WAIT64, "notify": NOTIFY})
    started = time.monotonic()
    assert called.wait32(0, 0, 20_000_000) == 2
    assert time.monotonic() - started >= 0.02
    assert called.wait64(0, 0, 0) == 2
    assert called.notify(0, 1) == 0


def test_wait_needs_a_shared_memory() -> None:
    called = exports({"wait32": WAIT32, "notify": NOTIFY}, shared=False)
    with pytest.raises(Trap) as trap:
        called.wait32(0, 0, 0)
    assert trap.value.code == ErrCode.EXPECTED_SHARED_MEMORY
    assert called.notify(0, 1) == 0


def test_notify_wakes_waiters() -> None:
    """As many as asked for, and only those at the address."""
    called = exports({"wait32": WAIT32, "wait64": WAIT64, "notify": NOTIFY})
    results: list[int] = []
    waiters = [
        threading.Thread(target=lambda wait=wait: results.append(wait(16, 0, -1)), daemon=True)
        for wait in (called.wait32, called.wait64, called.wait32)
    ]
    for waiter in waiters:
        waiter.start()
    assert called.notify(20, 3) == 0
    woken = 0
    while woken < 2:
        woken += called.notify(16, 2 - woken)
        time.sleep(0.001)
    while woken < 3:
        woken += called.notify(16, 100)
        time.sleep(0.001)
    for waiter in waiters:
        waiter.join(10)
    assert results == [0, 0, 0]


def test_read_modify_writes_of_threads_add_up() -> None:
    """A counter that several threads raise at once loses nothing."""
    loop = """
        loop void
            i32.const 32 i32.const 1 i32.atomic.rmw.add 2 0 drop
            i32.const 40 i64.const 1 i64.atomic.rmw8.add_u 0 0 drop
            local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0
        end"""
    called = exports({"run": ("i32 ->", loop)})
    runners = [threading.Thread(target=called.run, args=(20_000,)) for _ in range(4)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()
    memory = memoryview(called.memory)
    assert int.from_bytes(memory[32:36], "little") == 80_000
    assert memory[40] == 80_000 % 256
    assert bytes(memory[41:48]) == bytes(7)


@pytest.mark.parametrize("align", [0, 1, 3])
def test_alignment_must_be_natural(align: int) -> None:
    with pytest.raises(ValidationError) as failure:
        exports({"f": ("-> i32", f"i32.const 0 i32.atomic.load {align} 0")})
    assert failure.value.code == ErrCode.INVALID_ALIGNMENT


def test_fence_has_a_zero_byte() -> None:
    with pytest.raises(LoadError) as failure:
        exports({"f": ("->", "atomic.fence 1")})
    assert failure.value.code == ErrCode.EXPECTED_ZERO_BYTE


def test_without_the_proposal() -> None:
    binary = wb.wasm(
        types=["->"],
        funcs=[0],
        exports=[("f", "func", 0)],
        code=[wb.body("atomic.fence 0")],
    )
    with pytest.raises(LoadError) as failure:
        VM().run_wasm_from_bytes(binary, "f")
    assert failure.value.code == ErrCode.ILLEGAL_OPCODE
