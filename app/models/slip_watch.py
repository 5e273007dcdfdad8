"""What is watched of slips: who was reminded, and the calendars that people read with programs of their own."""

import datetime as dt

from flask_appbuilder import Model
from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import UTC
from app.models.identity import Person
from app.models.slip import Slip


class SlipReminder(Model):
    """A member was reminded of a slip that waits for an answer (nhắc trả lời phiếu); insert-only.

    `step`: hours before `deadline_at`, 0 when it was over, None when somebody (`by_id`) reminded by hand.
    """

    __tablename__ = "slip_reminder"
    __table_args__ = (
        ForeignKeyConstraint(["slip_id", "member_id"], ["slip_recipient.slip_id", "slip_recipient.member_id"]),
        UniqueConstraint("slip_id", "member_id", "deadline_at", "step", name="slip_reminder_once"),
        CheckConstraint("(step IS NULL) = (by_id IS NOT NULL)", name="slip_reminder_by_clock_or_hand"),
        CheckConstraint("step >= 0", name="slip_reminder_step"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    slip_id: Mapped[int] = mapped_column(ForeignKey("slip.id"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    deadline_at: Mapped[dt.datetime] = mapped_column(UTC)
    step: Mapped[int | None]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[dt.datetime] = mapped_column(UTC)

    slip: Mapped[Slip] = relationship(foreign_keys=slip_id)
    member: Mapped[Person] = relationship(foreign_keys=member_id)
    by: Mapped[Person | None] = relationship(foreign_keys=by_id)

    @property
    def meeting_id(self) -> None:
        return None


class CalendarFeed(Model):
    """A secret address under which a program reads somebody's own calendar (lịch cá nhân); only its hash is kept."""

    __tablename__ = "calendar_feed"
    __table_args__ = (
        Index("calendar_feed_one_each", "person_id", unique=True, sqlite_where=text("revoked_at IS NULL"),
              postgresql_where=text("revoked_at IS NULL")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[dt.datetime] = mapped_column(UTC)
    revoked_at: Mapped[dt.datetime | None] = mapped_column(UTC)

    person: Mapped[Person] = relationship()

    @property
    def meeting_id(self) -> None:
        return None
