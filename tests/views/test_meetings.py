"""The list of meetings and the page of one: what each person sees, and the own answer with everything odd about it."""

import datetime as dt
import io

import pytest

from app.extensions import db
from app.models import (
    Absence,
    AbsenceState,
    DocumentKind,
    Meeting,
    MeetingKind,
    MeetingState,
    Presence,
    Reply,
    Seat,
    SeatRole,
    Secrecy,
)
from app.workflows import agenda, documents, meetings, polls
from app.workflows.engine.transaction import own_transaction
from tests.cabinet import TODAY
from tests.gateways.upload_corpus import blank


def page(browser, scene):
    answer = browser.get(f"/meetings/{scene.meeting_id}")
    assert answer.status_code == 200
    return answer.text


def own_seat(scene, name):
    return db.session.query(Seat).filter_by(meeting_id=scene.meeting_id, person_id=scene.who[name].person_id).one()


@pytest.fixture
def invited(scene):
    return scene.invite()


# -- the list ---------------------------------------------------------------------------------------------------------


def another(scene, title, **time):
    starts_at = scene.now + dt.timedelta(**time)
    meeting = meetings.create_meeting(
        scene.who["clerk"], 1, MeetingKind.THEMATIC, title, starts_at, "Phòng họp số 2", now=scene.now
    )
    agenda.add_item(scene.who["clerk"], meeting.id, "Nội dung", agenda.ItemKind.REPORT, now=scene.now)
    return meetings.issue_invitation(scene.who["clerk"], meeting.id, now=scene.now)


def test_the_list_finds_titles_without_vietnamese_marks(at, invited):
    another(invited, "Phiên họp chuyên đề về Đất đai", days=3)
    assert "chuyên đề về Đất đai" in at("a").get("/meetings/?q=dat dai").text
    assert "thường kỳ" not in at("a").get("/meetings/?q=dat dai").text
    assert "chuyên đề" not in at("a").get("/meetings/?q=%25_").text  # signs of a pattern are signs like others


def test_coming_meetings_stand_before_past_ones(at, invited, clock):
    another(invited, "Phiên họp sau đó", days=20)
    clock.move(days=10)
    text = at("a").get("/meetings/").text
    assert text.index("Phiên họp sau đó") < text.index('id="past-h"') < text.index("Phiên họp thường kỳ")


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", "page=99999999999", "page=²", "q=" + "a" * 5000])
def test_an_odd_page_number_or_query_is_no_error(at, invited, query):
    assert at("a").get(f"/meetings/?{query}").status_code == 200


def test_a_draft_is_listed_for_those_who_prepare_it_alone(at, scene):
    assert "thường kỳ" in at("clerk").get("/meetings/").text
    assert "thường kỳ" not in at("a").get("/meetings/").text
    assert at("a").get(f"/meetings/{scene.meeting_id}").status_code == 404


# -- the page ---------------------------------------------------------------------------------------------------------


def test_a_meeting_of_another_body_does_not_exist_here(at, invited):
    facts = {"kind": MeetingKind.REGULAR, "state": MeetingState.INVITED, "place": "Lào Cai", "held_on": TODAY}
    times = {"starts_at": invited.now, "invited_at": invited.now}
    with own_transaction() as session:
        session.add(Meeting(id=77, body_id=2, title="Phiên họp của tỉnh", title_fold="", **facts, **times))
    for name, path in (("a", "/meetings/77"), ("a", "/meetings/999"), ("admin", f"/meetings/{invited.meeting_id}")):
        assert at(name).get(path).status_code == 404
    assert "của tỉnh" not in at("a").get("/meetings/").text
    assert at("a").post("/meetings/77/answer", reply="in_room").status_code in (303, 404)


def test_the_conference_link_is_for_seats_alone(at, invited):
    meetings.edit_meeting(
        invited.who["clerk"], invited.meeting_id, now=invited.now, conference_url="https://hop.example.vn/phien-7"
    )
    assert "hop.example.vn" in page(at("a"), invited)
    assert "hop.example.vn" not in page(at("auditor"), invited)
    assert "hop.example.vn" in at("a").get("/").text


def test_papers_show_version_and_pages_and_a_secret_one_its_place_only(at, scene):
    clerk = scene.who["clerk"]
    open_paper = documents.add_paper(clerk, scene.item_id, "Tờ trình", DocumentKind.SUBMISSION, now=scene.now)
    documents.add_version(clerk, open_paper.id, "to-trinh.pdf", io.BytesIO(blank(3)), now=scene.now)
    documents.add_paper(
        clerk, scene.item_id, "Báo cáo quốc phòng", DocumentKind.REPORT, now=scene.now, secrecy=Secrecy.SECRET,
        paper_number="07",
    )  # fmt: skip
    text = page(at("a"), scene.invite())
    version = open_paper.current
    assert f'href="/papers/{version.id}"' in text
    assert "Báo cáo quốc phòng" in text
    assert "07" in text
    assert "ec-secret" in text


def test_an_open_vote_is_offered_to_members_and_a_result_only_once_published(at, scene):
    poll = scene.open().open_poll()
    assert f'href="/polls/{poll.id}"' in page(at("a"), scene)
    scene.vote("a", poll.id, "agree")
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    assert "data-outcome" not in page(at("b"), scene)
    polls.publish_poll(scene.who["secretary"], poll.id, now=scene.now)
    assert 'data-outcome="not_adopted"' in page(at("b"), scene)


def test_a_guest_sees_the_own_item_and_nothing_of_the_others(at, scene):
    agenda.add_item(scene.who["clerk"], scene.meeting_id, "Nội dung nội bộ", agenda.ItemKind.REPORT, now=scene.now)
    guest = scene.who["guest"].person_id
    meetings.add_seat(
        scene.who["clerk"], scene.meeting_id, guest, SeatRole.GUEST, now=scene.now, item_ids=(scene.item_id,)
    )
    text = page(at("guest"), scene.invite())
    assert "doanh nghiệp nhỏ" in text
    assert "Nội dung nội bộ" not in text
    assert 'value="absent"' not in text


# -- the own answer ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reply", "expected"), [("in_room", Reply.IN_ROOM), ("remote", Reply.REMOTE)])
def test_an_answer_is_recorded_and_shown(at, invited, reply, expected):
    answer = at("a").post(f"/meetings/{invited.meeting_id}/answer", reply=reply)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/meetings/{invited.meeting_id}")
    assert own_seat(invited, "a").reply is expected


def test_an_absence_is_asked_with_reason_and_substitute_and_granted_by_the_head(at, invited):
    deputy = invited.who["under_a"].person_id
    answer = at("a").post(
        f"/meetings/{invited.meeting_id}/answer", reply="absent", reason="Đi công tác", substitute_id=deputy
    )
    assert answer.status_code == 303
    asked = db.session.query(Absence).one()
    assert "Đi công tác" in page(at("head"), invited)
    decided = at("head").post(f"/absences/{asked.id}/decide", decision="approve", reason="Đồng ý")
    assert decided.status_code == 303
    assert db.session.query(Absence).one().state is AbsenceState.APPROVED
    assert "Hồ Văn Sáu" in page(at("b"), invited)
    assert page(at("under_a"), invited)
    assert 'name="reply"' not in page(at("under_a"), invited)


@pytest.mark.parametrize(
    ("form", "field", "kept"),
    [
        ({"reply": "absent", "reason": "  "}, "reason", ""),
        ({"reply": "absent", "reason": "Đi \u202egnôc tác"}, "reason", "gnôc tác"),
        ({"reply": "absent", "reason": "Đi công tác nước ngoài", "substitute_id": "1"}, "substitute_id", "nước ngoài"),
    ],
)
def test_a_refused_absence_shows_the_reason_at_its_field_and_keeps_what_was_typed(at, invited, form, field, kept):
    answer = at("a").post(f"/meetings/{invited.meeting_id}/answer", **form)
    assert answer.status_code == 422
    assert f'id="{field}"' in answer.text
    assert 'id="reply-error"' in answer.text
    assert kept in answer.text
    assert db.session.query(Absence).count() == 0
    assert own_seat(invited, "a").reply is Reply.NONE


@pytest.mark.parametrize("form", [{}, {"reply": "maybe"}, {"reply": "absent", "reason": "x", "substitute_id": "1; --"}])
def test_an_odd_form_is_refused_and_changes_nothing(at, invited, form):
    assert at("a").post(f"/meetings/{invited.meeting_id}/answer", **form).status_code == 422
    assert db.session.query(Absence).count() == 0


def test_the_head_asks_nobody_for_leave(at, invited):
    assert at("head").post(f"/meetings/{invited.meeting_id}/absence", reason="Bận").status_code == 409
    assert 'value="absent"' not in page(at("head"), invited)


def test_staff_without_a_seat_answer_nothing(at, invited):
    answer = at("auditor").post(f"/meetings/{invited.meeting_id}/answer", reply="in_room")
    assert answer.status_code == 303  # back to where it came from, with the reason
    assert db.session.query(Seat).filter(Seat.reply != Reply.NONE).count() == 0
    assert 'name="reply"' not in page(at("auditor"), invited)


@pytest.mark.parametrize("presence", list(Presence))
def test_everybody_with_a_seat_checks_in_and_out(at, invited, presence):
    if presence is Presence.AWAY:
        at("a").post(f"/meetings/{invited.meeting_id}/presence", presence="in_room")
    at("a").post(f"/meetings/{invited.meeting_id}/presence", presence=presence.value)
    assert own_seat(invited, "a").presence is presence
    assert f'name="presence" value="{presence.value}"' not in page(at("a"), invited)  # the others are offered


# -- requests to be absent --------------------------------------------------------------------------------------------


def ask(scene, at):
    at("a").post(f"/meetings/{scene.meeting_id}/absence", reason="Đi công tác")
    return db.session.query(Absence).one()


def test_only_the_head_decides_on_an_absence(at, invited):
    asked = ask(invited, at)
    for name, status in (("a", 303), ("clerk", 303), ("b", 303)):
        assert at(name).post(f"/absences/{asked.id}/decide", decision="approve").status_code == status
    assert db.session.query(Absence).one().state is AbsenceState.REQUESTED
    assert 'name="decision"' in at("head").get("/absences/").text
    assert 'name="decision"' not in at("clerk").get("/absences/").text
    assert "Đi công tác" not in at("b").get("/absences/").text


def test_a_refusal_carries_its_reason_to_the_member(at, invited):
    asked = ask(invited, at)
    at("head").post(f"/absences/{asked.id}/decide", decision="refuse", reason="Nội dung của bộ được bàn")
    assert db.session.query(Absence).one().state is AbsenceState.REFUSED
    assert "Nội dung của bộ được bàn" in page(at("a"), invited)


def test_an_unclean_reason_or_an_odd_decision_decides_nothing(at, invited):
    asked = ask(invited, at)
    for form in ({"decision": "approve", "reason": "\u202eabc"}, {"decision": "perhaps"}, {}):
        at("head").post(f"/absences/{asked.id}/decide", **form)
    assert db.session.query(Absence).one().state is AbsenceState.REQUESTED
