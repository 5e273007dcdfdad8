"""Decides whether pages are as prescribed: paper, margins, letters, page numbers."""

import unicodedata

from flask_babel import lazy_gettext as _

from app.gateways.paper.checks.parts import Parts, content, is_page_number
from app.gateways.paper.checks.reading import BLACK, Line, Page
from app.gateways.paper.checks.rules import MISSING, MM, Outcome, Rule, centred, in_letters, mm, quoted, where, within
from app.gateways.paper.fonts import ABSENT

A4 = 210 * MM, 297 * MM
FAMILIES = ("TimesNewRoman", "LiberationSerif", "Tinos")  # the prescribed one and those of the same widths
RED = (255, 0, 0)
OVERHANG = 0.7 * MM  # a letter may lean over its edge
BARE = _("none")


def _paper(seen: Parts) -> Outcome:
    for page in seen.reading.pages:
        if not (within(page.width, A4[0], A4[0]) and within(page.height, A4[1], A4[1])):
            return False, _(
                "page %(page)s: %(width)s × %(height)s", page=page.number, width=mm(page.width), height=mm(page.height)
            )
    return True, "210 × 297 mm"


def _upright_pages(seen: Parts) -> Outcome:
    lying = [page.number for page in seen.reading.pages if page.width > page.height]
    return not lying, _("page %(page)s lies", page=lying[0]) if lying else _("all upright")


def _left(seen: Parts) -> Outcome:
    if not seen.flow:
        return False, MISSING
    least = min(seen.flow, key=lambda line: line.left)
    ok = within(least.left, 30 * MM, 35 * MM, OVERHANG)
    return ok, mm(least.left) if ok else where(least, mm(least.left))


def _right(seen: Parts) -> Outcome:
    if not seen.flow:
        return False, MISSING
    most = max(seen.flow, key=lambda line: line.right)
    margin = seen.first.width - most.right
    ok = within(margin, 15 * MM, 20 * MM, OVERHANG)
    return ok, mm(margin) if ok else where(most, mm(margin))


def _top(seen: Parts) -> Outcome:
    """The highest letter of each full page; a last page may begin with anything, and begins at the top too."""
    found = ""
    for page in seen.reading.pages:
        lines = content(page)
        if not lines:
            continue
        margin = page.height - max(line.top for line in lines)
        if not within(margin, 20 * MM, 25 * MM):
            return False, _("page %(page)s: %(length)s", page=page.number, length=mm(margin))
        found = found or mm(margin)
    return bool(found), found or MISSING


def _bottom(seen: Parts) -> Outcome:
    least = min(seen.flow, key=lambda line: min(run.bottom for run in line.runs), default=None)
    if least is None:
        return False, MISSING
    margin = min(run.bottom for run in least.runs)
    ok = margin >= 20 * MM - MM
    return ok, mm(margin) if ok else where(least, mm(margin))


def _family(seen: Parts) -> Outcome:
    others = [name for name in seen.reading.fonts if not name.startswith(FAMILIES)]
    return not others and bool(seen.reading.fonts), ", ".join(others or sorted(seen.reading.fonts)) or MISSING


def _embedded(seen: Parts) -> Outcome:
    loose = [name for name, embedded in seen.reading.fonts.items() if not embedded]
    return not loose, _("not embedded: %(names)s", names=", ".join(loose)) if loose else _("all embedded")


def _composed(seen: Parts) -> Outcome:
    for line in seen.flow:
        if not unicodedata.is_normalized("NFC", line.text):
            return False, where(line, _("letters and marks apart"))
        if ABSENT in line.text:
            return False, where(line, _("a letter that the font does not have"))
    return bool(seen.flow), _("all composed")


def _black(seen: Parts) -> Outcome:
    urgency = set(map(id, seen.marks))
    for line in seen.flow:
        for run in line.runs:
            if run.colour != BLACK and not (id(line) in urgency and run.colour == RED):
                return False, where(line, _("another colour"))
    return True, _("black")


def _numbers(page: Page) -> list[Line]:
    return [line for line in page.lines if is_page_number(page, line)]


def _due(seen: Parts) -> dict[int, str]:
    """The number that each page should carry; the text and every annex begin again, and their first page has none."""
    begins = {1, *(line.page for line in seen.annexes)}
    due, count = {}, 0
    for page in seen.reading.pages:
        count = 1 if page.number in begins else count + 1
        due[page.number] = "" if count == 1 else str(count)
    return due


def _first_bare(seen: Parts) -> Outcome:
    shown = _numbers(seen.first)
    return not shown, quoted(shown[0].text) if shown else BARE


def _counted(seen: Parts) -> Outcome:
    due = _due(seen)
    for page in seen.reading.pages:
        shown = " ".join(line.text for line in _numbers(page))
        if page.number > 1 and shown != due[page.number]:
            return False, _("page %(page)s: %(text)s", page=page.number, text=quoted(shown))
    return True, _("%(count)s pages", count=len(seen.reading.pages))


def _number_placed(seen: Parts) -> Outcome:
    middle = 30 * MM + (seen.first.width - 45 * MM) / 2
    for page in seen.reading.pages:
        for line in _numbers(page):
            ok, found = centred(line, middle, 3 * MM)
            if not ok:
                return False, where(line, found)
    return True, _("centred")


def _number_letters(seen: Parts) -> Outcome:
    lines = [line for page in seen.reading.pages for line in _numbers(page)]
    return in_letters(lines, 13, 14) if lines else (True, BARE)


RULES = (
    Rule("paper", _("Paper size"), _("A4, 210 × 297 mm"), _paper),
    Rule("upright_pages", _("Direction of the pages"), _("all upright"), _upright_pages),
    Rule("left_margin", _("Left margin"), "30–35 mm", _left),
    Rule("right_margin", _("Right margin"), "15–20 mm", _right),
    Rule("top_margin", _("Upper margin"), "20–25 mm", _top),
    Rule("bottom_margin", _("Lower margin"), _("at least 20 mm"), _bottom),
    Rule("family", _("Typeface"), _("Times New Roman or one of the same widths"), _family),
    Rule("embedded", _("Embedded fonts"), _("every font is in the file"), _embedded),
    Rule("unicode", _("Vietnamese letters"), _("Unicode, composed, none missing"), _composed),
    Rule("black", _("Colour of the letters"), _("black; only an urgency mark is red"), _black),
    Rule("first_page_bare", _("Number of the first page"), _("not shown"), _first_bare),
    Rule("page_numbers", _("Page numbers"), _("Arabic from 2; every annex counts by itself"), _counted),
    Rule("page_number_place", _("Place of page numbers"), _("centred in the upper margin"), _number_placed),
    Rule("page_number_letters", _("Letters of page numbers"), _("13–14 pt, upright"), _number_letters),
)
