"""Until when something may be answered: the clock alone decides it, at reading as at writing."""

import datetime as dt


def is_over(deadline: dt.datetime | None, now: dt.datetime) -> bool:
    """From the very moment on, whoever asks and whatever a task has done about it; without a deadline, never."""
    return deadline is not None and deadline <= now
