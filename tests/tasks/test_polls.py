"""The clock closes what is over, once, and one broken poll does not keep the others open."""

import datetime as dt

from app.models import PollState
from app.tasks import clock, polls
from app.workflows import polls as acts
from tests.conftest import both

LATER = dt.timedelta(minutes=10)


def opened(scene):
    return acts.open_poll(scene.who["secretary"], scene.draft().id, now=scene.now, closes_at=scene.now + LATER)


@both
def test_a_poll_closes_when_its_time_is_over(scene):
    scene.open()
    poll = opened(scene)
    assert polls.close_overdue_polls(scene.now) == 0
    assert polls.close_overdue_polls(scene.now + LATER) == 1
    assert poll.state is PollState.CLOSED
    assert polls.close_overdue_polls(scene.now + LATER) == 0


def test_a_refused_close_is_left_alone(scene, monkeypatch, caplog):
    scene.open()
    poll = opened(scene)
    acts.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    monkeypatch.setattr(acts, "overdue_poll_ids", lambda now: [poll.id])
    assert polls.close_overdue_polls(scene.now + LATER) == 0


def test_a_broken_poll_does_not_keep_the_others_open(scene, monkeypatch, caplog):
    scene.open()
    poll = opened(scene)
    close = acts.close_poll

    def broken(actor, poll_id, now):
        if poll_id == 0:
            raise ValueError("contradiction")
        return close(actor, poll_id, now)

    monkeypatch.setattr(acts, "overdue_poll_ids", lambda now: [0, poll.id])
    monkeypatch.setattr(acts, "close_poll", broken)
    assert polls.close_overdue_polls(scene.now + LATER) == 1
    assert "poll 0 could not be closed" in caplog.text


def test_a_beat_of_the_clock_closes_and_looks_at_the_sockets(scene):
    scene.open()
    poll = opened(scene)
    clock.beat(scene.now + LATER, sockets=True)
    assert poll.state is PollState.CLOSED
