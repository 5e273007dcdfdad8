"""The second count: a fault in the first one is found before anything is published (rule:R45)."""

import pytest

from app.doctor import votes
from app.extensions import db
from app.models import Poll, PollState, Refusal
from app.workflows import evidence, poll_acts, polls, recounts
from app.workflows.rules import result as first_count
from app.workflows.rules.tally import Tally, Verdict
from app.workflows.sealed import EvidenceBroken
from tests.cabinet import PIN
from tests.conftest import both, nonce_of
from tests.operations.levels import levels, words

SPLIT = {"head": "agree", "deputy": "agree", "a": "disagree"}  # two of five: not adopted


def closed(scene, votes_=SPLIT):
    scene.open()
    poll_id = scene.open_poll().id
    for name, choice in votes_.items():
        scene.vote(name, poll_id, choice)
    polls.close_poll(scene.who["secretary"], poll_id, now=scene.now)
    return db.session.get_one(Poll, poll_id)


def adopts_always(*_anything):
    return Verdict.ADOPTED


def counts_no_dissent(choices, members):
    found = [choice for choice in choices if choice != "disagree"]
    return Tally(members, found.count("agree"), 0, found.count("other"))


@both
def test_both_counts_of_an_honest_vote_agree_and_it_is_published(scene):
    poll = closed(scene)
    assert recounts.differences(poll) == []
    assert recounts.recounted(poll)["outcome"] == "not_adopted"
    assert levels(votes.recounted) == {"votes.recount": "ok"}
    assert polls.publish_poll(scene.who["secretary"], poll.id, now=scene.now).state is PollState.PUBLISHED


@both
@pytest.mark.parametrize(
    ("name", "fault", "differs"),
    [("decide", adopts_always, "outcome"), ("threshold", lambda *_: 2, "needed"),
     ("_numbers", lambda tally, _parameters: {
         "members": 5, "agree": 3, "disagree": 0, "other": 0, "not_voting": 2, "percent_of_all": "60.0", "threshold": 3,
     }, "agree, disagree")],
)  # fmt: skip
def test_a_fault_of_the_first_count_stops_the_publication(scene, monkeypatch, name, fault, differs):
    monkeypatch.setattr(first_count, name, fault)
    poll = closed(scene)
    with pytest.raises(recounts.RecountDiffers) as refusal:
        polls.publish_poll(scene.who["secretary"], poll.id, now=scene.now)
    assert refusal.value.details["differs"] == differs
    found = recounts.compared(db.session.get_one(Poll, poll.id))
    assert str(found.first) in str(refusal.value)
    assert str(found.second) in str(refusal.value)
    db.session.rollback()
    assert db.session.get_one(Poll, poll.id).state is PollState.CLOSED
    refused = db.session.query(Refusal).filter_by(code="recount_differs").one()
    assert (refused.subject_type, refused.subject_id, refused.act) == ("poll", poll.id, "publish_poll")
    assert levels(votes.recounted) == {"votes.recount": "error"}
    assert str(poll.id) in words(votes.recounted)


def test_without_the_second_count_the_fault_would_be_published(scene, monkeypatch):
    """What stops it is the guard and nothing else."""
    monkeypatch.setattr(first_count, "decide", adopts_always)
    monkeypatch.setattr(recounts, "contradictions", lambda *_: [])
    poll = closed(scene)
    assert polls.publish_poll(scene.who["secretary"], poll.id, now=scene.now).state is PollState.PUBLISHED


def test_nothing_is_handed_out_where_the_counts_differ(scene, monkeypatch):
    monkeypatch.setattr(first_count, "decide", adopts_always)
    poll = closed(scene)
    with pytest.raises(EvidenceBroken) as refusal:
        evidence.tally_record(scene.who["secretary"], poll.id, now=scene.now)
    assert refusal.value.details["fault"] == "the second count differs from the first one: outcome"


def test_a_confirmed_tie_is_counted_twice_too(scene):
    poll = closed(scene, {"head": "agree", "a": "disagree"})
    nonce = nonce_of("tie")
    poll_acts.prepare_tie_confirmation(scene.who["head"], poll.id, nonce, now=scene.now)
    poll_acts.sign_act(scene.who["head"], poll.id, nonce, PIN, now=scene.now)
    poll = db.session.get_one(Poll, poll.id)
    assert (recounts.recounted(poll)["outcome"], recounts.differences(poll)) == ("adopted", [])
    assert polls.publish_poll(scene.who["secretary"], poll.id, now=scene.now).state is PollState.PUBLISHED
