"""The demo papers are like those of a ministry: length, formulas, Vietnamese throughout, marked as demo."""

import datetime as dt
import unicodedata

import pypdfium2 as pdfium
import pytest

from app.gateways.intake import inspect
from app.gateways.paper import sample
from app.gateways.paper.sample_texts import matters

ISSUE = sample.Issue(number=5, day=dt.date(2026, 7, 24), signer="Nguyễn Giả Định")
KINDS = {
    sample.submission: range(4, 7),
    sample.brief: range(2, 3),
    sample.draft_resolution: range(2, 5),
    sample.appraisal: range(3, 4),
    sample.report: range(2, 5),
}


def text_of(pdf):
    pages = [page.get_textpage().get_text_range() for page in pdfium.PdfDocument(pdf)]
    return len(pages), " ".join(" ".join(pages).split())


def test_there_are_thirteen_matters_of_their_own():
    assert len(matters()) == 13
    assert len({matter.title for matter in matters()}) == 13
    assert len({paragraph for matter in matters() for paragraph in matter.content}) == 65


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_paper_of_each_matter_has_its_length_and_its_mark(kind):
    for matter in matters():
        pages, text = text_of(kind(matter, ISSUE))
        assert pages in KINDS[kind], matter.title
        assert text.count("VĂN BẢN DEMO – KHÔNG CÓ GIÁ TRỊ PHÁP LÝ") == pages
        assert text.count("./.") == 1
        assert unicodedata.is_normalized("NFC", text)
        assert not any(sign in text for sign in "{}□\ufffe")


def test_a_submission_names_number_day_and_signer():
    _, text = text_of(sample.submission(matters()[1], ISSUE))
    for words in ("Số: 05/TTr-BTC", "Hà Nội, ngày 24 tháng 7 năm 2026", "Kính gửi: Chính phủ.", "Nguyễn Giả Định"):
        assert words in text
    assert "Lưu: VT, CST(05)." in text


def test_a_draft_resolution_speaks_in_the_formulas_of_the_government():
    for matter in matters():
        _, text = text_of(sample.draft_resolution(matter, ISSUE))
        for words in (
            "DỰ THẢO",
            "NGHỊ QUYẾT",
            "Trên cơ sở kết quả biểu quyết của các Thành viên Chính phủ.",
            "QUYẾT NGHỊ:",
            "Điều 1.",
            "Điều 5. Hiệu lực và trách nhiệm thi hành",
            "TM. CHÍNH PHỦ",
            "THỦ TƯỚNG",
            f"tại Tờ trình số 05/TTr-{matter.abbreviation} ngày 24 tháng 7 năm 2026;",
        ):
            assert words in text


def test_points_follow_the_vietnamese_alphabet():
    _, text = text_of(sample.brief(matters()[0], ISSUE))
    places = [text.index(f" {letter}) ") for letter in "abcdđ"]
    assert places == sorted(places)


def test_the_same_paper_has_the_same_bytes():
    assert sample.submission(matters()[4], ISSUE) == sample.submission(matters()[4], ISSUE)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_demo_paper_passes_the_inspection_of_uploads(kind, tmp_path):
    path = tmp_path / "paper.pdf"
    path.write_bytes(kind(matters()[6], ISSUE))
    assert inspect(path).has_text


def test_every_paragraph_is_a_whole_sentence_in_composed_letters():
    for matter in matters():
        for paragraph in (*matter.need, *matter.state, *matter.content, *matter.impact, *matter.opinions):
            assert paragraph[0].isupper()
            assert paragraph.endswith(".")
            assert unicodedata.is_normalized("NFC", paragraph)
