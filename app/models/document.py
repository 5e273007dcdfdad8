"""Session papers and their versions; a secret paper is a placeholder and has no version."""

import datetime as dt
from enum import StrEnum

from flask_appbuilder import Model
from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.agenda import AgendaItem
from app.models.base import UTC, named
from app.models.identity import Person


class DocumentKind(StrEnum):
    SUBMISSION = "submission"
    BRIEF = "brief"
    DRAFT_RESOLUTION = "draft_resolution"
    APPRAISAL = "appraisal"
    REPORT = "report"
    OTHER = "other"


class Secrecy(StrEnum):
    NONE = "none"
    CONFIDENTIAL = "confidential"
    SECRET = "secret"
    TOP_SECRET = "top_secret"


class Document(Model):
    """A paper of an agenda item (tài liệu phiên họp) or of an opinion slip (tài liệu kèm phiếu)."""

    __tablename__ = "document"
    __table_args__ = (
        CheckConstraint("secrecy = 'none' OR paper_number <> ''", name="document_secret_on_paper"),
        CheckConstraint("secrecy <> 'none' OR paper_number = ''", name="document_open_in_system"),
        CheckConstraint("(slip_id IS NULL) = (item_id IS NOT NULL) AND (item_id IS NULL) = (meeting_id IS NULL)",
                        name="document_one_place"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id"), index=True)
    item_id: Mapped[int | None] = mapped_column(ForeignKey("agenda_item.id"), index=True)
    slip_id: Mapped[int | None] = mapped_column(ForeignKey("slip.id"), index=True)
    kind: Mapped[DocumentKind] = mapped_column(named(DocumentKind))
    title: Mapped[str] = mapped_column(String(500))
    title_fold: Mapped[str] = mapped_column(String(500), index=True)
    secrecy: Mapped[Secrecy] = mapped_column(named(Secrecy), default=Secrecy.NONE)
    paper_number: Mapped[str] = mapped_column(String(40), default="")
    position: Mapped[int] = mapped_column(default=0)

    item: Mapped[AgendaItem | None] = relationship()
    versions: Mapped[list["DocumentVersion"]] = relationship(
        back_populates="document", order_by="DocumentVersion.number"
    )

    @property
    def current(self) -> "DocumentVersion | None":
        return self.versions[-1] if self.versions else None

    def __str__(self) -> str:
        return self.title


class DocumentVersion(Model):
    """One uploaded file of a paper (phiên bản); insert-only."""

    __tablename__ = "document_version"
    __table_args__ = (
        UniqueConstraint("document_id", "number", name="document_version_number"),
        CheckConstraint("number > 0 AND size > 0 AND pages > 0", name="document_version_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id"), index=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    number: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int]
    pages: Mapped[int]
    file_name: Mapped[str] = mapped_column(String(255))
    content: Mapped[str] = mapped_column(Text, deferred=True)
    content_fold: Mapped[str] = mapped_column(Text, deferred=True)
    uploaded_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    uploaded_at: Mapped[dt.datetime] = mapped_column(UTC)

    document: Mapped[Document] = relationship(back_populates="versions")
    uploaded_by: Mapped[Person | None] = relationship()

    def __str__(self) -> str:
        return f"{self.document.title} ({self.number})"
