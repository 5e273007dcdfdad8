"""When a person is left in peace: hours of the night in Hanoi, which a message waits out."""

import datetime as dt

from app.workflows.rules.calendar import HANOI

BEGINS, ENDS = dt.time(22, 0), dt.time(6, 0)


def not_before(at: dt.datetime, begins: dt.time = BEGINS, ends: dt.time = ENDS) -> dt.datetime:
    """The first moment from `at` on that is not in the quiet hours, aware; `begins` belongs to them, `ends` does not.

    The hours may span midnight; of equal times there are none.
    """
    local = at.astimezone(HANOI)
    begun = local.date() if local.time() >= begins else local.date() - dt.timedelta(days=1)
    start = dt.datetime.combine(begun, begins, HANOI)
    end = dt.datetime.combine(begun if begins < ends else begun + dt.timedelta(days=1), ends, HANOI)
    return end.astimezone(dt.UTC) if begins != ends and start <= local < end else at
