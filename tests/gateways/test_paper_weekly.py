"""The weekly report on paper: sentences, tables with their head on every page, an empty one said in words."""

import dataclasses
import datetime as dt

from app.gateways.paper import WeeklySheet, WeeklyTable, page_count, page_texts, weekly

HEAD = ("TT", "Phiên họp", "Dự kiến", "Thực tế")
ROW = ("1", "Phiên họp thường kỳ", "2 giờ", "1 giờ 52 phút")
TABLE = WeeklyTable("Phiên họp", HEAD, [ROW], (1, 6, 2, 2), (0, 2, 3))
SHEET = WeeklySheet(
    about="Tuần 47 năm 2026", body="Chính phủ", place="Hà Nội", summary=("Trong tuần có 01 phiên họp.",),
    made_at=dt.datetime(2026, 11, 23, 0, 0, 1, tzinfo=dt.UTC), tables=(TABLE,),
)  # fmt: skip


def words(pdf):
    return [" ".join(page.split()) for page in page_texts(pdf)]


def test_the_report_says_week_sentences_and_tables():
    (text,) = words(weekly(SHEET))
    for told in (
        "CHÍNH PHỦ", "Hà Nội, ngày 23 tháng 11 năm 2026", "BÁO CÁO TUẦN", "Tuần 47 năm 2026", "I. Phiên họp",
        "1 giờ 52 phút", "(Số liệu do hệ thống tổng hợp đến 07 giờ 00 phút 01 giây, ngày 23/11/2026.)",
    ):  # fmt: skip
        assert told in text


def test_a_table_without_rows_is_said_in_words():
    (text,) = words(weekly(dataclasses.replace(SHEET, tables=[WeeklyTable("Biểu quyết", HEAD, (), (1, 1, 1, 1))])))
    assert "I. Biểu quyết Không có." in text
    assert "Dự kiến" not in text


def test_a_long_table_goes_on_with_its_head():
    rows = [(str(n), f"Phiên họp số {n} bàn về nhiều nội dung quan trọng", "2 giờ", "–") for n in range(120)]
    pdf = weekly(dataclasses.replace(SHEET, tables=[dataclasses.replace(TABLE, rows=rows)]))
    pages = words(pdf)
    assert page_count(pdf) == len(pages) > 2
    assert all("TT Phiên họp Dự kiến Thực tế" in page for page in pages)
    assert sum(page.count("bàn về nhiều nội dung") for page in pages) == 120


def test_the_same_sheet_gives_the_same_bytes():
    assert weekly(SHEET) == weekly(SHEET)
    assert weekly(SHEET) != weekly(dataclasses.replace(SHEET, demo=True))
