"""Who sees what of a meeting at which moment, and that the snapshot costs a bounded number of statements."""

import datetime as dt
import json

import pytest
from sqlalchemy import event

from app.extensions import db
from app.models import ItemKind, MeetingState, PollState, Presence, RollEntry, SeatRole, Visibility
from app.workflows import agenda, attendance, live, meetings, poll_acts, polls
from app.workflows.engine.errors import NotFound, WorkflowError
from app.workflows.engine.transaction import plain
from tests.cabinet import MEMBERS, PIN
from tests.conftest import both, nonce_of

SEES_THE_MEETING = ["head", "deputy", "a", "b", "chairman", "clerk", "secretary", "records", "auditor"]
SPLIT_WORDS = ("agree", "disagree", "percent_of_all", "outcome\": \"")


def snapshot(scene, name):
    return live.snapshot(scene.who[name], scene.meeting_id, scene.now)


def tells_a_split(found):
    """Whether any vote, count of a side or outcome can be read anywhere in a snapshot, as it would be sent."""
    sent = json.dumps(plain(found), ensure_ascii=False)
    return any(word in sent for word in SPLIT_WORDS)


def voted(scene, choices=None):
    poll = scene.open_poll()
    for name, choice in (choices or {"head": "agree", "deputy": "agree", "a": "agree", "b": "disagree"}).items():
        scene.vote(name, poll.id, choice)
    return poll.id


def test_a_draft_is_for_those_who_prepare_it(scene):
    for name in ("clerk", "chairman", "head", "auditor"):
        assert snapshot(scene, name)["meeting"]["state"] == "draft"
    for name in ("a", "b", "deputy", "records", "admin", "guest", "under_a"):
        with pytest.raises(NotFound):
            snapshot(scene, name)


def test_a_called_meeting_is_seen_by_the_body_and_by_nobody_else(scene):
    scene.invite()
    for name in SEES_THE_MEETING:
        assert snapshot(scene, name)["meeting"]["id"] == scene.meeting_id
    for name in ("admin", "guest", "under_a"):
        with pytest.raises(NotFound):
            snapshot(scene, name)


def test_the_conference_link_is_for_seats_only(scene):
    meetings.edit_meeting(scene.who["clerk"], scene.meeting_id, now=scene.now, conference_url="https://hop.example.vn/1")
    scene.invite()
    assert snapshot(scene, "a")["meeting"]["conference_url"] == "https://hop.example.vn/1"
    assert snapshot(scene, "auditor")["meeting"]["conference_url"] == ""


def test_presence_counts_members_in_the_room_and_remotely_apart(scene):
    scene.invite().check_in("head", "a", "secretary").check_in("b", presence=Presence.REMOTE)
    presence = snapshot(scene, "secretary")["presence"]
    assert presence == {
        "members": 5, "in_room": 2, "remote": 1, "absent": 2, "present": 3, "needed": 4, "reached": False,
        "source": presence["source"],
    }  # fmt: skip
    assert "191/2026" in presence["source"]


def test_nobody_sees_any_split_before_the_close(scene):
    scene.open()
    voted(scene)
    for name in SEES_THE_MEETING:
        found = snapshot(scene, name)
        assert found["poll"]["state"] == "open"
        assert found["poll"]["voted"] == 4
        assert not found["poll"]["may_see_split"]
        assert not tells_a_split(found)


def test_after_the_close_only_chair_and_secretary_see_the_split(scene):
    scene.open()
    polls.close_poll(scene.who["secretary"], voted(scene), now=scene.now)
    for name in SEES_THE_MEETING:
        found = snapshot(scene, name)
        assert found["poll"]["may_see_split"] is (name in ("head", "secretary"))
        assert tells_a_split(found) is (name in ("head", "secretary"))


def test_after_publication_everybody_who_sees_the_meeting_sees_the_result(scene):
    scene.open()
    poll_id = voted(scene)
    polls.close_poll(scene.who["secretary"], poll_id, now=scene.now)
    polls.publish_poll(scene.who["secretary"], poll_id, now=scene.now)
    for name in SEES_THE_MEETING:
        found = snapshot(scene, name)
        assert found["poll"]["result"]["agree"] == 3
        assert found["poll"]["outcome"] == "adopted"
        assert {seat["abbreviation"]: seat["choice"] for seat in found["seats"]}["BYT"] == "disagree"


def test_the_check_for_splits_notices_when_the_filter_is_taken_away(scene, monkeypatch):
    """Negative control: with a filter that lets everybody through, the tests above must fail."""
    scene.open()
    polls.close_poll(scene.who["secretary"], voted(scene), now=scene.now)
    assert not tells_a_split(snapshot(scene, "a"))
    monkeypatch.setattr(live, "may_see_result", lambda actor, poll: True)
    assert tells_a_split(snapshot(scene, "a"))


def test_a_vote_whose_time_is_over_is_shown_as_closed_for_voting_whoever_looks(scene):
    """No task runs here: what the snapshot says comes from the clock alone."""
    scene.open()
    later = scene.now + dt.timedelta(minutes=5)
    polls.open_poll(scene.who["secretary"], scene.draft().id, scene.now, closes_at=later)
    before = snapshot(scene, "a")["poll"]
    assert (before["takes_ballots"], before["seconds_left"], before["state_label"]) == (True, 300, "Đang mở biểu quyết")
    scene.now = later
    for name in SEES_THE_MEETING:
        found = snapshot(scene, name)["poll"]
        assert (found["state"], found["takes_ballots"]) == ("open", False)
        assert found["state_label"] == "Đã hết giờ biểu quyết, chờ tổng hợp"
    assert snapshot(scene, "secretary")["next_move"]["name"] == "close_vote"


def test_names_stay_hidden_where_the_poll_says_so_even_from_the_desk(scene):
    scene.open()
    poll = scene.open_poll(visibility=Visibility.NAMED_NOT_DISPLAYED)
    scene.vote("a", poll.id, "disagree")
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    polls.publish_poll(scene.who["secretary"], poll.id, now=scene.now)
    for name in ("secretary", "head", "b"):
        found = snapshot(scene, name)
        assert found["poll"]["result"]["disagree"] == 1
        assert all(seat["choice"] is None for seat in found["seats"])
        assert all("choice" not in vote for vote in found["poll"]["result"]["votes"])


def test_who_has_voted_is_for_the_desk_and_for_oneself_while_the_vote_is_open(scene):
    scene.open()
    voted(scene, {"a": "agree"})
    desk = {seat["abbreviation"]: seat["voted"] for seat in snapshot(scene, "secretary")["seats"] if seat["is_member"]}
    assert desk["BXD"] is True
    assert desk["BYT"] is False
    own = [seat["voted"] for seat in snapshot(scene, "a")["seats"] if seat["voted"] is not None]
    assert own == [True]
    assert snapshot(scene, "b")["poll"]["waiting"] is None
    assert "BYT" in snapshot(scene, "secretary")["poll"]["waiting"]


def test_the_desk_waits_only_for_members_who_are_present(scene):
    scene.open(("head", "deputy", "a", "b"))
    voted(scene, {"a": "agree"})
    found = snapshot(scene, "secretary")["poll"]
    assert found["waiting"] == ["TTg Một", "TTg Hai", "BYT"], "told apart by name where two share an abbreviation"
    assert (found["voted"], found["members"], found["in_room_members"]) == (1, 5, 4)


def test_a_guest_sees_the_items_he_is_invited_to_and_their_votes_only(scene):
    other = agenda.add_item(scene.who["clerk"], scene.meeting_id, "Chuyện khác", ItemKind.DECISION, now=scene.now)
    guest, item_ids = scene.who["guest"].person_id, (other.id,)
    meetings.add_seat(scene.who["clerk"], scene.meeting_id, guest, SeatRole.GUEST, now=scene.now, item_ids=item_ids)
    scene.open()
    voted(scene)
    found = snapshot(scene, "guest")
    assert [item["id"] for item in found["items"]] == list(item_ids)
    assert found["current_item"] is None
    assert found["poll"] is None
    assert found["next_move"] is None


def test_a_change_of_vote_is_counted_once(scene):
    scene.open()
    poll_id = voted(scene, {"a": "agree"})
    scene.vote("a", poll_id, "disagree")
    found = snapshot(scene, "secretary")["poll"]
    assert found["voted"] == 1
    assert live.progress_of(poll_id) == (1, 5)


def test_the_next_move_leads_from_the_opening_to_the_end_of_the_meeting(scene):
    scene.invite().check_in(*MEMBERS)
    secretary = scene.who["secretary"]
    acts = {
        "open_meeting": lambda move: meetings.open_meeting(secretary, scene.meeting_id, now=scene.now),
        "open_item": lambda move: agenda.open_item(secretary, scene.item_id, now=scene.now),
        "open_vote": lambda move: polls.put_to_vote(secretary, scene.item_id, now=scene.now),
        "close_vote": lambda move: polls.close_poll(secretary, int(move["url"].split("/")[2]), now=scene.now),
        "publish": lambda move: polls.publish_poll(secretary, int(move["url"].split("/")[2]), now=scene.now),
        "close_item": lambda move: agenda.close_item(secretary, scene.item_id, now=scene.now),
        "end_meeting": lambda move: meetings.end_meeting(secretary, scene.meeting_id, now=scene.now),
    }
    made = []
    while (move := snapshot(scene, "secretary")["next_move"]) is not None:
        assert move["enabled"], move["why_not"]
        if move["name"] == "close_vote":
            for name in ("head", "deputy", "a"):
                scene.vote(name, int(move["url"].split("/")[2]), "agree")
        acts[move["name"]](move)
        made.append(move["name"])
    assert made == list(acts)
    assert scene.meeting.state is MeetingState.CLOSED


def test_the_next_move_is_for_the_desk_only(scene):
    scene.open()
    for name in ("a", "b", "deputy", "clerk", "auditor"):
        assert snapshot(scene, name)["next_move"] is None


def test_without_a_quorum_the_move_names_the_law_and_the_act_says_the_same(scene):
    scene.invite().check_in("head", "a", "b")
    move = snapshot(scene, "secretary")["next_move"]
    with pytest.raises(WorkflowError) as refusal:
        meetings.open_meeting(scene.who["secretary"], scene.meeting_id, now=scene.now)
    assert move["enabled"] is False
    assert move["why_not"] == str(refusal.value)
    assert "63/2025/QH15" in move["why_not"]


def test_a_tie_waits_for_the_head_and_publishing_says_so(scene):
    scene.open()
    poll_id = voted(scene, {"head": "agree", "deputy": "disagree"})
    polls.close_poll(scene.who["secretary"], poll_id, now=scene.now)
    at_secretary, at_head = snapshot(scene, "secretary"), snapshot(scene, "head")
    assert at_secretary["poll"]["needs_tie_confirmation"]
    assert (at_secretary["next_move"]["name"], at_secretary["next_move"]["enabled"]) == ("publish", False)
    assert (at_head["next_move"]["name"], at_head["next_move"]["enabled"]) == ("confirm_tie", True)
    assert not snapshot(scene, "a")["poll"]["needs_tie_confirmation"]
    nonce = nonce_of("tie")
    poll_acts.prepare_tie_confirmation(scene.who["head"], poll_id, nonce, now=scene.now)
    poll_acts.sign_act(scene.who["head"], poll_id, nonce, PIN, now=scene.now)
    after = snapshot(scene, "secretary")
    assert after["poll"]["outcome"] == "adopted"
    assert (after["next_move"]["name"], after["next_move"]["enabled"]) == ("publish", True)


def test_an_annulled_vote_is_followed_by_a_new_one(scene):
    scene.open()
    poll_id = voted(scene)
    nonce = nonce_of("annul")
    poll_acts.prepare_annulment(scene.who["head"], poll_id, "Sai câu hỏi", nonce, now=scene.now)
    poll_acts.sign_act(scene.who["head"], poll_id, nonce, PIN, now=scene.now)
    found = snapshot(scene, "secretary")
    assert (found["poll"]["state"], found["poll"]["annul_reason"]) == ("annulled", "Sai câu hỏi")
    assert not tells_a_split(found)
    assert found["next_move"]["name"] == "open_vote"
    again = polls.put_to_vote(scene.who["secretary"], scene.item_id, now=scene.now)
    assert snapshot(scene, "secretary")["poll"]["id"] == again.id


def test_whoever_takes_the_chair_for_an_item_has_its_desk(scene):
    scene.invite().check_in(*MEMBERS)
    meetings.hand_chair(
        scene.who["head"], scene.meeting_id, scene.who["deputy"].person_id, now=scene.now, item_id=scene.item_id
    )
    meetings.open_meeting(scene.who["secretary"], scene.meeting_id, now=scene.now)
    agenda.open_item(scene.who["deputy"], scene.item_id, now=scene.now)
    at_deputy, at_head = snapshot(scene, "deputy")["next_move"], snapshot(scene, "head")["next_move"]
    assert (at_deputy["name"], at_deputy["enabled"]) == ("open_vote", True)
    assert (at_head["name"], at_head["enabled"]) == ("open_vote", False)
    assert "chủ" in at_head["why_not"] or "chair" in at_head["why_not"]


def test_the_version_moves_with_every_fact(scene):
    scene.open()
    before = snapshot(scene, "a")["meeting"]["version"]
    attendance.confirm_presence(scene.who["b"], scene.meeting_id, Presence.REMOTE, now=scene.now)
    found = snapshot(scene, "a")
    assert found["meeting"]["version"] == before + 1
    assert {seat["abbreviation"]: seat["presence"] for seat in found["seats"]}["BYT"] == "remote"


@both
def test_a_snapshot_costs_at_most_twelve_statements(scene):
    scene.open()
    poll_id = voted(scene)
    polls.close_poll(scene.who["secretary"], poll_id, now=scene.now)
    who = scene.who["secretary"]
    db.session.remove()
    statements = []
    heard = lambda *args: statements.append(args[2])  # noqa: E731 - a listener that can be taken away again
    event.listen(db.engine, "before_cursor_execute", heard)
    try:
        found = live.snapshot(who, scene.meeting_id, scene.now)
    finally:
        event.remove(db.engine, "before_cursor_execute", heard)
    asked = [text for text in statements if not text.startswith("BEGIN")]
    assert found["poll"]["state"] == PollState.CLOSED
    assert len(asked) <= 12, asked


def test_times_go_out_as_utc_and_labels_as_text(scene):
    scene.open()
    found = snapshot(scene, "a")
    assert found["meeting"]["opened_at"].tzinfo is not None
    sent = json.loads(json.dumps(plain(found)))
    assert dt.datetime.fromisoformat(sent["meeting"]["opened_at"]) == found["meeting"]["opened_at"]
    assert isinstance(sent["items"][0]["state_label"], str)


def test_deputies_of_one_given_name_are_told_apart_by_more_of_it():
    names = {1: ("TTg", "Trần Tùng"), 2: ("PTTg", "Lê Vĩnh Khê"), 3: ("PTTg", "Vũ Thạch Khê"), 4: ("PTTg", "Đỗ Thảo")}
    roll = {member: RollEntry(abbreviation=short, name=name) for member, (short, name) in names.items()}
    assert live._short_names(roll) == {1: "TTg", 2: "PTTg Vĩnh Khê", 3: "PTTg Thạch Khê", 4: "PTTg Thảo"}
    roll[3].name = roll[2].name
    assert live._short_names(roll)[2] == "PTTg Lê Vĩnh Khê", "of one name altogether: no endless search"
