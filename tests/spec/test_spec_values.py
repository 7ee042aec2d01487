"""The comparison rules of the specification runner: strict where the specification is strict."""

from __future__ import annotations

import pytest

from pywasmedge.wast.values import HostObject, argument_bits, matches, reference


def f32(bits: int) -> bytes:
    return bits.to_bytes(4, "little")


def f64(bits: int) -> bytes:
    return bits.to_bytes(8, "little")


@pytest.mark.parametrize(
    ("expected", "bits", "same"),
    [
        ("nan:canonical", 0x7FC00000, True),
        ("nan:canonical", 0xFFC00000, True),
        ("nan:canonical", 0x7FC00001, False),
        ("nan:canonical", 0x7F800001, False),
        ("nan:canonical", 0x7F800000, False),
        ("nan:arithmetic", 0x7FC00000, True),
        ("nan:arithmetic", 0xFFC12345, True),
        ("nan:arithmetic", 0x7FA00000, False),
        ("nan:arithmetic", 0x7F800000, False),
        ("nan:arithmetic", 0x3F800000, False),
        (str(0x7FC00000), 0x7FC00000, True),
        (str(0x7FC00000), 0xFFC00000, False),
        (str(0x80000000), 0x00000000, False),
    ],
)
def test_f32(expected: str, bits: int, same: bool) -> None:
    assert matches({"type": "f32", "value": expected}, f32(bits)) is same


@pytest.mark.parametrize(
    ("expected", "bits", "same"),
    [
        ("nan:canonical", 0x7FF8000000000000, True),
        ("nan:canonical", 0xFFF8000000000000, True),
        ("nan:canonical", 0x7FF8000000000001, False),
        ("nan:arithmetic", 0x7FF8000000000001, True),
        ("nan:arithmetic", 0x7FF4000000000000, False),
        ("nan:arithmetic", 0x7FF0000000000000, False),
        ("0", 0x8000000000000000, False),
    ],
)
def test_f64(expected: str, bits: int, same: bool) -> None:
    assert matches({"type": "f64", "value": expected}, f64(bits)) is same


def test_vector_lanes_are_compared_one_by_one() -> None:
    expected = {
        "type": "v128",
        "lane_type": "f32",
        "value": ["nan:canonical", "nan:arithmetic", "0", str(0x3F800000)],
    }
    good = f32(0xFFC00000) + f32(0x7FC00009) + f32(0) + f32(0x3F800000)
    assert matches(expected, good)
    assert not matches(expected, f32(0x7FC00009) + good[4:])
    assert not matches(expected, good[:12] + f32(0xBF800000))
    assert not matches(expected, good[:12])


def test_integers_are_compared_by_bits() -> None:
    assert matches({"type": "i32", "value": "4294967295"}, b"\xff\xff\xff\xff")
    assert not matches({"type": "i32", "value": "4294967295"}, b"\xff\xff\xff\x7f")
    assert not matches({"type": "i32", "value": "1"}, (1).to_bytes(8, "little"))


def test_arguments() -> None:
    assert argument_bits({"type": "i32", "value": "4294967294"}) == b"\xfe\xff\xff\xff"
    lanes = [str(n) for n in (1, 2, 3, 0x8000, 0, 0, 0, 0xFFFF)]
    bits = argument_bits({"type": "v128", "lane_type": "i16", "value": lanes})
    assert bits.hex() == "010002000300008000000000" + "0000ffff"


def test_references() -> None:
    assert reference({"type": "externref", "value": "null"}) is None
    assert reference({"type": "externref", "value": "7"}) == HostObject(7)
    assert reference({"type": "funcref", "value": "null"}) is None
