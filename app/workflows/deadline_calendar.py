"""The calendar of what is due (lịch thời hạn): slips, papers, sessions, clocks, who is away, days off; members' load.

Everything in it is read through the same criteria as elsewhere: who does not see a slip does not see its deadline.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models import (
    Appointment,
    Body,
    CalendarDay,
    Meeting,
    MeetingState,
    MemberTrip,
    Person,
    Procedure,
    RuleSet,
    Slip,
    SlipAnswer,
    SlipRecipient,
    SlipState,
    TripKind,
    Urgency,
)
from app.workflows import office_clocks, slip_deadlines, slip_reminders, slips, trips
from app.workflows.engine.errors import Detached
from app.workflows.engine.rights import BOARD, MEMBERS, Actor, Right
from app.workflows.engine.visibility import nothing, visible
from app.workflows.rules.calendar import HANOI, hanoi_date
from app.workflows.rules.office_clocks import Clock
from app.workflows.rules.papers_due import papers_due
from app.workflows.rules.rulesets import RuleParameters, applicable
from app.workflows.rules.slip_load import DayLoad, Load, better_days, load_on, window
from app.workflows.rules.slip_parameters import SlipParameters
from app.workflows.rules.working_days import (
    FIRST_YEAR,
    LAST_YEAR,
    Exceptions,
    exchanged,
    is_working_day,
    public_holidays,
)
from app.workflows.working_calendar import exceptions_of

LONGEST = 62  # days that are read at once
AHEAD = dt.timedelta(days=28)  # papers are due before sessions that lie after the days shown
SHOWN_SLIPS = (SlipState.ISSUED, SlipState.CLOSED, SlipState.REPORTED, SlipState.DECIDED)
PLANNED = (MeetingState.DRAFT, MeetingState.INVITED)
PLANNING = (Right.SLIP_DRAFT, Right.SLIP_ISSUE, Right.SLIP_RUN)
TOLD = (MeetingState.INVITED, MeetingState.OPEN, MeetingState.ADJOURNED, MeetingState.CLOSED)


class EntryKind(StrEnum):
    """In the order of a day: what the day is, then what is due on it."""

    OFF = "off"
    WORKED = "worked"
    SESSION = "session"
    PAPERS = "papers"
    CLOCK = "clock"
    SLIP = "slip"
    TRIP = "trip"


@dataclass(frozen=True)
class Entry:
    """Something on a Hanoi day; `at` is aware, None for all of the day. `subject_id` is a slip's or a meeting's.

    `mine`: this person is asked, or sits there. `done`: nobody waits for it any more. `clock` says which one is due;
    `people`: who is away on the day, with the kind.
    """

    kind: EntryKind
    day: dt.date
    title: str
    at: dt.datetime | None = None
    subject_id: int = 0
    where: str = ""
    mine: bool = False
    done: bool = False
    urgency: Urgency = Urgency.NORMAL
    clock: Clock | None = None
    people: Sequence[tuple[str, TripKind]] = ()


@dataclass(frozen=True)
class Days:
    """Every day from `first` to `last` with whether it is worked, and what is on it in order."""

    first: dt.date
    last: dt.date
    worked: Mapping[dt.date, bool]
    entries: Mapping[dt.date, Sequence[Entry]]

    @property
    def all(self) -> list[dt.date]:
        return list(self.worked)


@dataclass(frozen=True)
class MemberLoad:
    """How many deadlines a member has on each day of a range; only what is not answered."""

    member_id: int
    name: str
    post: str
    days: Mapping[dt.date, int]

    @property
    def whole(self) -> int:
        return sum(self.days.values())


@dataclass(frozen=True)
class Advice:
    """What a deadline would mean: the day, what it would hold, and better ones; `most` is what the rule set wants."""

    chosen: DayLoad
    better: Sequence[DayLoad]
    possible: Sequence[DayLoad]
    names: Mapping[int, str]
    most: int


def calendar_body(actor: Actor, body_id: int = 0) -> Body:
    """The body whose calendar is shown: the one asked for if it is the person's own, else the first of them."""
    own = sorted(actor.body_ids)
    chosen = body_id if body_id in own else min(own, default=nothing(actor, Body, 0).body_id)
    return db.session.get_one(Body, chosen)


def days_of(actor: Actor, body_id: int, first: dt.date, last: dt.date) -> Days:
    """What is on the days, as far as this person sees it; ValueError for too long a range or unknown years."""
    if not (0 <= (last - first).days < LONGEST and first.year > FIRST_YEAR and last.year < LAST_YEAR):
        raise ValueError(f"not a range of the calendar: {first} to {last}")
    exceptions = exceptions_of(body_id)
    span = [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]
    found: dict[dt.date, list[Entry]] = defaultdict(list)
    for entry in (
        *_days_off(body_id, first, last, exceptions),
        *_sessions(actor, body_id, first, last),
        *_papers(actor, body_id, first, last, exceptions),
        *_clocks(actor, body_id, first, last, exceptions),
        *_slips(actor, body_id, first, last),
        *_trips(actor, body_id, first, last),
    ):
        found[entry.day].append(entry)
    worked = {day: is_working_day(day, exceptions) for day in span}
    return Days(first, last, worked, {day: sorted(found[day], key=_order) for day in span if found[day]})


def sees_load(actor: Actor, body_id: int) -> bool:
    """Whether this person sees how much every member has to answer: the offices that see the board."""
    return actor.holds(BOARD, body_id)


def loads(actor: Actor, body_id: int, first: dt.date, last: dt.date, now: dt.datetime) -> list[MemberLoad]:
    """Members with open deadlines in the range, most of them first: of everybody, or the own ones alone."""
    counted = _open_by_day(body_id, first, last)
    own_only = not sees_load(actor, body_id)
    by_member: dict[int, Counter[dt.date]] = defaultdict(Counter)
    for day, members in counted.items():
        for member_id, count in members.items():
            if not own_only or member_id == actor.person_id:
                by_member[member_id][day] += count
    posts = _posts(body_id, list(by_member), hanoi_date(now))
    found = [
        MemberLoad(member, posts.get(member, ("", ""))[0], posts.get(member, ("", ""))[1], dict(days))
        for member, days in by_member.items()
    ]
    return sorted(found, key=lambda one: (-max(one.days.values()), -one.whole, one.name))


def advice(actor: Actor, body_id: int, working_days: int, now: dt.datetime) -> Advice:
    """What it would mean to give the members of today so many working days, counted from now (rule:R71).

    For whoever drafts, issues or runs slips. A number outside the window of the rules is refused as at the issue.
    """
    about = Detached(Slip.__tablename__, 0, None, body_id)
    if not any(actor.may(right, about) for right in PLANNING):
        actor.require(Right.SLIP_DRAFT, about)
    rule_set = slip_deadlines.rules_of(about, now)
    deadline = slip_deadlines.deadline_of(about, rule_set, now, working_days)
    parameters = SlipParameters.parse(rule_set.parameters)
    asked = members_of(body_id, hanoi_date(now))
    exceptions, day = exceptions_of(body_id), hanoi_date(deadline)
    load = _open_by_day(body_id, hanoi_date(now), day + dt.timedelta(days=LONGEST))
    possible = window(now, load, list(asked), parameters, exceptions)
    chosen = load_on(day, working_days, load, list(asked), parameters.most_per_day)
    return Advice(chosen, better_days(chosen, possible), possible, asked, parameters.most_per_day)


def later_loads(slip: Slip, ends: Sequence[dt.datetime]) -> dict[dt.date, DayLoad]:
    """What later deadlines of a running slip would hold, by day, for those who have not answered it (rule:R71)."""
    days = [hanoi_date(end) for end in ends]
    if not days or slip.rule_set is None:
        return {}
    load, most = _open_by_day(slip.body_id, min(days), max(days)), slips.rules_of(slip).most_per_day
    asked = slip_reminders.silent(slip.id)
    return {day: load_on(day, 0, load, asked, most) for day in days}


# -- what is on a day -------------------------------------------------------------------------------------------------


def _order(entry: Entry) -> tuple[int, dt.datetime, str]:
    midnight = dt.datetime.combine(entry.day, dt.time.min, HANOI)
    return list(EntryKind).index(entry.kind), entry.at or midnight, entry.title


def _begins(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.min, HANOI)


def _days_off(body_id: int, first: dt.date, last: dt.date, exceptions: Exceptions) -> Iterator[Entry]:
    """Named days off, and what was decided year by year with its occasion; a weekend for itself is no entry."""
    named: dict[dt.date, str] = {}
    swapped: set[dt.date] = set(exceptions.on)
    for year in range(first.year, last.year + 1):
        named |= public_holidays(year)
        swapped |= exchanged(year)
    own = CalendarDay.body_id == body_id
    rows = select(CalendarDay.day, CalendarDay.note).where(or_(own, CalendarDay.for_all)).order_by(own)
    named |= {day: note for day, note in db.session.execute(rows)}
    for day in sorted({*named, *exceptions.off, *swapped}):
        if first <= day <= last:
            if is_working_day(day, exceptions):
                yield Entry(EntryKind.WORKED, day, named.get(day, ""))
            else:
                yield Entry(EntryKind.OFF, day, named.get(day, ""))


def _sessions(actor: Actor, body_id: int, first: dt.date, last: dt.date) -> Iterator[Entry]:
    seats = {meeting_id for meeting_id, _role in actor.seats}
    for meeting in _meetings(actor, body_id, first, last):
        yield Entry(
            EntryKind.SESSION, meeting.held_on, meeting.title, meeting.starts_at, meeting.id, meeting.place,
            mine=meeting.id in seats, done=meeting.state is MeetingState.CLOSED,
        )  # fmt: skip


def _papers(actor: Actor, body_id: int, first: dt.date, last: dt.date, exceptions: Exceptions) -> Iterator[Entry]:
    """By when papers of sessions still to come are to be out (rule:R8), for those who prepare the session."""
    about = Detached(Meeting.__tablename__, 0, None, body_id)
    if not actor.may(Right.PAPER_MANAGE, about) and not actor.may(Right.MEETING_INVITE, about):
        return
    rule_sets = _meeting_rule_sets(body_id)
    for meeting in _meetings(actor, body_id, first, last + AHEAD, PLANNED):
        day = _due_day(meeting.held_on, rule_sets, exceptions)
        if day and first <= day <= last:
            yield Entry(EntryKind.PAPERS, day, meeting.title, subject_id=meeting.id, where=meeting.place, mine=True)


def _due_day(held_on: dt.date, rule_sets: Sequence[RuleSet], exceptions: Exceptions) -> dt.date | None:
    """By the rule set of that day; None where none, or more than one, is in force."""
    found = _in_force(rule_sets, held_on)
    return found and papers_due(held_on, RuleParameters.parse(found.parameters).papers_working_days, exceptions)


def meeting_rules(body_id: int, day: dt.date) -> RuleSet | None:
    """The rule set for sessions of a body on a day; None where none, or more than one, is in force."""
    return _in_force(_meeting_rule_sets(body_id), day)


def _meeting_rule_sets(body_id: int) -> list[RuleSet]:
    rows = select(RuleSet).where(RuleSet.body_id == body_id, RuleSet.procedure == Procedure.MEETING)
    return list(db.session.scalars(rows))


def _in_force(rule_sets: Sequence[RuleSet], day: dt.date) -> RuleSet | None:
    try:
        return applicable(rule_sets, Procedure.MEETING.value, day)
    except LookupError:
        return None


def _clocks(actor: Actor, body_id: int, first: dt.date, last: dt.date, exceptions: Exceptions) -> Iterator[Entry]:
    """By when the Office and the head deal with slips (rule:R14), for those who see boards."""
    for due in office_clocks.clocks_of(actor, body_id, exceptions):
        if first <= due.day <= last:
            yield Entry(EntryKind.CLOCK, due.day, due.slip.matter, subject_id=due.slip.id, clock=due.clock)


def _trips(actor: Actor, body_id: int, first: dt.date, last: dt.date) -> Iterator[Entry]:
    """Who is away, in one entry a day: of everybody for those who see boards, the own ones alone for a member."""
    away: dict[dt.date, list[MemberTrip]] = defaultdict(list)
    for trip in trips.trips_between(actor, body_id, _begins(first), _begins(last + dt.timedelta(days=1))):
        day = max(first, hanoi_date(trip.begins_at))
        while day <= last and _begins(day) < trip.ends_at:
            away[day].append(trip)
            day += dt.timedelta(days=1)
    for day, found in away.items():
        people = [(trip.member.full_name, trip.kind) for trip in found]
        mine = any(trip.member_id == actor.person_id for trip in found)
        yield Entry(EntryKind.TRIP, day, "", mine=mine, people=people)


def _meetings(
    actor: Actor, body_id: int, first: dt.date, last: dt.date, states: tuple[MeetingState, ...] = TOLD + PLANNED[:1]
) -> Sequence[Meeting]:
    rows = select(Meeting).where(Meeting.body_id == body_id, Meeting.state.in_(states), visible(actor, Meeting))
    rows = rows.where(Meeting.held_on >= first, Meeting.held_on <= last)
    return db.session.scalars(rows.order_by(Meeting.starts_at, Meeting.id)).all()


def _slips(actor: Actor, body_id: int, first: dt.date, last: dt.date) -> Iterator[Entry]:
    me = actor.person_id or 0
    asked = exists().where(SlipRecipient.slip_id == Slip.id, SlipRecipient.member_id == me)
    said = exists().where(SlipAnswer.slip_id == Slip.id, SlipAnswer.member_id == me)
    rows = select(Slip, asked, said).where(Slip.body_id == body_id, Slip.state.in_(SHOWN_SLIPS), visible(actor, Slip))
    rows = rows.where(Slip.deadline_at >= _begins(first), Slip.deadline_at < _begins(last + dt.timedelta(days=1)))
    rows = rows.options(joinedload(Slip.organisation)).order_by(Slip.deadline_at, Slip.id)
    for slip, mine, answered in db.session.execute(rows):
        yield Entry(
            EntryKind.SLIP, hanoi_date(slip.deadline_at), slip.matter, slip.deadline_at, slip.id,
            slip.organisation.name if slip.organisation else "", mine=mine,
            done=slip.state is not SlipState.ISSUED or (mine and answered), urgency=slip.urgency,
        )  # fmt: skip


# -- load -------------------------------------------------------------------------------------------------------------


def _open_by_day(body_id: int, first: dt.date, last: dt.date) -> Load:
    """Deadlines of issued slips by day and member, without what is answered; the same for whoever asks."""
    said = exists().where(SlipAnswer.slip_id == SlipRecipient.slip_id, SlipAnswer.member_id == SlipRecipient.member_id)
    rows = select(Slip.deadline_at, SlipRecipient.member_id).join(SlipRecipient, SlipRecipient.slip_id == Slip.id)
    rows = rows.where(Slip.body_id == body_id, Slip.state == SlipState.ISSUED, ~said)
    rows = rows.where(Slip.deadline_at >= _begins(first), Slip.deadline_at < _begins(last + dt.timedelta(days=1)))
    found: dict[dt.date, Counter[int]] = defaultdict(Counter)
    for deadline, member_id in db.session.execute(rows):
        found[hanoi_date(deadline)][member_id] += 1
    return found


def members_of(body_id: int, day: dt.date) -> dict[int, str]:
    """The members of a body on a day, by id with the name, in the order of precedence."""
    rows = select(Person.id, Person.full_name).join(Appointment, Appointment.person_id == Person.id)
    rows = rows.where(Appointment.body_id == body_id, Appointment.office.in_(MEMBERS), Appointment.in_force(day))
    return {person_id: name for person_id, name in db.session.execute(rows.order_by(Appointment.rank, Person.id))}


def _posts(body_id: int, members: Sequence[int], day: dt.date) -> dict[int, tuple[str, str]]:
    rows = select(Person.id, Person.full_name, Appointment.post).outerjoin(
        Appointment,
        (Appointment.person_id == Person.id) & (Appointment.body_id == body_id) & Appointment.in_force(day),
    )
    rows = rows.where(Person.id.in_(members)).order_by(Appointment.rank.desc())
    return {person_id: (name, post or "") for person_id, name, post in db.session.execute(rows)}
