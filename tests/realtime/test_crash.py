"""The web process dies around the commit of a ballot: the same nonce gives one receipt, and the count is told later."""

import contextlib
import datetime as dt
import http.client
import json
import os
import signal
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from app.extensions import db
from app.models import Ballot, Choice, Job, JobState, PollLeaf
from app.realtime import polls as poll_sockets
from app.realtime.publishing import Away
from app.tasks import relay
from app.workflows import ballots, live
from app.workflows.engine import outbox
from tests.cabinet import NOW, PIN
from tests.conftest import both, nonce_of
from tests.views.browser import Browser

pytestmark = [pytest.mark.fault, both]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Bomb:
    """In place of the relay's alarm clock: the act is committed, and nobody will hear of it."""

    def set(self) -> None:
        die()


def after_commit() -> None:
    outbox.wake = Bomb()  # type: ignore[assignment]


def before_commit() -> None:
    @event.listens_for(Session, "before_commit")
    def _dies(session: Session) -> None:
        if session.info.get("act") == "count_ballots":
            die()


def web_process(app: Flask, fault: Callable[[], None]) -> tuple[int, int]:
    """Port and process id of a process of its own that serves the application and has this fault."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    db.session.remove()
    db.engine.dispose()  # no connection is shared
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            fault()
            server.serve_forever()
        os._exit(1)
    server.server_close()
    return server.port, child


def ask_until_it_dies(app: Flask, browser: Browser, poll_id: int, nonce: str, fault: Callable[[], None]) -> None:
    """Send the ballot to a process that dies over it; the device gets no answer."""
    cookie = browser.client.cookie(app)
    port, child = web_process(app, fault)
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {"Cookie": f"ecabinet={cookie}", "Content-Type": "application/json", "Accept": "application/json"}
    line.request("POST", f"/polls/{poll_id}/sign", json.dumps({"nonce": nonce, "pin": PIN}), headers)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        line.getresponse()
    line.close()
    _pid, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL


@pytest.fixture
def device(app, scene, clock):
    return Browser(app, "a")


@pytest.fixture
def prepared(scene):
    """An open vote and a ballot that was shown; everything before it has been told."""
    scene.open()
    poll_id, nonce = scene.open_poll().id, nonce_of("crash")
    ballots.prepare_ballot(scene.who["a"], poll_id, Choice.AGREE, nonce, now=NOW)
    relay.drain(NOW)
    return poll_id, nonce


def counted() -> tuple[int, int]:
    """Ballots and entries of the log, in the database."""
    db.session.rollback()
    return db.session.query(Ballot).count(), db.session.query(PollLeaf).count()


def test_killed_after_the_commit_the_ballot_stands_and_is_told_later(app, device, prepared, monkeypatch):
    poll_id, nonce = prepared
    ask_until_it_dies(app, device, poll_id, nonce, after_commit)
    assert counted() == (1, 2)
    first = device.send(f"/polls/{poll_id}/sign", nonce=nonce, pin=PIN)
    again = device.send(f"/polls/{poll_id}/sign", nonce=nonce, pin="000000")
    assert first.status_code == again.status_code == 200
    assert first.json == again.json, "the receipt is the same, and the key was not asked again"
    assert counted() == (1, 2)
    told: list[tuple[int, int]] = []
    pace = poll_sockets.Pace(lambda poll, _heard: told.append(live.progress_of(poll)), poll_sockets._later)
    monkeypatch.setattr(poll_sockets, "pace", pace)
    waiting = select(Job.state).where(Job.name == "polls.progress")
    assert db.session.scalars(waiting).all() == [JobState.DUE]
    relay.drain(NOW)
    assert told == [(1, 5)]
    db.session.rollback()
    assert db.session.scalars(waiting).all() == [JobState.DONE]


def test_a_folded_count_that_nobody_took_is_told_by_whoever_is_left(app, scene, prepared, monkeypatch):
    """Its jobs were done when it was to be told; then Redis was away, and the process ended before it was back."""
    poll_id, _nonce = prepared
    later, told = [], []

    def nobody(_poll: int, _heard: poll_sockets.Heard) -> None:
        raise Away

    def pace_of_a_process(send):
        pace = poll_sockets.Pace(send, lambda _s, call: later.append(call), reopen=poll_sockets._due_again)
        monkeypatch.setattr(poll_sockets, "pace", pace)
        return pace

    first = pace_of_a_process(lambda _poll, heard: told.append(heard.version))
    for name in ("a", "b", "head"):
        scene.vote(name, poll_id, "agree")
    relay.drain(NOW)
    first._send = nobody
    with pytest.raises(Away):
        later.pop()()
    pace_of_a_process(lambda _poll, heard: told.append(heard.version))
    relay.drain(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1))
    assert told == [told[0], told[0] + 2]
    assert set(db.session.scalars(select(Job.state).where(Job.name == "polls.progress"))) == {JobState.DONE}


def test_killed_before_the_commit_nothing_happened_and_the_next_try_counts_once(app, device, prepared):
    poll_id, nonce = prepared
    ask_until_it_dies(app, device, poll_id, nonce, before_commit)
    assert counted() == (0, 1)
    assert device.send(f"/polls/{poll_id}/sign", nonce=nonce, pin=PIN).status_code == 200
    assert device.send(f"/polls/{poll_id}/sign", nonce=nonce, pin=PIN).status_code == 200
    assert counted() == (1, 2)
