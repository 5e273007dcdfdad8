"""What a person is told of a day or of a session, all at once."""

import datetime as dt
from enum import StrEnum
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import UTC, named
from app.models.identity import Body, Person


class DigestKind(StrEnum):
    DAILY = "daily"
    SESSION = "session"


class Digest(Model):
    """One person's digest (bản tin), made once for its slot: a Hanoi date, or a session and what was the occasion.

    `content` is what app/workflows/rules/digest.py makes; it is kept as it was told.
    """

    __tablename__ = "digest"
    __table_args__ = (UniqueConstraint("person_id", "body_id", "kind", "slot", name="digest_once"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[DigestKind] = mapped_column(named(DigestKind))
    slot: Mapped[str] = mapped_column(String(60))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    made_at: Mapped[dt.datetime] = mapped_column(UTC)
    read_at: Mapped[dt.datetime | None] = mapped_column(UTC)

    person: Mapped[Person] = relationship()
    body: Mapped[Body] = relationship()

    @property
    def meeting_id(self) -> None:
        return None
