"""Who of a member's aides sees the slips that the member is asked about, and what they suggest to answer."""

import datetime as dt
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import JSON, CheckConstraint, ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import UTC
from app.models.identity import Person


class SlipAide(Model):
    """Whether a member lets an aide see the own slips (cho phép xem phiếu lấy ý kiến); the member decides alone."""

    __tablename__ = "slip_aide"
    __table_args__ = (CheckConstraint("member_id <> aide_id", name="slip_aide_two_people"),)

    member_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    aide_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    allowed: Mapped[bool]
    at: Mapped[dt.datetime] = mapped_column(UTC)


class SlipAdvice(Model):
    """What an aide suggests to answer (ý kiến tham mưu): seen by that member alone, signed by nobody, counted never.

    `content` is what the form of an answer holds; `version` counts the times it was written.
    """

    __tablename__ = "slip_advice"
    __table_args__ = (
        ForeignKeyConstraint(["slip_id", "member_id"], ["slip_recipient.slip_id", "slip_recipient.member_id"]),
        UniqueConstraint("slip_id", "member_id", "aide_id", name="slip_advice_once"),
        CheckConstraint("member_id <> aide_id", name="slip_advice_two_people"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    slip_id: Mapped[int] = mapped_column(index=True)
    member_id: Mapped[int] = mapped_column(index=True)
    aide_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    version: Mapped[int]
    at: Mapped[dt.datetime] = mapped_column(UTC)

    aide: Mapped[Person] = relationship()

    @property
    def meeting_id(self) -> None:
        return None
