"""Every paper keeps the prescribed page: embedded letters, margins, page numbers, rules, searchable text."""

import datetime as dt
import re
import string
import subprocess
import unicodedata
from io import BytesIO

import pypdfium2 as pdfium
import pytest
from pypdf import PdfReader
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Spacer

from app.gateways.paper import blocks, dates
from app.gateways.paper import measures as m
from app.gateways.paper.head import COUNTRY, MOTTO, Head, Title
from app.gateways.paper.layout import build
from tests.gateways import upload_corpus as corpus

AT = dt.datetime(2026, 11, 21, 2, 0, tzinfo=dt.UTC)
MARKS = ["", "\u0301", "\u0300", "\u0309", "\u0303", "\u0323"]
VOWELS = "aăâeêioôơuưy"
LETTERS = [unicodedata.normalize("NFC", vowel + mark) for vowel in VOWELS for mark in MARKS] + ["đ"]
LONG = (
    "Chính phủ thống nhất đánh giá tình hình và giao nhiệm vụ cho các bộ, cơ quan, địa phương tổ chức thực hiện. " * 8
)


def pdf_of(*story, demo=False):
    return build(list(story), title="Văn bản thử", issuer="Chính phủ", made_at=AT, demo=demo)


def pages_of(pdf):
    return [page.get_textpage().get_text_range().replace("\r", "") for page in pdfium.PdfDocument(pdf)]


def lines_drawn(pdf):
    """(left, right, height) of the horizontal rules on page 1, in points from the lower left corner."""
    content = PdfReader(BytesIO(pdf)).pages[0].get_contents().get_data().decode("latin-1")
    found, origin = [], (0.0, 0.0)
    for line in content.splitlines():
        if moved := re.fullmatch(r"1 0 0 1 ([\d.]+) ([\d.]+) cm", line.strip()):
            origin = (float(moved[1]), float(moved[2]))
        if rule := re.search(r"n ([\d.]+) ([\d.]+) m ([\d.]+) ([\d.]+) l S", line):
            left, low, right, high = (float(figure) for figure in rule.groups())
            assert low == high
            found.append((left + origin[0], right + origin[0], low + origin[1]))
    return found


def test_only_embedded_liberation_serif_is_listed(tmp_path):
    path = tmp_path / "paper.pdf"
    path.write_bytes(pdf_of(*blocks.addressees(["Chính phủ", "Bộ Tài chính"]), blocks.paragraph("a", lead="Điều 1.")))
    listed = subprocess.run(["pdffonts", path], check=True, capture_output=True, text=True).stdout.splitlines()[2:]
    assert listed
    for line in listed:
        name, *_, embedded, subset, unicode_map, _number, _generation = line.split()
        assert "LiberationSerif" in name
        assert (embedded, subset, unicode_map) == ("yes", "yes", "yes")


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_every_vietnamese_letter_is_read_back_composed(form):
    words = " ".join(LETTERS + [letter.upper() for letter in LETTERS] + list(string.ascii_letters))
    read = pages_of(pdf_of(blocks.paragraph(unicodedata.normalize(form, words))))[0]
    assert " ".join(read.split()) == words


def test_the_language_is_vietnamese_and_the_clock_is_the_callers():
    reader = PdfReader(BytesIO(pdf_of(blocks.paragraph("a"))))
    assert reader.trailer["/Root"]["/Lang"] == "vi-VN"
    assert reader.metadata.creation_date == AT


def test_the_same_story_at_the_same_moment_has_the_same_bytes(monkeypatch):
    first = pdf_of(blocks.paragraph("a"))
    monkeypatch.setenv("TZ", "America/Lima")
    assert pdf_of(blocks.paragraph("a")) == first


def test_the_first_page_has_no_number_and_the_others_have_theirs_on_top():
    pdf = pdf_of(*(blocks.paragraph(LONG) for _ in range(12)))
    document = pdfium.PdfDocument(pdf)
    assert len(document) >= 3
    for number, page in enumerate(document, start=1):
        top = page.get_textpage().get_text_bounded(bottom=m.PAGE[1] - m.MARGIN_TOP).strip()
        assert top == ("" if number == 1 else str(number))


def test_no_letter_leaves_the_margins():
    pdf = pdf_of(Head("Bộ Văn hóa, Thể thao và Du lịch".upper(), "Hà Nội"), *(blocks.paragraph(LONG) for _ in range(9)))
    for page in pdfium.PdfDocument(pdf):
        letters = page.get_textpage()
        for at in range(letters.count_chars()):
            left, bottom, right, _top = letters.get_charbox(at)
            if right > left:
                assert left >= 30 * mm - 1
                assert right <= m.PAGE[0] - 15 * mm + 1
                assert bottom >= 20 * mm - 1


def test_a_heading_never_stands_alone_at_the_foot_of_a_page():
    for room in range(0, 60, 6):
        story = [Spacer(0, 620 + room), blocks.heading("Điều 1. Mục tiêu"), blocks.paragraph(LONG)]
        first = pages_of(pdf_of(*story))[0].strip()
        assert not first.endswith("Mục tiêu")


def test_no_single_line_of_a_paragraph_is_left_behind():
    for room in range(0, 120, 10):
        pages = pages_of(pdf_of(Spacer(0, 560 + room), blocks.paragraph(LONG)))
        if len(pages) == 2:
            first, second = pages[0].strip().splitlines(), pages[1].strip().splitlines()[1:]  # without the page number
            assert len(first) != 1
            assert len(second) != 1


def test_a_table_repeats_its_head_on_every_page():
    rows = [(str(number), "Bộ trưởng Bộ Tài chính") for number in range(80)]
    pages = pages_of(pdf_of(blocks.table(("TT", "Chức vụ"), rows, (1, 5), (0,))))
    assert len(pages) > 1
    assert all("Chức vụ" in page for page in pages)


def test_the_signature_is_not_torn_from_its_recipients():
    for room in range(0, 200, 25):
        pages = pages_of(pdf_of(Spacer(0, 500 + room), blocks.closing(["Như trên"], [(("BỘ TRƯỞNG",), "Lê Giả Định")])))
        assert sum("Nơi nhận" in page and "Lê Giả Định" in page for page in pages) == 1


def test_the_rule_under_the_motto_is_as_long_as_the_motto():
    rules = lines_drawn(pdf_of(Head("CHÍNH PHỦ", "Hà Nội, ngày 05 tháng 01 năm 2026", number="Số: 05/NQ-CP")))
    lengths = sorted(right - left for left, right, _ in rules)
    assert lengths[-1] == pytest.approx(stringWidth(MOTTO, m.MOTTO.face, m.MOTTO.size), abs=0.1)
    issuer = stringWidth("CHÍNH PHỦ", m.ISSUER.face, m.ISSUER.size)
    assert issuer / 3 <= lengths[0] <= issuer / 2


def test_the_rule_under_a_summary_is_a_third_to_a_half_of_it():
    summary = "Về một số giải pháp hỗ trợ doanh nghiệp nhỏ và vừa"
    ((left, right, _),) = lines_drawn(pdf_of(Title("NGHỊ QUYẾT", summary)))
    width = stringWidth(summary, m.SUMMARY.face, m.SUMMARY.size)
    assert width / 3 <= right - left <= width / 2
    assert (left + right) / 2 == pytest.approx(m.MARGIN_LEFT + m.TEXT_WIDTH / 2, abs=0.1)


@pytest.mark.parametrize("issuer", ["CHÍNH PHỦ", "BỘ NÔNG NGHIỆP VÀ MÔI TRƯỜNG", "NGÂN HÀNG NHÀ NƯỚC VIỆT NAM"])
def test_country_motto_and_number_stand_on_one_line_each(issuer):
    head = Head(issuer, "Hà Nội, ngày 05 tháng 01 năm 2026", number="Số: 05/NQ-CP")
    lines = [line.strip() for line in pages_of(pdf_of(head))[0].splitlines()]
    assert COUNTRY in lines
    assert MOTTO in lines
    assert "Số: 05/NQ-CP" in " ".join(lines)
    assert " ".join(line for line in lines if line and line in issuer) == issuer


def test_number_and_date_are_level():
    page = pdfium.PdfDocument(corpus.paper("a"))[0].get_textpage()
    number, date = page.search("Số:").get_next(), page.search("Hà Nội, ngày").get_next()
    heights = {round(page.get_charbox(at, loose=True)[1]) for at, _count in (number, date)}
    assert len(heights) == 1


def test_the_demo_mark_is_on_every_page():
    story = [blocks.paragraph(LONG) for _ in range(12)]
    assert all("KHÔNG CÓ GIÁ TRỊ PHÁP LÝ" in page for page in pages_of(pdf_of(*story, demo=True)))


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (dt.date(2026, 1, 5), "ngày 05 tháng 01 năm 2026"),
        (dt.date(2026, 2, 10), "ngày 10 tháng 02 năm 2026"),
        (dt.date(2026, 3, 9), "ngày 09 tháng 3 năm 2026"),
        (dt.date(2026, 12, 31), "ngày 31 tháng 12 năm 2026"),
    ],
)
def test_a_date_has_its_leading_zeros_where_prescribed(day, words):
    assert dates.long_date(day) == words


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [(25, 27, "92,6"), (14, 27, "51,9"), (0, 27, "0,0"), (27, 27, "100,0"), (1, 16, "6,3"), (1, 3, "33,3")],
)
def test_a_share_is_rounded_half_up(part, whole, words):
    assert dates.share(part, whole) == words
