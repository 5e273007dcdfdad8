"""Which pictures may stand in a signature or a seal: still, transparent PNG files of sensible size."""
import struct
import zlib
from collections.abc import Iterator
from io import BytesIO

from PIL import Image

from app.gateways.pades.handwriting import signature_picture
from app.gateways.pades.refusals import PadesRefused
from app.gateways.pades.stamp import seal_picture

__all__ = ["LARGEST", "accept_picture", "seal_picture", "signature_picture"]

LARGEST = 512 * 1024  # bytes
LEAST, MOST = 80, 2000  # pixels, either side
CLEAR, DRAWN = 0.25, 0.002  # shares of the picture: at least so much background, at least so much ink
CLEAR_BELOW, DRAWN_FROM = 16, 96  # of 255
HEAD = b"\x89PNG\r\n\x1a\n"
MOVES = (b"acTL", b"fcTL", b"fdAT")
PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")  # all else is about the picture, not of it


def accept_picture(data: bytes) -> bytes:
    """The picture as a PNG of ours: the same pixels, and nothing else that the file carried.

    Raises `PadesRefused`: picture_not_png, picture_too_large, picture_damaged, picture_animated, picture_dimensions,
    picture_opaque, picture_blank. What is about the picture (texts, profiles) is dropped unread, so it cannot unfold.
    """
    if len(data) > LARGEST:
        raise PadesRefused("picture_too_large", kilobytes=LARGEST // 1024)
    if not data.startswith(HEAD):
        raise PadesRefused("picture_not_png")
    chunks = list(_chunks(data))
    if any(kind in MOVES for kind, _ in chunks):
        raise PadesRefused("picture_animated")
    _check_dimensions(chunks)
    image = _decode(b"".join((HEAD, *(whole for kind, whole in chunks if kind in PIXELS))))
    _check_opacity(image.getchannel("A"))
    target = BytesIO()
    image.save(target, "PNG", optimize=True)
    return target.getvalue()


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(kind, whole chunk), from IHDR to IEND at the very end."""
    at, kind = len(HEAD), b""
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        whole = data[at : at + size + 12]
        kind = whole[4:8]
        if len(whole) != size + 12 or zlib.crc32(whole[4:-4]) != int.from_bytes(whole[-4:], "big"):
            raise PadesRefused("picture_damaged")
        yield kind, whole
        at += len(whole)
        if kind == b"IEND":
            break
    if kind != b"IEND" or at != len(data):
        raise PadesRefused("picture_damaged")


def _check_dimensions(chunks: list[tuple[bytes, bytes]]) -> None:
    kind, whole = chunks[0]
    if kind != b"IHDR" or len(whole) != 25:  # noqa: PLR2004 - 13 bytes and what stands around them
        raise PadesRefused("picture_damaged")
    if not all(LEAST <= side <= MOST for side in struct.unpack_from(">II", whole, 8)):
        raise PadesRefused("picture_dimensions", least=LEAST, most=MOST)


def _decode(picture: bytes) -> Image.Image:
    try:
        with Image.open(BytesIO(picture), formats=["PNG"]) as opened:
            return opened.convert("RGBA")
    except Exception as error:  # whatever the decoder trips over is no picture
        raise PadesRefused("picture_damaged") from error


def _check_opacity(opacity: Image.Image) -> None:
    grades = opacity.histogram()
    whole = sum(grades)
    if sum(grades[DRAWN_FROM:]) < DRAWN * whole:
        raise PadesRefused("picture_blank")
    if sum(grades[:CLEAR_BELOW]) < CLEAR * whole:
        raise PadesRefused("picture_opaque")
