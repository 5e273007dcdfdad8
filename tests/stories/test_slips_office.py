"""A slip from the clerk's empty form to its close in a real browser: composed, returned, approved, issued, watched."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from app.extensions import db
from app.models import Slip
from app.tasks import relay
from tests.cabinet import MEMBERS, NOW, PEOPLE
from tests.served import served_with_sockets
from tests.slipping import SlipScene
from tests.stories.person import LET_IN, TABLET
from tests.views.browser import Clock
from tests.workflows.test_documents import pdf

pytestmark = pytest.mark.browser
MATTER = "Dự thảo Nghị quyết về kinh tế số"
KINDS = {
    "consent": "Đồng ý ban hành Nghị quyết?", "pick": "Chọn phương án tổ chức", "text": "Góp ý về nguồn vốn",
    "articles": "Ý kiến đối với từng điều của dự thảo",
}  # fmt: skip
DRAFT = "Điều 1. Mục tiêu\nPhát triển kinh tế số.\nĐiều 2. Tổ chức thực hiện\nCác bộ thi hành."
Enter = Callable[[str], Page]
# The look that a board takes every ten seconds beside the socket comes a thousand seconds later.
NO_LOOK_OF_ITS_OWN = """
const later = window.setTimeout;
window.setTimeout = (call, ms, ...rest) => later(call, ms > 9000 ? ms * 100 : ms, ...rest);
"""


@pytest.fixture
def address(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The small cabinet behind a port of this process, with its sockets, on the last Thursday of July."""
    Clock(monkeypatch)
    with served_with_sockets(app) as address:
        yield address


@pytest.fixture
def enter(chromium: Browser, app: Flask, address: str) -> Iterator[Enter]:
    """A page of somebody who has signed in already; no script may have failed at the end."""
    opened, complaints = [], []

    def come(name: str) -> Page:
        own = app.test_client()
        own.enter_as(name)
        context = chromium.new_context(viewport=TABLET, locale="vi-VN", base_url=address)
        cookies = [{"name": each.key, "value": each.value, "url": address} for each in own._cookies.values()]
        context.add_cookies(cookies)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"{name}: {error}"))
        opened.append(context)
        return page

    yield come
    for context in opened:
        for page in context.pages:
            page.wait_for_load_state("load")  # what is cut off in the middle of its loading complains for nothing
    said = list(complaints)
    for context in opened:
        context.close()
    assert said == []


def open_and_hear(page: Page, path: str) -> None:
    """From here on the page is told what concerns its person."""
    frames: list[str] = []
    page.on("websocket", lambda line: line.on("framereceived", lambda frame: frames.append(str(frame))))
    page.goto(path)
    for _look in range(1800):
        if any(frame.startswith(LET_IN) for frame in frames):
            return
        page.wait_for_timeout(25)
    raise AssertionError("the socket of the page was never let in")


def only_slip() -> Slip:
    db.session.rollback()  # what the pages have written since is seen
    return db.session.query(Slip).one()


def compose(clerk: Page, tmp_path: Path) -> None:
    """Four kinds of questions, a paper and a draft with articles; the preview follows what is typed."""
    paper = tmp_path / "to-trinh.pdf"
    paper.write_bytes(pdf("Tờ trình"))
    clerk.goto("/slips/new")
    clerk.fill("#matter", MATTER)
    expect(clerk.locator(".ec-phone__matter")).to_have_text(MATTER)
    for at, (kind, text) in enumerate(KINDS.items(), start=1):
        if at > 1:
            clerk.click("[data-do][value=add]")
            expect(clerk.locator(".ec-ask")).to_have_count(at)
        clerk.select_option(f"#kind-{at}", kind)
        clerk.fill(f"#asked-{at}", text)
    clerk.fill("#options-2", "Phương án 1\nPhương án 2")
    expect(clerk.locator(".ec-phone [data-question]")).to_have_count(len(KINDS))
    expect(clerk.locator(".ec-phone")).to_contain_text("Phương án 2")
    clerk.click("[data-save]")
    clerk.locator("#papers details summary").first.click()
    clerk.fill("#title", "Tờ trình")
    clerk.set_input_files("#file", paper)
    clerk.click("[name=do][value=upload]")
    expect(clerk.locator(".ec-slippapers li")).to_have_count(1)
    clerk.click("[name=do][value=write]")
    for name, said in {"subject": "Về kinh tế số", "bases": "Căn cứ Luật Tổ chức Chính phủ", "body": DRAFT,
                       "recipients": "Như Điều 2", "archive": "VT"}.items():  # fmt: skip
        clerk.fill(f"[name={name}]", said)
    clerk.locator("form button.ec-btn--primary[type=submit]").first.click()
    clerk.wait_for_url(re.compile(r"/edit"))
    expect(clerk.locator(".ec-phone .ec-details", has_text="Điều 2")).to_be_visible()
    clerk.click("[name=do][value=submit]")
    expect(clerk.locator("h1")).to_have_text(MATTER)


def decide(page: Page, sheet: str, said: str = "") -> None:
    page.wait_for_load_state()  # the scripts that open a sheet have run
    page.click(f"[data-dialog=sheet-{sheet}]")
    if said:
        page.fill(f"#sheet-{sheet} textarea", said)
    page.locator(f"#sheet-{sheet} button[type=submit]").click()


def approved(enter: Enter, clerk: Page, slip_id: int) -> Page:
    """Returned once with a reason, submitted again, approved at both steps; the page of whoever issues it."""
    unit_head, chairman = enter("secretary"), enter("chairman")
    unit_head.goto("/")
    unit_head.locator("a.ec-task", has_text=MATTER).click()
    decide(unit_head, "return", "Cần nêu rõ căn cứ")
    clerk.goto(f"/slips/{slip_id}/edit")
    expect(clerk.locator(".ec-banner--warn", has_text="Cần nêu rõ căn cứ")).to_be_visible()
    clerk.fill("#legal_basis", "Điều 7, Điều 17 Quy chế làm việc")
    clerk.click("[name=do][value=submit]")
    unit_head.goto(f"/slips/{slip_id}/preview")
    decide(unit_head, "approve", "Hồ sơ đủ")
    chairman.goto(f"/slips/{slip_id}/preview")
    decide(chairman, "approve")
    expect(chairman.locator(".ec-slipsteps li[data-done]")).to_have_count(3)
    expect(chairman.locator("[aria-labelledby=way-h]")).to_contain_text("Hồ sơ đủ")
    return chairman


def test_a_slip_goes_from_the_empty_form_to_its_close(app, enter, tmp_path):
    scene = SlipScene()
    clerk = enter("clerk")
    clerk.add_init_script(NO_LOOK_OF_ITS_OWN)
    compose(clerk, tmp_path)
    slip_id = only_slip().id
    issuer = approved(enter, clerk, slip_id)
    decide(issuer, "issue")
    issuer.wait_for_url("**/board")
    with clerk.expect_response(lambda answer: answer.url.endswith("/board/state")):
        clerk.goto(f"/slips/{slip_id}/board")  # from the first look on it is told, or looks until it is
    answered = clerk.locator("[data-region=counts] .ec-vote__q")
    expect(answered).to_have_text(f"0/{len(MEMBERS)}")
    arrives_at_the_board(enter, clerk, slip_id)
    answered_articles_are_marked(enter("b"), slip_id)
    for name, choice in (("a", "agree"), ("b", "disagree")):
        answer_all(scene, name, slip_id, choice)
    relay.drain(NOW)
    expect(answered).to_have_text(f"2/{len(MEMBERS)}")  # told by the socket
    clerk.click("form[action$='/chase'] .ec-btn--primary")
    expect(clerk.locator("[data-region=reminders]")).to_contain_text(f"{len(MEMBERS) - 2}")
    decide(clerk, "extend", "Bổ sung hồ sơ")
    expect(clerk.locator("[data-region=moved]")).to_contain_text("Bổ sung hồ sơ")
    for name in MEMBERS:
        if name not in "ab":
            answer_all(scene, name, slip_id, "agree")
    relay.drain(NOW)
    decide(clerk, "close", "Tất cả đã trả lời")
    expect(clerk.locator("[data-region=counts] .ec-banner b")).to_be_visible()
    assert only_slip().state == "closed"


def test_a_slip_is_recalled_and_the_member_who_has_it_open_reads_why(app, enter):
    slip_id = SlipScene().issue()
    relay.drain(NOW)
    member, clerk = enter("a"), enter("clerk")
    open_and_hear(member, f"/slips/{slip_id}")
    member.locator("label", has_text="Không đồng ý").first.click()
    clerk.goto(f"/slips/{slip_id}/board")
    decide(clerk, "recall", " ")
    expect(clerk.locator("#recall-error")).to_be_visible()
    expect(clerk).to_have_url(re.compile(r"/board$"))  # where it is drawn anew, not where the form went
    clerk.fill("#sheet-recall textarea", "Nhầm bản dự thảo")
    clerk.locator("#sheet-recall button[type=submit]").click()
    expect(clerk.locator(".ec-banner--bad")).to_contain_text("Nhầm bản dự thảo")
    expect(clerk.locator("[data-dialog=sheet-extend]")).to_have_count(0)
    assert only_slip().state == "recalled"
    relay.drain(NOW)
    expect(member.locator("[data-region=state]")).to_contain_text("Nhầm bản dự thảo")
    expect(member.locator("[data-next]")).to_have_attribute("aria-disabled", "true")
    member.goto("/slips/?state=waiting")
    expect(member.locator("a.ec-task")).to_have_count(0)


def arrives_at_the_board(enter: Enter, clerk: Page, slip_id: int) -> None:
    """What a member's device notes stands on the open board, which does not look by itself."""
    clerk.evaluate("window.kept = true")
    member, counts = enter("a"), clerk.locator("[data-region=counts]")
    line = clerk.locator(".ec-board li", has_text=PEOPLE["a"].post)
    for second, (path, noted) in enumerate((("/", "received"), (f"/slips/{slip_id}", "seen"))):
        with member.expect_response(lambda answer, noted=noted: answer.url.endswith(f"/{noted}")):
            member.goto(path)
        relay.drain(NOW + dt.timedelta(seconds=second))
        expect(line).to_contain_text("đã xem" if second else "đã nhận")
        expect(counts).to_contain_text(f"đã xem {second}.")
    assert clerk.evaluate("window.kept"), "the board was loaded anew"


def answered_articles_are_marked(member: Page, slip_id: int) -> None:
    """An article says what was answered to it when it is folded again, and the others say nothing."""
    member.goto(f"/slips/{slip_id}")
    article = member.locator("details[data-article]").first
    article.locator("summary").click()
    article.locator("label", has_text="Không đồng ý").click()
    article.locator("summary").click()
    expect(article.locator("summary [data-mark=disagree]")).to_be_visible()
    expect(member.locator("details[data-article] .slip-mark:visible")).to_have_count(1)


def answer_all(scene: SlipScene, name: str, slip_id: int, choice: str) -> None:
    """An answer to the question that decides; the others stay open."""
    parts = [
        {"question": at, "choice": choice if kind == "consent" else None, "option": 1 if kind == "pick" else None,
         "text": "", "articles": []}
        for at, kind in enumerate(KINDS, start=1)
    ]  # fmt: skip
    scene.answer_parts(name, slip_id, parts)
