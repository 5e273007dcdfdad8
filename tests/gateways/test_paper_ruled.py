"""A ruled table keeps its rows whole, its head on every page and every word it was given, whatever the words."""

import re
import subprocess

import pytest
from reportlab.platypus import Spacer

from app.gateways.paper import blocks
from app.gateways.paper import measures as m
from app.gateways.paper.ruled import ruled
from tests.gateways.test_paper_layout import pages_of, pdf_of

HEAD, SHARES, MIDDLE = ("TT", "Chức vụ"), (1, 5), (0,)
PAGE_LONG = "Chủ nhiệm " * 900


def pages(*rows, room=0):
    return pages_of(pdf_of(Spacer(0, room), blocks.table(HEAD, rows, SHARES, MIDDLE)))


def positions(pdf, path):
    """(left, right, lower edge) of every word, in points from the upper left corner of its page."""
    path.write_bytes(pdf)
    told = subprocess.run(["pdftotext", "-bbox", path, "-"], check=True, capture_output=True, text=True).stdout
    found = re.findall(r'xMin="([\d.]+)" yMin="[\d.]+" xMax="([\d.]+)" yMax="([\d.]+)">([^<]+)<', told)
    return [(word, float(left), float(right), float(foot)) for left, right, foot, word in found]


@pytest.mark.parametrize("room", range(560, 720, 20))
def test_a_row_stands_whole_on_one_page(room):
    told = pages(*[(str(number), f"đầu{number} " + "giữa " * 40 + f"cuối{number}") for number in range(8)], room=room)
    for number in range(8):
        assert sum(f"đầu{number}" in page and f"cuối{number}" in page for page in told) == 1


@pytest.mark.parametrize("room", [0, 300, 660, 700, 715])
def test_a_row_taller_than_a_page_goes_on_under_the_same_head(room):
    told = pages(("1", "trước"), ("2", PAGE_LONG), ("3", "sau"), room=room)
    assert sum(page.count("nhiệm") for page in told) == 900
    assert all("Chức vụ" in page for page in told if "nhiệm" in page)
    assert "sau" in told[-1]


@pytest.mark.parametrize("count", [0, 1, 2, 600])
def test_every_row_is_printed_once_in_order(count):
    told = " ".join(pages(*[(str(number), f"hàng{number}") for number in range(count)]))
    assert [int(number) for number in re.findall(r"hàng(\d+)", told)] == list(range(count))


def test_a_long_name_without_a_blank_stays_inside_its_column(tmp_path):
    table = blocks.table(HEAD, [("1", "W" * 400)], SHARES, MIDDLE)
    words = [word for word in positions(pdf_of(table), tmp_path / "long.pdf") if word[0].startswith("W")]
    assert sum(len(word) for word, *_ in words) == 400
    assert max(right for _, _, right, _ in words) <= m.PAGE[0] - m.MARGIN_RIGHT


def test_columns_are_centred_or_begin_at_the_left(tmp_path):
    table = blocks.table(HEAD, [("7", "ngắn"), ("8", "dài hơn")], SHARES, MIDDLE)
    at = {word: (left, right) for word, left, right, _ in positions(pdf_of(table), tmp_path / "aligned.pdf")}
    first = m.MARGIN_LEFT + m.TEXT_WIDTH / 6
    assert sum(at["7"]) / 2 == pytest.approx((m.MARGIN_LEFT + first) / 2, abs=0.1)
    assert at["ngắn"][0] == at["dài"][0] == pytest.approx(first + 4, abs=0.1)


def test_letters_beyond_the_first_subset_of_a_font_are_found_again():
    words = [chr(code) for code in range(0x400, 0x4FF) if chr(code) in _printable(range(0x400, 0x4FF))]
    assert len(words) > 200
    told = "".join(pages(*[(str(at), letter) for at, letter in enumerate(words)]))
    assert set(words) <= set(told)


def _printable(codes):
    from app.gateways.paper.fonts import printable

    return set(printable("".join(map(chr, codes))))


def test_a_height_that_takes_no_row_gives_the_page_up():
    table = ruled(HEAD, [("1", "một")], SHARES, MIDDLE)
    assert table.split(m.TEXT_WIDTH, table.height - 1) == []
    assert len(table.split(m.TEXT_WIDTH, table.height)) == 1
