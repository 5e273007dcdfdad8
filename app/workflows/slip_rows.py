"""Which answers to a slip stand, and what a member keeps of one (biên nhận ý kiến)."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import aliased

from app.extensions import db
from app.models import (
    Choice,
    SignedStatement,
    Slip,
    SlipAnswer,
    SlipLeaf,
    SlipRecipient,
)
from app.workflows.proofs import Proof, proof_of
from app.workflows.rules.slip import parse_answer


class Asked(NamedTuple):
    """A member who is asked, as on the frozen roll."""

    member_id: int
    roll_index: int
    name: str
    post: str


@dataclass(frozen=True, kw_only=True)
class AnswerReceipt(Proof):
    """`said` is the parsed statement, `choice` what it says to the main question."""

    answer_id: int
    slip_id: int
    choice: Choice | None
    said: dict[str, Any]


def receipt_of(answer: SlipAnswer) -> AnswerReceipt:
    """The receipt as it stands in the database; the same for every repetition."""
    leaf = db.session.get_one(SlipLeaf, (answer.slip_id, answer.leaf_seq))
    return AnswerReceipt(
        answer_id=answer.id, slip_id=answer.slip_id, choice=answer.choice,
        said=parse_answer(answer.statement.statement), **proof_of(answer.statement, leaf, answer.answered_at),
    )  # fmt: skip


def standing(slip_id: int) -> dict[int, SlipAnswer]:
    """The answer of each member that no later one supersedes."""
    rows = db.session.scalars(_standing().where(SlipAnswer.slip_id == slip_id))
    return {answer.member_id: answer for answer in rows}


def asked(slip_id: int) -> list[Asked]:
    """Everybody who is asked, in the order of the roll."""
    rows = select(SlipRecipient.member_id, SlipRecipient.roll_index, SlipRecipient.name, SlipRecipient.post)
    rows = rows.where(SlipRecipient.slip_id == slip_id).order_by(SlipRecipient.roll_index)
    return [Asked(*row) for row in db.session.execute(rows)]


def standing_choices(slip_id: int) -> dict[int, tuple[Choice | None, dt.datetime]]:
    """What the standing answer of each member says to the main question, and since when."""
    rows = _standing().where(SlipAnswer.slip_id == slip_id)
    found = rows.with_only_columns(SlipAnswer.member_id, SlipAnswer.choice, SlipAnswer.answered_at)
    return {member_id: (choice, at) for member_id, choice, at in db.session.execute(found)}


def standing_statements(slip_id: int) -> dict[int, bytes]:
    """The exact signed bytes of each standing answer, by place on the roll; one statement, however many they are."""
    later = aliased(SlipAnswer)
    rows = select(SlipRecipient.roll_index, SignedStatement.statement).select_from(SlipAnswer)
    rows = rows.join(SignedStatement, SignedStatement.id == SlipAnswer.statement_id).join(
        SlipRecipient,
        and_(SlipRecipient.slip_id == SlipAnswer.slip_id, SlipRecipient.member_id == SlipAnswer.member_id),
    )
    rows = rows.where(
        SlipAnswer.slip_id == slip_id, ~select(later.id).where(later.supersedes_id == SlipAnswer.id).exists()
    )
    return {index: statement for index, statement in db.session.execute(rows)}


def standing_of(slip_id: int, member_id: int | None) -> SlipAnswer | None:
    """The standing answer of one member."""
    return db.session.scalar(_standing().where(SlipAnswer.slip_id == slip_id, SlipAnswer.member_id == member_id))


def answers_of(slip_id: int, member_id: int | None = None) -> list[SlipAnswer]:
    """Every answer in the order of the log, superseded ones too; of one member, or of all."""
    rows = select(SlipAnswer).where(SlipAnswer.slip_id == slip_id).order_by(SlipAnswer.leaf_seq)
    return list(db.session.scalars(rows if member_id is None else rows.where(SlipAnswer.member_id == member_id)))


def signed_bytes(slip_id: int) -> list[tuple[int, bytes]]:
    """The place in the log and the exact signed bytes of every answer, superseded ones too; one statement."""
    rows = select(SlipAnswer.leaf_seq, SignedStatement.statement)
    rows = rows.join(SignedStatement, SignedStatement.id == SlipAnswer.statement_id)
    rows = rows.where(SlipAnswer.slip_id == slip_id).order_by(SlipAnswer.leaf_seq)
    return [(seq, statement) for seq, statement in db.session.execute(rows)]


def answered(slip: Slip) -> tuple[int, int]:
    """How many members have answered, and how many are asked."""
    asked = select(func.count()).select_from(SlipRecipient).where(SlipRecipient.slip_id == slip.id)
    said = select(func.count(SlipAnswer.member_id.distinct())).where(SlipAnswer.slip_id == slip.id)
    return db.session.scalar(said) or 0, db.session.scalar(asked) or 0


def _standing() -> Select[tuple[SlipAnswer]]:
    later = aliased(SlipAnswer)
    return select(SlipAnswer).where(~select(later.id).where(later.supersedes_id == SlipAnswer.id).exists())
