"""Reminders of slips (nhắc trả lời phiếu): who has not answered is told again, with his aides, until he has."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from sqlalchemy import exists, select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models import AuditEntry, Notice, Slip, SlipAnswer, SlipRecipient, SlipReminder, SlipState
from app.workflows import slip_rows, slips
from app.workflows.engine.errors import BadValue, WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import use_case
from app.workflows.reminders import helps
from app.workflows.rules.calendar import HANOI
from app.workflows.rules.deadline import is_over
from app.workflows.rules.slip_parameters import SlipParameters
from app.workflows.rules.slip_reminding import OVERDUE, OVERDUE_UNTIL, step_due
from app.workflows.slip_facts import SlipFact, record_slip

OPEN, COUNTED = SlipState.ISSUED, (SlipState.CLOSED, SlipState.REPORTED, SlipState.DECIDED)
PAUSE = dt.timedelta(hours=1)  # between two reminders of one person by hand


class NobodyToRemind(WorkflowError):
    code = "nobody_to_remind"
    message = _("Everybody who is to be reminded has answered.")


class RemindedAlready(WorkflowError):
    code = "reminded_already"
    message = _("They were reminded at %(at)s, less than an hour ago. Wait a little, or call them.")


class NothingToRemind(WorkflowError):
    code = "nothing_to_remind"
    message = _("Members are reminded while the slip can be answered, and no longer.")


class NotAsked(BadValue):
    code, field = "not_asked", "member"
    message = _("Only members whom this slip asks can be reminded of it.")


@dataclass(frozen=True)
class SlipReminded(SlipFact):
    """`step` is the number of hours before the deadline, 0 when it was over, None for a reminder by hand."""

    member_id: int
    deadline_at: dt.datetime
    step: int | None


def due_steps(body_id: int, now: dt.datetime) -> list[tuple[int, dt.datetime, int]]:
    """Slips of a body with a step that is due: the slip, its deadline, the step; the latest one only (rule:R70)."""
    rows = select(Slip).where(Slip.body_id == body_id, Slip.state.in_((OPEN, *COUNTED)))
    rows = rows.where(Slip.deadline_at > now - OVERDUE_UNTIL).order_by(Slip.id)
    found = []
    for slip in db.session.scalars(rows):
        step = _step_of(slip, now)
        if step is not None and slip.deadline_at:
            found.append((slip.id, slip.deadline_at, step))
    return found


def silent(slip_id: int) -> list[int]:
    """The members who were asked and have not answered, in the order of the roll."""
    said = exists().where(SlipAnswer.slip_id == SlipRecipient.slip_id, SlipAnswer.member_id == SlipRecipient.member_id)
    rows = select(SlipRecipient.member_id).where(SlipRecipient.slip_id == slip_id, ~said)
    return list(db.session.scalars(rows.order_by(SlipRecipient.roll_index)))


@use_case
def remind_member(actor: Actor, slip_id: int, member_id: int, step: int, now: dt.datetime) -> bool:
    """Record that a member is reminded at a step; False where he has answered, was told, or the step is not due.

    The row of the slip is locked: of two workers one reminds.
    """
    slip = _locked(slip_id)
    actor.require(Right.SLIP_RUN, slip)
    if slip.deadline_at is None or _step_of(slip, now) != step or member_id not in silent(slip.id):
        return False
    told = select(SlipReminder.id).where(
        SlipReminder.slip_id == slip.id, SlipReminder.member_id == member_id, SlipReminder.step == step,
        SlipReminder.deadline_at == slip.deadline_at,
    )  # fmt: skip
    if db.session.scalar(told):
        return False
    _remind(actor, slip, slip.deadline_at, member_id, step, now)
    return True


@use_case
def chase_slip(actor: Actor, slip_id: int, now: dt.datetime, member_ids: Iterable[int] = ()) -> list[int]:
    """Remind by hand those who have not answered, all or only these, while the slip takes answers; who was reminded.

    Whoever answered meanwhile, or was reminded within the hour by the clock or anybody, is left in peace.
    """
    slip = slips.locked(actor, slip_id)
    actor.require(Right.SLIP_RUN, slip)
    if slip.state is not OPEN or slip.deadline_at is None or is_over(slip.deadline_at, now):
        raise NothingToRemind(slip)
    wanted, asked = set(member_ids), {entry.member_id for entry in slip.recipients}
    if not wanted <= asked:
        raise NotAsked(slip)
    quiet = [member_id for member_id in silent(slip.id) if not wanted or member_id in wanted]
    if not quiet:
        raise NobodyToRemind(slip)
    lately = {row.member_id: row.at for row in reminders_of(slip) if row.at > now - PAUSE}
    told = [member_id for member_id in quiet if member_id not in lately]
    if not told:
        raise RemindedAlready(slip, at=_hour(max(lately[member_id] for member_id in quiet)))
    for member_id in told:
        _remind(actor, slip, slip.deadline_at, member_id, None, now)
    return told


def reminders_of(slip: Slip) -> list[SlipReminder]:
    """Every reminder of a slip, by the clock and by hand, in order; for who runs it."""
    rows = select(SlipReminder).where(SlipReminder.slip_id == slip.id).options(joinedload(SlipReminder.by))
    return list(db.session.scalars(rows.order_by(SlipReminder.at, SlipReminder.id)))


def still_waited_for(notice: Notice, now: dt.datetime) -> bool:
    """Whether a reminder is worth sending still: the member has no answer, and the slip takes it until that deadline.

    That a deadline has passed stays news. Whoever helped the member is not bothered any more.
    """
    slip = db.session.get(Slip, notice.details["subject_id"])
    fact = db.session.get_one(AuditEntry, notice.audit_entry_id).payload
    member_id = fact["member_id"]
    if slip is None or slip_rows.standing_of(slip.id, member_id):
        return False
    if notice.person_id != member_id and not helps(notice.person_id, member_id, slip.body_id, now):
        return False
    if fact["step"] == OVERDUE:
        return slip.state in (OPEN, *COUNTED)
    same = slip.deadline_at == dt.datetime.fromisoformat(fact["deadline_at"])
    return slip.state is OPEN and same and not is_over(slip.deadline_at, now)


def _step_of(slip: Slip, now: dt.datetime) -> int | None:
    """None as well for a slip that was closed before its deadline: everybody had answered it."""
    if slip.deadline_at is None or slip.issued_at is None or slip.rule_set is None:
        return None
    if slip.state is not OPEN and not (slip.closed_at and slip.closed_at >= slip.deadline_at):
        return None
    given_at = slip.extensions[-1].at if slip.extensions else slip.issued_at
    step = step_due(slip.deadline_at, given_at, now, SlipParameters.parse(slip.rule_set.parameters))
    return None if step is not None and step != OVERDUE and slip.state is not OPEN else step


def _locked(slip_id: int) -> Slip:
    return db.session.scalars(select(Slip).where(Slip.id == slip_id).with_for_update()).one()


def _remind(
    actor: Actor, slip: Slip, deadline: dt.datetime, member_id: int, step: int | None, now: dt.datetime
) -> SlipReminder:
    told = SlipReminder(
        body_id=slip.body_id, slip_id=slip.id, member_id=member_id, deadline_at=deadline, step=step,
        by_id=actor.person_id if step is None else None, at=now,
    )  # fmt: skip
    db.session.add(told)
    db.session.flush()
    record_slip(actor, slip, SlipReminded, now, member_id=member_id, deadline_at=deadline, step=step)
    return told


def _hour(at: dt.datetime) -> str:
    return f"{at.astimezone(HANOI):%H:%M}"
