"""Prints the minutes of sessions that have ended, once the log has a checkpoint over their end."""

import datetime as dt
from typing import Any

from app.tasks.execution import Later
from app.workflows import minutes
from app.workflows.engine.rights import SYSTEM

BETWEEN_LOOKS = dt.timedelta(seconds=2)


def make(fact: dict[str, Any]) -> None:
    """Print the minutes. Running twice is harmless: the same record makes the same file, which is kept once.

    A worker that dies leaves at most a file that nothing names; the next one writes it down.
    """
    now = dt.datetime.now(dt.UTC)
    if minutes.lacks_checkpoint(fact["meeting_id"], now):
        raise Later(now + BETWEEN_LOOKS, "the log has no checkpoint over the end of the session yet")
    minutes.make_minutes(SYSTEM, fact["meeting_id"], now)
