"""Passkeys of people (khóa truy cập), and what they were asked when they were added."""

import datetime as dt
from enum import StrEnum

from flask_appbuilder import Model
from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import UTC, named
from app.models.identity import Person


class PasskeyPurpose(StrEnum):
    ENROL = "enrol"
    UNLOCK = "unlock"


class Passkey(Model):
    """A public key whose private half is in somebody's own device (khóa truy cập, WebAuthn).

    `public_key` is COSE; `sign_count` the highest that was seen, `count_fell_at` when a lower one came. Suspended or
    removed it confirms nothing any more; the row stays, since earlier ballots name it.
    """

    __tablename__ = "passkey"
    __table_args__ = (
        CheckConstraint("sign_count >= 0", name="passkey_count"),
        CheckConstraint("backed_up = false OR backup_eligible", name="passkey_backup"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    aaguid: Mapped[str] = mapped_column(String(36))
    label: Mapped[str] = mapped_column(String(60))
    transports: Mapped[list[str]] = mapped_column(JSON)
    backup_eligible: Mapped[bool]
    backed_up: Mapped[bool]
    created_at: Mapped[dt.datetime] = mapped_column(UTC)
    last_used_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    count_fell_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    suspended_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    removed_at: Mapped[dt.datetime | None] = mapped_column(UTC)

    person: Mapped[Person] = relationship()

    @property
    def meeting_id(self) -> None:
        return None


class PasskeyChallenge(Model):
    """What a passkey must answer, once and before it expires: a new one, in the session that gave its password for it,
    or one that opens the locked screen of that session."""

    __tablename__ = "passkey_challenge"

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("login_session.id"), index=True)
    purpose: Mapped[PasskeyPurpose] = mapped_column(named(PasskeyPurpose))
    challenge: Mapped[bytes] = mapped_column(unique=True)
    label: Mapped[str] = mapped_column(String(60))
    expires_at: Mapped[dt.datetime] = mapped_column(UTC)
    used_at: Mapped[dt.datetime | None] = mapped_column(UTC)
