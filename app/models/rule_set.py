"""The law as dated data."""

import datetime as dt
from enum import StrEnum
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import UTC, named
from app.models.identity import FOREVER, Body


class Procedure(StrEnum):
    MEETING = "meeting"
    SLIP = "slip"


class RuleSet(Model):
    """Decision rules of a body between two dates (bộ quy tắc); once used, the row is immutable."""

    __tablename__ = "rule_set"
    __table_args__ = (
        UniqueConstraint("body_id", "procedure", "code", name="rule_set_code"),
        UniqueConstraint("body_id", "procedure", "valid_from", name="rule_set_start"),
        CheckConstraint("valid_from < valid_to", name="rule_set_dates"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(200))
    procedure: Mapped[Procedure] = mapped_column(named(Procedure))
    valid_from: Mapped[dt.date]
    valid_to: Mapped[dt.date] = mapped_column(default=FOREVER)
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON)
    legal_source: Mapped[str] = mapped_column(Text)
    confirmed: Mapped[bool]
    used_at: Mapped[dt.datetime | None] = mapped_column(UTC)

    body: Mapped[Body] = relationship()

    @property
    def meeting_id(self) -> None:
        return None

    def __str__(self) -> str:
        return self.name
