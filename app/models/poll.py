"""Polls, their frozen roll, what was prepared for signing, the ballots, and the log of each poll."""

import datetime as dt
from enum import StrEnum

from flask_appbuilder import Model
from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.agenda import AgendaItem
from app.models.base import UTC, named
from app.models.document import DocumentVersion
from app.models.frozen import Leaf, OnRoll
from app.models.meeting import Meeting
from app.models.rule_set import RuleSet
from app.models.signature import SignedStatement, StatementKind


class PollState(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"
    PUBLISHED = "published"
    ANNULLED = "annulled"


class Visibility(StrEnum):
    NAMED = "named"
    NAMED_NOT_DISPLAYED = "named_not_displayed"


class Choice(StrEnum):
    AGREE = "agree"
    DISAGREE = "disagree"
    OTHER = "other"


class Outcome(StrEnum):
    ADOPTED = "adopted"
    NOT_ADOPTED = "not_adopted"
    TIE_CONFIRM = "tie_confirm"
    UNDECIDED = "undecided"


class Place(StrEnum):
    IN_ROOM = "in_room"
    REMOTE = "remote"


class LeafKind(StrEnum):
    OPEN = "open"
    BALLOT = "ballot"
    CLOSE = "close"


class Poll(Model):
    """A question put to the vote in a meeting (biểu quyết)."""

    __tablename__ = "poll"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'annulled') OR definition IS NOT NULL", name="poll_frozen_when_opened"),
        CheckConstraint("(definition IS NULL) = (opened_at IS NULL)", name="poll_opened_at"),
        CheckConstraint("(definition IS NULL) = (definition_sha256 IS NULL)", name="poll_definition_hash"),
        CheckConstraint("state NOT IN ('closed', 'published') OR result IS NOT NULL", name="poll_result_when_closed"),
        CheckConstraint("(result IS NULL) = (closed_at IS NULL)", name="poll_closed_at"),
        CheckConstraint("(result IS NULL) = (outcome IS NULL)", name="poll_outcome_iff_result"),
        CheckConstraint(
            "(confirmed_result IS NULL) = (tie_confirmation_id IS NULL)"
            " AND (confirmed_result IS NULL) = (confirmed_outcome IS NULL)",
            name="poll_confirmed_result",
        ),
        CheckConstraint("state <> 'published' OR published_at IS NOT NULL", name="poll_published_at"),
        CheckConstraint("(state = 'annulled') = (annulled_at IS NOT NULL)", name="poll_annulled_at"),
        Index("poll_one_open", "meeting_id", unique=True,
              sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("agenda_item.id"), index=True)
    document_version_id: Mapped[int | None] = mapped_column(ForeignKey("document_version.id"))
    rule_set_id: Mapped[int | None] = mapped_column(ForeignKey("rule_set.id"))
    question: Mapped[str] = mapped_column(String(500))
    visibility: Mapped[Visibility] = mapped_column(named(Visibility), default=Visibility.NAMED)
    passkey_demanded: Mapped[bool] = mapped_column(default=False)
    state: Mapped[PollState] = mapped_column(named(PollState), default=PollState.DRAFT)
    definition: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    definition_sha256: Mapped[str | None] = mapped_column(String(64))
    opened_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    closes_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    closed_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    result: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    outcome: Mapped[Outcome | None] = mapped_column(named(Outcome))
    confirmed_result: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    confirmed_outcome: Mapped[Outcome | None] = mapped_column(named(Outcome, "confirmed_outcome"))
    published_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    annulled_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    annulment_reason: Mapped[str] = mapped_column(Text, default="")
    annulment_id: Mapped[int | None] = mapped_column(ForeignKey("signed_statement.id"))
    tie_confirmation_id: Mapped[int | None] = mapped_column(ForeignKey("signed_statement.id"))

    meeting: Mapped[Meeting] = relationship()
    item: Mapped[AgendaItem] = relationship()
    document_version: Mapped[DocumentVersion | None] = relationship()
    rule_set: Mapped[RuleSet | None] = relationship()
    roll: Mapped[list["RollEntry"]] = relationship(order_by="RollEntry.roll_index")
    leaves: Mapped[list["PollLeaf"]] = relationship(order_by="PollLeaf.seq")
    annulment: Mapped[SignedStatement | None] = relationship(foreign_keys=annulment_id)
    tie_confirmation: Mapped[SignedStatement | None] = relationship(foreign_keys=tie_confirmation_id)

    @property
    def presiding_id(self) -> int | None:
        """Who takes the chair here instead of the chair of the meeting, if the item names somebody."""
        return self.item.chair_id

    def __str__(self) -> str:
        return self.question


class RollEntry(OnRoll, Model):
    """A member entitled to vote in this poll (danh sách thành viên), frozen with his certificate when it opens."""

    __tablename__ = "roll_entry"
    __table_args__ = (UniqueConstraint("poll_id", "roll_index", name="roll_entry_index"),)

    poll_id: Mapped[int] = mapped_column(ForeignKey("poll.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)


class PreparedStatement(Model):
    """The exact bytes a person was shown and asked to sign; good for two minutes.

    They belong to a vote or to an opinion slip, or to the Resolution that stands on it.
    """

    __tablename__ = "prepared_statement"
    __table_args__ = (
        UniqueConstraint("poll_id", "nonce", name="prepared_nonce_once"),
        CheckConstraint("(poll_id IS NULL) = (slip_id IS NOT NULL)", name="prepared_one_subject"),
        Index("prepared_once_on_slip", "slip_id", "nonce", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    kind: Mapped[StatementKind] = mapped_column(named(StatementKind))
    poll_id: Mapped[int | None] = mapped_column(ForeignKey("poll.id"), index=True)
    slip_id: Mapped[int | None] = mapped_column(ForeignKey("slip.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    nonce: Mapped[str] = mapped_column(String(64))
    choice: Mapped[Choice | None] = mapped_column(named(Choice))
    place: Mapped[Place | None] = mapped_column(named(Place))
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("ballot.id"))
    statement: Mapped[bytes]
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[dt.datetime] = mapped_column(UTC)


class Ballot(Model):
    """A member's signed answer (phiếu biểu quyết); the one that nobody supersedes counts."""

    __tablename__ = "ballot"
    __table_args__ = (
        ForeignKeyConstraint(["poll_id", "member_id"], ["roll_entry.poll_id", "roll_entry.member_id"]),
        ForeignKeyConstraint(
            ["supersedes_id", "poll_id", "member_id"],
            ["ballot.id", "ballot.poll_id", "ballot.member_id"],
            name="ballot_supersedes_own",
        ),
        ForeignKeyConstraint(["poll_id", "leaf_seq"], ["poll_leaf.poll_id", "poll_leaf.seq"], name="ballot_leaf"),
        UniqueConstraint("id", "poll_id", "member_id", name="ballot_identity"),
        UniqueConstraint("supersedes_id", name="ballot_superseded_once"),
        UniqueConstraint("poll_id", "nonce", name="ballot_nonce_once"),
        UniqueConstraint("poll_id", "leaf_seq", name="ballot_leaf_once"),
        Index("ballot_first_once", "poll_id", "member_id", unique=True,
              sqlite_where=text("supersedes_id IS NULL"), postgresql_where=text("supersedes_id IS NULL")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    poll_id: Mapped[int]
    member_id: Mapped[int]
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    nonce: Mapped[str] = mapped_column(String(64))
    choice: Mapped[Choice] = mapped_column(named(Choice))
    place: Mapped[Place] = mapped_column(named(Place))
    supersedes_id: Mapped[int | None]
    statement_id: Mapped[int] = mapped_column(ForeignKey("signed_statement.id"), unique=True)
    leaf_seq: Mapped[int]
    cast_at: Mapped[dt.datetime] = mapped_column(UTC)

    statement: Mapped[SignedStatement] = relationship()


class PollLeaf(Leaf, Model):
    """An entry of the poll's log (mục nhật ký biểu quyết): RFC 9162 tree, appended under the poll's row lock."""

    __tablename__ = "poll_leaf"

    poll_id: Mapped[int] = mapped_column(ForeignKey("poll.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    kind: Mapped[LeafKind] = mapped_column(named(LeafKind))
