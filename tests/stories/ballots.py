"""The ballots of one vote, each in another way: by keyboard, with a wrong PIN, without a line, over HTTP."""

import json
import re

from playwright.sync_api import Request, Route, expect

from tests.cabinet import PIN
from tests.stories.person import Person
from tests.stories.session import AFAR, AT_PHONE, AT_TABLET, HEAD, QUESTION, STANDS_IN, Session, choose

NO_TRY_BY_ITSELF = "window.setInterval = () => 0"  # the page counts the seconds to its next try and never comes to it
REMARK = "Đề nghị làm rõ lộ trình thực hiện."
SECRETS = re.compile(r"agree|choice|outcome|tán thành", re.IGNORECASE)  # never told while a vote is open


def cast_the_ballots(session: Session) -> None:
    the_substitute_watches(session)
    a_remark_outlives_the_news(session)
    by_keyboard(session)
    a_wrong_pin(session)
    the_answer_is_lost(session)
    the_line_is_cut(session)
    everybody_else(session)


def the_substitute_watches(session: Session) -> None:
    deputy = session.people[STANDS_IN]
    expect(deputy.at("#vote .ec-banner")).to_contain_text("không có quyền biểu quyết", ignore_case=True)
    expect(deputy.at("#vote .ec-banner")).to_contain_text(re.compile(r"Điều \d+"))
    expect(deputy.at("#vote input[name=choice]:enabled")).to_have_count(0)
    expect(deputy.at("[data-vote-next]")).to_have_count(0)


def a_remark_outlives_the_news(session: Session) -> None:
    """Somebody else votes while a member is writing: the count moves, the form stays."""
    member, first = session.people[AT_TABLET], session.callers["tv02"]
    member.at("#remark").fill(REMARK)
    loads = len(member.loads)
    first.vote(session.poll_id)
    expect(member.at("[data-progress] b")).to_have_text("1/27")
    expect(member.at("#remark")).to_have_value(REMARK)
    assert len(member.loads) == loads
    session.progress(1)


def by_keyboard(session: Session) -> None:
    """A ballot with Tab, Space and Enter alone; what a screen reader says is checked on the way."""
    member = session.people[AT_TABLET]
    keys = member.page.keyboard
    said = member.at("#vote").aria_snapshot()
    for name in ("Tán thành", "Không tán thành", "Ý kiến khác"):
        assert re.search(rf'radio "{name}', said), said
    assert f'heading "{QUESTION}" [level=1]' in said
    member.page.evaluate("document.activeElement.blur()")
    tab_to(member, "input[name=choice]")
    keys.press("Space")
    expect(member.at("input[name=choice][value=agree]")).to_be_checked()
    tab_to(member, "#remark")
    expect(member.at("#remark")).to_have_value(REMARK)
    tab_to(member, "[data-vote-next]")
    keys.press("Enter")
    sheet = member.at("#confirm")
    expect(sheet).to_contain_text(REMARK)
    expect(sheet.locator("#pin")).to_be_focused()
    assert 'textbox "Mã PIN ký số"' in sheet.aria_snapshot()
    keys.type(PIN)
    keys.press("Enter")
    expect(member.at("[data-receipt-head]")).to_be_focused()
    expect(member.at('[data-receipt="choice"]').first).to_contain_text("Tán thành")
    session.progress(2)


def tab_to(member: Person, selector: str) -> None:
    """Press Tab until that is focused; forty presses are too many."""
    for _press in range(40):
        member.page.keyboard.press("Tab")
        if member.page.evaluate("selector => document.activeElement?.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached by Tab")


def a_wrong_pin(session: Session) -> None:
    """The choice stays, the tries that are left are said, and the right PIN then counts."""
    member = session.people[AT_PHONE]
    choose(member, "disagree")
    member.at("[data-reserve] input").check()
    member.at("[data-vote-next]").click()
    member.leaves_and_presses_again("#confirm", "[data-vote-next]")
    with member.refused(403):
        member.enter_pin("111111")
        expect(member.at("[data-pin-error]")).to_contain_text("4")
    expect(member.at("#pin")).to_be_focused()
    session.progress(2)
    member.enter_pin()
    expect(member.at("[data-show=receipt]")).to_be_visible()
    session.progress(3)
    member.at("[data-receipt-href=verify_url]").click()
    expect(member.at(".ec-banner--ok")).to_contain_text("Hợp lệ")
    member.page.go_back()
    expect(member.at("[data-show=receipt]")).to_be_visible()


def the_answer_is_lost(session: Session) -> None:
    """The ballot arrives and its receipt does not: it is sent again under the same nonce, and counted once."""
    member, sent = session.people[AFAR], []

    def lose_the_first(route: Route) -> None:
        sent.append(json.loads(route.request.post_data)["nonce"])
        if len(sent) > 1:
            route.continue_()
            return
        assert route.fetch().status == 200
        route.abort("connectionreset")

    member.page.route("**/sign", lose_the_first)
    member.page.evaluate(NO_TRY_BY_ITSELF)
    choose(member, "other")
    member.at("[data-vote-next]").click()
    before = len(member.complaints)
    member.enter_pin()
    expect(member.at("[data-unsent]")).to_contain_text("Chưa gửi")
    session.progress(4)
    member.at("[data-retry]").click()
    expect(member.at("[data-show=receipt]")).to_be_visible()
    expect(member.at('[data-receipt="place"]').first).to_contain_text("từ xa")
    assert len(sent) >= 2
    assert len(set(sent)) == 1
    assert all("ERR_CONNECTION_RESET" in line for line in member.complaints[before:])
    del member.complaints[before:]
    session.progress(4)


def the_line_is_cut(session: Session) -> None:
    """The PIN is entered without a connection: "chưa gửi", then sent by itself once when the line is back."""
    member, sent = session.people[AT_TABLET], []
    member.page.on("request", lambda request: sent.extend(nonce_of_ballot(request)))
    member.at("[data-change]").click()
    choose(member, "agree")
    member.at("[data-vote-next]").click()
    expect(member.at("#confirm")).to_be_visible()
    with member.offline():
        member.enter_pin()
        expect(member.at("[data-unsent]")).to_contain_text("Chưa gửi")
        expect(member.at("#ec-offline")).to_be_visible()
        expect(member.at("[data-show=receipt]")).to_be_hidden()
    expect(member.at("[data-show=receipt]")).to_be_visible()
    expect(member.at("#ec-offline")).to_be_hidden()
    member.came_back()
    assert len(sent) >= 2
    assert len(set(sent)) == 1
    session.progress(4)


def nonce_of_ballot(request: Request) -> list[str]:
    return [json.loads(request.post_data or "{}")["nonce"]] if request.url.endswith("/sign") else []


def everybody_else(session: Session) -> None:
    """The other ballots over HTTP; the desk counts and shows no split, and no socket tells one."""
    voted = 4
    for name, caller in session.callers.items():
        if name != "tv02":
            caller.vote(session.poll_id)
            voted += 1
    session.progress(voted)
    assert voted == 26
    expect(session.head.at("[data-waiting]")).not_to_contain_text(re.compile(r"\b(TTg|BQP|BTC)\b"))
    expect(session.head.at(".ec-result, [data-outcome], .ec-seat--yes, .ec-seat--no")).to_have_count(0)
    for person in session.people.values():
        assert not [frame for frame in person.frames if SECRETS.search(frame)]
    assert any("BallotCast" in frame for frame in session.head.frames)
    for name in (HEAD, "tv02"):
        known = session.callers[name].ask(f"{session.address}/snapshot").body
        assert (known["poll"]["voted"], known["poll"]["result"], known["poll"]["may_see_split"]) == (26, None, False)
        assert {seat["choice"] for seat in known["seats"]} == {None}
