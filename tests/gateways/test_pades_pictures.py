"""Pictures of signatures and seals: drawn alike each time, transparent, and accepted from others only when harmless."""
import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, PngImagePlugin

from app.gateways.pades import PadesRefused, accept_picture, seal_picture, signature_picture
from app.gateways.pades.letterforms import CAPITALS
from app.gateways.pades.pictures import LARGEST, LEAST, MOST
from tests.gateways.pades_cases import ink

NAMES = ["Nguyễn Văn An", "Phạm Minh Khôi", "Trần Thị Bình", "Đỗ Thúy Giang", "Bùi Sơn", "Ủy", "X", ""]


def opened(picture):
    return Image.open(BytesIO(picture))


def saved(image, **options):
    target = BytesIO()
    image.save(target, "PNG", **options)
    return target.getvalue()


def drawn(size=(200, 100), ink_size=(60, 60)):
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((5, 5, *ink_size), fill=(20, 40, 150, 255))
    return image


def refused(picture):
    with pytest.raises(PadesRefused) as refusal:
        accept_picture(picture)
    assert str(refusal.value)
    return refusal.value.code


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def behind_the_head(picture, *chunks):
    """The chunks inserted after IHDR."""
    return picture[:33] + b"".join(chunks) + picture[33:]


# -- drawn by us


@pytest.mark.parametrize("name", NAMES)
def test_a_signature_is_blue_on_clear_ground_and_fills_its_picture(name):
    image = opened(signature_picture(name))
    assert (image.mode, image.size) == ("RGBA", (756, 364))
    red, green, blue, opacity = image.split()
    assert (red.getextrema(), green.getextrema(), blue.getextrema()) == ((24, 24), (46, 46), (152, 152))
    clear = opacity.histogram()[0] / (756 * 364)
    assert 0.85 < clear < 0.99
    left, top, right, bottom = opacity.getbbox()
    assert left >= 4
    assert top >= 4
    assert right <= 752
    assert bottom <= 360
    assert right - left > 0.6 * 756
    assert bottom - top > 0.35 * 364


def test_each_name_has_a_signature_of_its_own_always_the_same():
    pictures = {name: signature_picture(name) for name in NAMES}
    assert len(set(pictures.values())) == len(NAMES)
    signature_picture.cache_clear()
    assert {name: signature_picture(name) for name in NAMES} == pictures
    assert signature_picture("Nguyê\u0303n Va\u0306n An") == pictures["Nguyễn Văn An"]


def test_a_pen_knows_every_capital():
    assert "".join(CAPITALS) == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for strokes in CAPITALS.values():
        assert all(len(stroke) > 1 and all(-0.5 <= y <= 1.1 for _, y in stroke) for stroke in strokes)


@pytest.mark.parametrize("body", ["Chính phủ", "Văn phòng Chính phủ", "Ủy ban nhân dân thành phố Hồ Chí Minh", "A", ""])
def test_a_seal_is_red_round_and_clear_outside(body):
    image = opened(seal_picture(body))
    assert (image.mode, image.size) == ("RGBA", (504, 504))
    assert [band.getextrema() for band in image.split()[:3]] == [(206, 206), (18, 18), (32, 32)]
    opacity = image.getchannel("A")
    box = opacity.getbbox()
    assert box[2] - box[0] == pytest.approx(500, abs=4)
    assert box[3] - box[1] == pytest.approx(500, abs=4)
    for corner in ((20, 20), (484, 20), (20, 484), (484, 484)):
        assert opacity.getpixel(corner) == 0
    assert opacity.getpixel((252, 252)) > 180  # the star


def test_body_and_mark_change_the_seal_and_nothing_else_does():
    seals = {seal_picture("Chính phủ"), seal_picture("Văn phòng Chính phủ"), seal_picture("Chính phủ", "MẪU")}
    assert len(seals) == 3
    seal_picture.cache_clear()
    assert seal_picture("Chính phủ") in seals
    assert seal_picture("CHÍNH PHỦ") != seal_picture("")


# -- brought by others


@pytest.mark.parametrize("picture", [signature_picture("Bùi Sơn"), seal_picture("Chính phủ"), ink()])
def test_a_good_picture_is_accepted_pixel_for_pixel(picture):
    accepted = accept_picture(picture)
    assert opened(accepted).convert("RGBA").tobytes() == opened(picture).convert("RGBA").tobytes()
    assert accept_picture(accepted) == accepted


def test_a_picture_with_a_palette_or_an_interlace_is_accepted():
    palette = drawn().quantize(8)
    assert accept_picture(saved(palette, transparency=palette.getpixel((199, 99))))
    grey = drawn().convert("LA")
    assert opened(accept_picture(saved(grey))).mode == "RGBA"


def test_what_is_about_the_picture_is_dropped_unread():
    plain = saved(drawn())
    said = PngImagePlugin.PngInfo()
    said.add_text("Author", "Nguyễn Văn An", zip=True)
    bomb = zlib.compress(bytes(50 << 20), 9)
    for told in (
        saved(drawn(), pnginfo=said, exif=b"Exif\0\0MM\0*\0\0\0\x08", dpi=(300, 300)),
        behind_the_head(plain, chunk(b"zTXt", b"Comment\0\0" + bomb)),
        behind_the_head(plain, chunk(b"iTXt", b"Comment\0\1\0\0\0" + bomb)),
        behind_the_head(plain, chunk(b"iCCP", b"profile\0\0" + bomb)),
        behind_the_head(plain, chunk(b"exAm", b"<script>")),
    ):
        assert accept_picture(told) == accept_picture(plain)


def test_a_moving_picture_is_refused():
    frames = [drawn(ink_size=(60, 60)), drawn(ink_size=(80, 60))]
    assert refused(saved(frames[0], save_all=True, append_images=frames[1:])) == "picture_animated"
    assert refused(behind_the_head(saved(drawn()), chunk(b"acTL", bytes(8)))) == "picture_animated"


@pytest.mark.parametrize("size", [(LEAST - 1, 100), (100, LEAST - 1), (MOST + 1, 100), (100, MOST + 1)])
def test_a_picture_of_odd_size_is_refused(size):
    assert refused(saved(drawn(size))) == "picture_dimensions"


def test_a_picture_that_claims_to_be_huge_is_refused_before_it_is_decoded():
    head = struct.pack(">IIBBBBB", 1 << 31 - 1, 1 << 31 - 1, 8, 6, 0, 0, 0)
    assert refused(saved(drawn())[:8] + chunk(b"IHDR", head) + saved(drawn())[33:]) == "picture_dimensions"


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_a_picture_without_clear_ground_is_refused(mode):
    image = Image.new("RGB", (200, 100), "white").convert(mode)
    assert refused(saved(image)) == "picture_opaque"


def test_a_little_clear_ground_is_not_enough():
    image = drawn((100, 100))
    image.paste((255, 255, 255, 255), (0, 0, 100, 80))
    assert refused(saved(image)) == "picture_opaque"


@pytest.mark.parametrize("ink_size", [(6, 6), (8, 6)])
def test_an_empty_picture_is_refused(ink_size):
    assert refused(saved(drawn(ink_size=ink_size))) == "picture_blank"
    assert refused(saved(Image.new("RGBA", (200, 100)))) == "picture_blank"


@pytest.mark.parametrize("file", [b"", b"GIF89a", b"\xff\xd8\xff\xe0", b"<svg width='9'/>", b"%PDF", b"\x89PNG\n"])
def test_what_is_no_png_is_refused(file):
    assert refused(file) == "picture_not_png"


def test_a_file_that_is_too_large_is_refused():
    assert refused(saved(drawn()) + bytes(LARGEST)) == "picture_too_large"


def test_a_damaged_picture_is_refused():
    good = saved(drawn())
    for end in range(8, len(good) - 1, 7):
        assert refused(good[:end]) == "picture_damaged"
    assert refused(good + b"<?php") == "picture_damaged"
    assert refused(good[:8] + good[33:]) == "picture_damaged"  # no IHDR
    short = chunk(b"IDAT", zlib.compress(b"\0\0"))
    assert refused(good[:33] + short + chunk(b"IEND", b"")) == "picture_damaged"


@given(place=st.integers(8, 1 << 16), value=st.binary(min_size=1, max_size=4), repaired=st.booleans())
def test_no_picture_makes_an_error(place, value, repaired):
    """Also where the sums are right again, so that the decoder itself sees the damage."""
    good = ink()
    at = 8 + place % (len(good) - 8)
    damaged = good[:at] + value + good[at + len(value) :]
    if repaired:
        content = damaged[41 : 41 + int.from_bytes(good[33:37], "big")]
        damaged = good[:33] + chunk(b"IDAT", content) + chunk(b"IEND", b"")
    try:
        accepted = accept_picture(damaged)
    except PadesRefused:
        return
    assert opened(accepted).mode == "RGBA"
