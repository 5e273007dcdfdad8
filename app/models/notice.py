"""What a person is told inside the application."""

import datetime as dt
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import UTC


class Notice(Model):
    """A message to one person about one fact (thông báo); told once, whatever runs twice."""

    __tablename__ = "notice"
    __table_args__ = (UniqueConstraint("person_id", "audit_entry_id", name="notice_once"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    audit_entry_id: Mapped[int] = mapped_column(ForeignKey("audit_entry.id"))
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id"))
    kind: Mapped[str] = mapped_column(String(64))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    urgent: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[dt.datetime] = mapped_column(UTC)
    read_at: Mapped[dt.datetime | None] = mapped_column(UTC)
