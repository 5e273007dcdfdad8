"""Promulgation (ban hành): who receives a sealed Resolution, who confirmed it, and how it ends."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.gateways import signing
from app.gateways.signing.errors import BadSignature as BadCms
from app.models import (
    Dispatch,
    Organisation,
    OrganisationKind,
    PreparedStatement,
    Resolution,
    ResolutionState,
    SignedStatement,
    StatementKind,
)
from app.workflows import document_signing, keys, polls, resolution_sources, resolutions
from app.workflows.engine.errors import BadValue, NotFound, WorkflowError
from app.workflows.engine.rights import Actor
from app.workflows.engine.text import block
from app.workflows.engine.transaction import end_reading, use_case
from app.workflows.engine.visibility import OUT, nothing, seen
from app.workflows.prepared import PREPARED_FOR, repeated_on, still_shown
from app.workflows.resolution_sources import ResolutionFact, record_step
from app.workflows.resolutions import LIFECYCLE
from app.workflows.rules.calendar import hanoi_date, iso_utc
from app.workflows.rules.canonical import canonical, digest
from app.workflows.rules.recall import parse_recall, recall_statement


class NoSuchRecipient(BadValue):
    code, field = "no_such_recipient", "organisations"
    message = _("Choose recipients among the organisations of this body.")


class BadSignature(WorkflowError):
    code = "bad_signature"
    http_status = 422
    message = _("%(reason)s")


@dataclass(frozen=True)
class ResolutionPromulgated(ResolutionFact):
    number: str
    file_sha256: str
    recipients: int


@dataclass(frozen=True)
class ResolutionReceived(ResolutionFact):
    dispatch_id: int


@dataclass(frozen=True)
class ResolutionRecalled(ResolutionFact):
    number: str
    reason: str
    statement_sha256: str


@dataclass(frozen=True)
class ResolutionReplaced(ResolutionFact):
    number: str
    by_id: int


@use_case
def promulgate_resolution(
    actor: Actor, resolution_id: int, now: dt.datetime, organisation_ids: Iterable[int] | None = None
) -> Resolution:
    """Ban hành: from now on it is public and cannot change; members and organisations receive it."""
    resolution = resolutions.locked(actor, resolution_id)
    move = LIFECYCLE.admit("promulgate", resolution, actor)
    sent = _recipients(resolution, organisation_ids, now)
    db.session.add_all(sent)
    move.apply(resolution, promulgated_at=now)
    db.session.flush()
    number = resolution.number.text if resolution.number else ""
    record_step(
        actor, resolution, ResolutionPromulgated, now, number=number,
        file_sha256=resolutions.signed_file(resolution).sha256, recipients=len(sent),
    )  # fmt: skip
    if resolution.replaces_id is not None:
        _replace(actor, resolution, now)
    return resolution


def organisations_of(body_id: int) -> list[Organisation]:
    """Who may receive documents of a body: its ministries, agencies and its office, not their units."""
    rows = select(Organisation).where(Organisation.body_id == body_id, Organisation.kind != OrganisationKind.UNIT)
    return list(db.session.scalars(rows.order_by(Organisation.position, Organisation.id)))


def _recipients(resolution: Resolution, chosen: Iterable[int] | None, now: dt.datetime) -> list[Dispatch]:
    known = organisations_of(resolution.body_id)
    wanted = {organisation.id for organisation in known} if chosen is None else set(chosen)
    if wanted - {organisation.id for organisation in known}:
        raise NoSuchRecipient(resolution)
    sent = {"body_id": resolution.body_id, "resolution": resolution, "sent_at": now}
    members = polls.members_of(resolution.body_id, hanoi_date(now))
    return [
        *(Dispatch(person_id=post.person_id, name=post.post[:200], **sent) for post in members),
        *(Dispatch(organisation_id=one.id, name=one.name, **sent) for one in known if one.id in wanted),
    ]


def _replace(actor: Actor, successor: Resolution, now: dt.datetime) -> None:
    """The old one ends the moment the new one is out; both stay readable, each names the other."""
    rows = select(Resolution).where(Resolution.id == successor.replaces_id).with_for_update()
    old = db.session.scalars(rows.execution_options(populate_existing=True)).one()
    if old.state is not ResolutionState.PROMULGATED:
        raise resolutions.NothingToReplace(successor)
    LIFECYCLE.moves["replace"].apply(old, ended_at=now)
    number = old.number.text if old.number else ""
    record_step(actor, old, ResolutionReplaced, now, counted_by=successor, number=number, by_id=successor.id)


@use_case
def acknowledge(actor: Actor, resolution_id: int, now: dt.datetime) -> list[Dispatch]:
    """Đã nhận: for oneself, and for the organisation in which one holds a post; after a recall, that it was seen."""
    resolution = resolutions.locked(actor, resolution_id)
    mine = own_dispatches(actor, resolution)
    if resolution.state not in OUT or not mine:
        raise NotFound(nothing(actor, Dispatch, resolution_id))
    for dispatch in mine:
        if resolution.state is ResolutionState.RECALLED:
            dispatch.recall_seen_at = dispatch.recall_seen_at or now
        elif dispatch.received_at is None:
            dispatch.received_at, dispatch.received_by_id = now, actor.person_id
            db.session.flush()
            record_step(actor, resolution, ResolutionReceived, now, dispatch_id=dispatch.id)
    return mine


def own_dispatches(actor: Actor, resolution: Resolution) -> list[Dispatch]:
    """What was sent to this person, or to an organisation the person stands for today."""
    return [
        dispatch
        for dispatch in resolution.dispatches
        if (dispatch.person_id is not None and dispatch.person_id == actor.person_id)
        or dispatch.organisation_id in actor.organisations
    ]


@use_case
def prepare_recall(actor: Actor, resolution_id: int, reason: str, nonce: str, now: dt.datetime) -> PreparedStatement:
    """Fix the bytes by which the head of the body recalls a Resolution; they expire after two minutes."""
    resolution = resolutions.locked(actor, resolution_id)
    LIFECYCLE.admit("recall", resolution, actor)
    document_signing.check_nonce(resolution, nonce)
    why = block(resolution, reason, "reason", resolutions.LONGEST_REASON, refusal=resolutions.ReasonMissing)
    asked = {"type": StatementKind.RESOLUTION_RECALL.value, "resolution_id": resolution.id, "reason": why}
    if same := repeated_on(resolution, actor, resolution_sources.keys_of(resolution), nonce, now, **asked):
        return same
    key = keys.own_usable_key(actor, resolution, now)
    statement = canonical(
        recall_statement(
            resolution_id=resolution.id, number=resolution.number.text if resolution.number else "",
            file_sha256=resolutions.signed_file(resolution).sha256, subject=resolution.subject, reason=why,
            person=key.person.full_name, nonce=nonce, server_time=iso_utc(now),
        )
    )  # fmt: skip
    prepared = PreparedStatement(
        body_id=resolution.body_id, kind=StatementKind.RESOLUTION_RECALL, person_id=actor.person_id, nonce=nonce,
        statement=statement, sha256=digest(statement), expires_at=now + PREPARED_FOR,
        **resolution_sources.keys_of(resolution),
    )  # fmt: skip
    db.session.add(prepared)
    db.session.flush()
    return prepared


def sign_recall(actor: Actor, resolution_id: int, nonce: str, pin: str, now: dt.datetime) -> Resolution:
    """Sign the prepared recall with the own key, then carry it out: frozen everywhere, never deleted."""
    resolution = seen(actor, Resolution, resolution_id)
    prepared = _prepared(actor, resolution, nonce)
    if prepared is not None and resolution.recall is not None and resolution.recall.sha256 == prepared.sha256:
        return resolution
    statement = still_shown(resolution, prepared, now).statement
    cms = keys.sign_with_pin(actor, resolution, statement, pin, now)
    end_reading()
    return _recall(actor, resolution_id, nonce, statement, cms, now)


@use_case
def _recall(
    actor: Actor, resolution_id: int, nonce: str, statement: bytes, cms: bytes, now: dt.datetime
) -> Resolution:
    resolution = resolutions.locked(actor, resolution_id)
    prepared = still_shown(resolution, _prepared(actor, resolution, nonce), now, statement)
    move = LIFECYCLE.admit("recall", resolution, actor)
    key = keys.own_usable_key(actor, resolution, now)
    try:
        signing.check_detached(cms, statement, key.certificate.der)
    except BadCms as bad:
        raise BadSignature(resolution, reason=bad.message) from bad
    signed = SignedStatement(
        body_id=resolution.body_id, kind=StatementKind.RESOLUTION_RECALL, person_id=actor.person_id,
        statement=statement, sha256=prepared.sha256, cms=cms, certificate_id=key.certificate_id, signed_at=now,
    )  # fmt: skip
    db.session.add(signed)
    db.session.flush()
    reason = parse_recall(statement)["reason"]
    move.apply(resolution, reason=reason, ended_at=now, recall_id=signed.id)
    record_step(
        actor, resolution, ResolutionRecalled, now, reason=reason, statement_sha256=signed.sha256,
        number=resolution.number.text if resolution.number else "",
    )  # fmt: skip
    return resolution


def _prepared(actor: Actor, resolution: Resolution, nonce: str) -> PreparedStatement | None:
    """What this person was shown about this very Resolution: the bytes decide, not the vote or slip of both."""
    kind = StatementKind.RESOLUTION_RECALL
    source = resolution_sources.keys_of(resolution)
    rows = select(PreparedStatement).filter_by(**source, person_id=actor.person_id, nonce=nonce)
    prepared = db.session.scalar(rows.where(PreparedStatement.kind == kind))
    same = prepared is not None and parse_recall(prepared.statement)["resolution_id"] == resolution.id
    return prepared if same else None
