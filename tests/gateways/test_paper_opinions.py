"""Opinions on paper and as a Word document: the same words, long rows on several pages, nothing that acts by itself."""

import dataclasses
import datetime as dt
import zipfile
from io import BytesIO

from docx import Document

from app.gateways import wordfile
from app.gateways.paper import Form, OpinionPart, OpinionSheet, opinions, page_count, page_texts

LONG = "Đề nghị cơ quan chủ trì rà soát, bổ sung quy định về trách nhiệm phối hợp. " * 130  # about 10,000 letters
SHEET = OpinionSheet(
    form=Form.SYNTHESIS, about="ý kiến đối với phiếu số 12/PLYK-VPCP: Về hỗ trợ doanh nghiệp nhỏ", body="Chính phủ",
    place="Hà Nội", made_at=dt.datetime(2026, 8, 3, 10, 0, 1, tzinfo=dt.UTC), facts=("Đã trả lời: 3.",),
    totals=(("Đồng ý với dự thảo?", "1", "1", "1", "2", "0", "5"),),
    parts=(
        OpinionPart("Đồng ý với dự thảo?", (("1", "Trần Văn Một (Thủ tướng)", "Đồng ý", "Nhất trí."),
                                            ("2", "Đỗ Thị Bốn (Bộ trưởng Bộ Y tế)", "Ý kiến khác", "Sửa\nĐiều 3."))),
        OpinionPart("Ý kiến khác?", ()),
    ),
)  # fmt: skip
EXPLAINED = dataclasses.replace(
    SHEET, form=Form.EXPLANATIONS, totals=(), mark="DỰ THẢO",
    parts=(OpinionPart("Đồng ý với dự thảo?", (("1", "Trần Văn Một: Sửa Điều 3.", "Tiếp thu", "Đã sửa.",
                                                "khoản 1 Điều 3: “báo cáo”"),)),),
)  # fmt: skip


def words(pdf):
    return " ".join(" ".join(page_texts(pdf)).split())


def test_each_form_says_its_name_its_head_and_its_rows():
    printed, explained = words(opinions(SHEET)), words(opinions(EXPLAINED))
    for told in ("CHÍNH PHỦ", "BẢN TỔNG HỢP", "I. Kết quả lấy ý kiến", "II. Đồng ý với dự thảo?", "Nhất trí.",
                 "III. Ý kiến khác? Không có ý kiến bằng lời."):  # fmt: skip
        assert told in printed
    for told in ("BẢNG TIẾP THU, GIẢI TRÌNH", "DỰ THẢO", "I. Đồng ý với dự thảo?", "Nội dung giải trình", "Tiếp thu"):
        assert told in explained


def test_an_opinion_of_ten_thousand_letters_goes_on_over_several_pages_and_loses_nothing():
    long = dataclasses.replace(SHEET, parts=[OpinionPart("Ý kiến?", [("1", "Trần Văn Một", "Đồng ý", LONG)])])
    pdf = opinions(long)
    assert page_count(pdf) > 2
    assert words(pdf).count("chủ trì") > 100
    assert pdf == opinions(long)


def test_a_word_document_holds_the_same_and_nothing_that_acts_by_itself():
    content = wordfile.opinions(SHEET)
    document = Document(BytesIO(content))
    rows = [[cell.text for cell in row.cells] for table in document.tables for row in table.rows]
    for part in SHEET.parts:
        assert all(list(row) in rows for row in part.rows)
    assert rows[1:3] == [["Nội dung", "Đồng ý", "Không đồng ý", "Ý kiến khác", "Mặc nhiên đồng ý", "Không trả lời",
                          "Tổng số"], list(SHEET.totals[0])]  # fmt: skip
    with zipfile.ZipFile(BytesIO(content)) as package:
        names = " ".join(package.namelist()).lower()
        xml = package.read("word/document.xml").decode()
    assert not any(word in names for word in ("vba", "macro", "activex", "embeddings"))
    assert "w:fldSimple" not in xml
    assert "w:instrText" not in xml
    assert xml.count("<w:tblHeader") == 2


def test_signs_that_no_xml_takes_are_left_out_of_a_word_document():
    odd = dataclasses.replace(SHEET, about="Về\x00 việc \x1b nhỏ\u202e")
    assert "Về việc  nhỏ" in [line.text for line in Document(BytesIO(wordfile.opinions(odd))).paragraphs]


def test_a_word_document_keeps_to_the_layout_of_an_administrative_document():
    document = Document(BytesIO(wordfile.opinions(SHEET)))
    page, head = document.sections[0], document.tables[0]
    assert (round(page.page_width.mm), round(page.page_height.mm)) == (210, 297)
    assert (round(page.left_margin.mm), round(page.right_margin.mm)) == (30, 15)
    rules = [line for cell in head.rows[0].cells for line in cell.paragraphs if line._p.xpath("w:pPr/w:pBdr/w:top")]
    room = [
        cell.width - line.paragraph_format.left_indent * 2 for cell, line in zip(head.rows[0].cells, rules, strict=True)
    ]
    assert [round(length / 12700) for length in room] == [29, 165]  # points: a part of the body, the whole motto
    heading = next(line for line in document.paragraphs if line.text.startswith("II. "))
    assert heading.paragraph_format.keep_with_next
    assert document.paragraphs[-1].text == "(Số liệu do hệ thống tổng hợp đến 17 giờ 00 phút 01 giây, ngày 03/08/2026.)"
