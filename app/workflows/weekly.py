"""The weekly report (báo cáo tuần): sessions with their time, votes, decisions with the stopwatch, open invitations."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, joinedload, undefer

from app.extensions import db
from app.models import (
    AgendaItem,
    AuditEntry,
    Body,
    IssuedNumber,
    ItemState,
    Meeting,
    MeetingKind,
    MeetingState,
    Outcome,
    Person,
    Poll,
    PollState,
    Reply,
    Resolution,
    Seat,
    SeatRole,
    Slip,
    SlipState,
    Urgency,
)
from app.workflows.courses import steps_of
from app.workflows.engine.errors import Detached
from app.workflows.engine.rights import GRANTS, Actor, Right
from app.workflows.engine.visibility import OUT, nothing, visible
from app.workflows.evidence import standing_result
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.canonical import parse_canonical
from app.workflows.rules.result import public_view
from app.workflows.rules.stopwatch import Step
from app.workflows.rules.timetable import Week

MOST = 26  # weeks in the list
HELD = (MeetingState.OPEN, MeetingState.ADJOURNED, MeetingState.CLOSED)
CALLED = (MeetingState.INVITED, *HELD)
COUNTED = (SlipState.CLOSED, SlipState.REPORTED, SlipState.DECIDED)
PAUSES = {"MeetingAdjourned": True, "MeetingResumed": False}


@dataclass(frozen=True)
class SessionHeld:
    """A session of the week; `used` is from the opening to the end without breaks, None while it is not ended."""

    meeting_id: int
    title: str
    kind: MeetingKind
    state: MeetingState
    starts_at: dt.datetime
    planned: dt.timedelta
    used: dt.timedelta | None
    items: int
    items_done: int


@dataclass(frozen=True)
class Split:
    """How a published vote was answered, of all members."""

    members: int
    agree: int
    disagree: int
    other: int

    @property
    def cast(self) -> int:
        return self.agree + self.disagree + self.other

    @property
    def share(self) -> Decimal:
        """Who agreed, of all members, from 0 to 1."""
        return Decimal(self.agree) / self.members


@dataclass(frozen=True)
class Vote:
    """A question put to the vote in the week; without figures as long as its result is not published."""

    poll_id: int
    question: str
    meeting: str
    state: PollState
    opened_at: dt.datetime
    outcome: Outcome | None
    split: Split | None


@dataclass(frozen=True)
class Decision:
    """A Resolution promulgated in the week, with the steps of rules/stopwatch.py.

    `took` says how long a step took since the one before that the report names: the close, the signature, the number,
    the seal, the promulgation.
    """

    resolution_id: int
    number: str
    subject: str
    signer: str
    urgency: Urgency
    promulgated_at: dt.datetime
    steps: tuple[Step, ...]

    def took(self, code: str) -> float | None:
        """Seconds from the step before to this one; to the signature from the close of the vote."""
        step = next(step for step in self.steps if step.code == code)
        return step.since_close if code == "signed" else step.since_before

    @property
    def whole(self) -> float | None:
        """Seconds from the close of the vote to the promulgation."""
        return self.steps[-1].since_close


@dataclass(frozen=True)
class SlipDone:
    """A slip whose time ended in the week, with the figures of its result: what was cast, what silence counted as."""

    slip_id: int
    number: str
    matter: str
    organisation: str
    issued_at: dt.datetime
    closed_at: dt.datetime
    outcome: Outcome | None
    members: int
    answered: int
    deemed: int
    missing: int

    @property
    def took(self) -> dt.timedelta:
        """From the issue to the close."""
        return self.closed_at - self.issued_at


@dataclass(frozen=True)
class Unanswered:
    """Somebody who had not answered the invitation to a session still to come."""

    meeting_id: int
    meeting: str
    starts_at: dt.datetime
    name: str
    post: str
    invited_at: dt.datetime


@dataclass(frozen=True)
class WeeklyReport:
    """All of it, as this person may see it; `as_of` is the end of the week, or the making while the week goes on."""

    body: str
    place: str
    week: Week
    made_at: dt.datetime
    as_of: dt.datetime
    sessions: tuple[SessionHeld, ...]
    votes: tuple[Vote, ...]
    decisions: tuple[Decision, ...]
    slips: tuple[SlipDone, ...]
    invitations: tuple[Unanswered, ...]

    @property
    def planned(self) -> dt.timedelta:
        """Of the sessions that are ended, so that it compares with `used`."""
        return sum((one.planned for one in self.sessions if one.used is not None), dt.timedelta())

    @property
    def used(self) -> dt.timedelta:
        return sum((one.used for one in self.sessions if one.used is not None), dt.timedelta())

    @property
    def outcomes(self) -> Counter[Outcome | None]:
        return Counter(vote.outcome for vote in self.votes)


@dataclass(frozen=True)
class WeekCounts:
    """What the list of weeks says of one."""

    week: Week
    sessions: int
    votes: int
    decisions: int
    slips: int


def report_body(actor: Actor) -> Body:
    """The body whose report this person reads; refused to whoever holds none of the offices that do."""
    ids = [body_id for body_id, office in actor.offices if office in GRANTS[Right.REPORT_READ]]
    body_id = min(ids, default=nothing(actor, Body, 0).body_id)
    actor.require(Right.REPORT_READ, Detached(Body.__tablename__, body_id, None, body_id))
    return db.session.get_one(Body, body_id)


def weekly_report(actor: Actor, week: Week, now: dt.datetime) -> WeeklyReport:
    """The report on a week of Hanoi days; NotAllowed without the right."""
    body = report_body(actor)
    as_of = min(now, week.ends_at)
    return WeeklyReport(
        body.name, body.place, week, now, as_of,
        sessions=tuple(_sessions(actor, body, week)),
        votes=tuple(_votes(actor, body, week)),
        decisions=tuple(_decisions(actor, body, week)),
        slips=tuple(_slips(actor, body, week)),
        invitations=tuple(_unanswered(actor, body, as_of)),
    )  # fmt: skip


def anything_in(actor: Actor, body_id: int, week: Week) -> bool:
    """Whether the report on a week that is over says anything at all."""
    body = db.session.get_one(Body, body_id)
    parts = (_sessions, _votes, _decisions, _slips)
    told = any(True for part in parts for _one in part(actor, body, week))
    return told or any(True for _one in _unanswered(actor, body, week.ends_at))


def weeks(actor: Actor, now: dt.datetime) -> list[WeekCounts]:
    """The latest weeks in which there was anything, this week included, the newest first."""
    body, latest = report_body(actor), Week.of(hanoi_date(now))
    since = latest.begins_at - (MOST - 1) * dt.timedelta(weeks=1)
    shown = {
        "sessions": _counted(actor, Meeting, Meeting.held_on, hanoi_date(since), _held(body)),
        "votes": _counted(actor, Poll, Poll.opened_at, since, Poll.body_id == body.id),
        "decisions": _counted(actor, Resolution, Resolution.promulgated_at, since, _out(body)),
        "slips": _counted(actor, Slip, Slip.closed_at, since, _counted_slips(body)),
    }
    found = {latest}.union(*(set(counts) for counts in shown.values()))
    there = sorted((week for week in found if week <= latest), reverse=True)
    return [WeekCounts(week, **{name: counts[week] for name, counts in shown.items()}) for week in there]


def _counted(
    actor: Actor, model: type, moment: InstrumentedAttribute, since: dt.date, which: ColumnElement[bool]
) -> Counter[Week]:  # fmt: skip
    rows = db.session.scalars(select(moment).where(moment >= since, which, visible(actor, model)))
    return Counter(Week.of(hanoi_date(at) if isinstance(at, dt.datetime) else at) for at in rows)


def _held(body: Body) -> ColumnElement[bool]:
    return (Meeting.body_id == body.id) & Meeting.state.in_(HELD)


def _out(body: Body) -> ColumnElement[bool]:
    return (Resolution.body_id == body.id) & Resolution.state.in_(OUT)


def _counted_slips(body: Body) -> ColumnElement[bool]:
    return (Slip.body_id == body.id) & Slip.state.in_(COUNTED)


# -- sessions ---------------------------------------------------------------------------------------------------------


def _sessions(actor: Actor, body: Body, week: Week) -> Iterable[SessionHeld]:
    rows = select(Meeting).where(_held(body), visible(actor, Meeting))
    rows = rows.where(Meeting.held_on >= week.first, Meeting.held_on <= week.last)
    meetings = db.session.scalars(rows.order_by(Meeting.starts_at, Meeting.id)).all()
    items, breaks = _items(actor, meetings), _breaks(meetings)
    for one in meetings:
        yield SessionHeld(
            one.id, one.title, one.kind, one.state, one.starts_at, dt.timedelta(minutes=one.planned_minutes),
            time_used(one.opened_at, one.closed_at, breaks[one.id]),
            items=sum(items[one.id].values()), items_done=items[one.id][ItemState.DONE],
        )  # fmt: skip


def time_used(
    opened_at: dt.datetime | None, closed_at: dt.datetime | None, pauses: Sequence[tuple[dt.datetime, bool]]
) -> dt.timedelta | None:
    """From opening to end without the breaks; `pauses` are the moments in order, true where a break begins."""
    if opened_at is None or closed_at is None:
        return None
    used, since = dt.timedelta(), opened_at
    running = True
    for at, begins in pauses:
        if begins is running:
            used, since, running = used + (at - since if running else dt.timedelta()), at, not running
    return used + (closed_at - since if running else dt.timedelta())


def _items(actor: Actor, meetings: Sequence[Meeting]) -> dict[int, Counter[ItemState]]:
    rows = select(AgendaItem.meeting_id, AgendaItem.state, func.count()).where(visible(actor, AgendaItem))
    rows = rows.where(AgendaItem.meeting_id.in_([meeting.id for meeting in meetings]))
    found: dict[int, Counter[ItemState]] = defaultdict(Counter)
    for meeting_id, state, count in db.session.execute(rows.group_by(AgendaItem.meeting_id, AgendaItem.state)):
        found[meeting_id][state] = count
    return found


def _breaks(meetings: Sequence[Meeting]) -> dict[int, list[tuple[dt.datetime, bool]]]:
    """When the sessions were adjourned and resumed, out of the log: nothing else remembers it."""
    rows = select(AuditEntry.subject_id, AuditEntry.at, AuditEntry.fact).where(AuditEntry.fact.in_(PAUSES))
    rows = rows.where(AuditEntry.subject_type == Meeting.__tablename__)
    rows = rows.where(AuditEntry.subject_id.in_([meeting.id for meeting in meetings]))
    found: dict[int, list[tuple[dt.datetime, bool]]] = defaultdict(list)
    for meeting_id, at, fact in db.session.execute(rows.order_by(AuditEntry.id)):
        found[meeting_id].append((at, PAUSES[fact]))
    return found


# -- votes and decisions ----------------------------------------------------------------------------------------------


def _votes(actor: Actor, body: Body, week: Week) -> Iterable[Vote]:
    rows = select(Poll).where(Poll.body_id == body.id, visible(actor, Poll))
    rows = rows.where(Poll.opened_at >= week.begins_at, Poll.opened_at < week.ends_at)
    rows = rows.options(joinedload(Poll.meeting), undefer(Poll.result), undefer(Poll.confirmed_result))
    for poll in db.session.scalars(rows.order_by(Poll.opened_at, Poll.id)):
        if poll.opened_at:
            split = _split(poll) if poll.state is PollState.PUBLISHED else None
            outcome = (poll.confirmed_outcome or poll.outcome) if split else None
            yield Vote(poll.id, poll.question, poll.meeting.title, poll.state, poll.opened_at, outcome, split)


def _split(poll: Poll) -> Split:
    """The figures of the signed result of a published vote."""
    result = public_view(parse_canonical(standing_result(poll)))
    return Split(**{name: result[name] for name in ("members", "agree", "disagree", "other")})


def _decisions(actor: Actor, body: Body, week: Week) -> Iterable[Decision]:
    rows = select(Resolution, IssuedNumber.text).outerjoin(IssuedNumber, IssuedNumber.resolution_id == Resolution.id)
    rows = rows.where(_out(body), visible(actor, Resolution)).options(joinedload(Resolution.poll))
    rows = rows.where(Resolution.promulgated_at >= week.begins_at, Resolution.promulgated_at < week.ends_at)
    for made, number in db.session.execute(rows.order_by(Resolution.promulgated_at, Resolution.id)):
        yield Decision(
            made.id, number or "", made.subject, made.signer_post, made.urgency, made.promulgated_at, steps_of(made)
        )


def _slips(actor: Actor, body: Body, week: Week) -> Iterable[SlipDone]:
    """The figures are those of the stored result; before it is counted a slip shows none and is not here."""
    rows = select(Slip).where(_counted_slips(body), visible(actor, Slip))
    rows = rows.where(Slip.closed_at >= week.begins_at, Slip.closed_at < week.ends_at)
    rows = rows.options(joinedload(Slip.organisation), undefer(Slip.result)).order_by(Slip.closed_at, Slip.id)
    for slip in db.session.scalars(rows):
        if slip.issued_at and slip.closed_at and slip.result:
            result = parse_canonical(slip.result)
            deemed, missing = len(result["deemed"]), len(result["missing"])
            yield SlipDone(
                slip.id, slip.number_text, slip.matter, slip.organisation.name if slip.organisation else "",
                slip.issued_at, slip.closed_at, slip.outcome, members=result["members"],
                answered=result["answered"], deemed=deemed, missing=missing,
            )  # fmt: skip


def _unanswered(actor: Actor, body: Body, as_of: dt.datetime) -> Iterable[Unanswered]:
    """Who had not answered at that moment; a substitute's coming is settled by the consent to the absence."""
    rows = select(Meeting, Seat.post, Person.full_name).join(Seat, Seat.meeting_id == Meeting.id)
    rows = rows.join(Person, Person.id == Seat.person_id).where(Meeting.body_id == body.id, visible(actor, Meeting))
    rows = rows.where(Meeting.state.in_(CALLED), Meeting.invited_at <= as_of, Meeting.starts_at > as_of)
    rows = rows.where(Seat.role != SeatRole.SUBSTITUTE, or_(Seat.reply == Reply.NONE, Seat.replied_at > as_of))
    for meeting, post, name in db.session.execute(rows.order_by(Meeting.starts_at, Meeting.id, Seat.position, Seat.id)):
        yield Unanswered(meeting.id, meeting.title, meeting.starts_at, name, post, meeting.invited_at)
