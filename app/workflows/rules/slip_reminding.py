"""When who has not answered a slip is reminded: hours before the deadline, and once when it is over."""

import datetime as dt

from app.workflows.rules.slip_parameters import SlipParameters

OVERDUE = 0  # the step at the deadline itself
OVERDUE_UNTIL = dt.timedelta(days=3)  # later nobody is told any more that a deadline has passed


def step_due(deadline: dt.datetime, given_at: dt.datetime, now: dt.datetime, parameters: SlipParameters) -> int | None:
    """The step that is due: hours before the deadline, OVERDUE from the deadline on, None for none (rule:R70).

    The latest one alone, however long nobody looked; none that lies before `given_at`, when this deadline was set: who
    heard of it a moment ago is not reminded of it.
    """
    if deadline <= now:
        return OVERDUE if now < deadline + OVERDUE_UNTIL else None
    passed = [hours for hours in parameters.reminder_hours if deadline - dt.timedelta(hours=hours) <= now]
    latest = min(passed, default=None)
    if latest is None or deadline - dt.timedelta(hours=latest) <= given_at:
        return None
    return latest
