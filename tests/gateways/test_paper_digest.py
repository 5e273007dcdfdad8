"""A digest on paper is one page, whatever there is to tell, and what is left out is counted."""

import dataclasses
import datetime as dt
import re
import subprocess
import unicodedata

import pytest

from app.gateways.paper import DigestSheet, Entry, Part, digest, page_count, page_texts

PARTS = (
    Part("Phiên họp trong ngày", (
        Entry("Phiên họp Chính phủ thường kỳ", "Phòng họp số 1 · 5 nội dung", "08:00", ("đang họp",)),
        Entry("Tờ trình về dự thảo Nghị quyết", marks=("mới",), below=True),
    )),
    Part("Chờ đồng chí xử lý", (Entry("Biểu quyết: Thông qua dự thảo?", "Phiên họp thường kỳ", "20/11"),)),
)  # fmt: skip
SHEET = DigestSheet(
    name="Bản tin công tác", about="Thứ Hai, ngày 23 tháng 11 năm 2026", body="Chính phủ", place="Hà Nội",
    person="Đỗ Thị Bốn", post="Bộ trưởng Bộ Y tế", day=dt.date(2026, 11, 23),
    made_at=dt.datetime(2026, 11, 22, 23, 30, 5, tzinfo=dt.UTC), parts=PARTS, url="https://ecabinet.example/digests/12",
)  # fmt: skip


def sheet(**changes):
    return dataclasses.replace(SHEET, **changes)


def crowded(lines, parts=3):
    entries = [Entry(f"Nội dung số {n} về một vấn đề cần xử lý", "Phòng họp số 1", "08:00") for n in range(lines)]
    return sheet(parts=[Part(f"Mục {n}", entries) for n in range(parts)])


def text_of(pdf):
    return " ".join(" ".join(page_texts(pdf)).split())


def left_out(text):
    return [int(count) for count in re.findall(r"… và (\d+) mục khác", text)]


def test_everything_is_on_the_page_in_its_order():
    text = text_of(digest(SHEET))
    told = [
        "CHÍNH PHỦ", "BẢN TIN CÔNG TÁC", "Kính gửi: Đỗ Thị Bốn, Bộ trưởng Bộ Y tế.", "I. Phiên họp trong ngày",
        "Phiên họp Chính phủ thường kỳ (đang họp)", "Phòng họp số 1 · 5 nội dung",
        "Tờ trình về dự thảo Nghị quyết (mới)", "II. Chờ đồng chí xử lý", "Biểu quyết: Thông qua dự thảo?",
    ]  # fmt: skip
    places = [text.index(words) for words in told]
    assert places == sorted(places)
    assert "Hà Nội, ngày 23 tháng 11 năm 2026" in text
    assert "Lập tự động lúc 06:30, ngày 23/11/2026. Xem đầy đủ tại https://ecabinet.example/digests/12" in text
    assert left_out(text) == []


def test_what_other_programs_read_is_composed_vietnamese(tmp_path):
    decomposed = [Part(part.title, [
        dataclasses.replace(entry, title=unicodedata.normalize("NFD", entry.title)) for entry in part.entries
    ]) for part in PARTS]  # fmt: skip
    read = []
    for name, parts in (("composed", PARTS), ("decomposed", decomposed)):
        (tmp_path / name).write_bytes(digest(sheet(parts=parts)))
        done = subprocess.run(["pdftotext", "-raw", tmp_path / name, "-"], check=True, capture_output=True, text=True)
        read.append(done.stdout)
    assert read[0] == read[1]
    assert unicodedata.is_normalized("NFC", read[0])
    assert "Tờ trình về dự thảo Nghị quyết (mới)" in read[0]


def test_every_face_is_embedded(tmp_path):
    (tmp_path / "a.pdf").write_bytes(digest(SHEET))
    listed = subprocess.run(["pdffonts", tmp_path / "a.pdf"], check=True, capture_output=True, text=True).stdout
    rows = listed.splitlines()[2:]
    assert rows
    assert [row for row in rows if "LiberationSerif" not in row or " yes yes yes " not in row] == []


@pytest.mark.parametrize(("lines", "parts"), [(300, 1), (300, 3), (100, 12), (1, 300), (13, 3)])
def test_a_crowded_digest_is_one_page_and_counts_what_it_leaves_out(lines, parts):
    pdf = digest(crowded(lines, parts))
    text = text_of(pdf)
    assert page_count(pdf) == 1
    assert text.count("về một vấn đề cần xử lý") + sum(left_out(text)) == lines * parts
    assert left_out(text)


def test_every_part_has_its_share_of_a_crowded_page():
    parts = [Part("Dài", [Entry(f"Dài {n}") for n in range(300)]), Part("Ngắn", [Entry("Ngắn 1"), Entry("Ngắn 2")])]
    text = text_of(digest(sheet(parts=parts)))
    assert "Ngắn 2" in text
    assert text.count("Dài ") > 20
    assert len(left_out(text)) == 1


@pytest.mark.parametrize(
    "words", ["từ rất dài " * 90, "https://" + "a" * 900, "x" * 5000, " ", "a" * 19 + " " + "b" * 3000, "“%s” <b>&lt;"]
)
def test_words_of_any_length_stay_on_the_page(words):
    entry = Entry(words, words, words[:5], (words[:30],))
    pdf = digest(sheet(parts=[Part(words, [entry, dataclasses.replace(entry, below=True)])], person=words[:200]))
    assert page_count(pdf) == 1


def test_a_shortened_title_says_that_it_goes_on():
    text = text_of(digest(sheet(parts=[Part("Mục", [Entry("mười chữ " * 60), Entry("y" * 500)])])))
    assert text.count("…") == 2


def test_the_same_sheet_gives_the_same_bytes_and_another_others():
    assert digest(SHEET) == digest(SHEET)
    assert digest(SHEET) != digest(sheet(person="Trần Văn Một"))


def test_only_a_demo_says_that_it_is_one():
    assert "KHÔNG CÓ GIÁ TRỊ PHÁP LÝ" in text_of(digest(sheet(demo=True)))
    assert "KHÔNG CÓ GIÁ TRỊ PHÁP LÝ" not in text_of(digest(SHEET))
