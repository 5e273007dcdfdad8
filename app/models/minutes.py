"""The minutes of a session as they were printed from its record."""

import datetime as dt

from flask_appbuilder import Model
from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import UTC
from app.models.meeting import Meeting


class MinutesFile(Model):
    """One version of the minutes (biên bản phiên họp) of a closed session, unsigned, under its hash; insert-only.

    `number` 1 is the first one; a later one was printed from a record that says more, and the earlier ones stay.
    """

    __tablename__ = "minutes_file"
    __table_args__ = (
        UniqueConstraint("meeting_id", "number", name="minutes_file_once"),
        CheckConstraint("number > 0 AND size > 0", name="minutes_file_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    number: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int]
    made_at: Mapped[dt.datetime] = mapped_column(UTC)

    meeting: Mapped[Meeting] = relationship()

    def __str__(self) -> str:
        return f"{self.meeting.title} ({self.number})"
