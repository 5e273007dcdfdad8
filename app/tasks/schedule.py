"""The calendar: what comes round by itself becomes a job once per body and slot, however many clocks are running."""

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.models import Body, Job
from app.workflows.engine import outbox
from app.workflows.engine.transaction import end_reading, own_transaction

log = logging.getLogger(__name__)

EVERY = 20.0  # seconds between two looks into the calendar
_looked = -EVERY

Slots = Callable[[int, dt.datetime], Iterator[tuple[str, dict[str, int | str]]]]


@dataclass(frozen=True)
class Entry:
    """A task that comes round: `slots` yields, for a body at a moment, each slot that is due and the task's arguments.

    A slot is a short text such as a Hanoi date; a slot that was planned is never planned again.
    """

    task: str
    slots: Slots


timetable: list[Entry] = []


def plan_if_due(now: dt.datetime) -> int:
    """Look into the calendar a few times a minute; how many jobs were planned."""
    global _looked  # noqa: PLW0603 - one process, one memory of it
    if time.monotonic() - _looked < EVERY:
        return 0
    _looked = time.monotonic()
    return plan(now)


def plan(now: dt.datetime) -> int:
    """Write a job for each slot that is due and has none; how many. Safe to run twice and side by side."""
    planned = 0
    for body_id in db.session.scalars(select(Body.id).order_by(Body.id)).all():
        for entry in timetable:
            for slot, arguments in list(entry.slots(body_id, now)):
                planned += _once(body_id, entry.task, slot, arguments, now)
    end_reading()
    if planned:
        outbox.wake.set()
    return planned


def _once(body_id: int, name: str, slot: str, arguments: dict[str, int | str], now: dt.datetime) -> bool:
    key = f"{name}:{body_id}:{slot}"
    if db.session.scalar(select(Job.id).where(Job.dedupe_key == key)):
        return False
    try:
        with own_transaction() as session:
            session.add(outbox.job_for(body_id, name, arguments, key, now))
    except IntegrityError:  # another clock was faster
        return False
    return True
