"""Which Excel workbooks are read at all, and what stands in their cells: text, whole numbers and days, no formulas."""

import datetime as dt
import unicodedata
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from typing import Any

from flask_babel import lazy_gettext as _
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

LARGEST, LARGEST_UNPACKED = 10 << 20, 64 << 20  # bytes
MOST_PARTS, MOST_SHEETS, MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 300, 20, 20_000, 40, 2_000
MARKUP = (".xml", ".rels", ".vml")

Value = str | int | dt.date


class Fault(StrEnum):
    NO_WORKBOOK = "no_workbook"
    TOO_LARGE = "too_large"
    DANGEROUS = "dangerous"
    TOO_MANY_ROWS = "too_many_rows"
    FORMULA = "formula"
    ODD_CELL = "odd_cell"


SENTENCES = {
    Fault.NO_WORKBOOK: _("This is no Excel workbook (.xlsx), or it is damaged or protected."),
    Fault.TOO_LARGE: _("The workbook is too large."),
    Fault.DANGEROUS: _("The workbook carries macros or definitions that are not read; save the sheets alone."),
    Fault.TOO_MANY_ROWS: _("The sheet has too many rows or columns."),
    Fault.FORMULA: _("The cell holds a formula; write its value instead."),
    Fault.ODD_CELL: _("The cell holds something that is neither text, nor a whole number, nor a date."),
}


class WorkbookRefused(Exception):
    """The workbook is not read; `where` is the sheet and cell, where there is one."""

    def __init__(self, fault: Fault, sheet: str = "", row: int = 0, column: str = "") -> None:
        super().__init__(fault)
        self.fault, self.sheet, self.row, self.column = fault, sheet, row, column

    def __str__(self) -> str:
        return str(SENTENCES[self.fault])


@dataclass(frozen=True)
class Row:
    """The number of a row in its sheet, and its cells from column A on; an empty cell is None."""

    number: int
    cells: tuple[Value | None, ...]


@dataclass(frozen=True)
class Sheet:
    """The rows that are not empty."""

    title: str
    rows: tuple[Row, ...]


def read(content: bytes) -> list[Sheet]:
    """The sheets of an .xlsx file; WorkbookRefused. Text comes in NFC, without space at its ends."""
    _check_package(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parts that this reader has no use for
            book = load_workbook(BytesIO(content), read_only=True, data_only=False, keep_links=False)
            if len(book.sheetnames) > MOST_SHEETS:
                raise WorkbookRefused(Fault.TOO_LARGE)
            return [_sheet(sheet) for sheet in book.worksheets]
    except WorkbookRefused:
        raise
    except Exception as error:  # whatever the reader trips over is no workbook
        raise WorkbookRefused(Fault.NO_WORKBOOK) from error


def _check_package(content: bytes) -> None:
    """Its size packed and unpacked, and no part that a parser could be tricked with; before any of it is parsed."""
    if len(content) > LARGEST:
        raise WorkbookRefused(Fault.TOO_LARGE)
    try:
        with zipfile.ZipFile(BytesIO(content)) as package:
            parts = package.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
                raise WorkbookRefused(Fault.TOO_LARGE)
            if len({part.filename for part in parts}) != len(parts):
                raise WorkbookRefused(Fault.NO_WORKBOOK)
            for part in parts:
                _check_part(part.filename.lower(), package, part)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError) as error:
        raise WorkbookRefused(Fault.NO_WORKBOOK) from error


def _check_part(name: str, package: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    if "vbaproject" in name or "activex" in name or "externallink" in name:
        raise WorkbookRefused(Fault.DANGEROUS)
    if name.endswith(MARKUP):
        markup = package.read(part)  # never more than the size it declares
        if b"<!DOCTYPE" in markup or b"<!ENTITY" in markup or b"\x00" in markup:  # UTF-16 hides what it says
            raise WorkbookRefused(Fault.DANGEROUS)


def _sheet(sheet: Worksheet) -> Sheet:
    sheet.reset_dimensions()  # what a file says of its own size is not believed
    rows = []
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        if number > MOST_ROWS or len(cells) > MOST_COLUMNS:
            raise WorkbookRefused(Fault.TOO_MANY_ROWS, sheet.title, number)
        values = tuple(_value(sheet.title, number, at, cell) for at, cell in enumerate(cells, start=1))
        if any(value is not None for value in values):
            rows.append(Row(number, values))
    return Sheet(unicodedata.normalize("NFC", sheet.title).strip(), tuple(rows))


def _value(sheet: str, row: int, column: int, cell: Any) -> Value | None:
    value, where = cell.value, (sheet, row, get_column_letter(column))
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if cell.data_type == "f":
        raise WorkbookRefused(Fault.FORMULA, *where)
    if isinstance(value, str) and cell.data_type != "e" and len(value) <= LONGEST_CELL:
        return unicodedata.normalize("NFC", value).strip()
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date()
    if isinstance(value, int | float) and not isinstance(value, bool) and value == int(value):
        return int(value)
    raise WorkbookRefused(Fault.ODD_CELL, *where)
