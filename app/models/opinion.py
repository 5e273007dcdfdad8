"""What members wrote in their answers to a slip, how the clerk put it together, and what became of it."""

import datetime as dt
from enum import StrEnum

from flask_appbuilder import Model
from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import UTC, named
from app.models.identity import Person
from app.models.poll import Choice
from app.models.slip import SlipRecipient


class Stance(StrEnum):
    ACCEPTED = "accepted"
    PARTLY = "partly"
    NOT = "not"


class Opinion(Model):
    """A text of a standing answer (ý kiến), taken out of the signed bytes once, when the slip is closed; insert-only.

    `article` is its number in the draft that was sent, 0 where the opinion is on the question itself.
    """

    __tablename__ = "opinion"
    __table_args__ = (
        ForeignKeyConstraint(["slip_id", "member_id"], ["slip_recipient.slip_id", "slip_recipient.member_id"]),
        ForeignKeyConstraint(["answer_id", "slip_id", "member_id"],
                             ["slip_answer.id", "slip_answer.slip_id", "slip_answer.member_id"],
                             name="opinion_of_own_answer"),
        UniqueConstraint("slip_id", "member_id", "question", "article", name="opinion_once"),
        UniqueConstraint("id", "slip_id", "question", "article", name="opinion_place"),
        CheckConstraint("question > 0 AND article >= 0 AND text <> ''", name="opinion_says_something"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    slip_id: Mapped[int] = mapped_column(index=True)
    member_id: Mapped[int]
    answer_id: Mapped[int] = mapped_column(index=True)
    question: Mapped[int]
    article: Mapped[int] = mapped_column(default=0)
    choice: Mapped[Choice | None] = mapped_column(named(Choice))
    text: Mapped[str] = mapped_column(Text)

    recipient: Mapped[SlipRecipient] = relationship(viewonly=True)

    @property
    def meeting_id(self) -> None:
        return None


class OpinionGroup(Model):
    """To which row of the tables an opinion belongs: the one that another opinion leads, or its own.

    Both are on the same question and article of the same slip; the keys say so.
    """

    __tablename__ = "opinion_group"
    __table_args__ = (
        ForeignKeyConstraint(["opinion_id", "slip_id", "question", "article"],
                             ["opinion.id", "opinion.slip_id", "opinion.question", "opinion.article"],
                             name="opinion_group_member"),
        ForeignKeyConstraint(["leader_id", "slip_id", "question", "article"],
                             ["opinion.id", "opinion.slip_id", "opinion.question", "opinion.article"],
                             name="opinion_group_leader"),
    )  # fmt: skip

    opinion_id: Mapped[int] = mapped_column(primary_key=True)
    leader_id: Mapped[int] = mapped_column(index=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    slip_id: Mapped[int] = mapped_column(index=True)
    question: Mapped[int]
    article: Mapped[int]


class OpinionReply(Model):
    """What is done with the opinions of one row (tiếp thu, giải trình), kept while it is typed.

    `path` and `quote` name the passage of the new draft, of which `document_version_id` was the newest version then.
    """

    __tablename__ = "opinion_reply"
    __table_args__ = (
        CheckConstraint("(path = '') = (quote = '')", name="opinion_reply_link"),
        CheckConstraint("(path = '') = (document_version_id IS NULL)", name="opinion_reply_link_version"),
    )

    leader_id: Mapped[int] = mapped_column(ForeignKey("opinion.id"), primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    slip_id: Mapped[int] = mapped_column(ForeignKey("slip.id"), index=True)
    stance: Mapped[Stance | None] = mapped_column(named(Stance))
    explanation: Mapped[str] = mapped_column(Text, default="")
    document_version_id: Mapped[int | None] = mapped_column(ForeignKey("document_version.id"))
    path: Mapped[str] = mapped_column(String(20), default="")
    quote: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=1)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[dt.datetime] = mapped_column(UTC)


class OpinionTable(Model):
    """How far the opinions of a slip are worked on: listed, and submitted with every row complete, or not yet.

    `document_version_id` is the newest draft after the answers, None while there is none.
    """

    __tablename__ = "opinion_table"
    __table_args__ = (
        CheckConstraint("submitted_at IS NOT NULL OR submitted_by_id IS NULL", name="opinion_table_submitted"),
    )

    slip_id: Mapped[int] = mapped_column(ForeignKey("slip.id"), primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("body.id"))
    listed_at: Mapped[dt.datetime] = mapped_column(UTC)
    document_version_id: Mapped[int | None] = mapped_column(ForeignKey("document_version.id"))
    submitted_at: Mapped[dt.datetime | None] = mapped_column(UTC)
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    submitted_by: Mapped[Person | None] = relationship()
