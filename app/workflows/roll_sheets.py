"""The workbook of a roll (tệp nhân sự): which sheets and columns there are, and what a cell may say."""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import current_app
from flask_babel import force_locale
from flask_babel import lazy_gettext as _

from app.gateways.workbook import Row, Sheet, Value
from app.models import Office, OrganisationKind
from app.workflows.accounts import ROLES
from app.workflows.engine.words import WORDS
from app.workflows.rules.canonical import clean_text
from app.workflows.rules.names import fold

HEAD_WITHIN = 6  # rows; a title may stand above the head
MOST_FAULTS = 200
Reader = Callable[[Value], Any]


class Wrong(Exception):
    """What a cell says cannot be right; the sentence says why."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and where; `row` 0 is the sheet itself."""

    sheet: str
    row: int
    column: str
    said: str

    def __str__(self) -> str:
        where = f"{self.sheet}, {self.column}{self.row}" if self.row else self.sheet
        return f"{where}: {self.said}"


@dataclass(frozen=True)
class Line:
    """A row that was understood: values by the names of the columns, and the letters of these columns."""

    sheet: str
    row: int
    values: Mapping[str, Any]
    letters: Mapping[str, str]

    def __getitem__(self, name: str) -> Any:
        return self.values.get(name)

    def fault(self, name: str, said: Any) -> Fault:
        return Fault(self.sheet, self.row, self.letters.get(name, "A"), str(said))


@dataclass(frozen=True)
class Roll:
    """Everything the workbook says, in the order of its rows."""

    organisations: list[Line] = field(default_factory=list)
    people: list[Line] = field(default_factory=list)
    posts: list[Line] = field(default_factory=list)
    aides: list[Line] = field(default_factory=list)


# -- what a cell may say ----------------------------------------------------------------------------------------------


def _text(most: int) -> Reader:
    def read(value: Value) -> str:
        if not isinstance(value, str):
            raise Wrong(_("This must be text; format the cell as text."))
        try:
            text = clean_text(value)
        except ValueError:
            raise Wrong(_("This contains invisible control characters.")) from None
        if not text.isprintable() or len(text) > most:
            raise Wrong(_("This is longer than %(most)s letters or has several lines.", most=most))
        return text

    return read


def _code(value: Value) -> str:
    return str(_text(20)(str(value) if type(value) is int else value))


def _whole(least: int, most: int) -> Reader:
    def read(value: Value) -> int:
        number = int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,6}", value, re.ASCII) else value
        if type(number) is not int or not least <= number <= most:
            raise Wrong(_("This must be a whole number from %(least)s to %(most)s.", least=least, most=most))
        return number

    return read


def _day(value: Value) -> dt.date:
    if isinstance(value, dt.date):
        return value
    local = re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", str(value), re.ASCII)
    iso = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", str(value), re.ASCII)
    try:
        if local:
            return dt.date(int(local[3]), int(local[2]), int(local[1]))
        if iso:
            return dt.date(*map(int, iso.groups()))
        raise ValueError
    except ValueError:
        raise Wrong(_("This must be a date, as day/month/year.")) from None


def _one_of(choices: Mapping[Any, Any]) -> Reader:
    """A code, or the word for it in any language of the application."""
    known: dict[str, Any] = {}

    def read(value: Value) -> Any:
        if not known:
            for code, word in choices.items():
                known.update(dict.fromkeys({fold(str(code)), *in_every_language(word)}, code))
        if fold(str(value)) in known:
            return known[fold(str(value))]
        raise Wrong(_("This must be one of: %(words)s.", words=" · ".join(str(word) for word in choices.values())))

    return read


def in_every_language(word: Any) -> set[str]:
    """A lazy text in all languages, folded for comparison."""
    found = set()
    for language in current_app.config["LANGUAGES"]:
        with force_locale(language):
            found.add(fold(str(word)))
    return found


# -- sheets and columns -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """`label` stands in the head, in any language; `choices` are the words that may stand below it."""

    label: Any
    read: Reader
    needed: bool = False
    choices: Mapping[Any, Any] = field(default_factory=dict)


def _chosen(label: Any, choices: Mapping[Any, Any], needed: bool) -> Column:
    return Column(label, _one_of(choices), needed, choices)


KINDS, OFFICES = WORDS[OrganisationKind], WORDS[Office]
SHEETS: dict[str, tuple[Any, dict[str, Column]]] = {
    "organisations": (_("Organisations"), {
        "abbreviation": Column(_("Abbreviation"), _text(20), needed=True),
        "name": Column(_("Name"), _text(200), needed=True),
        "kind": _chosen(_("Kind"), KINDS, needed=True),
        "parent": Column(_("Belongs to"), _text(20)),
        "position": Column(_("Place in the order"), _whole(0, 9999)),
    }),
    "people": (_("People"), {
        "code": Column(_("Code of the person"), _code, needed=True),
        "full_name": Column(_("Full name"), _text(200), needed=True),
        "username": Column(_("User name"), _text(64)),
        "role": _chosen(_("Screens"), ROLES, needed=False),
        "email": Column(_("E-mail"), _text(254)),
        "phone": Column(_("Mobile telephone"), _text(30)),
    }),
    "posts": (_("Posts"), {
        "code": Column(_("Code of the person"), _code, needed=True),
        "office": _chosen(_("Role in the body"), OFFICES, needed=True),
        "post": Column(_("Post as written in documents"), _text(200), needed=True),
        "abbreviation": Column(_("Abbreviation"), _text(20)),
        "organisation": Column(_("Organisation"), _text(20)),
        "rank": Column(_("Rank"), _whole(1, 999), needed=True),
        "valid_from": Column(_("From (first day)"), _day, needed=True),
        "valid_to": Column(_("To (first day on which it no longer holds)"), _day),
    }),
    "aides": (_("Aides"), {
        "member": Column(_("Code of the member"), _code, needed=True),
        "aide": Column(_("Code of the aide"), _code, needed=True),
        "valid_from": Column(_("From (first day)"), _day, needed=True),
        "valid_to": Column(_("To (first day on which it no longer holds)"), _day),
    }),
}  # fmt: skip
GUIDE = _("Guide")


def understand(sheets: Iterable[Sheet]) -> tuple[Roll, list[Fault]]:
    """What the workbook says, and everything in it that cannot be understood."""
    roll, faults, met = Roll(), list[Fault](), set[str]()
    for sheet in sheets:
        name = _which(sheet.title)
        if name is None:
            if fold(sheet.title) not in in_every_language(GUIDE):
                faults.append(Fault(sheet.title, 0, "", str(_("There is no sheet of this name in a roll."))))
        elif name in met:
            faults.append(Fault(sheet.title, 0, "", str(_("There are two sheets of this name."))))
        else:
            met.add(name)
            getattr(roll, name).extend(_lines(sheet, SHEETS[name][1], faults))
    if not roll.people and not faults:
        faults.append(Fault(str(SHEETS["people"][0]), 0, "", str(_("There is nobody in this workbook."))))
    return roll, faults


def _which(title: str) -> str | None:
    wanted = fold(title)
    return next((name for name, (label, _columns) in SHEETS.items() if wanted in in_every_language(label)), None)


def _lines(sheet: Sheet, columns: Mapping[str, Column], faults: list[Fault]) -> Iterator[Line]:
    labels = {name: in_every_language(column.label) for name, column in columns.items()}
    needed = {name for name, column in columns.items() if column.needed}
    heads = ((row, _head(row, labels)) for row in sheet.rows[:HEAD_WITHIN])
    row, head = next(((row, head) for row, head in heads if needed <= {*head.values()}), (None, {}))
    if row is None:
        if sheet.rows:
            wanted = " · ".join(str(columns[name].label) for name in columns if name in needed)
            said = _("The row with the names of the columns is missing: %(columns)s.", columns=wanted)
            faults.append(Fault(sheet.title, 0, "", str(said)))
        return
    for index, label in enumerate(row.cells):
        if label is not None and index not in head:
            said = _("There is no column “%(name)s” in this sheet, or it stands there twice.", name=label)
            faults.append(Fault(sheet.title, row.number, letter(index), str(said)))
    for below in sheet.rows[sheet.rows.index(row) + 1 :]:
        line = _line(sheet.title, below, columns, head, faults)
        if line is not None:
            yield line


def _head(row: Row, labels: Mapping[str, set[str]]) -> dict[int, str]:
    """Place → column, each column once."""
    head: dict[int, str] = {}
    for index, cell in enumerate(row.cells):
        name = next((name for name, words in labels.items() if fold(str(cell or "")) in words), None)
        if name and name not in head.values():
            head[index] = name
    return head


def _line(
    sheet: str, row: Row, columns: Mapping[str, Column], head: Mapping[int, str], faults: list[Fault]
) -> Line | None:
    values, before = dict[str, Any](), len(faults)
    for index, cell in enumerate(row.cells):
        if cell is None:
            continue
        if index not in head:
            faults.append(Fault(sheet, row.number, letter(index), str(_("This column has no name."))))
            continue
        try:
            values[head[index]] = columns[head[index]].read(cell)
        except Wrong as wrong:
            faults.append(Fault(sheet, row.number, letter(index), str(wrong)))
    letters = {name: letter(index) for index, name in head.items()}
    for name, column in columns.items():
        if column.needed and name not in values and len(faults) == before:
            said = _("“%(name)s” is missing.", name=column.label)
            faults.append(Fault(sheet, row.number, letters[name], str(said)))
    return Line(sheet, row.number, values, letters) if len(faults) == before else None


def letter(index: int) -> str:
    """The letters of a column, from 0 on: A … Z, AA …"""
    first, second = divmod(index, 26)
    return (chr(64 + first) if first else "") + chr(65 + second)
