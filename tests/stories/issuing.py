"""From the close of a vote to the public page: who does what on which device until a Resolution is out."""

import re
import subprocess
from pathlib import Path

from playwright.sync_api import Locator, Route, expect

from tests.stories.person import PHONE, TABLET, Person
from tests.stories.session import Session, choose, download

CLERK, RECORDS, RECEIVER = "chuyenvien", "vanthu", "tv05"
SUBJECT = re.compile("đường sắt đô thị")
VOTERS = 14  # with the head fifteen: more than half of all
WRONG = "111111"


def hold_the_vote(session: Session, head: Person) -> None:
    """The session of the demo that is ready: its second item is voted on and adopted, and the result is out."""
    head.go("/meetings/").locator(".ec-row", has_text="Chính phủ thường kỳ").filter(has_text="giấy mời").click()
    head.at('a[href$="/cockpit"]').click()
    session.meeting_id = int(re.search(r"/meetings/(\d+)", head.page.url)[1])
    for move in ("open_meeting", "open_item", "close_item", "open_item", "open_vote"):
        session.tap(move)
    head.at('.ec-cp-act a[href^="/polls/"]').click()
    head.page.wait_for_url(re.compile(r"/polls/\d+$"))
    session.poll_id = int(head.page.url.rpartition("/")[2])
    choose(head, "agree")
    head.at("[data-vote-next]").click()
    head.enter_pin()
    expect(head.at("[data-show=receipt]")).to_be_visible()
    for name, caller in session.callers.items():
        assert caller.vote(session.poll_id)["choice"], name
    head.go(f"{session.address}/cockpit")
    session.progress(VOTERS + 1)
    session.tap("close_vote")
    expect(head.at(".ec-result__verdict")).to_contain_text("Thông qua")


def watch_in_the_hall(session: Session) -> Person:
    """The wall shows how many voted, and nothing of a Resolution yet."""
    hall = session.enter(CLERK, {"width": 1920, "height": 1080})
    hall.go(f"/man-hinh/{session.meeting_id}")
    expect(hall.at("[data-voted]")).to_have_text(str(VOTERS + 1))
    expect(hall.at(".ec-hall__steps")).to_have_count(0)
    return hall


def publish(session: Session, hall: Person) -> None:
    """With the publication the stopwatch runs on the wall, by itself."""
    loads = len(hall.loads)
    session.tap("publish")
    expect(hall.at("[data-stopwatch]")).to_be_visible()
    expect(hall.at(".ec-hall__steps li[data-done]")).to_have_count(2)
    first = hall.at("[data-stopwatch]").inner_text()
    expect(hall.at("[data-stopwatch]")).not_to_have_text(first)
    assert len(hall.loads) == loads


def draft_and_present(session: Session, hall: Person) -> str:
    """The clerk, with one press on the page of the result; the address of the Resolution."""
    clerk = session.come(CLERK, TABLET)
    take_up(clerk, SUBJECT)
    clerk.at('button[name="then"][value="present"]').click()
    expect(clerk.at("[data-state=presented]")).to_be_visible()
    expect(clerk.at(".ec-sheets img")).to_have_count(pages_of(clerk))
    expect(hall.at(".ec-hall__steps li[data-done]")).to_have_count(4)
    return re.sub(r"^https?://[^/]+", "", clerk.page.url)


def take_up(person: Person, what: str | re.Pattern[str]) -> None:
    """From the start page to what waits there; the page is ready to be pressed."""
    task = person.at(".ec-task", has_text=what)
    expect(task).to_have_count(1)
    task.click()
    person.page.wait_for_url(re.compile("/(polls|resolutions)/"))
    person.page.wait_for_load_state()


def pages_of(person: Person) -> int:
    """At least two; the alternative text of the first page says how many there are."""
    said = person.at(".ec-sheets img").first.get_attribute("alt")
    pages = int(re.findall(r"\d+", said)[1])
    assert pages >= 2
    return pages


def read_and_sign(session: Session) -> None:
    """The Prime Minister turns every page on his tablet, mistypes the PIN, and signs; the answer is lost on the way."""
    head = session.head
    head.go("/")
    take_up(head, SUBJECT)
    expect(head.at("#signing")).to_have_attribute("data-step", "read")
    turn_every_page(head)
    expect(head.at('[data-region="gates"] li[data-broken]')).to_have_count(0)
    sign = head.at("#sign-button")
    expect(sign).to_be_in_viewport()
    sign.click()
    head.leaves_and_presses_again("#pin-sheet", "#sign-button")
    with head.refused(403):
        head.enter_pin(WRONG)
        expect(head.at("#pin-error")).to_contain_text("4")
    expect(head.at("#pin")).to_be_focused()


def turn_every_page(head: Person) -> None:
    tabs = head.at('input[name="page"]')
    assert tabs.count() == int(head.at("#signing").get_attribute("data-pages")) >= 2
    for number in range(tabs.count()):
        head.at(".ec-seg label").nth(number).click()
        expect(tabs.nth(number)).to_be_checked()
        expect(head.at(".ec-signing img:visible").first).to_be_in_viewport()
        assert drawn(head.at(".ec-signing img:visible").first)


def drawn(picture: Locator) -> bool:
    """Whether the picture has arrived and is one."""
    return picture.evaluate(
        "async picture => { await picture.decode(); return picture.naturalWidth > 700 && picture.naturalHeight > 990; }"
    )


def the_server_restarts_before_the_answer(session: Session, *others: Person) -> None:
    """The signature is made, the process dies before the page hears of it: asked again, it is the same signature."""
    head, sent = session.head, []

    def sign_and_die(route: Route) -> None:
        if route.request.method == "POST":
            sent.append(route.request.post_data_json["nonce"])
        if route.request.method != "POST" or len(sent) > 1:
            route.continue_()
            return
        assert route.fetch().status == 200
        session.web.halt()
        route.abort("connectionreset")

    head.page.route("**/sign", sign_and_die)
    for person in (head, *others):
        person.lose_the_server()
    head.enter_pin()
    expect(head.at('[data-show="unsent"]')).to_be_visible()
    expect(head.at('[data-show="receipt"]')).to_be_hidden()
    session.web.start()
    expect(head.at("[data-receipt-head]")).to_be_visible()
    for person in (head, *others):
        person.came_back()
    assert len(sent) >= 2
    assert len(set(sent)) == 1
    head.page.unroute("**/sign")


def number_and_seal(session: Session) -> str:
    """One button. The PIN is wrong at first: the number is given and stays; then the same number is sealed."""
    records = session.come(RECORDS, TABLET)
    take_up(records, SUBJECT)
    expect(records.at(".ec-issue__number--soft")).to_be_visible()
    records.at("#issue-open").click()
    with records.refused(403):
        records.enter_pin(WRONG)
        expect(records.at("[data-pin-problem]")).to_contain_text("4")
    said = records.at("[data-issue-problem]").inner_text()
    number = re.search(r"\d+/NQ-CP", said)[0]
    records.at("#sheet-issue [data-close]").first.click()
    expect(records.at('[data-region="step"] .ec-banner--warn')).to_contain_text(number)
    expect(records.at(".ec-issue__number")).to_have_text(number)
    records.at("#issue-open").click()
    records.enter_pin()
    expect(records.at("#promulgate")).to_be_visible()
    expect(records.at(".ec-issue__number")).to_have_text(number)
    return number


def promulgate(session: Session, hall: Person, number: str) -> None:
    """Out: the wall stops its clock and names the number, by itself."""
    loads = len(hall.loads)
    records = session.people[RECORDS]
    records.at("#promulgate").click()
    expect(records.at('[data-region="dispatch"]')).to_be_visible()
    expect(hall.at(".ec-hall__no")).to_contain_text(number)
    expect(hall.at(".ec-hall__steps li[data-done]")).to_have_count(8)
    expect(hall.at("[data-stopwatch]")).to_have_count(0)
    assert len(hall.loads) == loads


def receive(session: Session, number: str) -> Person:
    """On the phone: what came, read, and confirmed; the records office sees the receipt without a reload."""
    records = session.people[RECORDS]
    before = received(records)
    member = session.come(RECEIVER, PHONE)
    take_up(member, number)
    expect(member.at("h1")).to_contain_text(number)
    assert drawn(member.at(".ec-sheets img").first)
    expect(member.at('[data-region="signatures"]')).to_contain_text("Hợp lệ")
    member.at("#main-act").click()
    expect(member.at("#main-act")).to_have_count(0)
    expect(records.at('[data-region="dispatch"] .ec-chip')).to_have_text(re.compile(rf"^{before + 1}/"))
    return member


def received(records: Person) -> int:
    return int(records.at('[data-region="dispatch"] .ec-chip').inner_text().partition("/")[0])


def check_in_public(session: Session, member: Person, number: str, folder: Path) -> None:
    """Anybody on a phone, without an account: the page behind the code, the file, and a file that was changed."""
    address = member.at(".ec-public a").get_attribute("href")
    document = download(member, 'a[href*="/file?save=1"]', folder / "nghi-quyet.pdf")
    whole = document.read_bytes()
    changed = folder / "sua-doi.pdf"
    changed.write_bytes(whole + b"\n% them mot dong\n")
    anybody = session.enter("nobody", PHONE, signed_in=False)
    anybody.go(re.sub(r"^https?://[^/]+", "", address))
    expect(anybody.at("[data-verdict=ok]")).to_be_visible()
    expect(anybody.at(".ec-dl")).to_contain_text(number)
    expect(anybody.at(".ec-signer")).to_have_count(2)
    for path, verdict in ((document, "ok"), (changed, "bad")):
        anybody.at("#file").set_input_files(path)
        anybody.at('.ec-drop button[type="submit"]').click()
        expect(anybody.at(f"[data-verdict={verdict}]")).to_be_visible()
    with anybody.refused(404):
        anybody.go(f"/xac-minh/{'0' * 32}")
    told = subprocess.run(["pdfsig", "-nocert", document], check=True, capture_output=True, text=True).stdout
    assert told.count("Signature is Valid.") == 2
    assert whole.count(b"/ByteRange") == 2


def send_back(head: Person, what: str, reason: str) -> str:
    """The Prime Minister returns what lies before him; the address of its record."""
    head.go("/")
    take_up(head, what)
    head.at('[data-dialog="sheet-return"]').click()
    sheet = head.at("#sheet-return")
    sheet.locator("textarea").fill(reason)
    sheet.locator('button[type="submit"]').click()
    head.page.wait_for_url(re.compile(r"/resolutions/\d+$"))
    expect(head.at("main .ec-banner--warn").first).to_contain_text(reason)
    return re.sub(r"^https?://[^/]+", "", head.page.url)


def rewrite(clerk: Person, address: str, words: tuple[str, str], place: str, reason: str = "") -> None:
    """The clerk puts words in the place of others and saves; the comparison is drawn while one writes."""
    old, new = words
    clerk.go(f"{address}/edit")
    clerk.page.wait_for_load_state()
    body = clerk.at("#body")
    written = body.input_value()
    if old in written:
        body.fill(written.replace(old, new))
    expect(clerk.at('[data-region="compared"]')).to_contain_text(place)
    expect(clerk.at("#reason")).to_be_visible()
    clerk.at("#reason").fill(reason)
    clerk.at("[data-save]").click()
    expect(clerk.at(".ec-flash")).to_be_visible()


def present(clerk: Person, address: str) -> None:
    clerk.go(address)
    clerk.page.wait_for_load_state()
    clerk.at("#main-act").click()


def sign_what_was_changed(head: Person, what: str, place: str, reason: str) -> None:
    """Nothing is signed before the comparison was seen; it stands beside the reason, and then the PIN is asked for."""
    head.go("/")
    take_up(head, what)
    gates = head.at('[data-region="gates"]')
    expect(gates).to_contain_text(place)
    expect(gates).to_contain_text(reason)
    head.at("#sign-button").click()
    expect(head.at("#seen-problem")).to_be_visible()
    expect(head.at("#pin-sheet")).to_be_hidden()
    head.at("[data-changes-seen]").check()
    head.at("#sign-button").click()
    head.enter_pin()
    expect(head.at("[data-receipt-head]")).to_be_visible()


def recall(head: Person, reason: str) -> None:
    """From the record: the reason, exactly the text that will be signed, the PIN."""
    head.page.wait_for_load_state()
    head.at('[data-popover="more-acts"]').click()
    head.at('[data-dialog="sheet-recall"]').click()
    sheet = head.at("#sheet-recall")
    sheet.locator("textarea").fill(reason)
    sheet.locator("[data-step=prepare]").click()
    expect(sheet.locator("[data-shown]")).to_contain_text(reason)
    with head.refused(403):
        head.enter_pin(WRONG)
        expect(sheet.locator("[data-field-problem=pin]")).to_be_visible()
    head.enter_pin()
    expect(head.at(".ec-recalled")).to_contain_text(reason)
