"""The chair's desk: four taps from item to published result, who may sit at it, and how it refuses."""

import json
import re

import pytest

from app.extensions import db
from app.models import ItemKind, Meeting, MeetingState, Outcome, Poll, PollState, Presence, Refusal, SeatRole
from app.workflows import agenda, meetings, polls
from app.workflows.rules import result as first_count
from tests.cabinet import MEMBERS, PEOPLE, PIN
from tests.conftest import nonce_of

JSON = {"Accept": "application/json"}
DESK = ("head", "secretary")


@pytest.fixture
def opened(scene, clock):
    """A meeting in session; its item is planned."""
    scene.invite().check_in(*MEMBERS)
    meetings.open_meeting(scene.who["secretary"], scene.meeting_id, now=scene.now)
    return scene


def desk(scene, at, name="secretary"):
    return at(name).get(f"/meetings/{scene.meeting_id}/cockpit")


def snapshot(scene, at, name="secretary"):
    return at(name).get(f"/meetings/{scene.meeting_id}/snapshot", headers=JSON).json


def tap(scene, at, name="secretary"):
    """Press the one button of the desk; the fresh snapshot that comes back."""
    move = snapshot(scene, at, name)["next_move"]
    assert move["enabled"], move["why_not"]
    answer = at(name).client.post(move["url"], data={}, headers=JSON)
    assert answer.status_code == 200, answer.json
    return answer.json


def test_four_taps_lead_from_the_item_to_the_published_result(opened, at):
    assert tap(opened, at)["current_item"]["id"] == opened.item_id
    poll = tap(opened, at)["poll"]
    assert poll["state"] == "open"
    for name, choice in {"head": "agree", "a": "agree", "b": "agree", "deputy": "disagree"}.items():
        opened.vote(name, poll["id"], choice)
    closed = tap(opened, at)["poll"]
    assert (closed["state"], closed["result"]["agree"]) == ("closed", 3)
    assert "result" in closed
    assert snapshot(opened, at, "a")["poll"]["result"] is None
    published = tap(opened, at)["poll"]
    assert (published["state"], published["outcome"]) == ("published", "adopted")
    assert snapshot(opened, at, "a")["poll"]["result"]["agree"] == 3


def test_where_the_two_counts_differ_the_desk_shows_both_and_publishes_neither(opened, at, monkeypatch):
    """rule:R45 as the chair meets it: a fault of the first count, put in by hand."""
    tap(opened, at)
    poll_id = tap(opened, at)["poll"]["id"]
    for name, choice in {"head": "agree", "a": "disagree", "b": "disagree", "deputy": "other"}.items():
        opened.vote(name, poll_id, choice)
    wrong = {
        "members": 5, "agree": 4, "disagree": 0, "other": 0, "not_voting": 1, "percent_of_all": "80.0", "threshold": 3,
    }  # fmt: skip
    with monkeypatch.context() as fault:
        fault.setattr(first_count, "_numbers", lambda _tally, _parameters: wrong)
        tap(opened, at)
    for who in DESK:
        page = desk(opened, at, who).text
        button = re.search('<button[^>]*id="next-move"[^>]*>', page)[0]
        assert ('data-move="publish"' in button, " disabled " in button) == (True, True)
        assert 'id="counts-differ" role="alert"' in page
        assert "ec-result__verdict" not in page
        rows = re.findall("<tr>(.+?)</tr>", page.partition('id="counts-differ"')[2], re.DOTALL)
        assert [cells_of(row) for row in rows][1:5] == [["4", "1"], ["0", "2"], ["0", "1"], ["1", "1"]]
        assert 'id="next-why"' in page
        assert "<span>Hai lần kiểm phiếu cho kết quả khác nhau.</span>" in page
    for address in (f"/polls/{poll_id}/result", f"/polls/{poll_id}"):
        page = at("head").get(address).text
        assert ('id="counts-differ"' in page, "ec-result__verdict" in page) == (True, False), address
    answer = at("secretary").client.post(f"/polls/{poll_id}/publish", data={}, headers=JSON)
    assert (answer.status_code, answer.json["code"]) == (409, "recount_differs")
    for total in ("4 tán thành, 0 không tán thành", "1 tán thành, 2 không tán thành"):
        assert total in answer.json["message"]
    assert db.session.get_one(Poll, poll_id).state is PollState.CLOSED
    assert snapshot(opened, at, "a")["poll"]["result"] is None
    assert db.session.query(Refusal).filter_by(code="recount_differs").count() == 1


def cells_of(row):
    return [re.sub("<[^>]+>", "", cell).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)]


def test_where_both_counts_agree_the_desk_says_nothing_of_them(opened, at):
    tap(opened, at)
    opened.vote("a", tap(opened, at)["poll"]["id"], "agree")
    tap(opened, at)
    assert "counts-differ" not in desk(opened, at).text
    assert "ec-result__verdict" in desk(opened, at).text


def test_the_same_four_taps_work_as_plain_forms(opened, at):
    page = f"/meetings/{opened.meeting_id}/cockpit"
    for _ in range(4):
        move = snapshot(opened, at)["next_move"]
        assert f'action="{move["url"]}"' in desk(opened, at).text
        answer = at("secretary").post(move["url"])
        assert (answer.status_code, answer.location) == (303, page)
    assert db.session.query(Poll).one().state is PollState.PUBLISHED
    assert desk(opened, at).status_code == 200


@pytest.mark.parametrize("state", ["invited", "open", "current", "voting", "closed", "published", "ended"])
@pytest.mark.parametrize("name", DESK)
def test_the_desk_is_drawn_in_every_state(scene, at, clock, state, name):
    who, now = scene.who, scene.now
    scene.invite().check_in(*MEMBERS)
    if state != "invited":
        meetings.open_meeting(who["secretary"], scene.meeting_id, now=now)
    if state not in ("invited", "open"):
        agenda.open_item(who["secretary"], scene.item_id, now=now)
    if state in ("voting", "closed", "published", "ended"):
        poll = polls.put_to_vote(who["secretary"], scene.item_id, now=now)
        scene.vote("a", poll.id, "agree")
    if state in ("closed", "published", "ended"):
        polls.close_poll(who["secretary"], poll.id, now=now)
    if state in ("published", "ended"):
        polls.publish_poll(who["secretary"], poll.id, now=now)
    if state == "ended":
        agenda.close_item(who["secretary"], scene.item_id, now=now)
        meetings.end_meeting(who["secretary"], scene.meeting_id, now=now)
    answer = desk(scene, at, name)
    assert answer.status_code == 200
    assert scene.meeting.title in answer.text


@pytest.mark.parametrize("name", [name for name in PEOPLE if name not in DESK])
def test_nobody_else_sits_at_the_desk(opened, at, name):
    hidden = name in ("admin", "guest", "under_a")
    assert desk(opened, at, name).status_code == (404 if hidden else 403)
    assert at(name).get(f"/meetings/{opened.meeting_id}/snapshot", headers=JSON).status_code == (404 if hidden else 200)


def test_visitors_are_sent_to_the_sign_in_page(opened, app):
    client = app.test_client()
    assert client.get(f"/meetings/{opened.meeting_id}/cockpit").status_code == 302
    assert client.get(f"/meetings/{opened.meeting_id}/snapshot", headers=JSON).status_code == 401
    assert client.post(f"/items/{opened.item_id}/open", headers=JSON).status_code == 401
    assert opened.item.state == "planned"


ACTS = (
    "/meetings/{meeting}/open", "/meetings/{meeting}/adjourn", "/meetings/{meeting}/resume", "/meetings/{meeting}/end",
    "/items/{item}/open", "/items/{item}/close", "/items/{item}/vote", "/polls/{poll}/close", "/polls/{poll}/publish",
)  # fmt: skip


@pytest.mark.parametrize("name", [name for name in PEOPLE if name not in DESK])
def test_no_act_of_the_desk_is_open_to_anybody_else(opened, at, name):
    agenda.open_item(opened.who["secretary"], opened.item_id, now=opened.now)
    poll = polls.put_to_vote(opened.who["secretary"], opened.item_id, now=opened.now)
    version = opened.meeting.version
    for act in ACTS:
        address = act.format(meeting=opened.meeting_id, item=opened.item_id, poll=poll.id)
        answer = at(name).client.post(address, data={"reason": "Lý do"}, headers=JSON)
        assert answer.status_code in (403, 404), address
        assert answer.json["code"] in ("not_allowed", "not_found")
    db.session.rollback()
    assert opened.meeting.version == version


def test_without_a_quorum_the_button_waits_and_the_act_refuses_with_the_law(scene, at, clock):
    scene.invite().check_in("head", "a", "b")
    move = snapshot(scene, at)["next_move"]
    assert not move["enabled"]
    answer = at("secretary").client.post(move["url"], headers=JSON)
    assert (answer.status_code, answer.json["code"]) == (409, "no_quorum")
    assert answer.json["message"] == move["why_not"]
    assert "63/2025/QH15" in answer.json["message"]
    assert scene.meeting.state is MeetingState.INVITED
    assert "disabled" in desk(scene, at).text


def test_a_refused_form_comes_back_with_the_sentence(scene, at, clock):
    scene.invite()
    page = f"/meetings/{scene.meeting_id}/cockpit"
    answer = at("secretary").client.post(
        f"/meetings/{scene.meeting_id}/open", headers={"Referer": f"http://localhost{page}"}, follow_redirects=True
    )
    assert answer.status_code == 200
    assert "ec-banner--bad" in answer.text


def test_moves_out_of_turn_are_refused(opened, at):
    post = at("secretary").client.post
    poll_less = post(f"/items/{opened.item_id}/vote", headers=JSON)
    assert (poll_less.status_code, poll_less.json["code"]) == (409, "item_not_current")
    assert post(f"/items/{opened.item_id}/close", headers=JSON).json["code"] == "wrong_state"
    tap(opened, at)
    poll_id = tap(opened, at)["poll"]["id"]
    assert post(f"/polls/{poll_id}/publish", headers=JSON).json["code"] == "wrong_state"
    assert post(f"/items/{opened.item_id}/close", headers=JSON).json["code"] == "poll_undone"
    assert post(f"/meetings/{opened.meeting_id}/end", headers=JSON).json["code"] == "poll_still_open"
    assert post(f"/meetings/{opened.meeting_id}/adjourn", data={"reason": "Nghỉ"}, headers=JSON).json["code"] == (
        "poll_still_open"
    )
    assert post(f"/items/{opened.item_id}/vote", headers=JSON).json["code"] == "another_poll_open"


def test_adjourning_needs_a_reason_and_resuming_a_quorum(opened, at):
    post = at("secretary").client.post
    here = f"/meetings/{opened.meeting_id}"
    refused = post(f"{here}/adjourn", data={"reason": " "}, headers=JSON)
    assert (refused.status_code, refused.json["field"]) == (422, "reason")
    broken_off = post(f"{here}/adjourn", data={"reason": "Nghỉ giải lao"}, headers=JSON).json
    assert broken_off["meeting"]["state"] == "adjourned"
    for name in ("head", "deputy"):
        who = opened.who[name].person_id
        post(f"{here}/seats/{who}/presence", data={"presence": "away"}, headers=JSON)
    assert post(f"{here}/resume", headers=JSON).json["code"] == "no_quorum"
    back = opened.who["head"].person_id
    post(f"{here}/seats/{back}/presence", data={"presence": "remote"}, headers=JSON)
    assert post(f"{here}/resume", headers=JSON).json["meeting"]["state"] == "open"


def test_the_secretary_checks_people_in_and_out(scene, at, clock):
    scene.invite()
    person = scene.who["a"].person_id
    address = f"/meetings/{scene.meeting_id}/seats/{person}/presence"
    for presence in Presence:
        answer = at("secretary").client.post(address, data={"presence": presence.value}, headers=JSON)
        assert answer.status_code == 200
        db.session.rollback()
        assert next(seat for seat in scene.meeting.seats if seat.person_id == person).presence is presence
    odd = at("secretary").client.post(address, data={"presence": "asleep"}, headers=JSON)
    assert (odd.status_code, odd.json["field"]) == (422, "presence")
    nobody = at("secretary").client.post(
        f"/meetings/{scene.meeting_id}/seats/999/presence", data={"presence": "remote"}, headers=JSON
    )
    assert nobody.status_code == 404


def test_a_meeting_is_postponed_called_again_and_cancelled(scene, at, clock):
    scene.invite()
    here = f"/meetings/{scene.meeting_id}"
    assert at("head").client.post(f"{here}/postpone", data={"reason": "Bão"}, headers=JSON).status_code == 200
    for text in ("2026-08-03T08:00", "03/08/2026 08:00"):
        answer = at("clerk").client.post(f"{here}/reschedule", data={"starts_at": text}, headers=JSON)
        assert answer.json["meeting"]["starts_at"] == "2026-08-03T01:00:00+00:00"
        at("head").client.post(f"{here}/postpone", data={"reason": "Bão"}, headers=JSON)
    odd = at("clerk").client.post(f"{here}/reschedule", data={"starts_at": "mai"}, headers=JSON)
    assert (odd.status_code, odd.json["field"]) == (422, "starts_at")
    past = at("clerk").client.post(f"{here}/reschedule", data={"starts_at": "2020-01-01T08:00"}, headers=JSON)
    assert past.json["field"] == "starts_at"
    assert at("clerk").client.post(f"{here}/cancel", data={"reason": "Bão"}, headers=JSON).status_code == 200
    db.session.rollback()
    assert scene.meeting.state is MeetingState.CANCELLED


def test_the_head_hands_the_chair_on_and_leaves_the_desk(opened, at):
    here = f"/meetings/{opened.meeting_id}"
    deputy = opened.who["deputy"].person_id
    answer = at("head").post(f"{here}/chair", person_id=deputy)
    assert (answer.status_code, answer.location) == (303, here)
    assert desk(opened, at, "head").status_code == 403
    assert desk(opened, at, "deputy").status_code == 200
    assert snapshot(opened, at, "deputy")["next_move"]["enabled"]
    back = at("head").client.post(f"{here}/chair", data={"person_id": opened.who["head"].person_id}, headers=JSON)
    assert back.json["desk"] is True


def test_the_chair_of_one_item_is_handed_to_a_deputy(opened, at):
    tap(opened, at)
    address = f"/meetings/{opened.meeting_id}/chair"
    sent = {"person_id": opened.who["deputy"].person_id, "item_id": opened.item_id}
    answer = at("head").client.post(address, data=sent, headers=JSON)
    assert answer.json["current_item"]["chair_id"] == sent["person_id"]
    assert desk(opened, at, "deputy").status_code == 200
    odd = at("head").client.post(address, data={"person_id": "x"}, headers=JSON)
    assert (odd.status_code, odd.json["field"]) == (422, "person_id")
    minister = at("head").client.post(address, data={"person_id": opened.who["a"].person_id}, headers=JSON)
    assert minister.json["code"] == "not_a_deputy"


def test_the_chair_annuls_a_vote_with_a_signature_over_the_shown_text(opened, at):
    tap(opened, at)
    poll_id = tap(opened, at)["poll"]["id"]
    nonce = nonce_of("annul")
    here = f"/polls/{poll_id}/annul"
    empty = at("head").send(f"{here}/prepare", reason="", nonce=nonce)
    assert (empty.status_code, empty.json["field"]) == (422, "reason")
    for name in ("secretary", "a", "clerk"):
        assert at(name).send(f"{here}/prepare", reason="Sai", nonce=nonce).status_code == 403
    prepared = at("head").send(f"{here}/prepare", reason="Câu hỏi sai", nonce=nonce).json
    assert json.loads(prepared["statement"])["reason"] == "Câu hỏi sai"
    assert [value for _label, value in prepared["shown"] if value == "Câu hỏi sai"] == ["Câu hỏi sai"]
    assert at("head").send(f"{here}/sign", nonce=nonce, pin="12").json["code"] == "pin_form"
    wrong = at("head").send(f"{here}/sign", nonce=nonce, pin="111111")
    assert (wrong.status_code, wrong.json["code"], wrong.json["details"]["tries_left"]) == (403, "pin_wrong", 4)
    done = at("head").send(f"{here}/sign", nonce=nonce, pin=PIN)
    assert (done.status_code, done.json["poll"]["state"]) == (200, "annulled")
    assert done.json["next_move"]["name"] == "open_vote"
    again = at("head").send(f"{here}/sign", nonce=nonce, pin=PIN)
    assert again.status_code == 200, "the answer was lost, the act was not"
    assert tap(opened, at)["poll"]["id"] != poll_id


def test_the_head_confirms_a_tie_from_the_desk(opened, at):
    tap(opened, at)
    poll_id = tap(opened, at)["poll"]["id"]
    opened.vote("head", poll_id, "disagree")
    opened.vote("a", poll_id, "agree")
    tap(opened, at)
    page = desk(opened, at, "head").text
    assert "sheet-next" in page
    nonce = nonce_of("tie")
    prepared = at("head").send(f"/polls/{poll_id}/tie/prepare", nonce=nonce)
    assert prepared.status_code == 200
    assert at("deputy").send(f"/polls/{poll_id}/tie/prepare", nonce=nonce_of("no")).status_code == 403
    done = at("head").send(f"/polls/{poll_id}/tie/sign", nonce=nonce, pin=PIN)
    assert done.json["poll"]["outcome"] == Outcome.NOT_ADOPTED.value
    assert tap(opened, at)["poll"]["state"] == "published"


def test_a_discussion_is_closed_without_a_vote(opened, at):
    talk = agenda.add_item(opened.who["clerk"], opened.meeting_id, "Báo cáo", ItemKind.DISCUSSION, now=opened.now)
    agenda.open_item(opened.who["secretary"], talk.id, now=opened.now)
    assert snapshot(opened, at)["next_move"]["name"] == "close_item"
    assert tap(opened, at)["current_item"] is None


def test_a_guest_has_no_desk_and_a_member_no_names_of_who_has_voted(opened, at):
    meetings.add_seat(opened.who["clerk"], opened.meeting_id, opened.who["guest"].person_id, SeatRole.GUEST,
                      now=opened.now, item_ids=(opened.item_id,))  # fmt: skip
    assert desk(opened, at, "guest").status_code == 403
    tap(opened, at)
    tap(opened, at)
    assert snapshot(opened, at, "a")["poll"]["waiting"] is None
    assert snapshot(opened, at, "guest")["poll"]["state"] == "open"


@pytest.mark.parametrize("odd", ["[]", "7", '"x"', '{"reason": 7.5}', '{"reason": null}', "{", ""])
def test_odd_json_changes_nothing(opened, at, odd):
    answer = at("secretary").raw(f"/meetings/{opened.meeting_id}/adjourn", odd)
    assert answer.status_code in (400, 422)
    assert opened.meeting.state is MeetingState.OPEN


@pytest.mark.parametrize("address", ["/meetings/999/cockpit", "/meetings/999/snapshot", f"/meetings/{2**70}/snapshot"])
def test_what_is_not_there_is_not_found(scene, at, clock, address):
    assert at("secretary").get(address).status_code in (404, 400)
    assert db.session.get(Meeting, 999) is None


def test_the_vote_is_opened_until_a_time_written_at_the_desk(opened, at, clock):
    tap(opened, at)
    page = desk(opened, at).text
    assert 'id="sheet-timed-vote"' in page
    address = f"/items/{opened.item_id}/vote"
    refused = at("secretary").client.post(address, data={"closes_at": "2026-07-30T08:00"}, headers=JSON)
    assert (refused.status_code, refused.json["code"], refused.json["field"]) == (422, "closing_time_past", "closes_at")
    poll = at("secretary").client.post(address, data={"closes_at": "2026-07-30T08:10"}, headers=JSON).json["poll"]
    assert (poll["takes_ballots"], poll["seconds_left"]) == (True, 600)
    assert "Đóng lúc 08:10" in desk(opened, at).text
    clock.move(minutes=10)
    page = desk(opened, at).text
    assert "Đã hết giờ biểu quyết, chờ tổng hợp" in page
    assert "Phiếu của tôi" not in desk(opened, at, "head").text
    assert snapshot(opened, at)["next_move"]["name"] == "close_vote"
