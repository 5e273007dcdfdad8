"""A slip from the report to the promulgated Resolution in a real browser: the head decides and signs on the tablet."""

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from app.extensions import db
from app.models import Resolution, ResolutionState
from app.workflows import issuing, promulgation, resolutions, slip_decisions
from tests.cabinet import PIN
from tests.conftest import nonce_of
from tests.deciding import Deciding
from tests.slipping import LATE
from tests.stories.person import TABLET
from tests.views.browser import Clock

pytestmark = pytest.mark.browser


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The small cabinet behind a port of this process."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def closed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Deciding:
    Clock(monkeypatch).now = LATE
    scene = Deciding().equipped().issued()
    scene.answer("head", scene.slip_id)
    scene.answer("b", scene.slip_id)
    scene.answer("a", scene.slip_id, "disagree", text="Chưa rõ nguồn vốn thực hiện Điều 2", reservation=True)
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


def test_from_the_report_of_a_slip_to_the_page_that_everybody_can_check(chromium, app, address, closed):
    clerk, head = (enter(chromium, app, address, name) for name in ("clerk", "head"))
    clerk.goto(f"{address}/slips/{closed.slip_id}/report")
    clerk.click("#lay-report")
    expect(clerk.locator("[data-state=reported]")).to_be_visible()
    head.goto(f"{address}/")
    head.locator(f"a[href='/slips/{closed.slip_id}/report']").first.click()
    expect(head.locator("[data-outcome=adopted]")).to_contain_text("4/5")
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
