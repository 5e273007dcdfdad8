"""A member votes while the line misbehaves: counted once, with a receipt, and the screen says what is so.

WebSockets are blocked, cut by a proxy over and over, or die without a word; the tablet is offline for a while, a whole
minute in the full run. Each guard of the page is also taken out of its script: the same check must then fail.
"""

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.door import Door
from tests.faults.history import History
from tests.stories.person import ONLINE, TABLET, Person
from tests.stories.session import MEMBERS, choose
from tests.stories.test_live import BLOCKED, SOCKETS
from tests.web import HOUSE, Caller, Web, full

pytestmark = pytest.mark.browser

MEETING, POLL = 1, 1
WEBSOCKET = b"transport=websocket"
BRISK = "tests.stories.brisk"
CUTS = 3
AWAY = 60 if full() else 3  # seconds without a line
SOON, NOT_SOON = 40_000, 5_000  # ms: what comes late on a slow machine; and longer than the page waits for a look
JOINED = re.compile(r'43/meetings,\d+\[\{"ok":true')  # what the server says then
ASK = "document.dispatchEvent(new CustomEvent('ec:ask'))"
SEEN = """() => {
    const line = document.querySelector("[data-progress] b");
    window.seen = [line.textContent];
    const note = () => window.seen.push(line.textContent);
    new MutationObserver(note).observe(line, { childList: true, characterData: true, subtree: true });
}"""
RECEIPT = '[data-show=receipt] [data-receipt="leaf_hash"]'


class Kept(History):
    """What an installation on SQLite keeps of the vote."""

    def __init__(self, web: Web) -> None:
        self.file = web.var / "ecabinet.db"

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.file, timeout=30)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()


class Vote:
    """The open vote, and those who vote in it, each once; the last member only ever watches."""

    def __init__(self, web: Web) -> None:
        self.web, self.kept = web, Kept(web)
        self.receipts: list[dict[str, Any]] = []
        self._left = iter(MEMBERS[:-1])

    def next_member(self) -> str:
        return next(self._left)

    def another(self) -> int:
        """One more ballot from elsewhere; how many there are now."""
        self.receipts.append(Caller(self.web.url, self.next_member()).sign_in().vote(POLL))
        return self.kept.standing()


class Booth:
    """A member at a tablet before the open vote."""

    def __init__(self, vote: Vote, person: Person) -> None:
        self.vote, self.person = vote, person

    def open(self) -> "Booth":
        self.person.go(f"/polls/{POLL}")
        expect(self.person.at("#vote")).to_have_attribute("data-state", "open")
        return self

    def listens(self, since: int = 0) -> None:
        """By WebSocket the room of the meeting was joined more often than that."""
        self.until(
            lambda: sum(bool(JOINED.match(frame)) for frame in self.person.frames) > since, "there is no socket"
        )

    def until(self, so: Callable[[], Any], otherwise: str) -> None:
        end = time.monotonic() + SOON / 1000
        while not so():
            assert time.monotonic() < end, otherwise
            self.person.page.wait_for_timeout(20)

    def prepare(self) -> None:
        """Everything up to the PIN."""
        choose(self.person, "agree")
        self.person.at("[data-vote-next]").click()
        expect(self.person.at("#confirm")).to_be_visible()

    def sign(self) -> None:
        self.prepare()
        self.person.enter_pin()

    def shows_when_it_asks(self, count: int) -> None:
        """The rest of the page works; nothing that it asked is under way afterwards."""
        self.person.page.evaluate(ASK)
        self.person.quiet()
        self.shows(count)

    def shows(self, count: int, within: int = SOON) -> None:
        expect(self.person.at("[data-progress] b")).to_have_text(f"{count}/{len(MEMBERS)}", timeout=within)

    def is_counted_once(self) -> None:
        """The receipt that is shown is that of the one ballot which is kept; everybody else's is kept as well."""
        expect(self.person.at("[data-show=receipt]")).to_be_visible(timeout=SOON)
        shown = self.person.at(RECEIPT).first.text_content()
        [mine] = [row for row in self.vote.kept.ballots() if row.leaf_hash == shown]
        assert [row.id for row in self.vote.kept.ballots() if row.member_id == mine.member_id] == [mine.id]
        self.vote.kept.check(self.vote.receipts)
        self.shows(self.vote.kept.standing())


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    """A Government with an open vote."""
    server = Web()
    server.make("government")
    yield server.start(HOUSE if full() else BRISK)
    troubles = server.troubles()
    server.stop()
    assert not troubles, "\n".join(troubles)


@pytest.fixture(scope="module")
def vote(web: Web) -> Vote:
    return Vote(web)


@pytest.fixture
def door(web: Web) -> Iterator[Door]:
    """A proxy between tablet and server, which may treat WebSockets as it likes."""
    with Door(web.port, WEBSOCKET) as made:
        yield made


@pytest.fixture
def come(chromium: Browser, vote: Vote, door: Door) -> Iterator[Callable[..., Booth]]:
    """Let a member come; what the browser says of a line that is broken on purpose is no complaint."""
    came: list[Person] = []

    def enter(*unguarded: tuple[str, str], votes: bool = True, around: bool = False) -> Booth:
        """`around`: past the door."""
        name = vote.next_member() if votes else MEMBERS[-1]
        port = vote.web.port if around else door.port
        person = Person(chromium, f"http://127.0.0.1:{port}", name, TABLET)
        came.append(person)
        if unguarded:
            person.context.route("**/ec/js/live.js*", lambda route: without(route, *unguarded))
        person.counts_questions()
        return Booth(vote, person.sign_in())

    yield enter
    for person in came:
        person.context.unroute_all()
        person.close()


def without(route: Route, *guards: tuple[str, str]) -> None:
    """The script of the page, with these of its statements taken out."""
    answer = route.fetch()
    script = answer.text()
    for before, guard in guards:
        assert script.count(before + guard) == 1, f"{guard} is not in the script any more"
        script = script.replace(before + guard, before)
    route.fulfill(response=answer, body=script)


@contextmanager
def noticed() -> Iterator[None]:
    """The check inside finds the fault."""
    with pytest.raises(AssertionError):
        yield


# statements of the script, by what stands before them
LOOK = ("", "setInterval(() => this.look(), POLL);")
ASK_WHEN_JOINED = ("this.told = this.joined && answer.live !== false;", "\n      this.ask();")
ASK_WHEN_LOST = ("this.socket.connect(), AGAIN);", "\n      this.ask();")
OVERTAKEN = ("this.here();", """
      if (this.version > known && this.version > snapshot.meeting.version) {
        this.wanted = true; // overtaken on its way by a count: what it says is older than what is shown
        return;
      }""")
BANNER = ("", 'banner(text("offline", { time: timeOf(this.seen) }));')


# -- WebSockets are blocked -------------------------------------------------------------------------------------------


def test_by_polling_alone_a_member_votes_and_sees_the_others_vote(come, vote):
    booth = come()
    booth.person.context.add_init_script(BLOCKED)
    booth.open()
    booth.shows(vote.another())
    booth.sign()
    booth.is_counted_once()
    booth.shows(vote.another())


def test_without_any_socket_the_page_looks_by_itself(come, vote):
    booth = come()
    shut_every_socket(booth)
    booth.shows(vote.another())
    booth.sign()
    booth.is_counted_once()


def test_a_page_that_does_not_look_by_itself_is_noticed(come, vote):
    """Negative control."""
    booth = come(LOOK, votes=False)
    shut_every_socket(booth)
    count = vote.another()
    with noticed():
        booth.shows(count, NOT_SOON)
    booth.shows_when_it_asks(count)


def shut_every_socket(booth: Booth) -> None:
    booth.person.context.route(SOCKETS, lambda route: route.fulfill(status=403, body=""))
    booth.person.context.add_init_script(BLOCKED)
    booth.open()


# -- a proxy cuts them, or lets them die ------------------------------------------------------------------------------


def test_a_proxy_that_drops_sockets_hides_nothing(come, vote, door):
    booth = come().open()
    for cut in range(CUTS):
        booth.listens(since=cut)
        door.cut()
        booth.shows(vote.another())
    booth.listens(since=CUTS)
    door.cut()
    booth.sign()
    booth.is_counted_once()


def test_a_page_that_asks_nothing_after_a_cut_is_noticed(come, vote, door):
    """Negative control: what happened between two lines is not shown. Whoever has another line hears it meanwhile."""
    other = come(votes=False, around=True).open()
    other.listens()
    booth = come(LOOK, ASK_WHEN_JOINED, ASK_WHEN_LOST, votes=False).open()
    booth.listens()
    booth.shows_when_it_asks(vote.kept.standing())
    door.freeze()
    door.cut()
    count = vote.another()
    other.until(lambda: any(f'"voted":{count}' in frame for frame in other.person.frames), "the count was not told")
    door.thaw()
    with noticed():
        booth.shows(count, NOT_SOON)
    booth.shows_when_it_asks(count)


def test_a_socket_that_dies_without_a_word_is_found_out(come, vote, door):
    """Half open: both ends believe in the line, and nothing passes any more; pages and ballots go their way."""
    booth = come().open()
    booth.listens()
    booth.shows(vote.another())
    door.freeze()
    booth.sign()
    booth.is_counted_once()
    booth.shows(vote.another())
    door.thaw()
    booth.shows(vote.another())


# -- a slow line ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unguarded", [(), (OVERTAKEN,)], ids=["guarded", "control"])
def test_a_state_that_a_count_overtook_does_not_turn_it_back(come, vote, unguarded):
    """And the negative control: a page that believes whatever comes last shows one ballot too few, and goes on so."""
    booth, slow = come(*unguarded, votes=False).open(), []
    booth.listens()
    booth.shows(vote.another())
    booth.person.quiet()
    booth.person.page.route(
        f"**/meetings/{MEETING}/snapshot", lambda route: slow.append((route, route.fetch())), times=1
    )
    booth.person.page.evaluate(ASK)
    booth.until(lambda: slow, "the page did not ask")
    count = vote.another()
    booth.shows(count)
    booth.person.page.evaluate(SEEN)
    [(route, answer)] = slow
    route.fulfill(response=answer)
    booth.person.quiet()
    seen = booth.person.page.evaluate("window.seen")
    with noticed() if unguarded else nullcontext():
        assert set(seen) == {f"{count}/{len(MEMBERS)}"}


def test_a_ballot_that_is_under_way_is_not_sent_again_when_the_line_comes_back(come):
    booth, sent = come().open(), []

    def hold(route: Route) -> None:
        sent.append(route)

    booth.prepare()
    booth.person.page.route("**/sign", hold)
    booth.person.enter_pin()
    booth.until(lambda: sent, "it was not sent")
    sent[0].abort("connectionreset")
    expect(booth.person.at("[data-unsent]")).to_be_visible()
    booth.person.page.evaluate(ONLINE)
    booth.until(lambda: len(sent) > 1, "it was not sent again")
    for _again in range(2):
        booth.person.page.evaluate(ONLINE)
    sent[1].continue_()
    booth.is_counted_once()
    assert len(sent) == 2


# -- offline ----------------------------------------------------------------------------------------------------------


def test_offline_the_screen_says_so_and_the_ballot_is_counted_once_when_the_line_is_back(come, vote, door):
    booth = come().open()
    booth.shows(vote.another())
    booth.prepare()
    with offline(booth, door):
        booth.person.enter_pin()
        expect(booth.person.at("#ec-offline")).to_be_visible()
        expect(booth.person.at("[data-unsent]")).to_contain_text("Chưa gửi")
        expect(booth.person.at("[data-show=receipt]")).to_be_hidden()
        known = vote.kept.standing()
        vote.another()
        booth.person.page.wait_for_timeout(AWAY * 1000)
        booth.shows(known)  # and the banner says that it is of then
        expect(booth.person.at("#ec-offline")).to_be_visible()
        expect(booth.person.at("[data-show=receipt]")).to_be_hidden()
    booth.is_counted_once()
    expect(booth.person.at("#ec-offline")).to_be_hidden()
    booth.shows(vote.another())


def test_a_page_that_is_silent_about_being_offline_is_noticed(come, vote, door):
    """Negative control."""
    booth = come(BANNER, votes=False).open()
    with offline(booth, door), noticed():
        expect(booth.person.at("#ec-offline")).to_be_visible(timeout=NOT_SOON)
    booth.shows_when_it_asks(vote.another())


@contextmanager
def offline(booth: Booth, door: Door) -> Iterator[None]:
    """Nothing passes, and the tablet knows."""
    with booth.person.offline():
        door.freeze()
        yield
        door.thaw()

