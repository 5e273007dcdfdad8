"""A catalogue that puts «brackets» around everything translated, and what is left of a page outside of them.

Whatever is left must come from the data: a word that nobody typed in was written into the code without translation.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from babel.dates import get_day_names, get_month_names
from babel.support import NullTranslations
from flask_appbuilder import Model
from flask_appbuilder.security.sqla.models import User
from flask_babel import Domain
from lxml import html
from sqlalchemy import JSON, Column, Enum, LargeBinary, String, select

from app.extensions import db
from app.workflows.rules.working_days import public_holidays
from tests.cabinet import PEOPLE, TODAY

PLACEHOLDER = re.compile(r"(%\(\w+\)[a-z]|%%|%[a-z]|\{\w*\})")
BRACKETED = re.compile(r"«[^«»]*»")
LETTER = re.compile(r"[^\W\d_]|\d{4}-\d\d-\d\d")  # or a date as machines write it
SPOKEN = ("title", "placeholder", "aria-label", "aria-description", "alt", "data-confirm", "label")
VERBATIM = ("style", "code", "pre", "samp", "svg")  # data as it was recorded or signed, letter by letter
UNSPOKEN_INPUTS = ("hidden", "password", "checkbox", "radio", "file", "date", "datetime-local")  # browsers word dates

# Of text columns, those that hold a code of the program, which no page may show as it stands.
CODES = {
    "audit_entry.subject_type", "audit_entry.fact", "refusal.subject_type", "refusal.act", "refusal.code", "job.name",
    "job.queue", "job.dedupe_key", "login_session.revoked_because", "notice.kind", "signing_key.provider",
}  # fmt: skip
SAME_IN_BOTH = ("e-Cabinet", "Tiếng Việt", "English", "PDF", "DOCX", "XLSX", "ZIP", "SHA-256", "MB", "KB")
SIGNS = (r"\b[0-9A-F]{2}(?::[0-9A-F]{2})+\b", r"\b(?=\w*\d)[0-9a-fA-F]{6,}\b…?", r"https?://\S+", r"\d+\.\d+\.\d+\w*",
         r"\b\d{2,}(?:/\d{4})?/[A-ZĐ]+-[A-ZĐ]+\b")  # the last: number and symbol of a document


class Brackets(NullTranslations):
    """Answers every message with its English in brackets; what fills a placeholder stays outside of them."""

    def gettext(self, message: str) -> str:
        parts = PLACEHOLDER.split(str(message))  # lazy ones arrive too
        return "".join(f"«{part}»" if part and number % 2 == 0 else part for number, part in enumerate(parts))

    def ngettext(self, one: str, many: str, number: int) -> str:
        return self.gettext(one if number == 1 else many)

    def pgettext(self, context: str, message: str) -> str:
        return self.gettext(message)

    def npgettext(self, context: str, one: str, many: str, number: int) -> str:
        return self.ngettext(one, many, number)

    ugettext, ungettext, upgettext, unpgettext = gettext, ngettext, pgettext, npgettext


def speak_in_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on every language is the bracketed one."""
    brackets = Brackets()
    monkeypatch.setattr(Domain, "get_translations", lambda _domain: brackets)


def data() -> re.Pattern[str]:
    """A pattern of everything that somebody typed in, and of what is made from it."""
    typed = {*SAME_IN_BOTH, *get_day_names(locale="vi").values()}
    typed.update(month.capitalize() for month in get_month_names(locale="vi").values())
    typed.update(name for year in range(TODAY.year - 2, TODAY.year + 3) for name in public_holidays(year).values())
    for table in Model.metadata.sorted_tables:
        for column in table.columns:
            if not table.name.startswith("ab_") and str(column) not in CODES:
                typed.update(_texts_of(column))
    for user in db.session.scalars(select(User)):
        typed.update({user.username, user.email})
    db.session.rollback()
    typed = {line.strip() for text in typed if text for line in (text, *text.splitlines())} - {""}
    longest_first = "|".join(re.escape(text) for text in sorted(typed, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{longest_first}|{parts_of_names()})(?!\w)|{'|'.join(SIGNS)}")


def _texts_of(column: Column) -> Iterator[str]:
    """The values of a text column; of stored or signed JSON those that are more than a word, and so are no code."""
    if isinstance(column.type, String) and not isinstance(column.type, Enum):
        yield from db.session.scalars(select(column).distinct())
    elif isinstance(column.type, JSON | LargeBinary):
        for value in db.session.scalars(select(column)):
            with suppress(ValueError):  # certificates and signatures are bytes of another kind
                found = json.loads(value) if isinstance(value, bytes) else value
                yield from (text for text in _strings(found) if " " in text)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


def parts_of_names() -> str:
    """What stands for a person where room is short: a mark, the given name, or this with the middle name."""
    ends = [figure.name.split()[-2:] for figure in PEOPLE.values()]
    return "|".join(f"{(middle[0] + given[0]).upper()}|{middle} {given}|{given}" for middle, given in ends)


def left_outside(page: str, known: re.Pattern[str]) -> list[str]:
    """The texts of a page in which letters are left when brackets and data are taken away."""
    outside = {text: without_brackets(text) for text in spoken(page)}
    return [text for text, bare in outside.items() if LETTER.search(bare) and LETTER.search(known.sub(" ", bare))]


def without_brackets(text: str) -> str:
    """Innermost first: a translated word that fills a translated sentence is bracketed twice."""
    while BRACKETED.search(text):
        text = BRACKETED.sub(" ", text)
    return PLACEHOLDER.sub(" ", text)  # a script fills the last ones


def spoken(page: str) -> Iterator[str]:
    """Everything of a page that is read, heard, or said later by its scripts."""
    for element in html.document_fromstring(page).iter():
        if not isinstance(element.tag, str):
            continue
        if element.tag == "script":
            yield from _of_a_script(element)
        elif not any(_is_verbatim(each) for each in (element, *element.iterancestors())):
            yield from (" ".join(text.split()) for text in _of_an_element(element) if text and text.strip())


def _is_verbatim(element: Any) -> bool:
    """Whether it shows a document as it stands: letter by letter, or in the language that it says it is in."""
    return element.tag in VERBATIM or (element.tag != "html" and element.get("lang") == "vi")


def _of_an_element(element: Any) -> Iterator[str | None]:
    yield element.text
    yield from (child.tail for child in element)
    yield from (element.get(name) for name in SPOKEN)
    if element.tag == "input" and element.get("type") not in UNSPOKEN_INPUTS:
        yield element.get("value")


def _of_a_script(element: Any) -> Iterator[str]:
    """Sentences handed to a script; all other scripts are files."""
    if "data-ec-text" in element.attrib:
        yield from json.loads(element.text).values()
