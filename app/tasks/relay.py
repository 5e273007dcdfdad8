"""The relay takes jobs out of the outbox after their commit: claim, handle, mark.

A job is told at least once: a crash between handling and marking repeats it when its lease is over, so every handler
is harmless when run twice. A job that keeps failing waits longer each time and never stands in the way of the others.
"""

import datetime as dt
import logging
import threading
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import ColumnElement, and_, or_, select, update

from app.extensions import db
from app.models import Job, JobState
from app.workflows.engine.outbox import handlers, wake
from app.workflows.engine.transaction import own_transaction

log = logging.getLogger(__name__)

LEASE = dt.timedelta(seconds=30)  # after it, another relay may take the job of one that died
MOST_ATTEMPTS = 8
LONGEST_WAIT = dt.timedelta(minutes=5)
BATCH = 20
IDLE = 1.0  # seconds between two looks when nobody wakes the relay
LONGEST_ERROR = 2000


@dataclass(frozen=True)
class Claimed:
    """A job in our hands; `attempts` tells our claim from a later one of somebody else."""

    id: int
    name: str
    payload: dict[str, Any]
    attempts: int


def drain(now: dt.datetime) -> int:
    """Handle every job that is due; how many were handled well. Safe to run twice and side by side."""
    handled = 0
    while batch := _claim(now):
        outcomes = [(job, _handle(job)) for job in batch]
        _mark(outcomes, now)
        handled += sum(problem is None for _job, problem in outcomes)
    return handled


def run_forever(app: Flask, stop: threading.Event) -> None:
    """The embedded installation starts this in a thread; requests only wake it."""
    while not stop.is_set():
        wake.wait(timeout=IDLE)
        wake.clear()
        try:
            with app.app_context():
                drain(dt.datetime.now(dt.UTC))
        except Exception:  # the database may be away for a while; the rows are not lost
            log.exception("the relay stumbled and goes on")
            stop.wait(IDLE)


def _due(now: dt.datetime) -> ColumnElement[bool]:
    """Waiting jobs whose time has come, and jobs whose lease is over."""
    return or_(
        and_(Job.state == JobState.DUE, Job.due_at <= now),
        and_(Job.state == JobState.RUNNING, Job.due_at <= now),
    )


def _claim(now: dt.datetime) -> list[Claimed]:
    if db.session.scalar(select(Job.id).where(_due(now)).limit(1)) is None:
        return []  # most looks end here, without asking for the right to write
    with own_transaction() as session:
        rows = select(Job).where(_due(now)).order_by(Job.id).limit(BATCH).with_for_update(skip_locked=True)
        jobs = session.scalars(rows).all()
        for job in jobs:
            job.state, job.due_at, job.attempts = JobState.RUNNING, now + LEASE, job.attempts + 1
        return [Claimed(job.id, job.name, job.payload, job.attempts) for job in jobs]


def _handle(job: Claimed) -> Exception | None:
    """Run the handler with no transaction open; what it raises is the job's problem, not the relay's."""
    try:
        handlers[job.name](job.payload)
    except Exception as problem:
        log.exception("job %s (%s) failed at attempt %s", job.id, job.name, job.attempts)
        return problem
    finally:
        db.session.remove()
    return None


def _mark(outcomes: list[tuple[Claimed, Exception | None]], now: dt.datetime) -> None:
    with own_transaction() as session:
        for job, problem in outcomes:
            ours = update(Job).where(Job.id == job.id, Job.state == JobState.RUNNING, Job.attempts == job.attempts)
            session.execute(ours.values(**(_done(now) if problem is None else _again(job, problem, now))))


def _done(now: dt.datetime) -> dict[str, Any]:
    return {"state": JobState.DONE, "done_at": now, "last_error": ""}


def _again(job: Claimed, problem: Exception, now: dt.datetime) -> dict[str, Any]:
    failed = job.attempts >= MOST_ATTEMPTS
    wait = min(dt.timedelta(seconds=2**job.attempts), LONGEST_WAIT)
    error = f"{type(problem).__name__}: {problem}"[:LONGEST_ERROR]
    return {"state": JobState.FAILED if failed else JobState.DUE, "due_at": now + wait, "last_error": error}
