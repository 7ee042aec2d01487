"""Declared host modules: types, memory ranges, state, async functions, errors."""

from __future__ import annotations

import asyncio
import gc
import time
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from forwarder import Guest

from pywasmedge import (
    VM,
    Buffer,
    Bytes,
    Caller,
    ErrCode,
    FunctionType,
    HostModule,
    LinkError,
    MemoryInstance,
    Out,
    Str,
    Trap,
    ValType,
    f32,
    f64,
    i32,
    i64,
    v128,
)
from pywasmedge.host import coroutines

if TYPE_CHECKING:
    from collections.abc import Callable

I32, I64, F32, F64, V128, *_ = ValType
PAGE = 65536


def guest_of(host: HostModule, pages: int | None = 1) -> Guest:
    vm = VM()
    vm.register(host)
    types = {name: declared.type for name, declared in host.functions.items()}
    guest = Guest(vm, host.name, types, pages)
    guest.vm = vm  # type: ignore[attr-defined]  # keeps it
    return guest


def test_types() -> None:
    host = HostModule("env")

    @host.function
    def all_kinds(a: i32, b: Bytes, c: i64, d: Str, e: Buffer, f: Out[f32], g: v128) -> i64:
        raise NotImplementedError

    @host.named("other name")
    def nothing(caller: Caller, a: float, b: Out[int]) -> None:
        raise NotImplementedError

    assert {name: declared.type for name, declared in host.functions.items()} == {
        "all_kinds": FunctionType((I32, I32, I32, I64, I32, I32, I32, I32, I32, V128), (I64,)),
        "other name": FunctionType((F64, I32), ()),
    }


def without_annotation(a) -> None: ...  # type: ignore[no-untyped-def]
def unsupported(a: dict[str, int]) -> None: ...
def unsupported_place(a: Out[v128]) -> None: ...
def unsupported_result() -> list[int]: ...  # type: ignore[empty-body]
def variadic(*a: i32) -> None: ...


@pytest.mark.parametrize(
    "body", [without_annotation, unsupported, unsupported_place, unsupported_result, variadic]
)
def test_unsupported_types_are_told_when_declared(body: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match=body.__name__):
        HostModule("env").function(body)


def test_ranges() -> None:
    host = HostModule("env")
    seen: list[object] = []

    @host.function
    def take(number: i64, copy: Bytes, text: Str, room: Buffer, place: Out[i32]) -> i32:
        seen.extend([number, copy, text, len(room), place.value])
        room[:] = copy[::-1]
        place.value = 0xFFFFFFFE  # as unsigned; the guest cannot tell
        return 7

    guest = guest_of(host)
    copy, text, room, place = (guest.put(t) for t in (b"\0\xff3", "grün €", b"...", b"\1\0\0\0"))
    assert guest.call("take", -5, *copy, *text, *room, place[0]) == 7
    assert seen == [-5, b"\0\xff3", "grün €", 3, 1]
    assert guest.memory[room[0] : room[0] + 3] == b"3\xff\0"
    assert guest.memory[place[0] : place[0] + 5] == b"\xfe\xff\xff\xff\0"


def test_places_of_all_types() -> None:
    host = HostModule("env")

    @host.function
    def fill(a: Out[i32], b: Out[i64], c: Out[f32], d: Out[f64]) -> None:
        a.value, b.value, c.value, d.value = -1, 1 << 63, 0.5, -2.5
        assert (a.value, b.value, c.value, d.value) == (-1, -(1 << 63), 0.5, -2.5)

    guest = guest_of(host)
    guest.call("fill", 0, 8, 16, 24)
    assert bytes(guest.memory[:4]) == b"\xff" * 4
    assert bytes(guest.memory[8:16]) == b"\0" * 7 + b"\x80"
    assert bytes(guest.memory[16:20]) == b"\0\0\0\x3f"
    assert bytes(guest.memory[24:32]) == b"\0\0\0\0\0\0\x04\xc0"


@pytest.mark.parametrize("pages", [1, None])
@pytest.mark.parametrize(
    ("address", "length"),
    [(PAGE, 1), (PAGE - 1, 2), (0, PAGE + 1), (-1, 1), (-1, -1), (1, -1), (1 << 31, 0)],
)
def test_ranges_outside_the_memory_trap(pages: int | None, address: int, length: int) -> None:
    host = HostModule("env")
    ran: list[object] = []

    @host.function
    def copy(a: Bytes) -> None:
        ran.append(a)

    @host.function
    def text(a: Str) -> None:
        ran.append(a)

    @host.function
    def part(a: Buffer) -> None:
        ran.append(a)

    @host.function
    def place(a: Out[i64]) -> None:
        ran.append(a)

    guest = guest_of(host, pages)
    for name in ("copy", "text", "part"):
        with pytest.raises(Trap, match=f"{name}: bytes") as caught:
            guest.call(name, address & 0xFFFFFFFF, length & 0xFFFFFFFF)
        assert caught.value.code == ErrCode.EXECUTION_FAILED
    with pytest.raises(Trap, match="place: bytes"):
        guest.call("place", PAGE - 7)
    assert ran == []


def test_the_last_byte_and_the_empty_range_at_the_end_are_inside() -> None:
    host = HostModule("env")

    @host.function
    def length(a: Bytes, b: Buffer) -> i32:
        return len(a) + len(b)

    guest = guest_of(host)
    assert guest.call("length", PAGE - 1, 1, PAGE, 0) == 1
    assert guest.call("length", 0, PAGE, 0, PAGE) == 2 * PAGE


def test_text_that_is_not_utf8_traps() -> None:
    host = HostModule("env")

    @host.function
    def text(a: Str) -> None:
        raise AssertionError

    guest = guest_of(host)
    with pytest.raises(Trap, match=r"text: .*utf-8"):
        guest.call("text", *guest.put(b"\xff"))


def test_who_calls() -> None:
    host = HostModule("env")

    @host.function
    def by_caller(caller: Caller, a: Bytes) -> i32:
        assert caller.memory is not None
        return caller.memory.pages * 100 + len(a)

    @host.function
    def by_memory(memory: MemoryInstance, a: Bytes) -> i32:
        return memory.pages * 100 + len(a)

    guest = guest_of(host, pages=3)
    assert guest.call("by_caller", 0, 5) == 305
    assert guest.call("by_memory", 0, 6) == 306


def test_state_belongs_to_an_instance() -> None:
    host = HostModule("counter", state=list)

    @host.function
    def add(state: list[bytes], what: Bytes) -> i32:
        state.append(what)
        return len(state)

    @host.function
    def count(state: list[bytes]) -> i32:
        return len(state)

    @host.function
    def size(state: list[bytes], memory: MemoryInstance) -> i32:
        return len(state) * 10 + memory.pages

    one, other = guest_of(host), guest_of(host)
    assert [one.call("add", 0, 1), one.call("add", 0, 1), other.call("add", 0, 1)] == [1, 2, 1]
    assert (one.call("count"), other.call("count")) == (2, 1)
    assert one.call("size") == 21


def test_exceptions_keep_their_traceback() -> None:
    host = HostModule("env")

    @host.function
    def fail(text: Str) -> None:
        inner = {}
        inner[text]

    guest = guest_of(host)
    with pytest.raises(KeyError, match="missing") as caught:
        guest.call("fail", *guest.put("missing"))
    assert traceback.extract_tb(caught.value.__traceback__)[-1].line == "inner[text]"


def test_async_functions() -> None:
    host = HostModule("env")

    @host.function
    async def later(text: Str) -> i32:
        await asyncio.sleep(0.001)
        return len(text)

    @host.function
    async def fail() -> None:
        await asyncio.sleep(0)
        raise LookupError("async")

    guest = guest_of(host)
    assert guest.call("later", *guest.put("12345")) == 5
    with pytest.raises(LookupError, match="async"):
        guest.call("fail")

    async def main() -> int:  # inside an event loop
        return int(guest.call("later", *guest.put("123")))

    assert asyncio.run(main()) == 3


def test_an_async_function_ends_with_its_guest() -> None:
    host = HostModule("env")
    ends: list[str] = []

    @host.function
    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    guest = guest_of(host)
    with pytest.raises(Trap) as caught:
        guest.vm.execute("forever", timeout=0.05)  # type: ignore[attr-defined]
    assert caught.value.code == ErrCode.INTERRUPTED
    until = time.monotonic() + 10
    while not ends and time.monotonic() < until:
        time.sleep(0.001)
    assert ends == ["cancelled"]


def test_a_coroutine_that_could_not_begin_leaves_no_warning(
    monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    """Ctrl-C may come while the event loop is started."""
    host = HostModule("env")

    @host.function
    async def nothing() -> None:
        pass

    def running() -> None:
        raise KeyboardInterrupt

    guest = guest_of(host)
    monkeypatch.setattr(coroutines, "_running", running)
    with pytest.raises(KeyboardInterrupt):
        guest.vm.execute("nothing")  # type: ignore[attr-defined]
    gc.collect()
    assert not recwarn.list


def test_registering() -> None:
    host = HostModule("env")

    @host.function
    def one() -> i32:
        return 1

    with VM() as vm:
        instance = vm.register(host)
        assert instance.name == "env"
        assert instance.exports.one() == 1
        assert vm.store.names() == ["env"]
        with pytest.raises(LinkError):
            vm.register(host)
    with VM() as vm:
        made = host.instantiate()
        assert vm.register(made) is made
    assert made.exports.one() == 1
    assert vm.store.names() == ["env"]
    assert one() == 1  # still a function
