"""What is to be told or done after the commit, and who is alive to do it."""

import datetime as dt
from enum import StrEnum
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import UTC, named


class JobState(StrEnum):
    DUE = "due"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Queue(StrEnum):
    """What a job is waited for by: a screen, a person, the calendar, nobody."""

    LIVE = "live"
    SIGNING = "signing"
    INTERACTIVE = "interactive"
    SCHEDULE = "schedule"
    DIGEST = "digest"
    NOTIFY = "notify"
    MAINTENANCE = "maintenance"


class Job(Model):
    """Something to tell or to do after the commit (việc nền); the only outbox.

    The row is the truth, a message in a queue only a hint. `due_at` is the time before which nobody takes it,
    `lease_until` the time after which somebody else may take it from a worker that died, `handed_at` when a queue was
    last told of it.
    """

    __tablename__ = "job"
    __table_args__ = (
        Index("job_due", "state", "due_at"),
        Index("job_lease", "state", "lease_until"),
        CheckConstraint("progress_done <= progress_total", name="job_progress"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    queue: Mapped[Queue] = mapped_column(named(Queue), default=Queue.LIVE)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    dedupe_key: Mapped[str] = mapped_column(String(160), unique=True)
    state: Mapped[JobState] = mapped_column(named(JobState), default=JobState.DUE)
    created_at: Mapped[dt.datetime] = mapped_column(UTC)
    due_at: Mapped[dt.datetime] = mapped_column(UTC)
    handed_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    lease_until: Mapped[dt.datetime | None] = mapped_column(UTC)
    worker: Mapped[str] = mapped_column(String(80), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    last_error: Mapped[str] = mapped_column(Text, default="")
    progress_done: Mapped[int] = mapped_column(default=0)
    progress_total: Mapped[int] = mapped_column(default=0)
    cancel_asked: Mapped[bool] = mapped_column(default=False)

    @property
    def meeting_id(self) -> None:
        return None


class Heartbeat(Model):
    """When a part of the installation was last seen at work (nhịp): the relay, the clock, a worker."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UTC)
