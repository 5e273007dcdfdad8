"""A further round of a slip (vòng lấy ý kiến mới): linked to the one before, with what is asked otherwise."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _

from app.extensions import db
from app.models import Slip, SlipDecision, SlipPaper, SlipQuestion, SlipWay
from app.workflows import slips
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import use_case
from app.workflows.engine.visibility import seen

FROM = (slips.ISSUED, slips.CLOSED, slips.REPORTED, slips.RECALLED, slips.DECIDED)


class RoundBegun(WorkflowError):
    code = "round_begun"
    message = _("There is a new round of this slip already.")


class MatterSettled(WorkflowError):
    code = "matter_settled"
    message = _("The matter goes on another way already; only a returned one is asked about again.")


@dataclass(frozen=True)
class Difference:
    """What one round asks otherwise than the one before: positions in this round, in the other one, and in both."""

    added: Sequence[SlipQuestion]
    removed: Sequence[SlipQuestion]
    changed: Sequence[tuple[SlipQuestion, SlipQuestion]]
    papers_added: Sequence[SlipPaper]
    papers_removed: Sequence[SlipPaper]
    papers_replaced: Sequence[tuple[SlipPaper, SlipPaper]]


@use_case
def new_round(actor: Actor, slip_id: int, now: dt.datetime) -> Slip:
    """Begin the next round as a draft with the same questions and papers; there is one, unless it was given up."""
    source = slips.locked(actor, slip_id)
    actor.require(Right.SLIP_DRAFT, source)
    slips.require_state(source, *FROM)
    if settled(source):
        raise MatterSettled(source)
    if slips.successor_of(source) is not None:
        raise RoundBegun(source)
    return slips.copied(actor, source, now, previous_id=source.id, round=source.round + 1)


def settled(slip: Slip) -> bool:
    """Whether the head decided on another way than to return the matter."""
    decided = db.session.get(SlipDecision, slip.id)
    return decided is not None and decided.way is not SlipWay.RETURN


def beginning(slip: Slip) -> Slip | None:
    """The slip whose next round can be begun now: this one, or the last of the recalled rounds after it; else None."""
    if slip.state not in FROM or settled(slip):
        return None
    following = slips.successor_of(slip)
    while following is not None and following.state is slips.RECALLED:
        slip, following = following, slips.successor_of(following)
    return slip if following is None else None


def round_before(actor: Actor, slip_id: int) -> int | None:
    """The round before this one, by id, for whoever may see it."""
    return seen(actor, Slip, slip_id).previous_id


def difference(slip: Slip) -> Difference | None:
    """Against the round before; None for a first round. Questions are compared place by place, papers by document."""
    if slip.previous is None:
        return None
    new = {row.position: row for row in slip.questions}
    old = {row.position: row for row in slip.previous.questions}
    now_with = {row.version.document_id: row for row in slip.papers}
    then_with = {row.version.document_id: row for row in slip.previous.papers}
    return Difference(
        added=[new[place] for place in sorted(new.keys() - old.keys())],
        removed=[old[place] for place in sorted(old.keys() - new.keys())],
        changed=[(old[place], new[place]) for place in sorted(new.keys() & old.keys())
                 if _asked(old[place]) != _asked(new[place])],
        papers_added=[now_with[key] for key in sorted(now_with.keys() - then_with.keys())],
        papers_removed=[then_with[key] for key in sorted(then_with.keys() - now_with.keys())],
        papers_replaced=[(then_with[key], now_with[key]) for key in sorted(now_with.keys() & then_with.keys())
                         if then_with[key].document_version_id != now_with[key].document_version_id],
    )  # fmt: skip


def _asked(question: SlipQuestion) -> tuple[object, ...]:
    return question.kind, question.text, tuple(question.options), question.main
