"""The end of a session in real browsers: from the close of the vote to the page that everybody can check on a phone."""

import re

import pytest
from playwright.sync_api import expect

from app.workflows.rules.evidence import read_bundle
from tests.stories import issuing
from tests.stories.person import PHONE, TABLET
from tests.stories.session import HEAD, Session
from tests.web import Caller

pytestmark = pytest.mark.browser


def test_a_resolution_from_the_close_of_the_vote_to_the_public_page(enter, web, tmp_path):
    head = enter(HEAD, TABLET)
    session = Session(web, enter, people={HEAD: head})
    for rank in range(2, issuing.VOTERS + 2):
        session.callers[f"tv{rank:02}"] = Caller(web.url, f"tv{rank:02}").sign_in()
    issuing.hold_the_vote(session, head)
    hall = issuing.watch_in_the_hall(session)
    issuing.publish(session, hall)
    address = issuing.draft_and_present(session, hall)
    issuing.read_and_sign(session)
    issuing.the_server_restarts_before_the_answer(session, hall, session.people[issuing.CLERK])
    number = issuing.number_and_seal(session)
    issuing.promulgate(session, hall, number)
    member = issuing.receive(session, number)
    issuing.check_in_public(session, member, number, tmp_path)
    head.go(address)
    bundle = Caller(web.url, "kiemtoan").sign_in().get(f"/polls/{session.poll_id}/evidence.zip").content
    assert {name for name in read_bundle(bundle) if name.startswith("resolution/")} == {
        "resolution/text.json", "resolution/changes.json", "resolution/resolution.pdf"
    }  # fmt: skip


def test_a_text_that_was_changed_reaches_the_signer_only_with_a_reason_and_beside_a_comparison(enter):
    """The Resolution of the demo that waits for the Prime Minister."""
    matter, place, reason = "tự chủ", "Điều 4, khoản 1", "Thống nhất với chế độ báo cáo định kỳ"
    words = "hằng quý báo cáo Chính phủ", "hằng năm báo cáo Chính phủ"
    head, clerk = enter(HEAD, TABLET), enter(issuing.CLERK, TABLET)
    address = issuing.send_back(head, matter, "Xem lại kỳ báo cáo tại Điều cuối")
    issuing.rewrite(clerk, address, words, place)
    with clerk.refused(409):
        issuing.present(clerk, address)
        expect(clerk.at("#act-problem")).to_contain_text("lý do")
    issuing.rewrite(clerk, address, words, place, reason)
    issuing.present(clerk, address)
    expect(clerk.at("[data-state=presented]")).to_be_visible()
    issuing.sign_what_was_changed(head, matter, place, reason)


def test_a_recalled_resolution_says_so_to_everybody(enter, web):
    """The Prime Minister recalls one that stands; the page behind its code and every recipient tell."""
    number, reason = "185/NQ-CP", "Phụ lục kèm theo chưa đúng bản trình"
    head, anybody = enter(HEAD, TABLET), enter("nobody", PHONE, signed_in=False)
    head.go("/resolutions/")
    head.at("a", has_text=number).first.click()
    head.page.wait_for_url(re.compile(r"/resolutions/\d+$"))
    record = re.sub(r"^https?://[^/]+", "", head.page.url)
    public = re.sub(r"^https?://[^/]+", "", head.at(".ec-public a").get_attribute("href"))
    anybody.go(public)
    expect(anybody.at("[data-verdict=ok]")).to_be_visible()
    issuing.recall(head, reason)
    anybody.go(public)
    expect(anybody.at("[data-verdict=bad]")).to_be_visible()
    expect(anybody.at("main")).to_contain_text(reason)
    member = Caller(web.url, "tv05").sign_in()
    assert "Đã thu hồi" in member.get(record).text
    assert member.ask(f"{record}/file").status == 403
    assert member.post(f"{record}/receipt").status == 200
