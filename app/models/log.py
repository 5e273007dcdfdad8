"""The log of the installation: one tree over facts, logs of polls and slips, Resolutions, sessions; and its heads."""

import datetime as dt
from enum import StrEnum

from flask_appbuilder import Model
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import UTC, named


class LogKind(StrEnum):
    AUDIT = "audit"
    POLL_CLOSED = "poll_closed"
    POLL_ANNULLED = "poll_annulled"
    RESOLUTION = "resolution"
    SLIP_CLOSED = "slip_closed"
    SLIP_RECALLED = "slip_recalled"
    MEETING_CLOSED = "meeting_closed"


class CheckpointReason(StrEnum):
    POLL = "poll"
    SLIP = "slip"
    RESOLUTION = "resolution"
    MEETING = "meeting"
    NIGHTLY = "nightly"


class LogPending(Model):
    """An audit row that is not in the log yet; written with it, taken away when it is entered."""

    __tablename__ = "log_pending"

    audit_entry_id: Mapped[int] = mapped_column(ForeignKey("audit_entry.id"), primary_key=True, autoincrement=False)


class LogEntry(Model):
    """An entry of the log of the installation (mục nhật ký chung), in the order in which it was entered.

    `subject_id` is the audit row, the poll, the slip, the Resolution or the meeting; `data` are the exact leaf bytes
    (rules/installation_leaf.py). `nodes` are the hashes of the full subtrees that this leaf completes, two leaves high
    and upwards, 32 bytes each: every proof is made of them.
    """

    __tablename__ = "log_entry"
    __table_args__ = (
        CheckConstraint("seq >= 0", name="log_entry_seq"),
        UniqueConstraint("kind", "subject_id", name="log_entry_once"),
    )

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    kind: Mapped[LogKind] = mapped_column(named(LogKind))
    subject_id: Mapped[int]
    data: Mapped[bytes]
    leaf_hash: Mapped[str] = mapped_column(String(64))
    nodes: Mapped[bytes]
    at: Mapped[dt.datetime] = mapped_column(UTC)


class Checkpoint(Model):
    """A signed head of the log (mốc nhật ký): after `size` entries its root was this one.

    `note` is the text with the log's own signature; cosignatures are rows of their own.
    """

    __tablename__ = "checkpoint"
    __table_args__ = (CheckConstraint("size > 0", name="checkpoint_size"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(unique=True)
    root: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text)
    reason: Mapped[CheckpointReason] = mapped_column(named(CheckpointReason))
    at: Mapped[dt.datetime] = mapped_column(UTC)

    cosignatures: Mapped[list["CheckpointCosignature"]] = relationship(order_by="CheckpointCosignature.id")


class CheckpointCosignature(Model):
    """What a witness (nhân chứng) signed under a checkpoint: one signature line of the note, with its line end."""

    __tablename__ = "checkpoint_cosignature"
    __table_args__ = (
        UniqueConstraint("checkpoint_id", "witness", name="checkpoint_cosignature_once"),
        Index("checkpoint_cosignature_witness", "witness", "checkpoint_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    checkpoint_id: Mapped[int] = mapped_column(ForeignKey("checkpoint.id"))
    witness: Mapped[str] = mapped_column(String(200))
    line: Mapped[str] = mapped_column(Text)
    at: Mapped[dt.datetime] = mapped_column(UTC)
