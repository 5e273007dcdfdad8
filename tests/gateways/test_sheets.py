"""A workbook is read back: accents, types, names, and text that looks like a formula."""

import datetime as dt
import re
import unicodedata
import zipfile
from decimal import Decimal
from io import BytesIO

import pytest
from openpyxl import load_workbook

from app.gateways.sheets import Column, Kind, Page, workbook

AT = dt.datetime(2026, 11, 22, 23, 30, 5, tzinfo=dt.UTC)
COLUMNS = (
    Column("Nội dung", width=50), Column("Số phiếu", Kind.COUNT), Column("Ngày", Kind.DAY), Column("Lúc", Kind.MOMENT),
    Column("Thời gian", Kind.SPAN), Column("Tỷ lệ", Kind.SHARE, 12),
)  # fmt: skip
ROW = ("Thông qua Nghị quyết?", 25, dt.date(2026, 11, 20), AT, dt.timedelta(hours=30, minutes=5), Decimal("0.926"))


def made(*rows, names=("Biểu quyết",)):
    pages = [Page(name, "Báo cáo tuần 47", COLUMNS, rows) for name in names]
    return workbook(pages, title="Báo cáo tuần", author="Chính phủ", made_at=AT)


def opened(content):
    return load_workbook(BytesIO(content))


def test_every_value_has_the_type_of_its_column():
    book = opened(made(ROW))
    title, _, head, row = list(book["Biểu quyết"].iter_rows())
    assert title[0].value == "Báo cáo tuần 47"
    assert [cell.value for cell in head] == [column.label for column in COLUMNS]
    assert [str(cell.value) for cell in row] == [
        "Thông qua Nghị quyết?", "25", "2026-11-20 00:00:00", "2026-11-23 06:30:05", "1 day, 6:05:00", "0.926",
    ]  # fmt: skip
    assert [cell.data_type for cell in row] == ["s", "n", "d", "d", "d", "n"]
    assert [cell.number_format for cell in row[1:]] == [
        "#,##0", "dd/mm/yyyy", "dd/mm/yyyy hh:mm", "[h]:mm:ss", "0.0%",
    ]  # fmt: skip


def test_the_head_stays_in_sight_and_the_columns_are_wide_enough():
    sheet = opened(made(ROW))["Biểu quyết"]
    assert sheet.freeze_panes == "A4"
    assert (sheet.column_dimensions["A"].width, sheet.column_dimensions["F"].width) == (50, 12)
    assert sheet.print_title_rows == "$3:$3"
    assert sheet.auto_filter.ref == "A3:F4"


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+84 912", "-5 tỷ", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x")', "==", "=a", "  =1+1", "\n=1+1", "＝1+1",
     "\x00=1+1", "\ufeff+1", "\u200b@SUM(A1)"],
)  # fmt: skip
def test_text_that_looks_like_a_formula_stays_text(text):
    content = made((text, *ROW[1:]))
    cell = opened(content)["Biểu quyết"]["A4"]
    assert (cell.value, cell.data_type) == (re.sub("[\t\x00\ufeff\u200b]", "", text), "s")
    assert cell.quotePrefix
    written = zipfile.ZipFile(BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in written
    assert not opened(made(ROW))["Biểu quyết"]["A4"].quotePrefix


def test_accents_are_composed_and_control_signs_gone():
    text = unicodedata.normalize("NFD", "Nghị quyết") + "\x00\x07\u202e\u200b\ud800\nhai dòng"
    assert opened(made((text, *ROW[1:])))["Biểu quyết"]["A4"].value == "Nghị quyết\nhai dòng"


def test_a_text_is_never_longer_than_a_cell():
    assert len(opened(made(("đ" * 40_000, *ROW[1:])))["Biểu quyết"]["A4"].value) == 32_767


def test_names_of_sheets_are_such_as_excel_takes():
    names = ["Phiên họp", "phiên họp", "a/b:c*[d]?'", "", "đ" * 40, "đ" * 40]
    book = opened(made(names=names))
    assert book.sheetnames == ["Phiên họp", "phiên họp 2", "a b c d", "1", "đ" * 31, f"{'đ' * 29} 2"]


def test_the_file_says_what_it_is_and_of_when():
    about = opened(made(ROW)).properties
    assert (about.title, about.creator, about.language) == ("Báo cáo tuần", "Chính phủ", "vi-VN")
    assert str(about.created) == "2026-11-22 23:30:05"


def test_a_missing_value_is_an_empty_cell():
    assert opened(made(("x", None, None, None, None, None)))["Biểu quyết"]["C4"].value is None


@pytest.mark.parametrize(("at", "value"), [(1, "25"), (1, True), (2, "2026-11-20"), (3, dt.date(2026, 1, 1)), (0, 5)])
def test_a_value_of_another_kind_is_refused(at, value):
    row = list(ROW)
    row[at] = value
    with pytest.raises(ValueError, match="is no"):
        made(row)


def test_a_row_is_as_high_as_its_longest_text():
    columns = (Column("Ý kiến", width=20), Column("Số", Kind.COUNT))
    page = Page("Một", "Một", columns, [("Đồng ý", 1), ("Đề nghị rà soát " * 5, 2), ("a\nb\nc", 3), ("a" * 9_000, 4)])
    sheet = opened(workbook([page], title="Một", author="Một", made_at=AT)).worksheets[0]
    assert [sheet.row_dimensions[line].height for line in (4, 5, 6, 7)] == [None, 75, 45, 405]
