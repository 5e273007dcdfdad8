"""A slip brought to a session (đưa ra phiên họp): for a decision there, or to report what was decided without one."""

import datetime as dt

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import (
    AgendaItem,
    Document,
    DocumentVersion,
    DraftText,
    ItemKind,
    Meeting,
    MeetingState,
    Slip,
    SlipDecision,
    SlipPaper,
    SlipWay,
)
from app.workflows import agenda, next_drafts, polls, slips
from app.workflows.engine.errors import BadValue, WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import use_case
from app.workflows.engine.visibility import seen, visible
from app.workflows.rules.canonical import parse_canonical
from app.workflows.rules.slip_ways import may_be_brought, told_to_session
from app.workflows.slip_facts import SlipToldToSession, record_slip

TAKING = tuple(state for state in MeetingState if may_be_brought(state.value))
MINUTES, MINUTES_TOLD = 15, 5
TOLD = "Báo cáo việc quyết định sau khi lấy ý kiến bằng phiếu: "


class NoSession(BadValue):
    code, field = "no_session", "meeting_id"
    message = _("Choose a session that has not begun.")


class NothingToTell(WorkflowError):
    code = "nothing_to_tell"
    message = _("Only what was decided by a signature instead of a session is reported to the next one, and once.")


def sessions_for(actor: Actor, slip: Slip) -> list[Meeting]:
    """Meetings of the body that can still take the matter in, the next one first."""
    rows = select(Meeting).where(Meeting.body_id == slip.body_id, Meeting.state.in_(TAKING), visible(actor, Meeting))
    return list(db.session.scalars(rows.order_by(Meeting.starts_at, Meeting.id)))


def items_of(actor: Actor, slip: Slip) -> list[AgendaItem]:
    """Where the matter was brought to a session, as far as this person may see it."""
    rows = select(AgendaItem).where(AgendaItem.slip_id == slip.id, visible(actor, AgendaItem))
    return list(db.session.scalars(rows.order_by(AgendaItem.id)))


@use_case
def tell_session(actor: Actor, slip_id: int, meeting_id: int, now: dt.datetime) -> AgendaItem:
    """Put the report on what the head decided to sign on the agenda of a session, where none has it yet (rule:R12)."""
    actor.require(Right.MEETING_PREPARE, seen(actor, Slip, slip_id))
    meeting = held_session(actor, meeting_id)
    slip = slips.locked(actor, slip_id)
    if not may_be_told(slip):
        raise NothingToTell(slip)
    item = tell(actor, slip, meeting, now)
    record_slip(actor, slip, SlipToldToSession, now, meeting_id=meeting.id, item_id=item.id)
    return item


def may_be_told(slip: Slip) -> bool:
    """Whether a decision to sign stands that no session was told of."""
    decided = db.session.get(SlipDecision, slip.id)
    told = select(AgendaItem.id).where(AgendaItem.slip_id == slip.id)
    return decided is not None and decided.way is SlipWay.SUBMIT and db.session.scalar(told.limit(1)) is None


def held_session(actor: Actor, meeting_id: int | None) -> Meeting:
    """A session that has not begun, held until the end of the transaction; meetings are held before slips."""
    meeting = polls.locked_meeting(seen(actor, Meeting, meeting_id or 0).id)
    if meeting.state not in TAKING:
        raise NoSession(meeting)
    return meeting


def next_session(actor: Actor, slip: Slip, now: dt.datetime) -> Meeting | None:
    """The session that is told of an urgent decision, held; None where none is called, or it is no urgent matter."""
    if not told_to_session(slip.urgency.value):
        return None
    coming = next((each.id for each in sessions_for(actor, slip) if each.starts_at > now), None)
    meeting = polls.locked_meeting(coming) if coming is not None else None
    return meeting if meeting is not None and meeting.state in TAKING else None


def tell(actor: Actor, slip: Slip, meeting: Meeting, now: dt.datetime) -> AgendaItem:
    """An item that reports what was decided; inside an act that holds both."""
    _same_body(slip, meeting)
    title = f"{TOLD}{slip.matter}"[: agenda.LONGEST_TITLE]
    values = _values(slip) | {"title": title, "kind": ItemKind.REPORT, "planned_minutes": MINUTES_TOLD}
    return agenda.append_item(actor, meeting, values, now, slip_id=slip.id)


def bring(actor: Actor, slip: Slip, meeting: Meeting, now: dt.datetime) -> AgendaItem:
    """An item of the session with the papers of the slip; what members answered stays with the slip (rule:R9).

    Where the table of explanations is submitted, the draft that came of it is the current version of its paper.
    """
    _same_body(slip, meeting)
    values = _values(slip) | {"title": slip.matter, "kind": ItemKind.DECISION, "planned_minutes": MINUTES}
    item = agenda.append_item(actor, meeting, values, now, slip_id=slip.id)
    mended = next_drafts.accepted(slip)
    for position, pinned in enumerate(slip.papers, start=1):
        _lay(item, pinned, position, mended if pinned.draft else None)
    db.session.flush()
    return item


def _same_body(slip: Slip, meeting: Meeting) -> None:
    if meeting.body_id != slip.body_id:
        raise NoSession(slip)


def _values(slip: Slip) -> dict[str, object]:
    sentence = parse_canonical(slip.result or b"")["sentence"]
    return {"organisation_id": slip.organisation_id, "summary": sentence}


def _lay(item: AgendaItem, pinned: SlipPaper, position: int, mended: DocumentVersion | None) -> None:
    """The very file that went with the slip as the first version of a paper of the item, the later draft after it."""
    old = pinned.version
    document = Document(
        body_id=item.body_id, meeting_id=item.meeting_id, item_id=item.id, kind=old.document.kind,
        title=old.document.title, title_fold=old.document.title_fold, paper_number="", position=position,
    )  # fmt: skip
    db.session.add(document)
    db.session.flush()
    for number, version in enumerate([old, mended] if mended else [old], start=1):
        _copy(document, version, number)


def _copy(document: Document, old: DocumentVersion, number: int) -> None:
    version = DocumentVersion(
        body_id=document.body_id, meeting_id=document.meeting_id, document=document, number=number, sha256=old.sha256,
        size=old.size, pages=old.pages, file_name=old.file_name, content=old.content, content_fold=old.content_fold,
        uploaded_by_id=old.uploaded_by_id, uploaded_at=old.uploaded_at,
    )  # fmt: skip
    db.session.add(version)
    db.session.flush()
    if (text := db.session.get(DraftText, old.id)) is not None:
        db.session.add(DraftText(version_id=version.id, body_id=version.body_id, text=text.text, sha256=text.sha256))
