"""Templates of opinion slips: what a clerk asks again and again."""

import datetime as dt
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import UTC


class SlipTemplate(Model):
    """A slip to begin from (mẫu phiếu): `content` as `Content` of app/workflows/slips.py, without papers."""

    __tablename__ = "slip_template"
    __table_args__ = (UniqueConstraint("body_id", "name_fold", name="slip_template_once"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    name_fold: Mapped[str] = mapped_column(String(200))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[dt.datetime] = mapped_column(UTC)

    @property
    def meeting_id(self) -> None:
        return None
