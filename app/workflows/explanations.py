"""What is done with each opinion (bảng tiếp thu, giải trình): row by row, with a link to the new draft."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import OpinionGroup, OpinionReply, Slip, Stance
from app.workflows import next_drafts, slips, synthesis
from app.workflows.engine.errors import BadValue, NotFound, WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.text import block
from app.workflows.engine.transaction import use_case
from app.workflows.engine.words import word
from app.workflows.rules.canonical import canonical, digest
from app.workflows.rules.explanations import Explained, Gap, gap, gaps
from app.workflows.rules.passages import MOST_QUOTE, PATH, Passage, judge_link, passages, words_of
from app.workflows.slip_facts import ExplanationsSubmitted, ExplanationsTakenBack, record_slip
from app.workflows.synthesis import Row, Synthesis

LONGEST_EXPLANATION, MOST_NAMED = 10_000, 20
NOTHING_SAID = Explained()


class BadExplanation(BadValue):
    code, field = "bad_explanation", "explanation"
    message = _("The explanation has more than 10,000 letters, or holds signs that are not shown.")


class BadLink(BadValue):
    code, field = "bad_link", "quote"
    message = _("A link names a passage of the new draft and quotes up to 2,000 letters of it.")


class NoNewDraft(BadValue):
    code, field = "no_new_draft", "path"
    message = _("There is no new draft yet; write it first.")


class SavedMeanwhile(WorkflowError):
    code = "saved_meanwhile"
    message = _("Somebody else saved this row meanwhile. What you typed stays here; read the other text first.")


class RowsOpen(WorkflowError):
    code = "rows_open"
    http_status = 422
    message = _("The table cannot be submitted: %(rows)s.")


class NotSubmitted(WorkflowError):
    code = "not_submitted"
    message = _("The table of explanations is not submitted.")


@dataclass(frozen=True)
class Reply:
    """What is typed in one row; `path` and `quote` both or neither."""

    stance: Stance | None = None
    explanation: str = ""
    path: str = ""
    quote: str = ""


@dataclass(frozen=True)
class TableRow:
    """A row of the table: the opinions, what is said of them, why it cannot be submitted, and where its link leads.

    `elsewhere` is the passage to which the quoted words have moved; `version` counts how often the row was saved.
    """

    row: Row
    said: Explained
    version: int
    gap: Gap | None
    passage: Passage | None
    elsewhere: Passage | None


@dataclass(frozen=True)
class ExplanationTable:
    """`choices` are the passages of the new draft that a row can point to; `needs_links` where a draft was sent."""

    synthesis: Synthesis
    rows: tuple[TableRow, ...]
    choices: tuple[Passage, ...]
    needs_links: bool

    @property
    def open_rows(self) -> list[TableRow]:
        return [row for row in self.rows if row.gap is not None]


def table_of(actor: Actor, slip_id: int) -> ExplanationTable:
    """The table for those who see the board, every link judged against the newest draft."""
    found = synthesis.synthesis_of(actor, slip_id)
    draft = next_drafts.text_linked_to(found.slip)
    replies = _replies(found.slip)
    choices = {one.path: one for one in passages(draft)} if draft else {}
    rows = []
    for row in found.rows:
        reply = replies.get(row.leader_id)
        said = _explained(reply)
        why = gap(said, draft)
        _state, where = judge_link(draft, said.path, said.quote) if draft and said.path else (None, None)
        moved = where if why is Gap.MOVED_LINK else None
        rows.append(TableRow(row, said, reply.version if reply else 0, why, choices.get(said.path), moved))
    return ExplanationTable(found, tuple(rows), tuple(choices.values()), draft is not None)


@use_case
def save_reply(
    actor: Actor, slip_id: int, leader_id: int, typed: Reply, known: int, now: dt.datetime
) -> OpinionReply:
    """Keep what is typed in a row, complete or not; `known` is the version it was typed over, 0 for a first one.

    SavedMeanwhile when somebody was faster, so that nobody's words are lost.
    """
    slip = synthesis.changeable(actor, slip_id)
    leads = select(OpinionGroup.opinion_id).where(OpinionGroup.slip_id == slip.id, OpinionGroup.leader_id == leader_id)
    if db.session.scalar(leads.limit(1)) is None:
        raise NotFound(slip)
    reply = db.session.get(OpinionReply, leader_id, populate_existing=True)
    if (reply.version if reply else 0) != known:
        raise SavedMeanwhile(slip, version=reply.version if reply else 0)
    if reply is None:
        reply = OpinionReply(leader_id=leader_id, body_id=slip.body_id, slip_id=slip.id)
    reply.stance, reply.explanation = typed.stance, _explanation(slip, typed.explanation)
    reply.path, reply.quote = _link(slip, typed.path, typed.quote)
    draft = next_drafts.newest(slip) if reply.path else None
    reply.document_version_id = draft.id if draft else None
    reply.version, reply.by_id, reply.at = known + 1, actor.person_id, now
    db.session.add(reply)
    db.session.flush()
    return reply


def judged(reply: OpinionReply) -> Gap | None:
    """Why a row that was just saved cannot be submitted yet; None for a complete one."""
    return gap(_explained(reply), next_drafts.text_linked_to(db.session.get_one(Slip, reply.slip_id)))


@use_case
def submit_explanations(actor: Actor, slip_id: int, now: dt.datetime) -> Slip:
    """Submit the table; refused while a row is empty or its link is broken, naming the rows (rule:R66)."""
    slip = synthesis.changeable(actor, slip_id)
    found = synthesis.synthesis_of(actor, slip_id)
    synthesis.refuse_differing(found)
    replies = _replies(slip)
    said = [_explained(replies.get(row.leader_id)) for row in found.rows]
    if why := gaps(said, next_drafts.text_linked_to(slip)):
        raise RowsOpen(slip, rows=_named(why), numbers=list(why))
    found.table.submitted_at, found.table.submitted_by_id = now, actor.person_id
    content = canonical([_content(row, each) for row, each in zip(found.rows, said, strict=True)])
    record_slip(actor, slip, ExplanationsSubmitted, now, rows=len(said), sha256=digest(content))
    return slip


@use_case
def take_back_explanations(actor: Actor, slip_id: int, reason: str, now: dt.datetime) -> Slip:
    """Work on a submitted table again, before the outcome was reported."""
    slip = slips.locked(actor, slip_id)
    actor.require(Right.SLIP_RUN, slip)
    listed = synthesis.listed_of(slip)
    slips.require_state(slip, slips.CLOSED)
    if listed.submitted_at is None:
        raise NotSubmitted(slip)
    why = slips.reason_of(slip, reason)
    listed.submitted_at = listed.submitted_by_id = None
    record_slip(actor, slip, ExplanationsTakenBack, now, reason=why)
    return slip


def _replies(slip: Slip) -> dict[int, OpinionReply]:
    rows = db.session.scalars(select(OpinionReply).where(OpinionReply.slip_id == slip.id))
    return {row.leader_id: row for row in rows}


def _explained(reply: OpinionReply | None) -> Explained:
    if reply is None:
        return NOTHING_SAID
    stance = reply.stance.value if reply.stance else None
    return Explained(stance, reply.explanation, reply.path, reply.quote)


def _explanation(slip: Slip, text: str) -> str:
    clean = block(slip, text, "explanation", LONGEST_EXPLANATION, wanted=False, refusal=BadExplanation)
    return slips.shown(slip, clean, BadExplanation)


def _link(slip: Slip, path: str, quote: str) -> tuple[str, str]:
    """Place and words of a link, or two empty texts; whether it holds is judged whenever it is read."""
    if not path and not quote.strip():
        return "", ""
    if next_drafts.newest(slip) is None:
        raise NoNewDraft(slip)
    try:
        words = words_of(quote)
    except ValueError as odd:
        raise BadLink(slip) from odd
    if PATH.fullmatch(path) is None or len(words) > MOST_QUOTE:
        raise BadLink(slip)
    return path, slips.shown(slip, words, BadLink)


def _named(why: dict[int, Gap]) -> str:
    """ "dòng 3: phần giải trình còn trống; dòng 7: …", the first twenty of them."""
    named = [str(_("row %(number)s: %(why)s")) % {"number": number, "why": word(reason)}
             for number, reason in list(why.items())[:MOST_NAMED]]  # fmt: skip
    if len(why) > MOST_NAMED:
        named.append(str(_("and %(n)s more rows")) % {"n": len(why) - MOST_NAMED})
    return "; ".join(named)


def _content(row: Row, said: Explained) -> list[object]:
    sources: Sequence[int] = [source.opinion_id for source in row.sources]
    return [row.number, list(sources), said.stance, said.explanation, said.path, said.quote]
