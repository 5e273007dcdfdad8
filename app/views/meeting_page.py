"""What the page of a meeting shows to one person: programme, papers, participants, the own answer."""

import datetime as dt
from collections import defaultdict
from typing import Any

from flask import url_for
from flask_babel import format_time
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from app.extensions import db
from app.models import (
    Absence,
    AbsenceState,
    AgendaItem,
    Document,
    DocumentVersion,
    ItemState,
    Meeting,
    MeetingState,
    Outcome,
    Poll,
    PollState,
    Seat,
    Secrecy,
)
from app.views.evidence import shown_result
from app.views.exports_card import dossier_card
from app.views.meeting_people import attendance, composition, own_answer
from app.views.minutes_card import minutes_card
from app.views.resolution_offer import course_strip
from app.views.slip_report_page import slip_url
from app.views.vote_card import voted
from app.workflows import evidence, polls
from app.workflows.attendance import ANSWERABLE
from app.workflows.engine.errors import NotFound
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.visibility import nothing, visible
from app.workflows.engine.words import word
from app.workflows.entitlement import Standing, entitlement_of

KINDS_OF_MEETING = {
    MeetingState.DRAFT: "", MeetingState.INVITED: "info", MeetingState.OPEN: "now", MeetingState.ADJOURNED: "warn",
    MeetingState.CLOSED: "", MeetingState.POSTPONED: "warn", MeetingState.CANCELLED: "bad",
}  # fmt: skip
KINDS_OF_OUTCOME = {
    Outcome.ADOPTED: "ok", Outcome.NOT_ADOPTED: "bad", Outcome.TIE_CONFIRM: "warn", Outcome.UNDECIDED: "warn"
}  # fmt: skip
RUNNING = frozenset({MeetingState.INVITED, MeetingState.OPEN, MeetingState.ADJOURNED})


def meeting_page(actor: Actor, meeting_id: int, now: dt.datetime) -> dict[str, Any]:
    """The context of templates/ec/meeting.html; NotFound for whoever may not see the meeting."""
    meeting = _read(actor, meeting_id)
    items = _items(actor, meeting)
    asked = _absences(actor, meeting)
    return {
        "meeting": _head(actor, meeting, items),
        "open_poll": _open_poll(actor, meeting, now),
        "course": course_strip(actor, meeting.id, now),
        "me": own_answer(actor, meeting, now),
        "absences": asked,
        "agenda": _agenda(actor, meeting, items, now),
        "attendance": attendance(meeting),
        "composition": composition(meeting),
        "minutes": minutes_card(actor, meeting),
        "dossier": dossier_card(actor, meeting),
    }


def _read(actor: Actor, meeting_id: int) -> Meeting:
    rows = select(Meeting).where(Meeting.id == meeting_id, visible(actor, Meeting))
    seats = selectinload(Meeting.seats)
    rows = rows.options(seats.joinedload(Seat.person), seats.joinedload(Seat.stands_in_for))
    meeting = db.session.scalars(rows).one_or_none()
    if meeting is None:
        raise NotFound(nothing(actor, Meeting, meeting_id))
    return meeting


def ends_at(meeting: Meeting) -> dt.datetime:
    return meeting.closed_at or meeting.starts_at + dt.timedelta(minutes=meeting.planned_minutes)


def chair_of(meeting: Meeting) -> str:
    seat = next((seat for seat in meeting.seats if seat.person_id == meeting.chair_id), None)
    return f"{seat.post} {seat.person.full_name}" if seat else _("not named yet")


def seat_of(actor: Actor, meeting: Meeting) -> Seat | None:
    return next((seat for seat in meeting.seats if seat.person_id == actor.person_id), None)


def _head(actor: Actor, meeting: Meeting, items: list[AgendaItem]) -> dict[str, Any]:
    presides = any(item.chair_id == actor.person_id for item in items if item.chair_id)
    runs = meeting.state in RUNNING and (presides or actor.may(Right.MEETING_RUN, meeting))
    return {
        "id": meeting.id, "title": meeting.title, "number": str(word(meeting.kind)),
        "state_label": word(meeting.state), "state_kind": KINDS_OF_MEETING[meeting.state],
        "starts_at": meeting.starts_at, "ends_at": ends_at(meeting), "place": meeting.place,
        "chair": chair_of(meeting), "version": meeting.version, "live": meeting.state in ANSWERABLE,
        "snapshot_url": f"/meetings/{meeting.id}/snapshot", "notice": _notice(meeting), "acts": [],
        "conference_url": meeting.conference_url if seat_of(actor, meeting) and meeting.state in RUNNING else "",
        "cockpit_url": f"/meetings/{meeting.id}/cockpit" if runs else None,
    }  # fmt: skip


def _notice(meeting: Meeting) -> str:
    reason = meeting.state_reason
    return {
        MeetingState.ADJOURNED: _("The meeting is adjourned. Reason: %(reason)s", reason=reason),
        MeetingState.POSTPONED: _("The meeting is postponed. Reason: %(reason)s", reason=reason),
        MeetingState.CANCELLED: _("The meeting is cancelled. Reason: %(reason)s", reason=reason),
    }.get(meeting.state, "")


def _open_poll(actor: Actor, meeting: Meeting, now: dt.datetime) -> dict[str, Any] | None:
    rows = select(Poll).where(Poll.meeting_id == meeting.id, Poll.state == PollState.OPEN, visible(actor, Poll))
    poll = next((one for one in db.session.scalars(rows) if polls.takes_ballots(one, now)), None)
    if poll is None:
        return None
    return {
        "question": poll.question, "item": poll.item.position, "url": url_for("VoteView.card", poll_id=poll.id),
        "members": len(poll.roll), "voted": voted(poll), "voted_by_me": actor.person_id in polls.standing(poll),
        "may_vote": entitlement_of(actor, poll, now).standing in (Standing.VOTES, Standing.LOCKED),
    }  # fmt: skip


def _absences(actor: Actor, meeting: Meeting) -> list[dict[str, Any]]:
    """Requests that wait for this person's decision."""
    if not actor.may(Right.ABSENCE_DECIDE, meeting) or meeting.state not in ANSWERABLE:
        return []
    rows = select(Absence).where(Absence.meeting_id == meeting.id, Absence.state == AbsenceState.REQUESTED)
    seats = {seat.person_id: seat for seat in meeting.seats}
    return [
        {
            "id": one.id, "abbreviation": seats[one.member_id].abbreviation, "post": seats[one.member_id].post,
            "name": one.member.full_name, "reason": one.reason,
            "substitute": one.substitute.full_name if one.substitute else None,
            "decide_url": url_for("AbsenceView.decide", absence_id=one.id),
        }
        for one in db.session.scalars(rows.order_by(Absence.requested_at))
    ]  # fmt: skip


def _items(actor: Actor, meeting: Meeting) -> list[AgendaItem]:
    rows = select(AgendaItem).where(AgendaItem.meeting_id == meeting.id, visible(actor, AgendaItem))
    return list(db.session.scalars(rows.options(joinedload(AgendaItem.organisation)).order_by(AgendaItem.position)))


def _agenda(actor: Actor, meeting: Meeting, items: list[AgendaItem], now: dt.datetime) -> list[dict[str, Any]]:
    papers, printed = _papers(actor, meeting)
    asked = _polls(actor, meeting, now)
    times = _times(meeting)
    shown = [
        {
            "id": item.id, "position": item.position, "title": item.title,
            "abbreviation": item.organisation.abbreviation if item.organisation else "",
            "kind_label": word(item.kind), "time_label": times[item.id],
            "duration_label": _("%(n)s min.", n=item.planned_minutes), "summary": item.summary,
            "slip_url": slip_url(actor, item),
            "state_label": None if item.state is ItemState.PLANNED else word(item.state),
            "state_kind": "now" if item.state is ItemState.CURRENT else "", "current": item.state is ItemState.CURRENT,
            "papers": papers[item.id], "secrets": printed[item.id], "polls": asked[item.id],
        }
        for item in items
    ]  # fmt: skip
    return [{"items": shown}] if shown else []


def _times(meeting: Meeting) -> dict[int, str]:
    """When each item is planned to begin, from the start of the meeting and the planned minutes before it."""
    rows = select(AgendaItem.id, AgendaItem.planned_minutes).where(AgendaItem.meeting_id == meeting.id)
    at, found = meeting.starts_at, {}
    for item_id, minutes in db.session.execute(rows.order_by(AgendaItem.position)):
        found[item_id] = format_time(at, "HH:mm")
        at += dt.timedelta(minutes=minutes)
    return found


def _papers(actor: Actor, meeting: Meeting) -> tuple[dict[int, Any], dict[int, Any]]:
    """By item: papers with a file, and placeholders for those handed out in print."""
    rows = select(Document).where(Document.meeting_id == meeting.id, visible(actor, Document))
    rows = rows.options(selectinload(Document.versions)).order_by(Document.item_id, Document.position)
    papers: dict[int, list[dict[str, Any]]] = defaultdict(list)
    printed: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for paper in db.session.scalars(rows):
        if paper.secrecy is not Secrecy.NONE:
            printed[paper.item_id].append(_printed(paper))
        elif paper.current:
            papers[paper.item_id].append(_paper(paper, paper.current, meeting))
    return papers, printed


def _paper(paper: Document, version: DocumentVersion, meeting: Meeting) -> dict[str, Any]:
    late = meeting.invited_at is not None and version.uploaded_at > meeting.invited_at
    url = url_for("PaperView.reader", version_id=version.id)
    return {"title": paper.title, "url": url, "pages": version.pages, "version": version.number, "late": late}


def _printed(paper: Document) -> dict[str, Any]:
    text = _("%(title)s – handed out in print, copy no. %(number)s. Not kept in this system.",
             title=paper.title, number=paper.paper_number)  # fmt: skip
    return {"stamp": str(word(paper.secrecy)).upper(), "text": text}


def _polls(actor: Actor, meeting: Meeting, now: dt.datetime) -> dict[int, list[dict[str, Any]]]:
    rows = select(Poll).where(Poll.meeting_id == meeting.id, Poll.state != PollState.DRAFT, visible(actor, Poll))
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for poll in db.session.scalars(rows.order_by(Poll.id)):
        outcome = (poll.confirmed_outcome or poll.outcome) if evidence.may_see_result(actor, poll) else None
        kind = "now" if polls.takes_ballots(poll, now) else "bad" if poll.state is PollState.ANNULLED else ""
        found[poll.item_id].append(
            {
                "question": poll.question, "url": url_for("VoteView.card", poll_id=poll.id),
                "state_label": word(outcome) if outcome else polls.state_word(poll, now),
                "state_kind": KINDS_OF_OUTCOME[outcome] if outcome else kind,
                "result": shown_result(actor, poll) if poll.state is PollState.PUBLISHED else None,
            }
        )  # fmt: skip
    return found
