"""Signed acts about a poll: the chair annuls it, the head of the body confirms what a tie means."""

import datetime as dt
from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.gateways import signing
from app.gateways.signing.errors import BadSignature as BadCms
from app.models import (
    Certificate,
    Choice,
    Outcome,
    Poll,
    PollState,
    PreparedStatement,
    SignedStatement,
    SigningKey,
    StatementKind,
)
from app.workflows import keys, poll_log, polls
from app.workflows.ballots import BadNonce, BadSignature
from app.workflows.engine.errors import BadValue, WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.text import block
from app.workflows.engine.transaction import MeetingFact, end_reading, record_live, use_case
from app.workflows.engine.visibility import seen
from app.workflows.prepared import PREPARED_FOR, NotPrepared, repeated, still_shown
from app.workflows.rules.ballot import act_statement, parse_act
from app.workflows.rules.calendar import iso_utc
from app.workflows.rules.canonical import canonical, digest

LONGEST_REASON = 2000
ACTS = frozenset({StatementKind.POLL_ANNULMENT, StatementKind.TIE_CONFIRMATION})


class NoTie(WorkflowError):
    code = "no_tie"
    message = _("There is no tie to confirm.")


class ReasonMissing(BadValue):
    code, field = "no_reason", "reason"
    message = _("Write the reason.")


@dataclass(frozen=True)
class PollAnnulled(MeetingFact):
    reason: str
    statement_sha256: str


@dataclass(frozen=True)
class TieConfirmed(MeetingFact):
    statement_sha256: str


@use_case
def prepare_annulment(actor: Actor, poll_id: int, reason: str, nonce: str, now: dt.datetime) -> PreparedStatement:
    """Fix the bytes by which the chair annuls a vote; a new vote is a new poll, never a reset."""
    poll = polls.locked(actor, poll_id)
    polls.LIFECYCLE.admit("annul", poll, actor)
    why = block(poll, reason, "reason", LONGEST_REASON, refusal=ReasonMissing)
    return _prepare(actor, poll, StatementKind.POLL_ANNULMENT, why, nonce, now, None)


@use_case
def prepare_tie_confirmation(actor: Actor, poll_id: int, nonce: str, now: dt.datetime) -> PreparedStatement:
    """Fix the bytes by which the head of the body confirms the consequence of the own ballot (rule:R2)."""
    poll = polls.locked(actor, poll_id)
    actor.require(Right.POLL_CONFIRM_TIE, poll)
    return _prepare(actor, poll, StatementKind.TIE_CONFIRMATION, "", nonce, now, _head_choice(poll))


def sign_act(
    actor: Actor, poll_id: int, nonce: str, pin: str, now: dt.datetime, kind: StatementKind | None = None
) -> Poll:
    """Sign the prepared act with the own key, then carry it out; `kind` is the act the person was asked about."""
    poll = seen(actor, Poll, poll_id)
    if done := _done(poll, actor, nonce):
        return done
    own = select(PreparedStatement).filter_by(poll_id=poll_id, person_id=actor.person_id, nonce=nonce)
    prepared = still_shown(poll, db.session.scalar(own), now)
    if prepared.kind not in ({kind} if kind else ACTS):
        raise NotPrepared(poll)
    statement = prepared.statement
    cms = keys.sign_with_pin(actor, poll, statement, pin, now)
    return carry_out(actor, poll_id, statement, cms, now)


def carry_out(actor: Actor, poll_id: int, statement: bytes, cms: bytes, now: dt.datetime) -> Poll:
    """Verify the signed act with no transaction open, then do it in one."""
    end_reading()
    poll = seen(actor, Poll, poll_id)
    problem, certificate_id = _verify(poll, actor, statement, cms)
    end_reading()
    return _carry_out(actor, poll_id, statement, cms, problem, certificate_id, now)


@use_case
def _carry_out(
    actor: Actor,
    poll_id: int,
    statement: bytes,
    cms: bytes,
    problem: object,
    certificate_id: int | None,
    now: dt.datetime,
) -> Poll:
    poll = polls.locked(actor, poll_id)
    own = select(PreparedStatement).filter_by(poll_id=poll.id, person_id=actor.person_id, sha256=digest(statement))
    prepared = still_shown(poll, db.session.scalar(own), now, statement)
    if prepared.kind not in ACTS:
        raise NotPrepared(poll)
    if problem is not None or certificate_id is None:
        raise BadSignature(poll, reason=problem)
    keys.check_usable(poll, _certificate(poll, actor, certificate_id), now)
    signed = SignedStatement(
        body_id=poll.body_id, kind=prepared.kind, person_id=prepared.person_id, statement=statement,
        sha256=prepared.sha256, cms=cms, certificate_id=certificate_id, signed_at=now,
    )  # fmt: skip
    if prepared.kind is StatementKind.POLL_ANNULMENT:
        _annul(actor, poll, signed, now)
    else:
        _confirm(actor, poll, signed, now)
    return poll


def _annul(actor: Actor, poll: Poll, signed: SignedStatement, now: dt.datetime) -> None:
    move = polls.LIFECYCLE.admit("annul", poll, actor)
    reason = parse_act(signed.statement)["reason"]
    db.session.add(signed)
    db.session.flush()
    move.apply(poll, annulled_at=now, annulment_reason=reason, annulment_id=signed.id)
    record_live(actor, poll.meeting, poll, PollAnnulled, now, reason=reason, statement_sha256=signed.sha256)


def _confirm(actor: Actor, poll: Poll, signed: SignedStatement, now: dt.datetime) -> None:
    actor.require(Right.POLL_CONFIRM_TIE, poll)
    _head_choice(poll)
    db.session.add(signed)
    db.session.flush()
    counted = polls.count(poll, confirmation=parse_act(signed.statement))
    outcome = Outcome(counted["outcome"])
    poll.tie_confirmation_id, poll.confirmed_result, poll.confirmed_outcome = signed.id, canonical(counted), outcome
    record_live(actor, poll.meeting, poll, TieConfirmed, now, statement_sha256=signed.sha256)


def _head_choice(poll: Poll) -> Choice:
    """The head's own counted ballot; without an agree or disagree there is nothing to confirm (rule:R2)."""
    waiting = poll.state is PollState.CLOSED and poll.outcome is Outcome.TIE_CONFIRM
    if not waiting or poll.tie_confirmation_id is not None:
        raise NoTie(poll)
    head = next((entry.member_id for entry in poll.roll if entry.is_head), 0)
    return polls.standing(poll)[head].choice


def _prepare(
    actor: Actor, poll: Poll, kind: StatementKind, reason: str, nonce: str, now: dt.datetime, choice: Choice | None
) -> PreparedStatement:
    asked = {"type": kind.value, "reason": reason, "choice": choice and choice.value}
    if same := repeated(poll, actor, poll.id, nonce, now, **asked):
        return same
    key = _key_of(poll, actor)
    keys.check_usable(poll, key.certificate, now)
    seat = next((seat for seat in poll.meeting.seats if seat.person_id == actor.person_id), None)
    try:
        statement = canonical(
            act_statement(
                type=kind.value, poll_id=poll.id, poll_hash=f"sha256:{poll.definition_sha256}",
                person=key.person.full_name, post=seat.post if seat else key.certificate.subject, reason=reason,
                choice=choice and choice.value, seen=poll_log.checkpoint(poll), nonce=nonce, server_time=iso_utc(now),
            )
        )  # fmt: skip
    except ValueError as odd:
        raise BadNonce(poll) from odd
    prepared = PreparedStatement(
        body_id=poll.body_id, kind=kind, poll_id=poll.id, person_id=actor.person_id, nonce=nonce, choice=choice,
        statement=statement, sha256=digest(statement), expires_at=now + PREPARED_FOR,
    )  # fmt: skip
    db.session.add(prepared)
    db.session.flush()
    return prepared


def _key_of(poll: Poll, actor: Actor) -> SigningKey:
    key = keys.active_keys([actor.person_id or 0]).get(actor.person_id or 0)
    if key is None:
        raise keys.NoKey(poll)
    return key


def _verify(poll: Poll, actor: Actor, statement: bytes, cms: bytes) -> tuple[object | None, int | None]:
    """Against the registered certificate, which is the one pinned in the roll while the vote is open.

    Afterwards a key may have been replaced; an act about an old vote is signed with the key of today.
    """
    certificate = _key_of(poll, actor).certificate
    try:
        signing.check_detached(cms, statement, certificate.der)
    except BadCms as bad:
        return bad.message, certificate.id
    return None, certificate.id


def _certificate(poll: Poll, actor: Actor, checked_id: int) -> Certificate:
    """The certificate the signature was checked against, if it still is the registered one."""
    certificate = _key_of(poll, actor).certificate
    if certificate.id != checked_id:
        raise NotPrepared(poll)
    return certificate


def _done(poll: Poll, actor: Actor, nonce: str) -> Poll | None:
    """The act under this nonce was carried out already: the answer was lost, the act was not."""
    prepared = db.session.scalar(
        select(PreparedStatement).filter_by(poll_id=poll.id, person_id=actor.person_id, nonce=nonce)
    )
    if prepared is None:
        return None
    signed = db.session.scalar(select(SignedStatement.id).filter_by(sha256=prepared.sha256))
    return poll if signed and signed in (poll.annulment_id, poll.tie_confirmation_id) else None
