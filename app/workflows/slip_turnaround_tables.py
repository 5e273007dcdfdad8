"""The tables of the report on slips, described once for the page and the workbook."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext as _p

from app.gateways import sheets
from app.gateways.sheets import Kind, Value
from app.workflows.rules.turnaround import Promptness
from app.workflows.slip_turnaround import Asking, Grouping, Row, TurnaroundReport

Words = Any  # translated when they are shown
NAMES: dict[Grouping, Words] = {
    Grouping.MEMBER: _("By member"), Grouping.MINISTRY: _("By ministry of the member"),
    Grouping.LEAD: _("By lead ministry of the matter"),
}  # fmt: skip
WITHOUT: dict[Grouping, Words] = {
    Grouping.MEMBER: "–", Grouping.MINISTRY: _("Without a ministry"), Grouping.LEAD: _("Without a lead ministry"),
}
MET: dict[Promptness, Words] = {
    Promptness.ON_TIME: _("Answered in time"), Promptness.EXTENDED: _("Answered within an extension"),
    Promptness.SILENT: _("Not answered"),
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """A column: its label, what it holds of a row, its width in letters in a workbook."""

    label: Words
    kind: Kind
    letters: float
    of: Callable[[Any], Value]


SUMS: Sequence[Field] = (
    Field(_p("slip", "Asked"), Kind.COUNT, 12, lambda row: row.figures.asked),
    Field(_("Answered in time"), Kind.COUNT, 12, lambda row: row.figures.on_time),
    Field(_("Answered within an extension"), Kind.COUNT, 16, lambda row: row.figures.extended),
    Field(_("Not answered"), Kind.COUNT, 14, lambda row: row.figures.silent),
    Field(_("Share in time"), Kind.SHARE, 14, lambda row: row.figures.share),
    Field(_("Median until the answer"), Kind.SPAN, 18, lambda row: row.figures.middle),
    Field(_("Longest until the answer"), Kind.SPAN, 18, lambda row: row.figures.longest),
)
ASKINGS: Sequence[Field] = (
    Field(_("Number and symbol"), Kind.TEXT, 18, lambda one: one.number),
    Field(_("Matter"), Kind.TEXT, 50, lambda one: one.matter),
    Field(_("Lead ministry"), Kind.TEXT, 28, lambda one: one.lead),
    Field(_("Member"), Kind.TEXT, 26, lambda one: one.member),
    Field(_("Post"), Kind.TEXT, 36, lambda one: one.post),
    Field(_p("slip", "Issued"), Kind.MOMENT, 18, lambda one: one.issued_at),
    Field(_("Deadline at the issue"), Kind.MOMENT, 18, lambda one: one.deadline),
    Field(_("First answer"), Kind.MOMENT, 18, lambda one: one.answered_at),
    Field(_("Until the answer"), Kind.SPAN, 16, lambda one: one.took),
    Field(_("How the deadline was met"), Kind.TEXT, 22, lambda one: str(MET[one.met])),
)


def name_of(row: Row, by: Grouping) -> str:
    return row.name or str(WITHOUT[by])


def period_words(report: TurnaroundReport) -> str:
    return gettext("from %(first)s to %(last)s", first=f"{report.period.first:%d/%m/%Y}",
                   last=f"{report.period.last:%d/%m/%Y}")  # fmt: skip


def workbook_of(report: TurnaroundReport, made_at: dt.datetime) -> bytes:
    """The sums on one sheet and every asking behind them on another, in the language in force."""
    title = gettext("Time to answer opinion slips")
    told = f"{title} ({period_words(report)})"
    names = Field(NAMES[report.by], Kind.TEXT, 36, lambda row: name_of(row, report.by))
    return sheets.workbook(
        [_page(str(NAMES[report.by]), told, (names, *SUMS), report.rows),
         _page(gettext("Each asking"), told, ASKINGS, report.askings)],
        title=told, author=report.body.name, made_at=made_at,
    )  # fmt: skip


def _page(name: str, title: str, fields: Sequence[Field], rows: Sequence[Row] | Sequence[Asking]) -> sheets.Page:
    columns = [sheets.Column(str(field.label), field.kind, field.letters) for field in fields]
    return sheets.Page(name, title, columns, [[field.of(row) for field in fields] for row in rows])
