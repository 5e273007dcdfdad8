"""The way of a slip to its issue (trình, duyệt): step by step, returned with a reason, submitted again, all kept."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, select
from sqlalchemy.orm import joinedload, selectinload

from app.extensions import db
from app.models import (
    Appointment,
    ApprovalAct,
    ApprovalStep,
    Body,
    Office,
    Person,
    QuestionKind,
    Slip,
    SlipApproval,
)
from app.workflows import slip_deadlines, slip_papers, slips
from app.workflows.engine.errors import BadValue, Detached, NotAllowed, WorkflowError
from app.workflows.engine.rights import APPROVERS, GRANTS, Actor, Right
from app.workflows.engine.text import BadText, block, line
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.engine.visibility import seen, visible
from app.workflows.rules.calendar import hanoi_date
from app.workflows.slip_facts import (
    SlipApproved,
    SlipReturned,
    SlipStepApproved,
    SlipSubmitted,
    SlipWithdrawn,
    record_slip,
)
from app.workflows.slips import LIFECYCLE, LONGEST_REASON

LONGEST_STEP = 200
MOST_STEPS = 6


@dataclass(frozen=True)
class Step:
    """One step of a chain: what it is called, and the offices of which one is enough."""

    name: str
    offices: tuple[Office, ...]


# where a body has written down no steps of its own; official Vietnamese, it stands in the history of the slip
DEFAULT_CHAIN = (
    Step("Trưởng đơn vị", (Office.UNIT_HEAD,)),
    Step("Bộ trưởng, Chủ nhiệm hoặc Phó Thủ tướng", (Office.MINISTER_CHAIRMAN, Office.DEPUTY_HEAD)),
)


class NoStep(BadValue):
    code, field = "no_step", "steps"
    message = _("A chain of approval has 1 to 6 steps, each with a name and an office that may approve.")


class StepVacant(WorkflowError):
    code = "step_vacant"
    message = _("Nobody holds an office today that could approve the step “%(step)s”.")


class NotYourStep(NotAllowed):
    code = "not_your_step"
    message = _("The slip waits for the step “%(step)s”, which is not yours.")


class OwnSlip(NotAllowed):
    code = "own_slip"
    message = _("Whoever submitted a slip does not approve it.")


class DraftIncomplete(WorkflowError):
    code = "draft_incomplete"
    http_status = 422
    message = _("Question %(number)s asks about the articles of a draft, but the slip has no draft with articles.")


@dataclass(frozen=True)
class ApprovalChainSet(Fact):
    steps: list[dict[str, Any]]


@use_case
def set_chain(actor: Actor, body_id: int, steps: Sequence[Step], now: dt.datetime) -> None:
    """Write down who approves the slips of a body, in order; slips under way keep the chain of their submission."""
    body = seen(actor, Body, body_id)
    about = Detached(Body.__tablename__, body.id, None, body.id)
    actor.require(Right.RULES_MANAGE, about)
    if not 1 <= len(steps) <= MOST_STEPS or not all(step.offices and set(step.offices) <= APPROVERS for step in steps):
        raise NoStep(about)
    _hold(body)
    db.session.execute(delete(ApprovalStep).where(ApprovalStep.body_id == body.id))
    for position, step in enumerate(steps, start=1):
        name = line(about, step.name, "steps", LONGEST_STEP, refusal=NoStep)
        for office in sorted(set(step.offices)):
            db.session.add(ApprovalStep(body_id=body.id, position=position, name=name, office=office))
    db.session.flush()
    record(actor, ApprovalChainSet.about(about, steps=_as_data(steps)), now)


def _hold(body: Body) -> None:
    """Nobody else writes a chain of this body until the end, so that two of them never mix."""
    db.session.execute(select(Body.id).where(Body.id == body.id).with_for_update())


def chain_of(body_id: int) -> tuple[Step, ...]:
    """The steps of a body as they are written down, else the usual ones."""
    rows = select(ApprovalStep).where(ApprovalStep.body_id == body_id).order_by(ApprovalStep.position, ApprovalStep.id)
    found: dict[int, Step] = {}
    for row in db.session.scalars(rows):
        before = found[row.position].offices if row.position in found else ()
        found[row.position] = Step(row.name, (*before, row.office))
    return tuple(found.values()) or DEFAULT_CHAIN


@use_case
def submit_slip(actor: Actor, slip_id: int, now: dt.datetime) -> Slip:
    """Send a draft on its way; the chain of approval is that of this moment."""
    slip = slips.locked(actor, slip_id)
    move = LIFECYCLE.admit("submit", slip, actor)
    _require_complete(slip)
    slip_deadlines.deadline_of(slip, slip_deadlines.rules_of(slip, now), now, slip.working_days)
    chain = chain_of(slip.body_id)
    _require_somebody(slip, chain, hanoi_date(now))
    move.apply(slip, chain=_as_data(chain), stage=0, reason="")
    _note(actor, slip, ApprovalAct.SUBMITTED, "", "", now)
    record_slip(actor, slip, SlipSubmitted, now, step=chain[0].name, offices=_codes(chain[0]))
    return slip


@use_case
def approve_slip(actor: Actor, slip_id: int, now: dt.datetime, remark: str = "") -> Slip:
    """Approve the step under way; the last one makes the slip ready to be issued."""
    slip = slips.locked(actor, slip_id)
    move = LIFECYCLE.admit("approve", slip, actor)
    step = _require_step(actor, slip)
    said = block(slip, remark, "remark", LONGEST_REASON, wanted=False)
    said = slips.shown(slip, said, lambda about: BadText(about, "remark"))
    _note(actor, slip, ApprovalAct.APPROVED, step.name, said, now)
    slip.stage += 1
    following = _step_of(slip)
    if following is not None:
        told = {"step": following.name, "offices": _codes(following)}
        record_slip(actor, slip, SlipStepApproved, now, remark=said, **told)
        return slip
    move.apply(slip)
    record_slip(actor, slip, SlipApproved, now, remark=said)
    return slip


@use_case
def return_slip(actor: Actor, slip_id: int, reason: str, now: dt.datetime) -> Slip:
    """Send a slip back to its drafter with a reason; it is a draft again, and its history stays.

    Whoever may issue an approved slip may return it as well.
    """
    slip = slips.locked(actor, slip_id)
    move = LIFECYCLE.admit("return", slip, actor)
    if slip.state is slips.SUBMITTED:
        step = _require_step(actor, slip).name
    else:
        actor.require(Right.SLIP_ISSUE, slip)
        step = ""
    why = slips.reason_of(slip, reason)
    _note(actor, slip, ApprovalAct.RETURNED, step, why, now)
    move.apply(slip, stage=0, reason=why)
    record_slip(actor, slip, SlipReturned, now, reason=why, drafted_by_id=slip.drafted_by_id)
    return slip


@use_case
def withdraw_slip(actor: Actor, slip_id: int, now: dt.datetime) -> Slip:
    """Take a submitted slip back to work on it."""
    slip = slips.locked(actor, slip_id)
    move = LIFECYCLE.admit("withdraw", slip, actor)
    _note(actor, slip, ApprovalAct.WITHDRAWN, "", "", now)
    move.apply(slip, stage=0)
    record_slip(actor, slip, SlipWithdrawn, now)
    return slip


def waiting_slips_of(actor: Actor) -> list[Slip]:
    """Slips whose next step is this person's, the oldest first: to approve, to issue, or to mend what came back."""
    if not actor.holds(APPROVERS | GRANTS[Right.SLIP_DRAFT]):
        return []
    rows = select(Slip).where(visible(actor, Slip), Slip.state.in_((slips.DRAFT, slips.SUBMITTED, slips.APPROVED)))
    rows = rows.options(selectinload(Slip.approvals), joinedload(Slip.organisation)).order_by(Slip.id)
    return [slip for slip in db.session.scalars(rows) if is_next(actor, slip)]


def is_next(actor: Actor, slip: Slip) -> bool:
    """Whether the next step of a slip is this person's."""
    returned = slip.state is slips.DRAFT and bool(slip.reason) and slip.drafted_by_id == actor.person_id
    return may_approve(actor, slip) or may_issue(actor, slip) or returned


def may_approve(actor: Actor, slip: Slip) -> bool:
    """Whether the step under way is one of this person's offices; whoever submitted the slip is not asked."""
    step = awaited(slip)
    return step is not None and actor.holds(frozenset(step.offices), slip.body_id) and not _submitted_by(actor, slip)


def may_issue(actor: Actor, slip: Slip) -> bool:
    return slip.state is slips.APPROVED and actor.may(Right.SLIP_ISSUE, slip)


def awaited(slip: Slip) -> Step | None:
    """The step that a submitted slip waits for."""
    return _step_of(slip) if slip.state is slips.SUBMITTED else None


def _step_of(slip: Slip) -> Step | None:
    if slip.stage >= len(slip.chain):
        return None
    step = slip.chain[slip.stage]
    return Step(step["name"], tuple(Office(code) for code in step["offices"]))


def _require_step(actor: Actor, slip: Slip) -> Step:
    step = _step_of(slip)
    if step is None or not actor.holds(frozenset(step.offices), slip.body_id):
        raise NotYourStep(slip, step=step.name if step else "")
    if _submitted_by(actor, slip):
        raise OwnSlip(slip)
    return step


def _submitted_by(actor: Actor, slip: Slip) -> bool:
    submitted = next((row for row in reversed(slip.approvals) if row.act is ApprovalAct.SUBMITTED), None)
    return submitted is not None and submitted.person_id == actor.person_id


def _require_complete(slip: Slip) -> None:
    if not slip.questions:
        raise slips.QuestionCount(slip)
    if slip_papers.articles_of(slip):
        return
    for row in slip.questions:
        if row.kind is QuestionKind.ARTICLES:
            raise DraftIncomplete(slip, number=row.position)


def _require_somebody(slip: Slip, chain: Sequence[Step], on: dt.date) -> None:
    posts = select(Appointment.office).where(Appointment.body_id == slip.body_id, Appointment.in_force(on))
    held = set(db.session.scalars(posts.distinct()))
    for step in chain:
        if not held & set(step.offices):
            raise StepVacant(slip, step=step.name)


def _note(actor: Actor, slip: Slip, act: ApprovalAct, step: str, remark: str, now: dt.datetime) -> None:
    seq = max((row.seq for row in slip.approvals), default=0) + 1
    person = db.session.get_one(Person, actor.person_id)
    slip.approvals.append(SlipApproval(
        slip_id=slip.id, seq=seq, body_id=slip.body_id, act=act, step=step, person_id=actor.person_id,
        name=person.full_name, post=actor.post, remark=remark, at=now,
    ))  # fmt: skip
    db.session.flush()


def _codes(step: Step) -> tuple[str, ...]:
    return tuple(office.value for office in step.offices)


def _as_data(steps: Sequence[Step]) -> list[dict[str, Any]]:
    return [{"name": step.name, "offices": list(_codes(step))} for step in steps]
