"""Passkeys in a real browser, whose authenticator is Chromium's own: added, asked for by a vote, removed."""

import itertools
import json
import os
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, CDPSession, expect

from app.workflows.rules.passkey import BALLOT_TAG
from tests.cabinet import PASSWORD
from tests.stories.conftest import PATIENCE
from tests.stories.person import PHONE, TABLET, Person
from tests.stories.session import choose
from tests.web import Web

pytestmark = pytest.mark.browser

DEVICE = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip
LABEL = "iPad của tôi"


@pytest.fixture(scope="module")
def hall() -> Iterator[Web]:
    """A session whose next vote asks for passkeys."""
    server = Web()
    server.make("passkeys")
    yield server.start()
    troubles = server.troubles()
    server.stop()
    assert not troubles, "\n".join(troubles)


@pytest.fixture
def come(chromium: Browser, hall: Web) -> Iterator[Callable[..., Person]]:
    """Let a person come, under the name of the host that passkeys belong to unless another one is given."""
    people: list[Person] = []

    def enter(name: str, device: dict[str, int], host: str = "localhost") -> Person:
        person = Person(chromium, hall.url.replace("127.0.0.1", host), name, device)
        person.page.set_default_timeout(PATIENCE)
        people.append(person)
        return person.sign_in()

    yield enter
    complaints = [line for person in people for line in person.complaints]
    for person in people:
        person.close()
    assert not complaints


@pytest.fixture
def shots() -> Callable[[Person, str], None]:
    """Keep a picture of the page, where somebody asks for pictures."""
    folder = os.environ.get("ECABINET_TEST_PICTURES")
    return lambda person, name: folder and person.page.screenshot(path=f"{folder}/{name}.png")


class Authenticator:
    """What Chromium has in the place of a fingerprint reader."""

    def __init__(self, person: Person) -> None:
        self.session: CDPSession = person.context.new_cdp_session(person.page)
        self.session.send("WebAuthn.enable")
        self.id = self.session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]

    def knows_the_user(self, knows: bool) -> None:
        self.session.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": knows})

    def count(self) -> int:
        held = self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})["credentials"]
        return held[0]["signCount"]


def add_a_passkey(person: Person, label: str = LABEL, password: str = PASSWORD) -> None:
    person.go("/passkeys/")
    person.at("#label").fill(label)
    person.at("#add #password").fill(password)
    person.at("#add button[type=submit]").click()


def sign(person: Person, choice: str = "agree") -> None:
    choose(person, choice)
    person.at("[data-vote-next]").click()
    expect(person.at("#confirm [data-passkey]")).to_be_visible()
    expect(person.at("#confirm [data-passkey] input")).to_be_checked()
    person.enter_pin()


def test_a_vote_that_asks_for_passkeys(come, hall):
    head = come("thutuong", TABLET)
    device = Authenticator(head)
    with head.refused(403):
        add_a_passkey(head, password="falsch")
        expect(head.at("#add [data-problem]")).to_be_visible()
    add_a_passkey(head)
    expect(head.at(".ec-row__title", has_text=LABEL)).to_be_visible()
    poll = open_the_vote(head)
    head.go(poll)
    sign(head)
    confirmed(head, device)
    without_one(come, poll)
    not_verified(come, poll)
    removed(head, poll)


def open_the_vote(head: Person) -> str:
    """The desk names the members who have none, and the chair asks for passkeys all the same."""
    head.go("/meetings/1/cockpit")
    expect(head.at("#next-move")).to_be_disabled()
    head.at("[data-popover=cp-menu]").click()
    head.at("[data-dialog=sheet-passkey-vote]").click()
    sheet = head.at("#sheet-passkey-vote")
    expect(sheet).to_contain_text("Phó Thủ tướng")
    expect(sheet).not_to_contain_text("Thủ tướng Chính phủ Trần")
    sheet.locator("select[name=passkeys]").select_option("demand")
    sheet.locator("button[type=submit]").click()
    expect(head.at(".ec-cp-now [data-voted]")).to_have_text("0")
    return "/polls/1"


def confirmed(head: Person, device: Authenticator) -> None:
    """The receipt names the passkey; what the device signed is the challenge of exactly this ballot."""
    expect(head.at("[data-receipt=passkey_label]").first).to_have_text(LABEL)
    expect(head.at("#vote .ec-chip", has_text="passkey").first).to_be_visible()
    assert device.count() > 1  # it counts its own making, too
    taken = head.page.evaluate("() => fetch('/polls/1/receipt').then((answer) => answer.json())")
    kept = json.loads(taken["passkey"])
    assert kept["tag"] == BALLOT_TAG
    head.at("[data-receipt-href=verify_url]").click()
    expect(head.at(".ec-banner--ok")).to_be_visible()
    expect(head.at("[data-receipt=passkey_label]")).to_have_text(LABEL)


def without_one(come: Callable[..., Person], poll: str) -> None:
    """Who has none is led to the own passkeys; at the number of the host they do not work, and the page says where."""
    member = come("tv02", PHONE, "127.0.0.1")
    member.go(poll)
    expect(member.at("[data-vote-next]")).to_have_count(0)
    member.at('#vote a[href="/passkeys/"]').click()
    expect(member.at("[data-elsewhere]")).to_contain_text("http://localhost:")
    expect(member.at("#add button[type=submit]")).to_be_disabled()


def not_verified(come: Callable[..., Person], poll: str) -> None:
    """A finger that the device does not know: nothing is sent until it is the right one."""
    member = come("tv02", PHONE)
    device = Authenticator(member)
    add_a_passkey(member, "Điện thoại")
    expect(member.at(".ec-row__title", has_text="Điện thoại")).to_be_visible()
    member.go(poll)
    device.knows_the_user(False)
    sent: list[str] = []
    member.page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/sign") else None)
    sign(member, "other")
    expect(member.at("#confirm [data-pin-error]")).to_be_visible()
    assert sent == []
    device.knows_the_user(True)
    member.at("#confirm [data-sign-button]").click()
    expect(member.at("[data-receipt=passkey_label]").first).to_have_text("Điện thoại")
    assert len(sent) == 1


def removed(head: Person, poll: str) -> None:
    """It confirms nothing any more, and what it confirmed stays confirmed."""
    head.go("/passkeys/")
    head.at(".ec-rows details summary").click()
    head.at(".ec-rows input[name=password]").fill(PASSWORD)
    head.at(".ec-rows details button[type=submit]").click()
    expect(head.at(".ec-row__title")).to_have_count(0)
    head.go(f"{poll}/verify")
    expect(head.at(".ec-banner--ok")).to_be_visible()
    head.go(poll)
    expect(head.at("[data-vote-next]")).to_have_count(0)
    expect(head.at("[data-receipt=passkey_label]").first).to_have_text(LABEL)


# -- the locked screen ------------------------------------------------------------------------------------------------

LOCK = """async () => {
    const token = document.querySelector('meta[name="csrf-token"]').content;
    const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token };
    document.dispatchEvent(new CustomEvent("ec:locked"));
    await fetch("/lock", { method: "POST", headers, body: "{}" });
}"""
TYPED = "Thiết bị chưa gửi"
numbers = itertools.count(1)
OPENS = "[data-unlock-passkey]"


@pytest.fixture
def returning(come) -> Callable[..., tuple[Person, Authenticator]]:
    """A member with a passkey of his own, at the page of passkeys."""

    def enter(name: str, device: dict[str, int]) -> tuple[Person, Authenticator]:
        person = come(name, device)
        held = Authenticator(person)
        label = f"Máy {next(numbers)}"
        add_a_passkey(person, label)
        expect(person.at(".ec-row__title", has_text=label)).to_be_visible()
        person.page.wait_for_load_state()
        return person, held

    return enter


@pytest.mark.parametrize(("name", "device"), [("tv03", TABLET), ("tv04", PHONE)], ids=["tablet", "phone"])
def test_a_passkey_opens_the_idle_screen_and_what_was_typed_is_still_there(returning, name, device, shots):
    member, held = returning(name, device)
    member.at("#label").fill(TYPED)
    dialog, counted = member.at("#ec-lock"), held.count()
    member.page.evaluate(LOCK)
    expect(dialog.locator(OPENS)).to_be_visible()
    shots(member, f"lock-{member.name}")
    held.knows_the_user(False)
    dialog.locator(OPENS).click()
    expect(dialog.locator("[data-error]")).to_be_visible()  # the wrong finger: nothing was sent, it stays locked
    held.knows_the_user(True)
    dialog.locator(OPENS).click()
    expect(dialog).to_be_hidden()
    expect(member.at("#label")).to_have_value(TYPED)
    assert held.count() > counted
    assert member.page.evaluate("() => fetch('/passkeys/').then((answer) => answer.url.endsWith('/passkeys/'))")


def test_the_password_opens_the_same_screen_as_before(returning):
    member, _held = returning("tv05", TABLET)
    member.at("#label").fill(TYPED)
    member.page.evaluate(LOCK)
    member.at("#ec-lock-password").fill(PASSWORD)
    member.at("#ec-lock button[type=submit]").click()
    expect(member.at("#ec-lock")).to_be_hidden()
    expect(member.at("#label")).to_have_value(TYPED)


def test_the_page_of_the_lock_leads_back_to_where_one_was(returning, shots):
    member, held = returning("tv05", TABLET)
    member.page.evaluate(LOCK)
    member.go("/meetings/?q=phien")
    expect(member.at(f"[data-locked] {OPENS}")).to_be_visible()
    shots(member, "locked-page")
    held.knows_the_user(False)
    member.at(OPENS).click()
    expect(member.at("[data-passkey-error]")).to_be_visible()
    held.knows_the_user(True)
    member.at(OPENS).click()
    expect(member.page).to_have_url(re.compile(r"/meetings/\?q=phien$"))


def test_who_has_no_passkey_is_offered_none(come):
    member = come("chuyenvien", TABLET)
    member.page.evaluate(LOCK)
    expect(member.at("#ec-lock-password")).to_be_visible()
    expect(member.at(OPENS)).to_have_count(0)
