"""Those who help members (người giúp việc): who prepares work for whom, and when."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import FOREVER, Body, MemberStaff, Person
from app.workflows.engine.errors import BadValue
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.engine.visibility import seen
from app.workflows.identity import changes, check_period, overlapping


class AideOfHimself(BadValue):
    code, field = "aide_of_himself", "aide_id"
    message = _("A member and his aide are two people.")


class AideAlready(BadValue):
    code, field = "aide_already", "valid_from"
    message = _("This person already helps this member in that period.")


@dataclass(frozen=True)
class AideAssigned(Fact):
    member_id: int
    aide_id: int
    valid_from: dt.date
    valid_to: dt.date


@dataclass(frozen=True)
class AideChanged(Fact):
    member_id: int
    aide_id: int
    changed: dict[str, Any]


@use_case
def assign_aide(
    actor: Actor,
    body_id: int,
    member_id: int,
    aide_id: int,
    valid_from: dt.date,
    now: dt.datetime,
    valid_to: dt.date | None = None,
) -> MemberStaff:
    """Let somebody prepare work for a member; an aide never answers or signs in his place."""
    seen(actor, Body, body_id)
    member, aide = seen(actor, Person, member_id), seen(actor, Person, aide_id)
    staff = MemberStaff(body_id=body_id, member_id=member.id, aide_id=aide.id)
    actor.require(Right.ROLL_MANAGE, _of_body(staff))
    if member_id == aide_id:
        raise AideOfHimself(member)
    _write_period(member, staff, valid_from, valid_to)
    db.session.add(staff)
    db.session.flush()
    period = (staff.valid_from, staff.valid_to)
    record(actor, AideAssigned(body_id, MemberStaff.__tablename__, staff.id, member_id, aide_id, *period), now)
    return staff


@use_case
def edit_aide(
    actor: Actor, staff_id: int, valid_from: dt.date, now: dt.datetime, valid_to: dt.date | None = None
) -> MemberStaff:
    """Correct or end the period in which somebody helps a member."""
    staff = seen(actor, MemberStaff, staff_id)
    actor.require(Right.ROLL_MANAGE, _of_body(staff))
    before = {"valid_from": staff.valid_from, "valid_to": staff.valid_to}
    with db.session.no_autoflush:
        _write_period(seen(actor, Person, staff.member_id), staff, valid_from, valid_to)
    changed = AideChanged(
        staff.body_id, MemberStaff.__tablename__, staff.id, staff.member_id, staff.aide_id, changes(staff, before)
    )
    record(actor, changed, now)
    return staff


def _write_period(member: Person, staff: MemberStaff, valid_from: dt.date, valid_to: dt.date | None) -> None:
    staff.valid_from, staff.valid_to = valid_from, valid_to or FOREVER
    check_period(member, staff.valid_from, staff.valid_to)
    same = select(MemberStaff.id).where(
        MemberStaff.member_id == staff.member_id, MemberStaff.aide_id == staff.aide_id,
        MemberStaff.body_id == staff.body_id, overlapping(MemberStaff, staff),
    )  # fmt: skip
    with db.session.no_autoflush:
        if db.session.scalar(same.limit(1)):
            raise AideAlready(member)


class _OfBody:
    """A row of a body that belongs to no meeting, as rights and refusals see it."""

    meeting_id = None

    def __init__(self, table: str, row_id: int, body_id: int) -> None:
        self.__tablename__, self.id, self.body_id = table, row_id, body_id


def _of_body(staff: MemberStaff) -> _OfBody:
    return _OfBody(MemberStaff.__tablename__, staff.id or 0, staff.body_id)
