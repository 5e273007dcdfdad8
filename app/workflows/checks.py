"""The nightly check: does everything that was voted, signed, sealed and logged still say what it said?"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.models import AuditEntry, Body, Job, JobState, Poll, PollState, Slip
from app.workflows import log_checks, log_rows, sealed, slip_sealed
from app.workflows.engine import outbox
from app.workflows.engine.errors import Detached
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import Fact, end_reading, record, use_case
from app.workflows.log_checks import Account

INTEGRITY = "checks.integrity"


@dataclass(frozen=True)
class IntegrityChecked(Fact):
    """How many votes and entries of the log were looked at, and all of them were right."""

    polls: int
    entries: int


@dataclass(frozen=True)
class IntegrityBroken(Fact):
    """`broken` names what is not as it was: table and number, the first of them; `rows` with time and reason."""

    polls: int
    entries: int
    broken: list[str]
    rows: list[dict[str, Any]]


@dataclass(frozen=True)
class IntegrityAsked(Fact):
    """Somebody did not want to wait for the night."""


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


def examine(report: log_checks.Report = lambda _done, _total: None) -> Account:
    """The whole log, and behind each root what was signed, counted and promulgated of the vote, of every body."""
    account = log_checks.examine(report)
    log_rows.examine(account)
    for body_id in list(db.session.scalars(select(Body.id).order_by(Body.id))):
        for poll_id in poll_ids(body_id):
            look_at(account, poll_id)
        for slip_id in slip_ids(body_id):
            look_at_slip(account, slip_id)
    return account


def look_at(account: Account, poll_id: int) -> None:
    """Add a vote to what is broken when its data contradict each other."""
    if poll_broken(poll_id):
        closed = db.session.scalar(select(Poll.closed_at).where(Poll.id == poll_id))
        account.add(Poll.__tablename__, poll_id, closed, "contradicts")
        end_reading()


def slip_ids(body_id: int) -> list[int]:
    """Slips that were issued, whose answers, log and result can be verified."""
    rows = select(Slip.id).where(Slip.body_id == body_id, Slip.definition_sha256.is_not(None)).order_by(Slip.id)
    found = list(db.session.scalars(rows))
    end_reading()
    return found


def look_at_slip(account: Account, slip_id: int) -> None:
    """Add a slip to what is broken when its data contradict each other."""
    slip = db.session.get_one(Slip, slip_id, populate_existing=True)
    try:
        slip_sealed.checked(slip)
    except slip_sealed.SlipBroken:
        account.add(Slip.__tablename__, slip_id, slip.closed_at or slip.issued_at, "contradicts")
    finally:
        end_reading()


@use_case
def ask(actor: Actor, body_id: int, now: dt.datetime) -> bool:
    """The auditor has everything checked now; False when a check is waiting or under way already."""
    body = db.session.get_one(Body, body_id)
    actor.require(Right.AUDIT_READ, Detached(Body.__tablename__, body.id, None, body.id))
    if under_way(body_id):
        return False
    entry = record(actor, IntegrityAsked(body.id, Body.__tablename__, body.id), now)
    outbox.enqueue(body_id, INTEGRITY, {"body_id": body_id}, f"{INTEGRITY}:{body_id}:asked:{entry.id}", now)
    return True


def under_way(body_id: int) -> Job | None:
    """The check that waits or runs."""
    undone = (JobState.DUE, JobState.RUNNING)
    rows = select(Job).where(Job.name == INTEGRITY, Job.body_id == body_id, Job.state.in_(undone))
    return db.session.scalar(rows.order_by(Job.id).limit(1))


def last_conclusion(body_id: int) -> AuditEntry | None:
    """What the newest check found, as it was recorded."""
    told = (IntegrityChecked.__name__, IntegrityBroken.__name__)
    rows = select(AuditEntry).where(AuditEntry.fact.in_(told), AuditEntry.body_id == body_id)
    return db.session.scalar(rows.order_by(AuditEntry.id.desc()).limit(1))


@use_case
def conclude(actor: Actor, body_id: int, polls: int, account: Account, now: dt.datetime) -> None:
    """Write down what the check found; the auditors are told when something is broken."""
    body = db.session.get_one(Body, body_id)
    about = (body.id, Body.__tablename__, body.id)
    entries = account.facts + account.waiting
    if account.broken:
        names, rows = [str(each) for each in account.broken], account.as_json()["broken"]
        told = [{"table": row["table"], "id": row["id"], "at": row["at"], "code": row["code"]} for row in rows]
        record(actor, IntegrityBroken(*about, polls, entries, names, told), now)
    else:
        record(actor, IntegrityChecked(*about, polls, entries), now)

