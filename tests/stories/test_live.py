"""The screen follows the meeting whatever becomes of its socket: never older than five seconds, nothing missed."""

import re
import time

import pytest
from playwright.sync_api import WebSocketRoute

from tests.stories.person import TABLET
from tests.web import Caller

pytestmark = pytest.mark.browser

SOCKETS = "**/socket.io/**"
SOCKET = re.compile(r"/socket\.io/.*transport=websocket")
JOINED = '43/meetings,0[{"ok":true'  # the answer to the first question of a line
OLDEST = 60  # seconds: a slow machine is no fault, what never comes is one
WATCH = """() => {
    window.shown = null;
    document.addEventListener("ec:snapshot", ({ detail }) => (window.shown = detail.meeting.version));
    document.dispatchEvent(new CustomEvent("ec:ask"));
}"""


HEARD = """() => {
    Object.assign(window, { counts: [], heard: [] });
    document.addEventListener("ec:progress", ({ detail }) => window.counts.push(detail));
    document.addEventListener("ec:notice", () => window.heard.push(1));
}"""
BLOCKED = """window.WebSocket = class {
    constructor() {
        setTimeout(() => (this.onerror?.({}), this.onclose?.({})));
    }
    close() {}
}"""


class Hall:
    """A member at a tablet on the page of a meeting, and others who change its state from elsewhere."""

    def __init__(self, web, watcher):
        self.watcher, self.other = watcher, Caller(web.url, "tv07").sign_in()
        self.meeting_id = next(number for number in range(1, 30) if self._is_live(number))
        self.here = False

    def _is_live(self, number):
        page = self.other.get(f"/meetings/{number}")
        return bool(re.search(r"data-live[>\s]", page.text)) and f"/meetings/{number}/presence" in page.text

    def open(self):
        self.watcher.go(f"/meetings/{self.meeting_id}")
        self.watcher.page.evaluate(WATCH)
        self.shows(1)

    def change(self):
        """Somebody checks in or out; the version of the meeting that this makes."""
        self.here = not self.here
        self.other.check_in(self.meeting_id, "in_room" if self.here else "remote")
        return self.other.ask(f"/meetings/{self.meeting_id}/snapshot").body["meeting"]["version"]

    def shows(self, version, within=OLDEST):
        self.until(lambda: (self.shown() or 0) >= version, f"{version} is so, and something else is shown", within)

    def until(self, so, otherwise, within=OLDEST):
        end = time.monotonic() + within
        while not so():
            assert time.monotonic() < end, otherwise
            self.watcher.page.wait_for_timeout(20)

    def shown(self):
        return self.watcher.page.evaluate("window.shown")


@pytest.fixture
def hall(web, enter):
    return Hall(web, enter("tv05", TABLET))


def test_a_change_is_seen_at_once_by_socket(hall):
    hall.open()
    for _each in range(3):
        hall.shows(hall.change())


def test_without_any_socket_the_view_is_at_most_five_seconds_old(hall):
    hall.watcher.context.route(SOCKETS, lambda route: route.fulfill(status=403, body=""))
    hall.watcher.context.add_init_script(BLOCKED)
    hall.open()
    for _each in range(3):
        hall.shows(hall.change())
        time.sleep(0.7)
    hall.watcher.context.unroute_all()
    assert hall.watcher.complaints
    hall.watcher.complaints.clear()  # of the socket that was refused


def test_where_websockets_are_blocked_polling_tells_at_once(hall):
    hall.watcher.context.add_init_script(BLOCKED)
    with hall.watcher.page.expect_response(lambda answer: "transport=polling" in answer.url and answer.ok):
        hall.open()
    time.sleep(2)
    for _each in range(3):
        hall.shows(hall.change())


def test_a_socket_whose_server_hears_nothing_does_not_make_the_screen_old(hall):
    """The server says “adrift”, tells nothing any more, and says “resync” when it hears again."""
    lines, silent, joined = [], [], []

    def between(line: WebSocketRoute) -> None:
        def pass_on(said) -> None:
            if JOINED in str(said):
                joined.append(line)
            if not (silent and '"fact"' in str(said)):
                line.send(said)

        line.connect_to_server().on_message(pass_on)
        lines.append(line)

    hall.watcher.context.route_web_socket(SOCKET, between)
    hall.open()
    hall.until(lambda: joined, "the room was never joined")  # its answer says whether the server hears
    hall.shows(hall.change())
    silent.append(True)
    for line in lines:  # the bell has one of its own
        line.send('42/meetings,["adrift",{}]')
    for _each in range(2):
        hall.shows(hall.change())
    for line in lines:  # the bell has one of its own
        line.send('42/meetings,["resync",{}]')
    silent.clear()
    hall.shows(hall.change())


def test_after_being_offline_the_state_is_that_of_the_server(hall):
    hall.open()
    with hall.watcher.offline():
        hall.watcher.page.wait_for_timeout(3000)
        for _each in range(5):
            version = hall.change()
    hall.shows(version)
    hall.watcher.page.wait_for_timeout(500)
    assert hall.shown() == version


def test_what_comes_late_or_twice_changes_nothing(hall):
    """A count that is older than what is shown, and one that leaves a hole: the first is ignored, the second asked."""
    lines, joined = [], []

    def between(line: WebSocketRoute) -> None:
        def pass_on(said) -> None:
            line.send(said)
            if JOINED in str(said):
                joined.append(line)

        line.connect_to_server().on_message(pass_on)
        lines.append(line)

    hall.watcher.counts_questions()
    hall.watcher.context.route_web_socket(SOCKET, between)
    hall.open()
    hall.until(lambda: joined, "the room was never joined")  # from then on it does not look by itself
    version = hall.change()
    hall.shows(version)
    asked = hall.watcher.quiet()
    hall.watcher.page.evaluate(HEARD)
    count = '42/meetings,["fact",{"fact":"BallotCast","poll_id":1,"meeting_id":%d,"since":%d,"version":%d,"voted":1}]'

    def tell(since, told):
        """And something after it, so that it has been heard by then."""
        for line in joined:
            line.send(count % (hall.meeting_id, since, told))
            line.send('42/meetings,["notice",{}]')
        hall.until(lambda: hall.watcher.page.evaluate("window.heard.splice(0).length"), "it was not heard")
        return hall.watcher.quiet() - asked

    assert tell(version - 2, version - 1) == 0
    assert tell(version + 4, version + 5) == 1
    assert hall.watcher.page.evaluate("window.counts") == []
