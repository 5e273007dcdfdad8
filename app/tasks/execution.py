"""A job's life: claimed with a lease, handled with no transaction open, marked if it still is ours.

A job is handled at least once: whoever dies with it loses it when the lease is over, so every handler is harmless when
run twice. A job that keeps failing waits longer each time, is failed for good after eight tries, and never stands in
the way of the others.
"""

import datetime as dt
import logging
import math
import os
import socket
import threading
import time
from collections.abc import Collection, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, or_, select, update
from sqlalchemy.orm import Session

from app import logs
from app.extensions import db
from app.models import Job, JobState, Queue
from app.realtime.publishing import Away
from app.workflows.engine.outbox import WrongArguments, task
from app.workflows.engine.tables import table
from app.workflows.engine.transaction import facts_at_hand, own_transaction

log = logging.getLogger(__name__)

LEASE = dt.timedelta(seconds=30)  # after it, another worker may take the job of one that died
MOST_ATTEMPTS = 8
LONGEST_WAIT = dt.timedelta(minutes=5)
UNTOLD = dt.timedelta(seconds=5)  # between two tries while Redis is away
BATCH = 50
LONGEST_ERROR = 2000
EVERY_QUEUE = tuple(Queue)
JOB = table(Job)
WANTED = select(
    JOB.c.id, JOB.c.body_id, JOB.c.name, JOB.c.payload, JOB.c.attempts, JOB.c.cancel_asked, JOB.c.last_error
)  # fmt: skip
UNFAILED = (JobState.DUE, JobState.RUNNING, JobState.DONE)


class Cancelled(Exception):
    """Somebody asked to stop this job; what was done so far stays done."""


class Later(Exception):
    """Not now, and nobody's fault here: the job waits until `at` (aware) and keeps its tries."""

    def __init__(self, at: dt.datetime, why: str) -> None:
        super().__init__(why)
        self.at = at


class LeaseLost(Exception):
    """Another worker has taken the job meanwhile; this one ends without a word."""


@dataclass(frozen=True)
class Claimed:
    """A job in our hands; `attempts` tells our claim from a later one of somebody else."""

    id: int
    body_id: int
    name: str
    payload: dict[str, Any]
    attempts: int
    begun: float
    now: dt.datetime

    def at(self) -> dt.datetime:
        """The time by the claim's clock, in whole seconds passed."""
        return _later(self.now, self.begun)


def _later(now: dt.datetime, begun: float) -> dt.datetime:
    return now + dt.timedelta(seconds=int(time.monotonic() - begun))


Endings = Sequence[tuple[Claimed, dict[str, Any]]]  # what is to be written of each job
current: ContextVar[Claimed | None] = ContextVar("current job", default=None)


def drain(now: dt.datetime, queues: Collection[Queue] = EVERY_QUEUE, seconds: float = math.inf) -> int:
    """Handle every job of these queues that is due; how many were handled well. Safe side by side.

    After so many seconds it ends between two jobs, whatever is left.
    """
    handled, begun = 0, time.monotonic()
    batch = claim(now, queues)
    while batch:
        with facts_at_hand(job.payload for job in batch):
            endings = [(job, perform(job)) for job in batch]
        handled += sum(ending["state"] is JobState.DONE for _job, ending in endings)
        if time.monotonic() - begun >= seconds:
            _mark(endings)
            break
        batch = _next(_later(now, begun), queues, endings)
    return handled


def run_job(job_id: int, now: dt.datetime) -> bool:
    """Handle one job if it is due and nobody has it; False when there was nothing to do or it failed.

    Whoever gave the hint may be writing that down just now: its row is waited for, or the hint would be lost.
    """
    with own_transaction() as session:
        claimed = _claim(session, now, (due(now) & (Job.id == job_id),), 1, patient=True)
    endings = [(job, perform(job)) for job in claimed]
    _mark(endings)
    return any(ending["state"] is JobState.DONE for _job, ending in endings)


def reopen(job_id: int, at: dt.datetime) -> None:
    """What a job left to be done later could not be done: whoever comes first from `at` on does the job again."""
    with own_transaction() as session:
        waiting = {"state": JobState.DUE, "due_at": at, "handed_at": None, "lease_until": None, "done_at": None}
        session.execute(update(Job).where(Job.id == job_id, Job.state.in_(UNFAILED)).values(**waiting))


def due(now: dt.datetime) -> ColumnElement[bool]:
    """Waiting jobs whose time has come, and jobs whose lease is over."""
    return or_(_lapsed(now), _ready(now))


def _ready(now: dt.datetime) -> ColumnElement[bool]:
    return and_(Job.state == JobState.DUE, Job.due_at <= now)


def _lapsed(now: dt.datetime) -> ColumnElement[bool]:
    return and_(Job.state == JobState.RUNNING, or_(Job.lease_until <= now, Job.lease_until.is_(None)))


def claim(now: dt.datetime, queues: Collection[Queue] = EVERY_QUEUE) -> list[Claimed]:
    """Up to a batch of due jobs, ours until their lease is over."""
    if db.session.scalar(select(Job.id).where(due(now), Job.queue.in_(list(queues))).limit(1)) is None:
        return []  # most looks end here, without asking for the right to write
    return _next(now, queues, [])


def _next(now: dt.datetime, queues: Collection[Queue], endings: Endings) -> list[Claimed]:
    """Write down how the last jobs ended and take the next ones, in one transaction.

    Only live jobs come in batches: they take milliseconds, and the last of them must not outlive its lease. What
    another worker left is asked for by itself, so that the rest comes in the order of its index however long it is.
    """
    wanted, most = Job.queue.in_(list(queues)), BATCH if set(queues) == {Queue.LIVE} else 1
    with own_transaction() as session:
        _write(session, endings)
        return _claim(session, now, (_lapsed(now) & wanted, _ready(now) & wanted), most)


def _claim(
    session: Session, now: dt.datetime, kinds: Iterable[ColumnElement[bool]], most: int, patient: bool = False
) -> list[Claimed]:
    found: list[Row[Any]] = []
    for wanted in kinds:
        if len(found) < most:
            rows = WANTED.where(wanted).order_by(Job.due_at, Job.id).limit(most - len(found))
            found.extend(session.execute(rows.with_for_update(skip_locked=not patient)))
    jobs = [job for job in found if not _hopeless(session, job, now)]
    if jobs:
        taken = {
            "state": JobState.RUNNING, "lease_until": now + LEASE, "attempts": JOB.c.attempts + 1, "worker": whoami(),
        }  # fmt: skip
        session.execute(update(JOB).where(JOB.c.id.in_([job.id for job in jobs])).values(**taken))
    begun = time.monotonic()
    return [Claimed(job.id, job.body_id, job.name, job.payload, job.attempts + 1, begun, now) for job in jobs]


def _hopeless(session: Session, job: Row[Any], now: dt.datetime) -> bool:
    """Called off before it began, or found for the last time in the hands of a worker that died."""
    if job.cancel_asked:
        ending = {"state": JobState.CANCELLED, "done_at": now, "lease_until": None}
    elif job.attempts >= MOST_ATTEMPTS:
        why = job.last_error or "the worker ended in the middle of it, again and again"
        ending = {"state": JobState.FAILED, "lease_until": None, "last_error": why}
        log.error("job %s (%s) is given up after %s tries", job.id, job.name, job.attempts)
    else:
        return False
    session.execute(update(JOB).where(JOB.c.id == job.id).values(**ending))
    return True


def perform(job: Claimed) -> dict[str, Any]:
    """Handle a claimed job; what is to be written of how it ended. What it raises is its problem, not the worker's."""
    token = current.set(job)
    try:
        with logs.job(job.id):
            found = task(job.name)
            found.check(job.payload)
            found.run(job.payload)
    except LeaseLost:
        log.warning("job %s (%s) was taken over by another worker", job.id, job.name)
        return {"state": JobState.RUNNING}  # not ours to say
    except Cancelled:
        return {"state": JobState.CANCELLED, "done_at": job.at(), "lease_until": None}
    except (Later, Away) as reason:
        return _kept(job, reason)
    except WrongArguments as refused:  # trying again would not make it right
        log.error("job %s (%s) is refused: %s", job.id, job.name, refused)
        return _failed(refused)
    except Exception as problem:
        log.exception("job %s (%s) failed at attempt %s", job.id, job.name, job.attempts)
        return _again(job, problem)
    finally:
        current.reset(token)
        db.session.remove()
    return {"state": JobState.DONE, "done_at": job.at(), "lease_until": None, "last_error": ""}


def _mark(endings: Endings) -> None:
    if endings:
        with own_transaction() as session:
            _write(session, endings)


def _write(session: Session, endings: Endings) -> None:
    """Only what still is ours: a job that another worker took over meanwhile is his to mark.

    Those that ended alike at the same try, as most do, are marked in one statement.
    """
    alike: dict[tuple[Any, ...], list[int]] = {}
    for job, ending in endings:
        alike.setdefault((job.attempts, *ending.items()), []).append(job.id)
    for (attempts, *written), ids in alike.items():
        ours = (JOB.c.id.in_(ids), JOB.c.state == JobState.RUNNING, JOB.c.attempts == attempts)
        session.execute(update(JOB).where(*ours).values(**dict(written)))


def _failed(problem: Exception) -> dict[str, Any]:
    return {"state": JobState.FAILED, "lease_until": None, "last_error": _said(problem)}


def _kept(job: Claimed, reason: Later | Away) -> dict[str, Any]:
    """This try does not count. However long Redis is gone, whoever is to be told is told when it is back."""
    at = reason.at if isinstance(reason, Later) else job.at() + UNTOLD
    return _waiting(at, str(reason)) | {"attempts": job.attempts - 1}


def _again(job: Claimed, problem: Exception) -> dict[str, Any]:
    if job.attempts >= MOST_ATTEMPTS:
        return _failed(problem)
    return _waiting(job.at() + min(dt.timedelta(seconds=2**job.attempts), LONGEST_WAIT), _said(problem))


def _waiting(at: dt.datetime, why: str) -> dict[str, Any]:
    return {
        "state": JobState.DUE, "due_at": at, "handed_at": None, "lease_until": None, "last_error": why[:LONGEST_ERROR],
    }  # fmt: skip


def _said(problem: Exception) -> str:
    """In characters that every database keeps: what was sent to us may stand in it."""
    said = f"{type(problem).__name__}: {problem}".replace("\0", "\N{REPLACEMENT CHARACTER}")
    return said.encode("utf-8", "replace").decode()[:LONGEST_ERROR]


def whoami() -> str:
    """Which worker this is, for the monitor: host, process, thread."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.current_thread().name}"[:80]
