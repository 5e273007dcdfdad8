"""What the clerk sees of one meeting: agenda, papers, questions, seats, absences, and what is still to be done."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from app.extensions import db
from app.models import (
    Absence,
    AgendaItem,
    Document,
    DocumentKind,
    ItemKind,
    ItemState,
    Meeting,
    MeetingState,
    Poll,
    Reply,
    Seat,
    SeatRole,
    Secrecy,
)
from app.views.records import Step, may
from app.workflows import meetings
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.visibility import visible

OVER = (MeetingState.CLOSED, MeetingState.CANCELLED)


@dataclass(frozen=True)
class DeskItem:
    """An agenda item with what belongs to it and what can be done with it."""

    item: AgendaItem
    papers: list[Document]
    polls: list[Poll]
    steps: list[Step]


@dataclass(frozen=True)
class Todo:
    """One line of the way to the invitation: what, how far, done or not."""

    label: Any
    said: Any
    done: bool
    url: str = ""


@dataclass(frozen=True)
class Desk:
    items: list[DeskItem]
    seats: list[Seat]
    absences: list[Absence]
    replies: dict[Reply, int]
    todos: list[Todo]
    steps: list[Step]
    main: Step | None
    may_prepare: bool


def desk_of(meeting: Meeting, actor: Actor) -> Desk:
    """Everything about a meeting in six statements, however long its agenda is."""
    items = _items(meeting, actor)
    seats = list(db.session.scalars(
        select(Seat).where(Seat.meeting_id == meeting.id, visible(actor, Seat))
        .options(joinedload(Seat.person)).order_by(Seat.position, Seat.id)
    ))  # fmt: skip
    absences = list(db.session.scalars(
        select(Absence).where(Absence.meeting_id == meeting.id, visible(actor, Absence))
        .options(joinedload(Absence.member), joinedload(Absence.substitute)).order_by(Absence.id.desc())
    ))  # fmt: skip
    replies: dict[Reply, int] = defaultdict(int)
    for seat in seats:
        replies[seat.reply] += 1
    todos = _todos(meeting, items, seats)
    may_prepare = actor.may(Right.MEETING_PREPARE, meeting) and meeting.state not in OVER
    steps = _steps(meeting, actor)
    main = next((step for step in steps if step.look in ("act", "primary")), None)
    return Desk(items, seats, absences, replies, todos, [s for s in steps if s is not main], main, may_prepare)


def _items(meeting: Meeting, actor: Actor) -> list[DeskItem]:
    items = list(db.session.scalars(
        select(AgendaItem).where(AgendaItem.meeting_id == meeting.id, visible(actor, AgendaItem))
        .options(joinedload(AgendaItem.organisation)).order_by(AgendaItem.position)
    ))  # fmt: skip
    papers: dict[int, list[Document]] = defaultdict(list)
    rows = select(Document).where(Document.meeting_id == meeting.id, visible(actor, Document))
    for paper in db.session.scalars(rows.options(selectinload(Document.versions)).order_by(Document.position)):
        papers[paper.item_id].append(paper)
    polls: dict[int, list[Poll]] = defaultdict(list)
    questions = select(Poll).where(Poll.meeting_id == meeting.id, visible(actor, Poll))
    for poll in db.session.scalars(questions.order_by(Poll.id)):
        polls[poll.item_id].append(poll)
    last = len(items)
    return [
        DeskItem(item, papers[item.id], polls[item.id], _item_steps(item, meeting, actor, last, papers, polls))
        for item in items
    ]


def _item_steps(
    item: AgendaItem, meeting: Meeting, actor: Actor, last: int, papers: dict[int, Any], polls: dict[int, Any]
) -> list[Step]:
    if not actor.may(Right.MEETING_PREPARE, item) or meeting.state in OVER or item.state is ItemState.DONE:
        return []
    here = f"/records/items/{item.id}"
    steps = []
    if item.position > 1:
        steps.append(Step(_("Move up"), f"{here}/move/{item.position - 1}", icon="chevron-up"))
    if item.position < last:
        steps.append(Step(_("Move down"), f"{here}/move/{item.position + 1}", icon="chevron-down"))
    steps.append(Step(_("Edit"), f"{here}/edit", href=True, icon="edit"))
    if item.state is ItemState.PLANNED and not papers[item.id] and not polls[item.id]:
        steps.append(Step(_("Remove"), f"{here}/delete", icon="trash", confirm=_("Take this item off the agenda?")))
    return steps


def _todos(meeting: Meeting, items: list[DeskItem], seats: list[Seat]) -> list[Todo]:
    """The five things an invitation needs, in the order in which they are usually done."""
    papers = [paper for each in items for paper in each.papers]
    waiting = [paper for paper in papers if paper.secrecy is Secrecy.NONE and not paper.versions]
    decisions = [each for each in items if each.item.kind is ItemKind.DECISION]
    drafts = [each for each in decisions if any(p.kind is DocumentKind.DRAFT_RESOLUTION for p in each.papers)]
    chair = any(seat.role is SeatRole.CHAIR for seat in seats)
    invited = meeting.invited_at is not None
    return [
        Todo(_("Agenda"), _("%(count)s items", count=len(items)), bool(items)),
        Todo(_("Papers"), _("%(done)s of %(all)s uploaded", done=len(papers) - len(waiting), all=len(papers)),
             bool(papers) and not waiting),
        Todo(_("Draft Resolutions"), _("%(done)s of %(all)s decisions", done=len(drafts), all=len(decisions)),
             len(drafts) == len(decisions)),
        Todo(_("Seats"), _("%(count)s people, a chair", count=len(seats)) if chair
             else _("%(count)s people, no chair", count=len(seats)), chair),
        Todo(_("Invitation"), _("issued") if invited else _("not issued"), invited),
    ]  # fmt: skip


def _steps(meeting: Meeting, actor: Actor) -> list[Step]:
    here, steps = f"/records/meetings/{meeting.id}", []
    reason = (("reason", _("Reason"), "text"),)
    if may(actor, meeting, meetings.LIFECYCLE, "invite"):
        sure = _("Everybody seated is called to the meeting. Issue the invitation now?")
        steps.append(Step(_("Issue the invitation"), f"{here}/invite", look="act", confirm=sure))
    if may(actor, meeting, meetings.LIFECYCLE, "reschedule"):
        when = (("starts_at", _("New day and time (day/month/year hour:minute)"), "line"),)
        steps.append(Step(_("Call for another time"), f"{here}/reschedule", look="primary", ask=when))
    if meeting.state in meetings.BEFORE and actor.may(Right.MEETING_PREPARE, meeting):
        steps.append(Step(_("Edit the meeting"), f"{here}/edit", href=True, icon="edit"))
        steps.append(Step(_("Fill the seats from the roll"), f"{here}/refill", icon="group"))
        add = url_for("SeatRecords.add", _flt_0_meeting_id=meeting.id)
        steps.append(Step(_("Add a guest or a secretary"), add, href=True, icon="user-plus"))
    if meeting.state is not MeetingState.DRAFT:
        steps.append(Step(_("Page of the members"), f"/meetings/{meeting.id}", href=True, icon="eye"))
    if meeting.state not in (MeetingState.DRAFT, MeetingState.CANCELLED) and actor.may(Right.MEETING_RUN, meeting):
        steps.append(Step(_("Chair's desk"), f"/meetings/{meeting.id}/cockpit", href=True, icon="gavel"))
    if may(actor, meeting, meetings.LIFECYCLE, "postpone"):
        steps.append(Step(_("Postpone"), f"{here}/postpone", ask=reason, icon="clock"))
    if may(actor, meeting, meetings.LIFECYCLE, "cancel"):
        steps.append(Step(_("Cancel the meeting"), f"{here}/cancel", ask=reason, icon="times"))
    return steps
