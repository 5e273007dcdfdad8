"""Opinion slips to a whole body: the issue, who hears of it when, a burst of answers, board, synthesis, and memory.

Two web processes as production runs them, on a durable PostgreSQL. ECABINET_BENCH_MEMBERS makes the body smaller.
"""

import datetime as dt
import json
import os
import secrets
import statistics
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from string import Template
from typing import Any

import psycopg
import socketio
from sqlalchemy import func, select

from app.extensions import db
from app.gateways import signing
from app.models import Choice, Notice, Queue, Slip, SlipAnswer, SlipRecipient
from app.tasks import relay
from app.workflows import slip_answers, slip_closing, synthesis
from app.workflows.engine.rights import SYSTEM, Actor
from app.workflows.slip_answers import Said
from app.workflows.slip_facts import SlipIssued
from benchmarks import casting, fanout, load
from benchmarks.casting_http import COOKIE, DATABASE, MANY, WARM, WEB, Electorate, House, _look_in, _open_accounts
from benchmarks.measure import Row, seconds
from tests import cabinet
from tests.concurrency.crowd import Voter, enlarge
from tests.conftest import SETTINGS
from tests.servers import free_port
from tests.slipping import SlipScene

SMALL, LARGE = 27, int(os.environ.get("ECABINET_BENCH_MEMBERS", "5000"))
SCREENS, PAGES, PATIENCE = 200, 3, 60.0
ALLOWED, ALLOWANCE = 1.5, 300.0  # a page may take 1.5 times its query and 300 ms
TABLES = ("slip", "slip_leaf", "signed_statement", "slip_answer", "audit_entry", "log_pending", "job")

# What one counted answer reads, locks and writes (app/workflows/slip_counting.py), on copies without foreign keys.
SCRIPT = r"""
BEGIN;
SELECT version FROM bench_slip WHERE id = $slip FOR UPDATE;
SELECT slip.body_id, slip.state, slip.issued_at, slip.deadline_at, slip.passkey_demanded, slip.reason,
       (SELECT later.number_text FROM slip AS later WHERE later.previous_id = slip.id AND later.definition IS NOT NULL),
       asked.member_id, asked.roll_index, asked.certificate_id, certificate.subject, certificate.serial,
       certificate.not_after, revoked.at, key.state, key.provider, shown.sha256, shown.statement, shown.expires_at,
       shown.nonce, shown.choice, shown.supersedes_id,
       EXISTS (SELECT id FROM bench_slip_answer AS answer
               WHERE answer.slip_id = slip.id AND answer.member_id = asked.member_id)
  FROM bench_slip AS slip
  LEFT JOIN slip_recipient AS asked ON asked.slip_id = slip.id AND asked.member_id = $member
  LEFT JOIN certificate ON certificate.id = asked.certificate_id
  LEFT JOIN certificate_revocation AS revoked ON revoked.certificate_id = asked.certificate_id
  LEFT JOIN signing_key AS key ON key.certificate_id = asked.certificate_id
  LEFT JOIN slip_prepared AS shown
    ON shown.slip_id = asked.slip_id AND shown.person_id = asked.member_id AND shown.sha256 = '$sha256'
  WHERE slip.id = $slip;
SELECT seq, at, frontier FROM bench_slip_leaf WHERE slip_id = 1 ORDER BY seq DESC LIMIT 1;
INSERT INTO bench_slip_leaf (slip_id, seq, body_id, kind, data, leaf_hash, root, frontier, at)
  VALUES (1, nextval('bench_seq'), 1, 'answer', repeat('x', 300)::bytea, repeat('a', 64), repeat('b', 64), '[]', now());
INSERT INTO bench_signed_statement (id, body_id, kind, person_id, statement, sha256, cms, certificate_id, signed_at)
  VALUES (nextval('bench_seq'), 1, 'slip_answer', 1, repeat('x', 900)::bytea,
          md5(random()::text) || md5(random()::text), repeat('y', 900)::bytea, 1, now());
INSERT INTO bench_slip_answer (id, slip_id, member_id, body_id, nonce, choice, statement_id, leaf_seq, answered_at)
  VALUES (nextval('bench_seq'), 1, nextval('bench_seq'), 1, md5(random()::text), 'agree', nextval('bench_seq'),
          nextval('bench_seq'), now());
DELETE FROM slip_draft WHERE slip_id = 1 AND member_id = 1;
INSERT INTO bench_audit_entry (id, body_id, subject_type, subject_id, actor_id, at, fact, payload, sha256)
  VALUES (nextval('bench_seq'), 1, 'slip', 1, 1, now(), 'SlipAnswered', '{"answer_id": 1}', repeat('c', 64));
INSERT INTO bench_log_pending (audit_entry_id) VALUES (nextval('bench_seq'));
INSERT INTO bench_job (id, body_id, name, queue, payload, dedupe_key, state, created_at, due_at, worker, attempts,
                       last_error, progress_done, progress_total, cancel_asked)
  VALUES (nextval('bench_seq'), 1, 'slips.announce', 'live', '{"audit_entry_id": 1}', md5(random()::text), 'due',
          now(), now(), '', 0, '', 0, 0, false);
UPDATE bench_slip SET version = version + 1 WHERE id = $slip;
COMMIT;
"""
BARE_ISSUE = (
    "INSERT INTO bench_recipient SELECT * FROM slip_recipient WHERE slip_id = %(slip)s",
    "INSERT INTO bench_notice SELECT * FROM notice WHERE audit_entry_id IN (SELECT id FROM audit_entry "
    "WHERE fact = 'SlipIssued' AND subject_id = %(slip)s)",
)
BOARD = """
    SELECT slip_recipient.*, slip_answer.* FROM slip_recipient LEFT JOIN slip_answer USING (slip_id, member_id)
    WHERE slip_id = %(slip)s ORDER BY roll_index
"""
SYNTHESIS = """
    SELECT opinion.*, opinion_group.leader_id, slip_recipient.name, slip_recipient.post FROM opinion
    JOIN opinion_group ON opinion_group.opinion_id = opinion.id
    JOIN slip_recipient ON slip_recipient.slip_id = opinion.slip_id
      AND slip_recipient.member_id = opinion.member_id
    WHERE opinion.slip_id = %(slip)s ORDER BY opinion.id
"""


class Asked(Electorate):
    """Members with accounts and sessions, whose answers to the next slip are signed before anybody counts them."""

    def __init__(self, house: House) -> None:
        super().__init__(house.application)
        self.house, self.scene = house, SlipScene()

    def grow(self, members: int) -> None:
        self.voters = enlarge(members - len(self.voters or cabinet.MEMBERS) + len(cabinet.MEMBERS))
        _open_accounts(SYSTEM, [voter.actor.person_id or 0 for voter in self.voters])
        db.session.remove()
        relay.drain(dt.datetime.now(dt.UTC))  # whatever is to be told of new keys

    def approved(self) -> int:
        self.scene.now = dt.datetime.now(dt.UTC)
        slip_id = self.scene.approved().id
        db.session.remove()
        relay.drain(self.scene.now)
        return slip_id

    def enter(self, actor: Actor) -> None:
        if actor.person_id not in self.entered:
            _open_accounts(SYSTEM, [actor.person_id or 0])
            self.entered[actor.person_id or 0] = self._enter(actor)

    def cookie(self, actor: Actor) -> str:
        return f"{COOKIE}={self.entered[actor.person_id or 0][0]}"

    def said(self, method: str, path: str, actor: Actor, body: bytes = b"", kind: str = "application/json") -> bytes:
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nContent-Type: {kind}\r\n"
            f"Cookie: {self.cookie(actor)}\r\nX-CSRFToken: {self.entered[actor.person_id or 0][1]}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def answers(self, slip_id: int) -> list[bytes]:
        """The request of each member with the signed answer; two of three write some words of their own."""
        made = []
        for number, voter in enumerate(self.voters):
            self.enter(voter.actor)
            made.append(self._answer(slip_id, voter, number))
            db.session.remove()
        with self.house.server.connect(DATABASE) as connection:  # so many cannot be prepared within two minutes
            connection.execute("SET session_replication_role = replica")
            connection.execute("UPDATE slip_prepared SET expires_at = now() + interval '1 hour'")
        _look_in(SYSTEM, dt.datetime.now(dt.UTC))
        return made

    def _answer(self, slip_id: int, voter: Voter, number: int) -> bytes:
        at, choice = dt.datetime.now(dt.UTC), tuple(Choice)[number % len(Choice)]
        words = "" if choice is Choice.AGREE else f"Đề nghị rà soát nội dung số {number}, {secrets.token_hex(12)}."
        part: dict[str, Any] = {
            "question": 1, "choice": choice.value, "option": None, "text": words, "articles": []
        }  # fmt: skip
        prepared = slip_answers.prepare_answer(voter.actor, slip_id, Said([part]), secrets.token_urlsafe(16), at)
        statement = prepared.statement
        signature = signing.signer().sign(voter.key_ref, cabinet.PIN, statement, at)
        sent = {"statement": statement.decode(), "signature": b64encode(signature).decode()}
        return self.said("POST", f"/slips/{slip_id}/cast", voter.actor, json.dumps(sent).encode())


def measure() -> list[Row]:
    """One after the other on one body that grows from 27 to all its members."""
    with ExitStack() as stack:
        house = House(stack)
        with house.application.app_context():
            house.wait_until_it_answers()
            rows = _rows(house, Asked(house), _realtime(house, stack))
            db.session.remove()
            db.engine.dispose()
    return rows


def _realtime(house: House, stack: ExitStack) -> int:
    """The port of a realtime process, which tells the screens."""
    port = free_port()
    command = [sys.executable, "-m", "app.realtime.serve", "--port", str(port)]
    environment = {
        "ECABINET_DATABASE": house.server.url(DATABASE), "ECABINET_REDIS": house.redis.url,
        "ECABINET_SECRET_KEY": str(SETTINGS["SECRET_KEY"]), "ECABINET_DEMO": "", "ECABINET_ENV": "",
    }  # fmt: skip
    fanout.wait_for(house.redis, 1, [stack.enter_context(fanout.process(command, environment))])
    return port


def _rows(house: House, asked: Asked, port: int) -> list[Row]:
    asked.grow(SMALL)
    rows = [_issue(house, asked, SMALL)]
    asked.grow(LARGE)
    rows.append(_issue(house, asked, LARGE))
    slip_id = asked.approved()
    rows.append(_arrival(house, asked, slip_id, port))
    rows += _burst(house, asked, slip_id)
    rows.append(_page(house, asked, slip_id, "board", BOARD))
    slip_closing.close_slip(SYSTEM, slip_id, _deadline(slip_id))
    db.session.remove()
    rows.append(_page(house, asked, slip_id, "synthesis", SYNTHESIS))
    rows.append(_memory(asked, slip_id))
    for row in rows:
        sys.stderr.write(f"  {row.name}: {row.ours[-1]:.4g} / {row.theirs[-1]:.4g} {row.unit}\n")
    return rows


def _issue(house: House, asked: Asked, members: int) -> Row:
    """From the request to the last notice, which this process writes as a worker does; the anchor copies the rows."""
    row = Row(f"slip to {members} members: rows and notices", "ms", "the same rows copied by bare SQL", "lower")
    with house.server.connect(DATABASE) as connection:
        for name, table in (("recipient", "slip_recipient"), ("notice", "notice")):
            connection.execute(f"CREATE TABLE IF NOT EXISTS bench_{name} (LIKE {table} INCLUDING INDEXES)")
    for _number in range(PAGES):
        slip_id = asked.approved()
        deputy = asked.scene.who["deputy"]
        asked.enter(deputy)
        request = asked.said("POST", f"/slips/{slip_id}/issue", deputy, b"", "application/x-www-form-urlencoded")
        row.ours.append(seconds(partial(_told, house, request, slip_id)) * 1000)
        with house.server.connect(DATABASE) as connection:
            row.theirs.append(seconds(partial(_copied, connection, slip_id)) * 1000)
    return row


def _told(house: House, request: bytes, slip_id: int) -> None:
    _accepted(load.send_all(house.addresses[:1], [request], 1))
    relay.drain(dt.datetime.now(dt.UTC), [Queue.NOTIFY])
    about = Notice.details["subject_id"].as_integer() == slip_id
    told = select(func.count()).where(Notice.kind == SlipIssued.__name__, about)
    wanted = select(func.count()).where(SlipRecipient.slip_id == slip_id)
    found, asked = db.session.scalar(told), db.session.scalar(wanted) or 0
    if found != asked - 1:  # who issues it is not told of the own act
        raise RuntimeError(f"{found} notices for {asked} members")
    db.session.remove()


def _copied(connection: "psycopg.Connection[Any]", slip_id: int) -> None:
    connection.execute("TRUNCATE bench_recipient, bench_notice")
    for statement in BARE_ISSUE:
        connection.execute(statement, {"slip": slip_id})


def _arrival(house: House, asked: Asked, slip_id: int, realtime: int) -> Row:
    """Until 99 of 100 open screens have heard of it; the goal is that all have it within three seconds."""
    deputy = asked.scene.who["deputy"]
    members = [voter.actor for voter in asked.voters[-min(SCREENS, len(asked.voters)) :]]
    for actor in members:
        asked.enter(actor)
    _look_in(SYSTEM, dt.datetime.now(dt.UTC))
    db.session.remove()
    row = Row(f"slip to {LARGE} members → p99 of {len(members)} screens", "ms", "three seconds", "lower", 1.0)
    request = asked.said("POST", f"/slips/{slip_id}/issue", deputy, b"", "application/x-www-form-urlencoded")
    with _screens(realtime, [asked.cookie(actor) for actor in members], slip_id) as heard:
        begun = time.perf_counter()
        _accepted(load.send_all(house.addresses[:1], [request], 1))
        times = [(each() - begun) * 1000 for each in heard]
    row.ours, row.theirs = [statistics.quantiles(times, n=100)[-1]], [3000.0]
    return row


@contextmanager
def _screens(port: int, cookies: Sequence[str], slip_id: int) -> Any:
    """Sockets of members; each says when it heard of the slip."""
    sockets, waits = [], []
    for cookie in cookies:
        socket, heard, at = socketio.Client(reconnection=False), threading.Event(), list[float]()

        def hear(_event: str, message: Any, heard: threading.Event = heard, at: list[float] = at) -> None:
            if isinstance(message, dict) and message.get("slip_id") == slip_id and not at:
                at.append(time.perf_counter())
                heard.set()

        socket.on("*", hear, namespace="/meetings")
        socket.connect(f"http://127.0.0.1:{port}", headers={"Cookie": cookie}, namespaces=["/meetings"],
                       transports=["websocket"])  # fmt: skip
        sockets.append(socket)
        waits.append(_waiting(heard, at))
    try:
        yield waits
    finally:
        for socket in sockets:
            socket.disconnect()


def _waiting(heard: threading.Event, at: list[float]) -> Callable[[], float]:
    def wait() -> float:
        if not heard.wait(PATIENCE):
            raise TimeoutError("a screen heard nothing of the slip")
        return at[0]

    return wait


def _burst(house: House, asked: Asked, slip_id: int) -> list[Row]:
    """Every member once, as fast as two processes take them; a lost answer shows in the second row."""
    requests = asked.answers(slip_id)
    script = house.folder / "answers.sql"
    script.write_text(_as_answered(house, slip_id))
    _copy_tables(house, slip_id)
    rate = Row(f"{len(requests)} signed answers at once, {WEB} web processes, {MANY} clients", "answers/s",
               "pgbench, same statements and locks", "higher", 0.5)  # fmt: skip
    _accepted(load.send_all(house.addresses, requests[:WARM], MANY))
    rate.ours.append(_accepted(load.send_all(house.addresses, requests[WARM:], MANY)).rate)
    rate.theirs.append(casting.pgbench(house.server, DATABASE, script, MANY))
    kept = Row(f"of {len(requests)} answers are counted", "answers", "all that were sent", "higher", 1.0)
    kept.ours.append(float(db.session.query(SlipAnswer).filter_by(slip_id=slip_id).count()))
    kept.theirs.append(float(len(requests)))
    db.session.remove()
    return [rate, kept]


def _as_answered(house: House, slip_id: int) -> str:
    """The script for this slip, with the text that one member was shown; an anchor without its rows is none."""
    shown = "SELECT person_id, sha256 FROM slip_prepared WHERE slip_id = %s LIMIT 1"
    with house.server.connect(DATABASE) as connection:
        ((member, sha256),) = connection.execute(shown, [slip_id]).fetchall()
    return Template(SCRIPT).substitute(slip=slip_id, member=member, sha256=sha256)


def _copy_tables(house: House, slip_id: int) -> None:
    with house.server.connect(DATABASE) as connection:
        connection.execute("CREATE SEQUENCE bench_seq")
        for table in TABLES:
            connection.execute(f"CREATE TABLE bench_{table} (LIKE {table} INCLUDING INDEXES)")
        connection.execute("INSERT INTO bench_slip SELECT * FROM slip WHERE id = %s", [slip_id])


def _page(house: House, asked: Asked, slip_id: int, name: str, query: str) -> Row:
    """A whole page over HTTP, beside 1.5 times its rows fetched by bare SQL and 300 ms."""
    clerk = asked.scene.who["clerk"]
    asked.enter(clerk)
    request = asked.said("GET", f"/slips/{slip_id}/{name}", clerk).replace(b"application/json", b"text/html", 1)
    row = Row(f"{name} of {LARGE} answers", "ms", "1.5 × its query + 300 ms", "lower", 1.0)
    for _number in range(PAGES):
        row.ours.append(_accepted(load.send_all(house.addresses[:1], [request], 1)).seconds[0] * 1000)
        with house.server.connect(DATABASE) as connection:
            fetched = seconds(partial(_fetched, connection, query, slip_id)) * 1000
        row.theirs.append(ALLOWED * fetched + ALLOWANCE)
    return row


def _fetched(connection: "psycopg.Connection[Any]", query: str, slip_id: int) -> list[Any]:
    return connection.execute(query, {"slip": slip_id}).fetchall()


def _memory(asked: Asked, slip_id: int) -> Row:
    """What this process takes after the fourth synthesis, beside what it took after the first."""
    row = Row(f"memory after four syntheses of {LARGE}", "MB", "after the first", "lower", 1.05)
    clerk, taken = asked.scene.who["clerk"], []
    for _number in range(PAGES + 1):
        synthesis.synthesis_of(clerk, slip_id)
        db.session.remove()
        taken.append(_megabytes())
    row.ours, row.theirs = [taken[-1]], [taken[0]]
    return row


def _megabytes() -> float:
    said = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in said.splitlines() if line.startswith("VmRSS:"))) / 1024


def _deadline(slip_id: int) -> dt.datetime:
    deadline = db.session.get_one(Slip, slip_id).deadline_at
    db.session.remove()
    if deadline is None:
        raise ValueError("an issued slip has a deadline")
    return deadline


def _accepted(answers: load.Answers) -> load.Answers:
    if set(answers.statuses) - {200, 303}:
        raise RuntimeError(f"refused: {answers.statuses} {answers.bodies[-1][:300]!r}")
    return answers
