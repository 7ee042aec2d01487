"""Every WASI function's name and type; arguments, environment, clocks, random numbers, exit."""

from __future__ import annotations

import re
import time

import pytest
import testdata
from wasi_guest import Guest

from pywasmedge.base.errors import Exit
from pywasmedge.base.types import FunctionType, ValType
from pywasmedge.wasi import errno
from pywasmedge.wasi.groups import find, find_all, find_typed

TYPES = {"i32": ValType.I32, "i64": ValType.I64}


def published() -> dict[str, tuple[list[ValType], list[ValType]]]:
    """Names and types of the functions of 0.10.0, from the text that lists them."""
    text = testdata.require("capi/semantics.md").read_text()
    text = text.partition("57 functions, parameter types")[2].partition("\n- ")[0]
    found = {}
    for name, params, result in re.findall(r"(\w+)\(([^)]*)\)→(i32|\(\))", text):
        times = re.match(r"i32\s+\W(\d)", params)
        names = ["i32"] * int(times[1]) if times else params.split()
        found[name] = ([TYPES[n] for n in names], [ValType.I32] if result == "i32" else [])
    return found


def test_names_and_types_are_the_published_ones() -> None:
    expected = published()
    assert len(expected) == 57
    ours = {n: (list(f.params), list(f.results)) for n, f in find_all().items()}
    later = {name for name in ours if name.endswith("_v2")}
    assert {n: t for n, t in ours.items() if n not in later} == expected
    words = "open bind connect listen accept recv recv_from send send_to getlocaladdr getpeeraddr"
    assert later == {f"sock_{name}_v2" for name in words.split()}
    changed = {"accept": 3, "recv_from": 8, "getlocaladdr": 3, "getpeeraddr": 3}
    for name in words.split():
        params, results = expected[f"sock_{name}"]
        count = changed.get(name, len(params))
        assert ours[f"sock_{name}_v2"] == ([ValType.I32] * count, results)
        if name in changed:
            later_type = FunctionType((ValType.I32,) * count, (ValType.I32,))
            assert find_typed(f"sock_{name}", later_type) is not None


def test_unknown_names_are_not_found() -> None:
    assert find("fd_nonsense") is None
    assert find("nonsense") is None


def test_a_caller_without_memory_gets_fault() -> None:
    guest = Guest()
    guest.memory = memoryview(bytearray())
    assert guest.call("clock_time_get", 0, 0, 0) == errno.FAULT
    assert guest.call("sched_yield") == 0


@pytest.mark.parametrize("kind", ["args", "environ"])
def test_strings(kind: str) -> None:
    guest = Guest()
    strings = [b"prog", "ä=ö".encode(), b"", b'a "b"\n']
    getattr(guest.env, f"set_{kind}")(strings)
    out, _ = guest.room(8)
    assert guest.call(f"{kind}_sizes_get", out, out + 4) == 0
    assert guest.u32(out) == 4
    assert guest.u32(out + 4) == sum(len(s) + 1 for s in strings)
    pointers, _ = guest.room(16)
    guard = guest.put(b"guard")
    area, _ = guest.room(guest.u32(out + 4))
    assert guest.call(f"{kind}_get", pointers, area) == 0
    for i, string in enumerate(strings):
        at = guest.u32(pointers + 4 * i)
        assert bytes(guest.memory[at : at + len(string) + 1]) == string + b"\0"
    assert bytes(guest.memory[guard : guard + 5]) == b"guard"  # no pointer after the last


def test_strings_that_do_not_fit_are_fault() -> None:
    guest = Guest()
    guest.env.set_args(["program"])
    assert guest.call("args_get", 65536 - 4, 65536 - 7) == errno.FAULT
    assert guest.call("args_get", 65536 - 4, 65536 - 8) == 0
    assert guest.call("args_get", 65536 - 3, 0) == errno.FAULT


def test_nul_in_an_argument_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        Guest().env.set_args(["a\0b"])


@pytest.mark.parametrize("clock", [0, 1, 2, 3])
def test_clocks_tell_time(clock: int) -> None:
    guest = Guest()
    out, _ = guest.room(8)
    assert guest.call("clock_res_get", clock, out) == 0
    assert 1 <= guest.u64(out) <= 1_000_000_000
    assert guest.call("clock_time_get", clock, 1, out) == 0
    first = guest.u64(out)
    assert guest.call("clock_time_get", clock, 1, out) == 0
    assert guest.u64(out) >= first
    if clock == 0:
        assert abs(first - time.time_ns()) < 60 * 10**9


def test_an_unknown_clock_is_inval() -> None:
    guest = Guest()
    assert guest.call("clock_time_get", 4, 0, 0) == errno.INVAL
    assert guest.call("clock_res_get", 0xFFFFFFFF, 0) == errno.INVAL


def test_random_bytes_fill_exactly_the_buffer() -> None:
    guest = Guest()
    area, _ = guest.room(64)
    assert guest.call("random_get", area + 8, 48) == 0
    data = bytes(guest.memory[area : area + 64])
    assert data[:8] == data[56:] == b"\xaa" * 8
    assert len(set(data[8:56])) > 8
    assert guest.call("random_get", area, 0) == 0
    assert bytes(guest.memory[area : area + 64]) == data


@pytest.mark.parametrize("code", [0, 33, 255, 256, 0xFFFFFFFF])
def test_exit_carries_the_code(code: int) -> None:
    guest = Guest()
    with pytest.raises(Exit) as caught:
        guest.call("proc_exit", code)
    assert caught.value.exit_code == code == guest.env.exit_code


def test_signals_act_on_the_guest_alone() -> None:
    guest = Guest()
    assert guest.call("proc_raise", 0) == 0  # none
    assert guest.call("proc_raise", 16) == 0  # chld: ignored by default
    assert guest.call("proc_raise", 18) == errno.NOTSUP  # stop
    assert guest.call("proc_raise", 31) == errno.INVAL
    with pytest.raises(Exit) as caught:
        guest.call("proc_raise", 6)  # abrt
    assert caught.value.exit_code == 134


def test_host_errors_get_the_number_of_the_same_name() -> None:
    import errno as host

    pairs = {"ENOENT": 44, "E2BIG": 1, "EAGAIN": 6, "EWOULDBLOCK": 6, "ENOTSUP": 58, "EXDEV": 75}
    for name, number in pairs.items():
        assert errno.from_host(OSError(getattr(host, name), "")) == number
    assert errno.from_host(OSError(host.ENOTNAM, "")) == errno.IO  # WASI has no such error
    assert errno.from_host(OSError()) == errno.IO


def test_yield() -> None:
    assert Guest().call("sched_yield") == 0
