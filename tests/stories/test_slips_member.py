"""Opinion slips in Chromium: three taps and a PIN, drafts on two devices and off the line, several in one sitting."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Response, Route, expect

from tests.cabinet import PIN
from tests.stories.conftest import DEMO, PATIENCE
from tests.stories.person import ONLINE, PHONE, TABLET, Person
from tests.stories.session import choose
from tests.stories.test_pages_fit import DEVICES, faults_of
from tests.stories.test_passkeys import LABEL, Authenticator, add_a_passkey
from tests.web import Web

pytestmark = pytest.mark.browser

BADGE = "[data-waiting] .ec-count"
LEGACY, PLAIN = "Céng hßa x· héi chñ nghÜa ViÖt Nam", "Cộng hòa xã hội chủ nghĩa Việt Nam"
WITH_PASSKEY = "Đề án xác thực điện tử"
COUNT_TAPS = """
addEventListener("pointerdown", () => sessionStorage.setItem("taps", Number(sessionStorage.getItem("taps")) + 1), true);
"""
COVERED = """(selector) => {
    const element = document.querySelector(selector);
    const { left, top, width, height } = element.getBoundingClientRect();
    return document.elementFromPoint(left + width / 2, top + height / 2) !== element;
}"""
HARD_TO_SEE = """() => {
    const now = document.activeElement;
    if (now.closest(".ec-skip")) return "";
    const near = [now, now.parentElement, now.nextElementSibling, now.previousElementSibling].filter(Boolean);
    const ringed = near.some((one) => {
        const { outlineStyle, outlineWidth } = getComputedStyle(one);
        return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
    });
    const { left, top, width, height } = now.getBoundingClientRect();
    const above = document.elementFromPoint(left + Math.min(width / 2, 200), top + Math.min(height / 2, 20));
    const hidden = !above || !(now.contains(above) || above.contains(now) || above.closest("label")?.contains(now));
    return (ringed ? "" : "no ring: ") + (hidden ? "covered: " : "") && now.outerHTML.slice(0, 120);
}"""
MOST_STEPS = 40
OPINION = "Đề nghị bổ sung mốc đánh giá giữa kỳ vào năm 2028."


@pytest.fixture(scope="module")
def web(demo_files: Path) -> Iterator[Web]:
    """The demo with four slips under way."""
    server = Web(**DEMO)
    server.furnish(demo_files)
    server.make("slips")
    yield server.start()
    troubles = server.troubles()
    server.stop()
    assert not troubles, "\n".join(troubles)


def expect_badge(person: Person, number: int) -> None:
    expect(person.at(BADGE + ":visible").first).to_have_text(str(number))


def opened(person: Person, matter: str) -> Person:
    person.go("/slips/").locator("a.ec-task", has_text=matter).click()
    expect(person.at("h1")).to_have_text(matter)
    person.page.wait_for_load_state()
    return person


def posted(person: Person, ending: str) -> list[int]:
    """The status of every answer to what this page sends to such an address, as it comes in."""
    came: list[int] = []

    def heard(response: Response) -> None:
        if response.request.method == "POST" and urlsplit(response.url).path.endswith(ending):
            came.append(response.status)

    person.page.on("response", heard)
    return came


def test_a_slip_is_answered_in_three_taps_and_a_pin_and_the_badge_falls(enter):
    member = enter("tv05", PHONE)
    member.context.add_init_script(COUNT_TAPS)
    member.go("/slips/")
    rows = member.at("a.ec-task").count()
    expect_badge(member, rows)
    member.at("a.ec-task", has_text="trí tuệ nhân tạo").tap()
    expect(member.at("h1")).to_contain_text("trí tuệ nhân tạo")
    member.page.wait_for_load_state()
    member.at("label.ec-choice", has=member.at("input[value=agree]")).tap()
    member.at("[data-next]").tap()
    expect(member.at("dialog[open] [data-shown=choice_label]")).to_have_text("Đồng ý")
    expect(member.at("dialog[open] #pin")).to_be_focused()
    member.page.keyboard.type(PIN)
    member.page.keyboard.press("Enter")
    expect(member.at("[data-receipt-head]")).to_be_visible()
    assert member.page.evaluate("() => sessionStorage.getItem('taps')") == "3"
    expect(member.at(".slip-said__q").first).to_be_visible()
    member.go("/slips/?state=waiting")
    expect(member.at("a.ec-task")).to_have_count(rows - 1)
    expect_badge(member, rows - 1)


def test_a_wrong_pin_keeps_what_was_typed_and_a_change_keeps_both_answers(enter):
    member = opened(enter("tv06", TABLET), "Đề án chuyển đổi số ngành y tế")
    choose(member, "other")
    member.at("[name=text-1]").fill(OPINION)
    member.at("[data-next]").click()
    member.leaves_and_presses_again("#confirm", "[data-next]")
    with member.refused(403):
        member.enter_pin("000000")
        expect(member.at("[data-pin-error]")).to_be_visible()
    member.enter_pin()
    expect(member.at("[data-receipt-head]")).to_be_visible()
    member.at("[data-change]").click()
    choose(member, "disagree")
    member.at("[data-next]").click()
    member.enter_pin()
    expect(member.at("[data-show=receipt] details summary", has_text="(1)")).to_be_visible()
    member.at("[data-show=receipt] details summary").click()
    expect(member.at(".slip-history")).to_contain_text(OPINION)
    member.at("[data-show=receipt] a", has_text="Kiểm tra").first.click()
    expect(member.at(".ec-banner--ok")).to_be_visible()


@pytest.mark.parametrize("size", [PHONE, TABLET], ids=["phone", "tablet"])
def test_what_is_missing_is_said_in_sight_and_the_sheet_shows_the_answer_beside_the_pin(enter, size):
    member = opened(enter("tv14", size), "Chương trình phát triển đô thị")
    complaint = member.at("[data-problem]")
    member.at("[data-next]").click()
    expect(complaint).to_be_in_viewport(ratio=1)
    expect(member.at(".slip-q").first).to_be_in_viewport(ratio=1)
    choose(member, "disagree")
    expect(complaint).to_be_hidden()
    for number in (1, 2, 3):
        member.at(f"[name=text-{number}]").fill(f"{OPINION}\n" * 6)
    member.at("[data-next]").click()
    expect(member.at("dialog[open] #pin")).to_be_focused()
    for seen in ("#pin", "[data-sign-button]", "[data-recap]"):
        expect(member.at(f"dialog[open] {seen}")).to_be_in_viewport(ratio=1)
    assert not member.page.evaluate(COVERED, "dialog[open] #pin")


def tab_to(member: Person, selector: str) -> None:
    """From stop to stop with the keyboard alone; each is to be seen."""
    for _step in range(MOST_STEPS):
        member.page.keyboard.press("Tab")
        assert member.page.evaluate(HARD_TO_SEE) == ""
        if member.page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached in {MOST_STEPS} steps")


def test_a_slip_is_answered_with_the_keyboard_alone_and_every_stop_is_seen(enter):
    member = enter("tv16", TABLET)
    press = member.page.keyboard.press
    member.go("/slips/").wait_for_load_state()
    tab_to(member, "a.ec-task")
    press("Enter")
    expect(member.at("[data-next]")).to_be_visible()
    member.page.wait_for_load_state()
    tab_to(member, "[name=choice-1]")
    press("Space")
    press("ArrowRight")
    expect(member.at("[name=choice-1][value=disagree]")).to_be_checked()
    tab_to(member, "[name=reservation]")
    press("Space")
    tab_to(member, "#file")
    tab_to(member, "[data-next]")
    press("Enter")
    expect(member.at("dialog[open] #pin")).to_be_focused()
    press("Escape")
    expect(member.at("[data-next]")).to_be_focused()
    press("Enter")
    expect(member.at("dialog[open] #pin")).to_be_focused()
    member.page.keyboard.type(PIN)
    press("Enter")
    expect(member.at("[data-show=receipt] .ec-chip--warn")).to_have_text("Bảo lưu ý kiến")  # drawn anew by then
    expect(member.at("[data-receipt-head]")).to_be_focused()


def test_what_is_pasted_in_an_old_encoding_is_converted_only_when_asked(enter):
    member = opened(enter("tv07", PHONE), "Chương trình phát triển đô thị")
    field = member.at("[name=text-3]")
    field.fill(LEGACY)
    offer = member.at("[data-field=text-3] [data-offer]")
    expect(offer).to_contain_text(PLAIN)
    expect(field).to_have_value(LEGACY)
    offer.locator("button").first.click()
    expect(field).to_have_value(PLAIN)
    expect(offer).to_have_count(0)


def test_a_draft_outlives_the_line_and_is_sent_once_and_another_device_is_told(enter):
    first, second = enter("tv08", PHONE), enter("tv08", TABLET)
    for person in (first, second):
        opened(person, "Chương trình phát triển đô thị")
    line, drafts = first.at("[data-draft-line]"), posted(first, "/draft")
    with first.offline():
        first.at("[name=text-3]").fill("Gõ khi mất mạng")
        expect(line).to_contain_text("trên thiết bị này")
    expect(line).to_contain_text("Đã lưu nháp")
    first.came_back()
    assert drafts == [200]
    with second.refused(409):
        second.at("[name=text-3]").fill("Gõ ở máy khác")
        expect(second.at("[data-conflict]")).to_be_visible()
    expect(second.at("[data-conflict-text]")).to_have_text("Gõ khi mất mạng")
    second.at("[data-keep-mine]").click()
    expect(second.at("[data-draft-line]")).to_contain_text("Đã lưu nháp")
    first.page.reload()
    expect(first.at("[name=text-3]")).to_have_value("Gõ ở máy khác")


def test_an_answer_signed_while_the_line_breaks_is_sent_by_itself_and_counted_once(enter):
    member = opened(enter("tv12", PHONE), "Đề án chuyển đổi số ngành y tế")
    choose(member, "agree")
    member.at("[data-next]").click()
    expect(member.at("dialog[open] #pin")).to_be_visible()
    signed = posted(member, "/sign")
    with member.offline():
        member.enter_pin()
        expect(member.at("[data-unsent]")).to_be_visible()
        assert member.at("[data-show=receipt]").is_hidden()
    expect(member.at("[data-receipt-head]")).to_be_visible()
    member.came_back()
    assert signed == [200]
    expect(member.at(".slip-history")).to_have_count(0)


def test_what_is_under_way_is_not_sent_again_when_the_line_comes_back(enter):
    """Neither the draft nor the answer, which had been lost once."""
    member, sent = opened(enter("tv15", PHONE), "Chương trình phát triển đô thị"), []

    def under_way(times: int) -> Route:
        for _look in range(900):
            if len(sent) == times:
                break
            member.page.wait_for_timeout(50)
        for _again in range(2):
            member.page.evaluate(ONLINE)
        assert len(sent) == times
        return sent[-1]

    def hold(route: Route) -> None:
        sent.append(route)

    for ending in ("draft", "sign"):
        member.page.route(f"**/{ending}", hold)
    choose(member, "agree")
    under_way(1).continue_()
    expect(member.at("[data-draft-line]")).to_contain_text("Đã lưu nháp")
    member.at("[data-next]").click()
    member.enter_pin()
    member.lose_the_server()
    under_way(2).abort("connectionreset")
    expect(member.at("[data-unsent]")).to_be_visible()
    under_way(3).continue_()
    expect(member.at("[data-receipt-head]")).to_be_visible()
    member.came_back()
    assert [route.request.url.rpartition("/")[2] for route in sent] == ["draft", "sign", "sign"]


def test_a_slip_that_asks_for_a_passkey_is_confirmed_by_the_device_as_well(chromium, web):
    member = Person(chromium, web.url.replace("127.0.0.1", "localhost"), "tv13", PHONE)
    member.page.set_default_timeout(PATIENCE)
    member.sign_in()
    opened(member, WITH_PASSKEY)
    expect(member.at("[data-next]")).to_have_count(0)
    member.at("a.ec-btn", has_text="Khóa truy cập").click()
    device = Authenticator(member)
    add_a_passkey(member)
    expect(member.at(".ec-row__title", has_text=LABEL)).to_be_visible()
    opened(member, WITH_PASSKEY)
    choose(member, "agree")
    member.at("[data-next]").click()
    expect(member.at("#confirm [data-passkey] input")).to_be_checked()
    member.enter_pin()
    expect(member.at("[data-receipt-head]")).to_be_visible()
    expect(member.at("[data-show=receipt]")).to_contain_text(LABEL)
    assert device.count() > 1  # it counts its own making, too
    member.close()
    assert member.complaints == []


def test_several_drafts_are_signed_with_one_pin_and_each_has_its_receipt(enter):
    member = enter("tv09", PHONE)
    for matter in ("Đề án chuyển đổi số ngành y tế", "Chương trình phát triển đô thị"):
        opened(member, matter)
        choose(member, "agree")
        expect(member.at("[data-draft-line]")).to_contain_text("Đã lưu nháp")
    member.go("/slips/together")
    member.at("[data-next]").click()
    expect(member.at("dialog[open] .slip-confirm")).to_have_count(2)
    member.enter_pin()
    expect(member.at("[data-end][data-good]")).to_have_count(2)


def test_a_slip_that_is_issued_meanwhile_comes_to_an_open_screen(enter, web):
    member = enter("tv10", TABLET)
    member.go("/slips/")
    rows = member.hears().at("a.ec-task").count()
    web.make("slip")
    expect(member.at("a.ec-task", has_text="Dự án Luật Dữ liệu cá nhân")).to_be_visible()
    expect(member.at("a.ec-task")).to_have_count(rows + 1)
    expect_badge(member, rows + 1)


def test_what_was_typed_off_the_line_is_still_read_when_the_slip_was_recalled_meanwhile(enter, web):
    web.make("slip")
    member, clerk = enter("tv17", PHONE), enter("chuyenvien", TABLET)
    path = member.go("/slips/").locator("a.ec-task", has_text="Dự án Luật Dữ liệu cá nhân").last.get_attribute("href")
    member.go(path).wait_for_load_state()
    with member.offline():
        member.at("[name=text-1]").fill(OPINION)
        expect(member.at("[data-draft-line]")).to_contain_text("trên thiết bị này")
        member.go("about:blank")
    member.came_back()
    clerk.go(f"{path}/board").wait_for_load_state()
    clerk.at("[data-dialog=sheet-recall]").click()
    clerk.at("#sheet-recall textarea").fill("Bổ sung hồ sơ")
    clerk.at("#sheet-recall button[type=submit]").click()
    expect(clerk.at(".ec-banner--bad")).to_contain_text("Bổ sung hồ sơ")
    member.go(path)
    expect(member.at(".ec-banner--bad")).to_contain_text("Bổ sung hồ sơ")
    expect(member.at("[name=text-1]")).to_have_value(OPINION)
    expect(member.at("[name=text-1]")).to_be_visible()
    expect(member.at("[data-draft-line]")).to_contain_text("chưa được gửi")
    expect(member.at("[data-next]")).to_have_count(0)


def test_an_aide_suggests_and_the_member_alone_signs(enter):
    member, aide = enter("tv12", TABLET), enter("troly.tv12", PHONE)
    switch = "button[type=submit]"
    member.go("/slips/aides").locator(switch, has_text="Ngừng").click()  # the demo begins with an aide who is let in
    expect(member.at(switch, has_text="Cho phép")).to_be_visible()
    aide.go("/")
    expect(aide.at("a[href='/slips/']")).to_have_count(0)
    member.at(switch, has_text="Cho phép").click()
    expect(member.at(".ec-chip--ok")).to_be_visible()
    aide.go("/slips/").locator("a.ec-task", has_text="Chương trình phát triển đô thị").click()
    expect(aide.at("[data-sign-button], [data-next]")).to_have_count(0)
    choose(aide, "other")
    aide.at("[name=text-3]").fill(OPINION)
    aide.at("button[type=submit]", has_text="Lưu ý kiến tham mưu").click()
    expect(aide.at(".ec-flash")).to_contain_text("tham mưu")
    assert faults_of(aide, urlsplit(aide.page.url).path, "light") == {}
    opened(member, "Chương trình phát triển đô thị")
    suggested = member.at("section[aria-labelledby=suggestions-h]")
    suggested.locator("summary").click()
    expect(suggested).to_contain_text(OPINION)
    suggested.locator("button[type=submit]").click()
    expect(member.at("[name=text-3]")).to_have_value(OPINION)
    expect(member.at("[data-next]")).to_be_visible()


@pytest.mark.parametrize("device", DEVICES)
def test_the_pages_of_slips_fit_and_can_be_pressed_and_read(enter, device):
    size, colours = DEVICES[device]
    member = enter("tv11", size, color_scheme=colours)
    links = member.go("/slips/?state=").locator("a.ec-task").evaluate_all("links => links.map((link) => link.pathname)")
    slips = [link for link in links if re.fullmatch(r"/slips/\d+", link)]
    pages = ["/slips/", "/slips/together", "/slips/aides", *slips]
    assert len(pages) > 3
    assert {path: faults for path in pages if (faults := faults_of(member, path, colours))} == {}
