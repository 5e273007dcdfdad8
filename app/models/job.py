"""What is to be told or done after the commit."""

import datetime as dt
from enum import StrEnum
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import UTC, named


class JobState(StrEnum):
    DUE = "due"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(Model):
    """Something to tell or to do after the commit (việc nền); the only outbox."""

    __tablename__ = "job"
    __table_args__ = (Index("job_due", "state", "due_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    queue: Mapped[str] = mapped_column(String(32), default="live")
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    dedupe_key: Mapped[str] = mapped_column(String(160), unique=True)
    state: Mapped[JobState] = mapped_column(named(JobState), default=JobState.DUE)
    due_at: Mapped[dt.datetime] = mapped_column(UTC)
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    last_error: Mapped[str] = mapped_column(Text, default="")
