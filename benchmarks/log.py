"""The log of the installation at 10⁵ entries: entering, proving, and recomputing everything, each beside its raw parts.

The anchor of entering is the hashing and the rows by themselves: the same leaves hashed into a frontier and inserted
with one statement into a bare table of the same server. A proof is measured against building the whole tree in memory
once, which is what a log without stored subtrees does for each proof.
"""

import datetime as dt
import random
import secrets
import sys

from sqlalchemy import insert, select, text

from app.extensions import db
from app.models import AuditEntry, LogEntry, LogPending
from app.workflows import installation_log, log_checks, sequencing
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.tables import table
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.rules.canonical import canonical, digest
from app.workflows.rules.merkle import Frontier, inclusion_proof, leaf_hash, root, verify_inclusion
from benchmarks import stage
from benchmarks.measure import Row, alternate, seconds

ENTRIES, BATCH, PROOFS, AT_ONCE = 100_000, 500, 200, 10_000
BARE = "CREATE TABLE bare (seq integer PRIMARY KEY, data bytea, leaf_hash text, nodes bytea)"


class Measured(Fact):
    """A fact of no consequence."""


@use_case
def recorded(_actor: object, count: int, now: dt.datetime) -> None:
    for _ in range(count):
        record(SYSTEM, Measured(1, "body", 1), now)


def measure() -> list[Row]:
    enter = Row(f"entering {BATCH} facts into a log of 10⁵", "ms", "the same hashed and inserted bare", "lower")
    prove = Row("one inclusion proof at 10⁵", "ms", "the tree built in memory for it", "lower")
    check = Row("recomputing a log of 10⁵", "s", "its leaves hashed into one root", "lower")
    with stage.on_postgresql() as (_application, server, database):
        with server.connect(database) as owner:
            owner.execute(BARE)
            owner.execute("GRANT ALL ON bare TO ecab_app")
        hashes = _fill(ENTRIES)
        alternate(enter, _enter, _bare)
        alternate(prove, lambda: _prove(hashes), lambda: seconds(lambda: inclusion_proof(1, hashes)) * 1000)
        alternate(check, _check, lambda: seconds(lambda: _root(hashes)), rounds=1)
    return [enter, prove, check]


def _fill(count: int) -> list[bytes]:
    """Facts written in bulk, hashed like any others, and entered by the sequencer; the leaf hashes in order."""
    now = dt.datetime.now(dt.UTC)
    payload = {"body_id": 1, "subject_type": "body", "subject_id": 1}
    sha256 = digest(canonical([Measured.__name__, payload, None, now.isoformat()]))
    row = {"fact": Measured.__name__, "payload": payload, "actor_id": None, "at": now, "sha256": sha256, **payload}
    for begin in range(0, count, AT_ONCE):
        made = insert(table(AuditEntry)).returning(table(AuditEntry).c.id)
        ids = db.session.execute(made, [row] * AT_ONCE).scalars().all()
        db.session.execute(insert(table(LogPending)), [{"audit_entry_id": number} for number in ids])
        db.session.commit()
        while sequencing.enter(SYSTEM, now):
            pass
        sys.stderr.write(f"  filled {begin + AT_ONCE}\n")
    rows = select(table(LogEntry).c.leaf_hash).order_by(table(LogEntry).c.seq)
    return [bytes.fromhex(each) for each in db.session.scalars(rows)]


def _enter() -> float:
    now = dt.datetime.now(dt.UTC)
    recorded(SYSTEM, BATCH, now)
    return seconds(lambda: sequencing.enter(SYSTEM, now)) * 1000


def _bare() -> float:
    def act() -> None:
        frontier = Frontier()
        rows = []
        for seq in range(BATCH):
            data = secrets.token_bytes(150)
            hashed = leaf_hash(data)
            rows.append({"seq": seq, "data": data, "leaf": hashed.hex(), "nodes": b"".join(frontier.grow(hashed))})
        db.session.execute(text("INSERT INTO bare VALUES (:seq, :data, :leaf, :nodes)"), rows)
        db.session.commit()

    db.session.execute(text("DELETE FROM bare"))
    db.session.commit()
    return seconds(act) * 1000


def _prove(hashes: list[bytes]) -> float:
    size = len(hashes)
    tree_root = installation_log.head(size).root
    indexes = [random.randrange(size) for _ in range(PROOFS)]

    def act() -> None:
        for index in indexes:
            proof = installation_log.inclusion_proof(index, size)
            assert verify_inclusion(hashes[index], index, size, proof, tree_root)  # noqa: S101

    return seconds(act) / PROOFS * 1000


def _check() -> float:
    return seconds(log_checks.examine)


def _root(hashes: list[bytes]) -> bytes:
    return root([leaf_hash(each) for each in hashes])
