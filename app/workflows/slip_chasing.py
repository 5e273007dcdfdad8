"""Whoever has not answered a slip is reminded by the office (nhắc trả lời phiếu), at most once in an hour."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import AuditEntry, Notice, Slip
from app.workflows import slip_closing, slip_rows, slips
from app.workflows.engine.errors import BadValue, WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import use_case
from app.workflows.slip_facts import SlipFact, record_slip

PAUSE = dt.timedelta(hours=1)


class NobodyToChase(WorkflowError):
    code = "nobody_to_chase"
    message = _("Everybody who is to be reminded has answered.")


class ChasedAlready(WorkflowError):
    code = "chased_already"
    message = _("They were reminded less than an hour ago. Wait a little, or call them.")


class NotAsked(BadValue):
    code, field = "not_asked", "member"
    message = _("Only members whom this slip asks can be reminded of it.")


@dataclass(frozen=True)
class SlipChased(SlipFact):
    """Who was reminded, by the office and by name."""

    member_ids: tuple[int, ...]


@use_case
def chase_slip(actor: Actor, slip_id: int, now: dt.datetime, member_ids: Iterable[int] = ()) -> tuple[int, ...]:
    """Remind those who have not answered, all or only these, with their aides; who was reminded.

    Whoever answered meanwhile, or was reminded within the hour, is left in peace.
    """
    slip = slips.locked(actor, slip_id)
    actor.require(Right.SLIP_RUN, slip)
    slips.require_state(slip, slips.ISSUED)
    if not slip_closing.takes_answers(slip, now):
        raise slip_closing.DeadlinePassed(slip)
    asked = [entry.member_id for entry in slip.recipients]
    wanted = set(member_ids) or set(asked)
    if not wanted <= set(asked):
        raise NotAsked(slip)
    silent = wanted - slip_rows.standing(slip.id).keys()
    if not silent:
        raise NobodyToChase(slip)
    lately = {member for member, times in chased(slip.id).items() if times[-1] > now - PAUSE}
    told = tuple(member for member in asked if member in silent - lately)
    if not told:
        raise ChasedAlready(slip)
    record_slip(actor, slip, SlipChased, now, member_ids=told)
    return told


def chased(slip_id: int) -> dict[int, list[dt.datetime]]:
    """When each member was reminded by the office, in order."""
    rows = select(AuditEntry.payload, AuditEntry.at).where(
        AuditEntry.fact == SlipChased.__name__, AuditEntry.subject_type == Slip.__tablename__,
        AuditEntry.subject_id == slip_id,
    )  # fmt: skip
    found: dict[int, list[dt.datetime]] = {}
    for payload, at in db.session.execute(rows.order_by(AuditEntry.id)):
        for member_id in payload["member_ids"]:
            found.setdefault(member_id, []).append(at)
    return found


def still_unanswered(notice: Notice, now: dt.datetime) -> bool:
    """Whether a reminder of a slip is worth sending still: it takes answers, and somebody reminded has given none."""
    slip = db.session.get(Slip, notice.details["subject_id"])
    if slip is None or not slip_closing.takes_answers(slip, now):
        return False
    heard = slip_rows.standing(slip.id)
    if notice.person_id in {entry.member_id for entry in slip.recipients}:
        return notice.person_id not in heard
    return any(member not in heard for member in chased(slip.id))
