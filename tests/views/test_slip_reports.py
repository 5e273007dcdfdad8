"""What the clerk and the head see of a slip's outcome, and the whole road over the pages to what follows from it."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from flask import Flask

from app.gateways import paper
from app.models import ResolutionState, SlipState
from app.workflows import resolutions, slip_decisions
from app.workflows.rules.canonical import parse_canonical
from tests.conftest import Scene
from tests.deciding import Deciding
from tests.slipping import LATE
from tests.views.browser import Browser

At = Callable[[str], Browser]
JSON = {"Accept": "application/json"}


@pytest.fixture
def closed(app: Flask, clock) -> Deciding:
    """One disagrees and reserves the opinion, two agree, two are silent and deemed to agree."""
    scene = Deciding().equipped().issued()
    scene.answer("head", scene.slip_id)
    scene.answer("b", scene.slip_id)
    scene.answer("a", scene.slip_id, "disagree", text="Chưa rõ nguồn vốn tại <Điều 2>", reservation=True)
    clock.now = LATE
    return scene.closed({})


@pytest.fixture
def reported(closed: Deciding, at: At) -> Deciding:
    answer = at("clerk").client.post(path(closed, "report"), headers=JSON)
    assert (answer.status_code, answer.json["url"]) == (200, path(closed, "report"))
    return closed


def path(scene: Deciding, part: str) -> str:
    return f"/slips/{scene.slip_id}/{part}"


def decide(browser: Browser, scene: Deciding, **form: str):
    return browser.client.post(path(scene, "decide"), data=form, headers=JSON)


def test_the_page_says_the_outcome_in_columns_that_add_up_and_every_dissent(closed, at):
    page = at("clerk").get(path(closed, "report")).text
    told = parse_canonical(closed.slip(closed.slip_id).result)
    assert told["sentence"] in page
    for label, number in (("Đồng ý", 2), ("Không đồng ý", 1), ("Ý kiến khác", 0), ("Chưa trả lời", 0)):
        assert f"<dt>{label}</dt><dd>{number}</dd>" in page
    assert '<div class="ec-is-deemed"><dt>' in page
    assert "Chưa rõ nguồn vốn tại &lt;Điều 2&gt;" in page
    assert f'action="{path(closed, "report")}"' in page
    assert 'id="way-submit"' not in page  # nobody decides before it is reported


def test_the_head_finds_the_decision_on_the_start_page_and_signs_on_the_tablet(reported, at):
    assert path(reported, "report") in at("head").get("/").text
    page = at("head").get(path(reported, "report")).text
    assert all(f'id="way-{way}"' in page for way in ("submit", "session", "return"))
    assert 'id="way-submit"' not in at("clerk").get(path(reported, "report")).text
    assert '<dialog class="ec-sheet" id="sheet-submit"' not in page
    assert 'data-explained="open"' in page
    assert decide(at("head"), reported, way="submit").json["code"] == "unexplained"
    reported.explained()
    page = at("head").get(path(reported, "report")).text
    assert '<dialog class="ec-sheet" id="sheet-submit"' in page
    assert decide(at("head"), reported, way="submit").status_code == 200
    assert f'action="{path(reported, "round")}"' not in at("clerk").get(path(reported, "board")).text
    reported.resolution_id = slip_decisions.resolution_of(reported.who["head"], reported.slip(reported.slip_id)).id
    record = f"/resolutions/{reported.resolution_id}"
    assert at("clerk").client.post(f"{record}/present", headers=JSON).status_code == 200
    desk = at("head").get(f"{record}/sign")
    assert desk.status_code == 200
    assert resolutions.presented_file(reported.resolution).sha256 in desk.text
    assert reported.resolution.state is ResolutionState.PRESENTED
    for name in ("clerk", "head", "records"):
        assert at(name).get(record).status_code == 200
    assert path(reported, "report") in at("head").get(record).text
    assert at("head").get("/resolutions/").status_code == 200
    assert path(reported, "report") not in at("head").get("/").text


def test_everything_after_the_promulgation_shows_a_resolution_that_no_vote_stands_behind(reported, at):
    reported.explained()
    decide(at("head"), reported, way="submit")
    reported.resolution_id = 1
    reported.promulgated()
    made = reported.resolution
    for name, address in (
        ("a", f"/resolutions/{made.id}"),
        ("records", f"/resolutions/{made.id}/issue"),
        ("records", "/resolutions/issue"),
        ("clerk", "/records/outgoing/"),
        ("clerk", "/reports/weekly/2026-32"),
        ("guest", f"/xac-minh/{made.token}"),
    ):
        answer = at(name).get(address)
        assert answer.status_code == 200, address
    assert f"/resolutions/{made.id}/evidence.zip" in at("auditor").get(f"/resolutions/{made.id}").text
    assert at("auditor").get(f"/resolutions/{made.id}/evidence.zip").mimetype == "application/zip"
    assert at("head").get(f"/resolutions/{made.id}/evidence.zip").status_code == 403


def test_bringing_it_to_a_session_and_returning_it_say_what_is_missing(reported, at):
    head = at("head")
    assert decide(head, reported, way="return", reason="Sửa").json["code"] == "no_resubmission"
    assert decide(head, reported, way="return", resubmit_on="2026-08-20").json["code"] == "no_reason"
    assert decide(head, reported, way="return", resubmit_on="20/08/2026").status_code == 422
    assert decide(head, reported, way="elsewhere").status_code == 422
    assert decide(at("clerk"), reported, way="submit").status_code == 403
    assert decide(at("guest"), reported, way="submit").status_code == 404
    assert reported.slip(reported.slip_id).state is SlipState.REPORTED
    meeting = Scene()
    assert decide(head, reported, way="session", meeting_id=str(meeting.meeting_id)).status_code == 200
    page = head.get(path(reported, "report")).text
    assert f"/meetings/{meeting.meeting_id}#item-" in page
    assert path(reported, "report") in head.get(f"/meetings/{meeting.meeting_id}").text


def test_a_returned_matter_says_its_day_and_offers_the_next_round_to_the_clerk(reported, at):
    assert decide(at("head"), reported, way="return", reason="Làm rõ vốn", resubmit_on="2026-08-20").status_code == 200
    page = at("clerk").get(path(reported, "report")).text
    assert "20/08/2026" in page
    assert path(reported, "report") in at("clerk").get("/").text  # it waits for the next round
    assert "Làm rõ vốn" in page
    assert f'action="{path(reported, "round")}"' in page
    assert f'action="{path(reported, "round")}"' not in at("head").get(path(reported, "report")).text


def test_returned_matters_are_listed_with_their_day_until_the_next_round_begins(app, reported, at, clock):
    decide(at("head"), reported, way="return", reason="Làm rõ <vốn>", resubmit_on="2026-08-20")
    page = at("clerk").get("/slips/returned").text
    for told in (path(reported, "report"), "20/08/2026", "còn 17 ngày", "Làm rõ &lt;vốn&gt;", path(reported, "round")):
        assert told in page
    assert path(reported, "round") not in at("head").get("/slips/returned").text
    for name in ("a", "records", "admin"):
        assert at(name).get("/slips/returned").status_code == 403
    clock.now = LATE + dt.timedelta(days=20)
    clerk = Browser(app, "clerk")
    assert "quá hạn 3 ngày" in clerk.get("/slips/returned").text
    clerk.post(path(reported, "round"))
    page = clerk.get("/slips/returned").text
    assert "data-returned" not in page
    assert "Không có nội dung bị trả lại" in page


def test_a_round_that_is_given_up_leads_back_to_where_another_can_be_begun(reported, at):
    decide(at("head"), reported, way="return", reason="Làm rõ vốn", resubmit_on="2026-08-20")
    clerk, again = at("clerk"), f'action="{path(reported, "round")}"'
    draft = int(clerk.post(path(reported, "round")).location.split("/")[2])
    for page in ("report", "board"):
        assert again not in clerk.get(path(reported, page)).text
    left = clerk.post(f"/slips/{draft}/abandon", reason="Chưa cần")
    assert (left.status_code, left.location) == (303, path(reported, "board"))
    board = clerk.get(left.location).text
    assert "Đã bỏ vòng lấy ý kiến này" in board
    assert again in board
    for page in (path(reported, "report"), "/slips/returned"):
        assert again in clerk.get(page).text
    assert path(reported, "report") in clerk.get("/").text
    assert clerk.post(path(reported, "round")).status_code == 303



def test_without_a_majority_the_head_has_exactly_three_ways_and_says_why_when_signing(app, clock, at):
    against = {"head": "agree", "a": "disagree", "b": "disagree", "deputy": "disagree", "chairman": "other"}
    clock.now = LATE
    scene, meeting = Deciding().equipped().reported(against), Scene()
    page = at("head").get(path(scene, "report")).text
    assert re.findall(r'id="way-(\w+)"', page) == ["submit", "session", "return"]
    assert 'data-outcome="not_adopted"' in page
    assert decide(at("head"), scene, way="submit").json["code"] == "no_reason"
    assert decide(at("head"), scene, way="session", meeting_id=str(meeting.meeting_id)).status_code == 200
    assert 'id="way-' not in at("head").get(path(scene, "report")).text
    assert decide(at("head"), scene, way="return", reason="x", resubmit_on="2026-08-20").status_code == 409


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"way": "return", "reason": "x", "resubmit_on": "2026-02-31"}, 422),
        ({"way": "return", "reason": "x", "resubmit_on": "9999-12-31"}, 422),
        ({"way": "session", "meeting_id": "9" * 30}, 422),
        ({"way": "session", "meeting_id": "-1"}, 422),
        ({"way": "submit", "reason": "x" * 20_000}, 422),
        ({"way": "submit", "reason": "a\u202eb"}, 409),
        ({}, 422),
    ],
)
def test_what_is_typed_oddly_is_refused_in_words_and_nothing_is_decided(reported, at, form, code):
    answer = decide(at("head"), reported, **form)
    assert (answer.status_code, bool(answer.json["message"])) == (code, True)
    assert reported.slip(reported.slip_id).state is SlipState.REPORTED


def test_the_rooms_of_a_slip_lead_to_each_other_for_whoever_sees_the_board(closed, at):
    rooms = ("board", "synthesis", "explanations", "report")
    for name in ("clerk", "head", "auditor"):
        for room in rooms:
            page = at(name).get(path(closed, room)).text
            assert all(f'href="{path(closed, other)}"' in page for other in (*rooms, "evidence.zip")), (name, room)


def test_the_clerk_puts_the_report_of_what_was_signed_on_the_agenda(closed, at):
    closed.reported_as_it_is().decided()
    meeting = Scene()
    page = at("clerk").get(path(closed, "report")).text
    assert f'action="{path(closed, "tell")}"' in page
    assert f'action="{path(closed, "tell")}"' not in at("head").get(path(closed, "report")).text
    refused = at("clerk").client.post(path(closed, "tell"), data={"meeting_id": "x"}, headers=JSON)
    assert refused.status_code == 422
    told = at("clerk").client.post(path(closed, "tell"), data={"meeting_id": meeting.meeting_id}, headers=JSON)
    assert told.status_code == 200
    page = at("clerk").get(path(closed, "report")).text
    assert f"/meetings/{meeting.meeting_id}#item-" in page
    assert f'action="{path(closed, "tell")}"' not in page


def test_the_document_says_what_the_page_says_and_is_for_the_same_people(closed, at):
    answer = at("head").get(path(closed, "report.pdf"))
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    text = "\n".join(paper.page_texts(answer.data))
    for words in ("PHIẾU BÁO CÁO", "Mặc nhiên đồng ý", "bảo lưu ý kiến", "Chưa rõ nguồn vốn tại <Điều 2>", "80%"):
        assert words in text, text
    assert at("a").get(path(closed, "report.pdf")).status_code == 404
