"""Clocks of the Office (thời hạn xử lý của Văn phòng): what is due of slips that are checked, reported, decided."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from app.extensions import db
from app.models import ApprovalAct, AuditEntry, Slip, SlipState
from app.workflows import slip_decisions
from app.workflows.engine.rights import BOARD, Actor
from app.workflows.engine.visibility import visible
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.office_clocks import Clock, clock_ends
from app.workflows.rules.working_days import Exceptions
from app.workflows.slip_facts import SlipReported

RUNNING = (SlipState.SUBMITTED, SlipState.CLOSED, SlipState.REPORTED)


@dataclass(frozen=True)
class Due:
    """What is due on a Hanoi day, of which slip."""

    clock: Clock
    day: dt.date
    slip: Slip


def clocks_of(actor: Actor, body_id: int, exceptions: Exceptions) -> Iterator[Due]:
    """Every clock that runs in a body, for those who see boards; a clock ends with the act that it waits for."""
    if not actor.holds(BOARD, body_id):
        return
    rows = select(Slip).where(Slip.body_id == body_id, Slip.state.in_(RUNNING), visible(actor, Slip))
    found = list(db.session.scalars(rows.options(selectinload(Slip.approvals), selectinload(Slip.papers))))
    reported = _reported([slip.id for slip in found])
    for slip in found:
        begun = _begun(slip, reported)
        if begun is not None:
            clock, at = begun
            legal_text = any(paper.draft for paper in slip.papers)
            yield Due(clock, clock_ends(clock, hanoi_date(at), exceptions, legal_text=legal_text), slip)
    for slip, decision in slip_decisions.returned(actor):
        if slip.body_id == body_id and decision.resubmit_on is not None:
            yield Due(Clock.RESUBMIT, decision.resubmit_on, slip)


def _begun(slip: Slip, reported: dict[int, dt.datetime]) -> tuple[Clock, dt.datetime] | None:
    """Which clock runs for a slip, and since when; none after the first step of the chain."""
    if slip.state is SlipState.CLOSED and slip.closed_at is not None:
        return Clock.REPORT, slip.closed_at
    if slip.state is SlipState.REPORTED and slip.id in reported:
        return Clock.DECIDE, reported[slip.id]
    submitted = [row.at for row in slip.approvals if row.act is ApprovalAct.SUBMITTED]
    return (Clock.CHECK, submitted[-1]) if slip.state is SlipState.SUBMITTED and not slip.stage and submitted else None


def _reported(slip_ids: list[int]) -> dict[int, dt.datetime]:
    rows = select(AuditEntry.subject_id, func.max(AuditEntry.at)).where(
        AuditEntry.fact == SlipReported.__name__, AuditEntry.subject_type == Slip.__tablename__,
        AuditEntry.subject_id.in_(slip_ids),
    )  # fmt: skip
    return {slip_id: at for slip_id, at in db.session.execute(rows.group_by(AuditEntry.subject_id))}
