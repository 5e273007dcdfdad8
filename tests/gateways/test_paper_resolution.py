"""A printed Resolution is measured in millimetres and points, by other eyes than those that set it."""

import datetime as dt
import os
import random
import subprocess
import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from itertools import pairwise

import pytest
from PIL import Image, ImageChops
from pypdf import PdfReader
from reportlab.lib.units import mm

from app.gateways import pades, paper
from app.gateways.paper import blocks, check_layout
from app.gateways.paper.sample_texts import matters
from tests.gateways import resolution_case as case
from tests.gateways.resolution_case import SHEET, article, clause, fields, letters_of, line, lines, printed, words

DRAFT = replace(SHEET, draft=True)
NEAR = 0.3  # mm
PROSE = " ".join(" ".join((*matter.need, *matter.content, *matter.impact)) for matter in matters()).split()


def findings(pdf):
    return {finding.code for finding in check_layout(pdf) if not finding.ok}


def filled(pdf, **values):
    """Signed and sealed by nobody: the places and the pictures are what is looked at here."""
    for field, at, fill in (("signature", 1, {}), ("seal", 2, values)):
        picture = pades.signature_picture("Nguyễn Giả Định") if at == 1 else pades.seal_picture("Chính phủ")
        reserved = pades.reserve(pdf, field, name="Thử", at=case.AT, picture=picture, fill=fill)
        pdf = pades.complete(reserved, b"\x30" + reserved.digest)
    return pdf


@pytest.mark.parametrize(
    ("begins", "face", "least", "most"),
    [
        ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "LiberationSerif-Bold", 12, 13),
        ("Độc lập - Tự do - Hạnh phúc", "LiberationSerif-Bold", 13, 14),
        ("CHÍNH PHỦ", "LiberationSerif-Bold", 12, 13),
        ("Số:", "LiberationSerif", 13, 13),
        ("Hà Nội, ngày", "LiberationSerif-Italic", 13, 14),
        ("NGHỊ QUYẾT", "LiberationSerif-Bold", 13, 14),
        ("Về một số", "LiberationSerif-Bold", 13, 14),
        ("Căn cứ Luật", "LiberationSerif-Italic", 13, 14),
        ("QUYẾT NGHỊ:", "LiberationSerif-Bold", 13, 14),
        ("Điều 1. Mục tiêu", "LiberationSerif-Bold", 13, 14),
        ("1. Bộ Tài chính", "LiberationSerif", 13, 14),
        ("a) Rà soát", "LiberationSerif", 13, 14),
        ("TM. CHÍNH PHỦ", "LiberationSerif-Bold", 13, 14),
        ("THỦ TƯỚNG", "LiberationSerif-Bold", 13, 14),
        ("Nguyễn Giả Định", "LiberationSerif-Bold", 13, 14),
        ("Nơi nhận:", "LiberationSerif-BoldItalic", 12, 12),
        ("- Ban Bí thư", "LiberationSerif", 11, 11),
        ("- Lưu: VT, KTTH (2).", "LiberationSerif", 11, 11),
        ("Phụ lục", "LiberationSerif-Bold", 14, 14),
    ],
)
def test_each_component_has_its_letters(begins, face, least, most):
    found, size = letters_of(printed(), begins)
    assert found == face
    assert least <= size <= most


def test_no_line_leaves_the_margins():
    for found in lines(printed()):
        assert found.left >= 30 - NEAR
        assert found.right <= 210 - 15 + NEAR


def test_articles_clauses_and_points_are_indented_and_begin_six_points_apart():
    pdf = printed()
    starts = [found for found in lines(pdf) if found.page == 1 and abs(found.left - 42.7) < NEAR and found.top > 70]
    assert len(starts) > 8
    for above, below in pairwise([found for found in lines(pdf) if found.page == 1 and 139 < found.top < 275]):
        gap = (below.top - above.top) * mm - 20  # the pitch of the lines is 20 pt
        assert gap == pytest.approx(6 if abs(below.left - 42.7) < NEAR else 0, abs=0.7)


def test_text_is_justified_at_both_margins():
    inner = [found for found in lines(printed()) if found.text.startswith("hoàn thiện quy định")]
    assert inner
    for found in inner:
        assert found.left == pytest.approx(30, abs=NEAR)
        assert found.right == pytest.approx(195, abs=NEAR)


def test_points_follow_the_vietnamese_alphabet():
    found = [found.text[0] for found in lines(printed()) if found.text[1:2] == ")"]
    assert found == list("abcdđ")


def test_the_text_ends_once_and_at_the_very_end():
    pdf = printed()
    assert words(pdf).count("./.") == 1
    end = next(found for found in lines(pdf) if found.text.endswith("./."))
    below = [found.text for found in lines(pdf) if found.page == end.page and found.top > end.top]
    assert below[0] in ("Nơi nhận:", "TM. CHÍNH PHỦ")


@pytest.mark.parametrize("last", ["Nghị quyết có hiệu lực.", "Nghị quyết có hiệu lực;", "Nghị quyết có hiệu lực"])
def test_whatever_ends_the_last_paragraph_gives_way_to_the_end(last):
    assert "Nghị quyết có hiệu lực./. Nơi nhận:" in words(printed(articles=[article("A", intro=last)], annexes=[]))


def test_bases_end_with_semicolons_and_the_formula_with_a_full_stop():
    told = words(printed())
    assert "63/2025/QH15; Căn cứ Nghị định" in told
    assert "24 tháng 7 năm 2026; Trên cơ sở kết quả biểu quyết của các Thành viên Chính phủ. QUYẾT NGHỊ:" in told


def test_without_a_formula_the_last_basis_ends_the_list():
    assert "Tổ chức Chính phủ. QUYẾT NGHỊ:" in words(printed(bases=["Căn cứ Luật Tổ chức Chính phủ"], formula=""))


def test_number_and_date_are_level_and_in_their_halves():
    pdf = printed()
    number, date = line(pdf, "Số:"), line(pdf, "Hà Nội, ngày")
    assert number.top == pytest.approx(date.top, abs=NEAR)
    country = line(pdf, "CỘNG HÒA")
    year = next(found for found in lines(pdf) if found.text == "năm")
    right = year.right + 11.5  # the year itself is still to be filled in
    assert (date.left + right) / 2 == pytest.approx((country.left + country.right) / 2, abs=1)


def test_fields_stand_between_the_printed_words():
    pdf = printed()
    number, (_page, box, entries) = line(pdf, "Số:"), fields(pdf)["number"]
    assert box[0] == pytest.approx(number.right, abs=NEAR)
    assert box[2] == pytest.approx(next(found.left for found in lines(pdf) if found.text == "/NQ-CP"), abs=NEAR)
    assert (entries["/FT"], entries["/Ff"], entries["/Q"]) == ("/Tx", 1, 2)
    assert list(fields(pdf)) == ["number", "day", "month", "year", "signature", "seal"]


def test_the_form_uses_fonts_of_the_document_alone():
    root = PdfReader(BytesIO(printed())).trailer["/Root"]
    fonts = root["/AcroForm"]["/DR"]["/Font"]
    for name, (_page, _box, entries) in fields(printed()).items():
        if name in ("number", "day", "month", "year"):
            font = fonts["/" + entries["/DA"].split()[0].lstrip("/")]
            assert "/FontFile2" in font["/FontDescriptor"]
            assert font["/Widths"][ord("0")] == 500
            assert all(font["/Widths"][ord(sign)] > 0 for sign in "0123456789/.")


def test_signature_and_seal_have_their_real_sizes():
    pdf = printed()
    (page, signature, entries), (_page, seal, locked) = fields(pdf)["signature"], fields(pdf)["seal"]
    post, name = line(pdf, "THỦ TƯỚNG"), line(pdf, "Nguyễn Giả Định")
    assert page == post.page
    assert (signature[0] + signature[2]) / 2 == pytest.approx((post.left + post.right) / 2, abs=0.5)
    assert 297 - post.top - 5 > signature[3]  # below the letters of the post
    assert 297 - name.top < signature[1]  # above those of the name
    assert seal[2] - seal[0] == pytest.approx(36, abs=0.1)
    assert seal[3] - seal[1] == pytest.approx(36, abs=0.1)
    assert (seal[2] - signature[0]) / (signature[2] - signature[0]) == pytest.approx(1 / 3, abs=0.02)
    assert (entries["/FT"], "/V" in entries) == ("/Sig", False)
    assert locked["/Lock"]["/Action"] == "/All"


def test_no_recipient_stands_under_the_seal():
    pdf = printed(recipients=["Ủy ban nhân dân các tỉnh, thành phố trực thuộc trung ương và các cơ quan " * 3] * 3)
    _page, seal, _entries = fields(pdf)["seal"]
    assert all(found.right < seal[0] for found in lines(pdf) if found.left < 31 and found.text.startswith("- "))


def test_a_filled_number_and_date_look_as_if_they_had_been_printed(monkeypatch):
    printing = paper.resolution.__globals__
    sealed = filled(printed(), number="115", day="05", month="11", year="2026")
    monkeypatch.setitem(printing, "_number", lambda _sheet: "Số: 115/NQ-CP")
    monkeypatch.setitem(printing, "_place_date", lambda _sheet: "Hà Nội, ngày 05 tháng 11 năm 2026")
    there, here = (Image.open(BytesIO(paper.page_image(pdf, 1, 1240))).convert("L") for pdf in (sealed, printed()))
    most = ImageChops.difference(there, here).getextrema()[1]
    assert most < 128  # a rounded hundredth of a point, never a letter


@pytest.mark.parametrize(
    ("made_at", "like", "values"),
    [
        (dt.datetime(2026, 1, 4, tzinfo=dt.UTC), "000", ("05", "05", "01", "2026")),
        (dt.datetime(2026, 4, 28, tzinfo=dt.UTC), "000", ("7", "29", "4", "2026")),
        (dt.datetime(2026, 9, 30, tzinfo=dt.UTC), "000", ("999", "01", "10", "2026")),
        (dt.datetime(2026, 12, 31, tzinfo=dt.UTC), "000/2026", ("66/2027", "04", "01", "2027")),
        (dt.datetime(2026, 6, 1, tzinfo=dt.UTC), "0000", ("1024", "30", "6", "2026")),
    ],
)
def test_every_number_and_date_has_room(made_at, like, values):
    pdf = printed(replace(SHEET, made_at=made_at, number_like=like))
    sealed = filled(pdf, **dict(zip(("number", "day", "month", "year"), values, strict=True)))
    told = words(sealed)
    assert f"{values[0]}/NQ-CP" in told.replace(" ", "")
    assert findings(sealed) <= {"number_words"}  # a number below ten without its zero is found


def test_a_draft_has_blanks_a_box_and_no_fields():
    pdf = printed(replace(DRAFT, signer_name=""))
    assert fields(pdf) == {}
    assert "/AcroForm" not in PdfReader(BytesIO(pdf)).trailer["/Root"]
    assert "DỰ THẢO" in words(pdf)
    assert "Quét mã" not in words(pdf)
    assert findings(pdf) == set()


@pytest.mark.parametrize(("mark", "width"), [("HỎA TỐC", 30), ("THƯỢNG KHẨN", 40), ("KHẨN", 20)])
def test_a_mark_of_urgency_has_its_exact_box_in_bright_red(mark, width):
    content = PdfReader(BytesIO(printed(replace(SHEET, urgency=mark)))).pages[0].get_contents().get_data().decode()
    (box,) = [row.split() for row in content.splitlines() if row.endswith(" re S") or " re S " in row]
    at = box.index("re")
    assert float(box[at - 2]) == pytest.approx(width * mm, abs=0.01)
    assert float(box[at - 1]) == pytest.approx(8 * mm, abs=0.01)
    assert "1 0 0 RG" in content
    assert "1 0 0 rg" in content
    assert letters_of(printed(replace(SHEET, urgency=mark)), mark)[0] == "LiberationSerif-Bold"


def test_an_unknown_mark_of_urgency_is_refused():
    with pytest.raises(KeyError):
        printed(replace(SHEET, urgency="TỐI MẬT"))


def test_a_superior_body_and_a_deputy_have_their_lines():
    lines_of = ("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH")
    sheet = replace(
        SHEET, superior="Hội đồng nhân dân", body="Ủy ban nhân dân tỉnh Lâm Đồng", authority=lines_of, symbol="NQ-UBND"
    )
    pdf = printed(sheet, formula="Trên cơ sở kết quả biểu quyết của các thành viên Ủy ban nhân dân")
    assert letters_of(pdf, "HỘI ĐỒNG NHÂN DÂN")[0] == "LiberationSerif"
    assert letters_of(pdf, "ỦY BAN NHÂN DÂN")[0] == "LiberationSerif-Bold"
    assert line(pdf, "KT. CHỦ TỊCH").top < line(pdf, "PHÓ CHỦ TỊCH").top
    assert findings(pdf) == set()


def test_pages_count_from_two_and_an_annex_by_itself():
    numbers = [(found.page, found.text) for found in lines(printed()) if found.text.isdigit() and found.top < 20]
    assert numbers == [(2, "2"), (4, "2"), (5, "3")]
    for found in lines(printed()):
        if found.text.isdigit() and found.top < 20:
            assert (found.left + found.right) / 2 == pytest.approx(30 + 165 / 2, abs=NEAR)


def test_several_annexes_carry_roman_numerals():
    annexes = [{"title": "Danh mục", "paragraphs": ["Một."]}] * 4
    heads = [found.text for found in lines(printed(annexes=annexes)) if found.text.startswith("Phụ lục")]
    assert heads == ["Phụ lục I", "Phụ lục II", "Phụ lục III", "Phụ lục IV"]
    assert "DANH MỤC (Kèm theo Nghị quyết số" in words(printed(annexes=annexes))


def test_the_same_text_and_clock_give_the_same_bytes_in_any_process():
    script = (
        "import hashlib; from tests.gateways.resolution_case import printed;"
        "print(hashlib.sha256(printed()).hexdigest())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "TZ": zone, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for zone, seed in (("America/Lima", "1"), ("Asia/Tokyo", "2"))
    }
    assert len(told) == 1
    assert printed() == printed()


@pytest.mark.parametrize(
    "changes",
    [
        {"sheet": replace(SHEET, made_at=case.AT + dt.timedelta(seconds=1))},
        {"subject": "Về việc khác"},
        {"sheet": DRAFT},
    ],
)
def test_another_clock_or_text_gives_other_bytes(changes):
    assert printed(**changes) != printed()


def test_the_document_says_what_it_is():
    about = PdfReader(BytesIO(printed())).metadata
    assert about.title == "Về một số giải pháp hỗ trợ doanh nghiệp nhỏ và vừa"
    assert about.author == "Chính phủ"
    assert about["/Keywords"] == "5a" * 32
    assert about.creation_date == case.AT


def test_only_the_four_embedded_faces_are_listed(tmp_path):
    path = tmp_path / "paper.pdf"
    path.write_bytes(filled(printed(), number="115", day="05", month="11", year="2026"))
    listed = subprocess.run(["pdffonts", path], check=True, capture_output=True, text=True).stdout.splitlines()[2:]
    assert len(listed) == 4
    assert all("LiberationSerif" in row and row.split()[-5:-2] == ["yes", "yes", "yes"] for row in listed)


@pytest.mark.parametrize("lengths", range(1, 24))
def test_the_signature_keeps_two_lines_of_text_wherever_the_page_ends(lengths):
    last = article("", intro="Nghị quyết này có hiệu lực từ ngày ký.")
    pdf = printed(articles=[*[article("", intro=case.SENTENCE)] * lengths, last], annexes=[])
    found = lines(pdf)
    post = next(line for line in found if line.text == "TM. CHÍNH PHỦ")
    same = [line for line in found if line.page == post.page]
    text = [line for line in same if line.top < post.top and not line.text.isdigit()]
    assert len(text) >= 2
    assert any(line.text == "Nguyễn Giả Định" for line in same)
    assert findings(pdf) == set()


@pytest.mark.parametrize("count", [1, 40, 250])
def test_any_number_of_recipients_is_listed_in_full(count):
    pdf = printed(recipients=[f"Cơ quan thứ {number}" for number in range(1, count + 1)], annexes=[])
    told = words(pdf)
    assert all(f"- Cơ quan thứ {number};" in told for number in range(1, count + 1))
    assert "- Lưu: VT, KTTH (2)." in told
    head, post, name = (line(pdf, begins) for begins in ("Nơi nhận:", "TM. CHÍNH PHỦ", "Nguyễn Giả Định"))
    assert head.page == post.page == name.page


def test_two_hundred_clauses_and_two_hundred_articles_are_numbered_through():
    pdf = printed(articles=[article("A", *[clause("Một.")] * 200), *[article("B", intro="Hai.")] * 199], annexes=[])
    told = words(pdf)
    assert " 200. Một. Điều 2. B" in told
    assert "Điều 200. B Hai./." in told
    assert findings(pdf) == set()


@pytest.mark.parametrize(
    "changes",
    [
        {"articles": [article("", intro="Một điều.")], "annexes": []},
        {"articles": [article("Chỉ có tên")], "annexes": []},
        {"articles": [article("A", clause("Một."))], "bases": [], "recipients": [], "annexes": []},
        {"articles": [article("A", *[clause("Một.", ["Điểm;"] * 23)])], "annexes": []},
        {"subject": "Về " + "một số giải pháp rất dài nhằm hỗ trợ doanh nghiệp " * 8, "annexes": []},
        {"articles": [article("Tên rất dài " * 40, clause("Một."))], "annexes": []},
    ],
)
def test_every_shape_of_text_keeps_the_layout(changes):
    assert findings(printed(**changes)) == set()


def test_a_text_without_articles_still_prints():
    assert "QUYẾT NGHỊ: Nơi nhận:" in words(printed(articles=[], annexes=[]))


def test_a_clause_of_ten_thousand_letters_is_there_to_the_last():
    pdf = printed(articles=[article("A", clause("Nội dung quan trọng " * 500 + "hết."))], annexes=[])
    assert words(pdf).count("Nội dung quan trọng") >= 480  # the others are broken between lines
    assert "hết./." in words(pdf)
    assert findings(pdf) == set()


def test_a_word_longer_than_the_page_is_broken_and_loses_nothing():
    pdf = printed(articles=[article("A", clause("x" * 10_000 + " hết."))], annexes=[])
    assert "".join(found.text for found in lines(pdf)).count("x") == 10_000 + words(pdf).count("example")
    assert all(found.right <= 195 + NEAR for found in lines(pdf))


def test_text_is_never_markup_and_control_characters_vanish():
    hostile = "<b>đậm</b> & <img src='file:///etc/passwd'/> \u202e\u0000(\\)\t" + unicodedata.normalize("NFD", "quyết")
    told = words(printed(articles=[article(hostile, clause(hostile))], subject=hostile, annexes=[]))
    assert told.count("<b>đậm</b> & <img src='file:///etc/passwd'/> (\\) quyết") == 3
    assert "\u202e" not in told


def test_letters_outside_the_common_ones_are_printed_too():
    told = words(printed(articles=[article("A", clause("Công ty Škoda, Łódź và ΑΒΓ; 5 ‰."))], annexes=[]))
    assert "Công ty Škoda, Łódź và ΑΒΓ; 5 ‰./." in told


def test_parts_and_chapters_have_their_headings():
    story = [*blocks.division("Phần", 2, "Quy định chung"), *blocks.division("Mục", 3, "Tổ chức")]
    assert [" ".join(heading.words) for heading in story] == ["Phần II", "QUY ĐỊNH CHUNG", "Mục 3", "Tổ chức"]
    assert all(heading.keepWithNext for heading in story)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_the_text_is_the_layout_is_kept(seed):
    """Articles, clauses and points of any number and length, in the prose of the demo papers."""
    chance = random.Random(seed)  # noqa: S311 - the same texts every time

    def sentence(least, most):
        start, length = chance.randrange(len(PROSE) - most), chance.randint(least, most)
        return " ".join(PROSE[start : start + length]).rstrip(".,;:").capitalize() + "."

    def any_clause():
        return clause(sentence(1, 60), [sentence(1, 30) for _ in range(chance.choice([0, 0, 2, 5]))])

    pdf = printed(
        replace(SHEET, urgency=chance.choice(["", "KHẨN"]), draft=chance.random() < 0.2),
        subject=f"Về {sentence(3, 40)}".rstrip("."),
        bases=[f"Căn cứ {sentence(2, 30)}".rstrip(".") for _ in range(chance.randint(1, 8))],
        articles=[
            article(sentence(1, 12).rstrip("."), *[any_clause() for _ in range(chance.choice([0, 1, 3, 6]))])
            for _ in range(chance.randint(1, 12))
        ],
        annexes=[
            {"title": sentence(2, 10), "paragraphs": [sentence(2, 80) for _ in range(chance.randint(1, 20))]}
            for _ in range(chance.choice([0, 1, 3]))
        ],
        recipients=[sentence(2, 12).rstrip(".") for _ in range(chance.randint(1, 25))],
    )
    assert findings(pdf) == set()


def test_documents_printed_at_once_are_the_same_as_one_after_the_other():
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _at: printed(), range(24)))
        drawn = set(pool.map(lambda _at: paper.page_image(printed(), 1, 200), range(8)))
    assert made == {printed()}
    assert len(drawn) == 1
