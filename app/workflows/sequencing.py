"""The sequencer: what was recorded is entered into the log once it is committed, one writer at a time, exactly once.

A row's number says nothing about when it was committed, so nothing is derived from it: each audit row is written with
a row that says it waits, and both become visible together.
"""

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Table, delete, func, insert, select

from app.extensions import db
from app.gateways import log_key
from app.gateways.signing import KeyUnavailable
from app.models import AuditEntry, Checkpoint, CheckpointReason, LogEntry, LogKind, LogPending
from app.workflows import installation_log
from app.workflows.engine.rights import Actor
from app.workflows.engine.tables import table
from app.workflows.engine.transaction import Fact, end_reading, record, use_case
from app.workflows.rules import checkpoint as notes
from app.workflows.rules.calendar import iso_utc, parse_utc
from app.workflows.rules.canonical import canonical
from app.workflows.rules.installation_leaf import leaf
from app.workflows.rules.merkle import leaf_hash

log = logging.getLogger(__name__)

ONE_WRITER = 0x6C6F67  # advisory lock of PostgreSQL; on SQLite every writer is alone
AT_ONCE = 500
AUDIT, PENDING = table(AuditEntry), table(LogPending)
WAITING = (
    select(AUDIT.c.id, AUDIT.c.body_id, AUDIT.c.fact, AUDIT.c.subject_id, AUDIT.c.payload, AUDIT.c.sha256)
    .join(PENDING, PENDING.c.audit_entry_id == AUDIT.c.id)
    .order_by(PENDING.c.audit_entry_id)  # so that the few that wait are walked over, and not the whole past
    .limit(AT_ONCE)
)
Told = Callable[[Row[Any]], Mapping[str, Any] | None]


@dataclass(frozen=True)
class Root:
    """What a fact leaves behind and is entered after it: the kind of the entry, and why a checkpoint is due then.

    `told` is given the fact (subject_id, payload) and gives what the leaf says beside its head; None for nothing.
    """

    kind: LogKind
    reason: CheckpointReason
    told: Told


roots: dict[str, Root] = {}  # by the name of the fact; filled by wiring


def root_of_own_log(leaves: Table, owner: str) -> Told:
    """Size and root of a log that its subject has for itself; none was begun when a vote never was open.

    `leaves` has `seq` (from 0) and the `root` after it, `owner` is the column that says whose leaf it is.
    """

    def told(fact: Row[Any]) -> Mapping[str, Any] | None:
        last = select(leaves.c.seq, leaves.c.root).where(leaves.c[owner] == fact.subject_id)
        found = db.session.execute(last.order_by(leaves.c.seq.desc()).limit(1)).one_or_none()
        return {"size": found.seq + 1, "root": found.root} if found else None

    return told


def hash_of_file(fact: Row[Any]) -> Mapping[str, Any]:
    """The hash of the document that the fact names itself."""
    return {"sha256": fact.payload["file_sha256"]}


def live_version(fact: Row[Any]) -> Mapping[str, Any]:
    """The number that the live state of a meeting had after the fact."""
    return {"version": fact.payload["version"]}


@dataclass(frozen=True)
class CheckpointTaken(Fact):
    """A head of the log was signed; `reason` as in the table."""

    size: int
    root: str
    reason: CheckpointReason


def waiting() -> bool:
    """Whether anything was committed that is not in the log."""
    found = db.session.scalar(select(PENDING.c.audit_entry_id).limit(1)) is not None
    end_reading()
    return found


def backlog() -> tuple[int, dt.datetime | None]:
    """How many facts are not in the log, and when the oldest of them happened."""
    rows = select(func.count(), func.min(AUDIT.c.at)).join(PENDING, PENDING.c.audit_entry_id == AUDIT.c.id)
    count, since = db.session.execute(rows).one()
    end_reading()
    return count, since


@use_case
def enter(_actor: Actor, now: dt.datetime) -> int:
    """Enter what waits, some hundred rows at most; how many entries were written. Safe to run side by side."""
    _one_writer()
    waits = db.session.execute(WAITING).all()
    if not waits:
        return 0
    known = _entered([row.id for row in waits])
    size = installation_log.size()
    frontier = installation_log.frontier(size)
    rows: list[dict[str, Any]] = []
    for fields in (fields for row in waits if row.id not in known for fields in _entries(row)):
        data = canonical(leaf(**fields, at=iso_utc(now)))
        hashed = leaf_hash(data)
        rows.append({
            "seq": size + len(rows), "body_id": fields["body_id"], "kind": LogKind(fields["kind"]),
            "subject_id": fields["subject_id"], "data": data, "leaf_hash": hashed.hex(),
            "nodes": b"".join(frontier.grow(hashed)), "at": parse_utc(iso_utc(now)),
        })  # fmt: skip
    if rows:
        db.session.execute(insert(table(LogEntry)), rows)
    db.session.execute(delete(PENDING).where(PENDING.c.audit_entry_id.in_([row.id for row in waits])))
    return len(rows)


def _entered(audit_ids: list[int]) -> set[int]:
    """Those of them that are in the log: what waits a second time is taken away and changes nothing."""
    entry = installation_log.LOG.c
    found = select(entry.subject_id).where(entry.kind == LogKind.AUDIT, entry.subject_id.in_(audit_ids))
    return set(db.session.scalars(found))


def wanted() -> CheckpointReason | None:
    """Why a checkpoint is due: a vote is over or a Resolution is out, say, and no checkpoint covers it."""
    entry, last = installation_log.LOG.c, installation_log.last_checkpoint()
    reasons = {root.kind: root.reason for root in roots.values()}
    uncovered = select(entry.kind).where(entry.kind.in_(list(reasons)), entry.seq >= (last.size if last else 0))
    kind = db.session.scalar(uncovered.order_by(entry.seq.desc()).limit(1))
    end_reading()
    return reasons[kind] if kind else None


def take_checkpoint(actor: Actor, reason: CheckpointReason, now: dt.datetime) -> int | None:
    """Sign the present head; the checkpoint's id, or None: nothing new since the last one, or nobody who signs.

    Signed with nothing open, kept in a transaction of its own. KeyUnavailable when the signer does not answer now.
    """
    head, last = installation_log.head(), installation_log.last_checkpoint()
    known = last.size if last else 0
    grown = last is None or (head.size >= known and installation_log.head(known).root.hex() == last.root)
    end_reading()
    if not log_key.key().signs or head.size <= known:
        return None
    if last is not None and not grown:  # whoever rewrote the past gets no signature under it
        log.error("the log is not the one of checkpoint %s any more: nothing is signed", last.id)
        return None
    return _keep(actor, head, _signed(head, log_key.key()), reason, now)


def _signed(head: installation_log.Head, key: log_key.LogKey) -> str:
    """The note of a head, signed by the key here or by the signer, whose answer is verified before it is kept."""
    if key.private or key.elsewhere is None:
        own = notes.SigningKey.parse(key.private)
        return str(notes.sign_checkpoint(own, notes.Checkpoint(own.name, head.size, head.root)))
    pinned = notes.VerifierKey.parse(key.public)
    content = key.elsewhere(pinned.name, head.size, head.root)
    text = str(notes.Checkpoint(pinned.name, head.size, head.root))
    note = notes.Note(text, (notes.Signature(pinned.name, pinned.id, content),))
    if not note.signed_by(pinned):
        log.error("the signer's key of the log is another one than the pinned one: nothing is signed")
        raise KeyUnavailable
    return str(note)


@use_case
def _keep(
    actor: Actor, head: installation_log.Head, note: str, reason: CheckpointReason, now: dt.datetime
) -> int | None:
    """Unless another process was faster."""
    _one_writer()
    last = installation_log.last_checkpoint()
    if last is not None and last.size >= head.size:
        return None
    made = Checkpoint(size=head.size, root=head.root.hex(), note=note, reason=reason, at=now)
    db.session.add(made)
    db.session.flush()
    entry = installation_log.LOG.c
    body_id = db.session.execute(select(entry.body_id).where(entry.seq == head.size - 1)).scalar_one()
    about = (body_id, Checkpoint.__tablename__, made.id)
    record(actor, CheckpointTaken(*about, head.size, head.root.hex(), reason), now)
    return made.id


def _one_writer() -> None:
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(select(func.pg_advisory_xact_lock(ONE_WRITER)))


def _entries(row: Row[Any]) -> Iterator[dict[str, Any]]:
    """The entry of an audit row, and after it the root or the document that it tells of."""
    about = {"body_id": row.body_id, "subject_id": row.subject_id}
    yield {**about, "kind": LogKind.AUDIT.value, "subject_id": row.id, "sha256": row.sha256}
    root = roots.get(row.fact)
    if root is not None and (told := root.told(row)):
        yield {**about, "kind": root.kind.value, **told}
