"""Decides whether the head is as prescribed: boxes 1 to 5 and the marks under the number."""

import re
from collections.abc import Sequence

from flask_babel import lazy_gettext as _

from app.gateways.paper.checks.parts import LEVEL, TYPE_NAME, Parts
from app.gateways.paper.checks.reading import Line
from app.gateways.paper.checks.rules import (
    MISSING,
    MM,
    Outcome,
    Rule,
    centred,
    in_letters,
    mm,
    quoted,
    where,
    within,
)
from app.gateways.paper.fields import DAY, MONTH, NUMBER, YEAR
from app.gateways.paper.head import COUNTRY, MOTTO
from app.gateways.paper.measures import URGENCY

NUMBER_WORDS = re.compile(r"Số: ?(…|\d{2,}(?:/\d{4})?| *)/[A-ZĐ]+(?:-[A-ZĐa-z]+)+")
DATE_WORDS = re.compile(  # what is not known yet is blank
    r"\S.*, ngày(?: (?:…|0[1-9]|[12]\d|3[01]))? tháng(?: (?:…|0[12]|[3-9]|1[0-2]))? năm(?: (?:…|\d{4}))?"
)
DRAFT = "DỰ THẢO"
SECRECY = ("TUYỆT MẬT", "TỐI MẬT", "MẬT")
BOX_TOLERANCE = MM  # of urgency boxes and of rules, with the width of the pen
DATE_FIELDS = (NUMBER, DAY, MONTH, YEAR)


def _some(line: Line | None) -> Sequence[Line]:
    return [line] if line else []


def _words(line: Line | None, wanted: str) -> Outcome:
    return (line.text == wanted, quoted(line.text)) if line else (False, MISSING)


def _country_words(seen: Parts) -> Outcome:
    return _words(seen.country, COUNTRY)


def _country_letters(seen: Parts) -> Outcome:
    return in_letters(_some(seen.country), 12, 13, bold=True)


def _country_place(seen: Parts) -> Outcome:
    """One line at the top right of page 1."""
    if seen.country is None:
        return False, MISSING
    top = seen.country.base >= max(line.base for line in seen.flow if line.page == 1) - LEVEL
    return top and seen.country.left > seen.first.width * 0.4, mm(seen.country.left)


def _motto_words(seen: Parts) -> Outcome:
    return _words(seen.motto, MOTTO)


def _motto_letters(seen: Parts) -> Outcome:
    return in_letters(_some(seen.motto), 13, 14, bold=True)


def _motto_place(seen: Parts) -> Outcome:
    return centred(seen.motto, seen.country.middle) if seen.country else (False, MISSING)


def _motto_rule(seen: Parts) -> Outcome:
    """As long as the words."""
    rule = seen.rule_below(seen.motto) if seen.motto else None
    if seen.motto is None or rule is None:
        return False, MISSING
    words = seen.motto.right - seen.motto.left
    return abs(rule.width - words) <= BOX_TOLERANCE, _(
        "%(length)s for words of %(words)s", length=mm(rule.width), words=mm(words)
    )


def _issuer_words(seen: Parts) -> Outcome:
    small = [line for line in seen.issuers if line.text != line.text.upper()]
    if small or not seen.issuers:
        return False, quoted(small[0].text) if small else MISSING
    return True, quoted(" ".join(line.text for line in seen.issuers))


def _issuer_letters(seen: Parts) -> Outcome:
    """The issuing body is bold; a superior body above it is not."""
    above = [line for line in seen.issuers if not line.main.bold]
    if above:
        ok, found = in_letters(above, 12, 13)
        if not ok:
            return ok, found
    return in_letters([line for line in seen.issuers if line.main.bold], 12, 13, bold=True)


def _share(seen: Parts, line: Line | None, longest: float) -> Outcome:
    rule = seen.rule_below(line) if line else None
    if rule is None:
        return False, MISSING
    ok = within(rule.width, longest / 3, longest / 2, BOX_TOLERANCE)
    return ok, _("%(share)s%% of the words", share=round(100 * rule.width / longest))


def _issuer_rule(seen: Parts) -> Outcome:
    if not seen.issuers:
        return False, MISSING
    return _share(seen, seen.issuers[-1], max(line.right - line.left for line in seen.issuers))


def _number_words(seen: Parts) -> Outcome:
    return bool(NUMBER_WORDS.fullmatch(seen.number)), quoted(seen.number) if seen.number else MISSING


def _number_letters(seen: Parts) -> Outcome:
    return in_letters(seen.number_pieces, 13, 13)


def _date_words(seen: Parts) -> Outcome:
    return bool(DATE_WORDS.fullmatch(seen.date)), quoted(seen.date) if seen.date else MISSING


def _date_letters(seen: Parts) -> Outcome:
    return in_letters(seen.date_pieces, 13, 14, italic=True)


def _date_level(seen: Parts) -> Outcome:
    if not seen.number_pieces or not seen.date_pieces:
        return False, MISSING
    off = abs(seen.number_pieces[0].base - seen.date_pieces[0].base)
    return off <= LEVEL, _("level") if off <= LEVEL else _("off by %(length)s", length=mm(off))


def _fields(seen: Parts) -> Outcome:
    """A draft has none; every other document has all four, and none of them can be typed into."""
    if any(line.text == DRAFT for line in seen.marks):
        there = [name for name in DATE_FIELDS if name in seen.reading.fields]
        return not there, _("draft with fields") if there else _("draft without fields")
    absent = [name for name in DATE_FIELDS if name not in seen.reading.fields]
    loose = [name for name in DATE_FIELDS if name not in absent and not seen.reading.fields[name].read_only]
    if absent or loose:
        return False, _("missing or open: %(names)s", names=", ".join(absent + loose))
    return True, _("all four")


def _type_words(seen: Parts) -> Outcome:
    return _words(seen.type_name, TYPE_NAME)


def _text_middle(seen: Parts) -> float:
    return (30 * MM + seen.first.width - 15 * MM) / 2


def _type_letters(seen: Parts) -> Outcome:
    ok, found = in_letters(_some(seen.type_name), 13, 14, bold=True)
    return (ok, found) if not ok else centred(seen.type_name, _text_middle(seen))


def _summary_letters(seen: Parts) -> Outcome:
    return in_letters(seen.summary, 13, 14, bold=True)


def _summary_place(seen: Parts) -> Outcome:
    for line in seen.summary:
        ok, found = centred(line, _text_middle(seen))
        if not ok:
            return False, where(line, found)
    return bool(seen.summary), _("centred") if seen.summary else MISSING


def _summary_rule(seen: Parts) -> Outcome:
    if not seen.summary:
        return False, MISSING
    return _share(seen, seen.summary[-1], max(line.right - line.left for line in seen.summary))


def _urgency(seen: Parts) -> Outcome:
    found = [line for line in seen.marks if line.text in URGENCY]
    if not found:
        return True, _("no mark")
    box, (width, height) = seen.box_around(found[0]), URGENCY[found[0].text]
    if box is None:
        return False, where(found[0], _("without a box"))
    exact = within(box.width, width, width, BOX_TOLERANCE) and within(box.height, height, height, BOX_TOLERANCE)
    ok, letters = in_letters(found, 13, 14, bold=True)
    red = found[0].main.colour == box.colour == (255, 0, 0)
    size = _("%(width)s × %(height)s", width=mm(box.width), height=mm(box.height))
    return exact and ok and red, where(found[0], size if ok else letters)


def _no_secrecy(seen: Parts) -> Outcome:
    found = [line for line in seen.marks if line.text.upper() in SECRECY]
    return not found, quoted(found[0].text) if found else _("no mark")


RULES = (
    Rule("country_words", _("Name of the country"), quoted(COUNTRY), _country_words),
    Rule("country_letters", _("Letters of the country"), _("12–13 pt, bold upright"), _country_letters),
    Rule("country_place", _("Place of the country"), _("on top at the right, on one line"), _country_place),
    Rule("motto_words", _("Motto"), quoted(MOTTO), _motto_words),
    Rule("motto_letters", _("Letters of the motto"), _("13–14 pt, bold upright"), _motto_letters),
    Rule("motto_place", _("Place of the motto"), _("centred under the country"), _motto_place),
    Rule("motto_rule", _("Rule under the motto"), _("as long as the motto"), _motto_rule),
    Rule("issuer_words", _("Issuing body"), _("in capitals, at the left"), _issuer_words),
    Rule("issuer_letters", _("Letters of the issuing body"), _("12–13 pt, bold upright"), _issuer_letters),
    Rule("issuer_rule", _("Rule under the issuing body"), _("a third to a half of the words"), _issuer_rule),
    Rule("number_words", _("Number and symbol"), "“Số: 05/NQ-CP”", _number_words),
    Rule("number_letters", _("Letters of the number"), _("13 pt, upright"), _number_letters),
    Rule("date_words", _("Place and date"), "“Hà Nội, ngày 05 tháng 01 năm 2026”", _date_words),
    Rule("date_letters", _("Letters of place and date"), _("13–14 pt, italic"), _date_letters),
    Rule("date_level", _("Line of place and date"), _("level with the number"), _date_level),
    Rule("fields", _("Places for number and date"), _("prepared and closed; none in a draft"), _fields),
    Rule("type_words", _("Type of the document"), quoted(TYPE_NAME), _type_words),
    Rule("type_letters", _("Letters of the type"), _("13–14 pt, bold upright, centred"), _type_letters),
    Rule("summary_letters", _("Letters of the summary"), _("13–14 pt, bold upright"), _summary_letters),
    Rule("summary_place", _("Place of the summary"), _("centred under the type"), _summary_place),
    Rule("summary_rule", _("Rule under the summary"), _("a third to a half of the words"), _summary_rule),
    Rule("urgency", _("Mark of urgency"), _("bright red, in a box of the prescribed size"), _urgency),
    Rule("no_secrecy", _("Mark of secrecy"), _("none: secret papers are not kept here"), _no_secrecy),
)
