"""The weekly report as pages, paper and workbook; who may not read it gets nowhere."""

import datetime as dt
from io import BytesIO

import pytest
from openpyxl import load_workbook

from app.gateways.paper import page_texts
from app.workflows import polls
from app.workflows.rules.timetable import Week
from tests.cabinet import MEMBERS, TODAY
from tests.resolving import Resolving

WEEK = Week.of(TODAY)
PAGE = f"/reports/weekly/{WEEK}"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def promulgated(app, clock):
    scene = Resolving().up_to("promulgated")
    clock.move(minutes=2)
    return scene


def test_the_list_leads_to_the_weeks(at, promulgated):
    listed = at("head").get("/reports/weekly/").text
    assert f'href="{PAGE}"' in listed
    assert listed.count('class="ec-row"') == 1


def test_the_page_shows_sessions_votes_and_decisions(at, promulgated):
    page = at("clerk").get(PAGE).text
    for said in (
        "Phiên họp thường kỳ", "Thông qua Nghị quyết về doanh nghiệp nhỏ", "100,0%",
        promulgated.resolution.number.text, f'href="/resolutions/{promulgated.resolution_id}"',
        f'href="/polls/{promulgated.poll_id}"', f'href="{PAGE}.pdf"', f'href="{PAGE}.xlsx"',
    ):  # fmt: skip
        assert said in page, said


def test_a_vote_without_a_published_result_shows_no_figure(at, scene):
    poll = scene.open().open_poll()
    for name in MEMBERS:
        scene.vote(name, poll.id, "disagree")
    polls.close_poll(scene.who["secretary"], poll.id, now=scene.now)
    for path in (PAGE, f"{PAGE}.pdf", f"{PAGE}.xlsx"):
        answer = at("head").get(path)
        assert answer.status_code == 200
        assert b"0 \xe2\x80\x93 5 \xe2\x80\x93 0" not in answer.data
    page = at("head").get(PAGE).text
    assert poll.question in page
    assert "ec-f-no" not in page
    assert "0,0%" not in page
    polls.publish_poll(scene.who["head"], poll.id, now=scene.now)
    assert "0 – 5 – 0" in at("head").get(PAGE).text


def test_the_paper_and_the_workbook_speak_vietnamese(at, promulgated):
    at("head").post("/language/en", next="/")
    pdf, book = at("head").get(f"{PAGE}.pdf"), at("head").get(f"{PAGE}.xlsx")
    text = " ".join(" ".join(page_texts(pdf.data)).split())
    assert "BÁO CÁO TUẦN" in text
    assert promulgated.resolution.number.text in text
    assert book.mimetype == XLSX
    assert book.headers["Content-Disposition"] == f"attachment; filename=bao-cao-tuan-{WEEK}.xlsx"
    opened = load_workbook(BytesIO(book.data))
    assert len(opened.sheetnames) == 5
    assert opened.worksheets[0]["A4"].value == "Phiên họp thường kỳ"
    for answer in (pdf, book):
        assert answer.headers["Cache-Control"] == "no-store"
        assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "week", ["2026-00", "2026-54", "2025-53", "1999-01", "0000-01", "9999-52", "2026-32", "2027-01"]
)
def test_a_week_that_is_not_there_or_has_not_begun_is_not_found(at, clock, week):
    for ending in ("", ".pdf", ".xlsx"):
        assert at("head").get(f"/reports/weekly/{week}{ending}").status_code == 404


@pytest.mark.parametrize("week", ["2026-5", "26-31", "2026-031", "2026-31.doc", "-1", "x", "2026-31/"])
def test_what_is_no_week_is_no_address(at, clock, week):
    assert at("head").get(f"/reports/weekly/{week}").status_code in (404, 308)


def test_who_may_not_read_it_hears_so_whatever_the_week(at, clock):
    for path in ("/reports/weekly/", PAGE, f"{PAGE}.pdf", f"{PAGE}.xlsx", "/reports/weekly/2026-54"):
        assert at("a").get(path).status_code == 403


def test_the_report_has_its_place_in_the_menu_of_those_who_read_it(at, clock):
    entry = 'href="/reports/weekly/"'
    for name in ("head", "deputy", "chairman", "clerk"):
        assert entry in at(name).get("/meetings/").text
    for name in ("a", "records", "auditor", "admin", "guest"):
        assert entry not in at(name).get("/meetings/").text


def test_a_week_that_goes_on_says_up_to_when(at, scene, clock):
    scene.open()
    before = at("head").get(PAGE).text
    clock.now = WEEK.ends_at + dt.timedelta(days=1)
    at("head").client.enter_as("head")
    after = at("head").get(PAGE).text
    assert "08:00 30/07/2026" in before
    assert "08:00 30/07/2026" not in after
    assert f'href="/reports/weekly/{WEEK.after}"' in after
    assert f'href="/reports/weekly/{WEEK.after}"' not in before
