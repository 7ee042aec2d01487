"""The module ``wasmedge_image``."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from io import BytesIO
from typing import Any

import pytest
import testdata
from extension import Extension

from pywasmedge.extensions import image

Image = pytest.importorskip("PIL.Image", reason="pip install 'pywasmedge[image]'")

KINDS = {"rgb8": 0, "bgr8": 1, "rgb32f": 2, "bgr32f": 3}


@pytest.fixture(scope="module")
def guest() -> Extension:
    return Extension("wasmedge_image")


@pytest.fixture(autouse=True)
def _memory_from_the_start(guest: Extension) -> None:
    guest.free = 1024


def encoded(picture: Any, format_: str, **options: Any) -> bytes:
    out = BytesIO()
    picture.save(out, format_, **options)
    return out.getvalue()


RED = Image.new("RGB", (30, 30), (255, 0, 0))


def later(guest: Extension, name: str, data: bytes, width: int, height: int, kind: int) -> Any:
    """The pixels, or the number of the error."""
    size = width * height * 3 * (4 if kind > 1 else 1)
    target = guest.room(size)
    code = guest.call(name, *guest.put(data), width, height, kind, target, size)
    return guest.read(target, size) if code == 0 else code


def old(guest: Extension, name: str, data: bytes, width: int, height: int) -> Any:
    size = width * height * 3 * (4 if name.endswith("f") else 1)
    target = guest.room(size)
    code = guest.call(f"wasmedge_image_load_{name}", *guest.put(data), width, height, target)
    return guest.read(target, size) if code == 0 else code


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("format_", ["PNG", "JPEG"])
def test_a_red_picture_grows(guest: Extension, kind: str, format_: str) -> None:
    data = encoded(RED, format_)
    short = {"PNG": "png", "JPEG": "jpg"}[format_]
    found = later(guest, f"load_{short}", data, 50, 60, KINDS[kind])
    assert found == old(guest, f"{short}_to_{kind}", data, 50, 60)
    at = (55 * 50 + 45) * 3
    if kind.endswith("8"):
        pixel: list[float] = list(found[at : at + 3])
        scale, near = 255.0, 1.0
    else:
        pixel = list(struct.unpack_from("<3f", found, 4 * at))
        scale, near = 1.0, 0.01
    expected = [scale, 0, 0] if kind.startswith("rgb") else [0, 0, scale]
    assert pixel == pytest.approx(expected, abs=near)


def test_resizing_is_between_the_corners_without_smoothing(guest: Extension) -> None:
    picture = Image.new("RGB", (2, 1))
    picture.putpixel((1, 0), (255, 255, 255))
    data = encoded(picture, "PNG")
    assert later(guest, "load_png", data, 3, 1, 0)[::3] == bytes([0, 127, 255])
    assert later(guest, "load_png", data, 1, 1, 0) == bytes(3)
    assert later(guest, "load_png", data, 1, 4, 0) == bytes(12)


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (Image.new("L", (4, 4), 77), (77, 77, 77)),
        (Image.new("LA", (4, 4), (77, 3)), (77, 77, 77)),
        (Image.new("RGBA", (4, 4), (10, 20, 30, 0)), (10, 20, 30)),
        (Image.new("P", (4, 4)), (0, 0, 0)),
        (Image.new("1", (4, 4), 1), (255, 255, 255)),
        (Image.new("I;16", (4, 4), 0x4D12), (0x4D, 0x4D, 0x4D)),
    ],
    ids=lambda value: getattr(value, "mode", ""),
)
def test_other_kinds_of_pixels(guest: Extension, picture: Any, expected: tuple[int, ...]) -> None:
    data = encoded(picture, "PNG")
    assert later(guest, "load_image", data, 4, 4, 0) == bytes(expected) * 16
    assert old(guest, "png_to_rgb8", data, 4, 4) == bytes(expected) * 16


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "BMP", "GIF", "TGA", "PPM"])
def test_formats(guest: Extension, format_: str) -> None:
    data = encoded(RED, format_)
    for name in ("load_jpg", "load_png", "load_image"):
        found = later(guest, name, data, 8, 8, 0)
        assert list(found[:3]) == pytest.approx([255, 0, 0], abs=1)
    for name, own in (("png_to_rgb8", "PNG"), ("jpg_to_rgb8", "JPEG")):
        assert (old(guest, name, data, 8, 8) == 1) == (format_ != own)


def test_floats_are_the_bytes_by_255(guest: Extension) -> None:
    ramp = Image.new("RGB", (256, 1))
    ramp.putdata([(v, v, v) for v in range(256)])
    data = encoded(ramp, "PNG")
    found = struct.unpack("<768f", later(guest, "load_png", data, 256, 1, 2))
    assert found[::3] == pytest.approx([v / 255 for v in range(256)], rel=1e-6)


def bomb(width: int, height: int) -> bytes:
    """A PNG that says it is so large."""

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    rows = zlib.compress(bytes(1 << 20), 9)
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no picture",
        encoded(RED, "PNG")[:60],
        encoded(RED, "JPEG")[:40],
        bomb(100_000, 100_000),
        bomb(30_000, 3_000),
        b"\x89PNG\r\n\x1a\n" + bytes(100),
    ],
    ids=["empty", "text", "cut PNG", "cut JPEG", "bomb", "smaller bomb", "zeros"],
)
def test_what_is_no_picture(guest: Extension, data: bytes) -> None:
    for name in ("load_jpg", "load_png", "load_image"):
        assert later(guest, name, data, 4, 4, 0) == 1
    for name in ("jpg_to_rgb8", "png_to_bgr32f"):
        assert old(guest, name, data, 4, 4) == 1


def test_wrong_arguments(guest: Extension) -> None:
    data, size = guest.put(encoded(RED, "PNG"))
    to, end = guest.room(48), guest.size
    call = guest.call
    good = (data, size, 4, 4, 0, to, 48)
    assert call("load_png", *good) == 0
    assert call("load_png", data, size, 4, 4, 0, to, 4000) == 0  # more room than needed is fine
    for position, wrong in [
        (0, end),
        (0, -1),
        (1, -1),
        (1, end),
        (1, 0),
        (2, 0),
        (2, -1),
        (3, 0),
        (3, -1),
        (2, 1 << 30),
        (4, 4),
        (4, -1),
        (5, end - 10),
        (5, -1),
        (6, 47),
        (6, -1),
        (6, 0),
    ]:
        arguments = list(good)
        arguments[position] = wrong
        assert call("load_png", *arguments) == 1, (position, wrong)
    name = "wasmedge_image_load_png_to_rgb32f"
    assert call(name, data, size, 4, 4, end - 192) == 0
    for wrong_old in (
        (data, size, 4, 4, end - 191),
        (data, size, 4, 4, -1),
        (data, size, 0, 4, to),
        (data, size, 4, 0, to),
        (data, size, 1 << 31, 1 << 31, to),
        (end, 1, 4, 4, to),
    ):
        assert call(name, *wrong_old) == 1, wrong_old


def test_too_many_pixels_are_not_decoded(guest: Extension, monkeypatch: Any) -> None:
    monkeypatch.setattr(image, "MOST_PIXELS", 899)
    assert later(guest, "load_png", encoded(RED, "PNG"), 4, 4, 0) == 1
    monkeypatch.setattr(image, "MOST_PIXELS", 900)
    assert later(guest, "load_png", encoded(RED, "PNG"), 4, 4, 0) != 1


def test_a_real_photo() -> None:
    data = testdata.require("extensions/models/bird.jpg").read_bytes()
    guest = Extension("wasmedge_image", pages=(len(data) + 224 * 224 * 3 >> 16) + 2)
    found = later(guest, "load_jpg", data, 224, 224, 0)
    reference = Image.open(BytesIO(data)).resize((224, 224), Image.Resampling.BICUBIC).tobytes()
    difference = [abs(a - b) for a, b in zip(found, reference, strict=True)]
    assert 0 < sum(difference) / len(difference) < 12


def test_without_pillow() -> None:
    """Every function answers 1, and one line says what to install."""
    code = (
        "import sys; sys.modules['PIL'] = None\n"
        "from extension import Extension\n"
        "guest = Extension('wasmedge_image', pages=1)\n"
        "print(guest.call('load_png', 0, 8, 1, 1, 0, 100, 3),"
        " guest.call('wasmedge_image_load_jpg_to_rgb8', 0, 8, 1, 1, 100))\n"
    )
    environment = {**os.environ, "PYTHONPATH": testdata.IMPORTS}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout == "1 1\n"
    assert done.stderr.count("pip install 'pywasmedge[image]'") == 1
