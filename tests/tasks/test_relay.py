"""The relay: each job once, again after a failure, never in the way of others, and two relays side by side."""

import datetime as dt
import threading

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models import Job, JobState
from app.tasks import relay
from app.workflows.engine import outbox
from app.workflows.engine.transaction import own_transaction
from tests.cabinet import NOW
from tests.conftest import both


class Heard:
    """A handler that writes down what it was told, and fails as often as it is asked to."""

    def __init__(self) -> None:
        self.told: list[int] = []
        self.fail = 0

    def __call__(self, payload):
        self.told.append(payload["n"])
        if self.fail:
            self.fail -= 1
            raise OSError("nobody answers")


@pytest.fixture
def heard(app, monkeypatch):
    handler = Heard()
    monkeypatch.setitem(outbox.handlers, "test.hear", handler)
    return handler


def put(*numbers: int, name: str = "test.hear", due_at: dt.datetime = NOW) -> None:
    with own_transaction() as session:
        for n in numbers:
            session.add(Job(body_id=1, name=name, payload={"n": n}, dedupe_key=f"{name}:{n}", due_at=due_at))


def job(n: int = 1, name: str = "test.hear") -> Job:
    db.session.rollback()
    return db.session.scalars(select(Job).where(Job.dedupe_key == f"{name}:{n}")).one()


def others_done() -> None:
    """Jobs that the filled database brought along are none of these tests' business."""
    with own_transaction() as session:
        for waiting in session.scalars(select(Job)):
            waiting.state, waiting.done_at = JobState.DONE, NOW


@pytest.fixture(autouse=True)
def empty_outbox(app):
    others_done()


@both
def test_a_job_is_handled_once(heard):
    put(1, 2, 3)
    assert relay.drain(NOW) == 3
    assert relay.drain(NOW + dt.timedelta(hours=1)) == 0
    assert heard.told == [1, 2, 3]
    assert (job().state, job().done_at, job().attempts) == (JobState.DONE, NOW, 1)


def test_a_job_whose_time_has_not_come_waits(heard):
    put(1, due_at=NOW + dt.timedelta(minutes=1))
    assert relay.drain(NOW) == 0
    assert relay.drain(NOW + dt.timedelta(minutes=1)) == 1


@both
def test_a_failed_job_is_tried_again_later_and_keeps_its_reason(heard, caplog):
    heard.fail = 1
    put(1)
    assert relay.drain(NOW) == 0
    assert (job().state, job().last_error) == (JobState.DUE, "OSError: nobody answers")
    assert relay.drain(NOW) == 0, "not before its time"
    assert relay.drain(NOW + dt.timedelta(seconds=2)) == 1
    assert (job().state, job().last_error, job().attempts) == (JobState.DONE, "", 2)


def test_a_poisoned_job_never_stops_the_others_and_fails_for_good_at_last(heard, caplog):
    put(1, name="test.unknown")
    put(2, 3)
    now = NOW
    assert relay.drain(now) == 2
    for _ in range(relay.MOST_ATTEMPTS):
        now += relay.LONGEST_WAIT
        relay.drain(now)
    assert heard.told == [2, 3]
    poisoned = job(name="test.unknown")
    assert (poisoned.state, poisoned.attempts) == (JobState.FAILED, relay.MOST_ATTEMPTS)
    assert "KeyError" in poisoned.last_error


def test_a_handler_that_leaves_changes_behind_harms_nobody(app, heard, monkeypatch, caplog):
    def dirty(payload):
        db.session.add(Job(body_id=1, name="x", payload={}, dedupe_key="left behind", due_at=NOW))

    monkeypatch.setitem(outbox.handlers, "test.dirty", dirty)
    put(1, name="test.dirty")
    put(2)
    assert relay.drain(NOW) == 2
    assert db.session.scalar(select(Job).where(Job.dedupe_key == "left behind")) is None


@both
def test_a_relay_that_died_loses_its_job_to_another_after_the_lease(heard):
    put(1)
    assert [claimed.payload["n"] for claimed in relay._claim(NOW)] == [1]  # and here it died
    assert relay.drain(NOW + dt.timedelta(seconds=29)) == 0
    assert relay.drain(NOW + relay.LEASE) == 1
    assert (job().state, job().attempts) == (JobState.DONE, 2)


def test_a_relay_that_comes_back_late_does_not_undo_what_the_other_did(heard):
    put(1)
    late = relay._claim(NOW)
    relay.drain(NOW + relay.LEASE)
    relay._mark([(late[0], OSError("too late"))], NOW + relay.LEASE)
    assert (job().state, job().last_error) == (JobState.DONE, "")


@both
def test_two_relays_side_by_side_tell_everything_exactly_once(app, heard):
    put(*range(100))
    start = threading.Barrier(2)
    counts: list[int] = []

    def drain() -> None:
        with app.app_context():
            start.wait()
            counts.append(relay.drain(NOW))

    db.session.remove()
    threads = [threading.Thread(target=drain) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(heard.told) == list(range(100))
    assert sum(counts) == 100


def test_the_thread_is_woken_survives_a_stumble_and_stops(app, heard, monkeypatch, caplog):
    stop, stumbles = threading.Event(), []
    real = relay.drain

    def drain(now):
        if not stumbles:
            stumbles.append(now)
            raise ConnectionError("the database is away")
        return real(now)

    monkeypatch.setattr(relay, "drain", drain)
    monkeypatch.setattr(relay, "IDLE", 0.05)
    put(1)
    db.session.remove()
    thread = threading.Thread(target=relay.run_forever, args=(app, stop))
    thread.start()
    for _ in range(100):
        outbox.wake.set()
        if heard.told:
            break
        stop.wait(0.05)
    stop.set()
    outbox.wake.set()
    thread.join(5)
    assert heard.told == [1]
    assert stumbles
    assert not thread.is_alive()
