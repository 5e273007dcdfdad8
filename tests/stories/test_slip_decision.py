"""A slip from the report to the promulgated Resolution in a real browser: the head decides and signs on the tablet."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Locator, Page, expect

from app.extensions import db
from app.models import Resolution, ResolutionState
from app.workflows import issuing, promulgation, resolutions, slip_decisions
from tests.cabinet import PIN
from tests.conftest import Scene, nonce_of
from tests.deciding import Deciding
from tests.served import served
from tests.slipping import LATE
from tests.stories.person import TABLET
from tests.views.browser import Clock

pytestmark = pytest.mark.browser
SAME = "Đề nghị làm rõ nguồn vốn thực hiện tại Điều 2 của dự thảo"
WANTED = "Quy định thời hạn báo cáo hằng năm"
SENTENCE = "Ủy ban nhân dân cấp tỉnh báo cáo kết quả thực hiện trước ngày 15 tháng 12 hằng năm."
LAST = f"Điều 3. Chế độ báo cáo\n1. {SENTENCE}"


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The small cabinet behind a port of this process."""
    with served(app) as address:
        yield address


@pytest.fixture
def closed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Deciding:
    """Two members write nearly the same, one asks for something else; the head agrees and one is silent."""
    Clock(monkeypatch).now = LATE
    scene = Deciding().equipped().issued()
    scene.answer("head", scene.slip_id)
    scene.answer("b", scene.slip_id, text=f"{SAME.upper()}.")
    scene.answer("a", scene.slip_id, "disagree", text=SAME, reservation=True)
    scene.answer("deputy", scene.slip_id, text=WANTED)
    return scene.closed({})


def enter(chromium: Browser, app: Flask, address: str, name: str, device: dict[str, int] = TABLET) -> Page:
    """A page of somebody who has signed in already."""
    own = app.test_client()
    own.enter_as(name)
    context = chromium.new_context(viewport=device, locale="vi-VN")
    context.add_cookies([
        {"name": cookie.key, "value": cookie.value, "url": address} for cookie in own._cookies.values()
    ])  # fmt: skip
    return context.new_page()


def closed_token(number: int) -> str:
    return db.session.get_one(Resolution, number, populate_existing=True).token


def explain(row: Locator, stance: str, said: str, passage: str = "", quote: str = "") -> None:
    """Fill one row; it is kept while it is typed."""
    row.locator("[name=stance]").select_option(stance)
    row.locator("[name=explanation]").fill(said)
    if passage:
        row.locator("[name=passage]").select_option(passage)
        row.locator("[name=quote]").fill(quote)
    row.locator("button[type=submit]").click()
    expect(row.locator("[data-state]")).to_contain_text("Đã lưu")  # and nothing is under way any more


def test_the_clerk_answers_every_opinion_before_the_draft_can_be_signed(chromium, app, address, closed):
    clerk, base = enter(chromium, app, address, "clerk"), f"{address}/slips/{closed.slip_id}"
    clerk.goto(f"{base}/board")
    clerk.click(f"a[href='/slips/{closed.slip_id}/synthesis']")
    expect(clerk.locator(".ec-opinion")).to_have_count(3)
    clerk.get_by_role("button", name="Gộp các dòng").first.click()
    expect(clerk.locator(".ec-opinion")).to_have_count(2)
    expect(clerk.locator(".ec-opinion__text")).to_have_count(3)
    clerk.click(f"a[href='/slips/{closed.slip_id}/explanations']")
    clerk.click("form[action$='/explanations/submit'] button")
    expect(clerk.get_by_role("alert")).to_contain_text("dòng 1")
    clerk.click("a[href$='/next-draft']")
    text = clerk.locator("[name=body]").input_value()
    clerk.fill("[name=body]", f"{text.rstrip()}\n{LAST}")
    clerk.click(".ec-write form button[type=submit]")
    rows = clerk.locator("[data-row]")
    expect(rows).to_have_count(2)
    places = rows.nth(0).locator("[name=passage] option")
    place = next(each.get_attribute("value") for each in places.all() if SENTENCE[:40] in each.inner_text())
    explain(rows.nth(1), "accepted", "Đã bổ sung.", place, "Nhiệm vụ báo cáo hằng tuần")
    expect(rows.nth(1)).to_have_attribute("data-gap", "broken_link")
    clerk.click("form[action$='/explanations/submit'] button")
    expect(clerk.get_by_role("alert")).to_contain_text("dòng 2")
    explain(rows.nth(1), "accepted", "Đã bổ sung.", place, SENTENCE)
    explain(rows.nth(0), "not", "Giữ như dự thảo vì luật đã quy định.")
    clerk.click("form[action$='/explanations/submit'] button")
    expect(clerk.locator("[data-row]")).to_have_count(0)
    clerk.click(f"a[href='/slips/{closed.slip_id}/report']")
    expect(clerk.locator("[data-explained=done]")).to_be_visible()
    clerk.context.close()


def test_the_head_brings_a_matter_to_a_session(chromium, app, address, closed):
    meeting = Scene()
    closed.reported_as_it_is()
    head, base = enter(chromium, app, address, "head"), f"{address}/slips/{closed.slip_id}"
    head.goto(f"{base}/report")
    head.click("#way-session")
    sheet = head.locator("#sheet-session")
    expect(sheet.locator("[name=meeting_id] option")).to_have_count(1)
    expect(sheet.locator("[name=meeting_id] option")).to_have_text(re.compile(r"^\d\d/\d\d/\d{4} · "))
    sheet.locator("[name=reason]").fill("Cần thảo luận tập thể")
    sheet.locator("button[type=submit]").click()
    expect(head.locator("[data-way=session]")).to_contain_text("Cần thảo luận tập thể")
    expect(head.locator("#way-submit")).to_have_count(0)
    head.locator("[data-way=session] a[href*='#item-']").click()
    expect(head).to_have_url(re.compile(rf"/meetings/{meeting.meeting_id}#item-\d+$"))
    item = head.locator(head.url.partition("#")[2].join(("#", "")))
    expect(item).to_contain_text(closed.slip(closed.slip_id).matter)
    expect(item.locator(".ec-paper")).to_have_count(1)
    head.context.close()


def test_a_matter_that_is_returned_comes_back_in_a_new_round(chromium, app, address, closed):
    closed.reported_as_it_is()
    clerk, head = (enter(chromium, app, address, name) for name in ("clerk", "head"))
    head.goto(f"{address}/slips/{closed.slip_id}/report")
    head.click("#way-return")
    sheet = head.locator("#sheet-return")
    sheet.locator("[name=reason]").fill("Làm rõ nguồn vốn")
    sheet.locator("[name=resubmit_on]").fill("2026-08-03")  # today is too early
    sheet.locator("button[type=submit]").click()
    expect(head.locator("#f-day-e")).to_be_visible()
    expect(sheet.locator("[name=reason]")).to_have_value("Làm rõ nguồn vốn")
    sheet.locator("[name=resubmit_on]").fill("2026-08-10")
    sheet.locator("button[type=submit]").click()
    expect(head.locator("[data-way=return]")).to_contain_text("10/08/2026")
    clerk.goto(f"{address}/slips/returned")
    returned = clerk.locator("[data-returned]")
    expect(returned).to_contain_text("Làm rõ nguồn vốn")
    expect(returned).to_contain_text("10/08/2026")
    returned.locator("form[action$='/round'] button").click()
    clerk.wait_for_url(re.compile(r"/slips/\d+/edit"))
    clerk.fill("#asked-1", "Đồng ý với dự thảo đã làm rõ nguồn vốn?")
    clerk.click("[data-save]")
    expect(clerk.locator("[aria-labelledby=changes-h] li")).to_have_count(1)
    clerk.goto(f"{address}/slips/returned")
    expect(clerk.locator("[data-returned]")).to_have_count(0)
    for page in (clerk, head):
        page.context.close()


def test_from_the_report_of_a_slip_to_the_page_that_everybody_can_check(chromium, app, address, closed):
    clerk, head = (enter(chromium, app, address, name) for name in ("clerk", "head"))
    clerk.goto(f"{address}/slips/{closed.slip_id}/report")
    clerk.click("#lay-report")
    expect(clerk.locator("[data-state=reported]")).to_be_visible()
    head.goto(f"{address}/")
    head.locator(f"a[href='/slips/{closed.slip_id}/report']").first.click()
    expect(head.locator("[data-outcome=adopted]")).to_contain_text("4/5")
    expect(head.locator("#way-submit")).to_be_disabled()  # opinions are not explained yet
    db.session.rollback()
    closed.explained()
    head.reload()
    head.click("#way-return")
    head.locator("#sheet-return button[type=submit]").click()
    expect(head.locator("#f-day-e")).to_be_visible()
    head.locator("#sheet-return [data-close]").first.click()
    head.click("#way-submit")
    head.locator("#sheet-submit button[type=submit]").click()
    expect(head.locator("[data-way=submit]")).to_be_visible()
    db.session.rollback()
    made = slip_decisions.resolution_of(closed.who["clerk"], closed.slip(closed.slip_id))
    assert made.state is ResolutionState.DRAFTING
    resolutions.present_resolution(closed.who["clerk"], made.id, LATE)
    head.goto(f"{address}/resolutions/{made.id}/sign")
    expect(head.locator("#sign-button")).to_be_enabled()
    head.click("#sign-button")
    sheet = head.locator("dialog[open]")
    sheet.locator("input[name=pin]").fill(PIN)
    sheet.locator("button[type=submit]:visible").click()
    expect(head.locator("#signing[data-step=receipt]")).to_be_visible()
    db.session.rollback()
    records, number = closed.who["records"], made.id
    issuing.allot_number(records, number, LATE)
    issuing.seal_resolution(records, number, nonce_of("seal"), PIN, LATE)
    promulgation.promulgate_resolution(records, number, LATE)
    head.goto(f"{address}/resolutions/{number}")
    expect(head.locator("[data-state=promulgated]")).to_be_visible()
    expect(head.locator("#watch-h")).to_have_count(0)
    head.goto(f"{address}/xac-minh/{closed_token(number)}")
    expect(head.locator("main")).to_contain_text("01/NQ-CP")
    for page in (clerk, head):
        page.context.close()
