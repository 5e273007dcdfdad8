"""Many members, many devices, one closing chair: what must hold when everything happens at once, on PostgreSQL.

Each promise has its negative control: the guard is taken away, and the same check must fail.
"""

import itertools
import os
import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql import Select

from app.extensions import db
from app.models import Ballot, Poll, PollState
from app.workflows import ballots, poll_log, polls
from tests.cabinet import NOW
from tests.concurrency.crowd import at_once, cast, check_history, open_poll, sign
from tests.conftest import on_postgresql

pytestmark = on_postgresql
SIZES = [27, 200]
REPEATS = 5 if os.environ.get("ECABINET_TEST_FULL") else 1


@pytest.fixture(params=["together", "apart"])
def way(request, monkeypatch):
    """Ballots are counted together in one process, and apart where there are many: both must hold."""
    if request.param == "apart":
        apart(monkeypatch)
    return request.param


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("members", SIZES)
@pytest.mark.parametrize("_repeat", range(REPEATS))
def test_everybody_votes_at_once_and_every_ballot_is_counted_once(app, members, _repeat):
    _scene, poll_id, voters = open_poll(members)
    signed = [sign(poll_id, voter) for voter in voters]
    db.session.remove()
    answers = at_once(app, [cast(poll_id, each) for each in signed])
    assert check_history(poll_id, answers) == {"ok": members}
    assert db.session.query(Ballot).count() == members


@pytest.mark.parametrize("members", SIZES)
def test_preparing_and_casting_at_once_keeps_the_log_whole(app, members):
    """The whole way of each member in a thread: prepare, sign, cast, with others in between."""
    _scene, poll_id, voters = open_poll(members)
    answers = at_once(app, [lambda voter=voter: cast(poll_id, sign(poll_id, voter))() for voter in voters])
    assert check_history(poll_id, answers) == {"ok": members}


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("_repeat", range(REPEATS))
def test_of_two_devices_of_each_member_one_counts_and_the_other_sees_the_standing_receipt(app, _repeat):
    _scene, poll_id, voters = open_poll(27)
    pairs = [(sign(poll_id, voter, "agree"), sign(poll_id, voter, "disagree")) for voter in voters]
    db.session.remove()
    answers = at_once(app, [cast(poll_id, each) for pair in pairs for each in pair])
    assert check_history(poll_id, answers) == {"ok": 27, "another_ballot_stands": 27}
    for first, second in zip(answers[::2], answers[1::2], strict=True):
        won, lost = (first, second) if isinstance(first, ballots.Receipt) else (second, first)
        assert lost.details["receipt"] == won


@pytest.mark.usefixtures("way")
def test_one_device_that_sends_twice_at_once_gets_one_ballot_and_the_same_receipt(app):
    _scene, poll_id, voters = open_poll(27)
    signed = [sign(poll_id, voter) for voter in voters]
    db.session.remove()
    answers = at_once(app, [cast(poll_id, each) for each in signed for _ in range(3)])
    assert check_history(poll_id, answers) == {"ok": 81}
    assert db.session.query(Ballot).count() == 27
    assert len(set(answers)) == 27


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("_repeat", range(REPEATS))
def test_a_ballot_in_flight_at_the_close_is_counted_before_it_or_refused_after_it(app, _repeat):
    scene, poll_id, voters = open_poll(27)
    secretary = scene.who["secretary"]
    signed = [sign(poll_id, voter) for voter in voters]
    db.session.remove()
    acts = [cast(poll_id, each) for each in signed]
    acts.insert(13, lambda: polls.close_poll(secretary, poll_id, now=NOW))
    answers = at_once(app, acts)
    closed = answers.pop(13)
    assert not isinstance(closed, Exception)
    codes = check_history(poll_id, answers)
    assert codes["ok"] + codes["poll_closed"] == 27
    poll = db.session.get_one(Poll, poll_id)
    assert poll.state is PollState.CLOSED
    assert polls.count(poll)["agree"] == codes["ok"] == db.session.query(Ballot).count()


def apart(monkeypatch):
    """Every ballot in a transaction of its own, as those of many processes are."""
    monkeypatch.setattr(ballots, "counted_together", lambda key, cast: ballots.count_ballots(key[1], lambda: [cast])[0])


def unlocked(monkeypatch, casts, place):
    """Take away the row locks, and what stands before them in one process; all have looked before any takes a place."""
    gate = threading.Barrier(casts)

    def together(log, now):
        gate.wait(timeout=30)
        return place(log, now)

    apart(monkeypatch)
    monkeypatch.setattr(Select, "with_for_update", lambda self, **_kwargs: self)
    monkeypatch.setattr(poll_log.Growth, "next_place", together)


def test_without_the_lock_the_log_does_not_hold(app, monkeypatch):
    _scene, poll_id, voters = open_poll(27)
    signed = [sign(poll_id, voter) for voter in voters]
    db.session.remove()
    unlocked(monkeypatch, len(signed), poll_log.Growth.next_place)
    with pytest.raises(IntegrityError):
        at_once(app, [cast(poll_id, each) for each in signed])


def test_without_lock_and_constraints_a_member_gets_two_ballots(app, postgres_server, monkeypatch):
    _scene, poll_id, voters = open_poll(27)
    pairs = [(sign(poll_id, voter, "agree"), sign(poll_id, voter, "disagree")) for voter in voters]
    db.session.remove()
    unlocked(monkeypatch, 2 * len(pairs), _numbers())
    name = db.engine.url.database
    with postgres_server.connect(name) as superuser:
        superuser.execute("DROP INDEX ballot_first_once")
    at_once_ignoring_errors(app, [cast(poll_id, each) for pair in pairs for each in pair])
    doubles = db.session.execute(
        text("SELECT count(*) FROM (SELECT member_id FROM ballot WHERE supersedes_id IS NULL"
             " GROUP BY member_id HAVING count(*) > 1) AS doubled")
    ).scalar_one()  # fmt: skip
    assert doubles == len(pairs)


def _numbers():
    """Places in the log that never collide, so that only the ballots themselves are at stake."""
    counter = itertools.count(1)
    return lambda _log, _now: (next(counter), "2026-07-30T01:00:00Z")


def at_once_ignoring_errors(app, acts):
    def quietly(act):
        def run():
            try:
                return act()
            except Exception as error:
                return error

        return run

    return at_once(app, [quietly(act) for act in acts])
