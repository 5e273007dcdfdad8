"""People and the posts they hold (chức vụ): who is who in a body on which Hanoi date."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, func, select

from app.extensions import db
from app.models import FOREVER, Appointment, Body, Meeting, Office, Organisation, Person, Poll, RollEntry, Seat
from app.workflows.engine.errors import BadValue, NotAllowed, NotFound, WorkflowError
from app.workflows.engine.rights import SAID, Actor, Right
from app.workflows.engine.text import line
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.engine.visibility import seen
from app.workflows.rules.names import fold, vietnamese_sort_key

LONGEST_NAME, LONGEST_POST, LONGEST_ABBREVIATION, LAST_RANK = 200, 200, 20, 999
EARLIEST = dt.date(1945, 1, 1)
HISTORY = ("office", "organisation_id", "valid_from")


class DatesReversed(BadValue):
    code, field = "dates_reversed", "valid_to"
    message = _("The period ends before it begins. The end is the first day on which it no longer holds.")


class DateImpossible(BadValue):
    code, field = "date_impossible", "valid_from"
    message = _("This date cannot be right.")


class BadRank(BadValue):
    code, field = "bad_rank", "rank"
    message = _("The rank is a number from 1 to 999.")


class HeadAlready(BadValue):
    code, field = "head_already", "office"
    message = _("%(name)s is the head of this body in that period; a body has one head at a time.")


class HeldAlready(BadValue):
    code, field = "held_already", "valid_from"
    message = _("This person already holds this office in that period.")


class Incompatible(BadValue):
    code, field = "incompatible", "office"
    message = _("An administrator holds no other office, and nobody else holds this one beside an office.")


class OwnAppointment(WorkflowError):
    code, http_status = "own_appointment", 403
    message = _("Nobody appoints himself or changes his own posts.")


class AppointmentUsed(WorkflowError):
    code = "appointment_used"
    message = _("A vote or a meeting refers to this post. Enter the day on which it ended; what was stays as it was.")


class HeldAVote(BadValue):
    code, field = "held_a_vote", "valid_to"
    message = _("This person was on the roll of a vote on %(day)s; the post cannot have ended before.")


@dataclass(frozen=True)
class PersonAdded(Fact):
    name: str


@dataclass(frozen=True)
class PersonRenamed(Fact):
    before: str
    after: str


@dataclass(frozen=True)
class AppointmentMade(Fact):
    person_id: int
    office: Office
    post: str
    valid_from: dt.date
    valid_to: dt.date


@dataclass(frozen=True)
class AppointmentChanged(Fact):
    person_id: int
    changed: dict[str, Any]


@dataclass(frozen=True)
class AppointmentRemoved(Fact):
    person_id: int
    office: Office
    post: str


@use_case
def add_person(actor: Actor, home_body_id: int, full_name: str, now: dt.datetime) -> Person:
    """Enter a human being; account, offices and keys come later and by other acts."""
    seen(actor, Body, home_body_id)
    person = Person(home_body_id=home_body_id)
    actor.require(Right.ROLL_MANAGE, person)
    _name(person, full_name)
    db.session.add(person)
    db.session.flush()
    record(actor, PersonAdded.about(person, name=person.full_name), now)
    return person


@use_case
def edit_person(actor: Actor, person_id: int, full_name: str, now: dt.datetime) -> Person:
    """Correct the name; frozen rolls and issued certificates keep the name of their day."""
    person = seen(actor, Person, person_id)
    actor.require(Right.ROLL_MANAGE, person)
    before = person.full_name
    _name(person, full_name)
    record(actor, PersonRenamed.about(person, before=before, after=person.full_name), now)
    return person


@use_case
def appoint(
    actor: Actor,
    person_id: int,
    body_id: int,
    office: Office,
    post: str,
    rank: int,
    valid_from: dt.date,
    now: dt.datetime,
    **more: Any,
) -> Appointment:
    """Give a person an office in a body from a day on; `more`: valid_to, organisation_id, abbreviation."""
    seen(actor, Body, body_id)
    person = seen(actor, Person, person_id)
    appointment = Appointment(body_id=body_id, person_id=person.id)
    _may_appoint(actor, appointment)
    values = {"office": office, "post": post, "rank": rank, "valid_from": valid_from, "valid_to": None}
    _write_appointment(actor, appointment, values | more)
    db.session.add(appointment)
    db.session.flush()
    made = {name: getattr(appointment, name) for name in ("person_id", "office", "post", "valid_from", "valid_to")}
    record(actor, AppointmentMade.about(appointment, **made), now)
    return appointment


@use_case
def edit_appointment(actor: Actor, appointment_id: int, now: dt.datetime, **values: Any) -> Appointment:
    """Correct a post or end it; what a vote has frozen cannot be rewritten."""
    appointment = seen(actor, Appointment, appointment_id)
    _may_appoint(actor, appointment)
    before = {name: getattr(appointment, name) for name in values}
    with db.session.no_autoflush:
        _write_appointment(actor, appointment, values)
    changed = changes(appointment, before)
    if changed.keys() & set(HISTORY) and _in_use(appointment):
        raise AppointmentUsed(appointment)
    record(actor, AppointmentChanged.about(appointment, person_id=appointment.person_id, changed=changed), now)
    return appointment


@use_case
def remove_appointment(actor: Actor, appointment_id: int, now: dt.datetime) -> None:
    """Take back a post entered by mistake, while nothing refers to it."""
    appointment = seen(actor, Appointment, appointment_id)
    _may_appoint(actor, appointment)
    if _in_use(appointment):
        raise AppointmentUsed(appointment)
    taken = {"person_id": appointment.person_id, "office": appointment.office, "post": appointment.post}
    record(actor, AppointmentRemoved.about(appointment, **taken), now)
    db.session.delete(appointment)


def _name(person: Person, full_name: str) -> None:
    person.full_name = line(person, full_name, "full_name", LONGEST_NAME)
    person.name_fold, person.sort_key = fold(person.full_name), vietnamese_sort_key(person.full_name)


def _may_appoint(actor: Actor, appointment: Appointment) -> None:
    actor.require(Right.ROLL_MANAGE, appointment)
    if actor.holds(frozenset({Office.ADMINISTRATOR}), appointment.body_id):
        raise NotAllowed(appointment, right=SAID[Right.ROLL_MANAGE])
    if actor.person_id == appointment.person_id:
        raise OwnAppointment(appointment)
    db.session.scalars(select(Body).where(Body.id == appointment.body_id).with_for_update()).one()  # one at a time


def _write_appointment(actor: Actor, appointment: Appointment, values: dict[str, Any]) -> None:
    if "post" in values:
        values["post"] = line(appointment, values["post"], "post", LONGEST_POST)
    if "abbreviation" in values:
        short = line(appointment, values["abbreviation"], "abbreviation", LONGEST_ABBREVIATION, wanted=False)
        values["abbreviation"] = short
    if "rank" in values and not 1 <= values["rank"] <= LAST_RANK:
        raise BadRank(appointment)
    where = values.get("organisation_id")
    if where is not None and seen(actor, Organisation, where).body_id != appointment.body_id:
        raise NotFound(appointment)
    if "valid_to" in values:
        values["valid_to"] = values["valid_to"] or FOREVER
    for name, value in values.items():
        setattr(appointment, name, value)
    check_period(appointment, appointment.valid_from, appointment.valid_to)
    _refuse_clash(appointment)
    _refuse_end_before_vote(appointment)


def check_period(subject: Any, valid_from: dt.date, valid_to: dt.date) -> None:
    """Refuse a period that is empty, reversed or from before there was a body."""
    if valid_from < EARLIEST:
        raise DateImpossible(subject)
    if valid_to <= valid_from:
        raise DatesReversed(subject)


def overlapping(table: Any, row: Any) -> ColumnElement[bool]:
    """Other rows of a dated table whose period [valid_from, valid_to) meets that of the row."""
    others: ColumnElement[bool] = table.id != (row.id or 0)
    return others & (table.valid_from < row.valid_to) & (table.valid_to > row.valid_from)


def _refuse_clash(appointment: Appointment) -> None:
    same_time = select(Appointment).where(
        Appointment.body_id == appointment.body_id, overlapping(Appointment, appointment)
    )
    with db.session.no_autoflush:
        others = list(db.session.scalars(same_time.where(
            (Appointment.person_id == appointment.person_id) | (Appointment.office == Office.HEAD)
        )))  # fmt: skip
    own = [other for other in others if other.person_id == appointment.person_id]
    if any(other.office is appointment.office for other in own):
        raise HeldAlready(appointment)
    if own and Office.ADMINISTRATOR in {appointment.office, *(other.office for other in own)}:
        raise Incompatible(appointment)
    heads = [other for other in others if other.office is Office.HEAD]
    if heads and appointment.office is Office.HEAD:
        raise HeadAlready(appointment, name=heads[0].person.full_name)


def _refuse_end_before_vote(appointment: Appointment) -> None:
    if appointment.id is None:
        return
    voted = (
        select(func.max(Meeting.held_on))
        .join(Poll, Poll.meeting_id == Meeting.id)
        .join(RollEntry, RollEntry.poll_id == Poll.id)
        .where(RollEntry.appointment_id == appointment.id)
    )
    with db.session.no_autoflush:
        last = db.session.scalar(voted)
    if last is not None and appointment.valid_to <= last:
        raise HeldAVote(appointment, day=last.strftime("%d/%m/%Y"))


def _in_use(appointment: Appointment) -> bool:
    with db.session.no_autoflush:
        rolls = select(RollEntry.poll_id).where(RollEntry.appointment_id == appointment.id).limit(1)
        seats = select(Seat.id).where(Seat.appointment_id == appointment.id).limit(1)
        return bool(db.session.scalar(rolls) or db.session.scalar(seats))


def changes(row: Any, before: dict[str, Any]) -> dict[str, Any]:
    """`{field: [old, new]}` of what differs now."""
    return {name: [old, getattr(row, name)] for name, old in before.items() if old != getattr(row, name)}
