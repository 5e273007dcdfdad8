"""The tables of the weekly report (báo cáo tuần), described once for the page, the paper and the workbook."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import format_decimal, format_percent, gettext
from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext as _p

from app.gateways import sheets
from app.gateways.paper import WeeklySheet, WeeklyTable
from app.gateways.sheets import Kind, Value
from app.models import Outcome, PollState
from app.workflows.engine.words import word
from app.workflows.rules.calendar import HANOI, official_date
from app.workflows.rules.timetable import Week
from app.workflows.weekly import Decision, SessionHeld, Vote, WeeklyReport

Words = Any  # translated when they are shown
NUMBERS = 1.1  # share of the width for the numbers of the rows
MINUTE, HOUR, DAY = 60, 3600, 86400
NOT_KNOWN = "–"


@dataclass(frozen=True)
class Field:
    """A column: what it holds of a row, its share of the width on paper and its width in letters in a workbook."""

    label: Words
    kind: Kind
    share: float
    letters: float
    of: Callable[[Any], Value]


@dataclass(frozen=True)
class Table:
    """`rows` picks the rows out of a report; on paper they are numbered."""

    key: str
    title: Words
    fields: Sequence[Field]
    rows: Callable[[WeeklyReport], Sequence[Any]]


def _count(name: str) -> Callable[[Vote], Value]:
    return lambda vote: None if vote.split is None else getattr(vote.split, name)


def _took(code: str) -> Callable[[Decision], Value]:
    return lambda decision: _span(decision.took(code))


def _span(seconds: float | None) -> dt.timedelta | None:
    return None if seconds is None else dt.timedelta(seconds=round(seconds))


def _standing(vote: Vote) -> str:
    """What became of the vote; before the publication only how far it is."""
    return str(word(vote.outcome or vote.state))


def _state_of_items(one: SessionHeld) -> str:
    return f"{one.items_done}/{one.items}"


TABLES: tuple[Table, ...] = (
    Table("sessions", _("Sessions held"), (
        Field(_("Meeting"), Kind.TEXT, 5.2, 50, lambda one: one.title),
        Field(_("Kind"), Kind.TEXT, 2.6, 22, lambda one: str(word(one.kind))),
        Field(_("Begins"), Kind.MOMENT, 2.4, 18, lambda one: one.starts_at),
        Field(_("Items done"), Kind.RATIO, 1.9, 12, _state_of_items),
        Field(_("Time planned"), Kind.SPAN, 2.2, 16, lambda one: one.planned),
        Field(_("Time used"), Kind.SPAN, 2.2, 16, lambda one: one.used),
    ), lambda report: report.sessions),
    Table("votes", _("Votes and outcomes"), (
        Field(_("Question"), Kind.TEXT, 4.5, 60, lambda one: one.question),
        Field(_("All members"), Kind.COUNT, 1.9, 14, _count("members")),
        Field(_("Have voted"), Kind.COUNT, 1.7, 12, _count("cast")),
        Field(_p("vote", "Agree"), Kind.COUNT, 1.8, 12, _count("agree")),
        Field(_("Share of all members"), Kind.SHARE, 1.8, 14, lambda one: one.split and one.split.share),
        Field(_p("vote", "Disagree"), Kind.COUNT, 2.0, 12, _count("disagree")),
        Field(_p("vote", "Other opinion"), Kind.COUNT, 1.6, 12, _count("other")),
        Field(_("Outcome"), Kind.TEXT, 2.3, 26, _standing),
    ), lambda report: report.votes),
    Table("decisions", _("Resolutions promulgated"), (
        Field(_("Number and symbol"), Kind.TEXT, 2.7, 18, lambda one: one.number),
        Field(_("Subject"), Kind.TEXT, 4.6, 60, lambda one: one.subject),
        Field(_p("span", "Until signed"), Kind.SPAN, 1.9, 14, _took("signed")),
        Field(_p("span", "Until numbered"), Kind.SPAN, 1.9, 14, _took("numbered")),
        Field(_p("span", "Until sealed"), Kind.SPAN, 1.9, 14, _took("sealed")),
        Field(_p("span", "Until promulgated"), Kind.SPAN, 1.9, 14, _took("promulgated")),
        Field(_("Since the vote closed"), Kind.SPAN, 2.1, 16, lambda one: _span(one.whole)),
    ), lambda report: report.decisions),
    Table("slips", _("Opinion slips closed"), (
        Field(_("Number and symbol"), Kind.TEXT, 2.2, 18, lambda one: one.number),
        Field(_("Matter"), Kind.TEXT, 4.4, 60, lambda one: one.matter),
        Field(_("Lead ministry"), Kind.TEXT, 2.6, 30, lambda one: one.organisation),
        Field(_("All members"), Kind.COUNT, 1.6, 14, lambda one: one.members),
        Field(_("Answered"), Kind.COUNT, 1.6, 12, lambda one: one.answered),
        Field(_("Deemed to agree"), Kind.COUNT, 1.8, 14, lambda one: one.deemed),
        Field(_("Not answered"), Kind.COUNT, 1.6, 14, lambda one: one.missing),
        Field(_("From issue to close"), Kind.SPAN, 1.9, 16, lambda one: one.took),
        Field(_("Outcome"), Kind.TEXT, 2.0, 22, lambda one: str(word(one.outcome)) if one.outcome else ""),
    ), lambda report: report.slips),
    Table("invitations", _("Invitations without an answer"), (
        Field(_("Full name"), Kind.TEXT, 3.4, 28, lambda one: one.name),
        Field(_("Post"), Kind.TEXT, 4.6, 40, lambda one: one.post),
        Field(_("Meeting"), Kind.TEXT, 4.6, 50, lambda one: one.meeting),
        Field(_("Begins"), Kind.MOMENT, 2.4, 18, lambda one: one.starts_at),
    ), lambda report: report.invitations),
)  # fmt: skip


def title_of(week: Week) -> str:
    """“Tuần 47 năm 2026 (từ ngày 16 tháng 11 năm 2026 đến ngày 22 tháng 11 năm 2026)” in words of the language."""
    return str(gettext("Week %(number)s of %(year)s (%(first)s to %(last)s)", number=week.number, year=week.year,
                   first=f"{week.first:%d/%m/%Y}", last=f"{week.last:%d/%m/%Y}"))  # fmt: skip


def summary(report: WeeklyReport) -> list[str]:
    """The report in sentences; what there was none of is said too."""
    return [sentence for part in (_of_sessions, _of_votes, _of_decisions) for sentence in part(report)]


def _of_sessions(report: WeeklyReport) -> Iterator[str]:
    ended = sum(one.used is not None for one in report.sessions)
    yield gettext("Sessions held: %(n)s, ended: %(ended)s.", n=len(report.sessions), ended=ended)
    if ended:
        planned, used = shown(Kind.SPAN, report.planned), shown(Kind.SPAN, report.used)
        yield gettext("Time planned for the ended ones: %(planned)s, used: %(used)s.", planned=planned, used=used)


def _of_votes(report: WeeklyReport) -> Iterator[str]:
    found = report.outcomes
    told = {"n": len(report.votes), "adopted": found[Outcome.ADOPTED], "rejected": found[Outcome.NOT_ADOPTED]}
    if told["n"]:
        yield gettext("Votes: %(n)s, of which adopted: %(adopted)s, not adopted: %(rejected)s.", **told)
    else:
        yield gettext("There was no vote.")
    annulled = sum(vote.state is PollState.ANNULLED for vote in report.votes)
    if annulled:
        yield gettext("Annulled votes: %(n)s.", n=annulled)
    if waiting := found[None] - annulled:
        yield gettext("Without a published result: %(n)s; the report shows no figures of these.", n=waiting)


def _of_decisions(report: WeeklyReport) -> Iterator[str]:
    times = sorted(one.whole for one in report.decisions if one.whole is not None)
    if not times:
        yield gettext("No Resolution was promulgated.")
        return
    yield gettext(
        "Resolutions promulgated: %(n)s; from the close of the vote to the promulgation: %(least)s at the fastest, "
        "%(most)s at the slowest.",
        n=len(report.decisions), least=shown(Kind.SPAN, _span(times[0])), most=shown(Kind.SPAN, _span(times[-1])),
    )  # fmt: skip


# -- values as words --------------------------------------------------------------------------------------------------


def shown(kind: Kind, value: Value) -> str:
    """A value as a page or a paper says it, in the language in force; a dash for what is not known."""
    return NOT_KNOWN if value is None or value == "" else SHOWN[kind](value)


def span_words(span: dt.timedelta) -> str:
    """“52 giây”, “12 phút 05 giây”, “1 giờ 20 phút”, “2 ngày 3 giờ”: two units at most."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < MINUTE:
        return gettext("%(s)s s", s=seconds)
    if seconds < HOUR:
        whole, rest = divmod(seconds, MINUTE)
        return gettext("%(m)s min %(s)s s", m=whole, s=rest) if rest else gettext("%(m)s min", m=whole)
    if seconds < DAY:
        whole, rest = divmod(seconds // MINUTE, 60)
        return gettext("%(h)s h %(m)s min", h=whole, m=rest) if rest else gettext("%(h)s h", h=whole)
    whole, rest = divmod(seconds // HOUR, 24)
    return gettext("%(d)s d %(h)s h", d=whole, h=rest) if rest else gettext("%(d)s d", d=whole)


SHOWN: dict[Kind, Callable[[Any], str]] = {
    Kind.TEXT: str,
    Kind.RATIO: str,
    Kind.COUNT: format_decimal,
    Kind.DAY: lambda day: f"{day:%d/%m/%Y}",
    Kind.MOMENT: lambda at: f"{at.astimezone(HANOI):%H:%M %d/%m/%Y}",
    Kind.SPAN: span_words,
    Kind.SHARE: lambda share: format_percent(share, "#,##0.0%"),
}


# -- paper and workbook -----------------------------------------------------------------------------------------------


def sheet_of(report: WeeklyReport, *, demo: bool = False) -> WeeklySheet:
    """The report for paper, in the language in force (paper wants Vietnamese)."""
    first, last = official_date(report.week.first), official_date(report.week.last)
    about = gettext("Week %(number)s of %(year)s", number=report.week.number, year=report.week.year)
    days = gettext("from %(first)s to %(last)s", first=first, last=last)
    return WeeklySheet(
        about=f"{about} ({days})", body=report.body,
        place=report.place, made_at=report.made_at, summary=summary(report),
        tables=[_on_paper(table, report) for table in TABLES], demo=demo,
    )  # fmt: skip


def _on_paper(table: Table, report: WeeklyReport) -> WeeklyTable:
    rows = [
        (str(number), *(shown(field.kind, field.of(row)) for field in table.fields))
        for number, row in enumerate(table.rows(report), start=1)
    ]
    middle = [at for at, field in enumerate(table.fields, start=1) if field.kind is not Kind.TEXT]
    head = (str(_p("table", "No.")), *(str(field.label) for field in table.fields))
    return WeeklyTable(str(table.title), head, rows, (NUMBERS, *(f.share for f in table.fields)), (0, *middle))


def workbook_of(report: WeeklyReport) -> bytes:
    """The report as .xlsx, in the language in force: one sheet for each table, every value of its own type."""
    name = gettext("Weekly report")
    pages = [
        sheets.Page(
            str(table.title), f"{table.title} – {title_of(report.week)}",
            [sheets.Column(str(field.label), field.kind, field.letters) for field in table.fields],
            [[field.of(row) for field in table.fields] for row in table.rows(report)],
        )
        for table in TABLES
    ]  # fmt: skip
    return sheets.workbook(pages, title=f"{name}: {title_of(report.week)}", author=report.body, made_at=report.made_at)
