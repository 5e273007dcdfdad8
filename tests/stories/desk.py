"""What the clerk does in the record screens before a session, as steps for the stories."""

import datetime as dt
import re
from dataclasses import dataclass
from hashlib import sha256

from playwright.sync_api import expect

from app.demo.dossiers import decision
from app.workflows.rules.calendar import HANOI
from tests.stories.person import Person

MATTER = 9  # of the sample papers: a decision with a dossier
SOON = dt.timedelta(minutes=20)


@dataclass(frozen=True)
class Paper:
    """One PDF as it is uploaded."""

    kind: str
    title: str
    file_name: str
    content: bytes

    @property
    def sha256(self) -> str:
        return sha256(self.content).hexdigest()


def dossier() -> tuple[str, list[Paper]]:
    """The title of a matter, and its papers made anew."""
    item = decision(MATTER, dt.datetime.now(HANOI).date())
    made = [
        Paper(paper.kind.value, paper.title, paper.file_name, paper.make())
        for paper in item.papers
        if paper.make is not None
    ]
    return item.title, made


def create_meeting(clerk: Person, title: str) -> int:
    """From the empty form to the record of the new meeting; its id."""
    page = clerk.go("/records/meetings/add")  # loaded to its end: its scripts look after the fields
    page.locator("#title").fill(title)
    page.locator("#kind").select_option("regular")
    now = dt.datetime.now(HANOI)
    starts = min(now + SOON, now.replace(hour=23, minute=59))  # on another day nobody could check in
    page.locator("#starts_at").fill(starts.strftime("%d/%m/%Y %H:%M"))
    page.locator("#planned_minutes").fill("90")
    page.locator("#place").fill("Phòng họp Chính phủ")
    page.locator("#conference_url").fill("https://hop.ecabinet.example/cau-chuyen")
    save(clerk)
    expect(page.locator("h1")).to_have_text(title)
    return int(re.search(r"/records/meetings/(\d+)", page.url)[1])


def add_item(clerk: Person, meeting_id: int, title: str, kind: str, lead: str, minutes: int = 30) -> None:
    """An item of the agenda with its lead organisation, found by typing its abbreviation."""
    page = clerk.go(f"/records/meetings/{meeting_id}")
    page.locator('#agenda a[href^="/records/items/add"]').first.click()
    page.locator("#title").fill(title)
    page.locator("#kind").select_option(kind)
    page.locator("#planned_minutes").fill(str(minutes))
    page.locator(".select2-selection").click()
    page.locator(".select2-search__field").fill(lead)
    found = page.locator(".select2-results__option")
    expect(found).to_have_count(1)
    expect(found).to_contain_text(lead)
    found.click()
    save(clerk)
    expect(page.locator(".rec-item__title", has_text=title)).to_be_visible()


def add_paper(clerk: Person, meeting_id: int, position: int, paper: Paper) -> None:
    """A paper with its file; the desk then shows pages and digest."""
    page = begin_paper(clerk, meeting_id, position, paper.kind, paper.title)
    save(clerk)
    page.locator('input[type="file"]').set_input_files(
        {"name": paper.file_name, "mimeType": "application/pdf", "buffer": paper.content}
    )
    save(clerk)
    line = page.locator(".rec-papers li", has=page.get_by_role("link", name=paper.title, exact=True))
    expect(line.locator(".rec-digest")).to_have_attribute("title", paper.sha256)
    expect(line).to_contain_text(re.compile(r"\d+ trang"))


def add_secret_paper(clerk: Person, meeting_id: int, position: int, title: str, number: str) -> None:
    """Only the place of a secret paper is kept."""
    page = begin_paper(clerk, meeting_id, position, "report", title)
    page.locator("#secrecy").select_option("confidential")
    page.locator("#paper_number").fill(number)
    save(clerk)
    line = page.locator(".rec-papers li", has_text=title)
    expect(line).to_contain_text("Mật")
    expect(line.locator('a[href^="/papers/"], a[href^="/records/versions/add"]')).to_have_count(0)


def begin_paper(clerk: Person, meeting_id: int, position: int, kind: str, title: str):
    page = clerk.go(f"/records/meetings/{meeting_id}")
    item = page.locator(".rec-item").nth(position - 1)
    item.locator('a[href^="/records/papers/add"]').click()
    page.locator("#kind").select_option(kind)
    page.locator("#title").fill(title)
    return page


def draft_question(clerk: Person, meeting_id: int, position: int, question: str) -> None:
    """The question of an item, on the draft Resolution that the form proposes."""
    page = clerk.go(f"/records/meetings/{meeting_id}")
    page.locator(".rec-item").nth(position - 1).locator('a[href^="/records/polls/add"]').click()
    page.locator("#question").fill(question)
    expect(page.locator("#document_version_id option:checked")).to_contain_text("Dự thảo Nghị quyết")
    save(clerk)
    expect(page.locator(".rec-papers li", has_text=question)).to_be_visible()


def invite(clerk: Person, meeting_id: int) -> None:
    """Issue the invitation, and say yes to the question whether to do it now."""
    page = clerk.go(f"/records/meetings/{meeting_id}")
    page.locator(".rec-main button.rec-act").click()
    page.locator("#rec-confirm button[value=yes]").click()
    expect(page.locator(".panel-heading .ec-chip")).to_contain_text("Đã phát hành giấy mời")


def save(clerk: Person) -> None:
    clerk.at('.rec-form .well button[type="submit"]').click()
