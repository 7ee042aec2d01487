"""Memories, tables and instances of the native kernel."""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
import threading
import time

import pytest
from kernel_guest import EXTERNREF, I32, I64, Guest, helper
from testdata import IMPORTS

from pywasmedge.base.errors import ErrCode
from pywasmedge.base.types import FunctionType
from pywasmedge.kernel.native import ffi, lib

PAGE = 65536
FUNCREF_BYTE = 0x70
OOB = -ErrCode.MEMORY_OUT_OF_BOUNDS
TABLE_OOB = -ErrCode.TABLE_OUT_OF_BOUNDS


def memory(pages: int, most: int | None = None, *, guard: bool = True, limit: int = 65536):
    made = lib.we_memory_new(pages, most is not None, most or 0, False, limit, guard)
    return ffi.gc(made, lib.we_memory_free) if made else None


def call_helper(name: str, args: list[str], result: str = "void") -> Guest:
    """A guest that passes its parameters on to a runtime helper."""
    kinds = {"i32": I32, "i64": I64}
    params = "".join(f", {t} %a{i}" for i, t in enumerate(args))
    call = f"call {result} %h(ptr %ctx{params})"
    body = f"  {call}\n  ret i32 0\n" if result == "void" else f"  %r = {call}\n  ret i32 %r\n"
    text = f"define tailcc i32 @f0(ptr %ctx{params}) #0 {{\n{helper(name, '%h')}{body}}}\n"
    type_ = FunctionType(tuple(kinds[t] for t in args), (I32,))
    return Guest({type_: text}, memory=(1, 3), elements=1, datas=1)


def test_growing_keeps_base_and_contents_and_stops_at_the_limit() -> None:
    mem = memory(1, 3)
    base = mem.base
    base[100] = 7
    assert lib.we_memory_grow(mem, 1) == 1
    assert lib.we_memory_grow(mem, 2) == -1
    assert lib.we_memory_grow(mem, 0xFFFF_FFFF) == -1
    assert lib.we_memory_grow(mem, 1) == 2
    assert lib.we_memory_grow(mem, 0) == 3
    assert (mem.base, base[100], base[3 * PAGE - 1], mem.size) == (base, 7, 0, 3 * PAGE)


def test_growing_to_four_gibibytes() -> None:
    mem = memory(0)
    assert lib.we_memory_grow(mem, 65537) == -1
    assert lib.we_memory_grow(mem, 65536) == 0
    mem.base[2**32 - 1] = 5
    assert mem.base[2**32 - 1] == 5
    assert lib.we_memory_grow(mem, 1) == -1


def test_a_configured_limit_counts_like_a_maximum() -> None:
    mem = memory(1, 10, limit=2)
    assert [lib.we_memory_grow(mem, 1) for _ in range(2)] == [1, -1]
    assert memory(3, limit=2) is None


def test_without_guard_only_what_can_be_used_is_reserved() -> None:
    mem = memory(1, 4, guard=False)
    assert not mem.guarded
    assert mem.reserved == 4 * PAGE
    assert [lib.we_memory_grow(mem, n) for n in (3, 1)] == [1, -1]


LIMITED = """
from kernel_guest import *
from pywasmedge.base.types import FunctionType
type_ = FunctionType((), (I32,))
text = "define tailcc i32 @f0(ptr %ctx) #0 {\\n  ret i32 21\\n}\\n"
print(Guest({type_: text}).call())
mem = lib.we_memory_new(1, False, 0, False, 65536, True)
grown = lib.we_memory_grow(mem, 16), lib.we_memory_grow(mem, 65000)
print(mem.guarded, mem.reserved < 4 << 30, *grown)
mem.base[17 * 65536 - 1] = 1
"""


def test_guests_and_smaller_memories_when_address_space_is_limited() -> None:
    child = subprocess.run(
        [sys.executable, "-c", LIMITED],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": IMPORTS},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)),
    )
    assert child.stdout.split() == ["21", "False", "True", "1", "-1"], child.stderr


@pytest.mark.parametrize(
    ("args", "outcome"),
    [
        ((0, 0, 0, 0, PAGE), 0),
        ((0, 0, 1, 0, PAGE), OOB),
        ((0, 0, PAGE, PAGE, 0), 0),
        ((0, 0, PAGE + 1, 0, 0), OOB),
        ((0, 0, 0xFFFF_FFFF, 0, 1), OOB),
        ((0, 0, 1, 0xFFFF_FFFF, 1), OOB),
        ((0, 0, 0xFFFF_0000, 0, 0x10000), OOB),
    ],
)
def test_memory_copy_bounds(args: tuple[int, ...], outcome: int) -> None:
    assert call_helper("memory_copy", ["i32"] * 5).call(*args) == outcome


def test_memory_copy_handles_overlap() -> None:
    guest = call_helper("memory_copy", ["i32"] * 5)
    guest.memory.base[0:6] = list(b"abcdef")
    assert guest.call(0, 0, 2, 0, 4) == 0
    assert bytes(ffi.buffer(guest.memory.base, 6)) == b"ababcd"


@pytest.mark.parametrize(
    ("args", "outcome"),
    [
        ((0, 10, 0x1FF, 5), 0),
        ((0, PAGE, 1, 0), 0),
        ((0, PAGE + 1, 1, 0), OOB),
        ((0, PAGE - 1, 1, 2), OOB),
        ((0, 0, 1, 0xFFFF_FFFF), OOB),
    ],
)
def test_memory_fill_bounds(args: tuple[int, ...], outcome: int) -> None:
    guest = call_helper("memory_fill", ["i32"] * 4)
    assert guest.call(*args) == outcome
    filled = bytes([args[2] & 0xFF]) * args[3] if outcome == 0 else b""
    assert bytes(ffi.buffer(guest.memory.base + 10, 6)) == filled.ljust(6, b"\0")


def test_memory_init_and_data_drop() -> None:
    guest = call_helper("memory_init", ["i32"] * 5)
    lib.we_instance_data(guest.c, 0, data := ffi.from_buffer(b"hello"), 5)
    assert guest.call(0, 0, 8, 1, 4) == 0
    assert bytes(ffi.buffer(guest.memory.base + 8, 5)) == b"ello\0"
    assert guest.call(0, 0, 8, 2, 4) == OOB
    assert guest.call(0, 0, PAGE - 3, 0, 4) == OOB
    lib.we_instance_data_drop(guest.c, 0)
    assert guest.call(0, 0, 0, 0, 0) == 0
    assert guest.call(0, 0, 0, 0, 1) == OOB
    assert data


def table(size: int, most: int | None = None, init: int = 0):
    made = lib.we_table_new(FUNCREF_BYTE, size, most is not None, most or 0, init)
    return ffi.gc(made, lib.we_table_free)


def with_tables(name: str, args: list[str], *tables: object, result: str = "void") -> Guest:
    guest = call_helper(name, args, result)
    compiled = guest.compiled
    guest.c = ffi.gc(
        lib.we_instance_new(compiled.handle, 0, len(tables), 0, 0, 1, 0), lib.we_instance_free
    )
    guest.tables = tables
    for i, each in enumerate(tables):
        lib.we_instance_set_table(guest.c, i, each)
    return guest


def test_table_grow_get_set() -> None:
    tab = table(2, 5, init=9)
    elems = tab.elems
    assert lib.we_table_grow(tab, 2, 11) == 2
    assert lib.we_table_grow(tab, 2, 0) == -1
    assert [tab.elems[i] for i in range(4)] == [9, 9, 11, 11]
    assert tab.elems == elems
    value = ffi.new("uint64_t *")
    assert lib.we_table_get(tab, 4, value) == ErrCode.TABLE_OUT_OF_BOUNDS
    assert lib.we_table_set(tab, 3, 77) == 0
    assert lib.we_table_get(tab, 3, value) == 0
    assert value[0] == 77


def test_a_table_without_maximum_grows_to_ten_million_elements() -> None:
    tab = table(0)
    assert lib.we_table_grow(tab, 10_000_001, 0) == -1
    assert lib.we_table_grow(tab, 10_000_000, 0) == 0
    assert lib.we_table_set(tab, 9_999_999, 1) == 0


@pytest.mark.parametrize(
    ("args", "outcome"),
    [
        ((0, 1, 0, 0, 4), 0),
        ((0, 1, 1, 0, 4), TABLE_OOB),
        ((1, 0, 7, 3, 1), 0),
        ((1, 0, 8, 4, 0), 0),
        ((1, 0, 9, 0, 0), TABLE_OOB),
        ((1, 0, 0xFFFF_FFFF, 0, 2), TABLE_OOB),
    ],
)
def test_table_copy_bounds(args: tuple[int, ...], outcome: int) -> None:
    guest = with_tables("table_copy", ["i32"] * 5, table(4), table(8))
    assert guest.call(*args) == outcome


def test_table_init_fill_and_grow_from_a_guest() -> None:
    tab = table(4, 6)
    init = with_tables("table_init", ["i32"] * 5, tab)
    words = lib.we_instance_element(init.c, 0, 3)
    words[0:3] = [5, 6, 7]
    assert init.call(0, 0, 1, 0, 3) == 0
    assert [tab.elems[i] for i in range(4)] == [0, 5, 6, 7]
    assert init.call(0, 0, 2, 0, 3) == TABLE_OOB
    assert init.call(0, 0, 0, 1, 3) == TABLE_OOB
    lib.we_instance_elem_drop(init.c, 0)
    assert init.call(0, 0, 0, 0, 1) == TABLE_OOB
    fill = with_tables("table_fill", ["i32", "i32", "i64", "i32"], tab)
    assert fill.call(0, 2, 99, 2) == 0
    assert fill.call(0, 2, 99, 3) == TABLE_OOB
    assert [tab.elems[i] for i in range(4)] == [0, 5, 99, 99]
    grow = with_tables("table_grow", ["i32", "i64", "i32"], tab, result="i32")
    assert grow.call(0, 8, 2) == 4
    assert grow.call(0, 8, 1) == 0xFFFF_FFFF
    assert tab.elems[5] == 8


def test_a_function_reference_is_the_same_each_time_and_callable() -> None:
    type_ = FunctionType((), (EXTERNREF,))
    text = (
        "define tailcc i64 @f0(ptr %ctx) #0 {\n"
        + helper("ref_func", "%h")
        + "  %r = call i64 %h(ptr %ctx, i32 0)\n  ret i64 %r\n}\n"
    )
    guest = Guest({type_: text})
    first = guest.call()
    assert first == guest.call() == int(ffi.cast("uintptr_t", guest.func()))
    frame = ffi.new("uint64_t[1]")
    assert lib.we_call(ffi.cast("we_func *", first), frame) == 0
    assert frame[0] == first


# ---- Waiting and notifying -----------------------------------------------------------------------


def waiter(shared: bool = True) -> Guest:
    wait = (
        "define tailcc i32 @f0(ptr %ctx, i64 %at, i32 %expected, i64 %ns) #0 {\n"
        + helper("atomic_wait32", "%h")
        + "  %r = call i32 %h(ptr %ctx, i32 0, i64 %at, i32 %expected, i64 %ns)\n  ret i32 %r\n}\n"
    )
    notify = (
        "define tailcc i32 @f1(ptr %ctx, i64 %at, i32 %count) #0 {\n"
        + helper("atomic_notify", "%h")
        + "  %r = call i32 %h(ptr %ctx, i32 0, i64 %at, i32 %count)\n  ret i32 %r\n}\n"
    )
    functions = [
        (FunctionType((I64, I32, I64), (I32,)), wait),
        (FunctionType((I64, I32), (I32,)), notify),
    ]
    return Guest(functions, memory=(1, 1), shared=shared)


def test_wait_compares_times_out_and_checks_its_address() -> None:
    guest = waiter()
    assert guest.call(8, 1, -1) == 1
    start = time.perf_counter()
    assert guest.call(8, 0, 30_000_000) == 2
    assert 0.03 <= time.perf_counter() - start < 5
    assert guest.call(8, 0, 0) == 2
    assert guest.call(10, 0, 0) == -ErrCode.UNALIGNED_ATOMIC_ACCESS
    assert guest.call(PAGE, 0, 0) == OOB
    assert guest.call(2**33, 0, 0) == OOB
    assert waiter(shared=False).call(8, 0, 0) == -ErrCode.EXPECTED_SHARED_MEMORY


def test_notify_wakes_as_many_as_asked_for() -> None:
    guest = waiter()
    assert guest.call(8, 10, index=1) == 0
    outcomes: list[int] = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(guest.call(8, 0, 10**10))) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    woken = 0
    deadline = time.monotonic() + 10
    while woken < 2 and time.monotonic() < deadline:
        woken += guest.call(8, 2 - woken, index=1)
    assert guest.call(12, 9, index=1) == 0
    while len(outcomes) < 2 and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.02)
    assert outcomes == [0, 0]
    while woken < 5 and time.monotonic() < deadline:
        woken += guest.call(8, 0xFFFF_FFFF, index=1)
    for thread in threads:
        thread.join()
    assert outcomes == [0] * 5


# ---- Nothing is lost -----------------------------------------------------------------------------


def mappings() -> int:
    with open("/proc/self/maps", "rb") as maps:
        return sum(1 for _ in maps)


def resident() -> int:
    with open("/proc/self/statm", "rb") as statm:
        return int(statm.read().split()[1]) * 4096


@pytest.mark.long
def test_a_hundred_thousand_instances_leave_nothing_behind() -> None:
    guest = Guest({FunctionType(): "define tailcc void @f0(ptr %ctx) #0 {\n  ret void\n}\n"})

    def cycle() -> None:
        instance = lib.we_instance_new(guest.compiled.handle, 1, 1, 2, 2, 1, 1)
        mem = lib.we_memory_new(1, False, 0, False, 65536, True)
        tab = lib.we_table_new(FUNCREF_BYTE, 10, True, 10, 0)
        lib.we_instance_set_memory(instance, 0, mem)
        lib.we_instance_set_table(instance, 0, tab)
        lib.we_instance_element(instance, 0, 4)
        mem.base[0] = 1
        lib.we_call_void(lib.we_instance_func(instance, 0), b"", 0)
        lib.we_instance_free(instance)
        lib.we_memory_free(mem)
        lib.we_table_free(tab)

    for _ in range(1000):
        cycle()
    before = mappings(), resident()
    for _ in range(99_000):
        cycle()
    assert abs(mappings() - before[0]) <= 4
    assert resident() - before[1] < 1 << 20


def test_compiled_modules_give_their_code_back() -> None:
    type_ = FunctionType((I32,), (I32,))
    text = "define tailcc i32 @f0(ptr %ctx, i32 %a) #0 {\n  ret i32 %a\n}\n"

    def cycle() -> int:
        guest = Guest({type_: text})
        assert guest.call(5) == 5
        return int(ffi.cast("uintptr_t", guest.c.code[0]))

    def addresses_of(count: int) -> set[int]:
        found = set()
        for _ in range(count):
            found.add(cycle())
            gc.collect()
        return found

    assert len(addresses_of(50)) <= 2


def test_threads_come_and_go() -> None:
    guest = Guest(
        {FunctionType((), (I32,)): "define tailcc i32 @f0(ptr %ctx) #0 {\n  ret i32 1\n}\n"}
    )

    def rounds(count: int) -> None:
        for _ in range(count):
            thread = threading.Thread(target=guest.call)
            thread.start()
            thread.join()

    rounds(50)
    before = mappings()
    rounds(500)
    assert mappings() - before <= 8
