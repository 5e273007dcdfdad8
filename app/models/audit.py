"""The record of what happened and of what was refused; both are insert-only."""

import datetime as dt
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import UTC
from app.models.identity import Person


class AuditEntry(Model):
    """One recorded fact (nhật ký hệ thống); written in the transaction that made it true."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("audit_entry_subject", "subject_type", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    subject_type: Mapped[str] = mapped_column(String(64))
    subject_id: Mapped[int]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    at: Mapped[dt.datetime] = mapped_column(UTC)
    fact: Mapped[str] = mapped_column(String(64), index=True)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    sha256: Mapped[str] = mapped_column(String(64))

    actor: Mapped[Person | None] = relationship()


class Refusal(Model):
    """An act that was refused (yêu cầu bị từ chối); written in a transaction of its own, after the rollback."""

    __tablename__ = "refusal"
    __table_args__ = (Index("refusal_subject", "subject_type", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    subject_type: Mapped[str] = mapped_column(String(64))
    subject_id: Mapped[int]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    at: Mapped[dt.datetime] = mapped_column(UTC)
    act: Mapped[str] = mapped_column(String(64))
    code: Mapped[str] = mapped_column(String(64), index=True)

    actor: Mapped[Person | None] = relationship()
