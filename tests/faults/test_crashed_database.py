"""The database crashes under 200 ballots at once: none that was acknowledged is lost, none is counted twice.

A cluster with every safeguard of the disk; it is crashed as a whole, or one of its processes is killed in the middle
of a transaction, upon which PostgreSQL ends all the others and recovers. The devices ask again with the same ballot.
"""

import os
import runpy
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app import create_app
from app.extensions import db
from app.gateways import signing, storage
from app.models import Ballot
from app.workflows import ballots
from app.workflows.counting import COUNTED
from tests.concurrency.crowd import Signed, at_once, cast, check_history, open_poll, sign
from tests.conftest import SETTINGS, _fill
from tests.faults.production import until
from tests.servers import PostgresServer
from tests.web import full

pytestmark = pytest.mark.fault

FURNISHED, DATABASE = "crowd", "crash"
MEMBERS = 200
CRASHES = 20 if full() else 1
PAUSE = 0.1  # seconds before a device asks again
ENOUGH = 120.0  # seconds until everything must have come right
UNDER_WAY = 20  # ballots that are acknowledged when it happens


@pytest.fixture(scope="module")
def prepared(durable: PostgresServer, gateways: dict[str, Any]) -> tuple[int, list[Signed]]:
    """A database with an open vote of 200 members, and the signed ballot of each: only the counting is under test."""
    durable.create_database(FURNISHED)
    settings = {**SETTINGS, **gateways, "APP_ROLE": "ecab_app"}
    signing.use(*gateways["SIGNER"])
    url = f"{durable.url(FURNISHED, 'ecab_owner')}?options=-csynchronous_commit%3Doff"  # the checkpoint makes it safe
    owner = create_app(**settings, SQLALCHEMY_DATABASE_URI=url)
    _fill(owner)
    with owner.app_context():
        _scene, poll_id, voters = open_poll(MEMBERS)
        signed = [sign(poll_id, voter) for voter in voters]
        db.session.remove()
        db.engine.dispose()
    durable.execute("CHECKPOINT")
    return poll_id, signed


@pytest.fixture
def served(durable: PostgresServer, prepared: object, gateways: dict[str, Any]) -> Iterator[Flask]:
    """The application on a database of its own, with a connection for each of so many devices."""
    durable.create_database(DATABASE, FURNISHED)
    durable.execute("CHECKPOINT")  # else a crash would take a fresh copy back to where it began
    signing.use(*gateways["SIGNER"])
    storage.use(gateways["STORE"])
    application = create_app(
        **SETTINGS, **gateways, SQLALCHEMY_DATABASE_URI=durable.url(DATABASE),
        SQLALCHEMY_ENGINE_OPTIONS={"pool_size": 10, "max_overflow": 240},
    )  # fmt: skip
    with application.app_context():
        yield application
        db.session.remove()
        db.engine.dispose()
    durable.drop_database(DATABASE)


class Devices:
    """Members with a signed ballot each; once some hold a receipt, a transaction that counts is held for the crash."""

    def __init__(self, app: Flask, poll_id: int, signed: list[Signed]) -> None:
        self.app, self.poll_id, self.signed = app, poll_id, signed
        self.acknowledged, self.counted, self.backend = 0, 0, 0
        self.enough_are_through, self.held, self.crashed = (threading.Event() for _each in range(3))

    def vote(self, signed: Signed) -> ballots.Receipt:
        """No answer means to ask again with the same ballot, until there is one."""
        deadline = time.monotonic() + ENOUGH
        while time.monotonic() < deadline:
            with suppress(DBAPIError):
                receipt = cast(self.poll_id, signed)()
                self._note()
                return receipt
            with suppress(DBAPIError):
                db.session.remove()
            time.sleep(PAUSE)
        raise AssertionError(f"no receipt within {ENOUGH:g} s")

    def _note(self) -> None:
        self.acknowledged += 1
        if self.acknowledged >= UNDER_WAY:
            self.enough_are_through.set()

    def vote_while(self, crash: Callable[["Devices"], None]) -> list[Any]:
        """Everybody at once; the crash comes as soon as some hold a receipt, and others are just counted."""
        acts: list[Callable[[], Any]] = [lambda each=each: self.vote(each) for each in self.signed[1:]]
        event.listen(Session, "before_commit", self._hold)
        try:
            return at_once(self.app, [self._last, *acts, lambda: self._then(crash)])[:-1]
        finally:
            event.remove(Session, "before_commit", self._hold)

    def _last(self) -> ballots.Receipt:
        """However fast the others are, one is still to be counted."""
        assert self.enough_are_through.wait(ENOUGH)
        return self.vote(self.signed[0])

    def _hold(self, session: Session) -> None:
        """Of what is counted twice the first time went down with the database."""
        if session.info.get("act") != "count_ballots":
            return
        self.counted += session.info.get(COUNTED, 0)
        if self.enough_are_through.is_set() and not self.held.is_set():
            self.backend = session.connection().connection.driver_connection.info.backend_pid
            self.held.set()
            assert self.crashed.wait(ENOUGH)

    def _then(self, crash: Callable[["Devices"], None]) -> int:
        assert self.held.wait(ENOUGH)
        crash(self)
        self.crashed.set()
        return self.acknowledged


def kill_a_backend(server: PostgresServer, pid: int) -> None:
    """The process that serves one of the devices in the middle of its transaction; the master notices."""
    with server.connect() as observer:
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):  # it is ended with all the others
            observer.execute("SELECT pg_sleep(%s)", [ENOUGH])


CRASH: dict[str, Callable[[PostgresServer, Devices], None]] = {
    "the whole server": lambda server, _devices: server.restart(immediate=True),
    "one of its processes": lambda server, devices: kill_a_backend(server, devices.backend),
}


@pytest.mark.parametrize("what", CRASH)
@pytest.mark.parametrize("_crash", range(CRASHES))
def test_two_hundred_ballots_survive_a_crash_and_each_counts_once(served, durable, prepared, what, _crash):
    devices = Devices(served, *prepared)
    answers = devices.vote_while(lambda they: CRASH[what](durable, they))
    assert devices.counted > MEMBERS, "the crash came when everything was over"
    assert check_history(devices.poll_id, answers) == {"ok": MEMBERS}
    assert db.session.query(Ballot).count() == MEMBERS
    again = [cast(devices.poll_id, each)() for each in devices.signed[:10]]
    assert again == answers[:10], "the same ballot brings the same receipt"


@pytest.mark.parametrize("asks_first", [True, False])
def test_after_a_crash_whoever_asks_first_is_served(durable, prepared, gateways, monkeypatch, asks_first):
    """With the options of an installation; without the ping (negative control) the dead connection is used."""
    monkeypatch.setenv("ECABINET_DATABASE", durable.url(FURNISHED))
    options = runpy.run_path("config.py")["SQLALCHEMY_ENGINE_OPTIONS"] | (
        {} if asks_first else {"pool_pre_ping": False}
    )
    application = create_app(
        **SETTINGS, **gateways, SQLALCHEMY_DATABASE_URI=durable.url(FURNISHED), SQLALCHEMY_ENGINE_OPTIONS=options
    )
    with application.app_context():
        before = db.session.query(Ballot).count()
        db.session.remove()
        durable.restart(immediate=True)
        with nullcontext() if asks_first else pytest.raises(DBAPIError):
            assert db.session.query(Ballot).count() == before
        db.session.remove()
        db.engine.dispose()


ASIDE = "SELECT pid, wait_event FROM pg_stat_activity WHERE backend_type = %s"


@contextmanager
def without_who_writes_the_log(server: PostgresServer) -> Iterator[None]:
    """The process that brings it to the disk by and by stands still, idle; at the end the server crashes over it."""
    server.execute("ALTER SYSTEM SET autovacuum = off", "SELECT pg_reload_conf()")
    with server.connect() as observer:
        until(lambda: not observer.execute(ASIDE, ["autovacuum worker"]).fetchall())
        observer.execute("CHECKPOINT")
        writer = observer.execute(ASIDE, ["walwriter"]).fetchone()[0]

        def is_idle() -> bool:
            os.kill(writer, signal.SIGSTOP)
            until(lambda: Path(f"/proc/{writer}/stat").read_text().rpartition(")")[2].split()[0] == "T")
            if observer.execute(ASIDE, ["walwriter"]).fetchone()[1] == "WalWriterMain":
                return True
            os.kill(writer, signal.SIGCONT)
            return False

        until(is_idle)
    try:
        yield
    finally:
        os.kill(writer, signal.SIGKILL)
        server.restart(immediate=True)
        server.execute("ALTER SYSTEM RESET autovacuum", "SELECT pg_reload_conf()")


def test_without_synchronous_commits_the_oracle_finds_what_a_crash_took(served, durable, prepared):
    """Negative control: the same crash, and a server that acknowledges before the log is on the disk."""
    poll_id, signed = prepared[0], prepared[1][:27]
    durable.execute("ALTER ROLE ecab_app SET synchronous_commit = off")
    db.engine.dispose()
    try:
        with without_who_writes_the_log(durable):
            answers = at_once(served, [cast(poll_id, each) for each in signed])
            assert check_history(poll_id, answers) == {"ok": 27}
            db.session.remove()
        db.engine.dispose()
        with pytest.raises(AssertionError):
            check_history(poll_id, answers)
    finally:
        db.session.remove()
        durable.execute("ALTER ROLE ecab_app RESET synchronous_commit")
