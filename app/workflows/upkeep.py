"""Upkeep: what has served its time is taken out; nothing that proves anything is."""

import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement, delete, or_, select

from app.extensions import db
from app.models import Export, Job, JobState, LoginTry, PasskeyChallenge
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import use_case

JOBS_KEPT = dt.timedelta(days=30)
TRIES_KEPT = dt.timedelta(days=30)
CHALLENGES_KEPT = dt.timedelta(days=1)
EXPORTS_KEPT = dt.timedelta(days=30)
BATCH = 5000


@use_case
def prune(actor: Actor, now: dt.datetime) -> int:
    """Take out at most a batch of old exports, finished jobs, tries to sign in and challenges; how many rows went.

    The file of an export stays in the document store, which never gives anything up: its key is its content, and a
    backup or another row may count on it.
    """
    exported = select(Export.job_id).where(Export.job_id.is_not(None))
    at_work = select(Job.id).where(Job.state.in_((JobState.DUE, JobState.RUNNING)))
    old_exports = (Export.asked_at < now - EXPORTS_KEPT) & or_(Export.job_id.is_(None), Export.job_id.not_in(at_work))
    old_jobs = Job.state.in_((JobState.DONE, JobState.CANCELLED)) & (Job.done_at < now - JOBS_KEPT)
    gone = _take_out(Export, old_exports)
    gone += _take_out(Job, old_jobs & Job.id.not_in(exported))
    gone += _take_out(PasskeyChallenge, PasskeyChallenge.expires_at < now - CHALLENGES_KEPT)
    return gone + _take_out(LoginTry, LoginTry.at < now - TRIES_KEPT)


def _take_out(table: Any, condition: ColumnElement[bool]) -> int:
    ids = db.session.scalars(select(table.id).where(condition).limit(BATCH)).all()
    if ids:
        db.session.execute(delete(table).where(table.id.in_(ids)))
    return len(ids)
