"""What is read and written when ballots are counted: a few plain statements, and nothing loaded as an object.

This is the one act that everybody in the room does in the same second.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, select

from app.extensions import db
from app.models import (
    Ballot,
    Certificate,
    CertificateRevocation,
    EvidenceKind,
    Meeting,
    Poll,
    PollLeaf,
    PollState,
    PreparedStatement,
    RollEntry,
    SignatureEvidence,
    SignedStatement,
    SigningKey,
    StatementKind,
)
from app.workflows.engine.errors import Detached
from app.workflows.engine.tables import table


@dataclass
class LockedPoll(Detached):
    """What of a poll decides about a ballot, as of the moment when the lock was ours; `version` is its meeting's."""

    state: PollState
    closes_at: dt.datetime | None
    passkey_demanded: bool
    version: int


def _locked_with_voters() -> Select[Any]:
    """The poll, locked, and of each member: the roll entry, how its certificate and key stand, and the text shown."""
    poll, roll, shown, key = table(Poll).c, table(RollEntry).c, table(PreparedStatement).c, table(SigningKey).c
    certificate, revoked, ballot = table(Certificate).c, table(CertificateRevocation).c, table(Ballot).c
    the_member = and_(roll.poll_id == poll.id, roll.member_id.in_(bindparam("members", expanding=True)))
    the_text = and_(
        shown.poll_id == roll.poll_id, shown.person_id == roll.member_id, shown.kind == StatementKind.BALLOT,
        shown.sha256.in_(bindparam("statements", expanding=True)),
    )  # fmt: skip
    joined = (
        table(Poll)
        .outerjoin(table(RollEntry), the_member)
        .outerjoin(table(Certificate), certificate.id == roll.certificate_id)
        .outerjoin(table(CertificateRevocation), revoked.certificate_id == roll.certificate_id)
        .outerjoin(table(SigningKey), key.certificate_id == roll.certificate_id)
        .outerjoin(table(PreparedStatement), the_text)
    )
    voted = select(ballot.id).where(ballot.poll_id == poll.id, ballot.member_id == roll.member_id).exists()
    columns = (
        poll.meeting_id, poll.body_id, poll.state, poll.closes_at, poll.passkey_demanded,
        roll.member_id, roll.roll_index, roll.certificate_id, certificate.subject, certificate.serial,
        certificate.not_after, revoked.at.label("revoked_at"), key.state.label("key_state"), key.provider,
        shown.sha256.label("shown_sha256"), shown.statement, shown.expires_at, shown.nonce, shown.choice, shown.place,
        shown.supersedes_id,
        voted.label("voted"),
    )  # fmt: skip
    return select(*columns).select_from(joined).where(poll.id == bindparam("poll"))


def _ballots_of() -> Select[Any]:
    ballot, signed, leaf = table(Ballot).c, table(SignedStatement).c, table(PollLeaf).c
    certificate, key, evidence = table(Certificate).c, table(SigningKey).c, table(SignatureEvidence).c
    confirmed = select(evidence.id).where(
        evidence.statement_id == ballot.statement_id, evidence.kind == EvidenceKind.PASSKEY
    )
    joined = (
        table(Ballot)
        .join(table(SignedStatement), signed.id == ballot.statement_id)
        .join(table(Certificate), certificate.id == signed.certificate_id)
        .outerjoin(table(SigningKey), key.certificate_id == signed.certificate_id)
        .join(table(PollLeaf), and_(leaf.poll_id == ballot.poll_id, leaf.seq == ballot.leaf_seq))
    )
    columns = (
        ballot.id, ballot.member_id, ballot.supersedes_id, ballot.choice, ballot.place, ballot.leaf_seq,
        ballot.cast_at, signed.sha256, signed.statement, certificate.subject, certificate.serial,
        certificate.not_after, key.provider, leaf.leaf_hash, leaf.root, confirmed.exists().label("passkey"),
    )  # fmt: skip
    of_poll = select(*columns).select_from(joined).where(ballot.poll_id == bindparam("poll"))
    return of_poll.where(ballot.member_id.in_(bindparam("members", expanding=True)))


VOTERS, BALLOTS = _locked_with_voters(), _ballots_of()  # built once: building costs as much as asking


def lock_meeting(poll_id: int) -> int:
    """The version of the poll's meeting, whose row is held until the end; always taken before any poll of it.

    Everything else is read by later statements: one that waits for a lock sees other tables as before it waited.
    """
    poll, meeting = table(Poll).c, table(Meeting).c
    its_meeting = select(poll.meeting_id).where(poll.id == poll_id).scalar_subquery()
    held = select(meeting.version).where(meeting.id == its_meeting).with_for_update()
    version: int = db.session.execute(held).scalar_one()
    return version


def lock_poll(
    poll_id: int, version: int, statements: Mapping[int, str]
) -> tuple[LockedPoll, dict[int, Row[Any]]]:
    """The poll, held as well, and what decides about these members' ballots (member and hash of the text).

    Nobody else waits for its row by now.
    """
    given = {"poll": poll_id, "members": list(statements), "statements": list(statements.values())}
    rows = db.session.execute(VOTERS.with_for_update(of=table(Poll)), given).all()
    first = rows[0]
    about = ("poll", poll_id, first.meeting_id, first.body_id)
    poll = LockedPoll(*about, first.state, first.closes_at, first.passkey_demanded, version)
    return poll, {
        row.member_id: row
        for row in sorted(rows, key=lambda row: row.shown_sha256 == statements.get(row.member_id))  # the own text last
        if row.member_id is not None
    }


def ballots_of(poll: LockedPoll, members: Collection[int]) -> dict[int, list[Row[Any]]]:
    """By member: every ballot of theirs in this poll that is counted already; mostly there is none to ask for."""
    if not members:
        return {}
    ballots: dict[int, list[Row[Any]]] = {}
    for row in db.session.execute(BALLOTS, {"poll": poll.id, "members": list(members)}):
        ballots.setdefault(row.member_id, []).append(row)
    return ballots
