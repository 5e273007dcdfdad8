"""A session with people in browsers and others over HTTP, and what everybody there can do."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import expect

from app.demo.presets import G2025_10
from tests.stories.person import Person
from tests.web import Caller, Web

TITLE = "Phiên họp Chính phủ chuyên đề về giáo dục đại học"
QUESTION = "Thông qua dự thảo Nghị quyết về thí điểm tự chủ đại học?"
HEAD, AT_TABLET, AT_PHONE, AFAR, AWAY, STANDS_IN = "thutuong", "tv05", "tv07", "tv09", "tv21", "thutruong.bkhcn"
MEMBERS = [figure.handle for figure in G2025_10.government.figures if figure.signs]
IN_BROWSERS = (AT_TABLET, AT_PHONE, AFAR)
ALSO_AFAR = ("tv13", "tv25")


@dataclass
class Session:
    """Who is there, and the meeting they are in."""

    web: Web
    enter: Callable[..., Person]
    meeting_id: int = 0
    poll_id: int = 0
    taps: int = 0
    callers: dict[str, Caller] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)

    @property
    def head(self) -> Person:
        return self.people[HEAD]

    @property
    def address(self) -> str:
        return f"/meetings/{self.meeting_id}"

    def come(self, name: str, device: dict[str, int]) -> Person:
        self.people[name] = self.enter(name, device)
        return self.people[name]

    def call_the_others(self) -> None:
        """Everybody without a browser of the test: over HTTP, each with an own session."""
        for name in MEMBERS:
            if name not in (*IN_BROWSERS, AWAY):
                self.callers[name] = Caller(self.web.url, name).sign_in()

    def tap(self, move: str) -> None:
        """Press the one button of the chair's desk, which must be this move."""
        button = self.head.at(f"#next-move[data-move={move}]")
        expect(button).to_be_enabled()
        button.click()
        self.taps += 1

    def progress(self, voted: int) -> None:
        """The chair's desk has heard how many have voted, and nothing else."""
        expect(self.head.at(".ec-cp-now [data-voted]")).to_have_text(str(voted))


def choose(member: Person, choice: str) -> None:
    member.at("label.ec-choice", has=member.at(f"input[value={choice}]")).click()


def download(person: Person, selector: str, path: Path) -> Path:
    with person.page.expect_download() as coming:
        person.at(selector).first.click()
    coming.value.save_as(path)
    return path
