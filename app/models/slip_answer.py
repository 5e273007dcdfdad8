"""What members answer to a slip: drafts, what was prepared for signing, signed answers, silence, and the slip's log."""

import datetime as dt
from enum import StrEnum
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import UTC, named
from app.models.frozen import Leaf
from app.models.poll import Choice
from app.models.signature import SignedStatement


class SlipLeafKind(StrEnum):
    ISSUED = "issued"
    ANSWER = "answer"
    EXTENDED = "extended"
    CLOSED = "closed"
    RECALLED = "recalled"


class SlipPrepared(Model):
    """The exact bytes a member was shown and asked to sign; good for two minutes."""

    __tablename__ = "slip_prepared"
    __table_args__ = (UniqueConstraint("slip_id", "nonce", name="slip_prepared_nonce_once"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    slip_id: Mapped[int] = mapped_column(ForeignKey("slip.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    nonce: Mapped[str] = mapped_column(String(64))
    choice: Mapped[Choice | None] = mapped_column(named(Choice))
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("slip_answer.id"))
    statement: Mapped[bytes]
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[dt.datetime] = mapped_column(UTC)


class SlipAnswer(Model):
    """A member's signed answer (ý kiến trả lời); the one that nobody supersedes counts.

    `choice` repeats what was said to the main question, None where the slip has none.
    """

    __tablename__ = "slip_answer"
    __table_args__ = (
        ForeignKeyConstraint(["slip_id", "member_id"], ["slip_recipient.slip_id", "slip_recipient.member_id"]),
        ForeignKeyConstraint(
            ["supersedes_id", "slip_id", "member_id"],
            ["slip_answer.id", "slip_answer.slip_id", "slip_answer.member_id"],
            name="slip_answer_supersedes_own",
        ),
        ForeignKeyConstraint(["slip_id", "leaf_seq"], ["slip_leaf.slip_id", "slip_leaf.seq"], name="slip_answer_leaf"),
        UniqueConstraint("id", "slip_id", "member_id", name="slip_answer_identity"),
        UniqueConstraint("supersedes_id", name="slip_answer_superseded_once"),
        UniqueConstraint("slip_id", "nonce", name="slip_answer_nonce_once"),
        UniqueConstraint("slip_id", "leaf_seq", name="slip_answer_leaf_once"),
        Index("slip_answer_first_once", "slip_id", "member_id", unique=True,
              sqlite_where=text("supersedes_id IS NULL"), postgresql_where=text("supersedes_id IS NULL")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    slip_id: Mapped[int]
    member_id: Mapped[int]
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    nonce: Mapped[str] = mapped_column(String(64))
    choice: Mapped[Choice | None] = mapped_column(named(Choice))
    supersedes_id: Mapped[int | None]
    statement_id: Mapped[int] = mapped_column(ForeignKey("signed_statement.id"), unique=True)
    leaf_seq: Mapped[int]
    answered_at: Mapped[dt.datetime] = mapped_column(UTC)

    statement: Mapped[SignedStatement] = relationship()


class SlipUpload(Model):
    """A file that a member laid beside an answer (tệp đính kèm), kept under its hash; insert-only."""

    __tablename__ = "slip_upload"
    __table_args__ = (
        ForeignKeyConstraint(["slip_id", "member_id"], ["slip_recipient.slip_id", "slip_recipient.member_id"]),
        UniqueConstraint("slip_id", "member_id", "sha256", name="slip_upload_once"),
        CheckConstraint("size > 0", name="slip_upload_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    slip_id: Mapped[int] = mapped_column(index=True)
    member_id: Mapped[int] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int]
    at: Mapped[dt.datetime] = mapped_column(UTC)

    @property
    def meeting_id(self) -> None:
        return None


class SlipAttachment(Model):
    """A file that a signed answer names; insert-only."""

    __tablename__ = "slip_attachment"

    answer_id: Mapped[int] = mapped_column(ForeignKey("slip_answer.id"), primary_key=True)
    upload_id: Mapped[int] = mapped_column(ForeignKey("slip_upload.id"), primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    position: Mapped[int]

    upload: Mapped[SlipUpload] = relationship()


class SlipDraft(Model):
    """What a member has typed and not signed (bản nháp ý kiến); `version` counts the times it was saved."""

    __tablename__ = "slip_draft"

    slip_id: Mapped[int] = mapped_column(ForeignKey("slip.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    version: Mapped[int]
    device: Mapped[str] = mapped_column(String(200), default="")
    saved_at: Mapped[dt.datetime] = mapped_column(UTC)


class SlipDeemed(Model):
    """A member who was silent until the deadline and counts by the rule set (mặc nhiên đồng ý); insert-only.

    A record of the system with its legal source, never an answer.
    """

    __tablename__ = "slip_deemed"
    __table_args__ = (
        ForeignKeyConstraint(["slip_id", "member_id"], ["slip_recipient.slip_id", "slip_recipient.member_id"]),
    )

    slip_id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    rule_set_id: Mapped[int] = mapped_column(ForeignKey("rule_set.id"))
    source: Mapped[str] = mapped_column(Text)
    at: Mapped[dt.datetime] = mapped_column(UTC)


class SlipLeaf(Leaf, Model):
    """An entry of the slip's log (mục nhật ký phiếu): RFC 9162 tree, appended under the slip's row lock."""

    __tablename__ = "slip_leaf"

    slip_id: Mapped[int] = mapped_column(ForeignKey("slip.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    kind: Mapped[SlipLeafKind] = mapped_column(named(SlipLeafKind))
