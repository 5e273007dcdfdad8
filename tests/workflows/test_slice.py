"""The whole way without screens: roll, meeting, poll, signed ballots, result, on both databases."""

import json

import pytest

from app.extensions import db
from app.models import AuditEntry, Ballot, Outcome, Poll, PollLeaf, PollState, Refusal
from app.workflows import polls
from tests.conftest import both

pytestmark = both


def test_five_members_vote_and_the_result_is_published(scene):
    scene.open()
    poll = scene.open_poll()
    for name, choice in {"head": "agree", "deputy": "agree", "a": "agree", "b": "disagree"}.items():
        scene.vote(name, poll.id, choice)
    closed = polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    assert (closed.state, closed.outcome) == (PollState.CLOSED, Outcome.ADOPTED)
    published = polls.publish_poll(scene.who["head"], poll.id, now=scene.now)
    result = json.loads(published.result)
    assert (result["members"], result["agree"], result["disagree"], result["not_voting"]) == (5, 3, 1, 1)
    assert result["in_room"] == 4
    assert db.session.query(PollLeaf).count() == 6


def test_a_wrong_pin_counts_no_ballot_and_is_recorded(scene):
    from app.models import Choice
    from app.workflows import ballots, keys
    from tests.conftest import nonce_of

    scene.open()
    poll = scene.open_poll()
    who, nonce = scene.who["a"], nonce_of("x")
    ballots.prepare_ballot(who, poll.id, Choice.AGREE, nonce, now=scene.now)
    with pytest.raises(keys.PinWrong) as refusal:
        ballots.sign_ballot(who, poll.id, nonce, "111222", now=scene.now)
    assert refusal.value.details["tries_left"] == 4
    assert db.session.query(Ballot).count() == 0
    assert db.session.query(Refusal).one().code == "pin_wrong"
    assert ballots.sign_ballot(who, poll.id, nonce, "240619", now=scene.now).leaf_seq == 1


def test_opening_below_quorum_is_refused_and_leaves_nothing(scene):
    from app.workflows import meetings

    scene.invite().check_in("head", "a", "b")
    with pytest.raises(polls.NoQuorum) as refusal:
        meetings.open_meeting(scene.who["secretary"], scene.meeting_id, now=scene.now)
    assert (refusal.value.details["present"], refusal.value.details["needed"]) == (3, 4)
    assert db.session.query(Poll).count() == 0
    assert db.session.query(AuditEntry).filter_by(fact="MeetingOpened").count() == 0
