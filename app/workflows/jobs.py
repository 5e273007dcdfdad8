"""The administrator's hand on background work: try again, call off. What a job does stays the job's."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, select

from app.extensions import db
from app.models import Job, JobState, Queue
from app.workflows.engine.moves import Lifecycle, Move
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.engine.visibility import seen, visible

DUE, RUNNING, DONE, FAILED, CANCELLED = JobState
LIFECYCLE = Lifecycle(
    JobState,
    #    name      from                          to         who may
    Move("retry",  frozenset({FAILED, CANCELLED}), DUE,       Right.JOB_MANAGE),
    Move("cancel", frozenset({DUE}),               CANCELLED, Right.JOB_MANAGE),
    Move("stop",   frozenset({RUNNING}),           RUNNING,   Right.JOB_MANAGE),
)  # fmt: skip

# by the task's name: what follows when an administrator begins its job anew or calls it off; app/wiring.py fills it
followers: dict[str, Callable[[Actor, Job, dt.datetime], None]] = {}


@dataclass(frozen=True)
class JobFact(Fact):
    name: str


@dataclass(frozen=True)
class JobRetried(JobFact):
    pass


@dataclass(frozen=True)
class JobCancelled(JobFact):
    pass


@dataclass(frozen=True)
class Load:
    """What one queue has to do: counts by state, and since when the oldest waits (aware; None when nothing waits)."""

    queue: Queue
    counts: dict[JobState, int]
    oldest: dt.datetime | None


@use_case
def retry_job(actor: Actor, job_id: int, now: dt.datetime) -> Job:
    """Let a failed or cancelled job begin anew, with all its tries; handlers are harmless when run twice."""
    job = _locked(actor, job_id)
    fresh = {"due_at": now, "attempts": 0, "handed_at": None, "lease_until": None, "cancel_asked": False}
    LIFECYCLE.admit("retry", job, actor).apply(job, **fresh, done_at=None)
    _follow(actor, job, now)
    record(actor, JobRetried.about(job, name=job.name), now)
    return job


@use_case
def cancel_job(actor: Actor, job_id: int, now: dt.datetime) -> Job:
    """Call a waiting job off; a running one is asked to stop at its next report, and what is done stays done."""
    job = _locked(actor, job_id)
    if job.state is RUNNING:
        LIFECYCLE.admit("stop", job, actor).apply(job, cancel_asked=True)
    else:
        LIFECYCLE.admit("cancel", job, actor).apply(job, done_at=now)
    _follow(actor, job, now)
    record(actor, JobCancelled.about(job, name=job.name), now)
    return job


def loads(actor: Actor, now: dt.datetime) -> list[Load]:
    """Every queue with what it has to do, of the bodies whose jobs this person watches; one query."""
    rows = select(Job.queue, Job.state, func.count(), func.min(Job.due_at)).where(visible(actor, Job))
    found = db.session.execute(rows.group_by(Job.queue, Job.state)).all()
    counts: dict[Queue, dict[JobState, int]] = {queue: {} for queue in Queue}
    oldest: dict[Queue, dt.datetime] = {}
    for queue, state, count, since in found:
        counts[queue][state] = count
        if state is DUE and since is not None:
            oldest[queue] = _aware(since)
    waiting = {queue: since for queue, since in oldest.items() if since <= now}
    return [Load(queue, counts[queue], waiting.get(queue)) for queue in Queue]


def running(actor: Actor) -> list[Job]:
    """Jobs that are running and say how far they are, the oldest first."""
    rows = select(Job).where(visible(actor, Job), Job.state == RUNNING, Job.progress_total > 0)
    return list(db.session.scalars(rows.order_by(Job.id)))


def _follow(actor: Actor, job: Job, now: dt.datetime) -> None:
    if follow := followers.get(job.name):
        follow(actor, job, now)


def _locked(actor: Actor, job_id: int) -> Job:
    seen(actor, Job, job_id)
    rows = select(Job).where(Job.id == job_id).with_for_update()
    return db.session.scalars(rows.execution_options(populate_existing=True)).one()


def _aware(at: dt.datetime) -> dt.datetime:
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)
