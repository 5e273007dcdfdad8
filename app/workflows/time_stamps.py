"""Time stamps (dấu thời gian) of signatures: asked for after the commit, kept once, shown only when they are there."""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import aliased

from app.extensions import db
from app.gateways import signing, timestamp
from app.gateways.timestamp import StampRefused, TimeStamp
from app.models import Ballot, EvidenceKind, Job, JobState, Poll, SignatureEvidence, SignedStatement
from app.workflows.engine.rights import Actor
from app.workflows.engine.tables import table
from app.workflows.engine.transaction import Fact, end_reading, record, use_case
from app.workflows.rules import stamping
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.canonical import digest

log = logging.getLogger(__name__)

ASK, CATCH_UP = "time_stamps.ask", "time_stamps.catch_up"
AT_ONCE = 200  # statements that are read at once


class StampState(StrEnum):
    STAMPED = "stamped"
    AWAITED = "awaited"
    NONE = "none"
    BROKEN = "broken"


@dataclass(frozen=True)
class StatementStamped(Fact):
    """`time` is that of the authority, `serial` the number of its stamp (hexadecimal), `sha256` that of the token."""

    time: dt.datetime
    serial: str
    authority: str
    sha256: str


@dataclass(frozen=True)
class StampShown:
    """What may be said of the time of a signature; `time` and `authority` only of a stamp that is there and good.

    `fault` is the sentence about one that is there and is not good, `timely` whether a ballot's lies within its vote.
    """

    state: StampState
    time: dt.datetime | None = None
    authority: str = ""
    fault: str = ""
    timely: str = stamping.IN_TIME


@dataclass(frozen=True)
class Stamps:
    """What the stamps of a vote's ballots are worth, by number of ballots: `late` and `early` lie outside the vote."""

    ballots: int
    stamped: int
    awaited: int
    none: int
    broken: int
    early: int
    late: int


def pending(body_id: int, now: dt.datetime) -> Sequence[Any]:
    """Number, CMS and time of the body's first signatures that wait for a stamp; none where nobody gives stamps."""
    if timestamp.stamper() is None:
        return ()
    rows = _waiting(body_id, now).order_by(SignedStatement.id).limit(AT_ONCE)
    return db.session.execute(rows).all()


def waits(body_id: int, now: dt.datetime) -> bool:
    """Whether any signature of the body waits for a stamp."""
    asked = timestamp.stamper() is not None
    return asked and db.session.execute(_waiting(body_id, now).limit(1)).first() is not None


def _waiting(body_id: int, now: dt.datetime) -> Any:
    evidence = aliased(SignatureEvidence)
    stamped = select(evidence.id).where(
        evidence.statement_id == SignedStatement.id, evidence.kind == EvidenceKind.TIME_STAMP
    )
    return select(SignedStatement.id, SignedStatement.cms, SignedStatement.signed_at).where(
        SignedStatement.body_id == body_id, SignedStatement.signed_at >= stamping.awaited_since(now), ~stamped.exists()
    )


def somebody_tries(body_id: int, now: dt.datetime) -> bool:
    """Whether another job of this kind failed a moment ago and will ask again: one that asks is enough."""
    other = select(Job.id).where(
        Job.body_id == body_id, Job.name.in_((ASK, CATCH_UP)), Job.state == JobState.DUE, Job.due_at > now,
        Job.last_error.is_not(None), Job.last_error != "",
    )  # fmt: skip
    return db.session.scalar(other.limit(1)) is not None


def ask(cms: bytes, now: dt.datetime) -> tuple[bytes, TimeStamp]:
    """A stamp over the signature value of that CMS; with nothing open. StampRefused; ValueError for a CMS that is none.

    Without an authority it is down.
    """
    end_reading()
    stamper = timestamp.stamper()
    if stamper is None:
        raise StampRefused(timestamp.StampFault.DOWN)
    return stamper.stamp(imprint(cms), now)


def ask_once(cms: bytes, now: dt.datetime, room: int) -> tuple[bytes, TimeStamp] | None:
    """A stamp for a signature that is just being made, of at most `room` bytes; None when there is none in time.

    Nobody waits for a second try here: the task asks again.
    """
    if timestamp.stamper() is None:
        return None
    try:
        token, stamp = ask(cms, now)
    except (StampRefused, ValueError) as refused:
        log.warning("no time stamp for a document at once: %s", refused)
        return None
    return (token, stamp) if len(token) <= room else None


def imprint(cms: bytes) -> bytes:
    """What a stamp of this signature is over: the SHA-256 of its value (CAdES-T, ETSI EN 319 122-1 §5.3)."""
    return sha256(signing.signature_value(cms)).digest()


@use_case
def keep(actor: Actor, stamped: Mapping[int, tuple[bytes, TimeStamp]], now: dt.datetime) -> None:
    """Keep the stamps of signatures, by statement; where there is one already, the first one stands."""
    there = _evidence(stamped)
    for statement_id, (token, stamp) in stamped.items():
        if statement_id not in there:
            _keep_one(actor, db.session.get_one(SignedStatement, statement_id), token, stamp, now)


def _keep_one(
    actor: Actor, statement: SignedStatement, token: bytes, stamp: TimeStamp, now: dt.datetime
) -> None:
    db.session.add(
        SignatureEvidence(
            statement_id=statement.id, kind=EvidenceKind.TIME_STAMP, content=token, sha256=digest(token), at=now
        )
    )
    db.session.flush()
    about = (statement.body_id, statement.__tablename__, statement.id)
    record(actor, StatementStamped(*about, stamp.time, stamp.serial, stamp.authority, digest(token)), now)


def _evidence(statement_ids: Iterable[int]) -> dict[int, SignatureEvidence]:
    rows = select(SignatureEvidence).where(
        SignatureEvidence.statement_id.in_(list(statement_ids)), SignatureEvidence.kind == EvidenceKind.TIME_STAMP
    )
    return {row.statement_id: row for row in db.session.scalars(rows)}


def shown(statement: SignedStatement, now: dt.datetime) -> StampShown:
    """What the screens may say of the time of this signature; a stamp is verified whenever it is shown."""
    return _judged_one(statement, _evidence([statement.id]).get(statement.id), now)


def shown_of(statement_sha256: str, now: dt.datetime) -> StampShown:
    """The same of the statement with this hash, in one query."""
    signed, kept = table(SignedStatement), table(SignatureEvidence)
    stamp = and_(kept.c.statement_id == signed.c.id, kept.c.kind == EvidenceKind.TIME_STAMP)
    columns = (signed.c.signed_at, signed.c.cms, kept.c.content)
    rows = select(*columns).select_from(signed.outerjoin(kept, stamp)).where(signed.c.sha256 == statement_sha256)
    found = db.session.execute(rows).one()
    return _judged(found.signed_at, found.cms, found.content, now)


def shown_of_ballot(ballot_id: int, now: dt.datetime) -> StampShown:
    """The same for a ballot, and whether its stamp lies within the vote (rule:R42)."""
    ballot = db.session.get_one(Ballot, ballot_id)
    found = shown(ballot.statement, now)
    timely = _timeliness(db.session.get_one(Poll, ballot.poll_id), [found.time] if found.time else [])
    return replace(found, timely=timely[0]) if timely else found


def token_of(statement_id: int) -> bytes | None:
    """The stamp of a signature in DER; None while there is none."""
    found = _evidence([statement_id]).get(statement_id)
    return found.content if found else None


def _judged_one(statement: SignedStatement, evidence: SignatureEvidence | None, now: dt.datetime) -> StampShown:
    if evidence is None:  # then the signature itself is not read
        return _judged(statement.signed_at, b"", None, now)
    return _judged(statement.signed_at, statement.cms, evidence.content, now)


def _judged(signed_at: dt.datetime, cms: bytes, token: bytes | None, now: dt.datetime) -> StampShown:
    if token is None:
        waits = timestamp.stamper() is not None and signed_at >= stamping.awaited_since(now)
        return StampShown(StampState.AWAITED if waits else StampState.NONE)
    try:
        stamp = timestamp.check_token(token, imprint(cms), timestamp.trusted())
    except (StampRefused, ValueError) as refused:
        return StampShown(StampState.BROKEN, fault=str(refused))
    return StampShown(StampState.STAMPED, stamp.time, stamp.authority)


def of_poll(poll: Poll, now: dt.datetime) -> Stamps:
    """How the stamps of all ballots of a vote stand, superseded ones too (rule:R42)."""
    rows = select(SignedStatement).join(Ballot, Ballot.statement_id == SignedStatement.id)
    statements = list(db.session.scalars(rows.where(Ballot.poll_id == poll.id).order_by(SignedStatement.id)))
    kept = _evidence(statement.id for statement in statements)
    found = [_judged_one(statement, kept.get(statement.id), now) for statement in statements]
    states = Counter(each.state for each in found)
    times = Counter(_timeliness(poll, [each.time for each in found if each.time]))
    return Stamps(
        len(found), states[StampState.STAMPED], states[StampState.AWAITED], states[StampState.NONE],
        states[StampState.BROKEN], times[stamping.BEFORE_OPENING], times[stamping.AFTER_CLOSE],
    )  # fmt: skip


def _timeliness(poll: Poll, times: Collection[dt.datetime]) -> list[str]:
    if poll.opened_at is None:
        return []
    tolerance = stamping.tolerance_on(hanoi_date(poll.opened_at))
    return [stamping.timeliness(time, poll.opened_at, poll.closed_at, tolerance) for time in times]
