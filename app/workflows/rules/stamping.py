"""Time stamps of signatures: how long one is waited for, and whether it comes at the time that it must prove."""

import datetime as dt

AWAITED = dt.timedelta(days=30)
FIRST_WAIT, LONGEST_WAIT = dt.timedelta(seconds=5), dt.timedelta(minutes=10)
TOLERANCES = (  # from that Hanoi date on: how far the stamp may lie outside the vote
    (dt.date(2019, 1, 1), dt.timedelta(seconds=60)),
)
IN_TIME, BEFORE_OPENING, AFTER_CLOSE = "in_time", "before_opening", "after_close"


def awaited_since(now: dt.datetime) -> dt.datetime:
    """Signatures made before this moment get no time stamp any more: it would prove nothing of their day (rule:R41)."""
    return now - AWAITED


def wait_after(waited: dt.timedelta) -> dt.timedelta:
    """How long to wait before asking again, after it was waited so long already: twice as long each time (rule:R41)."""
    return min(max(waited, FIRST_WAIT), LONGEST_WAIT)


def tolerance_on(day: dt.date) -> dt.timedelta:
    """The tolerance in force on a Hanoi date; ValueError before the first one."""
    found = [tolerance for since, tolerance in TOLERANCES if since <= day]
    if not found:
        raise ValueError(f"no tolerance for time stamps was in force on {day}")
    return found[-1]


def timeliness(
    stamped_at: dt.datetime, opened_at: dt.datetime, closed_at: dt.datetime | None, tolerance: dt.timedelta
) -> str:
    """Whether a ballot's stamp lies between opening and close of its vote, give or take the tolerance (rule:R42).

    IN_TIME, BEFORE_OPENING or AFTER_CLOSE; without a close nothing is late. All times aware.
    """
    if stamped_at < opened_at - tolerance:
        return BEFORE_OPENING
    if closed_at is not None and stamped_at > closed_at + tolerance:
        return AFTER_CLOSE
    return IN_TIME
