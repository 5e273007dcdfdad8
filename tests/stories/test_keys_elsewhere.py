"""A vote and a Resolution with keys in tokens, at a remote provider and here, in browsers, and what goes wrong."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from app.workflows.rules.evidence import read_bundle
from tests.servers import PostgresServer, program
from tests.stories import elsewhere, issuing
from tests.stories.conftest import PATIENCE
from tests.stories.elsewhere import (
    AT_PROVIDER,
    AT_TOKEN,
    HEAD,
    HERE,
    IN_APPLICATION,
    PROVIDER_PIN,
    TOKEN_PIN,
    Elsewhere,
    as_it_is,
    focus_in_sheet,
    hangs_up,
)
from tests.stories.person import PHONE, TABLET, Person
from tests.stories.session import choose, download
from tests.web import ROOT, Caller

pytestmark = pytest.mark.browser

POLL, MEETING = "/polls/1", "/meetings/1"
REMARK = "Đề nghị bổ sung lộ trình thực hiện."
TOKEN, REMOTE, SOFTWARE = "thiết bị ký (PKCS#11)", "ký số từ xa", "khóa phía máy chủ"
MATTER, WRONG = "định danh và xác thực điện tử", "Sai-PIN-1"
TWICE = "SELECT count(*), count(DISTINCT (person_id, kind)) FROM signed_statement"


@pytest.fixture(scope="module")
def house(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    with elsewhere.elsewhere(postgres_server, tmp_path_factory.mktemp("elsewhere")) as made:
        yield made
        troubles = made.web.troubles()
    assert not troubles, "\n".join(troubles)


@pytest.fixture
def come(chromium: Browser, house: Elsewhere) -> Iterator[Callable[..., Person]]:
    people: list[Person] = []

    def enter(name: str, device: dict[str, int], signed_in: bool = True) -> Person:
        person = Person(chromium, house.web.url, name, device)
        person.page.set_default_timeout(PATIENCE)
        people.append(person)
        return person.sign_in() if signed_in else person

    yield enter
    complaints = {person.name: person.complaints for person in people if person.complaints}
    for person in people:
        person.close()
    assert not complaints


def test_a_vote_and_a_resolution_with_keys_in_every_place(come, house, tmp_path):
    with_a_token(come, house)
    with_a_provider(come, house)
    in_the_application_of_the_provider(come, house)
    assert Caller(house.web.url, HERE).sign_in().vote(1)["key_label"] == SOFTWARE
    head = come(HEAD, TABLET)
    vote(head, "agree", TOKEN_PIN)
    receipt_names(head, TOKEN)
    close_and_publish(head)
    counted_right(house, tmp_path)
    address = presented(come)
    the_head_signs_with_a_token(head, house)
    number = the_office_seals_with_a_token(come, house)
    checked_by_anybody(come, head, address, number, tmp_path)


def vote(member: Person, choice: str, pin: str, remark: str = "") -> None:
    begin(member, choice, remark)
    member.enter_pin(pin)


def begin(member: Person, choice: str, remark: str = "") -> None:
    """As far as the open sheet."""
    member.go(POLL)
    choose(member, choice)
    if remark:
        member.at("#remark").fill(remark)
    member.at("[data-vote-next]").click()
    expect(member.at("#confirm")).to_be_visible()


def receipt_names(member: Person, place: str) -> None:
    expect(member.at("[data-receipt-head]")).to_be_focused()
    expect(member.at("[data-receipt=key_label]").first).to_have_text(place)


def asked_again(member: Person, words: str | re.Pattern[str]) -> None:
    """Nothing was cast; the sheet is open with what was typed, and the PIN is asked for again, empty."""
    expect(member.at("#confirm [data-pin-error]")).to_contain_text(words)
    expect(member.at("#confirm #pin")).to_have_value("")
    assert focus_in_sheet(member)
    expect(member.at("[data-show=receipt]")).to_be_hidden()


def with_a_token(come: Callable[..., Person], house: Elsewhere) -> None:
    """A wrong PIN, then the token is pulled out while the sheet is open."""
    member = come(AT_TOKEN, TABLET)
    begin(member, "agree", REMARK)
    expect(member.at("#pin-help")).to_contain_text("thiết bị ký")
    with member.refused(403):
        member.enter_pin(WRONG)
        asked_again(member, "4")
    with house.removed(AT_TOKEN), member.refused(409):
        member.enter_pin(TOKEN_PIN)
        asked_again(member, "Thiết bị ký chưa được kết nối")
    expect(member.at("#confirm [data-shown=remark]")).to_have_text(REMARK)
    assert house.rows("SELECT count(*) FROM ballot") == [(0,)]
    member.enter_pin(TOKEN_PIN)
    receipt_names(member, TOKEN)
    expect(member.at("[data-receipt=remark]").first).to_have_text(REMARK)


def with_a_provider(come: Callable[..., Person], house: Elsewhere) -> None:
    """The provider gives no answer, then it has locked the PIN: the choice and its reservation stay on the page."""
    member = come(AT_PROVIDER, PHONE)
    member.go(POLL)
    choose(member, "disagree")
    member.at("[data-reserve] input").check()
    member.at("[data-vote-next]").click()
    expect(member.at("#pin-help")).to_contain_text("nhà cung cấp")
    with house.answering(hangs_up, AT_PROVIDER), member.refused(409):
        member.enter_pin(PROVIDER_PIN)
        asked_again(member, "không trả lời")
    with house.answering(as_it_is, AT_PROVIDER, wrong=3), member.refused(423):
        member.enter_pin(PROVIDER_PIN)
        expect(member.at("[data-problem]")).to_contain_text("khóa")
        expect(member.at("[data-problem]")).to_be_in_viewport()
    expect(member.at("#confirm")).to_be_hidden()
    expect(member.at("input[value=disagree]")).to_be_checked()
    expect(member.at("[data-reserve] input")).to_be_checked()
    assert house.rows("SELECT count(*) FROM ballot") == [(1,)]
    member.at("[data-vote-next]").click()
    member.enter_pin(PROVIDER_PIN)
    receipt_names(member, REMOTE)


def in_the_application_of_the_provider(come: Callable[..., Person], house: Elsewhere) -> None:
    """The owner says no there, then takes a while and says yes; the page says what it waits for."""
    member = come(IN_APPLICATION, PHONE)
    begin(member, "agree")
    with house.answering(as_it_is, IN_APPLICATION, confirms=False), member.refused(409):
        member.enter_pin(PROVIDER_PIN)
        asked_again(member, "chưa được xác nhận")
    with house.hesitating():
        member.enter_pin(PROVIDER_PIN)
        expect(member.at("[data-show=sending]")).to_be_visible()
        expect(member.at("[data-show=sending]")).to_contain_text("nhà cung cấp")
    receipt_names(member, REMOTE)


def close_and_publish(head: Person) -> None:
    head.go(f"{MEETING}/cockpit")
    for move in ("close_vote", "publish"):
        button = head.at(f"#next-move[data-move={move}]")
        expect(button).to_be_enabled()
        button.click()
    expect(head.at(".ec-result__verdict")).to_contain_text("Thông qua")


def counted_right(house: Elsewhere, folder: Path) -> None:
    """Four to one, each signed once; somebody outside comes to the same from the evidence."""
    assert house.rows("SELECT count(*), count(DISTINCT member_id) FROM ballot") == [(5, 5)]
    assert house.rows(TWICE) == [(5, 5)]
    assert house.rows("SELECT max(failed_tries) FROM signing_key") == [(0,)]
    auditor = Caller(house.web.url, "kiemtoan").sign_in()
    bundle = folder / "evidence.zip"
    bundle.write_bytes(auditor.get(f"{POLL}/evidence.zip").content)
    named = read_bundle(bundle.read_bytes())
    assert len([name for name in named if name.startswith("ballots/") and name.endswith(".p7s")]) == 5
    tool = [sys.executable, "-I", str(ROOT / "tools" / "verify_evidence.py"), str(bundle)]
    told = subprocess.run(tool, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout
    record, office = folder / "tally.pdf", Caller(house.web.url, issuing.RECORDS).sign_in()
    record.write_bytes(auditor.get(f"{POLL}/tally.pdf").content)
    printed = subprocess.run(["pdftotext", record, "-"], check=True, capture_output=True, text=True).stdout
    for place in (TOKEN, REMOTE, SOFTWARE):
        assert place in office.get("/records/keys/").text
        assert place in " ".join(printed.split())


def presented(come: Callable[..., Person]) -> str:
    clerk = come(issuing.CLERK, TABLET)
    issuing.take_up(clerk, "thử nghiệm")
    clerk.at('button[name="then"][value="present"]').click()
    expect(clerk.at("[data-state=presented]")).to_be_visible()
    return re.sub(r"^https?://[^/]+", "", clerk.page.url)


def the_head_signs_with_a_token(head: Person, house: Elsewhere) -> None:
    """A wrong PIN, the token out, the token back: one signature, one more file."""
    head.go("/")
    issuing.take_up(head, MATTER)
    issuing.turn_every_page(head)
    head.at("#sign-button").click()
    with head.refused(403):
        head.enter_pin(WRONG)
        expect(head.at("#pin-error")).to_contain_text("4")
    with house.removed(HEAD), head.refused(409):
        head.enter_pin(TOKEN_PIN)
        expect(head.at("#pin-error")).to_contain_text("Thiết bị ký chưa được kết nối")
    assert focus_in_sheet(head)
    assert house.rows("SELECT stage FROM resolution_file") == [("presented",)]
    head.enter_pin(TOKEN_PIN)
    expect(head.at("[data-receipt-head]")).to_be_visible()
    expect(head.at("[data-receipt=key_label]")).to_have_text(TOKEN)
    assert house.rows("SELECT role FROM document_signature") == [("signature",)]


def the_office_seals_with_a_token(come: Callable[..., Person], house: Elsewhere) -> str:
    """The number is given with the first try and stays through a wrong PIN and a token that is out."""
    records = come(issuing.RECORDS, TABLET)
    issuing.take_up(records, MATTER)
    expect(records.at(".ec-issue__sealline")).to_contain_text(TOKEN)
    records.at("#issue-open").click()
    expect(records.at("#pin-issue-h")).to_contain_text("thiết bị ký giữ con dấu")
    expect(records.at("dialog:visible")).to_have_count(1)
    sheet = records.at("dialog[open]").bounding_box()
    assert records.at("dialog[open] form").bounding_box()["width"] > sheet["width"] - 8, "the sheet is filled"
    with records.refused(403):
        records.enter_pin(WRONG)
        expect(records.at("[data-pin-problem]")).to_contain_text("4")
    number = re.search(r"\d+/NQ-CP", records.at("[data-issue-problem]").inner_text())[0]
    with house.removed("seal"), records.refused(409):
        records.enter_pin(TOKEN_PIN)
        expect(records.at("[data-pin-problem]")).to_contain_text("Thiết bị ký chưa được kết nối")
    expect(records.at("[data-issue-problem]")).to_contain_text(number)
    assert focus_in_sheet(records)
    assert house.rows("SELECT stage FROM resolution_file ORDER BY id") == [("presented",), ("signed",)]
    records.enter_pin(TOKEN_PIN)
    expect(records.at("#promulgate")).to_be_visible()
    expect(records.at(".ec-issue__number")).to_have_text(number)
    assert house.rows("SELECT text FROM issued_number") == [(number,)]
    assert house.rows("SELECT role FROM document_signature ORDER BY id") == [("signature",), ("seal",)]
    records.at("#promulgate").click()
    expect(records.at('[data-region="dispatch"]')).to_be_visible()
    return number


def checked_by_anybody(
    come: Callable[..., Person], head: Person, address: str, number: str, folder: Path
) -> None:
    """The public page names both places; `pdfsig` finds both signatures good, over the whole file."""
    head.go(address)
    public = re.sub(r"^https?://[^/]+", "", head.at(".ec-public a").get_attribute("href") or "")
    document = download(head, 'a[href*="/file?save=1"]', folder / "nghi-quyet.pdf")
    anybody = come("nobody", PHONE, signed_in=False)
    anybody.go(public)
    expect(anybody.at("[data-verdict=ok]")).to_be_visible()
    expect(anybody.at(".ec-dl").first).to_contain_text(number)
    expect(anybody.at(".ec-signer", has_text=TOKEN)).to_have_count(2)
    command = [program("pdfsig", "poppler-utils"), "-nocert", str(document)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert told.count("Signature is Valid.") == 2
    assert "Total document signed" in told
