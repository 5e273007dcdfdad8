"""News in real browsers: the bell rings while a page is open, choices are kept, a push message shows and leads on."""

import email
import json
import re
import time
from collections.abc import Callable, Iterator
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from playwright.sync_api import Locator, expect

from app.gateways.push import generate_vapid_key
from tests.servers import free_port
from tests.stories.conftest import DEMO
from tests.stories.person import PHONE, TABLET, Person
from tests.stories.test_pages_fit import faults_of
from tests.web import Caller, Web

pytestmark = pytest.mark.browser

BELL = "header [data-notices] .ec-count"
ADDRESS = "khe@bo.example"
SHOWN = """async () => {
    const worker = await navigator.serviceWorker.ready;
    return (await worker.getNotifications()).map((one) => [one.title, one.body, one.data.url]);
}"""
PAGES = ("/notices/", "/notices/settings/", "/notices/deliveries/")


class Postbox:
    """What the mail server took."""

    def __init__(self):
        self.letters = []

    async def handle_DATA(self, server, session, envelope):
        self.letters.append(email.message_from_bytes(envelope.content, policy=default))
        return "250 OK"

    def wait_for(self, words, to=ADDRESS):
        """The text of the letter that says these words; it comes by itself."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            for letter in self.letters:
                text = letter.get_body(("plain",)).get_content()
                if to in letter["To"] and re.search(words, text):
                    return text
            time.sleep(0.05)
        raise AssertionError([str(letter["Subject"]) for letter in self.letters])


@pytest.fixture(scope="module")
def postbox() -> Iterator[Postbox]:
    box = Postbox()
    box.port = free_port()
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()


@pytest.fixture(scope="module")
def web(demo_files: Path, postbox: Postbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """The demo with a mail server and a key for push messages."""
    key = tmp_path_factory.mktemp("vapid") / "vapid.pem"
    key.write_bytes(generate_vapid_key())
    server = Web(
        **DEMO, ECABINET_SMTP=f"smtp://127.0.0.1:{postbox.port}?tls=none", ECABINET_MAIL_FROM="no-reply@vpcp.example",
        ECABINET_VAPID_KEY=str(key), ECABINET_VAPID_SUBJECT="mailto:van-hanh@vpcp.example",
    )  # fmt: skip
    server.furnish(demo_files)
    yield server.start()
    troubles = server.troubles()
    server.stop()
    assert not troubles, "\n".join(troubles)


@pytest.fixture(scope="module")
def meeting(web: Web) -> str:
    """The session of the demo that is ready to be held."""
    page = Caller(web.url, "chunhiem").sign_in().get("/meetings/").text
    rows = re.findall(r'<a class="ec-row" href="([^"]+)">(.*?)</a>', page, re.DOTALL)
    return next(address for address, row in rows if "Chính phủ thường kỳ" in row and "giấy mời" in row)


def call_for_another_time(web: Web, meeting: str, day: int) -> None:
    """A fact that everybody with a seat is told."""
    clerk = Caller(web.url, "chunhiem").sign_in()
    clerk.post(f"{meeting}/postpone", reason="Chờ ý kiến thẩm định")
    clerk.post(f"{meeting}/reschedule", starts_at=f"2030-12-{day:02}T08:00")


def test_the_bell_rings_while_a_page_is_open_and_is_silenced_by_reading(enter, web, meeting):
    member = enter("tv05", TABLET)
    member.go("/")
    before = int(member.hears().at(BELL).inner_text())
    call_for_another_time(web, meeting, 2)
    expect(member.at(BELL)).to_have_text(str(before + 2))  # without loading anything
    assert member.at("header [data-notices]").get_attribute("aria-label").endswith(f"{before + 2} chưa đọc")
    member.go("/notices/")
    newest = member.at(".ec-notices--new .ec-notice").first
    expect(newest).to_contain_text("08:00 02/12/2030")
    newest.locator('button[aria-label^="Đánh dấu"]').click()
    expect(member.at(BELL)).to_have_text(str(before + 1))
    member.at('form[action="/notices/read"] button').click()
    expect(member.at(BELL)).to_be_hidden()
    expect(member.at(".ec-notices--new")).to_have_count(0)


def test_the_list_of_notices_grows_while_it_is_read(enter, web, meeting):
    member = enter("tv06", PHONE)
    member.go("/notices/")
    shown = member.hears().at(".ec-notices--new .ec-notice").count()
    call_for_another_time(web, meeting, 3)
    expect(member.at(".ec-notices--new .ec-notice")).to_have_count(shown + 2)
    expect(member.at("#ec-say")).to_have_text("Có thông báo mới.")


def test_an_address_is_confirmed_by_its_code_and_then_gets_letters(enter, web, meeting, postbox):
    member = enter("tv05", TABLET)
    member.go("/notices/settings/")
    member.at('#quiet input[name="kept"]').uncheck()  # the clock here is the real one, and it may be night
    member.at("#quiet button").click()
    expect(member.at(".ec-banner--ok")).to_contain_text("giờ yên lặng")
    member.at("#address").fill(f" {ADDRESS.upper()} ")
    member.at("#addresses .ec-addline button").click()
    code = re.search(r"\b\d{6}\b", postbox.wait_for("mã xác nhận"))[0]
    with member.refused(422):
        member.at('input[name="code"]').fill("000000" if code != "000000" else "111111")
        member.at(".ec-codeline button").click()
        expect(member.at(".ec-address .ec-error")).to_be_visible()
    member.at('input[name="code"]').fill(code)
    member.at(".ec-codeline button").click()
    expect(member.at(".ec-address .ec-chip--ok")).to_have_text("Đã xác nhận")
    call_for_another_time(web, meeting, 4)
    assert "08:00 04/12/2030" in postbox.wait_for("04/12/2030")
    newest = handed_over(member)
    expect(newest).to_contain_text("Đã chuyển cho máy chủ thư")
    expect(newest).to_contain_text(ADDRESS)


def handed_over(person: Person) -> Locator:
    """The newest row of the deliveries once it is said what became of it: a server has a letter before we know it."""
    newest = person.at(".ec-sent").first
    assert until(person, lambda: person.go("/notices/deliveries/") and "Đang gửi" not in newest.inner_text())
    return newest


def test_a_switch_and_quiet_hours_are_kept(enter):
    member = enter("tv07", PHONE)
    member.go("/notices/settings/")
    switch = member.at('[role="switch"]').first
    was = switch.get_attribute("aria-checked")
    other = "false" if was == "true" else "true"
    switch.click()
    expect(switch).to_have_attribute("aria-checked", other)
    expect(member.at("#ec-say")).to_have_text("Đã lưu.")
    member.page.reload()
    expect(member.at('[role="switch"]').first).to_have_attribute("aria-checked", other)
    member.at("#begins").select_option("21:30")
    member.at("#quiet button").click()
    expect(member.at("#begins")).to_have_value("21:30")
    expect(member.at(".ec-banner--ok")).to_contain_text("giờ yên lặng")


def test_a_switch_goes_back_when_the_server_cannot_be_reached(enter):
    member = enter("tv07", TABLET)
    member.go("/notices/settings/")
    switch = member.at('[role="switch"]').nth(2)
    was = switch.get_attribute("aria-checked")
    with member.offline():
        switch.click()
        expect(member.at("#ec-say")).to_contain_text("Máy chủ")
        expect(switch).to_have_attribute("aria-checked", was)


def test_the_worker_shows_a_message_that_says_little_and_leads_to_the_page(enter):
    member = enter("tv05", TABLET, permissions=["notifications"])
    member.go("/notices/settings/")
    expect(member.at("[data-push-state]")).to_have_attribute("data-state", "off")
    scope = member.page.evaluate("navigator.serviceWorker.ready.then((found) => found.scope)")
    assert scope == member.page.evaluate("location.origin + '/'")
    push(member, {"title": "e-Cabinet", "body": "Đồng chí được mời dự họp", "url": "/notices/", "tag": "d1"})
    shows(member, [["e-Cabinet", "Đồng chí được mời dự họp", f"{scope}notices/"]])
    push(member, {"title": "x", "body": "y", "url": "https://elsewhere.example/", "tag": "d1"})
    shows(member, [["x", "y", f"{scope}notices/"]])  # a message leads to nobody else


def test_a_browser_that_blocks_notices_says_how_to_allow_them(enter):
    member = enter("tv05", PHONE)
    member.context.add_init_script("Object.defineProperty(Notification, 'permission', { get: () => 'denied' })")
    member.go("/notices/settings/")
    expect(member.at("[data-push-state]")).to_have_attribute("data-state", "denied")
    expect(member.at("[data-push-on]")).to_be_hidden()


@pytest.mark.parametrize(("size", "colours"), [(PHONE, "dark"), (PHONE, "light"), (TABLET, "dark"), (TABLET, "light")])
def test_the_pages_of_notices_fit_and_can_be_pressed_and_read(enter, size, colours):
    member = enter("tv05", size, color_scheme=colours)
    assert {path: faults for path in PAGES if (faults := faults_of(member, path, colours))} == {}


def push(person: Person, message: dict[str, str]) -> None:
    """What the push service of the browser would deliver, already decrypted."""
    devtools = person.context.new_cdp_session(person.page)
    registrations = []
    devtools.on("ServiceWorker.workerRegistrationUpdated", lambda told: registrations.extend(told["registrations"]))
    devtools.send("ServiceWorker.enable")
    origin = person.page.evaluate("location.origin")
    ours = until(person, lambda: [one for one in registrations if one["scopeURL"].startswith(origin)])
    sent = {"origin": origin, "registrationId": ours[0]["registrationId"], "data": json.dumps(message)}
    devtools.send("ServiceWorker.deliverPushMessage", sent)
    devtools.detach()


def shows(person: Person, wanted: list[list[str]]) -> None:
    """These and no other notifications are on the screen."""
    seen: list[list[list[str]]] = []

    def so() -> bool:
        seen.append(person.page.evaluate(SHOWN))
        return seen[-1] == wanted

    assert until(person, so), seen[-1]


def until(person: Person, so: Callable[[], Any]) -> Any:
    """What the browser does by itself, as soon as it is done."""
    for _look in range(900):
        if found := so():
            return found
        person.page.wait_for_timeout(50)
    return None
