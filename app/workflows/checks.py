"""The nightly check: does everything that was voted, signed, sealed and logged still say what it said?"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from app.extensions import db
from app.models import AuditEntry, Body, Poll, PollState
from app.workflows import sealed
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import Fact, end_reading, record, use_case
from app.workflows.rules.canonical import canonical, digest

PAGE = 500  # entries of the log that are read at once
MOST_TOLD = 20


@dataclass(frozen=True)
class IntegrityChecked(Fact):
    """How many votes and entries of the log were looked at, and all of them were right."""

    polls: int
    entries: int


@dataclass(frozen=True)
class IntegrityBroken(Fact):
    """`broken` names what is not as it was: table and number, the first of them."""

    polls: int
    entries: int
    broken: list[str]


def poll_ids(body_id: int) -> list[int]:
    """Votes that are over, whose ballots, log, result and Resolution can be verified."""
    over = (PollState.CLOSED, PollState.PUBLISHED, PollState.ANNULLED)
    rows = select(Poll.id).where(Poll.body_id == body_id, Poll.state.in_(over), Poll.definition.is_not(None))
    found = list(db.session.scalars(rows.order_by(Poll.id)))
    end_reading()
    return found


def poll_broken(poll_id: int) -> bool:
    """Whether a vote's stored data contradict each other; signatures, counts, log and the Resolution's file."""
    try:
        material = sealed.checked(db.session.get_one(Poll, poll_id))
        if material.resolution is not None:
            material.resolution.content()
    except sealed.EvidenceBroken:
        return True
    finally:
        end_reading()
    return False


def entries_broken(body_id: int) -> Iterator[tuple[int, list[int]]]:
    """Page by page through the audit log: how many entries were read, and which do not fit their own hash."""
    last = 0
    while True:
        rows = select(AuditEntry).where(AuditEntry.body_id == body_id, AuditEntry.id > last)
        page = list(db.session.scalars(rows.order_by(AuditEntry.id).limit(PAGE)))
        wrong = [entry.id for entry in page if _hash(entry) != entry.sha256]
        count, last = len(page), page[-1].id if page else last
        end_reading()
        db.session.expunge_all()
        if not count:
            return
        yield count, wrong


@use_case
def conclude(actor: Actor, body_id: int, polls: int, entries: int, broken: list[str], now: dt.datetime) -> None:
    """Write down what the check found; the auditors are told when something is broken."""
    body = db.session.get_one(Body, body_id)
    about = (body.id, Body.__tablename__, body.id)
    if broken:
        record(actor, IntegrityBroken(*about, polls, entries, broken[:MOST_TOLD]), now)
    else:
        record(actor, IntegrityChecked(*about, polls, entries), now)


def _hash(entry: AuditEntry) -> str:
    return digest(canonical([entry.fact, entry.payload, entry.actor_id, entry.at.astimezone(dt.UTC).isoformat()]))
