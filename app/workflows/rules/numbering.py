"""How an official document is numbered: series, next number, symbol, and how all of it is written."""

import datetime as dt
import re
from typing import NamedTuple

from app.workflows.rules.calendar import hanoi_date, month_text
from app.workflows.rules.working_days import USUAL, Exceptions, next_working_day

TYPE_SYMBOLS = {  # Decree 30/2020/NĐ-CP, Appendix III
    "resolution": "NQ",
    "decision": "QĐ",
    "directive": "CT",
    "announcement": "TB",
    "plan": "KH",
    "report": "BC",
    "minutes": "BB",
    "submission": "TTr",
    "telegram": "CĐ",
    "invitation": "GM",
}
_BODY = re.compile(r"[A-ZĐ][A-Za-zĐđ]*")
_NORMATIVE_FROM, _LATEST_YEAR = 1945, 9999


class Series(NamedTuple):
    """A run of numbers that begins with 1; two documents of one series never share a number."""

    body: str
    type: str
    normative: bool
    year: int


def series_of(body: str, type_name: str, normative: bool, at: dt.datetime) -> Series:
    """The series of body, type, normative or not, and the year by the Hanoi date of a moment (rule:R26).

    Numbers restart at 01 on 1 January. ValueError for a moment without a time zone, KeyError for an unknown type.
    """
    return Series(body, TYPE_SYMBOLS[type_name], normative, hanoi_date(at).year)


def next_number(last: int | None) -> int:
    """The number after the last one of a series; 1 in a new series (rule:R26). ValueError for a number below 0."""
    if last is not None and last < 0:
        raise ValueError("numbers count up from 1")
    return (last or 0) + 1


def number_text(number: int, year: int, normative: bool) -> str:
    """What stands after "Số:" and before the symbol: "05", "115"; with its year in a normative text, "05/2026".

    Numbers below 10 have a leading zero (rule:R23). ValueError for no number or no year.
    """
    if number < 1 or not _NORMATIVE_FROM <= year <= _LATEST_YEAR:
        raise ValueError(f"not the number of a document: {number} of {year}")
    return f"{number:02}/{year}" if normative else f"{number:02}"


def symbol(type_name: str, body_code: str) -> str:
    """Type and body, joined by a hyphen without spaces: "NQ-CP", "NQ-UBND" (rule:R23).

    What follows a hyphen in the code of a body tells tenants apart ("UBND-LC") and is no part of the symbol.
    KeyError for an unknown type, ValueError for a code that begins with no abbreviation.
    """
    body = body_code.partition("-")[0]
    if not _BODY.fullmatch(body):
        raise ValueError(f"not the abbreviation of a body: {body_code!r}")
    return f"{TYPE_SYMBOLS[type_name]}-{body}"


def full_number(number: int, year: int, normative: bool, written_symbol: str) -> str:
    """Number and symbol, joined by a stroke without spaces: "115/NQ-CP", "05/2026/NQ-CP" (rule:R23)."""
    return f"{number_text(number, year, normative)}/{written_symbol}"


def date_texts(day: dt.date) -> tuple[str, str, str]:
    """Day, month and year as they stand in "ngày … tháng … năm …": ("05", "01", "2020") (rule:R23)."""
    return f"{day.day:02}", month_text(day.month), str(day.year)


def dispatch_due(numbered_on: dt.date, exceptions: Exceptions = USUAL, *, urgent: bool = False) -> dt.date:
    """The last day on which a document with a number may be registered and sent (rule:R24).

    The day of its number, at the latest the next working day; an urgent one at once, that is the day itself.
    """
    return numbered_on if urgent else next_working_day(numbered_on, exceptions)
