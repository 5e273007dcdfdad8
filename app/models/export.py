"""What a person asked the installation to put together."""

import datetime as dt
from enum import StrEnum

from flask_appbuilder import Model
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import UTC, named
from app.models.job import Job


class ExportKind(StrEnum):
    MEETING_DOSSIER = "meeting_dossier"


class Export(Model):
    """A file made in the background for one person (bản xuất), kept in the document store under its hash."""

    __tablename__ = "export"

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[ExportKind] = mapped_column(named(ExportKind))
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id"))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))
    name: Mapped[str] = mapped_column(String(120), default="")
    file_sha256: Mapped[str] = mapped_column(String(64), default="")
    size: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[dt.datetime] = mapped_column(UTC)
    made_at: Mapped[dt.datetime | None] = mapped_column(UTC)

    job: Mapped[Job | None] = relationship()
