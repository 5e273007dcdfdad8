"""What travels by socket: that something happened, and never what anybody chose; the truth is fetched."""

import json
import urllib.request

import pytest

from app.extensions import db
from app.models import Presence
from app.realtime import polls as poll_sockets
from app.workflows import agenda, attendance, live, meetings, polls
from app.workflows.engine.transaction import plain
from tests.realtime.conftest import tell_everybody, until

CHOICES = {"head": "agree", "deputy": "agree", "a": "disagree", "b": "other"}
ANSWERS = ("agree", "disagree", "other", "adopted", "Đồng ý", "percent")


def fetch(server, listener, meeting_id):
    """The snapshot as a tablet asks for it."""
    address = f"{server}/meetings/{meeting_id}/snapshot"
    asked = urllib.request.Request(  # noqa: S310 - the server of this test
        address, headers={"Cookie": f"ecabinet={listener.cookie}", "Accept": "application/json"}
    )
    with urllib.request.urlopen(asked) as answer:  # noqa: S310
        return json.load(answer)


def hears(listener, *names):
    return until(lambda: set(names) <= set(listener.names()))


@pytest.fixture
def quick(monkeypatch):
    """Progress without a pace of its own left over from another test."""
    fresh = poll_sockets.Pace(poll_sockets._send, poll_sockets._later)
    monkeypatch.setattr(poll_sockets, "pace", fresh)


def test_a_fact_is_told_with_ids_and_version_and_nothing_else(scene, listen):
    scene.invite()
    listener = listen("a")
    listener.join(scene.meeting_id)
    tell_everybody()
    attendance.confirm_presence(scene.who["b"], scene.meeting_id, Presence.REMOTE, now=scene.now)
    tell_everybody()
    assert hears(listener, "PresenceChanged")
    assert listener.facts[-1] == {
        "fact": "PresenceChanged", "meeting_id": scene.meeting_id, "poll_id": None, "version": scene.meeting.version
    }  # fmt: skip


def test_every_act_of_a_vote_is_told_in_order_with_rising_versions(scene, listen, quick):
    scene.invite()
    tell_everybody()
    listener = listen("a")
    listener.join(scene.meeting_id)
    scene.check_in("head", "deputy", "a", "b")
    meetings.open_meeting(scene.who["secretary"], scene.meeting_id, now=scene.now)
    agenda.open_item(scene.who["secretary"], scene.item_id, now=scene.now)
    poll = polls.put_to_vote(scene.who["secretary"], scene.item_id, now=scene.now)
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    tell_everybody()
    assert hears(listener, "PollClosed")
    told = [fact for fact in listener.facts if fact["fact"] != "BallotCast"]
    last = ["MeetingOpened", "ItemOpened", "PollDrafted", "PollOpened", "PollClosed"]
    assert [fact["fact"] for fact in told][-5:] == last
    versions = [fact["version"] for fact in told]
    assert versions == sorted(set(versions))
    assert told[-1]["poll_id"] == poll.id


def test_no_choice_is_in_any_frame_that_anybody_hears(scene, listen, quick):
    listeners = [listen(name) for name in ("head", "secretary", "a", "b", "auditor", "records")]
    scene.open()
    for listener in listeners:
        assert listener.join(scene.meeting_id)["ok"]
    poll = scene.open_poll()
    for name, choice in CHOICES.items():
        scene.vote(name, poll.id, choice)
        tell_everybody()
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    tell_everybody()
    polls.publish_poll(scene.who["secretary"], poll.id, now=scene.now)
    tell_everybody()
    for listener in listeners:
        assert hears(listener, "BallotCast", "PollClosed", "PollPublished")
        sent = json.dumps(listener.frames, ensure_ascii=False)
        assert "BallotCast" in sent, "the frames are really kept"
        assert not any(answer in sent for answer in ANSWERS), sent


def test_progress_counts_ballots_and_the_last_count_is_right(scene, listen, quick):
    scene.open()
    poll = scene.open_poll()
    tell_everybody()
    listener = listen("a")
    listener.join(scene.meeting_id)
    for name, choice in CHOICES.items():
        scene.vote(name, poll.id, choice)
    tell_everybody()
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    tell_everybody()
    assert hears(listener, "PollClosed")
    counts = [(fact["voted"], fact["members"]) for fact in listener.facts if fact["fact"] == "BallotCast"]
    assert counts[-1] == (4, 5)
    last = [fact for fact in listener.facts if fact["fact"] == "BallotCast"][-1]
    assert last["version"] == scene.meeting.version - 1, "the closing itself is told apart"


def test_a_client_that_follows_the_rule_never_misses_a_state(scene, listen, quick):
    """The client's rule: take a count whose `since` is known, ask again for everything else that is newer."""
    scene.open()
    tell_everybody()
    listener = listen("a")
    known = listener.join(scene.meeting_id)["version"]
    poll = scene.open_poll()
    for name, choice in CHOICES.items():
        scene.vote(name, poll.id, choice)
        tell_everybody()
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    tell_everybody()
    assert hears(listener, "PollClosed")
    asked = []
    for fact in listener.facts:
        if "voted" in fact and fact["since"] <= known:
            known = max(known, fact["version"])
        elif fact["version"] > known:
            asked.append(fact["fact"])
            known = fact["version"]
    assert "PollOpened" in asked
    assert "PollClosed" in asked
    assert known == scene.meeting.version


def test_after_a_gap_the_snapshot_is_the_state_of_the_server(scene, server, listen, quick):
    scene.invite()
    listener = listen("secretary")
    known = listener.join(scene.meeting_id)["version"]
    listener.client.disconnect()
    scene.check_in("head", "deputy", "a", "b")
    meetings.open_meeting(scene.who["secretary"], scene.meeting_id, now=scene.now)
    agenda.open_item(scene.who["secretary"], scene.item_id, now=scene.now)
    poll = polls.put_to_vote(scene.who["secretary"], scene.item_id, now=scene.now)
    scene.vote("a", poll.id, "agree")
    tell_everybody()
    back = listen("secretary")
    assert back.join(scene.meeting_id)["version"] > known + 1
    found = fetch(server, back, scene.meeting_id)
    db.session.rollback()
    assert found == json.loads(json.dumps(plain(live.snapshot(scene.who["secretary"], scene.meeting_id, scene.now))))
    assert found["meeting"]["version"] == scene.meeting.version


def test_only_the_room_of_the_meeting_hears(scene, listen):
    scene.invite()
    tell_everybody()
    inside, outside = listen("a"), listen("b")
    inside.join(scene.meeting_id)
    attendance.confirm_presence(scene.who["b"], scene.meeting_id, Presence.REMOTE, now=scene.now)
    tell_everybody()
    assert hears(inside, "PresenceChanged")
    outside.join(scene.meeting_id)  # whatever was sent before has arrived by now
    assert outside.facts == []
