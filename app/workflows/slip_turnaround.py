"""How soon slips are answered (thời gian trả lời phiếu): by member, by ministry, and the rows behind each figure."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, select

from app.extensions import db
from app.models import Appointment, Body, Organisation, Slip, SlipAnswer, SlipExtension, SlipRecipient, SlipState
from app.workflows.engine.errors import Detached
from app.workflows.engine.rights import GRANTS, Actor, Right
from app.workflows.engine.visibility import nothing, visible
from app.workflows.rules.calendar import HANOI
from app.workflows.rules.turnaround import Figures, Promptness, figures, promptness
from app.workflows.rules.working_days import FIRST_YEAR, LAST_YEAR

COUNTED = (SlipState.CLOSED, SlipState.REPORTED, SlipState.DECIDED)
LONGEST = 3 * 366  # days of a period


class Grouping(StrEnum):
    """By whom the answers are summed up: who was asked, whose ministry he heads, who leads the matter."""

    MEMBER = "member"
    MINISTRY = "ministry"
    LEAD = "lead"


@dataclass(frozen=True)
class Period:
    """Hanoi days, both counted; slips belong to the day on which they were closed."""

    first: dt.date
    last: dt.date

    def __post_init__(self) -> None:
        known = self.first.year >= FIRST_YEAR and self.last.year <= LAST_YEAR
        if not known or not 0 <= (self.last - self.first).days < LONGEST:
            raise ValueError(f"no period: {self.first} to {self.last}")

    @property
    def begins_at(self) -> dt.datetime:
        return dt.datetime.combine(self.first, dt.time.min, HANOI)

    @property
    def ends_at(self) -> dt.datetime:
        return dt.datetime.combine(self.last + dt.timedelta(days=1), dt.time.min, HANOI)


@dataclass(frozen=True)
class Asking:
    """One slip and one member whom it asked, after its close; `answered_at` is of the first answer.

    Keys are ids, 0 for no ministry; `deadline` was given at the issue, whatever became of it.
    """

    slip_id: int
    number: str
    matter: str
    member_id: int
    member: str
    post: str
    ministry_id: int
    ministry: str
    lead_id: int
    lead: str
    issued_at: dt.datetime
    deadline: dt.datetime
    answered_at: dt.datetime | None

    @property
    def met(self) -> Promptness:
        return promptness(self.answered_at, self.deadline)

    @property
    def took(self) -> dt.timedelta | None:
        return None if self.answered_at is None else self.answered_at - self.issued_at

    def key(self, by: Grouping) -> int:
        return {Grouping.MEMBER: self.member_id, Grouping.MINISTRY: self.ministry_id, Grouping.LEAD: self.lead_id}[by]

    def name(self, by: Grouping) -> str:
        return {Grouping.MEMBER: self.member, Grouping.MINISTRY: self.ministry, Grouping.LEAD: self.lead}[by]


@dataclass(frozen=True)
class Row:
    """A line of the report: `key` leads to the askings behind it, and to no others."""

    key: int
    name: str
    post: str
    figures: Figures


@dataclass(frozen=True)
class TurnaroundReport:
    """All askings of the period, and their sums by one grouping; the sums of the rows are those of the whole."""

    body: Body
    period: Period
    by: Grouping
    slips: int
    whole: Figures
    rows: Sequence[Row]
    askings: Sequence[Asking]


def report_body(actor: Actor) -> Body:
    """The body whose report this person reads; refused to whoever holds none of the offices that do."""
    ids = [body_id for body_id, office in actor.offices if office in GRANTS[Right.REPORT_READ]]
    body_id = min(ids, default=nothing(actor, Body, 0).body_id)
    actor.require(Right.REPORT_READ, Detached(Body.__tablename__, body_id, None, body_id))
    return db.session.get_one(Body, body_id)


def turnaround(
    actor: Actor, period: Period, by: Grouping, key: int | None = None, met: Promptness | None = None
) -> TurnaroundReport:
    """The report on a period: with `key` and `met` exactly the askings of that row, and of that column of it."""
    body = report_body(actor)
    found = [each for each in askings_of(actor, body.id, period)
             if (key is None or each.key(by) == key) and (met is None or each.met is met)]  # fmt: skip
    groups: dict[int, list[Asking]] = defaultdict(list)
    for each in found:
        groups[each.key(by)].append(each)
    rows = [_row(number, some, by) for number, some in groups.items()]
    slips = len({each.slip_id for each in found})
    return TurnaroundReport(body, period, by, slips, _sum(found), sorted(rows, key=_order), found)


def askings_of(actor: Actor, body_id: int, period: Period) -> list[Asking]:
    """Everybody who was asked by a slip that was closed in the period, in a fixed number of statements."""
    rows = select(Slip, SlipRecipient, Appointment.organisation_id)
    rows = rows.join(SlipRecipient, SlipRecipient.slip_id == Slip.id)
    rows = rows.join(Appointment, Appointment.id == SlipRecipient.appointment_id)
    rows = rows.where(Slip.body_id == body_id, Slip.state.in_(COUNTED), visible(actor, Slip))
    rows = rows.where(Slip.closed_at >= period.begins_at, Slip.closed_at < period.ends_at)
    found = db.session.execute(rows.order_by(Slip.closed_at, Slip.id, SlipRecipient.roll_index)).all()
    ids = sorted({slip.id for slip, _recipient, _organisation in found})
    answers, deadlines, names = _first_answers(ids), _first_deadlines(ids), _organisations(body_id)
    return [
        Asking(
            slip.id, slip.number_text, slip.matter, asked.member_id, asked.name, asked.post,
            ministry_id or 0, names.get(ministry_id or 0, ""), slip.organisation_id or 0,
            names.get(slip.organisation_id or 0, ""), slip.issued_at, deadlines.get(slip.id, slip.deadline_at),
            answers.get((slip.id, asked.member_id)),
        )
        for slip, asked, ministry_id in found
    ]  # fmt: skip


def _first_answers(slip_ids: Sequence[int]) -> dict[tuple[int, int], dt.datetime]:
    rows = select(SlipAnswer.slip_id, SlipAnswer.member_id, SlipAnswer.answered_at)
    rows = rows.where(SlipAnswer.slip_id.in_(slip_ids), SlipAnswer.supersedes_id.is_(None))
    return {(slip_id, member_id): at for slip_id, member_id, at in db.session.execute(rows)}


def _first_deadlines(slip_ids: Sequence[int]) -> dict[int, dt.datetime]:
    """Of slips that were extended: what was given at the issue."""
    first = select(SlipExtension.slip_id, func.min(SlipExtension.seq).label("seq"))
    first_of = first.where(SlipExtension.slip_id.in_(slip_ids)).group_by(SlipExtension.slip_id).subquery()
    rows = select(SlipExtension.slip_id, SlipExtension.old_deadline_at).join(
        first_of, (SlipExtension.slip_id == first_of.c.slip_id) & (SlipExtension.seq == first_of.c.seq)
    )
    return {slip_id: deadline for slip_id, deadline in db.session.execute(rows)}


def _organisations(body_id: int) -> dict[int, str]:
    rows = db.session.execute(select(Organisation.id, Organisation.name).where(Organisation.body_id == body_id))
    return {organisation_id: name for organisation_id, name in rows}


def _sum(askings: Sequence[Asking]) -> Figures:
    return figures([(each.met, each.took) for each in askings])


def _row(key: int, askings: Sequence[Asking], by: Grouping) -> Row:
    latest = askings[-1]
    return Row(key, latest.name(by), latest.post if by is Grouping.MEMBER else "", _sum(askings))


def _order(row: Row) -> tuple[float, str]:
    """Who is least often in time comes first."""
    return float(row.figures.share or 0), row.name
