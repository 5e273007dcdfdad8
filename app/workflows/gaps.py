"""The declared gap: two people decide that the installation goes on although its witness knows another log.

One of them is the head of the body, the other an auditor. What they declare is one state of one witness, with the
entries that are missing; another state has to be declared anew. The witness itself goes on by an act of its operator.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import Body, DeclaredGap, DeclaredGapConsent, Office, WitnessFinding, WitnessReport
from app.workflows import witnessing
from app.workflows.engine.errors import Detached, NotFound, Subject, WorkflowError
from app.workflows.engine.rights import GRANTS, Actor, Right
from app.workflows.engine.text import block
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.engine.visibility import nothing, seen

LONGEST_REASON = 2000


@dataclass(frozen=True)
class GapDeclared(Fact):
    """One of two people declares entries missing; `missing_to` below `missing_from` where none is."""

    witness: str
    missing_from: int
    missing_to: int
    reason: str


@dataclass(frozen=True)
class GapConfirmed(Fact):
    """The second person confirmed: votes can be opened again."""

    witness: str
    missing_from: int
    missing_to: int


class NothingToDeclare(WorkflowError):
    code = "nothing_to_declare"
    message = _("Every witness confirms the log, or the gap is declared already; there is nothing to decide.")


class NoReasonForGap(WorkflowError):
    code = "no_reason_for_gap"
    http_status = 422
    field = "reason"
    message = _("Say why entries are missing and what was done to find them.")


class OtherOffice(WorkflowError):
    code = "gap_other_office"
    http_status = 403
    message = _("The head of the body and the auditor decide together: another person, in the other office, confirms.")


class GapConfirmedAlready(WorkflowError):
    code = "gap_confirmed"
    message = _("This gap is confirmed already.")


@use_case
def declare_gap(actor: Actor, reason: str, now: dt.datetime) -> DeclaredGap:
    """The first person: what the witnesses know and this log does not have is a gap, for this reason.

    One row for each witness whose last report does not fit; the first of them is returned.
    """
    body = require_right(actor)
    cleaned = block(body, reason, "reason", LONGEST_REASON, refusal=NoReasonForGap)
    doubts = witnessing.doubts()
    if not doubts:
        raise NothingToDeclare(body)
    declared = [_declare(actor, body, report, cleaned, now) for report in doubts]
    return declared[0]


def _declare(actor: Actor, body: Subject, report: WitnessReport, reason: str, now: dt.datetime) -> DeclaredGap:
    first, last = _missing(report)
    gap = DeclaredGap(
        body_id=body.body_id, report_id=report.id, missing_from=first, missing_to=last, reason=reason,
        declared_by_id=actor.person_id, declared_as=_office_of(actor, body), declared_at=now,
    )  # fmt: skip
    db.session.add(gap)
    db.session.flush()
    told: dict[str, Any] = {"witness": report.witness, "missing_from": first, "missing_to": last}
    record(actor, GapDeclared.about(gap, reason=reason, **told), now)
    return gap


@use_case
def confirm_gap(actor: Actor, gap_id: int, now: dt.datetime) -> DeclaredGapConsent:
    """The second person, in the other office; from then on votes can be opened."""
    gap = seen(actor, DeclaredGap, gap_id)
    db.session.execute(select(Body.id).where(Body.id == gap.body_id).with_for_update())  # one after the other
    db.session.refresh(gap)
    actor.require(Right.GAP_DECIDE, gap)
    if not may_confirm(actor, gap):
        raise OtherOffice(gap)
    if gap.consent is not None:
        raise GapConfirmedAlready(gap)
    consent = DeclaredGapConsent(gap_id=gap.id, body_id=gap.body_id, person_id=actor.person_id, at=now)
    db.session.add(consent)
    told = {"witness": gap.report.witness, "missing_from": gap.missing_from, "missing_to": gap.missing_to}
    record(actor, GapConfirmed.about(gap, **told), now)
    return consent


def may_confirm(actor: Actor, gap: DeclaredGap) -> bool:
    """Whether this is another person who holds the office that the first one did not decide in."""
    other = Office.AUDITOR if gap.declared_as is Office.HEAD else Office.HEAD
    return actor.person_id != gap.declared_by_id and actor.holds(frozenset({other}), gap.body_id)


def require_right(actor: Actor) -> Subject:
    """The body in which the actor decides; refused for whoever decides in none."""
    body = _body_of(actor)
    actor.require(Right.GAP_DECIDE, body)
    return body


def may_declare(actor: Actor) -> bool:
    """Whether the actor is one of those who decide."""
    return bool(actor.body_ids) and actor.may(Right.GAP_DECIDE, _body_of(actor))


def _body_of(actor: Actor) -> Detached:
    offices = GRANTS[Right.GAP_DECIDE]
    held = sorted(body_id for body_id, office in actor.offices if office in offices)
    here = held[0] if held else min(actor.body_ids, default=0)
    if not here:
        raise NotFound(nothing(actor, Body, 0))
    return Detached(Body.__tablename__, here, None, here)


def _missing(report: WitnessReport) -> tuple[int, int]:
    """The first and the last missing entry, counted from 1, as far as it is known."""
    if report.finding is WitnessFinding.CONFLICT:
        return report.known_size + 1, report.known_size
    if report.finding is WitnessFinding.DIFFERS:
        return witnessing.common(report.witness, report.known_size) + 1, report.known_size
    same = (WitnessReport.witness == report.witness, WitnessReport.about == report.about)
    first = db.session.scalars(select(WitnessReport).where(*same).order_by(WitnessReport.id).limit(1)).one()
    return first.own_size + 1, report.known_size


def _office_of(actor: Actor, body: Subject) -> Office:
    return Office.HEAD if actor.holds(frozenset({Office.HEAD}), body.body_id) else Office.AUDITOR
