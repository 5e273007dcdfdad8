"""What the calendar itself has to tell: that the report on last week can be read."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select

from app.extensions import db
from app.models import AuditEntry, Body
from app.workflows import weekly
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.rules.timetable import Week


@dataclass(frozen=True)
class WeekReported(Fact):
    """`week` is ISO 8601, as in “2026-47”."""

    week: str


@use_case
def announce_week(actor: Actor, body_id: int, week: str, now: dt.datetime) -> bool:
    """Tell the readers of the weekly report that a week can be read; False when they know, or it has nothing in it."""
    body = db.session.get_one(Body, body_id, with_for_update=True)
    same = (AuditEntry.fact == WeekReported.__name__, AuditEntry.body_id == body_id)
    told = db.session.scalars(select(AuditEntry.payload).where(*same))
    if any(payload["week"] == week for payload in told):
        return False
    if not weekly.anything_in(actor, body_id, Week.parse(week)):
        return False
    record(actor, WeekReported(body.id, Body.__tablename__, body.id, week), now)
    return True
