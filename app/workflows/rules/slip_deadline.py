"""Until when a slip can be answered: the window of the law in working days, and how far it may be moved."""

import datetime as dt
from enum import StrEnum

from app.workflows.rules.calendar import HANOI, hanoi_date
from app.workflows.rules.slip_parameters import SlipParameters
from app.workflows.rules.working_days import Exceptions, is_working_day, working_days_after, working_days_until


class Fault(StrEnum):
    """What is wrong with a deadline: over, on a day off, too soon, too late, or no later than the standing one."""

    PAST = "past"
    DAY_OFF = "day_off"
    TOO_SOON = "too_soon"
    TOO_LATE = "too_late"
    NOT_LATER = "not_later"


class DeadlineRefused(ValueError):
    """A deadline that the rule set does not allow; `last` is the latest day that it does allow."""

    def __init__(self, fault: Fault, parameters: SlipParameters, last: dt.date) -> None:
        self.fault, self.last = fault, last
        self.least, self.most = parameters.min_working_days, parameters.max_working_days
        super().__init__(f"{fault}: from {self.least} to {self.most} working days, until {last.isoformat()} at most")


def deadline_after(
    issued_at: dt.datetime, working_days: int, parameters: SlipParameters, exceptions: Exceptions
) -> dt.datetime:
    """The end of the last of so many working days; the first one is the first after the day of issue (rule:R10).

    Urgency has no part in it. DeadlineRefused outside the window of the rule set.
    """
    last = last_day(issued_at, parameters, exceptions)
    if working_days < parameters.min_working_days:
        raise DeadlineRefused(Fault.TOO_SOON, parameters, last)
    if working_days > parameters.max_working_days:
        raise DeadlineRefused(Fault.TOO_LATE, parameters, last)
    return _end_of(working_days_after(hanoi_date(issued_at), working_days, exceptions), parameters)


def days_until(
    day: dt.date, issued_at: dt.datetime, now: dt.datetime, parameters: SlipParameters, exceptions: Exceptions
) -> int:
    """How many working days somebody has who must answer by a chosen day (rule:R10).

    DeadlineRefused for a day that is over or off, and for one outside the window of the rule set.
    """
    last = last_day(issued_at, parameters, exceptions)
    if _end_of(day, parameters) <= now:
        raise DeadlineRefused(Fault.PAST, parameters, last)
    if day > last:
        raise DeadlineRefused(Fault.TOO_LATE, parameters, last)
    if not is_working_day(day, exceptions):
        raise DeadlineRefused(Fault.DAY_OFF, parameters, last)
    count = working_days_until(hanoi_date(issued_at), day, exceptions)
    if count < parameters.min_working_days:
        raise DeadlineRefused(Fault.TOO_SOON, parameters, last)
    return count


def extended(
    day: dt.date,
    issued_at: dt.datetime,
    standing: dt.datetime,
    now: dt.datetime,
    parameters: SlipParameters,
    exceptions: Exceptions,
) -> dt.datetime:
    """A later deadline, counted from the issue like the first one: never beyond the longest window (rule:R10)."""
    days_until(day, issued_at, now, parameters, exceptions)
    moved = _end_of(day, parameters)
    if moved <= standing:
        raise DeadlineRefused(Fault.NOT_LATER, parameters, last_day(issued_at, parameters, exceptions))
    return moved


def last_day(issued_at: dt.datetime, parameters: SlipParameters, exceptions: Exceptions) -> dt.date:
    """The last day on which a slip issued then may still be answered under the rule set."""
    return working_days_after(hanoi_date(issued_at), parameters.max_working_days, exceptions)


def reminders(deadline: dt.datetime, parameters: SlipParameters) -> list[dt.datetime]:
    """When those who have not answered are reminded, in order; all of them before the deadline."""
    return [deadline - dt.timedelta(hours=hours) for hours in parameters.reminder_hours]


def _end_of(day: dt.date, parameters: SlipParameters) -> dt.datetime:
    return dt.datetime.combine(day, parameters.ends, HANOI)
