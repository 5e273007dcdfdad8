"""How a transparent PNG becomes an image of a PDF: decoded and compressed once, then kept."""
import zlib
from functools import lru_cache
from io import BytesIO
from typing import NamedTuple

from PIL import Image

from app.gateways.pades.increment import Increment
from app.gateways.pades.refusals import PadesRefused
from app.gateways.pades.syntax import read_numbers, write_number


class _Ink(NamedTuple):
    """The colours and the opacity of a picture, each compressed."""

    width: int
    height: int
    colours: bytes
    opacity: bytes


def add_picture(increment: Increment, picture: bytes, rectangle: bytes) -> bytes:
    """A form object as large as the rectangle, with the picture in its middle, as large as fits; its reference."""
    ink = _ink(picture)
    left, bottom, right, top = read_numbers(rectangle)
    wide, high = right - left, top - bottom
    scale = min(wide / ink.width, high / ink.height)
    shown = (ink.width * scale, ink.height * scale)
    place = (*shown, (wide - shown[0]) / 2, (high - shown[1]) / 2)
    content = b"q %b 0 0 %b %b %b cm /Picture Do Q" % tuple(map(write_number, place))
    return increment.add_form(rectangle, b"/XObject << /Picture %b >>" % _add_image(increment, ink), content)


def _add_image(increment: Increment, ink: _Ink) -> bytes:
    common = {
        b"/Type": b"/XObject",
        b"/Subtype": b"/Image",
        b"/Width": b"%d" % ink.width,
        b"/Height": b"%d" % ink.height,
        b"/BitsPerComponent": b"8",
        b"/Filter": b"/FlateDecode",
    }
    mask = increment.add_stream(common | {b"/ColorSpace": b"/DeviceGray"}, ink.opacity)
    return increment.add_stream(common | {b"/ColorSpace": b"/DeviceRGB", b"/SMask": mask}, ink.colours)


@lru_cache(maxsize=64)
def _ink(picture: bytes) -> _Ink:
    try:
        with Image.open(BytesIO(picture), formats=["PNG"]) as opened:
            image = opened.convert("RGBA")
    except Exception as error:  # whatever the decoder trips over is no picture
        raise PadesRefused("picture_damaged") from error
    opacity = image.getchannel("A").tobytes()
    return _Ink(image.width, image.height, zlib.compress(image.convert("RGB").tobytes(), 9), zlib.compress(opacity, 9))
