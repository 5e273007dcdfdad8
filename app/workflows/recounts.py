"""The second count of stored votes (kiểm phiếu lần hai): whether it says what the first one said (rule:R45)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import Ballot, Outcome, Poll, PollState, SignedStatement
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.words import word
from app.workflows.rules.canonical import parse_canonical
from app.workflows.rules.recount import contradictions, recount


class RecountDiffers(WorkflowError):
    code = "recount_differs"
    message = _(
        "The two counts of this vote differ, so nothing is published. First count: %(first)s. Second count:"
        " %(second)s. Tell the auditor."
    )


@dataclass(frozen=True)
class Total:
    """What one count says: ballots by choice, members without one, and the outcome in words."""

    agree: int
    disagree: int
    other: int
    not_voting: int
    outcome: Any

    def __str__(self) -> str:
        said = _("%(agree)s agree, %(disagree)s disagree, %(other)s other, %(not_voting)s no ballot – %(outcome)s")
        return str(said) % vars(self)


@dataclass(frozen=True)
class Comparison:
    """Both counts of a vote, and what they say differently, by name."""

    first: Total
    second: Total
    differs: list[str]


def counted_alike(poll: Poll) -> None:
    """Refuse unless the result that counts is also that of the second count (rule:R45)."""
    found = compared(poll)
    if found is not None and found.differs:
        said = {"first": found.first, "second": found.second, "differs": ", ".join(found.differs)}
        raise RecountDiffers(poll, **{name: str(value) for name, value in said.items()})


def differences(poll: Poll) -> list[str]:
    """What the stored result says otherwise than the signed ballots counted again, by name; none without a result."""
    found = compared(poll)
    return found.differs if found else []


def compared(poll: Poll) -> Comparison | None:
    """The stored result beside the second count; None without a result."""
    result = poll.confirmed_result or poll.result
    if result is None:
        return None
    first, second = parse_canonical(result), recounted(poll)
    told = {**second["counts"], "outcome": second["outcome"]}
    return Comparison(_total(first), _total(told), contradictions(first, second))


def _total(said: Mapping[str, Any]) -> Total:
    numbers = {name: said[name] for name in ("agree", "disagree", "other", "not_voting")}
    return Total(**numbers, outcome=word(Outcome(said["outcome"])))


def recounted(poll: Poll) -> Mapping[str, Any]:
    """The second count, step by step, from the bytes that were signed."""
    rows = select(SignedStatement.statement).join(Ballot, Ballot.statement_id == SignedStatement.id)
    ballots = db.session.scalars(rows.where(Ballot.poll_id == poll.id).order_by(Ballot.leaf_seq)).all()
    confirmation = poll.tie_confirmation and poll.tie_confirmation.statement
    return recount(poll.definition or b"", ballots, confirmation)


def differing() -> Iterator[int]:
    """Votes that wait to be published and that the second count contradicts."""
    rows = select(Poll).where(Poll.state == PollState.CLOSED).order_by(Poll.id)
    for poll in db.session.scalars(rows):
        if differences(poll):
            yield poll.id
