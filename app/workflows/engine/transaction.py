"""One use case, one transaction: the fact, its audit row and its jobs stand or fall together."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from functools import wraps
from typing import Any, ParamSpec, Self, TypeVar

from sqlalchemy import Row, insert, select, update
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import AuditEntry, LogPending, Meeting, Refusal
from app.workflows.engine import outbox
from app.workflows.engine.errors import Subject, WorkflowError
from app.workflows.engine.rights import Actor
from app.workflows.engine.tables import table
from app.workflows.rules.canonical import canonical, digest

P = ParamSpec("P")
R = TypeVar("R")


@dataclasses.dataclass(frozen=True)
class Fact:
    """Something that happened to a subject; subclasses are named in the past tense."""

    body_id: int
    subject_type: str
    subject_id: int

    @classmethod
    def about(cls, subject: Subject, **fields: Any) -> Self:
        return cls(subject.body_id, subject.__tablename__, subject.id, **fields)


@dataclasses.dataclass(frozen=True)
class MeetingFact(Fact):
    """A fact that changes the live state of a meeting; `version` is that state's number after the fact."""

    meeting_id: int
    version: int


def use_case(function: Callable[P, R]) -> Callable[P, R]:
    """Commit on return, roll back on any exception; a nested use case joins the outer one."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        session = db.session()
        if session.info.get("act"):
            return function(*args, **kwargs)
        end_reading()
        session.info["act"] = function.__name__
        try:
            session.connection(execution_options={"writes": True})
            result = function(*args, **kwargs)
            session.commit()
        except BaseException as error:
            session.rollback()
            del session.info["act"]
            if isinstance(error, WorkflowError):
                record_refusal(function.__name__, args[0], error)
            raise
        del session.info["act"]
        outbox.wake.set()
        return result

    run.__use_case__ = True  # type: ignore[attr-defined]
    return run


def end_reading() -> None:
    """Let go of the request's read transaction, so that nothing is open while an outside call runs."""
    session = db.session()
    if session.info.get("act") or session.new or session.dirty or session.deleted:
        raise RuntimeError("unfinished changes in the session")
    session.rollback()


@contextmanager
def own_transaction() -> Iterator[Session]:
    """A short transaction beside the session: what it writes stays, whatever becomes of the act."""
    end_reading()
    with Session(db.engine) as session, session.begin():
        session.connection(execution_options={"writes": True})
        yield session


def record(actor: Actor, fact: Fact, now: dt.datetime) -> AuditEntry:
    """Write the fact to the audit log, and a job for everybody who wants to hear it; the sequencer enters it later."""
    entry = AuditEntry(**_entry(actor, fact, now))
    db.session.add(entry)
    db.session.flush()
    db.session.add(LogPending(audit_entry_id=entry.id))
    for job in outbox.heard_by.get(type(fact), ()):
        outbox.enqueue(fact.body_id, job, {"audit_entry_id": entry.id}, dedupe_key=f"{entry.id}:{job}", now=entry.at)
    return entry


def _entry(actor: Actor, fact: Fact, now: dt.datetime) -> dict[str, Any]:
    """The row of the audit log, with a hash of its own."""
    name, payload = type(fact).__name__, {key: plain(value) for key, value in dataclasses.asdict(fact).items()}
    at = now.astimezone(dt.UTC)
    return {
        "fact": name, "payload": payload, "actor_id": actor.person_id, "at": at,
        "body_id": fact.body_id, "subject_type": fact.subject_type, "subject_id": fact.subject_id,
        "sha256": digest(canonical([name, payload, actor.person_id, at.isoformat()])),
    }  # fmt: skip


LOG = table(AuditEntry)
ENTRIES = select(LOG.c.id, LOG.c.fact, LOG.c.payload, LOG.c.actor_id, LOG.c.at)
_at_hand: ContextVar[Mapping[int, dict[str, Any]]] = ContextVar("facts at hand", default={})  # noqa: B039 - never written


def fact_of(audit_entry_id: int) -> dict[str, Any]:
    """What a recorded fact tells, as JSON: its name, who did it, when it was, and every field of it."""
    if found := _at_hand.get().get(audit_entry_id):
        return dict(found)
    return _told(db.session.execute(ENTRIES.where(LOG.c.id == audit_entry_id)).one())


@contextmanager
def facts_at_hand(payloads: Iterable[object]) -> Iterator[None]:
    """Read what several jobs are about to be told in one statement; recorded facts do not change."""
    told = (payload.get("audit_entry_id") for payload in payloads if isinstance(payload, dict))
    ids = [number for number in told if isinstance(number, int)]
    found = db.session.execute(ENTRIES.where(LOG.c.id.in_(ids))).all() if len(ids) > 1 else ()
    db.session.remove()
    token = _at_hand.set({entry.id: _told(entry) for entry in found})
    try:
        yield
    finally:
        _at_hand.reset(token)


def _told(entry: Row[Any]) -> dict[str, Any]:
    about = {"fact": entry.fact, "audit_entry_id": entry.id, "actor_id": entry.actor_id, "at": entry.at.isoformat()}
    return {**entry.payload, **about}


def record_live(
    actor: Actor, meeting: Meeting, subject: Subject, fact: type[MeetingFact], now: dt.datetime, **fields: Any
) -> AuditEntry:
    """Count up the live state of the meeting (its row is locked) and record the fact with the new number."""
    meeting.version += 1
    return record(actor, fact.about(subject, meeting_id=meeting.id, version=meeting.version, **fields), now)


def record_all_live(told: Sequence[tuple[Actor, MeetingFact, dt.datetime]]) -> None:
    """`record_live` for facts of one kind about one meeting that become true together, numbered under its lock."""
    last, meeting = told[-1][1], table(Meeting)
    db.session.execute(update(meeting).where(meeting.c.id == last.meeting_id).values(version=last.version))
    record_all(told)


def record_all(told: Sequence[tuple[Actor, Fact, dt.datetime]]) -> None:
    """`record` for facts of one kind in one body that become true together.

    One statement for the audit log, one for what waits to be entered, one for each job that hears of them.
    """
    last, at, log = told[-1][1], told[-1][2].astimezone(dt.UTC), table(AuditEntry)
    made = insert(log).returning(log.c.id, sort_by_parameter_order=True)
    ids = db.session.execute(made, [_entry(*each) for each in told]).scalars().all()
    db.session.execute(insert(table(LogPending)), [{"audit_entry_id": number} for number in ids])
    for job in outbox.heard_by.get(type(last), ()):
        jobs = ((last.body_id, {"audit_entry_id": number}, f"{number}:{job}") for number in ids)
        outbox.enqueue_all(job, jobs, at)


def record_refusal(act: str, actor: Any, error: WorkflowError) -> None:
    """Write the refusal in a transaction of its own; the act itself left nothing behind."""
    with own_transaction() as session:
        at = dt.datetime.now(dt.UTC)
        session.add(Refusal(act=act, code=error.recorded, actor_id=actor.person_id, at=at, **error.about))


def plain(value: Any) -> Any:
    """JSON without surprises: enums by value, times in ISO 8601, dates likewise."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value
