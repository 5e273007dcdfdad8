"""The pages of the calendar and of the report on slips; the secret address of the own calendar."""

import datetime as dt
import html
import re
from io import BytesIO

import icalendar
import pytest
from openpyxl import load_workbook

from app.models import TripKind
from app.workflows import slip_approval, slip_closing, trips
from app.workflows.engine.rights import SYSTEM
from app.workflows.rules.calendar import HANOI
from tests.cabinet import MEMBERS, NOW
from tests.slipping import LATE, SlipScene
from tests.views.browser import Browser

MINISTER_A, MINISTER_B = "Phạm Văn Ba", "Đỗ Thị Bốn"


@pytest.fixture
def slip(app, clock):
    return SlipScene()


@pytest.mark.parametrize("view", ["month", "week", "list"])
def test_a_deadline_stands_in_every_view(at, slip, view):
    slip_id = slip.issue()
    page = at("a").get(f"/calendar/?view={view}&day=2026-08-03").text
    assert f'href="/slips/{slip_id}"' in page
    assert "Dự thảo Nghị quyết về doanh nghiệp nhỏ" in page
    assert at("guest").get(f"/calendar/?view={view}&day=2026-08-03").text.count("/slips/") == 0


def test_whoever_has_five_slips_on_one_day_is_named(at, slip):
    first = slip.issue()
    for _ in range(4):
        slip.issue()
    for name in MEMBERS:
        if name != "a":
            for slip_id in (first, first + 1):
                slip.answer(name, slip_id)
    page = at("clerk").get("/calendar/?view=month&day=2026-08-03").text
    crowds = page.split("data-crowds")[1].split("</ul>")[0]
    assert f"{MINISTER_A} có 5 phiếu phải trả lời trong Thứ Hai 03/08/2026." in crowds
    assert crowds.count("<li>") == 1, "three are borne"
    assert "data-crowds" not in at("b").get("/calendar/?view=month&day=2026-08-03").text


def hanoi(day, hour):
    return dt.datetime(2026, 8, day, hour, tzinfo=HANOI)


def test_the_page_proposes_a_session_with_who_is_free_and_who_is_away(at, slip):
    slip.now = NOW
    trips.add_trip(slip.who["clerk"], 1, slip.who["a"].person_id, TripKind.ABROAD, hanoi(10, 0), hanoi(11, 0), NOW)
    page = html.unescape(at("clerk").get("/calendar/?view=list&day=2026-08-01").text)
    said = page.split('id="session"')[1].split("</section>")[0]
    assert "Từ Thứ Hai 10/08/2026 trở đi còn đủ thời gian gửi tài liệu; cần 4 trên 5 thành viên" in said
    assert re.findall(r"<b>([^<]*)</b>", said)[0] == "08:00–11:00, Thứ Hai 10/08/2026"
    assert "4/5 có thể dự" in said
    free = said.split("ec-details__body")[1].split("</p>")[0]
    assert MINISTER_B in free
    assert MINISTER_A not in free
    assert f"Vắng mặt: {MINISTER_A} (Công tác nước ngoài)" in said
    assert f"Vắng mặt: {MINISTER_A} (Công tác nước ngoài)" in page.split('id="session"')[0], "in the calendar"
    for name in ("a", "head", "auditor"):
        assert 'id="session"' not in at(name).get("/calendar/").text


def test_clocks_of_the_office_lead_to_the_slip(at, slip):
    draft = slip.draft()
    slip_approval.submit_slip(slip.who["clerk"], draft.id, now=NOW)
    page = at("clerk").get("/calendar/?view=month&day=2026-08-03").text
    assert f'href="/slips/{draft.id}/preview"' in page
    assert "Thẩm tra hồ sơ phiếu: Dự thảo Nghị quyết về doanh nghiệp nhỏ" in page
    assert "Thẩm tra hồ sơ phiếu:" not in at("a").get("/calendar/?view=month&day=2026-08-03").text


@pytest.mark.parametrize(
    "query", ["", "?view=x", "?day=x", "?day=9999-12-31", "?day=0001-01-01", "?day=2026-02-30", "?body=99", "?body=x",
              "?days=-1", "?days=99", "?days=x", "?mine=1", "?view=list&day=2098-12-31"]
)  # fmt: skip
def test_odd_questions_get_a_page(at, clock, query):
    for name in ("a", "clerk", "admin", "guest"):
        assert at(name).get(f"/calendar/{query}").status_code == 200


def test_the_month_leads_on_and_back(at, clock):
    page = at("a").get("/calendar/?view=month&day=2026-12-15").text
    assert "day=2027-01-01" in page
    assert "day=2026-11-01" in page
    assert 'aria-current="date"' not in page
    assert page.count('aria-current="page"') >= 1
    assert 'aria-current="date"' in at("a").get("/calendar/").text


def test_a_deadline_too_many_is_said_with_better_days(at, slip):
    for _ in range(3):
        slip.issue()
    page = at("clerk").get("/calendar/?days=2").text
    assert "ec-due-better" in page
    assert "Phạm Văn Ba" in page
    told = at("clerk").get("/calendar/advice?days=2", headers={"Accept": "application/json"}).json
    assert (told["day"], len(told["crowded"]), told["most"]) == ("2026-08-03", 5, 3)
    assert [each["working_days"] for each in told["better"]] == [3, 4, 5]
    refused = at("clerk").get("/calendar/advice?days=9", headers={"Accept": "application/json"})
    assert refused.status_code in (400, 409, 422)
    assert refused.json["code"] == "deadline_too_late"
    assert 'id="trial"' not in at("a").get("/calendar/?days=2").text


def test_the_secret_address_is_shown_once_and_needs_no_cookie(app, at, slip):
    slip_id = slip.issue()
    made = at("a").post("/calendar/feed/make")
    assert made.headers["Cache-Control"] == "no-store"
    path = re.search(r'readonly[^>]*>https?://[^/]+(/calendar/feed/[^<]+\.ics)</textarea>', made.text)[1]
    assert path not in at("a").get("/calendar/feed").text
    nobody = Browser(app)
    answer = nobody.get(path)
    assert answer.status_code == 200
    assert answer.content_type == "text/calendar; charset=utf-8"
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    (event,) = icalendar.Calendar.from_ical(answer.data).walk("VEVENT")
    assert str(event["URL"]).endswith(f"/slips/{slip_id}")
    assert at("a").post("/calendar/feed/revoke").status_code == 302
    assert nobody.get(path).status_code == 404
    assert nobody.get("/calendar/feed/xxxx.ics").status_code == 404


def test_the_report_shows_its_rows_and_exactly_those_counted(at, slip):
    slip_id = slip.issue()
    slip.answer("a", slip_id)
    slip_closing.close_slip(SYSTEM, slip_id, LATE)
    query = "from=2026-08-01&to=2026-08-31"
    page = at("head").get(f"/reports/slips/?{query}").text
    assert "<svg" in page
    assert "Phạm Văn Ba" in page
    links = set(re.findall(r'href="(/reports/slips/rows\?[^"]+)"', page))
    assert len([link for link in links if "met=" not in link]) == 6, "five members and all together"
    figures = re.findall(r'<a class="ec-due-figure" href="([^"]+)" aria-label="[^"]+">(\d+)</a>', page)
    assert sorted(int(count) for _link, count in figures) == [*[1] * 11, 4, 5], "asked, in time, silent; no nought"
    counted = {**{link: 1 if "key=" in link else 5 for link in links}, **{link: int(n) for link, n in figures}}
    for link, count in counted.items():
        rows = at("head").get(link.replace("&amp;", "&")).text
        assert (link, rows.count("<tr>") - 1) == (link, count)
    for by in ("ministry", "lead", "x"):
        assert at("clerk").get(f"/reports/slips/?{query}&by={by}").status_code == 200
    book = at("head").get(f"/reports/slips/workbook.xlsx?{query}")
    assert len(load_workbook(BytesIO(book.data)).worksheets) == 2


@pytest.mark.parametrize(
    "query",
    ["?from=x", "?from=2026-09-01&to=2026-08-01", "?to=9999-12-31", "?key=x", "?met=x", "?key=0&met=silent",
     "?from=0001-01-01", "?from=0001-01-01&to=0001-01-01", "?from=9999-12-01&to=9999-12-31"],
)
def test_an_odd_period_is_the_usual_one(at, clock, query):
    for address in ("/reports/slips/", "/reports/slips/rows", "/reports/slips/workbook.xlsx"):
        assert at("head").get(f"{address}{query}").status_code == 200


def test_the_list_of_reminders_is_for_those_who_run_slips_and_auditors(at, slip):
    for name, code in (("clerk", 200), ("auditor", 200), ("a", 403)):
        assert at(name).get("/records/slip-reminders/").status_code == code
