"""What the head decides on the outcome of a slip (quyết định xử lý kết quả): sign, bring to a session, or return."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from app.extensions import db
from app.models import (
    Resolution,
    ResolutionState,
    Slip,
    SlipDecision,
    SlipWay,
)
from app.workflows import resolutions, slip_closing, slip_rounds, slip_sessions, slips, synthesis
from app.workflows.engine.errors import BadValue, WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.text import block
from app.workflows.engine.transaction import use_case
from app.workflows.engine.visibility import seen, visible
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.canonical import parse_canonical
from app.workflows.rules.slip_ways import may_be_laid_again, reason_needed, ways_of_head
from app.workflows.slip_facts import SlipDecided, record_slip
from app.workflows.slips import LIFECYCLE

SUBMIT, SESSION, RETURN = SlipWay


class NothingToDecide(WorkflowError):
    code = "nothing_to_decide"
    message = _("This slip asked nobody to agree, so there is nothing to decide.")


class TieUnconfirmed(WorkflowError):
    code, field = "tie_unconfirmed", "tie_confirmed"
    message = _("Opinions were equal: first confirm that the side you answered for decides.")


class Unexplained(WorkflowError):
    code = "unexplained"
    message = _(
        "Opinions wait for the table of explanations (%(n)s rows). Once it is submitted, the draft can be signed."
    )


class NoResubmission(BadValue):
    code, field = "no_resubmission", "resubmit_on"
    message = _("Choose the day on which the matter is laid again: after today, within a year.")


@dataclass(frozen=True)
class Wish:
    """What the head decides; `meeting_id` with "session", `resubmit_on` with "return"."""

    way: SlipWay
    reason: str = ""
    tie_confirmed: bool = False
    meeting_id: int | None = None
    resubmit_on: dt.date | None = None


@use_case
def decide_slip(actor: Actor, slip_id: int, wish: Wish, now: dt.datetime) -> SlipDecision:
    """Decide once and for all, with what follows from it in the same act (rule:R9, rule:R11).

    Signing lays a draft Resolution to the clerk, who presents it; a session gets an item with the papers of the slip;
    a returned matter names the day on which it is laid again. What was urgent and is signed is reported to the next
    session (rule:R12). Refused while the second count says otherwise.
    """
    asked = seen(actor, Slip, slip_id)
    actor.require(Right.SLIP_DECIDE, asked)
    meeting = slip_sessions.held_session(actor, wish.meeting_id) if wish.way is SESSION else None  # before the slip
    told = slip_sessions.next_session(actor, asked, now) if wish.way is SUBMIT else None
    slip = slips.locked(actor, slip_id)
    move = LIFECYCLE.admit("decide", slip, actor)
    slip_closing.counted_alike(slip)
    _refuse(slip, wish, now)
    reason = block(slip, wish.reason, "reason", slips.LONGEST_REASON, wanted=False, refusal=slips.ReasonMissing)
    reason = slips.shown(slip, reason, slips.ReasonMissing)
    if not reason and reason_needed(wish.way.value, slip.outcome and slip.outcome.value):
        raise slips.ReasonMissing(slip)
    decision = SlipDecision(
        slip_id=slip.id, body_id=slip.body_id, way=wish.way, reason=reason, tie_confirmed=is_tie(slip),
        meeting_id=meeting.id if meeting else None, resubmit_on=wish.resubmit_on if wish.way is RETURN else None,
        person_id=actor.person_id, name=actor.name, post=actor.post, at=now,
    )  # fmt: skip
    db.session.add(decision)
    move.apply(slip)
    db.session.flush()
    made = resolutions.draft_from_slip(actor, slip, now) if wish.way is SUBMIT else None
    item = slip_sessions.bring(actor, slip, meeting, now) if meeting else None
    item = slip_sessions.tell(actor, slip, told, now) if told else item
    record_slip(
        actor, slip, SlipDecided, now, way=wish.way, reason=reason, tie_confirmed=decision.tie_confirmed,
        meeting_id=item.meeting_id if item else None, item_id=item.id if item else None,
        resolution_id=made.id if made else None, resubmit_on=decision.resubmit_on, organisation_id=slip.organisation_id,
    )  # fmt: skip
    return decision


def decision_on(slip: Slip) -> SlipDecision | None:
    return db.session.get(SlipDecision, slip.id)


def resolution_of(actor: Actor, slip: Slip) -> Resolution | None:
    """The Resolution that was made from a slip and not given up, if this person may see it."""
    rows = select(Resolution).where(Resolution.slip_id == slip.id, visible(actor, Resolution))
    return db.session.scalar(rows.where(Resolution.state != ResolutionState.ABANDONED))


def returned(actor: Actor) -> list[tuple[Slip, SlipDecision]]:
    """Matters that were returned and have no further round, or only ones given up; the one due first at the top."""
    later = aliased(Slip)
    rows = select(Slip, SlipDecision, later.id).join(SlipDecision, SlipDecision.slip_id == Slip.id)
    rows = rows.outerjoin(later, later.previous_id == Slip.id)
    rows = rows.where(SlipDecision.way == RETURN, visible(actor, Slip)).order_by(SlipDecision.resubmit_on, Slip.id)
    found = db.session.execute(rows.where(or_(later.id.is_(None), later.state == slips.RECALLED)))
    return [(slip, decision) for slip, decision, after in found if not after or slip_rounds.beginning(slip)]


def _refuse(slip: Slip, wish: Wish, now: dt.datetime) -> None:
    if wish.way.value not in ways_of_head(slip.outcome and slip.outcome.value):
        raise NothingToDecide(slip)
    if is_tie(slip) and not wish.tie_confirmed:
        raise TieUnconfirmed(slip)
    if wish.way is SUBMIT and (rows := synthesis.unexplained(slip)):
        raise Unexplained(slip, n=rows)
    if wish.way is RETURN and (wish.resubmit_on is None or not may_be_laid_again(wish.resubmit_on, hanoi_date(now))):
        raise NoResubmission(slip)


def is_tie(slip: Slip) -> bool:
    """Whether opinions were equal, so that the head's own answer decided (rule:R2)."""
    told: dict[str, Any] = parse_canonical(slip.result or b"")
    main = told["main"]
    return bool(main and told["questions"][main - 1]["by_head"])


def may_decide(actor: Actor, slip: Slip) -> bool:
    """Whether this person can decide now."""
    return slip.state is slips.REPORTED and actor.may(Right.SLIP_DECIDE, slip) and slip.outcome is not None
