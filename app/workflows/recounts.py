"""The second count of stored votes (kiểm phiếu lần hai): whether it says what the first one said (rule:R45)."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import Ballot, Poll, PollState, SignedStatement
from app.workflows.engine.errors import WorkflowError
from app.workflows.rules.canonical import parse_canonical
from app.workflows.rules.recount import contradictions, recount


class RecountDiffers(WorkflowError):
    code = "recount_differs"
    message = _(
        "The second count of this vote differs from the first one (%(differs)s), so nothing is published."
        " Tell the auditor."
    )


def counted_alike(poll: Poll) -> None:
    """Refuse unless the result that counts is also that of the second count (rule:R45)."""
    if found := differences(poll):
        raise RecountDiffers(poll, differs=", ".join(found))


def differences(poll: Poll) -> list[str]:
    """What the stored result says otherwise than the signed ballots counted again, by name; none without a result."""
    result = poll.confirmed_result or poll.result
    if result is None:
        return []
    return contradictions(parse_canonical(result), recounted(poll))


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
