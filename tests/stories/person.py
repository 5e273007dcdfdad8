"""A person at a device: a browser context of its own, and everything the browser had to complain about."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Frame, Locator, Page, Request, WebSocket, expect

from tests.cabinet import PASSWORD, PIN

TABLET, PHONE = {"width": 1180, "height": 820}, {"width": 390, "height": 844}
HERE = {"locale": "vi-VN", "timezone_id": "Asia/Ho_Chi_Minh", "has_touch": True}
REFUSED = re.compile(r"responded with a status of (4\d\d)")
LEFT_BEHIND = "net::ERR_ABORTED"  # a page that is left gives up what it was fetching; so does a download
OFF_LINE = ("net::ERR_INTERNET_DISCONNECTED", "net::ERR_NETWORK_CHANGED", "ERR_NETWORK_IO_SUSPENDED")
SERVER_GONE = (
    "net::ERR_CONNECTION_REFUSED", "net::ERR_CONNECTION_RESET", "net::ERR_CONNECTION_CLOSED", "net::ERR_EMPTY_RESPONSE",
    "net::ERR_CONTENT_LENGTH_MISMATCH", "net::ERR_INCOMPLETE_CHUNKED_ENCODING",
)  # fmt: skip
ONLINE = "dispatchEvent(new Event('online'))"  # as when a line comes back
LET_IN = '40/meetings,{"sid"'  # what the server says to a socket that it lets in
DRAWN_LATE = "was preloaded using link preload"  # of a font, by a page that a busy machine draws late


# Counts how often the page asks what is so in the meeting. A second is longer than any pause it makes between two
# questions of one course, and timers end in their order: when nothing was asked meanwhile, nothing is under way.
COUNT_ASKED = """(() => {
    const real = window.fetch;
    const count = (window.asked = { begun: 0, ended: 0 });
    window.fetch = async (...about) => {
        if (!String(about[0]).endsWith("/snapshot")) return real(...about);
        count.begun += 1;
        try {
            return await real(...about);
        } finally {
            count.ended += 1;
        }
    };
})()"""
QUIET = """async () => {
    for (let known = -1; known !== window.asked.begun || window.asked.begun !== window.asked.ended; ) {
        known = window.asked.begun;
        await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    return window.asked.begun;
}"""

LEAVE_AND_PRESS = """([sheet, button]) => {
    document.querySelector(sheet).close();
    document.querySelector(button).click();
}"""


class Person:
    """One role at one device; `complaints` must be empty at the end, refused requests included."""

    def __init__(self, browser: Browser, url: str, name: str, device: dict[str, int], **options: Any) -> None:
        self.name = name
        self.context = browser.new_context(base_url=url, viewport=device, **HERE, **options)
        self.complaints: list[str] = []
        self.frames: list[str] = []
        self.loads: list[str] = []
        self._drawn = 0
        self._away = False
        self.page = self._watched(self.context.new_page())

    def sign_in(self) -> "Person":
        self.page.goto("/login/")
        self.page.locator("#username").fill(self.name)
        self.page.locator("#password").fill(PASSWORD)
        self.page.locator("#login-submit").click()
        expect(self.page.locator("header .ec-who")).to_be_visible()
        self.page.wait_for_load_state()
        return self

    def go(self, path: str) -> Page:
        self.page.goto(path)
        return self.page

    def at(self, selector: str, **options: Any) -> Locator:
        """The part of the page with this selector; its scripts have begun, so that pressing it has its effect."""
        self.page.wait_for_load_state("domcontentloaded")
        return self.page.locator(selector, **options)

    def settled(self) -> Page:
        """The page as it is drawn in the end: its styles and letters are here."""
        self.page.wait_for_load_state()
        self.page.evaluate("() => document.fonts.ready.then(() => null)")
        return self.page

    def hears(self) -> "Person":
        """From here on this page is told what concerns whoever is signed in: its socket was let in."""
        for _look in range(1800):
            if any(frame.startswith(LET_IN) for frame in self.frames[self._drawn :]):
                return self
            self.page.wait_for_timeout(25)
        raise AssertionError("the socket of this page was never let in")

    def counts_questions(self) -> None:
        """For `quiet`, on every page that is opened from here on."""
        self.context.add_init_script(COUNT_ASKED)

    def quiet(self) -> int:
        """Wait until the page knows what it has asked for of the meeting; how many questions there were."""
        asked: int = self.page.evaluate(QUIET)
        return asked

    def enter_pin(self, pin: str = PIN) -> None:
        """Type the PIN into the open sheet and send it."""
        sheet = self.at("dialog[open]")
        sheet.locator('input[name="pin"]').fill(pin)
        sheet.locator('button[type="submit"]:visible').click()

    def leaves_and_presses_again(self, sheet: str, button: str) -> None:
        """The sheet is left, and its button pressed before the browser has told the page so."""
        expect(self.at(f"{sheet}[open] #pin")).to_be_focused()
        self.page.evaluate(LEAVE_AND_PRESS, [sheet, button])
        expect(self.at(f"{sheet}[open] #pin")).to_be_focused()

    @contextmanager
    def refused(self, *statuses: int) -> Iterator[None]:
        """What stands inside is refused by the server with these statuses, and the browser notes it."""
        before = len(self.complaints)
        yield
        wanted = sorted(f"refused {status}" for status in statuses)
        self.page.wait_for_function("1")  # what the browser has said until now has arrived
        said = sorted(line.partition(" at ")[0] for line in self.complaints[before:])
        assert said == wanted, self.complaints[before:]
        del self.complaints[before:]

    @contextmanager
    def offline(self) -> Iterator[None]:
        """The line is cut; that requests fail meanwhile is no complaint."""
        self._away = True
        self.context.set_offline(True)
        yield
        self.context.set_offline(False)

    def lose_the_server(self) -> None:
        """From here on it may be gone; that requests fail meanwhile is no complaint."""
        self._away = True

    def came_back(self) -> None:
        """From here on failing requests are complaints again."""
        self._away = False

    def close(self) -> None:
        self.context.close()

    def _watched(self, page: Page) -> Page:
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("requestfailed", self._failed)
        page.on("websocket", self._listens)
        page.on("framenavigated", self._loaded)
        return page

    def _loaded(self, frame: Frame) -> None:
        self.loads.append(frame.url)
        self._drawn = len(self.frames)

    def _heard(self, message: ConsoleMessage) -> None:
        lost = ("net::ERR", "WebSocket is closed before the connection is established")
        if message.type not in ("error", "warning") or (self._away and any(said in message.text for said in lost)):
            return
        if DRAWN_LATE in message.text:
            return
        refusal = REFUSED.search(message.text)
        if refusal:
            self.complaints.append(f"refused {refusal[1]} at {message.location['url']}")
        else:
            self.complaints.append(f"{message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        why = request.failure or ""
        if why != LEFT_BEHIND and not (self._away and why in (*OFF_LINE, *SERVER_GONE)):
            self.complaints.append(f"failed: {request.method} {request.url} {why}")

    def _listens(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: self.frames.append(str(frame)))
