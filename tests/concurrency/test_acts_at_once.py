"""Two people at two desks do the same or the opposite at once, on PostgreSQL: one wins, the other is told so."""

import time

import pytest

from app.extensions import db
from app.models import KeyState, Poll, PollState, RecoveryKind, RollEntry, Seat, SeatRole
from app.workflows import keys, meetings, polls
from app.workflows.engine import visibility
from tests.concurrency.crowd import at_once
from tests.conftest import on_postgresql

pytestmark = on_postgresql


@pytest.fixture
def late(monkeypatch):
    """Whoever has looked at a row waits before locking it, so that everybody has looked before anybody acts."""
    real = visibility.seen

    def seen(*args):
        row = real(*args)
        time.sleep(0.2)
        return row

    for room in (keys, meetings, polls):
        monkeypatch.setattr(room, "seen", seen)


def codes(answers):
    return sorted(getattr(answer, "code", "done") for answer in answers)


def test_a_seat_taken_back_twice_at_once_is_a_refusal_and_no_failure(app, scene, late):
    clerk, guest = scene.who["clerk"], scene.who["guest"].person_id
    seat_id = meetings.add_seat(clerk, scene.meeting_id, guest, SeatRole.GUEST, scene.now).id
    db.session.remove()
    answers = at_once(app, [lambda: meetings.remove_seat(clerk, seat_id, scene.now)] * 2)
    assert codes(answers) == ["done", "not_found"]
    assert db.session.get(Seat, seat_id) is None


def test_no_vote_opens_with_a_key_that_is_suspended_in_the_same_moment(app, scene, monkeypatch):
    """The key is suspended while the roll is being written: one of the two waits for the other."""
    scene.open()
    who, poll_id = scene.who, scene.draft().id
    owner = who["b"].person_id
    asked = keys.request_recovery(who["clerk"], owner, RecoveryKind.REPLACE, "Mất", scene.now).id
    real = polls.definition_of

    def slow(*args, **kwargs):
        time.sleep(0.5)
        return real(*args, **kwargs)

    def suspend():
        time.sleep(0.2)
        return keys.approve_recovery(who["records"], asked, scene.now)

    monkeypatch.setattr(polls, "definition_of", slow)
    db.session.remove()
    at_once(app, [lambda: polls.open_poll(who["secretary"], poll_id, now=scene.now), suspend])
    assert db.session.get_one(Poll, poll_id).state is PollState.OPEN
    pinned = db.session.get_one(RollEntry, (poll_id, owner)).certificate_id
    suspended = keys.active_key(owner).state is KeyState.SUSPENDED
    assert (pinned is None) == suspended
