"""Opinion slips: what members are asked between sessions, who approved it, who is asked, until when."""

import datetime as dt
from enum import StrEnum
from typing import Any

from flask_appbuilder import Model
from sqlalchemy import JSON, CheckConstraint, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import UTC, named
from app.models.document import DocumentVersion
from app.models.frozen import OnRoll
from app.models.identity import Body, Office, Organisation, Person
from app.models.poll import Outcome
from app.models.resolution import NumberSeries, Urgency
from app.models.rule_set import RuleSet


class SlipState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    ISSUED = "issued"
    CLOSED = "closed"
    REPORTED = "reported"
    DECIDED = "decided"
    ABANDONED = "abandoned"
    RECALLED = "recalled"


class QuestionKind(StrEnum):
    CONSENT = "consent"
    PICK = "pick"
    TEXT = "text"
    ARTICLES = "articles"


class ApprovalAct(StrEnum):
    SUBMITTED = "submitted"
    APPROVED = "approved"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


class Slip(Model):
    """A request for the opinions of all members (phiếu lấy ý kiến), one round of it.

    `chain` are the steps of approval as they were when it was submitted: [{name, offices}]; `stage` is how many of them
    it has passed. `deadline_at` is the standing deadline, `definition` what was frozen at the issue.
    """

    __tablename__ = "slip"
    __table_args__ = (
        CheckConstraint("(definition IS NULL) = (issued_at IS NULL)", name="slip_issued_at"),
        CheckConstraint("(definition IS NULL) = (definition_sha256 IS NULL)", name="slip_definition_hash"),
        CheckConstraint("(definition IS NULL) = (deadline_at IS NULL)", name="slip_deadline_when_issued"),
        CheckConstraint("(definition IS NULL) = (number IS NULL)", name="slip_number_when_issued"),
        CheckConstraint("(number IS NULL) = (series_id IS NULL)", name="slip_number_of_series"),
        CheckConstraint(
            "(state IN ('issued', 'closed', 'reported', 'decided', 'recalled')) = (definition IS NOT NULL)",
            name="slip_frozen_when_issued",
        ),
        CheckConstraint("(state IN ('closed', 'reported', 'decided')) = (result IS NOT NULL)",
                        name="slip_result_when_closed"),
        CheckConstraint("(result IS NULL) OR (closed_at IS NOT NULL)", name="slip_closed_at"),
        CheckConstraint("(state IN ('abandoned', 'recalled')) = (ended_at IS NOT NULL)", name="slip_ended_at"),
        CheckConstraint("outcome IS NULL OR result IS NOT NULL", name="slip_outcome_of_result"),
        CheckConstraint("round > 0 AND (round = 1) = (previous_id IS NULL)", name="slip_round"),
        CheckConstraint("stage >= 0", name="slip_stage"),
        UniqueConstraint("series_id", "number", name="slip_number_once"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    state: Mapped[SlipState] = mapped_column(named(SlipState), default=SlipState.DRAFT)
    round: Mapped[int] = mapped_column(default=1)
    previous_id: Mapped[int | None] = mapped_column(ForeignKey("slip.id"), unique=True)
    matter: Mapped[str] = mapped_column(String(500))
    title_fold: Mapped[str] = mapped_column(String(500), index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    legal_basis: Mapped[str] = mapped_column(Text, default="")
    urgency: Mapped[Urgency] = mapped_column(named(Urgency), default=Urgency.NORMAL)
    working_days: Mapped[int]
    passkey_demanded: Mapped[bool] = mapped_column(default=False)
    drafted_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    drafted_at: Mapped[dt.datetime] = mapped_column(UTC)
    chain: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    stage: Mapped[int] = mapped_column(default=0)
    issued_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    series_id: Mapped[int | None] = mapped_column(ForeignKey("number_series.id"))
    number: Mapped[int | None]
    number_text: Mapped[str] = mapped_column(String(60), default="")
    deadline_at: Mapped[dt.datetime | None] = mapped_column(UTC, index=True)
    rule_set_id: Mapped[int | None] = mapped_column(ForeignKey("rule_set.id"))
    definition: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    definition_sha256: Mapped[str | None] = mapped_column(String(64))
    closed_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    result: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    outcome: Mapped[Outcome | None] = mapped_column(named(Outcome))
    ended_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    reason: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=0)

    body: Mapped[Body] = relationship()
    organisation: Mapped[Organisation | None] = relationship()
    drafted_by: Mapped[Person | None] = relationship()
    series: Mapped[NumberSeries | None] = relationship()
    rule_set: Mapped[RuleSet | None] = relationship()
    previous: Mapped["Slip | None"] = relationship(remote_side=id)
    questions: Mapped[list["SlipQuestion"]] = relationship(
        back_populates="slip", order_by="SlipQuestion.position", cascade="all, delete-orphan"
    )
    papers: Mapped[list["SlipPaper"]] = relationship(
        back_populates="slip", order_by="SlipPaper.position", cascade="all, delete-orphan"
    )
    recipients: Mapped[list["SlipRecipient"]] = relationship(order_by="SlipRecipient.roll_index")
    approvals: Mapped[list["SlipApproval"]] = relationship(order_by="SlipApproval.seq")
    extensions: Mapped[list["SlipExtension"]] = relationship(order_by="SlipExtension.seq")

    @property
    def meeting_id(self) -> None:
        return None

    def __str__(self) -> str:
        return self.matter


class SlipQuestion(Model):
    """One question of a slip (nội dung xin ý kiến); `options` are those of a question of the kind "pick"."""

    __tablename__ = "slip_question"
    __table_args__ = (
        UniqueConstraint("slip_id", "position", name="slip_question_position"),
        CheckConstraint("position > 0", name="slip_question_positive"),
        CheckConstraint("main = false OR kind = 'consent'", name="slip_question_main"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    slip_id: Mapped[int] = mapped_column(ForeignKey("slip.id"), index=True)
    position: Mapped[int]
    kind: Mapped[QuestionKind] = mapped_column(named(QuestionKind))
    text: Mapped[str] = mapped_column(Text)
    options: Mapped[list[str]] = mapped_column(JSON, default=list)
    main: Mapped[bool] = mapped_column(default=False)

    slip: Mapped[Slip] = relationship(back_populates="questions")


class SlipPaper(Model):
    """A paper that goes with a slip (tài liệu kèm phiếu): one version, whatever is uploaded later."""

    __tablename__ = "slip_paper"
    __table_args__ = (
        UniqueConstraint("slip_id", "position", name="slip_paper_position"),
        UniqueConstraint("slip_id", "document_version_id", name="slip_paper_once"),
        CheckConstraint("position > 0", name="slip_paper_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    slip_id: Mapped[int] = mapped_column(ForeignKey("slip.id"), index=True)
    document_version_id: Mapped[int] = mapped_column(ForeignKey("document_version.id"), index=True)
    position: Mapped[int]
    draft: Mapped[bool] = mapped_column(default=False)

    slip: Mapped[Slip] = relationship(back_populates="papers")
    version: Mapped[DocumentVersion] = relationship()


class SlipRecipient(OnRoll, Model):
    """A member who is asked (thành viên được lấy ý kiến), frozen with the certificate when the slip is issued."""

    __tablename__ = "slip_recipient"
    __table_args__ = (UniqueConstraint("slip_id", "roll_index", name="slip_recipient_index"),)

    slip_id: Mapped[int] = mapped_column(ForeignKey("slip.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)


class SlipDelivery(Model):
    """When a slip reached one device of a member, and when it was opened there (đã nhận, đã xem)."""

    __tablename__ = "slip_delivery"
    __table_args__ = (
        UniqueConstraint("slip_id", "member_id", "device", name="slip_delivery_once"),
        CheckConstraint("seen_at IS NULL OR received_at <= seen_at", name="slip_delivery_order"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    slip_id: Mapped[int] = mapped_column(ForeignKey("slip.id"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    device: Mapped[str] = mapped_column(String(200))
    received_at: Mapped[dt.datetime] = mapped_column(UTC)
    seen_at: Mapped[dt.datetime | None] = mapped_column(UTC)


class ApprovalStep(Model):
    """Who approves slips of a body, step by step (quy trình duyệt phiếu); rows of one position are alternatives."""

    __tablename__ = "approval_step"
    __table_args__ = (
        UniqueConstraint("body_id", "position", "office", name="approval_step_once"),
        CheckConstraint("position > 0", name="approval_step_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"), index=True)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    office: Mapped[Office] = mapped_column(named(Office))

    @property
    def meeting_id(self) -> None:
        return None


class SlipApproval(Model):
    """What was done with a slip on its way to the issue (lịch sử trình duyệt); insert-only."""

    __tablename__ = "slip_approval"

    slip_id: Mapped[int] = mapped_column(ForeignKey("slip.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    act: Mapped[ApprovalAct] = mapped_column(named(ApprovalAct))
    step: Mapped[str] = mapped_column(String(200), default="")
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str] = mapped_column(String(200))
    post: Mapped[str] = mapped_column(String(200))
    remark: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[dt.datetime] = mapped_column(UTC)

    person: Mapped[Person | None] = relationship()


class SlipExtension(Model):
    """A later deadline (gia hạn); insert-only, the earlier one stays legible."""

    __tablename__ = "slip_extension"
    __table_args__ = (CheckConstraint("old_deadline_at < new_deadline_at", name="slip_extension_later"),)

    slip_id: Mapped[int] = mapped_column(ForeignKey("slip.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    old_deadline_at: Mapped[dt.datetime] = mapped_column(UTC)
    new_deadline_at: Mapped[dt.datetime] = mapped_column(UTC)
    reason: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[dt.datetime] = mapped_column(UTC)
