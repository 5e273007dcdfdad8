"""Resolutions: what was voted becomes text, printed form, signatures, number, seal and dispatch."""

import datetime as dt
from enum import StrEnum
from typing import TYPE_CHECKING

from flask_appbuilder import Model
from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.agenda import AgendaItem
from app.models.base import UTC, named
from app.models.document import DocumentVersion
from app.models.identity import Body, Organisation, Person
from app.models.meeting import Meeting
from app.models.poll import Poll
from app.models.signature import Certificate, KeyState, SignedStatement

if TYPE_CHECKING:
    from app.models.slip import Slip


class ResolutionState(StrEnum):
    DRAFTING = "drafting"
    PRESENTED = "presented"
    SIGNED = "signed"
    NUMBERED = "numbered"
    SEALED = "sealed"
    PROMULGATED = "promulgated"
    RECALLED = "recalled"
    REPLACED = "replaced"
    ABANDONED = "abandoned"


class Urgency(StrEnum):
    NORMAL = "normal"
    URGENT = "urgent"
    VERY_URGENT = "very_urgent"
    EXPRESS = "express"


class FileStage(StrEnum):
    PRESENTED = "presented"
    SIGNED = "signed"
    SEALED = "sealed"


class SignatureRole(StrEnum):
    SIGNATURE = "signature"
    SEAL = "seal"


_OUT = "('promulgated', 'recalled', 'replaced')"


class DraftText(Model):
    """The structured text from which a draft Resolution was printed (lời văn dự thảo); insert-only."""

    __tablename__ = "draft_text"

    version_id: Mapped[int] = mapped_column(ForeignKey("document_version.id"), primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    text: Mapped[bytes]
    sha256: Mapped[str] = mapped_column(String(64))

    version: Mapped[DocumentVersion] = relationship()


class Resolution(Model):
    """A Resolution (Nghị quyết), from what it stands on to its promulgation and end.

    It stands on a vote in a meeting, or on an opinion slip: exactly one of them.
    """

    __tablename__ = "resolution"
    __table_args__ = (
        CheckConstraint("state NOT IN ('presented', 'signed', 'numbered', 'sealed', 'promulgated', 'recalled',"
                        " 'replaced') OR presented_at IS NOT NULL", name="resolution_presented_at"),
        CheckConstraint("state NOT IN ('signed', 'numbered', 'sealed', 'promulgated', 'recalled', 'replaced')"
                        " OR signed_at IS NOT NULL", name="resolution_signed_at"),
        CheckConstraint("state NOT IN ('numbered', 'sealed', 'promulgated', 'recalled', 'replaced')"
                        " OR numbered_at IS NOT NULL", name="resolution_numbered_at"),
        CheckConstraint("state NOT IN ('sealed', 'promulgated', 'recalled', 'replaced') OR sealed_at IS NOT NULL",
                        name="resolution_sealed_at"),
        CheckConstraint(f"(state IN {_OUT}) = (promulgated_at IS NOT NULL)", name="resolution_promulgated_at"),
        CheckConstraint("(state IN ('recalled', 'replaced', 'abandoned')) = (ended_at IS NOT NULL)",
                        name="resolution_ended_at"),
        CheckConstraint("(state = 'recalled') = (recall_id IS NOT NULL)", name="resolution_recall"),
        CheckConstraint("replaces_id IS NULL OR replaces_id <> id", name="resolution_replaces_another"),
        CheckConstraint("(poll_id IS NULL) = (slip_id IS NOT NULL) AND (poll_id IS NULL) = (meeting_id IS NULL)"
                        " AND (poll_id IS NULL) = (item_id IS NULL)", name="resolution_one_source"),
        Index("resolution_one_of_slip", "slip_id", unique=True,
              sqlite_where=text("state <> 'abandoned'"), postgresql_where=text("state <> 'abandoned'")),
        Index("resolution_one_living", "poll_id", unique=True,
              sqlite_where=text("state <> 'abandoned'"), postgresql_where=text("state <> 'abandoned'")),
        Index("resolution_one_successor", "replaces_id", unique=True,
              sqlite_where=text("state <> 'abandoned'"), postgresql_where=text("state <> 'abandoned'")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id"), index=True)
    item_id: Mapped[int | None] = mapped_column(ForeignKey("agenda_item.id"), index=True)
    poll_id: Mapped[int | None] = mapped_column(ForeignKey("poll.id"), index=True)
    slip_id: Mapped[int | None] = mapped_column(ForeignKey("slip.id"), index=True)
    state: Mapped[ResolutionState] = mapped_column(named(ResolutionState), default=ResolutionState.DRAFTING)
    subject: Mapped[str] = mapped_column(String(500))
    subject_fold: Mapped[str] = mapped_column(String(500), index=True)
    normative: Mapped[bool] = mapped_column(default=False)
    public: Mapped[bool] = mapped_column(default=True)
    urgency: Mapped[Urgency] = mapped_column(named(Urgency), default=Urgency.NORMAL)
    token: Mapped[str] = mapped_column(String(32), unique=True)
    signer_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    signer_post: Mapped[str] = mapped_column(String(200))
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("resolution.id"))
    drafted_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    drafted_at: Mapped[dt.datetime] = mapped_column(UTC)
    presented_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    signed_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    numbered_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    sealed_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    promulgated_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    reason: Mapped[str] = mapped_column(Text, default="")
    recall_id: Mapped[int | None] = mapped_column(ForeignKey("signed_statement.id"))

    body: Mapped[Body] = relationship()
    meeting: Mapped[Meeting | None] = relationship()
    item: Mapped[AgendaItem | None] = relationship()
    poll: Mapped[Poll | None] = relationship()
    slip: Mapped["Slip | None"] = relationship()
    signer: Mapped[Person] = relationship(foreign_keys=signer_id)
    drafted_by: Mapped[Person | None] = relationship(foreign_keys=drafted_by_id)
    replaces: Mapped["Resolution | None"] = relationship(remote_side=id, back_populates="successors")
    successors: Mapped[list["Resolution"]] = relationship(back_populates="replaces")
    recall: Mapped[SignedStatement | None] = relationship()
    versions: Mapped[list["ResolutionVersion"]] = relationship(
        back_populates="resolution", order_by="ResolutionVersion.number"
    )
    files: Mapped[list["ResolutionFile"]] = relationship(back_populates="resolution", order_by="ResolutionFile.id")
    signatures: Mapped[list["DocumentSignature"]] = relationship(
        back_populates="resolution", order_by="DocumentSignature.id"
    )
    number: Mapped["IssuedNumber | None"] = relationship(back_populates="resolution")
    dispatches: Mapped[list["Dispatch"]] = relationship(back_populates="resolution", order_by="Dispatch.id")

    def __str__(self) -> str:
        return self.subject


class ResolutionVersion(Model):
    """One text of a Resolution (phiên bản), with what differs from the voted one and why; insert-only."""

    __tablename__ = "resolution_version"
    __table_args__ = (
        UniqueConstraint("resolution_id", "number", name="resolution_version_number"),
        CheckConstraint("number > 0", name="resolution_version_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    resolution_id: Mapped[int] = mapped_column(ForeignKey("resolution.id"), index=True)
    number: Mapped[int]
    text: Mapped[bytes]
    sha256: Mapped[str] = mapped_column(String(64))
    changes: Mapped[bytes]
    reason: Mapped[str] = mapped_column(Text, default="")
    author_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[dt.datetime] = mapped_column(UTC)

    resolution: Mapped[Resolution] = relationship(back_populates="versions")
    author: Mapped[Person | None] = relationship()


class ResolutionFile(Model):
    """A printed form of one text at one stage (tệp văn bản), kept under its hash; insert-only."""

    __tablename__ = "resolution_file"
    __table_args__ = (
        UniqueConstraint("resolution_id", "sha256", "stage", name="resolution_file_once"),
        CheckConstraint("size > 0 AND pages > 0", name="resolution_file_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    resolution_id: Mapped[int] = mapped_column(ForeignKey("resolution.id"), index=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("resolution_version.id"))
    stage: Mapped[FileStage] = mapped_column(named(FileStage))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int]
    pages: Mapped[int]
    at: Mapped[dt.datetime] = mapped_column(UTC)

    resolution: Mapped[Resolution] = relationship(back_populates="files")
    version: Mapped[ResolutionVersion] = relationship()


class DocumentSignature(Model):
    """A person's signature or the organisation's seal in a Resolution (chữ ký, con dấu); insert-only, one of each."""

    __tablename__ = "document_signature"
    __table_args__ = (
        UniqueConstraint("resolution_id", "role", name="document_signature_once"),
        UniqueConstraint("resolution_id", "nonce", name="document_signature_nonce"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    resolution_id: Mapped[int] = mapped_column(ForeignKey("resolution.id"), index=True)
    role: Mapped[SignatureRole] = mapped_column(named(SignatureRole))
    file_id: Mapped[int] = mapped_column(ForeignKey("resolution_file.id"), unique=True)
    statement_id: Mapped[int] = mapped_column(ForeignKey("signed_statement.id"), unique=True)
    nonce: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    post: Mapped[str] = mapped_column(String(200))

    resolution: Mapped[Resolution] = relationship(back_populates="signatures")
    file: Mapped[ResolutionFile] = relationship()
    statement: Mapped[SignedStatement] = relationship()


class NumberSeries(Model):
    """A run of numbers (dãy số) of one body, type and Hanoi year; the row is locked while a number is allotted."""

    __tablename__ = "number_series"
    __table_args__ = (
        UniqueConstraint("body_id", "type", "normative", "year", name="number_series_once"),
        CheckConstraint("last_number >= 0", name="number_series_counts_up"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    type: Mapped[str] = mapped_column(String(20))
    normative: Mapped[bool]
    year: Mapped[int]
    last_number: Mapped[int] = mapped_column(default=0)


class IssuedNumber(Model):
    """A number given to a document (số, ký hiệu văn bản); insert-only, never given twice."""

    __tablename__ = "issued_number"
    __table_args__ = (
        UniqueConstraint("series_id", "number", name="issued_number_once"),
        CheckConstraint("number > 0", name="issued_number_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("number_series.id"))
    resolution_id: Mapped[int] = mapped_column(ForeignKey("resolution.id"), unique=True)
    number: Mapped[int]
    text: Mapped[str] = mapped_column(String(60))
    issued_on: Mapped[dt.date] = mapped_column(index=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[dt.datetime] = mapped_column(UTC)

    series: Mapped[NumberSeries] = relationship()
    resolution: Mapped[Resolution] = relationship(back_populates="number")
    by: Mapped[Person | None] = relationship()
    cancellation: Mapped["NumberCancellation | None"] = relationship(back_populates="number")

    def __str__(self) -> str:
        return self.text


class NumberCancellation(Model):
    """A number that stays in the register without a document (hủy số); insert-only."""

    __tablename__ = "number_cancellation"

    number_id: Mapped[int] = mapped_column(ForeignKey("issued_number.id"), primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    reason: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[dt.datetime] = mapped_column(UTC)

    number: Mapped[IssuedNumber] = relationship(back_populates="cancellation")


class SealKey(Model):
    """The organisation's signing key and the picture of its seal (con dấu số), in the records office's care."""

    __tablename__ = "seal_key"
    __table_args__ = (
        CheckConstraint("failed_tries >= 0", name="seal_key_tries"),
        Index("seal_key_one_standing", "body_id", unique=True,
              sqlite_where=text("state <> 'replaced'"), postgresql_where=text("state <> 'replaced'")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificate.id"), unique=True)
    key_ref: Mapped[str] = mapped_column(String(64), unique=True)
    provider: Mapped[str] = mapped_column(String(32), default="software")
    picture: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    state: Mapped[KeyState] = mapped_column(named(KeyState), default=KeyState.ACTIVE)
    failed_tries: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[dt.datetime | None] = mapped_column(UTC)
    enrolled_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    enrolled_at: Mapped[dt.datetime] = mapped_column(UTC)

    certificate: Mapped[Certificate] = relationship()
    enrolled_by: Mapped[Person | None] = relationship()

    @property
    def meeting_id(self) -> None:
        return None


class SignaturePicture(Model):
    """The picture of a person's handwritten signature (mẫu chữ ký); the latest counts, insert-only."""

    __tablename__ = "signature_picture"

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    png: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    sha256: Mapped[str] = mapped_column(String(64))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[dt.datetime] = mapped_column(UTC)

    person: Mapped[Person] = relationship(foreign_keys=person_id)

    @property
    def meeting_id(self) -> None:
        return None


class Dispatch(Model):
    """One recipient of a promulgated Resolution (nơi nhận), and when it was received."""

    __tablename__ = "dispatch"
    __table_args__ = (
        UniqueConstraint("resolution_id", "person_id", name="dispatch_person_once"),
        UniqueConstraint("resolution_id", "organisation_id", name="dispatch_organisation_once"),
        CheckConstraint("(person_id IS NULL) <> (organisation_id IS NULL)", name="dispatch_one_recipient"),
        CheckConstraint("(received_at IS NULL) = (received_by_id IS NULL)", name="dispatch_received_by"),
        CheckConstraint("recall_seen_at IS NULL OR sent_at <= recall_seen_at", name="dispatch_recall_seen"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    resolution_id: Mapped[int] = mapped_column(ForeignKey("resolution.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    sent_at: Mapped[dt.datetime] = mapped_column(UTC)
    received_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    received_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    recall_seen_at: Mapped[dt.datetime | None] = mapped_column(UTC)

    resolution: Mapped[Resolution] = relationship(back_populates="dispatches")
    person: Mapped[Person | None] = relationship(foreign_keys=person_id)
    organisation: Mapped[Organisation | None] = relationship()
    received_by: Mapped[Person | None] = relationship(foreign_keys=received_by_id)
