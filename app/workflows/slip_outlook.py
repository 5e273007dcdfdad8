"""What a deadline would be (dự kiến thời hạn): each possible number of working days, and the days between."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select

from app.extensions import db
from app.models import CalendarDay, RuleSet
from app.workflows import slip_deadlines
from app.workflows.engine.errors import Subject
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.slip_deadline import deadline_after
from app.workflows.rules.slip_parameters import SlipParameters
from app.workflows.rules.working_days import is_working_day, public_holidays
from app.workflows.working_calendar import exceptions_of


@dataclass(frozen=True)
class OutlookDay:
    """`name` says why a day is off or worked otherwise than usual; empty for an ordinary one."""

    day: dt.date
    worked: bool
    name: str


@dataclass(frozen=True)
class Outlook:
    """`ends`: the deadline by the number of working days, as many as the rules allow; `days`: from the day after the
    issue to the latest deadline.
    """

    rule_set: RuleSet
    parameters: SlipParameters
    ends: dict[int, dt.datetime]
    days: Sequence[OutlookDay]

    def skipped(self, working_days: int) -> list[OutlookDay]:
        """The days off before the deadline of so many working days."""
        end = hanoi_date(self.ends[working_days])
        return [each for each in self.days if not each.worked and each.day < end]


def outlook(subject: Subject, issued_at: dt.datetime) -> Outlook:
    """The window of the rules in force for a slip that would be issued at this moment (rule:R10)."""
    rule_set = slip_deadlines.rules_of(subject, issued_at)
    parameters, exceptions = SlipParameters.parse(rule_set.parameters), exceptions_of(subject.body_id)
    ends = {
        count: deadline_after(issued_at, count, parameters, exceptions)
        for count in range(parameters.min_working_days, parameters.max_working_days + 1)
    }
    first, last = hanoi_date(issued_at), hanoi_date(max(ends.values()))
    spent = [first + dt.timedelta(days=number) for number in range(1, (last - first).days + 1)]
    names = _names(subject.body_id, spent)
    days = [OutlookDay(day, is_working_day(day, exceptions), names.get(day, "")) for day in spent]
    return Outlook(rule_set, parameters, ends, days)


def _names(body_id: int, days: Sequence[dt.date]) -> dict[dt.date, str]:
    """What the calendar calls these days; a decided entry goes before the usual name, the own body's before all."""
    usual = {day: public_holidays(day.year).get(day, "") for day in days}
    rows = select(CalendarDay).where(CalendarDay.day.in_(days))
    rows = rows.where(or_(CalendarDay.body_id == body_id, CalendarDay.for_all))
    entries = sorted(db.session.scalars(rows), key=lambda entry: entry.body_id == body_id)
    return usual | {entry.day: entry.note for entry in entries}
