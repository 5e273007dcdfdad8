"""Ballots cast per second on PostgreSQL, beside the same statements under the same locks run by pgbench."""

import itertools
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from flask import Flask

from app.extensions import db
from benchmarks.measure import Row, alternate, seconds
from tests.concurrency.crowd import Signed, Voter, cast, check_history, open_poll, sign
from tests.servers import PostgresServer, program

MEMBERS, CLIENTS = 200, 8
PGBENCH_SECONDS = 5

# What one counted ballot writes and locks (app/workflows/counting.py), on copies of the tables without foreign keys.
TABLES = ("meeting", "poll", "poll_leaf", "signed_statement", "ballot", "audit_entry", "job")
SCRIPT = r"""
\set member random(1, 1000000000)
BEGIN;
SELECT * FROM bench_meeting WHERE id = 1 FOR UPDATE;
SELECT id, state, definition_sha256 FROM bench_poll WHERE id = 1 FOR UPDATE;
INSERT INTO bench_poll_leaf (poll_id, seq, body_id, kind, data, leaf_hash, root, frontier, at)
  VALUES (1, nextval('bench_seq'), 1, 'ballot', repeat('x', 300)::bytea, repeat('a', 64), repeat('b', 64), '[]', now());
INSERT INTO bench_signed_statement (id, body_id, kind, person_id, statement, sha256, cms, certificate_id, signed_at)
  VALUES (nextval('bench_seq'), 1, 'ballot', 1, repeat('x', 700)::bytea, md5(random()::text) || md5(random()::text),
          repeat('y', 900)::bytea, 1, now());
INSERT INTO bench_ballot (id, poll_id, member_id, body_id, nonce, choice, place, statement_id, leaf_seq, cast_at)
  VALUES (nextval('bench_seq'), 1, nextval('bench_seq'), 1, md5(random()::text), 'agree', 'in_room',
          nextval('bench_seq'), nextval('bench_seq'), now());
INSERT INTO bench_audit_entry (id, body_id, subject_type, subject_id, actor_id, at, fact, payload, sha256)
  VALUES (nextval('bench_seq'), 1, 'poll', 1, 1, now(), 'BallotCast', '{"ballot_id": 1}', repeat('c', 64));
INSERT INTO bench_job (id, body_id, name, queue, payload, dedupe_key, state, created_at, due_at, worker, attempts,
                       last_error, progress_done, progress_total, cancel_asked)
  VALUES (nextval('bench_seq'), 1, 'polls.progress', 'live', '{"audit_entry_id": 1}', md5(random()::text), 'due',
          now(), now(), '', 0, '', 0, 0, false);
UPDATE bench_meeting SET version = version + 1 WHERE id = 1;
COMMIT;
"""


class Casting:
    """Fresh polls of two hundred members, one per round, with every ballot signed beforehand."""

    def __init__(self, application: Flask, server: PostgresServer, database: str) -> None:
        self.application, self.server, self.database = application, server, database
        self.script = Path(tempfile.mkdtemp(prefix="ecab-bench-")) / "cast.sql"
        self.script.write_text(SCRIPT)
        self.polls = self._polls()
        self.first: tuple[int, list[Signed]] | None = next(self.polls)
        copy_tables(server, database)

    def ours(self) -> float:
        """Ballots per second with eight clients, from signed ballots to committed receipts."""
        poll_id, signed = self.first or next(self.polls)
        self.first = None
        queue, lock, answers = iter(signed), threading.Lock(), []

        def client() -> None:
            with self.application.app_context():
                while True:
                    with lock:
                        each = next(queue, None)
                    if each is None:
                        return
                    answers.append(cast(poll_id, each)())

        def all_of_them() -> None:
            with ThreadPoolExecutor(CLIENTS) as pool:
                list(pool.map(lambda _n: client(), range(CLIENTS)))

        spent = seconds(all_of_them)
        if check_history(poll_id, answers) != {"ok": MEMBERS}:
            raise RuntimeError("a ballot was lost")
        db.session.remove()
        return MEMBERS / spent

    def anchor(self) -> float:
        """Transactions per second of pgbench with as many clients."""
        return pgbench(self.server, self.database, self.script, CLIENTS)

    def _polls(self) -> Iterator[tuple[int, list[Signed]]]:
        """The body grows once; each round gets a meeting and a poll of its own."""
        voters: list[Voter] = []
        for number in itertools.count():
            _scene, poll_id, everybody = open_poll(MEMBERS if number == 0 else 5)
            voters = voters or everybody
            signed = [sign(poll_id, voter) for voter in voters]
            db.session.remove()
            yield poll_id, signed


def copy_tables(server: PostgresServer, database: str) -> None:
    """Empty twins of the tables that a counted ballot touches, and the one meeting and poll that it locks."""
    with server.connect(database) as connection:
        connection.execute("CREATE SEQUENCE bench_seq")
        for table in TABLES:
            connection.execute(f"CREATE TABLE bench_{table} (LIKE {table} INCLUDING INDEXES)")
        for table in ("meeting", "poll"):
            connection.execute(f"INSERT INTO bench_{table} SELECT * FROM {table} LIMIT 1")  # noqa: S608


def pgbench(server: PostgresServer, database: str, script: Path, clients: int, *options: str) -> float:
    """Transactions per second of a script."""
    said = subprocess.run(
        [program("pgbench", "postgresql"), "-n", "-M", "prepared", "-c", str(clients), "-j", "2",
         "-T", str(PGBENCH_SECONDS), "-f", str(script), *options, "-h", "127.0.0.1", "-p", str(server.port),
         "-U", "postgres", database],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    line = next(line for line in said.stdout.splitlines() if line.startswith("tps"))
    return float(line.split()[2])


def measure(application: Flask, server: PostgresServer, database: str) -> Row:
    casting = Casting(application, server, database)
    row = Row("cast of pre-signed ballots, 8 clients", "ballots/s", "pgbench, same statements and locks", "higher")
    return alternate(row, casting.ours, casting.anchor)
