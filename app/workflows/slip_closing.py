"""The end of a slip: its deadline, a later one, an early close, a recall; silence counts as the rule set says."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import Slip, SlipDeemed, SlipExtension, SlipRecipient
from app.workflows import opinions, slip_deadlines, slip_rows, slips
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import record, use_case
from app.workflows.rules.ballot import roll_code
from app.workflows.rules.calendar import iso_utc
from app.workflows.rules.canonical import canonical, digest, parse_canonical, read_stored
from app.workflows.rules.deadline import is_over
from app.workflows.rules.slip import parse_answer, parse_slip_definition
from app.workflows.rules.slip_log import closed_leaf, extended_leaf, recalled_leaf
from app.workflows.rules.slip_recount import recount_slip, slip_contradictions
from app.workflows.rules.slip_result import slip_result
from app.workflows.slip_facts import SlipClosed, SlipExtended, SlipRecalled, SlipReported, record_slip
from app.workflows.slip_log import LOG
from app.workflows.slips import ISSUED, LIFECYCLE


class NotAllAnswered(WorkflowError):
    code = "not_all_answered"
    message = _("%(answered)s of %(members)s members have answered. A slip closes early only when all have.")


class DeadlinePassed(WorkflowError):
    code = "deadline_passed"
    http_status = 410
    message = _("The deadline has passed; it cannot be moved any more.")


class TooLateToRecall(WorkflowError):
    code = "too_late_to_recall"
    message = _("The deadline has passed: the slip is closed and counted, and cannot be recalled any more.")


class SlipRecountDiffers(WorkflowError):
    code = "slip_recount_differs"
    message = _(
        "The second count of this slip differs from the first one (%(differs)s), so nothing is reported."
        " Tell the auditor."
    )


@use_case
def close_slip(actor: Actor, slip_id: int, now: dt.datetime, reason: str = "") -> Slip:
    """Count the standing answers from the signed bytes, record who was silent, and seal the result.

    From the deadline on, by the clock or whoever runs the slip; before it only when every member has answered, with a
    reason. Called a second time, it is refused: nothing of it happens twice.
    """
    slip = slips.locked(actor, slip_id)
    move = LIFECYCLE.admit("close", slip, actor)
    why = _early(slip, reason) if not is_over(slip.deadline_at, now) else ""
    silent = _silent(slip)
    deemed = silent if slips.rules_of(slip).deemed else []
    for entry in deemed:
        db.session.add(SlipDeemed(
            slip_id=slip.id, member_id=entry.member_id, body_id=slip.body_id, rule_set_id=slip.rule_set_id,
            source=slip.rule_set.legal_source if slip.rule_set else "", at=now,
        ))  # fmt: skip
    seq, at = LOG.next_place(slip, now)
    codes = [roll_code(entry.roll_index) for entry in deemed]
    answers = len(slip_rows.answers_of(slip.id))
    LOG.append(slip, closed_leaf(seq, answers, codes, at, reason=why))
    db.session.flush()
    counted = count(slip)
    result = canonical(counted)
    move.apply(slip, closed_at=now, result=result, outcome=slips.outcome_of(counted["outcome"]), reason=why)
    opinions.list_opinions(slip, counted["answers"], now)
    told = {"answered": len(slip.recipients) - len(silent), "deemed": len(deemed), "missing": len(silent) - len(deemed)}
    record_slip(actor, slip, SlipClosed, now, result_sha256=digest(result), reason=why, **told)
    return slip


@use_case
def extend_slip(actor: Actor, slip_id: int, day: dt.date, reason: str, now: dt.datetime) -> Slip:
    """Give the members until the end of a later day, within the window of the rules (rule:R10); before the deadline."""
    slip = slips.locked(actor, slip_id)
    actor.require(Right.SLIP_RUN, slip)
    slips.require_state(slip, ISSUED)
    old, rule_set, issued_at = slip.deadline_at, slip.rule_set, slip.issued_at
    if old is None or rule_set is None or issued_at is None or is_over(old, now):
        raise DeadlinePassed(slip)
    why = slips.reason_of(slip, reason)
    new = slip_deadlines.extended_to(slip, rule_set, day, issued_at, old, now)
    seq, at = LOG.next_place(slip, now)
    LOG.append(slip, extended_leaf(seq, iso_utc(old), iso_utc(new), why, at))
    slip.extensions.append(SlipExtension(
        slip_id=slip.id, seq=len(slip.extensions) + 1, body_id=slip.body_id, old_deadline_at=old, new_deadline_at=new,
        reason=why, by_id=actor.person_id, at=now,
    ))  # fmt: skip
    slip.deadline_at = new
    record_slip(actor, slip, SlipExtended, now, old_deadline_at=old, deadline_at=new, reason=why)
    return slip


@use_case
def recall_slip(actor: Actor, slip_id: int, reason: str, now: dt.datetime) -> Slip:
    """Take an issued slip back: nobody can answer it any more, what was answered is kept and counts for nothing."""
    slip = slips.locked(actor, slip_id)
    move = LIFECYCLE.admit("recall", slip, actor)
    if is_over(slip.deadline_at, now):
        raise TooLateToRecall(slip)
    why = slips.reason_of(slip, reason)
    seq, at = LOG.next_place(slip, now)
    LOG.append(slip, recalled_leaf(seq, len(slip_rows.answers_of(slip.id)), why, at))
    slip.version += 1
    told = SlipRecalled.about(slip, version=slip.version, reason=why)
    move.apply(slip, ended_at=now, reason=why)
    record(actor, told, now)
    return slip


@use_case
def report_slip(actor: Actor, slip_id: int, now: dt.datetime) -> Slip:
    """Lay the outcome before the head of the body; refused while the second count says otherwise (rule:R45)."""
    slip = slips.locked(actor, slip_id)
    move = LIFECYCLE.admit("report", slip, actor)
    counted_alike(slip)
    move.apply(slip)
    record_slip(actor, slip, SlipReported, now, outcome=slip.outcome)
    return slip


def overdue_slip_ids(now: dt.datetime) -> list[int]:
    """Issued slips whose time is over; the clock closes them."""
    return list(db.session.scalars(select(Slip.id).where(Slip.state == ISSUED, Slip.deadline_at <= now)))


def takes_answers(slip: Slip, now: dt.datetime) -> bool:
    """Whether somebody can answer at this moment: a slip whose time is over is closed, even while nobody counted it."""
    return slip.state is ISSUED and not is_over(slip.deadline_at, now)


def count(slip: Slip) -> dict[str, Any]:
    """The result of a slip that is over, from the definition, the log and the answers as they were signed."""
    answers = [
        {"statement": parse_answer(statement), "leaf_seq": seq} for seq, statement in slip_rows.signed_bytes(slip.id)
    ]
    return slip_result(parse_slip_definition(slip.definition or b""), LOG.entries(slip.id), answers)


def recounted(slip: Slip) -> dict[str, Any]:
    """The second count, from the bytes that were signed."""
    return recount_slip(slip.definition or b"", [statement for _seq, statement in slip_rows.signed_bytes(slip.id)])


def differences(slip: Slip) -> list[str]:
    """What the stored result says otherwise than the second count, by name; none without a result."""
    return slip_contradictions(read_stored(slip.result), recounted(slip)) if slip.result is not None else []


def counted_alike(slip: Slip) -> None:
    """Refuse unless the stored result is also that of the second count (rule:R45), and spelt as it was sealed."""
    parse_canonical(slip.result or b"{}")
    if found := differences(slip):
        raise SlipRecountDiffers(slip, differs=", ".join(found))


def _silent(slip: Slip) -> Sequence[SlipRecipient]:
    heard = slip_rows.standing(slip.id)
    return [entry for entry in slip.recipients if entry.member_id not in heard]


def _early(slip: Slip, reason: str) -> str:
    said, members = slip_rows.answered(slip)
    if said < members:
        raise NotAllAnswered(slip, answered=said, members=members)
    return slips.reason_of(slip, reason)
