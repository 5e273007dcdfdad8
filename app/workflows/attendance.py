"""Who comes, who sits in, who is here: answers to the invitation, absences with substitutes, presence."""

import datetime as dt
from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import (
    Absence,
    AbsenceState,
    Appointment,
    Meeting,
    MeetingState,
    Office,
    Presence,
    Reply,
    Seat,
    SeatRole,
)
from app.workflows.engine.errors import BadValue, NotAllowed, NotFound, WorkflowError, WrongState
from app.workflows.engine.moves import Lifecycle, Move
from app.workflows.engine.rights import SAID, Actor, Right
from app.workflows.engine.text import block
from app.workflows.engine.transaction import MeetingFact, record_live, use_case
from app.workflows.engine.visibility import seen
from app.workflows.engine.words import word
from app.workflows.polls import locked_meeting

REQUESTED, APPROVED, REFUSED, WITHDRAWN = AbsenceState
ANSWERABLE = frozenset({MeetingState.INVITED, MeetingState.OPEN, MeetingState.ADJOURNED})
LONGEST_REASON = 1000


class ReasonMissing(BadValue):
    code, field = "no_reason", "reason"
    message = _("Write the reason for the absence.")


class ReasonUnclean(BadValue):
    code, field = "reason_unclean", "reason"
    message = _("The reason is too long or contains invisible control characters.")


class NotOwnDeputy(BadValue):
    code, field = "not_own_deputy", "substitute_id"
    message = _("The substitute must be a deputy in your own organisation on the day of the meeting.")


class SubstituteTaken(BadValue):
    code, field = "substitute_taken", "substitute_id"
    message = _("This person already has a seat in this meeting.")


class HeadIsNotAbsent(WorkflowError):
    code = "absence_of_head"
    message = _("The head of the body does not ask for leave; hand the chair over instead.")


@dataclass(frozen=True)
class InvitationAnswered(MeetingFact):
    person_id: int
    reply: Reply


@dataclass(frozen=True)
class AbsenceRequested(MeetingFact):
    member_id: int
    substitute_id: int | None


@dataclass(frozen=True)
class AbsenceDecided(MeetingFact):
    member_id: int
    substitute_id: int | None
    approved: bool


@dataclass(frozen=True)
class PresenceChanged(MeetingFact):
    person_id: int
    presence: Presence


LIFECYCLE = Lifecycle(
    AbsenceState,
    #    name       from                              to         who may
    Move("approve",  frozenset({REQUESTED}),          APPROVED,  Right.ABSENCE_DECIDE),
    Move("refuse",   frozenset({REQUESTED}),          REFUSED,   Right.ABSENCE_DECIDE),
    Move("withdraw", frozenset({REQUESTED, APPROVED}), WITHDRAWN, Right.ABSENCE_ASK),
)  # fmt: skip


@use_case
def answer_invitation(actor: Actor, meeting_id: int, reply: Reply, now: dt.datetime) -> Seat:
    """Say that one comes, in the room or remotely; an absence asked for earlier is withdrawn."""
    meeting, seat = _own_seat(actor, meeting_id, Right.SEAT_REPLY)
    if reply not in (Reply.IN_ROOM, Reply.REMOTE):
        raise BadValue(meeting)
    if standing := standing_absence(meeting_id, seat.person_id):
        _withdraw(standing, meeting, now)
    seat.reply, seat.replied_at = reply, now
    record_live(actor, meeting, meeting, InvitationAnswered, now, person_id=seat.person_id, reply=reply)
    return seat


@use_case
def ask_absence(
    actor: Actor, meeting_id: int, reason: str, now: dt.datetime, substitute_id: int | None = None
) -> Absence:
    """A member asks to be absent and may name a deputy of the own organisation to sit in (rule:R6)."""
    meeting, seat = _own_seat(actor, meeting_id, Right.ABSENCE_ASK)
    if actor.holds(frozenset({Office.HEAD}), meeting.body_id):
        raise HeadIsNotAbsent(meeting)
    if substitute_id is not None:
        _check_substitute(meeting, seat, substitute_id)
    if standing := standing_absence(meeting_id, seat.person_id):
        _withdraw(standing, meeting, now)
        db.session.flush()
    absence = Absence(
        body_id=meeting.body_id, meeting=meeting, member_id=seat.person_id, substitute_id=substitute_id,
        reason=_clean_reason(meeting, reason), requested_at=now, state=REQUESTED,
    )  # fmt: skip
    db.session.add(absence)
    seat.reply, seat.replied_at, seat.presence, seat.present_since = Reply.ABSENT, now, Presence.AWAY, None
    db.session.flush()
    asked = {"member_id": seat.person_id, "substitute_id": substitute_id}
    record_live(actor, meeting, absence, AbsenceRequested, now, **asked)
    return absence


@use_case
def decide_absence(actor: Actor, absence_id: int, approved: bool, now: dt.datetime, reason: str = "") -> Absence:
    """The head of the body decides; with the consent the substitute gets a seat, the papers and the floor."""
    locked_meeting(seen(actor, Absence, absence_id).meeting_id)
    rows = select(Absence).where(Absence.id == absence_id).with_for_update()
    absence = db.session.execute(rows.execution_options(populate_existing=True)).scalar_one()
    meeting = absence.meeting
    move = LIFECYCLE.admit("approve" if approved else "refuse", absence, actor)
    if meeting.state not in ANSWERABLE:
        raise WrongState(meeting, state=word(meeting.state))
    text = _clean_reason(meeting, reason) if reason.strip() else ""
    move.apply(absence, decided_by_id=actor.person_id, decided_at=now, decision_reason=text)
    if approved and absence.substitute_id is not None:
        _seat_substitute(absence)
    decided = {"member_id": absence.member_id, "substitute_id": absence.substitute_id, "approved": approved}
    record_live(actor, meeting, absence, AbsenceDecided, now, **decided)
    return absence


@use_case
def confirm_presence(actor: Actor, meeting_id: int, presence: Presence, now: dt.datetime) -> Seat:
    """Check oneself in, in the room or remotely, or leave."""
    meeting, seat = _own_seat(actor, meeting_id, Right.PRESENCE_CONFIRM)
    _set_presence(actor, meeting, seat, presence, now)
    return seat


@use_case
def record_presence(
    actor: Actor, meeting_id: int, person_id: int, presence: Presence, now: dt.datetime
) -> Seat:
    """The secretary, the chair or a clerk checks somebody in or out (điểm danh)."""
    seen(actor, Meeting, meeting_id)
    meeting = locked_meeting(meeting_id)
    actor.require(Right.PRESENCE_RECORD, meeting)
    seat = _seat(meeting, person_id)
    if seat is None:
        raise NotFound(meeting)
    _set_presence(actor, meeting, seat, presence, now)
    return seat


def deputies_of(seat: Seat, meeting: Meeting) -> list[Appointment]:
    """Who may sit in for a member: deputies of the own organisation on the day of the meeting."""
    post = seat.appointment
    if post is None or post.organisation_id is None:
        return []
    rows = select(Appointment).where(
        Appointment.organisation_id == post.organisation_id, Appointment.office == Office.DEPUTY_MINISTER,
        Appointment.in_force(meeting.held_on), Appointment.person_id != seat.person_id,
    )  # fmt: skip
    return list(db.session.scalars(rows.order_by(Appointment.rank)))


def standing_absence(meeting_id: int, member_id: int) -> Absence | None:
    """The request of a member that waits or was granted."""
    rows = select(Absence).where(Absence.meeting_id == meeting_id, Absence.member_id == member_id)
    return db.session.scalar(rows.where(Absence.state.in_([REQUESTED, APPROVED])))


def _own_seat(actor: Actor, meeting_id: int, right: Right) -> tuple[Meeting, Seat]:
    seen(actor, Meeting, meeting_id)
    meeting = locked_meeting(meeting_id)
    actor.require(right, meeting)
    seat = _seat(meeting, actor.person_id or 0)
    if seat is None:
        raise NotAllowed(meeting, right=SAID[right])
    if meeting.state not in ANSWERABLE:
        raise WrongState(meeting, state=word(meeting.state))
    return meeting, seat


def _seat(meeting: Meeting, person_id: int) -> Seat | None:
    return next((seat for seat in meeting.seats if seat.person_id == person_id), None)


def _check_substitute(meeting: Meeting, seat: Seat, substitute_id: int) -> None:
    if substitute_id not in {post.person_id for post in deputies_of(seat, meeting)}:
        raise NotOwnDeputy(meeting)
    taken = _seat(meeting, substitute_id)
    if taken is not None and taken.stands_in_for_id != seat.person_id:
        raise SubstituteTaken(meeting)


def _seat_substitute(absence: Absence) -> None:
    meeting = absence.meeting
    if _seat(meeting, absence.substitute_id or 0):
        return
    member = _seat(meeting, absence.member_id)
    deputy = next(
        (post for post in deputies_of(member, meeting) if post.person_id == absence.substitute_id), None
    ) if member else None  # fmt: skip
    if member is None or deputy is None:
        raise NotOwnDeputy(meeting)
    meeting.seats.append(
        Seat(
            body_id=meeting.body_id, person_id=deputy.person_id, role=SeatRole.SUBSTITUTE, post=deputy.post,
            abbreviation=deputy.abbreviation, appointment_id=deputy.id, stands_in_for_id=absence.member_id,
            position=member.position, reply=Reply.IN_ROOM,
        )
    )  # fmt: skip
    db.session.flush()


def _withdraw(absence: Absence, meeting: Meeting, now: dt.datetime) -> None:
    LIFECYCLE.moves["withdraw"].apply(absence, decided_at=None, decided_by_id=None)
    for seat in [seat for seat in meeting.seats if seat.stands_in_for_id == absence.member_id]:
        meeting.seats.remove(seat)
        db.session.delete(seat)


def _set_presence(actor: Actor, meeting: Meeting, seat: Seat, presence: Presence, now: dt.datetime) -> None:
    if meeting.state not in ANSWERABLE:
        raise WrongState(meeting, state=word(meeting.state))
    if seat.presence is presence:
        return
    seat.presence = presence
    seat.present_since = None if presence is Presence.AWAY else now
    changed = {"person_id": seat.person_id, "presence": presence}
    record_live(actor, meeting, meeting, PresenceChanged, now, **changed)


def _clean_reason(meeting: Meeting, reason: str) -> str:
    text = block(meeting, reason, "reason", LONGEST_REASON, wanted=False, refusal=ReasonUnclean)
    if not text:
        raise ReasonMissing(meeting)
    return text
