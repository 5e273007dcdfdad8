"""When the end of a certificate is announced."""

import datetime as dt

STEPS = (30, 7, 1)  # days before the end


def due_step(not_after: dt.datetime, now: dt.datetime) -> int | None:
    """The step that has come (rule:R46), in days: the latest one only; None before the first and after the end."""
    left = not_after - now
    passed = [step for step in STEPS if left <= dt.timedelta(days=step)]
    return min(passed) if passed and left >= dt.timedelta() else None
