"""Reminders (nhắc việc): who has not answered an invitation is told again, with his aides, until he has."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select

from app.extensions import db
from app.models import AuditEntry, Meeting, MeetingState, MemberStaff, Notice, Reply, Seat
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.rules.calendar import hanoi_date

BEFORE = (dt.timedelta(hours=72), dt.timedelta(hours=24), dt.timedelta(hours=4))  # the opening
FRESH = dt.timedelta(hours=12)  # who was invited a moment ago is not reminded yet


@dataclass(frozen=True)
class InvitationReminded(Fact):
    """`step` is the number of hours before the opening."""

    meeting_id: int
    member_id: int
    starts_at: dt.datetime
    step: int


def due_steps(body_id: int, now: dt.datetime) -> dict[tuple[int, int], dt.datetime]:
    """Steps that are due, by (meeting, hours before): the latest one only, and its time."""
    rows = select(Meeting).where(
        Meeting.body_id == body_id, Meeting.state == MeetingState.INVITED, Meeting.starts_at > now
    )
    found = {}
    for meeting in db.session.scalars(rows.where(Meeting.starts_at <= now + max(BEFORE))):
        passed = [span for span in BEFORE if meeting.starts_at - span <= now]
        at = meeting.starts_at - min(passed)
        if meeting.invited_at is None or at - meeting.invited_at >= FRESH:
            found[meeting.id, int(min(passed).total_seconds() // 3600)] = meeting.starts_at
    return found


def silent(meeting_id: int) -> list[int]:
    """Seats of a called meeting whose people have not answered, in order."""
    rows = select(Seat.id).join(Meeting).where(Meeting.id == meeting_id, Meeting.state == MeetingState.INVITED)
    return list(db.session.scalars(rows.where(Seat.reply == Reply.NONE).order_by(Seat.id)))


@use_case
def remind(actor: Actor, seat_id: int, step: int, now: dt.datetime) -> bool:
    """Record that somebody is reminded of an invitation; False when he has answered, or was reminded at this step."""
    seat = db.session.get_one(Seat, seat_id, with_for_update=True)
    meeting = db.session.get_one(Meeting, seat.meeting_id)
    if meeting.state is not MeetingState.INVITED or seat.reply is not Reply.NONE or now >= meeting.starts_at:
        return False
    told = select(AuditEntry).where(
        AuditEntry.fact == InvitationReminded.__name__, AuditEntry.subject_type == Seat.__tablename__,
        AuditEntry.subject_id == seat.id,
    )  # fmt: skip
    starts_at = meeting.starts_at
    before = {(each.payload["step"], each.payload["starts_at"]) for each in db.session.scalars(told)}
    if (step, starts_at.astimezone(dt.UTC).isoformat()) in before:
        return False
    fact = InvitationReminded.about(
        seat, meeting_id=meeting.id, member_id=seat.person_id, starts_at=starts_at, step=step
    )
    record(actor, fact, now)
    return True


def still_silent(notice: Notice, now: dt.datetime) -> bool:
    """Whether a reminder is worth sending still: the seat it speaks of has no answer, and the session has not begun.

    Whoever helped its member is not bothered any more.
    """
    seat = db.session.get(Seat, notice.details["subject_id"])
    meeting = db.session.get(Meeting, notice.meeting_id or 0)
    if seat is None or meeting is None or seat.reply is not Reply.NONE:
        return False
    concerned = notice.person_id == seat.person_id or helps(notice.person_id, seat.person_id, meeting.body_id, now)
    return concerned and meeting.state is MeetingState.INVITED and now < meeting.starts_at


def helps(aide_id: int, member_id: int, body_id: int, now: dt.datetime) -> bool:
    """Whether somebody is an aide of a member in a body at that moment."""
    link = (MemberStaff.aide_id == aide_id, MemberStaff.member_id == member_id, MemberStaff.body_id == body_id)
    day = hanoi_date(now)
    rows = select(MemberStaff.id).where(*link, MemberStaff.valid_from <= day, MemberStaff.valid_to > day)
    return db.session.scalar(rows.limit(1)) is not None
