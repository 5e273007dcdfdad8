"""What the pages of the synthesis and of the explanations show."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from app.models import Choice, Stance
from app.views.slip_tabs import EXPLANATIONS, SYNTHESIS, slip_tabs
from app.views.text_forms import TypedText
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.words import word
from app.workflows.explanations import ExplanationTable, Reply, TableRow
from app.workflows.opinion_sheets import CHOICES
from app.workflows.rules.explanations import Gap
from app.workflows.slips import CLOSED, REPORTED
from app.workflows.synthesis import Place, Row, Source, Synthesis

LOOKS = {Choice.AGREE: "yes", Choice.DISAGREE: "no", Choice.OTHER: "other"}
SIGNS = {Choice.AGREE: "circle-check", Choice.DISAGREE: "circle-x", Choice.OTHER: "circle-minus"}
ENDINGS = ("pdf", "docx", "xlsx")
PER_PAGE = 200  # rows

IN_THE_BAR = ("yes", "deemed", "no", "other")  # who agreed and who is deemed to agree stand together


def synthesis_page(actor: Actor, found: Synthesis, page: int = 1) -> dict[str, Any]:
    """The context of templates/ec/slip_synthesis.html; a place without rows stands on the first page."""
    may_change, pages = _may_change(actor, found), _pages(found)
    page = min(page, pages)
    places = [(place, _of_page(place, page)) for place in found.places]
    return {
        **_frame(actor, found, SYNTHESIS), "may_change": may_change, "page": page, "pages": pages,
        "page_of": "SlipSynthesisView.page",
        "places": [_place(place, rows, found, may_change) for place, rows in places
                   if rows or (page == 1 and not place.rows)],
        "files": _files("SlipSynthesisView", found),
        "join_url": url_for("SlipSynthesisView.join", slip_id=found.slip.id, page=_kept(page)),
        "split_url": url_for("SlipSynthesisView.split", slip_id=found.slip.id, page=_kept(page)),
    }  # fmt: skip


def explanation_page(
    actor: Actor, table: ExplanationTable, typed: Mapping[int, tuple[Reply, int]], problem: str, page: int = 1
) -> dict[str, Any]:
    """The context of templates/ec/slip_explanations.html; `typed` are rows that were refused, as they were typed.

    The page is that of the refused row, where there is one.
    """
    found = table.synthesis
    by_leader, pages = {one.row.leader_id: one for one in table.rows}, _pages(found)
    refused = [by_leader[leader].row.number for leader in typed if leader in by_leader]
    page = page_of_row(refused[0]) if refused else min(page, pages)
    places = [
        {"title": place.title,
         "rows": [_explained(found.slip.id, by_leader[row.leader_id], typed.get(row.leader_id), page) for row in rows]}
        for place in found.places if (rows := _of_page(place, page))
    ]  # fmt: skip
    slip_id = found.slip.id
    return {
        **_frame(actor, found, EXPLANATIONS), "may_change": _may_change(actor, found), "page": page, "pages": pages,
        "page_of": "SlipExplanationView.page",
        "may_take_back": _may_take_back(actor, found),
        "problem": problem, "places": places, "open_count": len(table.open_rows), "all_count": len(table.rows),
        "needs_links": table.needs_links, "new_draft": bool(table.choices),
        "choices": [{"path": one.path, "label": _named(one.label, one.text)} for one in table.choices],
        "stances": [{"code": stance.value, "label": word(stance)} for stance in Stance],
        "files": _files("SlipExplanationView", found),
        "draft_url": url_for("NextDraftView.edit", slip_id=slip_id) if table.needs_links else None,
        "submit_url": url_for("SlipExplanationView.submit", slip_id=slip_id),
        "take_back_url": url_for("SlipExplanationView.take_back", slip_id=slip_id),
    }  # fmt: skip


def next_draft_page(slip: Any, typed: TypedText, version: Any, problem: str) -> dict[str, Any]:
    """The context of templates/ec/slip_next_draft.html; `version` is the newest draft after the answers, or None."""
    return {
        "fields": typed.fields, "problem": problem, "saved": version, "known": version.id if version else "",
        "slip": {"number": slip.number_text, "matter": slip.matter},
        "reader_url": url_for("PaperView.reader", version_id=version.id) if version else None,
        "save_url": url_for("NextDraftView.save", slip_id=slip.id),
        "table_url": url_for("SlipExplanationView.page", slip_id=slip.id),
    }  # fmt: skip


def page_of_row(number: int) -> int:
    """The page of a row; rows are numbered over the whole slip."""
    return (number - 1) // PER_PAGE + 1


def row_state(gap: Gap | None, version: int) -> dict[str, Any]:
    """What the script that saves a row is told."""
    return {"version": version, "gap": gap.value if gap else None, "said": _gap_words(gap)}


def _frame(actor: Actor, found: Synthesis, tab: str) -> dict[str, Any]:
    slip = found.slip
    return {
        "slip": {"id": slip.id, "number": slip.number_text, "matter": slip.matter, "state": word(slip.state)},
        "figures": [
            {"label": _("Members asked"), "value": found.members},
            {"label": _("Have answered"), "value": found.answered},
            {"label": _("Deemed to agree"), "value": found.deemed},
            {"label": _("No answer"), "value": found.missing},
        ],
        "opinion_count": found.opinions, "row_count": len(found.rows), "differs": list(found.differs),
        "submitted_at": found.table.submitted_at,
        "submitted_by": found.table.submitted_by.full_name if found.table.submitted_by else "",
        **slip_tabs(actor, slip, tab),
    }  # fmt: skip


def _kept(page: int) -> int | None:
    """The page in an address; the first one needs no saying."""
    return page if page > 1 else None


def _pages(found: Synthesis) -> int:
    return max(1, page_of_row(len(found.rows)))


def _of_page(place: Place, page: int) -> list[Row]:
    return [row for row in place.rows if page_of_row(row.number) == page]


def _place(place: Place, rows: Sequence[Row], found: Synthesis, may_change: bool) -> dict[str, Any]:
    columns = _columns(place.counts) if place.counts else []
    first = rows[0].number if rows else 1
    return {
        "title": place.title, "article": place.article, "opinions": place.opinions, "columns": columns,
        "bar": [(one["kind"], one["count"]) for kind in IN_THE_BAR for one in columns if one["kind"] == kind],
        "said": ", ".join(f"{one['label']}: {one['count']}" for one in columns), "members": found.members,
        "rows": [_row(row) for row in rows], "more": len(place.rows) > 1,
        "proposed": [{"numbers": ", ".join(str(row.number) for row in alike), "rows": [row.leader_id for row in alike]}
                     for alike in (place.proposed if may_change else ())
                     if page_of_row(alike[0].number) == page_of_row(first)],
    }  # fmt: skip


def _columns(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    cast = [{"kind": kind, "label": CHOICES[choice], "count": counts[choice.value]} for choice, kind in LOOKS.items()]
    return [
        *cast, {"kind": "deemed", "label": _("Deemed to agree"), "count": counts["deemed"]},
        {"kind": "", "label": _("No answer"), "count": counts["missing"]},
    ]  # fmt: skip


def _row(row: Row) -> dict[str, Any]:
    return {"number": row.number, "id": row.leader_id, "sources": [_source(source) for source in row.sources]}


def _source(source: Source) -> dict[str, Any]:
    choice = source.choice
    chosen = {"label": CHOICES[choice], "look": LOOKS[choice], "sign": SIGNS[choice]} if choice else None
    return {"id": source.opinion_id, "name": source.name, "post": source.post, "chosen": chosen, "text": source.text}


def _explained(slip_id: int, one: TableRow, refused: tuple[Reply, int] | None, page: int) -> dict[str, Any]:
    said = one.said
    stance, explanation, path, quote, version = said.stance, said.explanation, said.path, said.quote, one.version
    if refused is not None:
        typed, version = refused
        stance, explanation = typed.stance.value if typed.stance else None, typed.explanation
        path, quote = typed.path, typed.quote
    return {
        **_row(one.row), "stance": stance, "stance_label": word(Stance(said.stance)) if said.stance else "",
        "explanation": explanation, "path": path, "quote": quote, "version": version,
        "gap": one.gap.value if one.gap else None, "gap_said": _gap_words(one.gap),
        "link_label": one.passage.label if one.passage else path,
        "elsewhere": one.elsewhere.label if one.elsewhere else None,
        "save_url": url_for(
            "SlipExplanationView.save", slip_id=slip_id, leader_id=one.row.leader_id, page=_kept(page)
        ),
    }  # fmt: skip


def _gap_words(gap: Gap | None) -> str:
    return str(word(gap)) if gap else _("complete")


def _named(label: str, text: str, most: int = 80) -> str:
    return f"{label}: {text[:most]}{'…' if len(text) > most else ''}"


def _files(view: str, found: Synthesis) -> list[dict[str, str]]:
    return [{"ending": ending.upper(), "url": url_for(f"{view}.file", slip_id=found.slip.id, ending=ending)}
            for ending in ENDINGS]  # fmt: skip


def _may_change(actor: Actor, found: Synthesis) -> bool:
    worked_on = found.table.submitted_at is None and found.slip.state in (CLOSED, REPORTED)
    return worked_on and actor.may(Right.SLIP_RUN, found.slip)


def _may_take_back(actor: Actor, found: Synthesis) -> bool:
    submitted = found.table.submitted_at is not None and found.slip.state is CLOSED
    return submitted and actor.may(Right.SLIP_RUN, found.slip)
