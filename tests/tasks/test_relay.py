"""The relay's lanes: woken, stumbling, stopping; and what they hand over to the queues of a production."""

import threading

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models import Job, JobState, Queue
from app.tasks import hints, relay
from app.workflows.engine import outbox
from tests.cabinet import NOW
from tests.faults.production import ENOUGH, until
from tests.tasks.test_execution import Heard, empty_outbox, heard, job, put

__all__ = ["empty_outbox", "heard"]


def test_the_thread_is_woken_survives_a_stumble_and_stops(app, heard, monkeypatch, caplog):
    stop, stumbles = threading.Event(), []
    real = relay.drain

    def drain(now, lane, seconds):
        if not stumbles:
            stumbles.append(now)
            raise ConnectionError("the database is away")
        return real(now, lane, seconds)

    monkeypatch.setattr(relay, "drain", drain)
    monkeypatch.setattr(relay, "IDLE", 0.05)
    put(1)
    db.session.remove()
    thread = threading.Thread(target=relay.run_forever, args=(app, stop, (Queue.LIVE,)))
    thread.start()
    outbox.wake.set()
    try:
        until(lambda: heard.told, "nobody was told")
    finally:
        stop.set()
        outbox.wake.set()
        thread.join(ENOUGH)
    assert heard.told == [1]
    assert stumbles
    assert not thread.is_alive()


def test_a_storm_of_acts_is_looked_at_once_in_a_pace(app, monkeypatch):
    """However often it is woken, the lane rests between two looks, and what came meanwhile goes together."""
    done = []

    class Stop(threading.Event):
        def wait(self, timeout=None):
            done.append(timeout)
            outbox.wake.set()
            return self.is_set()

    stop = Stop()

    def look(*_given):
        done.append("look")
        if done.count("look") == 3:
            stop.set()

    monkeypatch.setattr(relay, "drain", look)
    monkeypatch.setattr(relay, "hand_over", lambda _now: 0)
    outbox.wake.set()
    relay.run_forever(app, stop)
    assert done == ["look", relay.PACE] * 3


@pytest.fixture
def elsewhere(app, monkeypatch):
    """An installation whose live jobs are done elsewhere, with a queue that writes down what it is told."""
    told: list[tuple[str, int, int]] = []
    monkeypatch.setitem(app.config, "TASK_RUNNERS", app.config["TASK_RUNNERS"] | {"live": "rq"})
    monkeypatch.setitem(hints.SENDERS, "rq", lambda *hint: told.append(hint))
    monkeypatch.setattr(hints, "_rest_until", 0.0)
    monkeypatch.setattr(hints, "look", lambda runners: hints.Seen(empty=frozenset(runners)))  # there is no Redis
    return told


def test_what_is_done_elsewhere_is_handed_over_once_and_again_when_nobody_came(heard: Heard, elsewhere):
    put(1, 2)
    ids = list(db.session.scalars(select(Job.id).where(Job.state == JobState.DUE).order_by(Job.id)))
    assert relay.hand_over(NOW) == 2
    assert elsewhere == [("live", job_id, 0) for job_id in ids]
    assert relay.hand_over(NOW) == 0
    assert relay.hand_over(NOW + relay.HINT_LASTS) == 2, "the queue may have lost them"
    assert heard.told == []


def test_a_queue_that_is_away_costs_nothing_but_time(heard: Heard, elsewhere, monkeypatch, caplog):
    def away(*_hint):
        raise ConnectionRefusedError

    monkeypatch.setitem(hints.SENDERS, "rq", away)
    put(1, 2)
    assert relay.hand_over(NOW) == 0
    assert caplog.text.count("does not answer") == 1, "one try, then a rest"
    assert (job().state, job().handed_at) == (JobState.DUE, None)
    monkeypatch.setattr(hints, "_rest_until", 0.0)
    monkeypatch.setitem(hints.SENDERS, "rq", lambda *hint: elsewhere.append(hint))
    assert relay.hand_over(NOW) == 2


def test_every_queue_has_one_lane_and_an_embedded_installation_works_them_all(app):
    assert sorted(queue for lane in relay.LANES for queue in lane) == sorted(Queue)
    assert relay.lanes_here(app.config["TASK_RUNNERS"]) == list(relay.LANES)
    production = dict.fromkeys(Queue, "celery") | {Queue.LIVE: "thread"}
    assert relay.lanes_here(production) == [(Queue.LIVE,)]
