"""Ballots are counted: all that wait for one poll in one transaction, each judged by itself under the poll's lock."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import Row

from app.extensions import db
from app.gateways.signing.places import SOFTWARE
from app.models import Ballot, Poll, PollState, StatementKind
from app.workflows import poll_log, signed_casts
from app.workflows.ballot_refusals import AnotherBallotStands, BadSignature, PollClosedAlready, PollNotOpen
from app.workflows.ballot_rows import LockedPoll, ballots_of, lock_meeting, lock_poll
from app.workflows.engine.errors import NotAllowed, WorkflowError
from app.workflows.engine.rights import SAID, Right
from app.workflows.engine.tables import insert_all
from app.workflows.engine.transaction import MeetingFact, record_all_live, use_case
from app.workflows.passkey_assertions import PasskeyNeeded
from app.workflows.prepared import NotPrepared
from app.workflows.receipts import Receipt
from app.workflows.rules.ballot import parse_ballot, roll_code
from app.workflows.rules.canonical import digest
from app.workflows.rules.deadline import is_over
from app.workflows.rules.log import ballot_leaf
from app.workflows.signed_casts import Cast, Held

Outcome = Receipt | WorkflowError
COUNTED = "ballots_counted"  # in the notes of the session: how many ballots its transaction counts, for the figures
Records = Sequence[Row[Any]]


@dataclass(frozen=True)
class BallotCast(MeetingFact):
    """Carries the number of the ballot, never the choice."""

    ballot_id: int


@use_case
def count_ballots(poll_id: int, take: Callable[[], Sequence[Cast]]) -> list[Outcome | None]:
    """Receipt or refusal of each ballot that waits when the lock is ours; None for one that must go alone.

    A ballot that is refused leaves nothing behind and costs the others nothing; who sent it records the refusal.
    """
    version = lock_meeting(poll_id)
    casts = take()
    first = signed_casts.first_of_each(casts)
    poll, voters = lock_poll(poll_id, version, {member: cast.sha256 for member, cast in first.items()})
    ballots = ballots_of(poll, [member for member, voter in voters.items() if voter.voted])
    held = signed_casts.hold_passkeys(first.values())
    judged = {
        member: _judge(poll, cast, voters.get(member), ballots.get(member, ()), held) for member, cast in first.items()
    }
    admitted = [(first[member], voters[member]) for member, outcome in judged.items() if outcome is None]
    counted = _count(poll, held, admitted)
    outcomes = judged | counted
    return signed_casts.in_their_order(casts, first, outcomes)


def require_open(poll: Poll | LockedPoll, now: dt.datetime) -> None:
    """The clock decides here as well; the task that closes may come late."""
    if poll.state in (PollState.CLOSED, PollState.PUBLISHED) or is_over(poll.closes_at, now):
        raise PollClosedAlready(poll)
    if poll.state is not PollState.OPEN:
        raise PollNotOpen(poll)


def _judge(poll: LockedPoll, cast: Cast, voter: Row[Any] | None, ballots: Records, held: Held) -> Outcome | None:
    """None for a ballot that counts; the earlier receipt where only the answer was lost, not the ballot."""
    try:
        cast.actor.require(Right.POLL_VOTE, poll)  # by office alone: whoever chairs has no other ballot
        if poll.state is PollState.DRAFT:
            raise PollNotOpen(poll)
        if voter is None:  # in office today, but not on the roll of that day
            raise NotAllowed(poll, right=SAID[Right.POLL_VOTE])
        again = next((row for row in ballots if row.sha256 == cast.sha256), None)
        if again is None:
            _admit(poll, cast, voter, ballots)
            signed_casts.require_passkey(poll, cast, held, PasskeyNeeded)
        return _receipt(poll, again) if again else None
    except WorkflowError as refusal:
        return refusal


def _admit(poll: LockedPoll, cast: Cast, voter: Row[Any], ballots: Records) -> None:
    """Refuse unless these bytes were shown to this member, are signed with the pinned certificate, and come in time."""
    if cast.problem is not None:
        raise BadSignature(poll, reason=cast.problem)
    if voter.certificate_id != cast.certificate_id:
        raise BadSignature(poll, reason=_("The signature was not made with your certificate of this vote."))
    require_open(poll, cast.now)
    signed_casts.require_certificate(poll, cast, voter.revoked_at, voter.key_state)
    if voter.statement != cast.statement or voter.expires_at < cast.now:
        raise NotPrepared(poll)
    superseded = {row.supersedes_id for row in ballots}
    standing = next((row for row in ballots if row.id not in superseded), None)
    if (standing and standing.id) != voter.supersedes_id:
        raise AnotherBallotStands(poll, receipt=standing and _receipt(poll, standing))


def _count(poll: LockedPoll, held: Held, admitted: Sequence[tuple[Cast, Row[Any]]]) -> dict[int, Outcome | None]:
    """Log entries, statements, ballots and facts of those that count, in this order; the receipts by member."""
    if not admitted:
        return {}
    leaves = _grow_log(poll, admitted)
    casts = [cast for cast, _voter in admitted]
    statement_ids = signed_casts.keep_statements(poll.body_id, StatementKind.BALLOT, casts, held)
    rows = [
        {
            "poll_id": poll.id, "member_id": cast.member_id, "body_id": poll.body_id, "nonce": voter.nonce,
            "choice": voter.choice, "place": voter.place, "supersedes_id": voter.supersedes_id,
            "statement_id": statement_id, "leaf_seq": leaf["seq"], "cast_at": cast.now,
        }
        for (cast, voter), statement_id, leaf in zip(admitted, statement_ids, leaves, strict=True)
    ]  # fmt: skip
    db.session.info[COUNTED] = len(rows)
    ballot_ids = insert_all(Ballot, rows)  # a second first ballot or a fork fails here, whatever was believed above
    record_all_live([
        (cast.actor, BallotCast.about(poll, meeting_id=poll.meeting_id, version=version, ballot_id=number), cast.now)
        for version, ((cast, _voter), number) in enumerate(zip(admitted, ballot_ids, strict=True), poll.version + 1)
    ])  # fmt: skip
    return {
        cast.member_id: _receipt(poll, _Counted(number, cast, voter, leaf))
        for (cast, voter), number, leaf in zip(admitted, ballot_ids, leaves, strict=True)
    }


def _grow_log(poll: LockedPoll, admitted: Sequence[tuple[Cast, Row[Any]]]) -> list[Mapping[str, Any]]:
    log = poll_log.Growth(poll.id, poll.body_id)
    leaves: list[Mapping[str, Any]] = []
    for cast, voter in admitted:
        seq, at = log.next_place(cast.now)
        leaves.append(log.append(ballot_leaf(seq, cast.sha256, digest(cast.cms), roll_code(voter.roll_index), at)))
    log.write()
    return leaves


class _Counted:
    """A ballot just counted, with the names that a stored one has."""

    def __init__(self, ballot_id: int, cast: Cast, voter: Row[Any], leaf: Mapping[str, Any]) -> None:
        self.id, self.cast_at, self.sha256, self.statement = ballot_id, cast.now, cast.sha256, cast.statement
        self.choice, self.place = voter.choice, voter.place
        self.provider = voter.provider
        self.subject, self.serial, self.not_after = voter.subject, voter.serial, voter.not_after
        self.leaf_seq, self.leaf_hash, self.root = leaf["seq"], leaf["leaf_hash"], leaf["root"]
        self.passkey = cast.passkey is not None


def _receipt(poll: LockedPoll, counted: Row[Any] | _Counted) -> Receipt:
    said = parse_ballot(counted.statement)
    return Receipt(
        ballot_id=counted.id, poll_id=poll.id, leaf_seq=counted.leaf_seq, leaf_hash=counted.leaf_hash,
        root=counted.root, statement_sha256=counted.sha256, certificate_name=counted.subject,
        certificate_serial=counted.serial, certificate_until=counted.not_after, at=counted.cast_at,
        choice=counted.choice, place=counted.place, remark=said["remark"], reservation=said["reservation"],
        provider=counted.provider or SOFTWARE,
        passkey=counted.passkey,
    )  # fmt: skip
