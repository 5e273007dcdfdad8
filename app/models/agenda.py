"""What a meeting deals with, in order."""

import datetime as dt
from enum import StrEnum
from typing import TYPE_CHECKING

from flask_appbuilder import Model
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import UTC, named
from app.models.identity import Organisation, Person
from app.models.meeting import Meeting

if TYPE_CHECKING:
    from app.models.slip import Slip


class ItemKind(StrEnum):
    DISCUSSION = "discussion"
    DECISION = "decision"
    REPORT = "report"


class ItemState(StrEnum):
    PLANNED = "planned"
    CURRENT = "current"
    DONE = "done"


class AgendaItem(Model):
    """A point of the agenda (nội dung phiên họp); `slip_id` is the opinion slip that was brought to this session."""

    __tablename__ = "agenda_item"
    __table_args__ = (
        UniqueConstraint("meeting_id", "position", name="agenda_item_position"),
        CheckConstraint("position > 0", name="agenda_item_position_positive"),
        CheckConstraint("state = 'planned' OR opened_at IS NOT NULL", name="agenda_item_opened_at"),
        CheckConstraint("(state = 'done') = (closed_at IS NOT NULL)", name="agenda_item_closed_at"),
        Index("agenda_item_one_current", "meeting_id", unique=True,
              sqlite_where=text("state = 'current'"), postgresql_where=text("state = 'current'")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    position: Mapped[int]
    kind: Mapped[ItemKind] = mapped_column(named(ItemKind))
    title: Mapped[str] = mapped_column(String(500))
    title_fold: Mapped[str] = mapped_column(String(500), index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    chair_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    slip_id: Mapped[int | None] = mapped_column(ForeignKey("slip.id"), index=True)
    summary: Mapped[str] = mapped_column(Text, default="")
    planned_minutes: Mapped[int] = mapped_column(default=15)
    state: Mapped[ItemState] = mapped_column(named(ItemState), default=ItemState.PLANNED)
    opened_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    closed_at: Mapped[dt.datetime | None] = mapped_column(UTC)

    meeting: Mapped[Meeting] = relationship()
    organisation: Mapped[Organisation | None] = relationship()
    chair: Mapped[Person | None] = relationship()
    slip: Mapped["Slip | None"] = relationship()

    @property
    def presiding_id(self) -> int | None:
        """Who takes the chair for this item instead of the chair of the meeting, if anybody."""
        return self.chair_id

    def __str__(self) -> str:
        return f"{self.position}. {self.title}"
