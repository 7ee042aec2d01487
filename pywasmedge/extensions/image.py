"""The module ``wasmedge_image``: pictures in memory become pixels of a wanted size.

Functions of 0.10.0 (prefixed) and of the later plugin. Formats are recognised as later releases
do, whatever the function's name for those; resizing and the scale of floats are those of 0.10.0,
which models were trained with.
"""

from __future__ import annotations

from array import array
from io import BytesIO
from warnings import catch_warnings, simplefilter

from ..host.modules import HostError, HostModule
from ..runtime.core import Caller
from .library import MissingLibraryError, library

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..host.annotations import i32

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TGA", "PSD", "PPM")
"""What ``load_image`` takes (of a GIF its first picture)."""
MOST_PIXELS = 1 << 26
"""A larger picture is refused before it is decoded: 256 MiB at 4 bytes each."""
_MOST_SIDE = (1 << 31) - 1


class ImageError(HostError):
    """The one error number."""

    OUTSIDE = 1

    def __init__(self, detail: str = "") -> None:
        super().__init__(1, detail)


host = HostModule("wasmedge_image", errors=ImageError)


def pixels(
    data: bytes, width: int, height: int, *, bgr: bool, floats: bool, formats: tuple[str, ...]
) -> bytes:
    """Decode a picture and resize it.

    Args:
        data: the picture as in a file.
        width, height: wanted, at least 1.
        bgr: blue first, otherwise red.
        floats: f32 from 0 to 1 rather than u8.
        formats: those of :data:`FORMATS` that it may have.

    Returns:
        ``height`` rows of ``width`` pixels of 3 channels.

    Raises:
        ImageError: it is no such picture, or too large, or there is no Pillow.
    """
    try:
        images = library("PIL.Image", "image", "open", "Transform", "Resampling")
    except MissingLibraryError as error:
        raise ImageError(str(error)) from None
    try:
        with _opened(images, data, formats) as file:
            if file.width * file.height > MOST_PIXELS:
                raise ImageError(f"{file.width} x {file.height} pixels")
            picture = _resized(images, _rgb(file), width, height)
        bands = picture.split()
        if bgr:
            bands = bands[::-1]
        if not floats:
            return images.merge("RGB", bands).tobytes()  # type: ignore[no-any-return]
        found = array("f", bytes(4 * 3 * width * height))
        for channel, band in enumerate(bands):
            scaled = band.convert("F").point(lambda value: value * (1 / 255) + 0)
            found[channel::3] = array("f", scaled.tobytes())
        return found.tobytes()
    except ImageError:
        raise
    except Exception as error:  # Pillow raises many kinds for pictures that are none
        raise ImageError(repr(error)) from None


def _opened(images: Any, data: bytes, formats: tuple[str, ...]) -> Any:
    """A picture that is not decoded yet; how large it may be is looked at here, so no warnings."""
    with catch_warnings():
        simplefilter("ignore", images.DecompressionBombWarning)
        return images.open(BytesIO(data), formats=formats)


def _rgb(file: Any) -> Any:
    """A picture in 8-bit RGB: transparency dropped, grey repeated, 16 bits cut."""
    if file.mode.startswith("I"):
        file = file.convert("I").point(lambda value: value * (1 / 256) + 0).convert("L")
    return file.convert("RGB")


def _resized(images: Any, picture: Any, width: int, height: int) -> Any:
    """Bilinear between the centres of the corner pixels, without smoothing."""
    if picture.size == (width, height):
        return picture
    x = (picture.width - 1) / (width - 1) if width > 1 else 0.0
    y = (picture.height - 1) / (height - 1) if height > 1 else 0.0
    matrix = (x, 0.0, 0.5 - 0.5 * x, 0.0, y, 0.5 - 0.5 * y)
    transform, bilinear = images.Transform.AFFINE, images.Resampling.BILINEAR
    return picture.transform((width, height), transform, matrix, bilinear)


# --- the functions of 0.10.0 ----------------------------------------------------------------------


def _declare(name: str, format_: str, *, bgr: bool, floats: bool) -> None:
    def load(caller: Caller, address: i32, size: i32, width: i32, height: i32, target: i32) -> i32:
        width, height = width & 0xFFFFFFFF, height & 0xFFFFFFFF
        data = caller.read(address, size)
        length = width * height * (12 if floats else 3)
        if not length or length > _MOST_SIDE:
            raise ImageError(f"{width} x {height} pixels wanted")
        room = caller.range(target, length)
        room[:] = pixels(data, width, height, bgr=bgr, floats=floats, formats=(format_,))
        return 0

    host.named(name)(load)


for _format, _name in (("JPEG", "jpg"), ("PNG", "png")):
    for _order in ("rgb", "bgr"):
        for _kind in ("8", "32f"):
            _declare(
                f"wasmedge_image_load_{_name}_to_{_order}{_kind}",
                _format,
                bgr=_order == "bgr",
                floats=_kind == "32f",
            )


# --- those of the later plugin --------------------------------------------------------------------


def _load(
    caller: Caller,
    address: i32,
    size: i32,
    width: i32,
    height: i32,
    kind: i32,
    target: i32,
    room: i32,
) -> i32:
    """Kinds are 0 RGB8, 1 BGR8, 2 RGB32F, 3 BGR32F."""
    width, height = width & 0xFFFFFFFF, height & 0xFFFFFFFF
    data = caller.read(address, size)
    place = caller.range(target, room)
    if not 0 <= kind <= 3:
        raise ImageError(f"no kind of pixels: {kind}")
    element = 4 if kind >= 2 else 1
    length = width * height * 3 * element
    if not length or width * 3 * element > _MOST_SIDE or height > _MOST_SIDE or length > len(place):
        raise ImageError(f"{width} x {height} pixels into {len(place)} bytes")
    floats, bgr = kind >= 2, bool(kind & 1)
    place[:length] = pixels(data, width, height, bgr=bgr, floats=floats, formats=FORMATS)
    return 0


for _name in ("load_jpg", "load_png", "load_image"):
    host.named(_name)(_load)
