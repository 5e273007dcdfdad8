"""The synthesis and the table of explanations as papers, described once for PDF, Word document and workbook."""

import datetime as dt

from flask_babel import gettext as _
from flask_babel import lazy_pgettext as _p

from app.gateways import sheets
from app.gateways.paper import Form, OpinionPart, OpinionSheet
from app.gateways.paper.opinions import TOTALS, TOTALS_HEAD
from app.models import Choice, Slip, Stance
from app.workflows.engine.words import word
from app.workflows.explanations import ExplanationTable, TableRow
from app.workflows.rules.explanations import Gap
from app.workflows.synthesis import Place, Row, Source, Synthesis

COLUMNS = ("agree", "disagree", "other", "deemed", "missing")
CHOICES = {
    Choice.AGREE: _p("opinion", "Agree"),
    Choice.DISAGREE: _p("opinion", "Disagree"),
    Choice.OTHER: _p("opinion", "Other opinion"),
}
NOT_COUNTED = "–"
LETTERS = 12  # letters of a workbook's column for one share of the width
DRAFT = "DỰ THẢO"


def synthesis_sheet(found: Synthesis, made_at: dt.datetime, *, demo: bool = False) -> OpinionSheet:
    """The synthesis, one line for each opinion; opinions of one row share its number."""
    parts = [
        OpinionPart(place.title, [_opinion(row, source) for row in place.rows for source in row.sources])
        for place in found.places
    ]
    return OpinionSheet(
        Form.SYNTHESIS, _about(found.slip), found.slip.body.name, found.slip.body.place, made_at, _facts(found),
        _totals(found), parts, demo=demo,
    )  # fmt: skip


def explanation_sheet(table: ExplanationTable, made_at: dt.datetime, *, demo: bool = False) -> OpinionSheet:
    """The table of explanations, one line for each row; marked as a draft until it is submitted."""
    found = table.synthesis
    by_leader = {one.row.leader_id: one for one in table.rows}
    parts = [
        OpinionPart(place.title, [_explained(by_leader[row.leader_id]) for row in place.rows])
        for place in found.places
        if place.rows
    ]
    return OpinionSheet(
        Form.EXPLANATIONS, _about(found.slip), found.slip.body.name, found.slip.body.place, made_at,
        [*_facts(found), _progress(table)], (), parts, mark="" if found.table.submitted_at else DRAFT, demo=demo,
    )  # fmt: skip


def workbook_of(sheet: OpinionSheet) -> bytes:
    """The same rows as .xlsx, the place of each in its first column; whatever a text begins with, it stays text."""
    shape = sheet.shape
    columns = [sheets.Column(TOTALS_HEAD[0], width=40)]
    columns += [
        sheets.Column(label, width=LETTERS * share) for label, share in zip(shape.head, shape.widths, strict=True)
    ]
    rows = [[part.title, *row] for part in sheet.parts for row in part.rows]
    title = f"{shape.name}: {sheet.about}"
    pages = [sheets.Page(shape.name.capitalize(), title, columns, rows)]
    if sheet.totals:
        heads = [sheets.Column(label, width=16 if at else 50) for at, label in enumerate(TOTALS_HEAD)]
        pages.append(sheets.Page(TOTALS, title, heads, [list(row) for row in sheet.totals]))
    return sheets.workbook(pages, title=title, author=sheet.body, made_at=sheet.made_at)


def _about(slip: Slip) -> str:
    told = {"body": slip.body.name, "number": slip.number_text, "matter": slip.matter}
    return _("opinions of the members of %(body)s on slip %(number)s: %(matter)s", **told)


def _facts(found: Synthesis) -> list[str]:
    said = [
        _("Members asked: %(n)s; answered: %(answered)s; deemed to agree: %(deemed)s; no answer: %(missing)s.",
          n=found.members, answered=found.answered, deemed=found.deemed, missing=found.missing),
        _("Opinions in words: %(n)s, in %(rows)s rows after joining.", n=found.opinions, rows=len(found.rows)),
    ]  # fmt: skip
    if found.slip.organisation is not None:
        said.insert(0, _("Lead ministry: %(name)s.", name=found.slip.organisation.name))
    return said


def _progress(table: ExplanationTable) -> str:
    stances = [row.said.stance for row in table.rows]
    return _(
        "Accepted: %(yes)s; accepted in part: %(partly)s; not accepted, explained: %(no)s; still open: %(open)s.",
        yes=stances.count(Stance.ACCEPTED.value), partly=stances.count(Stance.PARTLY.value),
        no=stances.count(Stance.NOT.value), open=len(table.open_rows),
    )  # fmt: skip


def _totals(found: Synthesis) -> list[list[str]]:
    return [_total(place, found.members) for place in found.places if place.counts is not None]


def _total(place: Place, members: int) -> list[str]:
    counts = place.counts or {}
    return [place.title, *(str(counts[name]) for name in COLUMNS), str(members)]


def _opinion(row: Row, source: Source) -> list[str]:
    choice = str(CHOICES[source.choice]) if source.choice else NOT_COUNTED
    return [str(row.number), _who(source), choice, source.text]


def _explained(one: TableRow) -> list[str]:
    opinions = "; ".join(f"{_who(source)}: {source.text}" for source in one.row.sources)
    stance = str(word(Stance(one.said.stance))) if one.said.stance else ""
    return [str(one.row.number), opinions, stance, one.said.explanation, _link(one)]


def _link(one: TableRow) -> str:
    if not one.said.path:
        return ""
    quoted = f"“{one.said.quote}”"
    if one.gap in (Gap.BROKEN_LINK, Gap.MOVED_LINK):
        return f"{quoted} ({word(one.gap)})"
    return f"{one.passage.label}: {quoted}" if one.passage else quoted


def _who(source: Source) -> str:
    return f"{source.name} ({source.post})"
