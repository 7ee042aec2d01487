"""Host modules whose errors are numbers (``HostModule(errors=...)``)."""

from __future__ import annotations

import pytest
from forwarder import Guest

from pywasmedge import (
    VM,
    Buffer,
    Bytes,
    Caller,
    ErrCode,
    HostError,
    HostModule,
    Out,
    Str,
    Trap,
    i32,
    i64,
)

PAGE = 65536


class NumberError(HostError):
    """Numbers of the module below."""

    OUTSIDE = 3


class SilentError(HostError):
    """A module that has a number for nothing outside the memory."""


def declared(errors: type[HostError]) -> HostModule:
    host = HostModule("numbers", errors=errors)

    @host.function
    def plain(a: i32) -> i32:
        if a < 0:
            raise errors(-a, "below zero")
        return 0

    @host.function
    def ranges(data: Bytes, text: Str, room: Buffer, out: Out[i32]) -> i32:
        out.value = len(data) + len(text) + len(room)
        return 0

    @host.function
    def by_hand(caller: Caller, address: i32, size: i32, to: i32) -> i32:
        caller.write(to, caller.read(address, size)[::-1])
        return 0

    @host.function
    def nothing(a: i32) -> None:
        if a:
            raise errors(a, "no way to say it")

    @host.function
    def long(a: i32) -> i64:
        raise errors(a)

    @host.function
    def broken() -> i32:
        raise KeyError("a defect")

    return host


def guest_of(errors: type[HostError], pages: int | None = 1) -> Guest:
    vm = VM()
    host = declared(errors)
    vm.register(host)
    types = {name: declared.type for name, declared in host.functions.items()}
    guest = Guest(vm, host.name, types, pages)
    guest.vm = vm  # type: ignore[attr-defined]  # keeps it
    return guest


def test_a_raised_error_is_the_result() -> None:
    guest = guest_of(NumberError)
    assert [guest.call("plain", a) for a in (1, -1, -77)] == [0, 1, 77]


@pytest.mark.parametrize(
    "arguments",
    [
        (PAGE, 1, 0, 0, 0, 0, 0),
        (0, 0, 0, -1, 0, 0, 0),
        (0, 0, 0, 0, PAGE - 3, 4, 0),
        (0, 0, 0, 0, 0, 0, PAGE - 3),
        (-1, 2, 0, 0, 0, 0, 0),
    ],
)
def test_what_lies_outside_is_a_number(arguments: tuple[int, ...]) -> None:
    assert guest_of(NumberError).call("ranges", *arguments) == 3
    with pytest.raises(Trap) as caught:
        guest_of(SilentError).call("ranges", *arguments)
    assert caught.value.code == ErrCode.EXECUTION_FAILED


def test_text_that_is_none_is_a_number() -> None:
    guest = guest_of(NumberError)
    bad = guest.put(b"\xff\xfe")
    assert guest.call("ranges", 0, 0, *bad, 0, 0, 0) == 3
    good = guest.put("ü")
    assert guest.call("ranges", 0, 5, *good, 0, 7, 8) == 0
    assert guest.memory[8] == 5 + 1 + 7


def test_ranges_by_hand() -> None:
    guest = guest_of(NumberError)
    address, size = guest.put(b"abc")
    assert guest.call("by_hand", address, size, 0) == 0
    assert bytes(guest.memory[:3]) == b"cba"
    before = bytes(guest.memory)
    for bad in ((address, size, PAGE - 2), (PAGE - 2, 3, 0), (-1, 1, 0), (0, -1, 0)):
        assert guest.call("by_hand", *bad) == 3
    assert bytes(guest.memory) == before
    assert guest.call("by_hand", PAGE, 0, PAGE) == 0  # an empty range may end with the memory
    assert guest.call("by_hand", PAGE + 1, 0, 0) == 3


def test_a_guest_without_memory() -> None:
    guest = guest_of(NumberError, pages=None)
    assert guest.call("ranges", 0, 0, 0, 0, 0, 0, 0) == 3
    assert guest.call("by_hand", 0, 0, 0) == 3
    assert guest.call("plain", -9) == 9


@pytest.mark.parametrize("name", ["nothing", "long"])
def test_a_function_that_has_no_number_traps(name: str) -> None:
    guest = guest_of(NumberError)
    with pytest.raises(Trap) as caught:
        guest.call(name, 5)
    assert caught.value.code == ErrCode.EXECUTION_FAILED
    assert name in str(caught.value)


def test_other_exceptions_are_none_of_its_errors() -> None:
    with pytest.raises(KeyError, match="a defect"):
        guest_of(NumberError).call("broken")
