"""Ballots cast over HTTP by two web processes as production runs them, beside what pgbench makes of the same.

The members are signed in and their ballots signed beforehand; what is measured is request, session, rights, signature
and commit. One anchor repeats the statements and the lock of a counted ballot, the other the shape in which another
open system stores a vote: read who has voted, append, rewrite, insert, and again when somebody else was faster.
"""

import datetime as dt
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from flask import Flask, Response, g, session
from flask_appbuilder.security.sqla.models import User
from flask_migrate import upgrade
from flask_wtf.csrf import generate_csrf
from sqlalchemy import update

from app import create_app
from app.commands import sync_roles
from app.extensions import db
from app.gateways import signing, storage
from app.models import Choice, LoginSession, Person
from app.views.living import TOKEN, USER
from app.workflows import ballots, login
from app.workflows.engine.rights import SYSTEM, Actor
from app.workflows.engine.transaction import use_case
from app.workflows.login_tries import account_of
from benchmarks import casting, load
from benchmarks.measure import Row
from tests import cabinet
from tests.concurrency.crowd import Voter, open_poll
from tests.conftest import SETTINGS
from tests.servers import PostgresServer, RedisServer, free_port

MEMBERS, ROUNDS, WEB = 200, 3, 2
FEW, MANY = 8, 32  # clients
WARM = 32  # ballots of each round that nobody times
DATABASE, COOKIE = "ecab_casting", "__Host-ecabinet"
ROOT = Path(__file__).parents[1]
SINCE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

WHO_VOTED = r"""
\set voter random(1, 1000000000)
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT state, user_ids FROM bench_who_voted WHERE id = 1;
UPDATE bench_who_voted SET user_ids = user_ids || int4send(:voter) WHERE id = 1;
INSERT INTO bench_vote (poll_id, user_id, vote) VALUES (1, :voter, repeat('x', 300)::bytea);
COMMIT;
"""


class House:
    """A durable PostgreSQL, a Redis, and web processes on their own ports over one folder of keys."""

    def __init__(self, stack: ExitStack) -> None:
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ecab-bench-")))
        self.server, self.redis = PostgresServer(durable=True), RedisServer()
        stack.callback(self.server.stop)
        stack.callback(self.redis.stop)
        self.server.create_database(DATABASE)
        self.settings = {
            **SETTINGS, "STORE": storage.MemoryStorage(), "APP_ROLE": "ecab_app", "SIGNER": self._signer(),
        }  # fmt: skip
        self._fill()
        self.application = create_app(**self.settings, SQLALCHEMY_DATABASE_URI=self.server.url(DATABASE))
        self.addresses = [("127.0.0.1", free_port()) for _ in range(WEB)]
        for _host, port in self.addresses:
            process = self._serve(port)
            stack.callback(process.wait, 20)
            stack.callback(process.terminate)

    def _signer(self) -> tuple[signing.MemorySigner, tuple[bytes, ...]]:
        key = self.folder / "installation.key"
        signing.create_installation_key(key)
        made = signing.Authority.create(self.folder / "authority", SINCE, demo=True, installation_key=key.read_bytes())
        return signing.MemorySigner(made), tuple(made.chain())

    def _fill(self) -> None:
        owner = create_app(**self.settings, SQLALCHEMY_DATABASE_URI=self.server.url(DATABASE, "ecab_owner"))
        with owner.app_context():
            upgrade(directory=str(ROOT / "migrations"))
            sync_roles()
            cabinet.build(owner)
            db.session.remove()
            db.engine.dispose()

    def _serve(self, port: int) -> "subprocess.Popen[bytes]":
        environment = {
            **os.environ, "ECABINET_VAR": str(self.folder), "ECABINET_DATABASE": self.server.url(DATABASE),
            "ECABINET_APP_ROLE": "ecab_app", "ECABINET_SECRET_KEY": SETTINGS["SECRET_KEY"], "PORT": str(port),
            "ECABINET_REDIS": self.redis.url, "ECABINET_DEMO": "", "ECABINET_ENV": "",
        }  # fmt: skip
        with (self.folder / f"web-{port}.log").open("w") as log:
            return subprocess.Popen(
                [sys.executable, "run.py"], cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
            )

    def wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + 60
        for address in self.addresses:
            while True:
                try:
                    load.send_all([address], [b"GET /login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"], 1)
                    break
                except ConnectionError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.2)


class Electorate:
    """Members with accounts and sessions; each round has a meeting and a poll of its own, with every ballot signed."""

    def __init__(self, application: Flask, members: int = MEMBERS) -> None:
        self.application, self.members, self.voters, self.meeting_id = application, members, list[Voter](), 0
        self.entered: dict[int, tuple[str, str]] = {}
        self.polls = self._polls()

    def next_requests(self) -> list[bytes]:
        return next(self.polls)

    def _polls(self) -> Iterator[list[bytes]]:
        while True:
            scene, poll_id, everybody = open_poll(5 if self.voters else self.members)
            self.meeting_id = scene.meeting_id
            if not self.voters:
                self.voters = everybody
                _open_accounts(SYSTEM, [voter.actor.person_id or 0 for voter in everybody])
                self.entered = {voter.actor.person_id or 0: self._enter(voter.actor) for voter in everybody}
            requests = [self._request(poll_id, voter) for voter in self.voters]
            _look_in(SYSTEM, dt.datetime.now(dt.UTC))
            db.session.remove()
            yield requests

    def _enter(self, actor: Actor) -> tuple[str, str]:
        """Session cookie and form token of a member who has signed in."""
        user_id = db.session.query(Person.user_id).filter_by(id=actor.person_id).scalar()
        account = account_of(user_id)
        if account is None:
            raise LookupError(user_id)
        token = login.begin(account.actor, account, None, "benchmark", dt.datetime.now(dt.UTC))
        with self.application.test_request_context("/"):
            session.update({TOKEN: token, USER: str(user_id), "_fresh": True, "locale": "vi"})
            g.pop("csrf_token", None)
            form_token, answer = generate_csrf(), Response()
            self.application.session_interface.save_session(self.application, session, answer)  # type: ignore[arg-type]
        return answer.headers["Set-Cookie"].split("=", 1)[1].split(";")[0], form_token

    def _request(self, poll_id: int, voter: Voter) -> bytes:
        at = dt.datetime.now(dt.UTC)
        prepared = ballots.prepare_ballot(voter.actor, poll_id, Choice.AGREE, secrets.token_urlsafe(16), now=at)
        statement = prepared.statement
        signature = signing.signer().sign(voter.key_ref, cabinet.PIN, statement, at)
        body = json.dumps({"statement": statement.decode(), "signature": b64encode(signature).decode()}).encode()
        cookie, token = self.entered[voter.actor.person_id or 0]
        head = (
            f"POST /polls/{poll_id}/cast HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
            f"Content-Type: application/json\r\nCookie: {COOKIE}={cookie}\r\nX-CSRFToken: {token}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


@use_case
def _open_accounts(_actor: Actor, people: list[int]) -> None:
    for person in db.session.query(Person).filter(Person.id.in_(people), Person.user_id.is_(None)):
        name = f"tv{person.id}"
        user = User(first_name="x", last_name=name, username=name, email=f"{name}@example.vn", active=True)
        db.session.add(user)
        db.session.flush()
        person.user_id = user.id


@use_case
def _look_in(_actor: Actor, now: dt.datetime) -> None:
    """Everybody was here a moment ago: who casts a ballot has just prepared it."""
    db.session.execute(update(LoginSession).values(last_seen_at=now))


def measure() -> list[Row]:
    """Alternated rounds: the same vote by few and by many clients, and with Redis away."""
    with ExitStack() as stack:
        house = House(stack)
        with house.application.app_context():
            rows = _rounds(house, Electorate(house.application))
            db.session.remove()
            db.engine.dispose()
    return rows


def _rounds(house: House, electorate: Electorate) -> list[Row]:
    said = f"cast over HTTP, {WEB} web processes"
    few, many = (
        Row(f"{said}, {clients} clients", "ballots/s", "pgbench, same statements and locks", "higher", 0.5)
        for clients in (FEW, MANY)
    )
    whole = Row(f"{said}, {MANY} clients", "ballots/s", "pgbench, who-voted row rewritten for each vote", "higher", 10)
    away = Row("cast over HTTP with Redis away, median", "ms", "the same with Redis there", "lower", 1.2)
    same, other = _scripts(house, electorate)
    for _number in range(ROUNDS):
        few.ours.append(_cast(house, electorate, FEW).rate)
        few.theirs.append(casting.pgbench(house.server, DATABASE, same, FEW))
        many.ours.append(_cast(house, electorate, MANY).rate)
        many.theirs.append(casting.pgbench(house.server, DATABASE, same, MANY))
        whole.ours.append(many.ours[-1])
        whole.theirs.append(casting.pgbench(house.server, DATABASE, other, MANY, "--max-tries=0", "-L", "60000"))
        away.theirs.append(statistics.median(_cast(house, electorate, 2).seconds) * 1000)
        house.redis.pause()
        away.ours.append(statistics.median(_cast(house, electorate, 2).seconds) * 1000)
        house.redis.start()
        for row in (few, many, whole, away):
            sys.stderr.write(f"  {row.name}: {row.ours[-1]:.4g} / {row.theirs[-1]:.4g} {row.unit}\n")
    return [few, many, whole, away]


def _cast(house: House, electorate: Electorate, clients: int) -> load.Answers:
    """One poll, every member once; a ballot that is not counted ends the measurement."""
    requests = electorate.next_requests()
    house.wait_until_it_answers()
    warm = load.send_all(house.addresses, requests[:WARM], clients)
    answers = load.send_all(house.addresses, requests[WARM:], clients)
    if set(warm.statuses) | set(answers.statuses) != {200}:
        raise RuntimeError(f"not counted: {answers.statuses} {answers.bodies[-1][:300]!r}")
    return answers


def _scripts(house: House, electorate: Electorate) -> tuple[Path, Path]:
    electorate.next_requests()  # there is a meeting and a poll to copy
    casting.copy_tables(house.server, DATABASE)
    with house.server.connect(DATABASE) as connection:
        connection.execute("CREATE TABLE bench_who_voted (id int PRIMARY KEY, state text, user_ids bytea)")
        connection.execute("INSERT INTO bench_who_voted VALUES (1, 'started', '')")
        connection.execute("CREATE TABLE bench_vote (id bigserial PRIMARY KEY, poll_id int, user_id int, vote bytea)")
    same, other = house.folder / "same.sql", house.folder / "other.sql"
    same.write_text(casting.SCRIPT)
    other.write_text(WHO_VOTED)
    return same, other
