"""Decides how tables become an Excel workbook: every value of its own type, no text ever read as a formula."""

import datetime as dt
import unicodedata
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from io import BytesIO

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

HANOI = dt.timezone(dt.timedelta(hours=7), "Asia/Ho_Chi_Minh")  # no other offset since 1975
LONGEST_TEXT, LONGEST_NAME = 32_767, 31  # what Excel takes in a cell and as the name of a sheet
NOT_IN_NAMES = str.maketrans(dict.fromkeys(r"[]:*?/\'", " "))
FORMULAS = "=+-@\t\r"  # what a program may take for the beginning of a formula
FACE = "Times New Roman"
SHADE, GREY = "E9ECF1", "BFBFBF"
LINE, HIGHEST = 15, 405  # points: of a line of letters of 11, and of a row at most

Value = str | int | dt.date | dt.datetime | dt.timedelta | Decimal | None


class Kind(StrEnum):
    """What a column holds: a ratio is text such as “3/5”, a moment is aware and shown in Hanoi time, a share is of one,
    a span may exceed a day.
    """

    TEXT = "text"
    RATIO = "ratio"
    COUNT = "count"
    DAY = "day"
    MOMENT = "moment"
    SPAN = "span"
    SHARE = "share"


FORMATS = {
    Kind.TEXT: "@", Kind.RATIO: "@", Kind.COUNT: "#,##0", Kind.DAY: "dd/mm/yyyy", Kind.MOMENT: "dd/mm/yyyy hh:mm",
    Kind.SPAN: "[h]:mm:ss", Kind.SHARE: "0.0%",
}  # fmt: skip
TYPES: dict[Kind, type | tuple[type, ...]] = {
    Kind.TEXT: str, Kind.RATIO: str, Kind.COUNT: int, Kind.DAY: dt.date, Kind.MOMENT: dt.datetime,
    Kind.SPAN: dt.timedelta, Kind.SHARE: (int, Decimal),
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """`width` is in letters."""

    label: str
    kind: Kind = Kind.TEXT
    width: float = 20


@dataclass(frozen=True)
class Page:
    """A sheet: its name on the tab, the title in its first row, a head that stays in sight, and the rows."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]


def workbook(pages: Sequence[Page], *, title: str, author: str, made_at: dt.datetime) -> bytes:
    """The .xlsx file; `made_at` is aware. ValueError for a value that is not of the kind of its column."""
    book = Workbook()
    book.remove(book.active)
    names: set[str] = set()
    for page in pages:
        sheet = book.create_sheet(_name(page.name, names))
        _fill(sheet, page)
    about = book.properties
    about.title, about.creator, about.language = plain(title), plain(author), "vi-VN"
    about.created = about.modified = made_at.astimezone(dt.UTC).replace(tzinfo=None)
    target = BytesIO()
    book.save(target)
    return target.getvalue()


def plain(text: str) -> str:
    """NFC without what no cell takes: control, format and unassigned characters other than line ends."""
    kept = (sign for sign in unicodedata.normalize("NFC", text) if sign == "\n" or unicodedata.category(sign)[0] != "C")
    return "".join(kept)[:LONGEST_TEXT]


def _name(wanted: str, taken: set[str]) -> str:
    """A name of a tab that Excel takes, once in the book (letters count alike, great or small)."""
    name = " ".join(plain(wanted).translate(NOT_IN_NAMES).split())[:LONGEST_NAME] or "1"
    number = 2
    while name.lower() in taken:
        end = f" {number}"
        name, number = f"{name[: LONGEST_NAME - len(end)]}{end}", number + 1
    taken.add(name.lower())
    return name


def _fill(sheet: Worksheet, page: Page) -> None:
    """Row 1 is the title, row 3 the head; what is above row 4 stays in sight."""
    _text(sheet["A1"], page.title)
    sheet["A1"].number_format = FORMATS[Kind.TEXT]
    sheet["A1"].font = Font(name=FACE, size=14, bold=True)
    thin = Side(style="thin", color=GREY)
    for at, column in enumerate(page.columns, start=1):
        head = sheet.cell(3, at)
        _text(head, column.label)
        head.number_format = FORMATS[Kind.TEXT]
        head.font, head.fill = Font(name=FACE, size=11, bold=True), PatternFill("solid", fgColor=SHADE)
        head.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        head.border = Border(top=thin, bottom=thin, left=thin, right=thin)
        sheet.column_dimensions[get_column_letter(at)].width = column.width
    worn: dict[Kind, StyleArray] = {}
    for line, row in enumerate(page.rows, start=4):
        for at, (column, value) in enumerate(zip(page.columns, row, strict=True), start=1):
            cell = sheet.cell(line, at)
            _dress(cell, column.kind, worn)
            _put(cell, column.kind, value)
        if (lines := _lines(page.columns, row)) > 1:
            sheet.row_dimensions[line].height = min(lines * LINE, HIGHEST)
    sheet.freeze_panes = "A4"
    if page.rows:
        sheet.auto_filter.ref = f"A3:{get_column_letter(len(page.columns))}{len(page.rows) + 3}"
    _printing(sheet)


def _lines(columns: Sequence[Column], row: Sequence[Value]) -> int:
    """How many lines the longest text of a row takes in its column; not every program finds out by itself."""
    texts = ((column.width, value) for column, value in zip(columns, row, strict=True) if isinstance(value, str))
    return max((sum(1 + int(len(part) / width) for part in text.split("\n")) for width, text in texts), default=1)


def _printing(sheet: Worksheet) -> None:
    """On A4 across, as wide as the page, the head on every page."""
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "3:3"


def _dress(cell: Cell, kind: Kind, worn: dict[Kind, StyleArray]) -> None:
    """Face, place, lines and format: put together for the first cell of a kind, copied for the thousands after it."""
    if kind in worn:
        cell._style = copy(worn[kind])
        return
    thin = Side(style="thin", color=GREY)
    cell.font = Font(name=FACE, size=11)
    cell.alignment = Alignment(
        horizontal="left" if kind is Kind.TEXT else "center", vertical="top", wrap_text=kind is Kind.TEXT
    )
    cell.border = Border(top=thin, bottom=thin, left=thin, right=thin)
    cell.number_format = FORMATS[kind]
    worn[kind] = copy(cell._style)


def _put(cell: Cell, kind: Kind, value: Value) -> None:
    if value is None:
        return
    if not isinstance(value, TYPES[kind]) or isinstance(value, bool):
        raise ValueError(f"{value!r} is no {kind}")
    if isinstance(value, str):
        _text(cell, value)
        return
    if isinstance(value, dt.datetime):
        value = value.astimezone(HANOI).replace(tzinfo=None)  # Excel knows no time zones
    kept = copy(cell._style)
    cell.value = value
    cell._style = kept  # a date would bring a format of its own


def _text(cell: Cell, words: str) -> None:
    """Text stays text, whatever it begins with; the prefix keeps it so when somebody edits the cell."""
    shown = plain(words)
    cell.value = shown
    cell.data_type = "s"
    if unicodedata.normalize("NFKC", shown).lstrip().startswith(tuple(FORMULAS)) or words.startswith(tuple(FORMULAS)):
        cell.quotePrefix = True
