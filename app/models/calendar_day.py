"""Exceptions of the working calendar."""

import datetime as dt
from enum import StrEnum

from flask_appbuilder import Model
from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import named
from app.models.identity import Body


class DayKind(StrEnum):
    OFF = "off"
    WORKED = "worked"


class CalendarDay(Model):
    """A day that is worked or not, whatever the usual calendar says (ngày nghỉ, ngày làm việc được điều chỉnh).

    `for_all`: entered by the Government for every body; what a body enters for itself holds over it.
    """

    __tablename__ = "calendar_day"
    __table_args__ = (
        UniqueConstraint("body_id", "day", name="calendar_day_once"),
        Index("calendar_day_for_all_once", "day", unique=True, sqlite_where=text("for_all"),
              postgresql_where=text("for_all")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    day: Mapped[dt.date]
    kind: Mapped[DayKind] = mapped_column(named(DayKind))
    for_all: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(300), default="")

    body: Mapped[Body] = relationship()

    @property
    def meeting_id(self) -> None:
        return None

    def __str__(self) -> str:
        return f"{self.day:%d/%m/%Y}"
