"""Photographs the screens of a session into docs/screenshots/; `make screenshots` runs it.

Loads the demo into a folder of its own, holds the session that is ready, and takes each picture in the middle of it.
"""

import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402
from playwright.sync_api import expect, sync_playwright  # noqa: E402

from tests.stories.conftest import DEMO, launch  # noqa: E402
from tests.stories.person import PHONE, TABLET, Person  # noqa: E402
from tests.stories.session import choose  # noqa: E402
from tests.web import Caller, Web  # noqa: E402

FOLDER = ROOT / "docs" / "screenshots"
COLOURS = 192  # of a picture: enough for screens, and a quarter of the bytes
LARGEST = 250_000  # bytes of a picture
SHARPNESS = {PHONE["width"]: 2, TABLET["width"]: 1.5, 1920: 1}  # device pixels per CSS pixel
PAGE_DPI, MARGIN, GREY = 90, 24, (228, 226, 220)
HALL = {"width": 1920, "height": 1080}
EARLY = ("tv02", "tv03", "tv04", "tv07", "tv08", "tv10", "tv12", "tv14", "tv15", "tv16", "tv18", "tv22", "tv23")
LATER = ("tv09", "tv11", "tv19", "tv24", "chunhiem")
OPEN_SLIP, SLIP_RETURNED = "phát triển kinh tế – xã hội", "Tết Nguyên đán"  # of the demo
SLIP_IN_CHAIN, SLIP_HALF_ANSWERED, SLIP_REPORTED = "Chương trình công tác", "chuyển đổi số", "giải ngân vốn đầu tư công"
PROMULGATED = "185/NQ-CP"  # of the demo
REMARK = "Đề nghị bổ sung tiến độ giải phóng mặt bằng theo từng quý."


class Photographer:
    """Somebody with a browser who goes through the demo as several people."""

    def __init__(self, browser, url: str) -> None:
        self.browser, self.url = browser, url
        self.people: dict[tuple[str, int], Person] = {}
        self.meeting = ""

    def as_(self, name: str, device: dict[str, int], signed_in: bool = True, **options) -> Person:
        """A person at a device; the same one when asked again."""
        key = (name, device["width"])
        if key not in self.people or options or not signed_in:
            sharp = SHARPNESS[device["width"]]
            person = Person(self.browser, self.url, name, device, device_scale_factor=sharp, **options)
            self.people[key] = person.sign_in() if signed_in else person
        return self.people[key]

    def tap(self, *moves: str) -> None:
        """The next moves of the chair's desk."""
        head = self.as_("thutuong", TABLET)
        for move in moves:
            button = head.at(f"#next-move[data-move={move}]")
            expect(button).to_be_enabled()
            button.click()
            expect(head.at(f"#next-move[data-move={move}]")).to_have_count(0)

    def vote(self, poll_id: int, names: tuple[str, ...], choice: str = "agree") -> None:
        for name in names:
            Caller(self.url, name).sign_in().vote(poll_id, choice)


def keep(person: Person, name: str) -> None:
    """Take a picture of what is on the screen, once letters and pictures are there."""
    page = person.page
    page.evaluate("() => document.fonts.ready.then(() => null)")
    page.wait_for_load_state("networkidle") if "cockpit" not in page.url else page.wait_for_load_state()
    page.mouse.move(0, 0)
    write(Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide"))), name)


def write(picture: Image.Image, name: str) -> None:
    """Few colours, few bytes."""
    path = FOLDER / f"{name}.png"
    flat = picture.convert("RGB").quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    flat.save(path, optimize=True)
    if path.stat().st_size > LARGEST:
        raise SystemExit(f"{path.name} has {path.stat().st_size} bytes; at most {LARGEST} are wanted")
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1000} kB")


def before_the_session(camera: Photographer) -> None:
    visitor = camera.as_("", TABLET, signed_in=False)
    visitor.go("/login/")
    keep(visitor, "01-login")
    member = camera.as_("tv17", TABLET)
    keep(member, "02-home")
    keep(camera.as_("tv17", PHONE, color_scheme="dark"), "02-home-phone-dark")
    member.at(".ec-card--now a[href^='/meetings/']").first.click()
    camera.meeting = re.match(r"/meetings/\d+", member.page.url.removeprefix(camera.url))[0]
    keep(member, "03-meeting")
    phone = camera.as_("tv26", PHONE)
    phone.go(camera.meeting)
    keep(phone, "03-meeting-phone")
    member.at(".ec-item").nth(1).locator(".ec-paper").first.click()
    expect(member.at("#page-1 canvas")).to_be_visible()
    keep(member, "04-reader")


def in_the_records(camera: Photographer) -> None:
    clerk = camera.as_("chuyenvien", TABLET)
    clerk.go("/records/meetings/")
    keep(clerk, "09-records-list")
    clerk.go(f"/records{camera.meeting}")
    keep(clerk, "09-records-meeting")
    clerk.go(f"/records{camera.meeting}/edit")
    keep(clerk, "09-records-form")


def during_the_vote(camera: Photographer) -> int:
    head = camera.as_("thutuong", TABLET)
    head.go(f"{camera.meeting}/cockpit")
    camera.tap("open_meeting", "open_item")
    camera.tap("close_item", "open_item", "open_vote")
    member = camera.as_("tv05", TABLET)
    member.go(camera.meeting)
    member.at(".ec-live a").click()
    poll_id = int(member.page.url.rpartition("/")[2])
    camera.vote(poll_id, EARLY)
    choose(member, "agree")
    member.at("#remark").fill(REMARK)
    member.at("#remark").blur()
    keep(member, "05-vote-open")
    phone = camera.as_("tv06", PHONE)
    phone.go(f"/polls/{poll_id}")
    keep(phone, "05-vote-open-phone")
    choose(phone, "agree")
    phone.at("[data-vote-next]").click()
    expect(phone.at("#confirm")).to_be_visible()
    keep(phone, "05-vote-confirm-phone")
    phone.enter_pin()
    expect(phone.at("[data-show=receipt]")).to_be_visible()
    keep(phone, "05-vote-receipt-phone")
    deputy = camera.as_("thutruong.bkhcn", PHONE)
    deputy.go(f"/polls/{poll_id}")
    keep(deputy, "05-vote-no-right-phone")
    keep(head, "06-cockpit-vote")
    return poll_id


def after_the_vote(camera: Photographer, poll_id: int) -> None:
    head, member = camera.as_("thutuong", TABLET), camera.as_("tv05", TABLET)
    camera.vote(poll_id, LATER)
    camera.vote(poll_id, ("thutuong",))
    camera.vote(poll_id, ("tv13",), "disagree")
    camera.vote(poll_id, ("tv25",), "other")
    camera.tap("close_vote", "publish")
    expect(head.at(".ec-result")).to_be_visible()
    keep(head, "06-cockpit-result")
    member.go(f"/polls/{poll_id}/result")
    keep(member, "07-result")
    phone = camera.as_("tv06", PHONE)
    phone.go(f"/polls/{poll_id}/result")
    keep(phone, "07-result-phone")
    hall = camera.as_("chuyenvien", HALL)
    hall.go(f"/man-hinh/{camera.meeting.rpartition('/')[2]}")
    keep(hall, "06-hall-result")
    two_pages(member.page.request.get(f"/polls/{poll_id}/tally.pdf").body(), "08-tally-record")


def the_resolutions(camera: Photographer) -> None:
    """The list, the signer's desk, a record that was promulgated, and the page that everybody may see."""
    head = camera.as_("thutuong", TABLET)
    head.go("/resolutions/")
    keep(head, "10-resolutions")
    head.at("a", has_text=PROMULGATED).first.click()
    keep(head, "10-resolution")
    public = head.at(".ec-public a").get_attribute("href")
    anybody = camera.as_("", PHONE, signed_in=False)
    anybody.go(re.sub(r"^https?://[^/]+", "", public))
    expect(anybody.at("[data-verdict=ok]")).to_be_visible()
    keep(anybody, "10-resolution-public-phone")


def opinion_slips(camera: Photographer) -> None:
    """Composed, approved, watched, answered on a phone, put together, and laid before the head."""
    clerk = camera.as_("chuyenvien", TABLET)
    in_the_office(clerk, SLIP_RETURNED)
    clerk.at("main a[href$='/edit']").first.click()
    expect(clerk.at(".ec-phone__matter")).to_be_visible()
    keep(clerk, "14-slip-compose")
    chairman = camera.as_("chunhiem", TABLET)
    in_the_office(chairman, SLIP_IN_CHAIN)
    keep(chairman, "14-slip-preview")
    in_the_office(clerk, SLIP_HALF_ANSWERED)
    keep(clerk, "14-slip-board")
    phone = camera.as_("tv06", PHONE)
    phone.go("/slips/").locator("a.ec-task", has_text=OPEN_SLIP).first.click()
    choose(phone, "agree")
    keep(phone, "14-slip-answer-phone")
    in_the_office(clerk, SLIP_REPORTED)
    clerk.at("a[href$='/synthesis']").click()
    expect(clerk.at(".ec-opinion").first).to_be_visible()
    keep(clerk, "14-slip-synthesis")
    head = camera.as_("thutuong", TABLET)
    report = clerk.page.url.removeprefix(camera.url).replace("/synthesis", "/report")
    head.go(report)
    keep(head, "14-slip-report")
    two_pages(head.page.request.get(f"{report}.pdf").body(), "14-slip-report-paper")


def in_the_office(person: Person, matter: str) -> None:
    """The page of a slip, from the list of the office."""
    person.go("/slips/approvals").locator("main a[href^='/slips/']", has_text=matter).first.click()
    expect(person.at("h1")).to_contain_text(matter)


def in_the_background(camera: Photographer) -> None:
    """What members are told, and how those who look after it see it being made."""
    head, phone = camera.as_("thutuong", TABLET), camera.as_("tv06", PHONE)
    phone.go("/notices/")
    keep(phone, "11-notices-phone")
    member = camera.as_("tv05", TABLET)
    member.go("/notices/settings/")
    keep(member, "11-notices-settings")
    head.go("/digests/")
    head.at("main a[href^='/digests/']").first.click()
    keep(head, "12-digest")
    head.go("/reports/weekly/")
    head.at("main a[href^='/reports/weekly/']").nth(1).click()
    keep(head, "12-weekly-report")
    held = member.go("/meetings/").locator(".ec-row", has_text="bế mạc").first.get_attribute("href")
    member.go(held)
    member.at("#dossier button").click()
    expect(member.at('#dossier a[href$="/file"]')).to_be_visible()
    member.at("#dossier").scroll_into_view_if_needed()
    keep(member, "13-dossier")
    admin = camera.as_("quantri", TABLET)
    admin.go("/records/jobs/?all=1")
    admin.at("main a", has_text="Đã xong").first.click()
    keep(admin, "13-jobs")


def two_pages(pdf: bytes, name: str) -> None:
    """The first two pages of a document, side by side on grey."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["pdftoppm", "-png", "-r", str(PAGE_DPI), "-l", "2", "-", f"{folder}/page"]
        subprocess.run(command, input=pdf, check=True)  # noqa: S603 - a fixed program of the machine
        pages = [Image.open(path).convert("RGB") for path in sorted(Path(folder).glob("*.png"))]
    width, height = pages[0].size
    both = Image.new("RGB", (2 * width + 3 * MARGIN, height + 2 * MARGIN), GREY)
    for place, page in enumerate(pages):
        both.paste(page, (MARGIN + place * (width + MARGIN), MARGIN))
    write(both, name)


@contextmanager
def demo() -> Iterator[str]:
    web = Web(**DEMO)
    try:
        web.make("demo")
        yield web.start().url
    finally:
        web.stop()


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    with demo() as url, sync_playwright() as playwright:
        camera = Photographer(launch(playwright), url)
        before_the_session(camera)
        in_the_records(camera)
        after_the_vote(camera, during_the_vote(camera))
        the_resolutions(camera)
        opinion_slips(camera)
        in_the_background(camera)
        camera.browser.close()


if __name__ == "__main__":
    main()
