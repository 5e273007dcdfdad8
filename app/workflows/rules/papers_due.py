"""By when the papers of a session must be with its members."""

import datetime as dt

from app.workflows.rules.working_days import USUAL, Exceptions, is_working_day

_DAY = dt.timedelta(days=1)


def papers_due(held_on: dt.date, working_days: int, exceptions: Exceptions = USUAL) -> dt.date:
    """The last day on which papers are out in time: so many working days before that of the session (rule:R8)."""
    day, left = held_on, working_days
    while left:
        day -= _DAY
        left -= is_working_day(day, exceptions)
    return day
