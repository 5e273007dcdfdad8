"""What the head of the body decides on the outcome of an opinion slip."""

import datetime as dt
from enum import StrEnum

from flask_appbuilder import Model
from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import UTC, named
from app.models.identity import Person
from app.models.meeting import Meeting
from app.models.slip import Slip


class SlipWay(StrEnum):
    SUBMIT = "submit"
    SESSION = "session"
    RETURN = "return"


class SlipDecision(Model):
    """The way that the head of the body chose (quyết định xử lý kết quả lấy ý kiến); insert-only, one for a slip.

    `tie_confirmed`: the head confirmed what follows from the own answer where opinions were equal (rule:R2).
    `meeting_id` is the session that deals with the matter, `resubmit_on` the day on which it is to be laid again.
    """

    __tablename__ = "slip_decision"
    __table_args__ = (
        CheckConstraint("(way = 'session') = (meeting_id IS NOT NULL)", name="slip_decision_session"),
        CheckConstraint("(way = 'return') = (resubmit_on IS NOT NULL)", name="slip_decision_resubmission"),
        CheckConstraint("way <> 'return' OR reason <> ''", name="slip_decision_reason"),
    )

    slip_id: Mapped[int] = mapped_column(ForeignKey("slip.id"), primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    way: Mapped[SlipWay] = mapped_column(named(SlipWay))
    reason: Mapped[str] = mapped_column(Text, default="")
    tie_confirmed: Mapped[bool] = mapped_column(default=False)
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id"), index=True)
    resubmit_on: Mapped[dt.date | None]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str] = mapped_column(String(200))
    post: Mapped[str] = mapped_column(String(200))
    at: Mapped[dt.datetime] = mapped_column(UTC)

    slip: Mapped[Slip] = relationship()
    meeting: Mapped[Meeting | None] = relationship()
    person: Mapped[Person] = relationship()
