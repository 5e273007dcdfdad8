"""The calendar's own announcements."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from app.workflows import announcements, digests
from app.workflows.engine.rights import SYSTEM
from app.workflows.rules.timetable import report_due

WEEK = "announcements.week"


def week(job: dict[str, Any]) -> None:
    """Tell that last week's report can be read. Running twice is harmless: a week is announced once.

    A week in which nothing was is not announced.
    """
    announcements.announce_week(SYSTEM, job["body_id"], job["week"], dt.datetime.now(dt.UTC))


def week_slots(body_id: int, now: dt.datetime) -> Iterator[tuple[str, dict[str, int | str]]]:
    """The week before this one, from Monday morning on (rule:R32)."""
    if slot := report_due(now, digests.timetable(body_id)):
        yield slot.key, {"body_id": body_id, "week": slot.key}
