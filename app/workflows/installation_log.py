"""The log of the installation (nhật ký chung): its head, its proofs, its checkpoints and who countersigned them."""

import base64
import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from app.extensions import db
from app.gateways import log_key
from app.models import Body, Checkpoint, CheckpointCosignature, LogEntry, LogKind
from app.workflows.engine.rights import Actor
from app.workflows.engine.tables import table
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.rules import checkpoint as notes
from app.workflows.rules.canonical import digest
from app.workflows.rules.merkle import (
    HASH_BYTES,
    Frontier,
    Node,
    Range,
    consistency_ranges,
    full_subtrees,
    inclusion_ranges,
    range_root,
)

LOG = table(LogEntry)
CHECKPOINTS = table(Checkpoint)
OF_POLL = (LogKind.POLL_CLOSED, LogKind.POLL_ANNULLED)
OF_SLIP = (LogKind.SLIP_CLOSED, LogKind.SLIP_RECALLED)
AT_ONCE = 500  # rows of one read


@dataclass(frozen=True)
class CosignatureKept(Fact):
    """A witness has signed under a checkpoint; `line_sha256` is of its line, so that the row cannot go unnoticed."""

    checkpoint_id: int
    witness: str
    line_sha256: str


@dataclass(frozen=True)
class Head:
    """How many entries the log has, and the root over them."""

    size: int
    root: bytes


def keeper() -> int:
    """The body under whose name is done what there is once for all bodies: there is one log."""
    return int(db.session.scalar(select(func.min(Body.id))) or 0)


def size() -> int:
    """How many entries there are; they are numbered from 0 without gaps."""
    return int(db.session.scalar(select(func.coalesce(func.max(LOG.c.seq) + 1, 0))) or 0)


def head(at: int | None = None) -> Head:
    """The present head of the tree, or the one after the first `at` entries."""
    known = size() if at is None else at
    (root,) = _roots([(0, known)])
    return Head(known, root)


def inclusion_proof(index: int, tree_size: int) -> list[bytes]:
    """Hashes that lead from an entry (from 0) to the root over `tree_size`; IndexError outside the tree."""
    return _roots(inclusion_ranges(index, tree_size))


def consistency_proof(old_size: int, new_size: int) -> list[bytes]:
    """Hashes which show that the log of `old_size` entries only grew to `new_size`.

    Nothing has to be shown of the empty log: the proof is empty. IndexError for sizes in another order.
    """
    return _roots(consistency_ranges(old_size, new_size)) if old_size else []


def frontier(tree_size: int) -> Frontier:
    """The right edge of the tree of that size, to append to."""
    wanted = full_subtrees(0, tree_size)
    hashes = _hashes(wanted)
    levels: list[bytes | None] = [None] * tree_size.bit_length()
    for node in wanted:
        levels[node.level] = hashes[node]
    return Frontier(levels)


def public_key() -> notes.VerifierKey | None:
    """The key by which the checkpoints of this log are believed; None where none was made."""
    text = log_key.key().public
    return notes.VerifierKey.parse(text) if text else None


def last_checkpoint() -> Checkpoint | None:
    return db.session.scalar(select(Checkpoint).order_by(Checkpoint.size.desc()).limit(1))


def checkpoints_since(size_seen: int) -> list[Checkpoint]:
    """Checkpoints of a larger size, the smallest first, a few hundred at most."""
    rows = select(Checkpoint).where(Checkpoint.size > size_seen).order_by(Checkpoint.size)
    return list(db.session.scalars(rows.limit(AT_ONCE)))


def covering(index: int) -> Checkpoint | None:
    """The first checkpoint that covers an entry (from 0)."""
    rows = select(Checkpoint).where(Checkpoint.size > index).order_by(Checkpoint.size).limit(1)
    return db.session.scalar(rows)


def entry_of(kinds: Sequence[LogKind], subject_id: int) -> LogEntry | None:
    """The latest entry of these kinds about a subject."""
    rows = select(LogEntry).where(LogEntry.kind.in_(kinds), LogEntry.subject_id == subject_id)
    return db.session.scalar(rows.order_by(LogEntry.seq.desc()).limit(1))


def poll_entry(poll_id: int) -> LogEntry | None:
    """The entry with the root of a vote that is over: the latest of its closing and its annulment."""
    return entry_of(OF_POLL, poll_id)


def signed_note(checkpoint: Checkpoint) -> str:
    """The note of a checkpoint with every cosignature that is known, the log's own line first."""
    return notes.with_cosignatures(checkpoint.note, [each.line for each in checkpoint.cosignatures])


@use_case
def keep_cosignature(actor: Actor, checkpoint_id: int, witness: str, line: str, now: dt.datetime) -> bool:
    """Keep the line that a witness signed under a checkpoint; False when one of this witness is there already.

    `line` is one signature line of the note. The caller has verified it; ValueError for what is no such line. That it
    is kept is a fact, and so a later entry of the log itself.
    """
    written = notes.Signature.parse(line).line
    known = select(CheckpointCosignature.id).where(
        CheckpointCosignature.checkpoint_id == checkpoint_id, CheckpointCosignature.witness == witness
    )
    if db.session.scalar(known) is not None:
        return False
    made = CheckpointCosignature(checkpoint_id=checkpoint_id, witness=witness, line=written, at=now)
    db.session.add(made)
    db.session.flush()
    about = (keeper(), CheckpointCosignature.__tablename__, made.id)
    record(actor, CosignatureKept(*about, checkpoint_id, witness, digest(written.encode())), now)
    return True


@dataclass(frozen=True)
class Mark:
    """What is printed and shown of a checkpoint: the short code, and the whole head for a QR code."""

    checkpoint_id: int
    code: str
    size: int
    root: str
    at: dt.datetime
    text: str


def mark(checkpoint: Checkpoint) -> Mark:
    """`root` in hex; `text` is the checkpoint without signatures: origin, size and root, a line each."""
    told = notes.Checkpoint.parse(notes.Note.parse(checkpoint.note).text)
    return Mark(checkpoint.id, told.code, checkpoint.size, checkpoint.root, checkpoint.at, str(told))


def mark_over(entry: LogEntry | None) -> Mark | None:
    """The first checkpoint that covers an entry; None as long as there is none."""
    found = covering(entry.seq) if entry is not None else None
    return mark(found) if found is not None else None


def mark_of_poll(poll_id: int) -> Mark | None:
    """The first checkpoint that covers the root of a vote; None as long as there is none."""
    return mark_over(poll_entry(poll_id))


def mark_of_meeting(meeting_id: int) -> Mark | None:
    """The first checkpoint that covers the end of a session; None as long as there is none."""
    return mark_over(entry_of((LogKind.MEETING_CLOSED,), meeting_id))


def mark_of_slip(slip_id: int) -> Mark | None:
    """The first checkpoint that covers the root of a slip that is closed or recalled; None as long as there is none."""
    return mark_over(entry_of(OF_SLIP, slip_id))


def encoded(proof: Iterable[bytes]) -> list[str]:
    """A proof as a witness is sent it: base64, a hash each."""
    return [base64.b64encode(each).decode() for each in proof]


def _roots(ranges: Sequence[Range]) -> list[bytes]:
    """Hashes of subtrees, out of one read."""
    hashes = _hashes([node for begin, end in ranges for node in full_subtrees(begin, end)])
    return [range_root(begin, end, hashes.__getitem__) for begin, end in ranges]


def _hashes(nodes: Sequence[Node]) -> dict[Node, bytes]:
    """The stored hashes of full subtrees, each in the row of the leaf that completed it; IndexError for others."""
    wanted = sorted({node.completed_by for node in nodes})
    rows = {row.seq: row for row in db.session.execute(
        select(LOG.c.seq, LOG.c.leaf_hash, LOG.c.nodes).where(LOG.c.seq.in_(wanted)))} if wanted else {}  # fmt: skip
    if len(rows) != len(wanted):
        raise IndexError("the log has fewer entries")
    return {node: _stored(rows[node.completed_by].leaf_hash, rows[node.completed_by].nodes, node) for node in nodes}


def _stored(leaf_hash: str, nodes: bytes, node: Node) -> bytes:
    if not node.level:
        return bytes.fromhex(leaf_hash)
    return bytes(nodes[(node.level - 1) * HASH_BYTES : node.level * HASH_BYTES])
