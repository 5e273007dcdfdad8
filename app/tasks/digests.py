"""Digests are made person by person, each in a transaction of its own: interrupted, the work goes on where it was."""

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from typing import Any

from app.tasks import progress
from app.workflows import digests
from app.workflows.engine.outbox import WrongArguments
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import end_reading
from app.workflows.rules.calendar import HANOI

log = logging.getLogger(__name__)

DAILY, SESSION, PAPERS = "digests.daily", digests.MAKE_SESSION, "digests.papers"


class LeftOut(Exception):
    """Some people's digest could not be made; the next try is about them alone."""


class DayOver(WrongArguments):
    """The day that a digest was for is over; trying again would not bring it back."""


def daily(job: dict[str, Any]) -> None:
    """The digests of a day. Running twice is harmless: who has his digest of that day is passed over.

    One that comes only after its day is none: the job fails and says so.
    """
    body_id, day = job["body_id"], dt.date.fromisoformat(job["day"])
    people = digests.members_without_daily(body_id, day)
    if day != dt.datetime.now(HANOI).date():  # nobody wants yesterday's news tomorrow
        raise DayOver(f"{day} is over, and {len(people)} people have no digest of it")
    _each(
        people,
        lambda person_id: digests.make_daily(SYSTEM, body_id, person_id, day, dt.datetime.now(dt.UTC)),
    )


def session(job: dict[str, Any]) -> None:
    """The digests of a session. Running twice is harmless: who has this one already is passed over."""
    meeting_id, why, slot = job["meeting_id"], job["why"], job["slot"]
    _each(
        digests.seated_without(meeting_id, slot),
        lambda person_id: digests.make_session(SYSTEM, meeting_id, person_id, why, slot, dt.datetime.now(dt.UTC)),
    )


def papers(fact: dict[str, Any]) -> None:
    """Papers of a session were released. Running twice is harmless: one digest is planned for a stretch of time."""
    released = dt.datetime.fromisoformat(fact["at"])
    digests.plan_papers(SYSTEM, fact["meeting_id"], released, dt.datetime.now(dt.UTC))


def _each(people: list[int], make: Callable[[int], object]) -> None:
    """Everybody's turn comes, whatever is odd about somebody before him; LeftOut at the end when it was."""
    end_reading()
    progress.report(0, len(people))
    left_out = 0
    for done, person_id in enumerate(people, start=1):
        try:
            make(person_id)
        except Exception:
            left_out += 1
            log.exception("the digest of person %s could not be made", person_id)
        progress.report(done, len(people))
    if left_out:
        raise LeftOut(f"{left_out} of {len(people)} digests could not be made")


def daily_slots(body_id: int, now: dt.datetime) -> Iterator[tuple[str, dict[str, int | str]]]:
    """The digest of the day, once it is half past six in Hanoi on a working day (rule:R30)."""
    if day := digests.due_days(body_id, now):
        yield day, {"body_id": body_id, "day": day}


def opening_slots(body_id: int, now: dt.datetime) -> Iterator[tuple[str, dict[str, int | str]]]:
    """The digest of each session that opens within the hour (rule:R31)."""
    for meeting_id, slot in digests.meetings_about_to_open(body_id, now).items():
        yield slot, {"meeting_id": meeting_id, "why": digests.OPENING, "slot": slot}
