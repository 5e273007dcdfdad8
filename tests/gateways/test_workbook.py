"""Which workbooks are read: what a cell may hold, and files made to hurt whoever opens them."""

import contextlib
import datetime as dt
import time
import tracemalloc
import zipfile
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from app.gateways import workbook
from app.gateways.workbook import Fault, Row, WorkbookRefused, read
from tests.web import full

DAY = dt.date(2026, 1, 2)


def made(**cells):
    book = Workbook()
    for name, value in cells.items():
        book.active[name] = value
    return saved(book)


def saved(book):
    target = BytesIO()
    book.save(target)
    return target.getvalue()


GOOD = made(A1="Họ và tên", B2=3)


def repacked(change=None, **parts):
    """The good workbook with parts replaced or added, as bytes; `change` sees each of them."""
    target = BytesIO()
    with zipfile.ZipFile(BytesIO(GOOD)) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for part in source.infolist():
            content = parts.pop(part.filename, None) or source.read(part)
            package.writestr(part.filename, change(part.filename, content) if change else content)
        for name, content in parts.items():
            package.writestr(name, content)
    return target.getvalue()


def refused(content):
    with pytest.raises(WorkbookRefused) as error:
        read(content)
    assert str(error.value)
    return error.value


def test_cells_arrive_as_text_whole_numbers_and_days():
    (sheet,) = read(made(A1=" Họ ", B1=7, C1=7.0, D1=DAY, E1=dt.datetime.combine(DAY, dt.time()), A3="x", B4=" "))
    assert sheet.rows == (Row(1, ("Họ", 7, 7, DAY, DAY)), Row(3, ("x",)))


def test_text_comes_composed():
    (sheet,) = read(made(A1="Nguye\u0302\u0303n"))
    assert sheet.rows[0].cells[0] == "Nguyễn"


@pytest.mark.parametrize(("value", "fault"), [
    ("=1+1", Fault.FORMULA), ('=HYPERLINK("http://x")', Fault.FORMULA), (1.5, Fault.ODD_CELL), (True, Fault.ODD_CELL),
    (dt.time(3), Fault.ODD_CELL), (dt.datetime.combine(DAY, dt.time(3)), Fault.ODD_CELL), ("#REF!", Fault.ODD_CELL),
    ("y" * 2001, Fault.ODD_CELL),
])  # fmt: skip
def test_anything_else_is_named_with_its_cell(value, fault):
    error = refused(made(A1="x", C7=value))
    assert (error.fault, error.sheet, error.row, error.column) == (fault, "Sheet", 7, "C")


@pytest.mark.parametrize("content", [b"", b"PK", b"<html>", b"PK\x05\x06" + b"\0" * 18, GOOD[:-30], GOOD[:500],
                                     b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000])  # fmt: skip
def test_what_is_no_workbook_is_refused(content):
    assert refused(content).fault is Fault.NO_WORKBOOK


def test_too_many_bytes_are_refused_unread():
    assert refused(b"PK" + b"\0" * workbook.LARGEST).fault is Fault.TOO_LARGE


def test_a_bomb_is_refused_before_it_is_unpacked():
    bomb = repacked(**{"xl/media/bomb.bin": b"\0" * (200 << 20)})
    assert len(bomb) < 1 << 20
    tracemalloc.start()
    try:
        assert refused(bomb).fault is Fault.TOO_LARGE
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()


def test_a_bomb_that_lies_about_its_size_is_not_unpacked_either():
    sheet = "xl/worksheets/sheet1.xml"
    bomb = bytearray(repacked(**{sheet: b"<worksheet>" + b" " * (100 << 20)}))
    at = bomb.rfind(sheet.encode())  # in the directory at the end of the file
    bomb[at - 46 + 24 : at - 46 + 28] = (1000).to_bytes(4, "little")
    assert refused(bytes(bomb)).fault is Fault.NO_WORKBOOK


@pytest.mark.parametrize("evil", [
    b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>', b'<!DOCTYPE x SYSTEM "file:///etc/passwd">',
])  # fmt: skip
def test_definitions_in_the_markup_are_refused(evil):
    def spoil(name, content):
        return content.replace(b"<worksheet", evil + b"<worksheet", 1) if "sheet1" in name else content

    assert refused(repacked(spoil)).fault is Fault.DANGEROUS


def test_markup_that_hides_in_another_encoding_is_refused():
    def spoil(name, content):
        text = content.decode().replace("<worksheet", '<!DOCTYPE x [<!ENTITY a "b">]><worksheet', 1)
        return text.encode("utf-16") if "sheet1" in name else content

    assert refused(repacked(spoil)).fault is Fault.DANGEROUS


@pytest.mark.parametrize("name", ["xl/vbaProject.bin", "xl/activeX/activeX1.bin", "xl/externalLinks/externalLink1.xml"])
def test_macros_and_links_to_elsewhere_are_refused(name):
    assert refused(repacked(**{name: b"x"})).fault is Fault.DANGEROUS


def test_a_sheet_without_end_is_refused_soon():
    began = time.monotonic()
    assert refused(made(A1="x", A1048576="y")).fault is Fault.TOO_MANY_ROWS
    assert refused(made(A1="x", XFD1="y")).fault is Fault.TOO_MANY_ROWS
    assert time.monotonic() - began < 60


def test_a_book_of_too_many_sheets_or_parts_is_refused():
    book = Workbook()
    for _number in range(workbook.MOST_SHEETS):
        book.create_sheet()
    assert refused(saved(book)).fault is Fault.TOO_LARGE
    assert refused(repacked(**{f"x{number}": b"" for number in range(300)})).fault is Fault.TOO_LARGE


@settings(max_examples=3000 if full() else 200)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_and_never_an_error(data):
    at = data.draw(st.integers(0, len(GOOD) - 1))
    content = GOOD[:at] + data.draw(st.binary(min_size=1, max_size=4)) + GOOD[at + 4 :]
    with contextlib.suppress(WorkbookRefused):
        read(content)
