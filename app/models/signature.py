"""Signed bytes, the evidence kept beside them, and the keys and certificates that made them."""

import datetime as dt
from enum import StrEnum

from flask_appbuilder import Model
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import UTC, named
from app.models.identity import Person


class StatementKind(StrEnum):
    BALLOT = "ballot"
    POLL_ANNULMENT = "poll_annulment"
    TIE_CONFIRMATION = "tie_confirmation"
    DOCUMENT_SIGNATURE = "document_signature"
    DOCUMENT_SEAL = "document_seal"
    RESOLUTION_RECALL = "resolution_recall"
    SLIP_ANSWER = "slip_answer"


class EvidenceKind(StrEnum):
    TIME_STAMP = "time_stamp"
    REVOCATION = "revocation"
    PASSKEY = "passkey"


class KeyState(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REPLACED = "replaced"


class RecoveryKind(StrEnum):
    UNLOCK = "unlock"
    REPLACE = "replace"
    PASSKEYS = "passkeys"  # takes the passkeys of a lost device out; the signing key stays as it is


class Certificate(Model):
    """A signature certificate (chứng thư chữ ký số) of a person, or of the body itself when it names nobody.

    Written once; revocation is a row of its own.
    """

    __tablename__ = "certificate"

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    serial: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(300))
    issuer: Mapped[str] = mapped_column(String(300))
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    der: Mapped[bytes]
    not_before: Mapped[dt.datetime] = mapped_column(UTC)
    not_after: Mapped[dt.datetime] = mapped_column(UTC)

    person: Mapped[Person | None] = relationship()

    @property
    def meeting_id(self) -> None:
        return None


class CertificateRevocation(Model):
    """The end of a certificate before its time (thu hồi chứng thư)."""

    __tablename__ = "certificate_revocation"

    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificate.id"), primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UTC)
    reason: Mapped[str] = mapped_column(String(200))


class SigningKey(Model):
    """A key in the signer's care (khóa ký); tries are charged here before the PIN is checked."""

    __tablename__ = "signing_key"
    __table_args__ = (
        CheckConstraint("failed_tries >= 0", name="signing_key_tries"),
        Index("signing_key_one_active", "person_id", unique=True,
              sqlite_where=text("state <> 'replaced'"), postgresql_where=text("state <> 'replaced'")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificate.id"), unique=True)
    key_ref: Mapped[str] = mapped_column(String(64), unique=True)
    provider: Mapped[str] = mapped_column(String(32), default="software")
    state: Mapped[KeyState] = mapped_column(named(KeyState), default=KeyState.ACTIVE)
    failed_tries: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[dt.datetime | None] = mapped_column(UTC)
    enrolled_at: Mapped[dt.datetime] = mapped_column(UTC)

    person: Mapped[Person] = relationship()
    certificate: Mapped[Certificate] = relationship()

    @property
    def meeting_id(self) -> None:
        return None


class KeyRecovery(Model):
    """Unlocking or replacing a key, removing lost passkeys (mở khóa, thay khóa): asked by one, confirmed by another."""

    __tablename__ = "key_recovery"
    __table_args__ = (
        CheckConstraint("approved_by_id IS NULL OR approved_by_id <> requested_by_id", name="key_recovery_two_people"),
        CheckConstraint("requested_by_id <> person_id", name="key_recovery_not_for_oneself"),
        CheckConstraint("approved_by_id IS NULL OR approved_by_id <> person_id", name="key_recovery_by_others"),
        CheckConstraint("(approved_by_id IS NULL) = (approved_at IS NULL)", name="key_recovery_approved_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    key_id: Mapped[int | None] = mapped_column(ForeignKey("signing_key.id"))
    kind: Mapped[RecoveryKind] = mapped_column(named(RecoveryKind))
    reason: Mapped[str] = mapped_column(String(500))
    requested_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    requested_at: Mapped[dt.datetime] = mapped_column(UTC)
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    approved_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    used_at: Mapped[dt.datetime | None] = mapped_column(UTC)

    person: Mapped[Person] = relationship(foreign_keys=person_id)
    requested_by: Mapped[Person] = relationship(foreign_keys=requested_by_id)
    approved_by: Mapped[Person | None] = relationship(foreign_keys=approved_by_id)

    @property
    def meeting_id(self) -> None:
        return None


class SignedStatement(Model):
    """Exact bytes and the signature over them (văn bản được ký); ballots, answers and acts refer to it."""

    __tablename__ = "signed_statement"

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    kind: Mapped[StatementKind] = mapped_column(named(StatementKind))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    statement: Mapped[bytes]
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    cms: Mapped[bytes]
    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificate.id"))
    signed_at: Mapped[dt.datetime] = mapped_column(UTC)

    certificate: Mapped[Certificate] = relationship()


class SignatureEvidence(Model):
    """What proves more about a signature (chứng cứ kèm chữ ký): time stamp, revocation answer, passkey assertion."""

    __tablename__ = "signature_evidence"
    __table_args__ = (
        UniqueConstraint("statement_id", "kind", "sha256", name="signature_evidence_once"),
        Index("signature_evidence_one_stamp", "statement_id", unique=True,
              sqlite_where=text("kind = 'time_stamp'"), postgresql_where=text("kind = 'time_stamp'")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    statement_id: Mapped[int] = mapped_column(ForeignKey("signed_statement.id"), index=True)
    kind: Mapped[EvidenceKind] = mapped_column(named(EvidenceKind))
    content: Mapped[bytes]
    sha256: Mapped[str] = mapped_column(String(64))
    at: Mapped[dt.datetime] = mapped_column(UTC)
