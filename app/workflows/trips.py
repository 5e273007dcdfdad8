"""Trips and absences of members (lịch công tác, vắng mặt): entered by the Office, so that sessions can be planned."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models import Appointment, Body, MemberTrip, Person, TripKind
from app.workflows.engine.errors import BadValue
from app.workflows.engine.rights import MEMBERS, Actor, Right
from app.workflows.engine.text import line
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.engine.visibility import seen, visible
from app.workflows.identity import changes
from app.workflows.rules.calendar import hanoi_date

WRITTEN = ("kind", "begins_at", "ends_at", "note")
LONGEST_NOTE = 200
LONGEST = dt.timedelta(days=180)


class NotAMember(BadValue):
    code, field = "not_a_member", "member_id"
    message = _("This person is no member of this body on that day.")


class TripBackwards(BadValue):
    code, field = "trip_backwards", "ends_at"
    message = _("The end lies after the beginning, at most 180 days.")


@dataclass(frozen=True)
class TripNoted(Fact):
    member_id: int
    kind: TripKind
    begins_at: dt.datetime
    ends_at: dt.datetime


@dataclass(frozen=True)
class TripChanged(Fact):
    member_id: int
    changed: dict[str, Any]


@dataclass(frozen=True)
class TripRemoved(Fact):
    member_id: int
    begins_at: dt.datetime
    ends_at: dt.datetime


@use_case
def add_trip(
    actor: Actor,
    body_id: int,
    member_id: int,
    kind: TripKind,
    begins_at: dt.datetime,
    ends_at: dt.datetime,
    now: dt.datetime,
    note: str = "",
) -> MemberTrip:
    """Note that a member is away; `note` holds no secret of the state, a province or “công tác” is enough."""
    seen(actor, Body, body_id)
    trip = MemberTrip(body_id=body_id, member_id=seen(actor, Person, member_id).id)
    actor.require(Right.CALENDAR_KEEP, trip)
    with db.session.no_autoflush:
        _write(trip, {"kind": kind, "begins_at": begins_at, "ends_at": ends_at, "note": note})
    db.session.add(trip)
    db.session.flush()
    record(actor, TripNoted.about(trip, member_id=member_id, kind=trip.kind, begins_at=begins_at, ends_at=ends_at), now)
    return trip


@use_case
def edit_trip(actor: Actor, trip_id: int, now: dt.datetime, **values: Any) -> MemberTrip:
    """Correct a trip; `values`: kind, begins_at, ends_at, note."""
    trip = _locked(actor, trip_id)
    before = {name: getattr(trip, name) for name in WRITTEN}
    with db.session.no_autoflush:
        _write(trip, {**before, **values})
    record(actor, TripChanged.about(trip, member_id=trip.member_id, changed=changes(trip, before)), now)
    return trip


@use_case
def remove_trip(actor: Actor, trip_id: int, now: dt.datetime) -> None:
    """Take a trip back that does not take place."""
    trip = _locked(actor, trip_id)
    told = TripRemoved.about(trip, member_id=trip.member_id, begins_at=trip.begins_at, ends_at=trip.ends_at)
    record(actor, told, now)
    db.session.delete(trip)


def trips_between(actor: Actor, body_id: int, begins_at: dt.datetime, ends_at: dt.datetime) -> Sequence[MemberTrip]:
    """The trips of a body that touch a span, as far as this person sees them, in order."""
    rows = select(MemberTrip).where(MemberTrip.body_id == body_id, visible(actor, MemberTrip))
    rows = rows.where(MemberTrip.begins_at < ends_at, MemberTrip.ends_at > begins_at)
    rows = rows.options(joinedload(MemberTrip.member)).order_by(MemberTrip.begins_at, MemberTrip.id)
    return db.session.scalars(rows).all()


def _locked(actor: Actor, trip_id: int) -> MemberTrip:
    trip = seen(actor, MemberTrip, trip_id)
    actor.require(Right.CALENDAR_KEEP, trip)
    return db.session.scalars(select(MemberTrip).where(MemberTrip.id == trip.id).with_for_update()).one()


def _write(trip: MemberTrip, values: dict[str, Any]) -> None:
    begins, ends = values["begins_at"], values["ends_at"]
    if not begins < ends <= begins + LONGEST:
        raise TripBackwards(trip)
    post = select(Appointment.id).where(
        Appointment.person_id == trip.member_id, Appointment.body_id == trip.body_id,
        Appointment.office.in_(MEMBERS), Appointment.in_force(hanoi_date(begins)),
    )  # fmt: skip
    if db.session.scalar(post.limit(1)) is None:
        raise NotAMember(trip)
    trip.kind, trip.begins_at, trip.ends_at = TripKind(values["kind"]), begins, ends
    trip.note = line(trip, values["note"] or "", "note", LONGEST_NOTE, wanted=False)
