"""How far a long job is: written down, shown on the administrators' screens, and the moment to stop when asked to."""

import logging
import time
from contextlib import suppress

from sqlalchemy import update

from app.models import Job, JobState
from app.realtime import announcing
from app.realtime.publishing import Away
from app.tasks.execution import LEASE, Cancelled, Claimed, LeaseLost, current
from app.workflows.engine.transaction import own_transaction

log = logging.getLogger(__name__)

EVERY = 0.5  # seconds between two reports that are written down
_told: dict[int, float] = {}


def report(done: int, total: int) -> None:
    """Say that `done` of `total` are done; a handler calls it between two of its own transactions.

    Extends the lease. Cancelled when somebody asked to stop, LeaseLost when another worker has the job. Outside a
    job nothing happens.
    """
    job = current.get()
    if job is None or (done < total and time.monotonic() - _told.get(job.id, 0.0) < EVERY):
        return
    _told[job.id] = time.monotonic()
    stop = _write(job, done, max(done, total))
    with suppress(Away):  # the screens ask again by themselves
        message = {"fact": "JobProgress", "job_id": job.id, "done": done, "total": max(done, total)}
        announcing.to_jobs(job.body_id, message)
    if done >= total or stop:
        _told.pop(job.id, None)
    if stop:
        raise Cancelled


def _write(job: Claimed, done: int, total: int) -> bool:
    """Whether somebody asked to stop."""
    ours = (Job.id == job.id, Job.state == JobState.RUNNING, Job.attempts == job.attempts)
    values = {"progress_done": done, "progress_total": total, "lease_until": job.at() + LEASE}
    with own_transaction() as session:
        found = session.execute(update(Job).where(*ours).values(**values).returning(Job.cancel_asked)).one_or_none()
    if found is None:
        raise LeaseLost
    return bool(found[0])
