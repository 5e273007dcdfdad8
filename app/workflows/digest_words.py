"""What a digest (bản tin) reads like: its keys and data as words, in the language that is in force."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import format_date, gettext
from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext as _p

from app.gateways.paper import DigestSheet, Entry, Part
from app.models import Urgency
from app.workflows.digest_sections import SECTIONS, SESSION_SECTIONS
from app.workflows.engine.words import word
from app.workflows.inbox import TaskKind
from app.workflows.rules.calendar import HANOI, hanoi_date, month_text
from app.workflows.rules.digest import CHANGED, DAILY, NEW, NOW, OPEN, DigestContent, Line, Section, Told
from app.workflows.rules.timetable import OPENING, PAPERS

Words = Any  # translated when they are shown
BETWEEN = " · "

NAMES: dict[str, Words] = {
    DAILY: _("Daily digest"), OPENING: _("Session about to open"), PAPERS: _("New papers of a session"),
}  # fmt: skip
TITLES = {key: source.title for key, source in (SECTIONS | SESSION_SECTIONS).items()}
MARKS: dict[str, Words] = {
    NEW: _p("digest", "new"), CHANGED: _("version %(version)s"), NOW: _p("digest", "at once"),
    OPEN: _p("digest", "in session"), **{urgency.value: word(urgency) for urgency in Urgency},
}  # fmt: skip


def name_of(content: DigestContent) -> str:
    """What kind of digest it is."""
    return str(NAMES[content.occasion.why if content.occasion else content.kind])


def about(content: DigestContent) -> str:
    """What it is about: the day in full, or the session."""
    return content.occasion.title if content.occasion else long_day(content.day)


def long_day(day: dt.date) -> str:
    """“Thứ Hai, ngày 23 tháng 11 năm 2026”, with the leading zeros of official documents."""
    parts = {"day": f"{day:%d}", "month": month_text(day.month), "year": day.year}
    return gettext("%(weekday)s, %(day)s/%(month)s/%(year)s", weekday=format_date(day, "EEEE"), **parts)


def sheet_of(content: DigestContent, url: str = "", *, demo: bool = False) -> DigestSheet:
    """The digest in words; `url` is where all of it can be read. Paper wants it in Vietnamese."""
    return DigestSheet(
        name=name_of(content), about=about(content), body=content.body, place=content.place, person=content.person,
        post=content.post, day=hanoi_date(content.made_at), made_at=content.made_at,
        parts=tuple(_part(section, content.day) for section in content.sections), url=url, demo=demo,
    )  # fmt: skip


def _part(section: Section, day: dt.date) -> Part:
    return Part(str(TITLES[section.key]), tuple(_entry(line, day) for line in section.lines))


def _entry(line: Line, day: dt.date) -> Entry:
    title, note = LINES[line.kind]
    marks = tuple(str(MARKS[mark]) % line.told for mark in line.marks)
    said_below = "" if line.below else note(line.told)
    return Entry(title(line.told), said_below, _time(line.at, day), marks, line.address, line.below)


def _time(at: dt.datetime | None, day: dt.date) -> str:
    """The hour on the day itself, else the day."""
    if at is None:
        return ""
    there = at.astimezone(HANOI)
    return f"{there:%H:%M}" if there.date() == day else f"{there:%d/%m}"


# -- one row for each kind of line: its sentence, and what is said below it -------------------------------------------

Said = Callable[[Told], str]


def _said(sentence: Words) -> Said:
    return lambda told: str(sentence) % told


def _all(*said: Said) -> Said:
    """What there is of several facts, on one line."""
    return lambda told: BETWEEN.join(words for one in said if (words := one(told)))


def _some(name: str, sentence: Words) -> Said:
    """A fact that is told only when there is something to it."""
    return lambda told: str(sentence) % told if told.get(name) else ""


def _plain(name: str) -> Said:
    return lambda told: str(told.get(name, ""))


WHERE, NOTHING = _plain("where"), _plain("")
LINES: Mapping[str, tuple[Said, Said]] = {
    "session": (_plain("title"), _all(_plain("place"), _some("items", _("Agenda items: %(items)s")),
                                      _some("papers", _("Papers: %(papers)s")), _some("new", _("New: %(new)s")))),
    "item": (_said("%(position)s. %(title)s"), _all(_some("minutes", _("%(minutes)s min.")),
                                                    _some("papers", _("Papers: %(papers)s")))),
    "paper": (_plain("title"), _said(_("Agenda item no. %(item)s"))),
    "resolution": (_said(_("Resolution no. %(number)s – %(subject)s")), _said(_("Signed by: %(signer)s"))),
    "slip": (_said(_("Slip %(number)s: %(title)s")), WHERE),
    f"task.{TaskKind.VOTE}": (_said(_("Vote: %(title)s")), WHERE),
    f"task.{TaskKind.OPINION}": (_said(_("Answer the opinion slip: %(title)s")), WHERE),
    f"task.{TaskKind.ADVISE}": (_said(_("Suggest an answer to the opinion slip: %(title)s")), WHERE),
    f"task.{TaskKind.TIE}": (_said(_("Confirm the result of equal votes: %(title)s")), WHERE),
    f"task.{TaskKind.PUBLISH}": (_said(_("Publish the result: %(title)s")), WHERE),
    f"task.{TaskKind.SIGN}": (_said(_("Read and sign the Resolution: %(title)s")), WHERE),
    f"task.{TaskKind.ISSUE}": (_said(_("Number and seal the Resolution: %(title)s")), WHERE),
    f"task.{TaskKind.RECEIVE}": (_said(_("Confirm receipt of the Resolution: %(title)s")), WHERE),
    f"task.{TaskKind.DRAFT}": (_said(_("Draft the Resolution: %(title)s")), WHERE),
    f"task.{TaskKind.RECOVERY}": (_said(_("Confirm the request for the signing key of %(title)s")), WHERE),
    f"task.{TaskKind.DECIDE}": (_said(_("Decide on the outcome of the opinion slip: %(title)s")), WHERE),
    f"task.{TaskKind.REPORT}": (_said(_("Report the outcome of the opinion slip: %(title)s")), WHERE),
    f"task.{TaskKind.RESUBMIT}": (_said(_("Lay the returned matter again: %(title)s")), WHERE),
    f"task.{TaskKind.APPROVE}": (_said(_("Look at the opinion slip and approve it: %(title)s")), WHERE),
    f"task.{TaskKind.RELEASE}": (_said(_("Issue the opinion slip: %(title)s")), WHERE),
    f"task.{TaskKind.MEND}": (_said(_("Mend the opinion slip that came back: %(title)s")), WHERE),
    f"task.{TaskKind.ABSENCE}": (_said(_("Decide on the absence of %(title)s")), WHERE),
    f"task.{TaskKind.ANSWER}": (_said(_("Confirm attendance: %(title)s")), WHERE),
    f"task.{TaskKind.ENROL}": (_said(_("Choose a PIN for your new signing key")), NOTHING),
}  # fmt: skip
