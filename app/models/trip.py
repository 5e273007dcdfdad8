"""When members are away: what a session is planned around."""

import datetime as dt
from enum import StrEnum

from flask_appbuilder import Model
from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import UTC, named
from app.models.identity import Body, Person


class TripKind(StrEnum):
    HOME = "home"
    ABROAD = "abroad"
    LEAVE = "leave"
    OTHER = "other"


class MemberTrip(Model):
    """A span in which a member is away (lịch công tác, vắng mặt), from `begins_at` up to but without `ends_at`.

    It says that somebody is away and of what kind that is, never where or why in more words than `note` holds.
    """

    __tablename__ = "member_trip"
    __table_args__ = (CheckConstraint("begins_at < ends_at", name="member_trip_forward"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[TripKind] = mapped_column(named(TripKind))
    begins_at: Mapped[dt.datetime] = mapped_column(UTC, index=True)
    ends_at: Mapped[dt.datetime] = mapped_column(UTC)
    note: Mapped[str] = mapped_column(String(200), default="")

    body: Mapped[Body] = relationship()
    member: Mapped[Person] = relationship()

    @property
    def meeting_id(self) -> None:
        return None

    def __str__(self) -> str:
        return self.member.full_name
