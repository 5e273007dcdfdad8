"""Meetings (phiên họp): prepare, invite, open, adjourn, end, postpone, cancel; who sits, and who takes the chair."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, select

from app.extensions import db
from app.models import (
    AgendaItem,
    Appointment,
    Body,
    GuestItem,
    ItemState,
    Meeting,
    MeetingKind,
    MeetingState,
    Office,
    Person,
    Poll,
    PollState,
    Presence,
    Reply,
    Seat,
    SeatRole,
)
from app.workflows import polls
from app.workflows.engine.errors import BadValue, NotFound, WorkflowError, WrongState
from app.workflows.engine.moves import Lifecycle, Move
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.text import block, line
from app.workflows.engine.transaction import Fact, MeetingFact, record, record_live, use_case
from app.workflows.engine.visibility import nothing, seen
from app.workflows.engine.words import word
from app.workflows.rules.calendar import HANOI, hanoi_date
from app.workflows.rules.names import fold

DRAFT, INVITED, OPEN, ADJOURNED, CLOSED, POSTPONED, CANCELLED = MeetingState
BEFORE = frozenset({DRAFT, INVITED, POSTPONED})
SHORTEST, LONGEST = 5, 24 * 60  # minutes
AFTER_MEMBERS = 900  # where guests and secretaries sit in the list
OFFICIAL_ROLE = {SeatRole.SECRETARY: "Thư ký phiên họp", SeatRole.GUEST: "Khách mời"}  # as official papers say it
LONGEST_TITLE, LONGEST_PLACE, LONGEST_LINK, LONGEST_REASON = 300, 200, 500, 1000
LINK = re.compile(r"https://[^\s\"'<>\\]+")


class BadLink(BadValue):
    code, field = "bad_link", "conference_url"
    message = _("The conference link must begin with https://.")


class BadDuration(BadValue):
    code, field = "bad_duration", "planned_minutes"
    message = _("The planned time is between 5 minutes and 24 hours.")


class StartsInThePast(BadValue):
    code, field = "starts_in_the_past", "starts_at"
    message = _("The start lies in the past.")


class NoChair(WorkflowError):
    code = "no_chair"
    message = _("The meeting has no chair. Fill the seats from the roll and name the chair.")


class NoAgenda(WorkflowError):
    code = "no_agenda"
    message = _("The agenda is empty. Add at least one item before the invitation is issued.")


class PollStillOpen(WorkflowError):
    code = "poll_still_open"
    message = _("A vote is still open. Close it first.")


class ItemStillOpen(WorkflowError):
    code = "item_still_open"
    message = _("An agenda item is still under way. Close it first.")


class NotADeputy(BadValue):
    code, field = "not_a_deputy", "person_id"
    message = _("The chair can only be handed to the head or a deputy head of the body who has a seat here.")


class SeatTaken(BadValue):
    code, field = "seat_taken", "person_id"
    message = _("This person already has a seat in this meeting.")


class ReasonMissing(BadValue):
    code, field = "no_reason", "reason"
    message = _("Write the reason.")


class SeatOfTheRoll(WorkflowError):
    code = "seat_of_the_roll"
    message = _("Seats of members and their substitutes follow the roll and the decisions on absences.")


class SeatsFrozen(WorkflowError):
    code = "seats_frozen"
    message = _("The seats follow the roll until the meeting is opened; it has been opened.")


@dataclass(frozen=True)
class MeetingPrepared(Fact):
    title: str


@dataclass(frozen=True)
class MeetingChanged(MeetingFact):
    changed: dict[str, Any]


@dataclass(frozen=True)
class SeatsFilled(MeetingFact):
    seats: int


@dataclass(frozen=True)
class SeatAdded(MeetingFact):
    person_id: int
    role: SeatRole


@dataclass(frozen=True)
class SeatRemoved(MeetingFact):
    person_id: int
    role: SeatRole


@dataclass(frozen=True)
class InvitationIssued(MeetingFact):
    starts_at: dt.datetime


@dataclass(frozen=True)
class MeetingOpened(MeetingFact):
    in_room: int
    remote: int
    members: int


@dataclass(frozen=True)
class MeetingAdjourned(MeetingFact):
    reason: str


@dataclass(frozen=True)
class MeetingResumed(MeetingFact): ...


@dataclass(frozen=True)
class MeetingEnded(MeetingFact): ...


@dataclass(frozen=True)
class MeetingPostponed(MeetingFact):
    reason: str


@dataclass(frozen=True)
class MeetingRescheduled(MeetingFact):
    starts_at: dt.datetime


@dataclass(frozen=True)
class MeetingCancelled(MeetingFact):
    reason: str


@dataclass(frozen=True)
class ChairHanded(MeetingFact):
    to_person_id: int
    item_id: int | None


def has_chair_and_agenda(meeting: Meeting) -> None:
    if meeting.chair_id is None:
        raise NoChair(meeting)
    if not db.session.scalar(select(AgendaItem.id).where(AgendaItem.meeting_id == meeting.id).limit(1)):
        raise NoAgenda(meeting)


def quorum_present(meeting: Meeting) -> None:
    polls.require_quorum(meeting)


def no_poll_open(meeting: Meeting) -> None:
    if db.session.scalar(select(Poll.id).where(Poll.meeting_id == meeting.id, Poll.state == PollState.OPEN)):
        raise PollStillOpen(meeting)


def nothing_open(meeting: Meeting) -> None:
    no_poll_open(meeting)
    current = select(AgendaItem.id).where(AgendaItem.meeting_id == meeting.id, AgendaItem.state == ItemState.CURRENT)
    if db.session.scalar(current):
        raise ItemStillOpen(meeting)


LIFECYCLE = Lifecycle(
    MeetingState,
    #    name          from                          to         who may                  only if
    Move("invite",     frozenset({DRAFT}),           INVITED,   Right.MEETING_INVITE,    (has_chair_and_agenda,)),
    Move("open",       frozenset({INVITED}),         OPEN,      Right.MEETING_RUN,       (quorum_present,)),
    Move("adjourn",    frozenset({OPEN}),            ADJOURNED, Right.MEETING_RUN,       (no_poll_open,)),
    Move("resume",     frozenset({ADJOURNED}),       OPEN,      Right.MEETING_RUN,       (quorum_present,)),
    Move("end",        frozenset({OPEN, ADJOURNED}), CLOSED,    Right.MEETING_RUN,       (nothing_open,)),
    Move("postpone",   frozenset({INVITED}),         POSTPONED, Right.MEETING_CALL_OFF),
    Move("reschedule", frozenset({POSTPONED}),       INVITED,   Right.MEETING_INVITE),
    Move("cancel",     BEFORE,                       CANCELLED, Right.MEETING_CALL_OFF),
)  # fmt: skip


@use_case
def create_meeting(
    actor: Actor,
    body_id: int,
    kind: MeetingKind,
    title: str,
    starts_at: dt.datetime,
    place: str,
    now: dt.datetime,
    **details: Any,
) -> Meeting:
    """Begin a meeting and fill its seats from the roll valid on its date.

    `details` may name planned_minutes (120), conference_url, and passkey_demanded: what its votes ask for.
    """
    body = db.session.get(Body, body_id)
    if body is None or body_id not in actor.body_ids:
        raise NotFound(nothing(actor, Body, body_id))
    meeting = Meeting(body_id=body_id, body=body, seats=[])
    actor.require(Right.MEETING_PREPARE, meeting)
    _write(meeting, kind=kind, title=title, starts_at=starts_at, place=place, now=now, **details)
    db.session.add(meeting)
    db.session.flush()
    _fill_seats(meeting)
    record(actor, MeetingPrepared.about(meeting, title=meeting.title), now)
    return meeting


@use_case
def edit_meeting(actor: Actor, meeting_id: int, now: dt.datetime, **values: Any) -> Meeting:
    """Change what the invitation says; after the opening only the end of the meeting changes it."""
    meeting = _locked(actor, meeting_id)
    actor.require(Right.MEETING_PREPARE, meeting)
    if meeting.state not in BEFORE:
        raise WrongState(meeting, state=word(meeting.state))
    before = {name: getattr(meeting, name) for name in values}
    _write(meeting, now=now, **values)
    if meeting.state is DRAFT and before.get("starts_at") not in (None, meeting.starts_at):
        _fill_seats(meeting)
    changed = {name: [old, getattr(meeting, name)] for name, old in before.items() if old != getattr(meeting, name)}
    record_live(actor, meeting, meeting, MeetingChanged, now, changed=changed)
    return meeting


@use_case
def refill_seats(actor: Actor, meeting_id: int, now: dt.datetime) -> int:
    """Make the members' seats follow the roll of the day again; guests and answers stay."""
    meeting = _locked(actor, meeting_id)
    actor.require(Right.MEETING_PREPARE, meeting)
    if meeting.state not in BEFORE:
        raise SeatsFrozen(meeting)
    count = _fill_seats(meeting)
    record_live(actor, meeting, meeting, SeatsFilled, now, seats=count)
    return count


@use_case
def add_seat(
    actor: Actor,
    meeting_id: int,
    person_id: int,
    role: SeatRole,
    now: dt.datetime,
    item_ids: tuple[int, ...] = (),
    post: str = "",
) -> Seat:
    """Seat a secretary or a guest; a guest sees only the items named here. Members come from the roll."""
    meeting = _locked(actor, meeting_id)
    actor.require(Right.MEETING_PREPARE, meeting)
    if meeting.state in (CLOSED, CANCELLED):
        raise WrongState(meeting, state=word(meeting.state))
    person = seen(actor, Person, person_id)
    if role not in (SeatRole.SECRETARY, SeatRole.GUEST) or any(s.person_id == person_id for s in meeting.seats):
        raise SeatTaken(meeting)
    held = next((each for each in person.appointments if each.in_force(meeting.held_on)), None)
    called = post or (held.post if held else OFFICIAL_ROLE[role])
    seat = Seat(
        body_id=meeting.body_id, meeting=meeting, person=person, role=role, appointment=held,
        post=line(meeting, called, "post", LONGEST_PLACE), abbreviation=held.abbreviation if held else "",
        position=AFTER_MEMBERS,
    )  # fmt: skip
    db.session.add(seat)
    db.session.flush()
    known = select(AgendaItem.id).where(AgendaItem.meeting_id == meeting.id, AgendaItem.id.in_(item_ids))
    db.session.add_all(GuestItem(seat_id=seat.id, item_id=item_id) for item_id in db.session.scalars(known))
    record_live(actor, meeting, meeting, SeatAdded, now, person_id=person_id, role=role)
    return seat


@use_case
def remove_seat(actor: Actor, seat_id: int, now: dt.datetime) -> None:
    """Take back the seat of a guest or a secretary before the session; members' seats follow the roll alone."""
    meeting = _locked(actor, seen(actor, Seat, seat_id).meeting_id)
    seat = next((each for each in meeting.seats if each.id == seat_id), None)
    actor.require(Right.MEETING_PREPARE, meeting)
    if seat is None:  # somebody else was faster
        raise NotFound(nothing(actor, Seat, seat_id))
    if seat.role not in OFFICIAL_ROLE or seat.is_member:
        raise SeatOfTheRoll(seat)
    if meeting.state not in BEFORE:
        raise SeatsFrozen(meeting)
    db.session.execute(delete(GuestItem).where(GuestItem.seat_id == seat_id))
    meeting.seats.remove(seat)
    db.session.delete(seat)
    record_live(actor, meeting, meeting, SeatRemoved, now, person_id=seat.person_id, role=seat.role)


@use_case
def issue_invitation(actor: Actor, meeting_id: int, now: dt.datetime) -> Meeting:
    """Call the meeting: everybody seated sees it and is asked to answer."""
    meeting = _locked(actor, meeting_id)
    move = LIFECYCLE.admit("invite", meeting, actor)
    move.apply(meeting, invited_at=now)
    record_live(actor, meeting, meeting, InvitationIssued, now, starts_at=meeting.starts_at)
    return meeting


@use_case
def open_meeting(actor: Actor, meeting_id: int, now: dt.datetime) -> Meeting:
    """Open the session once the quorum is present (rule:R3)."""
    meeting = _locked(actor, meeting_id)
    _fill_seats(meeting)
    move = LIFECYCLE.admit("open", meeting, actor)
    here = polls.presence_of(meeting)
    move.apply(meeting, opened_at=now)
    record_live(actor, meeting, meeting, MeetingOpened, now, in_room=here.in_room, remote=here.remote,
                members=here.members)  # fmt: skip
    return meeting


@use_case
def adjourn_meeting(actor: Actor, meeting_id: int, reason: str, now: dt.datetime) -> Meeting:
    """Break off an open session for a while (tạm dừng)."""
    meeting = _locked(actor, meeting_id)
    move = LIFECYCLE.admit("adjourn", meeting, actor)
    move.apply(meeting, state_reason=block(meeting, reason, "reason", LONGEST_REASON, refusal=ReasonMissing))
    record_live(actor, meeting, meeting, MeetingAdjourned, now, reason=meeting.state_reason)
    return meeting


@use_case
def resume_meeting(actor: Actor, meeting_id: int, now: dt.datetime) -> Meeting:
    """Go on after a break; the quorum is checked again."""
    meeting = _locked(actor, meeting_id)
    move = LIFECYCLE.admit("resume", meeting, actor)
    move.apply(meeting, state_reason="")
    record_live(actor, meeting, meeting, MeetingResumed, now)
    return meeting


@use_case
def end_meeting(actor: Actor, meeting_id: int, now: dt.datetime) -> Meeting:
    """End the session (bế mạc); nothing may be open."""
    meeting = _locked(actor, meeting_id)
    move = LIFECYCLE.admit("end", meeting, actor)
    move.apply(meeting, closed_at=now, state_reason="")
    record_live(actor, meeting, meeting, MeetingEnded, now)
    return meeting


@use_case
def postpone_meeting(actor: Actor, meeting_id: int, reason: str, now: dt.datetime) -> Meeting:
    """Put the meeting off; everybody invited is told why."""
    meeting = _locked(actor, meeting_id)
    move = LIFECYCLE.admit("postpone", meeting, actor)
    move.apply(meeting, state_reason=block(meeting, reason, "reason", LONGEST_REASON, refusal=ReasonMissing))
    record_live(actor, meeting, meeting, MeetingPostponed, now, reason=meeting.state_reason)
    return meeting


@use_case
def reschedule_meeting(actor: Actor, meeting_id: int, starts_at: dt.datetime, now: dt.datetime) -> Meeting:
    """Call a postponed meeting for another time; every answer is asked again."""
    meeting = _locked(actor, meeting_id)
    move = LIFECYCLE.admit("reschedule", meeting, actor)
    _write(meeting, starts_at=starts_at, now=now)
    move.apply(meeting, state_reason="")
    for seat in meeting.seats:
        seat.reply, seat.replied_at, seat.presence, seat.present_since = Reply.NONE, None, Presence.AWAY, None
    _fill_seats(meeting)
    record_live(actor, meeting, meeting, MeetingRescheduled, now, starts_at=meeting.starts_at)
    return meeting


@use_case
def cancel_meeting(actor: Actor, meeting_id: int, reason: str, now: dt.datetime) -> Meeting:
    """Call the meeting off for good; everybody invited is told why."""
    meeting = _locked(actor, meeting_id)
    move = LIFECYCLE.admit("cancel", meeting, actor)
    move.apply(meeting, state_reason=block(meeting, reason, "reason", LONGEST_REASON, refusal=ReasonMissing))
    record_live(actor, meeting, meeting, MeetingCancelled, now, reason=meeting.state_reason)
    return meeting


@use_case
def hand_chair(
    actor: Actor, meeting_id: int, person_id: int, now: dt.datetime, item_id: int | None = None
) -> Meeting:
    """The head hands the chair, for the meeting or for one item, to a deputy head, or takes it back (rule:R5)."""
    meeting = _locked(actor, meeting_id)
    actor.require(Right.CHAIR_HAND, meeting)
    if meeting.state in (CLOSED, CANCELLED):
        raise WrongState(meeting, state=word(meeting.state))
    seat = _chairing_seat(meeting, person_id)
    if item_id is None:
        _move_chair(meeting, seat)
    else:
        item = seen(actor, AgendaItem, item_id)
        if item.meeting_id != meeting.id:
            raise NotFound(meeting)
        item.chair_id = None if person_id == meeting.chair_id else person_id
    record_live(actor, meeting, meeting, ChairHanded, now, to_person_id=person_id, item_id=item_id)
    return meeting


def _chairing_seat(meeting: Meeting, person_id: int) -> Seat:
    offices = (Office.HEAD, Office.DEPUTY_HEAD)
    for seat in meeting.seats:
        if seat.person_id == person_id and seat.appointment and seat.appointment.office in offices:
            return seat
    raise NotADeputy(meeting)


def _move_chair(meeting: Meeting, new: Seat) -> None:
    for seat in meeting.seats:
        if seat.role is SeatRole.CHAIR and seat is not new:
            seat.role = SeatRole.ATTENDEE
    db.session.flush()  # one chair at a time: the old one leaves before the new one sits down
    new.role = SeatRole.CHAIR


def _locked(actor: Actor, meeting_id: int) -> Meeting:
    seen(actor, Meeting, meeting_id)
    return polls.locked_meeting(meeting_id)


def _fill_seats(meeting: Meeting) -> int:
    """Seats of members follow the roll of the meeting's date; the head has the chair unless it was handed on."""
    posts = {post.person_id: post for post in polls.members_of(meeting.body_id, meeting.held_on)}
    for seat in [seat for seat in meeting.seats if seat.is_member and seat.person_id not in posts]:
        meeting.seats.remove(seat)
        db.session.delete(seat)
    db.session.flush()
    seated = {seat.person_id: seat for seat in meeting.seats}
    for position, post in enumerate(posts.values(), start=1):
        seat = seated.get(post.person_id) or _new_seat(meeting, post)
        seat.post, seat.abbreviation, seat.position = post.post, post.abbreviation, position
        seat.appointment, seat.is_member = post, True
    if meeting.chair_id is None:
        for seat in meeting.seats:
            if seat.appointment and seat.appointment.office is Office.HEAD:
                seat.role = SeatRole.CHAIR
    db.session.flush()
    return len(posts)


def _new_seat(meeting: Meeting, post: Appointment) -> Seat:
    seat = Seat(
        body_id=meeting.body_id, person_id=post.person_id, person=post.person, role=SeatRole.ATTENDEE, post=post.post
    )
    meeting.seats.append(seat)
    return seat


def _write(meeting: Meeting, now: dt.datetime, **values: Any) -> None:
    for name in ("title", "place"):
        if name in values:
            values[name] = line(meeting, values[name], name, LONGEST_TITLE if name == "title" else LONGEST_PLACE)
    if "title" in values:
        values["title_fold"] = fold(values["title"])
    if "starts_at" in values:
        if values["starts_at"] < now - dt.timedelta(minutes=1) and meeting.starts_at != values["starts_at"]:
            raise StartsInThePast(meeting)
        values["held_on"] = hanoi_date(values["starts_at"].astimezone(HANOI))
    if not SHORTEST <= values.get("planned_minutes", SHORTEST) <= LONGEST:
        raise BadDuration(meeting)
    if link := values.get("conference_url"):
        values["conference_url"] = line(meeting, link, "conference_url", LONGEST_LINK, refusal=BadLink)
        if not LINK.fullmatch(values["conference_url"]):
            raise BadLink(meeting)
    for name, value in values.items():
        setattr(meeting, name, value)
