"""Ballots (phiếu biểu quyết): prepare the exact bytes, sign them, count them once."""

import datetime as dt
from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.gateways import signing
from app.gateways.signing.errors import BadSignature as BadCms
from app.models import (
    Ballot,
    Choice,
    Place,
    Poll,
    PollLeaf,
    PollState,
    PreparedStatement,
    Presence,
    RollEntry,
    Seat,
    SignedStatement,
    StatementKind,
)
from app.workflows import keys, poll_log
from app.workflows.engine.errors import BadValue, NotAllowed, WorkflowError
from app.workflows.engine.rights import SAID, Actor, Right
from app.workflows.engine.text import block
from app.workflows.engine.transaction import MeetingFact, end_reading, record_live, record_refusal, use_case
from app.workflows.engine.visibility import seen
from app.workflows.polls import locked, standing_of
from app.workflows.rules.ballot import ballot_statement, may_reserve, parse_ballot, roll_code
from app.workflows.rules.calendar import iso_utc
from app.workflows.rules.canonical import canonical, digest
from app.workflows.rules.log import ballot_leaf
from app.workflows.rules.rulesets import RuleParameters

PREPARED_FOR = dt.timedelta(minutes=2)
LONGEST_REMARK = 2000


class PollNotOpen(WorkflowError):
    code = "poll_not_open"
    message = _("Voting is not open.")


class PollClosedAlready(WorkflowError):
    code = "poll_closed"
    http_status = 410
    message = _("Voting was closed before your ballot arrived. It was not counted.")


class NonceReused(WorkflowError):
    code = "nonce_reused"
    message = _("This device already prepared another ballot under this number.")


class NotPrepared(WorkflowError):
    code = "not_prepared"
    message = _("The signed text is not the one that was shown, or it is older than two minutes. Please confirm again.")


class BadSignature(WorkflowError):
    code = "bad_signature"
    http_status = 422
    message = _("%(reason)s")


class AnotherBallotStands(WorkflowError):
    code = "another_ballot_stands"
    message = _("Another ballot of yours was counted in the meantime.")


class NoChange(WorkflowError):
    code = "no_change_of_vote"
    message = _("You have voted; the rule set of this vote allows no change.")


class NoCertificate(WorkflowError):
    code = "no_certificate"
    http_status = 403
    message = _("You had no valid certificate when this vote was opened, so no ballot can be signed.")


class NothingToReserve(BadValue):
    code, field = "nothing_to_reserve", "reservation"
    message = _("Only a vote that does not agree can reserve an opinion.")


class RemarkUnclean(BadValue):
    code, field = "remark_unclean", "remark"
    message = _("The remark is too long or contains invisible control characters.")


class BadNonce(BadValue):
    code, field = "bad_nonce", "nonce"
    message = _("The device sent an unusable ballot number. Reload the page.")


@dataclass(frozen=True)
class BallotCast(MeetingFact):
    """Carries the number of the ballot, never the choice."""

    ballot_id: int


@dataclass(frozen=True)
class Receipt:
    """What a member keeps of a counted ballot; hashes are lower-case hex, times aware UTC."""

    ballot_id: int
    poll_id: int
    leaf_seq: int
    leaf_hash: str
    root: str
    statement_sha256: str
    certificate_name: str
    certificate_serial: str
    at: dt.datetime
    choice: Choice
    place: Place


@use_case
def prepare_ballot(
    actor: Actor,
    poll_id: int,
    choice: Choice,
    nonce: str,
    now: dt.datetime,
    remark: str = "",
    reservation: bool = False,
) -> PreparedStatement:
    """Fix the exact bytes that the member is shown and signs; the nonce is the device's, the time is ours."""
    poll = locked(actor, poll_id)
    entry = _admit_voter(poll, actor)
    _require_open(poll, now)
    _require_certificate(poll, entry, now)
    before = standing_of(poll, entry.member_id)
    if before and not _parameters(poll).vote_change_allowed:
        raise NoChange(poll, ballot_id=before.id)
    _refuse_reuse(poll, nonce)
    place = _place(poll, entry)
    statement = _statement(poll, entry, choice, nonce, now, remark, reservation, place, before)
    prepared = PreparedStatement(
        body_id=poll.body_id, kind=StatementKind.BALLOT, poll_id=poll.id, person_id=entry.member_id, nonce=nonce,
        choice=choice, place=place, supersedes_id=before and before.id, statement=statement, sha256=digest(statement),
        expires_at=now + PREPARED_FOR,
    )  # fmt: skip
    db.session.add(prepared)
    db.session.flush()
    return prepared


def sign_ballot(actor: Actor, poll_id: int, nonce: str, pin: str, now: dt.datetime) -> Receipt:
    """Sign what was prepared under this nonce with the member's own key, then count it.

    Three steps, none inside another: read what was prepared, sign with no transaction open, cast in one. A ballot
    that was counted already answers with its receipt, without asking the key again.
    """
    poll = seen(actor, Poll, poll_id)
    if counted := _counted(poll_id, actor.person_id, nonce):
        return receipt_of(counted)
    try:
        actor.require(Right.POLL_VOTE, poll)
        statement = _prepared(poll, actor, nonce, now).statement
    except WorkflowError as refusal:
        record_refusal("sign_ballot", actor, refusal)
        raise
    cms = keys.sign_with_pin(actor, poll, statement, pin, now)
    return cast_ballot(actor, poll_id, statement, cms, now)


def cast_ballot(actor: Actor, poll_id: int, statement: bytes, cms: bytes, now: dt.datetime) -> Receipt:
    """Verify with no transaction open against the certificate pinned in the roll, then count in one transaction."""
    end_reading()
    problem, pinned_id = _verify(actor, poll_id, statement, cms)
    end_reading()
    return _count_ballot(actor, poll_id, statement, cms, pinned_id, problem, now)


@use_case
def _count_ballot(
    actor: Actor, poll_id: int, statement: bytes, cms: bytes, pinned_id: int, problem: object, now: dt.datetime
) -> Receipt:
    poll = locked(actor, poll_id)
    entry = _admit_voter(poll, actor)
    if again := _counted_bytes(poll, entry, digest(statement)):
        return receipt_of(again)  # the answer was lost; the ballot was not
    if problem is not None:
        raise BadSignature(poll, reason=problem)
    if entry.certificate_id != pinned_id:
        raise BadSignature(poll, reason=_("The signature was not made with your certificate of this vote."))
    _require_open(poll, now)
    _require_certificate(poll, entry, now)
    prepared = _shown(poll, entry, statement, now)
    before = standing_of(poll, entry.member_id)
    if (before and before.id) != prepared.supersedes_id:
        raise AnotherBallotStands(poll, receipt=before and receipt_of(before))
    return receipt_of(_insert(actor, poll, entry, prepared, cms, now))


def _insert(
    actor: Actor, poll: Poll, entry: RollEntry, prepared: PreparedStatement, cms: bytes, now: dt.datetime
) -> Ballot:
    """Statement, log entry and ballot, in the transaction that holds the poll's lock."""
    seq, at = poll_log.next_place(poll, now)
    leaf = ballot_leaf(seq, prepared.sha256, digest(cms), roll_code(entry.roll_index), at)
    poll_log.append(poll, leaf)
    db.session.flush()
    signed = SignedStatement(
        body_id=poll.body_id, kind=StatementKind.BALLOT, person_id=entry.member_id, statement=prepared.statement,
        sha256=prepared.sha256, cms=cms, certificate_id=entry.certificate_id, signed_at=now,
    )  # fmt: skip
    ballot = Ballot(
        poll_id=poll.id, member_id=entry.member_id, body_id=poll.body_id, nonce=prepared.nonce, choice=prepared.choice,
        place=prepared.place, supersedes_id=prepared.supersedes_id, statement=signed, leaf_seq=seq, cast_at=now,
    )  # fmt: skip
    db.session.add(ballot)
    db.session.flush()  # a second first ballot or a fork would fail here, whatever the lines above believed
    record_live(actor, poll.meeting, poll, BallotCast, now, ballot_id=ballot.id)
    return ballot


def receipt_of(ballot: Ballot) -> Receipt:
    """The receipt as it stands in the database; the same for every repetition."""
    leaf = db.session.get_one(PollLeaf, (ballot.poll_id, ballot.leaf_seq))
    certificate = ballot.statement.certificate
    return Receipt(
        ballot_id=ballot.id, poll_id=ballot.poll_id, leaf_seq=ballot.leaf_seq, leaf_hash=leaf.leaf_hash,
        root=leaf.root, statement_sha256=ballot.statement.sha256, certificate_name=certificate.subject,
        certificate_serial=certificate.serial, at=ballot.cast_at, choice=ballot.choice, place=ballot.place,
    )  # fmt: skip


def standing_receipt(actor: Actor, poll: Poll) -> Receipt | None:
    """The receipt of the actor's standing ballot in a poll, if there is one."""
    mine = standing_of(poll, actor.person_id)
    return receipt_of(mine) if mine else None


def verify_ballot(actor: Actor, poll_id: int) -> object | None:
    """“Kiểm tra chữ ký”: check the actor's standing ballot again; None when the signature is good, else the reason."""
    poll = seen(actor, Poll, poll_id)
    mine = standing_of(poll, actor.person_id)
    if mine is None:
        raise PollNotOpen(poll)
    problem, _pinned = _verify(actor, poll_id, mine.statement.statement, mine.statement.cms)
    return problem


def _verify(actor: Actor, poll_id: int, statement: bytes, cms: bytes) -> tuple[object | None, int]:
    """Why the signature is not good (None when it is), and the certificate it was checked against."""
    entry = db.session.get(RollEntry, (poll_id, actor.person_id or 0))
    if entry is None or entry.certificate is None:
        return None, 0  # refused under the lock, with its own reason
    try:
        parse_ballot(statement)
        signing.check_detached(cms, statement, entry.certificate.der)
    except BadCms as bad:
        return bad.message, entry.certificate.id
    except ValueError:
        return _("The signed text is not a ballot of the prescribed form."), entry.certificate.id
    return None, entry.certificate.id


def _admit_voter(poll: Poll, actor: Actor) -> RollEntry:
    """Only a member on the frozen roll votes: no substitute (rule:R6), no guest (rule:R7), no staff."""
    actor.require(Right.POLL_VOTE, poll)
    if poll.state is PollState.DRAFT:
        raise PollNotOpen(poll)
    entry = db.session.get(RollEntry, (poll.id, actor.person_id or 0))
    if entry is None:  # in office today, but not on the roll of that day
        raise NotAllowed(poll, right=SAID[Right.POLL_VOTE])
    return entry


def _require_open(poll: Poll, now: dt.datetime) -> None:
    """The clock decides here as well; the task that closes may come late."""
    if poll.state in (PollState.CLOSED, PollState.PUBLISHED) or (poll.closes_at and poll.closes_at <= now):
        raise PollClosedAlready(poll)
    if poll.state is not PollState.OPEN:
        raise PollNotOpen(poll)


def _require_certificate(poll: Poll, entry: RollEntry, now: dt.datetime) -> None:
    if entry.certificate is None:
        raise NoCertificate(poll)
    keys.check_usable(poll, entry.certificate, now)
    keys.refuse_suspended(poll, entry.certificate_id)


def _parameters(poll: Poll) -> RuleParameters:
    """The frozen parameters; the row is immutable once used, and the definition holds the same ones."""
    return RuleParameters.parse(poll.rule_set.parameters if poll.rule_set else {})


def _refuse_reuse(poll: Poll, nonce: str) -> None:
    used = select(PreparedStatement.id).filter_by(poll_id=poll.id, nonce=nonce)
    if db.session.scalar(used):
        raise NonceReused(poll)


def _place(poll: Poll, entry: RollEntry) -> Place:
    """In the room only who is checked in there; everybody else votes from afar (biểu quyết từ xa)."""
    where = select(Seat.presence).where(Seat.meeting_id == poll.meeting_id, Seat.person_id == entry.member_id)
    return Place.IN_ROOM if db.session.scalar(where) is Presence.IN_ROOM else Place.REMOTE


def _statement(
    poll: Poll,
    entry: RollEntry,
    choice: Choice,
    nonce: str,
    now: dt.datetime,
    remark: str,
    reservation: bool,
    place: Place,
    before: Ballot | None,
) -> bytes:
    if reservation and not may_reserve(choice.value):
        raise NothingToReserve(poll)
    text = block(poll, remark, "remark", LONGEST_REMARK, wanted=False, refusal=RemarkUnclean)
    try:
        signed = ballot_statement(
            poll_id=poll.id, poll_hash=f"sha256:{poll.definition_sha256}", choice=choice.value,
            member=roll_code(entry.roll_index), roll_index=entry.roll_index, place=place.value, remark=text,
            reservation=reservation, supersedes=before and f"sha256:{before.statement.sha256}",
            seen=poll_log.checkpoint(poll), nonce=nonce, server_time=iso_utc(now),
        )  # fmt: skip
    except ValueError as odd:
        raise BadNonce(poll) from odd
    return canonical(signed)


def _counted(poll_id: int, person_id: int | None, nonce: str) -> Ballot | None:
    return db.session.scalar(select(Ballot).filter_by(poll_id=poll_id, member_id=person_id, nonce=nonce))


def _counted_bytes(poll: Poll, entry: RollEntry, sha256: str) -> Ballot | None:
    mine = select(Ballot).filter_by(poll_id=poll.id, member_id=entry.member_id).join(SignedStatement)
    return db.session.scalar(mine.where(SignedStatement.sha256 == sha256))


def _prepared(poll: Poll, actor: Actor, nonce: str, now: dt.datetime) -> PreparedStatement:
    own = select(PreparedStatement).filter_by(
        poll_id=poll.id, person_id=actor.person_id, nonce=nonce, kind=StatementKind.BALLOT
    )
    prepared = db.session.scalar(own)
    if prepared is None or prepared.expires_at < now:
        raise NotPrepared(poll)
    return prepared


def _shown(poll: Poll, entry: RollEntry, statement: bytes, now: dt.datetime) -> PreparedStatement:
    shown = select(PreparedStatement).filter_by(
        poll_id=poll.id, person_id=entry.member_id, sha256=digest(statement), kind=StatementKind.BALLOT
    )
    prepared = db.session.scalar(shown)
    if prepared is None or prepared.statement != statement or prepared.expires_at < now:
        raise NotPrepared(poll)
    return prepared
