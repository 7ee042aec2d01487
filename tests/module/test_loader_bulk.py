"""What the loader reads in bulk must be what reading it piece by piece gives."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
import wasmbuild as wb

from pywasmedge import VM, Configure, LoadError, Trap
from pywasmedge.base.errors import ErrCode
from pywasmedge.module.ast import Data, SegmentMode
from pywasmedge.module.bulk import u32_vector
from pywasmedge.module.loader import load

if TYPE_CHECKING:
    from pywasmedge.module.ast import Module

BORDERS = (0, 1, 127, 128, 129, 255, 256, 16383, 16384, 65535, 65536, 2**21 - 1, 2**21, 2**32 - 1)


def padded(value: int, length: int) -> bytes:
    """Unsigned LEB128 of at least ``length`` bytes."""
    out = wb.uleb(value)
    missing = length - len(out)
    return out if missing <= 0 else out[:-1] + bytes([out[-1] | 0x80, *[0x80] * (missing - 1), 0])


# --- vectors of integers ---------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5])
def test_integers_of_one_length(length: int) -> None:
    values = [v for v in BORDERS if len(wb.uleb(v)) <= length] * 200
    values = [v for v in values for _ in range(3)][:5000]
    data = b"\xff" + b"".join(padded(v, length) for v in values)
    found, pos = u32_vector(data, 1, len(data), len(values))
    assert list(found) == values
    assert pos == len(data)


@pytest.mark.parametrize("seed", range(20))
def test_integers_of_mixed_lengths(seed: int) -> None:
    random = Random(seed)
    values: list[int] = []
    for _ in range(random.randrange(1, 12)):
        top = random.choice(BORDERS[1:])
        values += [random.randint(top // 2, top) for _ in range(random.choice((1, 50, 1500)))]
    parts = [padded(v, random.choice((1, 1, 1, 5)) if seed % 2 else 1) for v in values]
    data = b"".join(parts)
    found, pos = u32_vector(data + b"\x80\x80", 0, len(data) + 2, len(values))
    assert (list(found), pos) == (values, len(data))
    for cut in (len(data) - 1, len(data) // 2, len(parts[0]) - 1):
        with pytest.raises(LoadError) as caught:
            u32_vector(data, 0, cut, len(values))
        assert caught.value.code == ErrCode.UNEXPECTED_END


def test_a_bad_integer_among_many_is_found() -> None:
    good = b"\x80\x80\x01" * 3000
    for bad, code in (
        (b"\x80\x80\x80\x80\x80\x00", ErrCode.INTEGER_TOO_LONG),
        (b"\xff\xff\xff\xff\x10", ErrCode.INTEGER_TOO_LARGE),
    ):
        data = good + bad + good
        with pytest.raises(LoadError) as caught:
            u32_vector(data, 0, len(data), 6001)
        assert (caught.value.code, caught.value.offset) == (code, len(good))


# --- bodies ----------------------------------------------------------------------------------


def bodies(*codes: bytes) -> bytes:
    return wb.wasm(types=["->"], funcs=[0] * len(codes)) + wb.section(
        10, wb.uleb(len(codes)) + b"".join(codes)
    )


def test_sizes_of_bodies_of_every_length() -> None:
    sizes = [2, 127, 128, 16383, 16384, 70000, 3, 2**21, 2]
    codes = [
        padded(size, pad) + b"\0" + b"\1" * (size - 2) + b"\x0b" for pad in (1, 5) for size in sizes
    ]
    module = load(bodies(*codes), Configure())
    assert [end - start for start, end in module.bodies] == sizes * 2
    assert [module.data[end - 1] for _, end in module.bodies] == [0x0B] * len(codes)
    assert module.bodies[-1] == module.bodies[len(codes) - 1] == list(module.bodies)[-1]
    assert module.code_size == sum(map(len, codes)) - len(padded(2, 1))
    for wrong in (len(codes), -len(codes) - 1):
        with pytest.raises(IndexError):
            module.bodies[wrong]


@pytest.mark.parametrize("check", [True, False])
def test_a_body_that_is_too_long(check: bool) -> None:
    good = wb.name(wb.body("nop " * 200))
    for bad in (b"\x7f", b"\xff\x7f\0", b"\xff\xff\x7f\0", b"\xff\xff\xff\x7f\0", b"\xff\xff"):
        binary = bodies(good, good, bad)
        with pytest.raises(LoadError) as caught:
            load(binary, Configure(), bodies=check)
        assert caught.value.code == ErrCode.UNEXPECTED_END
        assert caught.value.offset is not None
        assert len(binary) - len(bad) <= caught.value.offset <= len(binary)


def test_locals_before_a_body_that_is_too_long_are_blamed_first() -> None:
    binary = bodies(wb.name(b"\1\1\x40\x0b"), b"\x7f")
    with pytest.raises(LoadError) as caught:
        load(binary, Configure())
    assert caught.value.code == ErrCode.MALFORMED_VAL_TYPE
    with pytest.raises(LoadError) as caught:
        load(binary, Configure(), bodies=False)
    assert caught.value.code == ErrCode.UNEXPECTED_END


# --- data segments ---------------------------------------------------------------------------

OFFSETS = (0, 1, 63, 64, 127, 128, 8191, 8192, 65535, 2**20 - 1, 2**20, 2**27 - 1, 2**27, 2**31 - 1)


def segments(*parts: bytes) -> Module:
    return load(wb.wasm(memories=[wb.limits(1)], datas=parts), Configure())


def test_offsets_of_plain_segments() -> None:
    values = [*OFFSETS, *(-v for v in OFFSETS if v), -(2**31)]
    many = [wb.data(f"i32.const {v}", bytes([i]) * 20) for i, v in enumerate(values)]
    datas = segments(*many).datas
    assert not datas.others
    assert list(datas.offsets) == [v & 0xFFFF_FFFF for v in values]
    assert len(datas) == len(values)


def test_columns_and_segments_agree() -> None:
    parts = [
        wb.data("i32.const 70000", b"a" * 300),
        b"\1" + wb.name(b"passive" * 9),
        wb.data("i32.const 5", b""),
        b"\2\0" + wb.expr("i32.const 7") + wb.name(b"explicit" * 3),
        b"\0\x41\x85\x80\x00\x0b\x94\x00" + b"b" * 20,
        wb.data("global.get 0", b"c" * 20),
        wb.data("i32.const 9", b"d"),  # too close to the end for the short cut
    ]
    module = segments(*parts)
    datas, data = module.datas, module.data
    assert [data[d.offset : d.init[1]] for d in datas] == parts
    assert {1, 3, 5} <= set(datas.others)
    assert {0, 2, 4}.isdisjoint(datas.others)
    assert datas.offsets[4] == 5
    start = data.index(parts[0])
    size = len(parts[0])
    assert datas[0] == Data(
        SegmentMode.ACTIVE, 0, (start + 1, start + 6), (start + size - 300, start + size), start
    )
    assert [data[slice(*d.offset_expr)] for d in datas if d.offset_expr] == [
        wb.expr(f"{code}") for code in ("i32.const 70000", "i32.const 5", "i32.const 7")
    ] + [b"\x41\x85\x80\x00\x0b", wb.expr("global.get 0"), wb.expr("i32.const 9")]


def test_segments_are_written_in_order() -> None:
    """Also where plain ones and others overlap."""
    binary = wb.wasm(
        types=["-> i32"],
        funcs=[0],
        memories=[wb.limits(1, 1)],
        exports=[("get", "func", 0)],
        code=[wb.body("i32.const 0 i32.load 2 0")],
        datas=[
            wb.data("i32.const 0", b"aaaa" + b"." * 20),
            wb.data("i32.const 1", b"bbb" + b"." * 20),
            b"\2\0" + wb.expr("i32.const 1") + wb.name(b"ccc"),
            wb.data("i32.const 2", b"dd" + b"." * 20),
            wb.data("i32.const 3", b"e"),
            wb.data("i32.const 99", b"f" * 20),
        ],
    )
    assert VM().run_wasm_from_bytes(binary, "get").to_bytes(4, "little") == b"acde"


def test_the_segment_that_does_not_fit_is_named() -> None:
    plain = [wb.data(f"i32.const {i}", b"x" * 20) for i in range(3)]
    for offset in (65_530, -1):
        binary = wb.wasm(
            memories=[wb.limits(1, 1)],
            datas=[
                b"\1" + wb.name(b"p"),
                *plain,
                wb.data(f"i32.const {offset}", b"y" * 20),
                *plain,
            ],
        )
        with pytest.raises(Trap, match=rf"data segment 4: 20 bytes at {offset & 0xFFFFFFFF}"):
            VM().run_wasm_from_bytes(binary)
    with pytest.raises(LoadError) as caught:
        segments(plain[0], b"\0\x41\0\x0b\xff\x7f" + b"z" * 40)
    assert caught.value.code == ErrCode.UNEXPECTED_END
