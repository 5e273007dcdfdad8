"""Recomputes the whole log: audit rows, tree, roots of votes, checkpoints; names what is not as it was entered.

Read page by page, each in a transaction of its own: the log may be long, and goes on growing meanwhile.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import Row, Select, Table, and_, func, select

from app.extensions import db
from app.gateways import log_key
from app.models import (
    AuditEntry,
    Checkpoint,
    CheckpointCosignature,
    FileStage,
    LogEntry,
    LogKind,
    LogPending,
    Meeting,
    MeetingState,
    MinutesFile,
    Poll,
    PollLeaf,
    ResolutionFile,
    Slip,
    SlipLeaf,
)
from app.workflows import installation_log, sequencing
from app.workflows.engine.tables import table
from app.workflows.engine.transaction import end_reading
from app.workflows.rules import checkpoint as notes
from app.workflows.rules.calendar import iso_utc
from app.workflows.rules.canonical import canonical, digest
from app.workflows.rules.installation_leaf import parse_leaf
from app.workflows.rules.merkle import Frontier, leaf_hash

AT_ONCE = 1000  # rows of one read
MOST_TOLD = 20
LOG, AUDIT, PENDING = table(LogEntry), table(AuditEntry), table(LogPending)
HEADS, COSIGNED, MINUTES = table(Checkpoint), table(CheckpointCosignature), table(MinutesFile)

WHY = {
    "changed": _("It does not say what was entered."),
    "missing": _("It was there and is gone."),
    "not_entered": _("It was never entered: nobody recorded it."),
    "tree": _("The hashes above it do not follow from the entries."),
    "root": _("The signed root is not that of the entries."),
    "signature": _("It does not carry the signature of the log."),
    "cosignature": _("It is no cosignature of this witness."),
    "contradicts": _("Its ballots, its result or its Resolution contradict each other."),
    "no_key": _("The public key of the log is not here, so no checkpoint can be believed."),
}

Report = Callable[[int, int], object]


@dataclass(frozen=True)
class OwnLog:
    """Subjects with a log of their own, whose root is an entry of the log of the installation.

    `leaves` has seq, data, leaf_hash, root, frontier and at, and says in the column `owner` whose leaf it is; `kinds`
    are those of the entries with the roots, `begun` gives the ids of the subjects that must have leaves.
    """

    leaves: Table
    owner: str
    kinds: Sequence[LogKind]
    begun: Select[Any]
    counted: str  # the field of Account that counts them

    def of(self, owner_id: int) -> Select[Any]:
        return select(self.leaves).where(self.leaves.c[self.owner] == owner_id)

    def key(self, owner_id: int, seq: int) -> str:
        return f"{owner_id}-{seq}"


OWN_LOGS = (
    OwnLog(
        table(PollLeaf), "poll_id", installation_log.OF_POLL,
        select(Poll.id).where(Poll.definition_sha256.is_not(None)), "polls",
    ),
    OwnLog(
        table(SlipLeaf), "slip_id", installation_log.OF_SLIP,
        select(Slip.id).where(Slip.definition_sha256.is_not(None)), "slips",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Broken:
    """A row that is not as it was: table, key, its time as far as it is known, and a code of WHY."""

    table: str
    key: str
    at: dt.datetime | None
    why: str

    def __str__(self) -> str:
        return f"{self.table}:{self.key}"

    @property
    def sentence(self) -> str:
        return str(WHY[self.why])


@dataclass
class Account:
    """What was recomputed, and the first rows that are broken, in the order in which they were found."""

    entries: int = 0
    facts: int = 0
    polls: int = 0
    slips: int = 0
    checkpoints: int = 0
    cosignatures: int = 0
    waiting: int = 0
    root: str = ""
    broken: list[Broken] = field(default_factory=list)

    def add(self, table_name: str, key: object, at: dt.datetime | None, why: str) -> None:
        if len(self.broken) < MOST_TOLD:
            self.broken.append(Broken(table_name, str(key), at, why))

    def as_json(self) -> dict[str, Any]:
        """Numbers, the root in hex, and `broken`: table, id, time (ISO 8601 or null), code and sentence."""
        counted = ("entries", "facts", "polls", "slips", "checkpoints", "cosignatures", "waiting", "root")
        told = [
            {"table": each.table, "id": each.key, "at": each.at and iso_utc(each.at), "code": each.why,
             "said": each.sentence}
            for each in self.broken
        ]  # fmt: skip
        return {"whole": not self.broken, **{name: getattr(self, name) for name in counted}, "broken": told}


def examine(report: Report = lambda _done, _total: None) -> Account:
    """Recompute everything; `report` hears how far it is."""
    account = Account()
    size = installation_log.size()
    end_reading()
    _tree(account, size, report)
    _beyond(account, size)
    _outside(account)
    _own_logs(account)
    return account


@dataclass
class _Tree:
    """The tree as it is computed again; `torn` once it is broken: what follows would only repeat that."""

    frontier: Frontier = field(default_factory=Frontier)
    next_seq: int = 0
    torn: bool = False


def _tree(account: Account, size: int, report: Report) -> None:
    """Entries in their order, each with what it tells of, and the checkpoints between them."""
    tree, files = _Tree(), _sealed_files()
    for page in _pages(select(LOG).where(LOG.c.seq < size), (LOG.c.seq,)):
        facts = _facts([row.subject_id for row in page if row.kind is LogKind.AUDIT])
        heads = _heads(page[0].seq + 1, page[-1].seq + 1)
        end_reading()
        for row in page:
            told = _entry(account, tree, row)
            if told is not None:
                _subject(account, told, row, facts, files)
            if (head := heads.pop(tree.next_seq, None)) is not None:
                _checkpoint(account, head, tree)
        for head in heads.values():  # of a size that a gap swallowed
            _checkpoint(account, head, tree)
        account.entries += len(page)
        report(account.entries, size)
    account.root = tree.frontier.root().hex()


def _entry(account: Account, tree: _Tree, row: Row[Any]) -> dict[str, Any] | None:
    """What the entry tells; None when it is broken itself."""
    if row.seq != tree.next_seq:
        account.add("log_entry", tree.next_seq, row.at, "missing")
        tree.torn = True
    tree.next_seq = row.seq + 1
    hashed = leaf_hash(row.data)
    told = _parsed(row.data)
    said = told and (told["kind"], told["body_id"], told["subject_id"], told["at"])
    if row.leaf_hash != hashed.hex() or said != (row.kind.value, row.body_id, row.subject_id, iso_utc(row.at)):
        account.add("log_entry", row.seq, row.at, "changed")
        tree.torn, told = True, None
    if not tree.torn and b"".join(tree.frontier.grow(hashed)) != row.nodes:
        account.add("log_entry", row.seq, row.at, "tree")
        tree.torn = True
    return told


def _parsed(data: bytes) -> dict[str, Any] | None:
    try:
        return parse_leaf(data)
    except ValueError:
        return None


def _subject(
    account: Account, told: dict[str, Any], row: Row[Any], facts: Mapping[int, Row[Any]], files: Mapping[int, str]
) -> None:
    """Whether what the entry names is there and still says the same. Roots of votes have a walk of their own."""
    if row.kind is LogKind.AUDIT:
        account.facts += 1
        _fact(account, facts.get(row.subject_id), row, told["sha256"])
    elif row.kind is LogKind.RESOLUTION and files.get(row.subject_id) != told["sha256"]:
        why = "changed" if row.subject_id in files else "missing"
        account.add("resolution_file", row.subject_id, row.at, why)
    elif row.kind is LogKind.MEETING_CLOSED and (why := _end_kept(row.subject_id, told["version"])):
        account.add("meeting", row.subject_id, row.at, why)


def _fact(account: Account, fact: Row[Any] | None, row: Row[Any], sha256: str) -> None:
    if fact is None:
        account.add("audit_entry", row.subject_id, row.at, "missing")
    elif fact.sha256 != sha256 or not _unchanged(fact):
        account.add("audit_entry", fact.id, fact.at, "changed")
    elif (kept := KEPT.get(fact.fact)) is not None and (why := kept(fact)):
        account.add(fact.subject_type, fact.subject_id, fact.at, why)


def _unchanged(fact: Row[Any]) -> bool:
    """The row's own hash, and the columns that only repeat what is hashed."""
    about = {name: getattr(fact, name) for name in ("body_id", "subject_type", "subject_id")}
    filed = all(fact.payload.get(name) == value for name, value in about.items())
    at = fact.at.astimezone(dt.UTC).isoformat()
    try:
        return filed and digest(canonical([fact.fact, fact.payload, fact.actor_id, at])) == fact.sha256
    except ValueError:
        return False


def _head_kept(fact: Row[Any]) -> str:
    """Of a fact that a head was signed: what is wrong with the row, empty when nothing is."""
    found = db.session.execute(select(HEADS.c.size, HEADS.c.root).where(HEADS.c.id == fact.subject_id)).one_or_none()
    return "" if found is not None and tuple(found) == (fact.payload["size"], fact.payload["root"]) else "missing"


def _end_kept(meeting_id: int, version: int) -> str:
    """Of the end of a session: it stays ended, and its live state only counts on."""
    meeting = table(Meeting)
    found = db.session.execute(select(meeting.c.state, meeting.c.version).where(meeting.c.id == meeting_id))
    row = found.one_or_none()
    if row is None:
        return "missing"
    return "" if row.state is MeetingState.CLOSED and row.version >= version else "changed"


def _cosignature_kept(fact: Row[Any]) -> str:
    """Likewise of a fact that a cosignature was kept."""
    row = db.session.execute(select(COSIGNED).where(COSIGNED.c.id == fact.subject_id)).one_or_none()
    if row is None:
        return "missing"
    told = {"checkpoint_id": row.checkpoint_id, "witness": row.witness, "line_sha256": digest(row.line.encode())}
    return "" if told.items() <= fact.payload.items() else "changed"


def _minutes_kept(fact: Row[Any]) -> str:
    """Likewise of a fact that minutes were printed."""
    found = select(MINUTES.c.meeting_id, MINUTES.c.number, MINUTES.c.sha256).where(MINUTES.c.id == fact.subject_id)
    row = db.session.execute(found).one_or_none()
    told = tuple(fact.payload[name] for name in ("meeting_id", "number", "file_sha256"))
    return "missing" if row is None else "" if tuple(row) == told else "changed"


KEPT: Mapping[str, Callable[[Row[Any]], str]] = {  # facts that tell of a row without an entry of its own
    sequencing.CheckpointTaken.__name__: _head_kept,
    installation_log.CosignatureKept.__name__: _cosignature_kept,
    "MinutesMade": _minutes_kept,
}


def _checkpoint(account: Account, head: Row[Any], tree: _Tree) -> None:
    """The note of a head, its cosignatures, and its root against the entries."""
    account.checkpoints += 1
    key = installation_log.public_key()
    if key is None:
        account.add("checkpoint", head.id, head.at, "no_key")
        return
    try:
        told = notes.open_checkpoint(head.note, key)
    except ValueError:
        account.add("checkpoint", head.id, head.at, "signature")
        return
    if (told.size, told.root.hex()) != (head.size, head.root):
        account.add("checkpoint", head.id, head.at, "changed")
    elif not tree.torn and (tree.next_seq, tree.frontier.root()) != (told.size, told.root):
        account.add("checkpoint", head.id, head.at, "root")
    _cosignatures(account, head, str(told))


def _cosignatures(account: Account, head: Row[Any], text: str) -> None:
    """Each line by the pinned key of its witness; one of a witness that is not pinned any more must be a line of it."""
    pinned = {key.name: key for key in map(notes.VerifierKey.parse, log_key.witnesses())}
    rows = select(COSIGNED).where(COSIGNED.c.checkpoint_id == head.id).order_by(COSIGNED.c.id)
    for row in db.session.execute(rows).all():
        account.cosignatures += 1
        try:
            line = notes.Signature.parse(row.line)
            if line.name != row.witness:
                raise ValueError("a line of another witness")
            if row.witness in pinned:
                notes.cosigned_at(line, text, pinned[row.witness])
        except ValueError:
            account.add("checkpoint_cosignature", row.id, row.at, "cosignature")


def _beyond(account: Account, size: int) -> None:
    """A checkpoint of more entries than there are: the end of the log was cut off."""
    newest = installation_log.last_checkpoint()
    if newest is not None and newest.size > size and installation_log.size() < newest.size:
        account.add("log_entry", size, newest.at, "missing")
    end_reading()


def _outside(account: Account) -> None:
    """Facts that are neither in the log nor waiting for it, and those that wait."""
    entered = and_(LOG.c.kind == LogKind.AUDIT, LOG.c.subject_id == AUDIT.c.id)
    loose = select(AUDIT.c.id, AUDIT.c.at).outerjoin(LOG, entered)
    loose = loose.outerjoin(PENDING, PENDING.c.audit_entry_id == AUDIT.c.id)
    loose = loose.where(LOG.c.seq.is_(None), PENDING.c.audit_entry_id.is_(None))
    for row in db.session.execute(loose.order_by(AUDIT.c.id).limit(MOST_TOLD)).all():
        account.add("audit_entry", row.id, row.at, "not_entered")
    waits = select(AUDIT).join(PENDING, PENDING.c.audit_entry_id == AUDIT.c.id)
    for page in _pages(waits, (AUDIT.c.id,)):
        account.waiting += len(page)
        for row in page:
            if not _unchanged(row):
                account.add("audit_entry", row.id, row.at, "changed")
    end_reading()


def _own_logs(account: Account) -> None:
    """The log of every vote and slip, computed again and held against the roots that were entered."""
    for logs in OWN_LOGS:
        owner = logs.leaves.c[logs.owner]
        ids = set(db.session.scalars(logs.begun)) | set(db.session.scalars(select(owner).distinct()))
        ids |= set(db.session.scalars(select(LOG.c.subject_id).where(LOG.c.kind.in_(logs.kinds))))
        end_reading()
        for owner_id in sorted(ids):
            setattr(account, logs.counted, getattr(account, logs.counted) + 1)
            _own_log(account, logs, owner_id)


def _own_log(account: Account, logs: OwnLog, owner_id: int) -> None:
    """Names the first leaf that is broken, and nothing after it."""
    wanted, frontier, last = _entered_roots(logs, owner_id), Frontier(), None
    name = logs.leaves.name
    for page in _pages(logs.of(owner_id), (logs.leaves.c.seq,)):
        for row in page:
            key, hashed = logs.key(owner_id, row.seq), leaf_hash(row.data)
            if row.seq != frontier.size:
                account.add(name, logs.key(owner_id, frontier.size), row.at, "missing")
                return
            frontier.append(hashed)
            found = frontier.root().hex()
            if (row.leaf_hash, row.root, row.frontier) != (hashed.hex(), found, frontier.to_json()):
                account.add(name, key, row.at, "changed")
                return
            told = wanted.pop(frontier.size, None)
            if told is not None and told.root != found:
                account.add(name, key, row.at, "changed")
                return
            last = told or last
            if last is not None and frontier.size > last.size and not wanted:
                account.add(name, key, row.at, "not_entered")
                return
        end_reading()
    for size, told in sorted(wanted.items()):
        account.add(name, logs.key(owner_id, size - 1), told.at, "missing")
        return


@dataclass(frozen=True)
class _Root:
    size: int
    root: str
    at: dt.datetime


def _entered_roots(logs: OwnLog, owner_id: int) -> dict[int, _Root]:
    """Size → what the log says of a vote; entries that are broken themselves were named before."""
    rows = select(LOG.c.data, LOG.c.at).where(LOG.c.kind.in_(logs.kinds), LOG.c.subject_id == owner_id)
    told = [(_parsed(row.data), row.at) for row in db.session.execute(rows).all()]
    return {each["size"]: _Root(each["size"], each["root"], at) for each, at in told if each}


def _facts(ids: Sequence[int]) -> dict[int, Row[Any]]:
    return {row.id: row for row in db.session.execute(select(AUDIT).where(AUDIT.c.id.in_(ids))).all()} if ids else {}


def _heads(begin: int, end: int) -> dict[int, Row[Any]]:
    """Checkpoints of these sizes, by size."""
    rows = db.session.execute(select(HEADS).where(HEADS.c.size.between(begin, end)).order_by(HEADS.c.size)).all()
    return {row.size: row for row in rows}


def _sealed_files() -> dict[int, str]:
    """Resolution → hash of its sealed file."""
    file = table(ResolutionFile)
    rows = select(file.c.resolution_id, func.max(file.c.sha256)).where(file.c.stage == FileStage.SEALED)
    return {row[0]: row[1] for row in db.session.execute(rows.group_by(file.c.resolution_id)).all()}


def _pages(rows: Any, key: tuple[Any]) -> Iterator[Sequence[Row[Any]]]:
    """Pages of rows in the order of a key, each read when the one before was looked at."""
    last = None
    while True:
        asked = rows.order_by(*key).limit(AT_ONCE)
        page = db.session.execute(asked if last is None else asked.where(key[0] > last)).all()
        if page:
            yield page
            last = getattr(page[-1], key[0].name)
        if len(page) < AT_ONCE:
            return
