"""When the next session could be held (gợi ý thời gian họp): who is free, around trips and sessions of the body."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.extensions import db
from app.models import Meeting, MeetingState, MemberTrip
from app.workflows import trips
from app.workflows.deadline_calendar import meeting_rules, members_of
from app.workflows.engine.errors import Detached
from app.workflows.engine.rights import Actor, Right
from app.workflows.rules.calendar import HANOI, hanoi_date
from app.workflows.rules.quorum import quorum
from app.workflows.rules.rulesets import RuleParameters
from app.workflows.rules.session_slots import LOOKED_AT, Busy, Slot, first_day, possible_slots
from app.workflows.rules.working_days import working_days_after
from app.workflows.working_calendar import exceptions_of

STANDING = (MeetingState.DRAFT, MeetingState.INVITED, MeetingState.OPEN, MeetingState.ADJOURNED)


@dataclass(frozen=True)
class Proposal:
    """Slots in order, the first possible day, how many members are needed; `names` of all members in their order.

    `away`: why a member is not free in a slot, by the slot's beginning.
    """

    slots: Sequence[Slot]
    first: dt.date
    needed: int
    names: Mapping[int, str]
    away: Mapping[dt.datetime, Sequence[MemberTrip]]


def may_plan(actor: Actor, body_id: int) -> bool:
    """Whether this person prepares sessions of the body."""
    return actor.may(Right.MEETING_PREPARE, Detached(Meeting.__tablename__, 0, None, body_id))


def proposals(actor: Actor, body_id: int, now: dt.datetime) -> Proposal | None:
    """Half-days in which a session of the body would have its quorum and time for its papers (rule:R75).

    For whoever prepares sessions. None without members, or where no rule set for sessions is in force.
    """
    actor.require(Right.MEETING_PREPARE, Detached(Meeting.__tablename__, 0, None, body_id))
    today, exceptions = hanoi_date(now), exceptions_of(body_id)
    names, rules = members_of(body_id, today), meeting_rules(body_id, today)
    if not names or rules is None:
        return None
    parameters = RuleParameters.parse(rules.parameters)
    first = first_day(today, parameters.papers_working_days, exceptions)
    begins = dt.datetime.combine(first, dt.time.min, HANOI)
    ends = dt.datetime.combine(working_days_after(first, LOOKED_AT, exceptions), dt.time.max, HANOI)
    away = trips.trips_between(actor, body_id, begins, ends)
    busy = [Busy(trip.member_id, trip.begins_at, trip.ends_at) for trip in away]
    busy += [Busy(member, *span) for span in _sessions(body_id, begins, ends) for member in names]
    needed = quorum(len(names), parameters)
    slots = possible_slots(first, list(names), busy, needed, exceptions)
    meanwhile = {slot.begins_at: [trip for trip in away if _touches(trip, slot)] for slot in slots}
    return Proposal(slots, first, needed, names, meanwhile)


def _sessions(body_id: int, begins: dt.datetime, ends: dt.datetime) -> list[tuple[dt.datetime, dt.datetime]]:
    """Sessions that stand in that span, drafts among them: nobody is asked to two at once."""
    rows = select(Meeting).where(Meeting.body_id == body_id, Meeting.state.in_(STANDING))
    rows = rows.where(Meeting.starts_at >= begins - dt.timedelta(days=1), Meeting.starts_at <= ends)
    return [
        (meeting.starts_at, meeting.starts_at + dt.timedelta(minutes=meeting.planned_minutes))
        for meeting in db.session.scalars(rows)
    ]


def _touches(trip: MemberTrip, slot: Slot) -> bool:
    return trip.begins_at < slot.ends_at and trip.ends_at > slot.begins_at
