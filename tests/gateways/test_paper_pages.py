"""Pages look as somebody has approved them, and are shown on screens with all that was filled in."""

from io import BytesIO

import pytest
from PIL import Image, ImageChops
from pypdf import PdfReader

from app.gateways import paper
from app.gateways.paper.qr import TooLong, modules
from tests.gateways import approve_pages as approved
from tests.gateways.qr_reader import said
from tests.gateways.resolution_case import ADDRESS, printed

PAGES = dict(approved.pages())


@pytest.mark.parametrize("name", PAGES)
def test_a_page_looks_as_it_was_approved(name):
    known = Image.open(approved.FOLDER / f"{name}.png")
    assert approved.difference(PAGES[name], known) <= approved.ALLOWED


def test_no_approved_picture_is_left_over():
    assert {path.stem for path in approved.FOLDER.glob("*.png")} == set(PAGES)


def test_a_page_that_was_not_approved_differs():
    known = Image.open(approved.FOLDER / "resolution-1.png")
    moved = ImageChops.offset(known, 0, 3)
    assert approved.difference(moved, known) > approved.ALLOWED
    assert approved.difference(PAGES["resolution-2"], known) > approved.ALLOWED


def test_a_page_is_drawn_in_the_width_asked_for():
    pdf = printed()
    assert paper.page_count(pdf) == len(PdfReader(BytesIO(pdf)).pages)
    picture = Image.open(BytesIO(paper.page_image(pdf, 2, 600)))
    assert picture.format == "PNG"
    assert picture.width == 600
    assert picture.height == pytest.approx(600 * 297 / 210, abs=2)


@pytest.mark.parametrize(("page", "width", "error"), [(0, 600, IndexError), (9, 600, IndexError), (1, 0, ValueError)])
def test_a_page_that_is_not_there_and_an_unreasonable_width_are_refused(page, width, error):
    with pytest.raises(error):
        paper.page_image(printed(), page, width)


def test_the_code_on_each_page_says_where_to_check():
    pdf = printed()
    for page in range(1, paper.page_count(pdf) + 1):
        picture = Image.open(BytesIO(paper.page_image(pdf, page, 2480))).convert("L")
        assert said(picture, left=30, bottom=5, side=13, count=len(modules(ADDRESS))) == ADDRESS


def test_the_code_keeps_its_quiet_zone():
    picture = Image.open(BytesIO(paper.page_image(printed(), 1, 2480))).convert("L")
    per_mm = 2480 / 210
    for box in ((28, 297 - 20, 44.5, 297 - 18.3), (28, 297 - 4.8, 44.5, 297 - 3.4), (43.3, 297 - 18, 44.6, 297 - 5)):
        assert picture.crop(tuple(round(edge * per_mm) for edge in box)).getextrema() == (255, 255)


def test_an_address_that_is_too_long_for_the_code_is_refused():
    with pytest.raises(TooLong):
        modules("https://example.vn/" + "a" * 300)
