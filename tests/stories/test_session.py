"""A session in real browsers, from the clerk's first line to the published result, with everybody at once."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from app.workflows.rules.evidence import read_bundle
from tests.stories import desk
from tests.stories.arrival import answer_the_invitation, come_together
from tests.stories.ballots import cast_the_ballots
from tests.stories.person import PHONE, TABLET
from tests.stories.session import (
    AFAR,
    AT_PHONE,
    AT_TABLET,
    HEAD,
    IN_BROWSERS,
    QUESTION,
    STANDS_IN,
    TITLE,
    Session,
    choose,
    download,
)  # fmt: skip
from tests.web import Caller

pytestmark = pytest.mark.browser


def test_a_session_from_the_invitation_to_the_published_result(enter, web, tmp_path):
    session = Session(web, enter)
    prepare_the_meeting(session)
    answer_the_invitation(session)
    come_together(session)
    open_the_vote(session)
    cast_the_ballots(session)
    close_and_publish(session)
    read_the_result(session, tmp_path)


def test_a_vote_is_annulled_by_signature_and_held_again(enter, web):
    """The session of the demo that is ready to be held; the Prime Minister votes as a member between two moves."""
    head = enter(HEAD, TABLET)
    session = Session(web, enter, people={HEAD: head})
    head.go("/meetings/").locator(".ec-row", has_text="Chính phủ thường kỳ").filter(has_text="giấy mời").click()
    head.at('a[href$="/cockpit"]').click()
    session.meeting_id = int(re.search(r"/meetings/(\d+)", head.page.url)[1])
    for move in ("open_meeting", "open_item", "close_item", "open_item", "open_vote"):
        session.tap(move)
    first = vote_at_the_desk(session)
    annul(session, "Câu hỏi được đọc chưa đúng với dự thảo")
    expect(head.at(".ec-cp-now .ec-banner--bad")).to_contain_text("Câu hỏi được đọc chưa đúng với dự thảo")
    session.tap("open_vote")
    assert vote_at_the_desk(session) > first
    for name in ("tv02", "tv03"):
        Caller(web.url, name).sign_in().vote(session.poll_id)
    session.progress(3)
    session.tap("close_vote")
    session.tap("publish")
    expect(head.at(".ec-result")).to_contain_text(re.compile(r"3\s*/ 27"))
    old = Caller(web.url, "tv02").sign_in().get(f"/polls/{first}").text
    assert "Câu hỏi được đọc chưa đúng với dự thảo" in old
    assert "data-outcome" not in old


def vote_at_the_desk(session: Session) -> int:
    """From the desk to the own ballot and back; the id of the poll."""
    head = session.head
    head.at('.ec-cp-act a[href^="/polls/"]').click()
    head.page.wait_for_url(re.compile(r"/polls/\d+$"))
    session.poll_id = int(head.page.url.rpartition("/")[2])
    choose(head, "agree")
    head.at("[data-vote-next]").click()
    head.enter_pin()
    expect(head.at("[data-show=receipt]")).to_be_visible()
    head.go(f"{session.address}/cockpit")
    session.progress(1)
    return session.poll_id


def annul(session: Session, reason: str) -> None:
    """Reason, prepared text, PIN; a wrong one is refused and leaves the vote open."""
    head = session.head
    head.at('.ec-cp-act [data-popover="cp-menu"]').click()
    head.at('[data-dialog="sheet-annul"]').click()
    sheet = head.at("#sheet-annul")
    sheet.locator("textarea").fill(reason)
    sheet.locator("[data-step=prepare]").click()
    expect(sheet.locator("[data-shown]")).to_contain_text(reason)
    with head.refused(403):
        head.enter_pin("111111")
        expect(sheet.locator("[data-field-problem=pin]")).to_be_visible()
    head.enter_pin()
    expect(sheet).to_be_hidden()


def prepare_the_meeting(session: Session) -> None:
    """The clerk writes the meeting, its agenda, papers and question, and issues the invitation."""
    clerk = session.come("chuyenvien", TABLET)
    matter, papers = desk.dossier()
    meeting_id = session.meeting_id = desk.create_meeting(clerk, TITLE)
    desk.add_item(clerk, meeting_id, matter, "decision", "BGDĐT")
    desk.add_item(clerk, meeting_id, "Tình hình trên biển", "report", "BQP")
    for paper in papers:
        if paper.kind in ("submission", "draft_resolution"):
            desk.add_paper(clerk, meeting_id, 1, paper)
    desk.add_secret_paper(clerk, meeting_id, 2, "Báo cáo tình hình trên biển", "07")
    desk.draft_question(clerk, meeting_id, 1, QUESTION)
    desk.invite(clerk, meeting_id)


def open_the_vote(session: Session) -> None:
    """The item and the vote; the call to vote appears on every member's page without a reload."""
    deputy = session.come(STANDS_IN, PHONE)
    deputy.go(session.address)
    listeners = [session.people[name] for name in (*IN_BROWSERS, STANDS_IN)]
    loads = [len(person.loads) for person in listeners]
    session.taps = 0
    session.tap("open_item")
    session.tap("open_vote")
    for person in listeners:
        expect(person.at(".ec-live")).to_contain_text(QUESTION)
    assert [len(person.loads) for person in listeners] == loads
    for person in listeners:
        person.at(".ec-live a").click()
        expect(person.at("#vote")).to_have_attribute("data-state", "open")
    session.poll_id = int(session.people[AFAR].page.url.rpartition("/")[2])


def close_and_publish(session: Session) -> None:
    """The desk sees the result after the close, everybody after the publication; four taps from item to result."""
    watching = session.people[AT_PHONE]
    session.tap("close_vote")
    expect(session.head.at(".ec-result__verdict")).to_contain_text("Thông qua")
    expect(watching.at("#vote")).to_have_attribute("data-state", "closed")
    expect(watching.at(".ec-result")).to_have_count(0)
    session.tap("publish")
    assert session.taps <= 4
    for name in (*IN_BROWSERS, STANDS_IN):
        result = session.people[name].at(".ec-result")
        expect(result).to_contain_text(re.compile(r"24\s*/ 27 = 88,9\s*%"))
        expect(result).to_contain_text("23 tại phòng, 3 từ xa")
        expect(result).to_contain_text("24/27 thành viên Chính phủ tán thành")
        expect(result).to_contain_text(re.compile(r"Điều \d+"))


def read_the_result(session: Session, folder: Path) -> None:
    """Record and evidence are taken away by a member; the own signature is checked."""
    member = session.people[AT_TABLET]
    record = download(member, f'.ec-result a[href*="/polls/{session.poll_id}/tally.pdf"]', folder / "tally.pdf")
    text = subprocess.run(["pdftotext", "-layout", record, "-"], check=True, capture_output=True, text=True).stdout
    assert "BIÊN BẢN" in text
    assert "24/27" in text
    bundle = download(session.head, f'.ec-result a[href*="/polls/{session.poll_id}/evidence.zip"]', folder / "e.zip")
    files = read_bundle(bundle.read_bytes())
    result = json.loads(files["result.json"])
    assert (result["agree"], result["disagree"], result["other"], result["not_voting"]) == (24, 1, 1, 1)
    ballots = [name for name in files if name.startswith("ballots/") and name.endswith(".json")]
    assert len(ballots) == 27  # one of the 26 voters voted anew
    mine = member.at(".ec-details", has=member.at("[data-receipt]"))
    mine.locator("summary").click()
    mine.locator('a[href$="/verify"]').click()
    expect(member.at(".ec-banner--ok")).to_contain_text("Hợp lệ")
