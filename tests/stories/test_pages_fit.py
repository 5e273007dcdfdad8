"""Every page fits the phone, the tablet and twice the text size; what is pressed is large enough; both themes read."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import expect

from tests.stories.person import PHONE, TABLET, Person

pytestmark = pytest.mark.browser

TARGET = 44  # CSS pixels, tokens.css --target
LEAST_CONTRAST = 4.5  # WCAG 1.4.3; large text needs less
DARK = 0.1  # relative luminance of a dark page, at most
DEVICES = {"phone": (PHONE, "dark"), "tablet": (TABLET, "light")}

# Whatever reaches over an edge, unless it can be scrolled to inside its own box or is drawn for no eye.
OVERFLOWING = """() => {
    const edge = document.documentElement.clientWidth + 1;
    const scrolls = (element) => {
        for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
            if (/auto|scroll/.test(getComputedStyle(box).overflowX)) return true;
        }
        return false;
    };
    const drawn = ".ec-sr, .sr-only, .ec-skip, .ec-pdf__water, svg";
    const unseen = (element) => element.closest(drawn) || !element.checkVisibility();
    const found = [...document.body.querySelectorAll("*")].filter((element) => {
        const box = element.getBoundingClientRect();
        return box.width > 1 && (box.right > edge || box.left < -1) && !unseen(element) && !scrolls(element);
    });
    if (document.documentElement.scrollWidth > edge) found.unshift(document.documentElement);
    return found.slice(0, 5).map((element) => element.outerHTML.slice(0, 160));
}"""

# Whatever can be pressed and is too small; links inside running text are as large as their text.
TOO_SMALL = """(least) => {
    const small = (element) => {
        const boxed = element.matches("input[type=radio], input[type=checkbox]") && element.closest("label");
        const { width, height } = (boxed || element).getBoundingClientRect();
        return Math.min(width, height) < least - 0.5;
    };
    const shown = (element) => element.checkVisibility({ visibilityProperty: true });
    const inText = (element) => element.matches("a") && getComputedStyle(element).display === "inline";
    const UNSEEN = ".ec-skip, .ec-sr, .select2-hidden-accessible";  // what is drawn in its place is measured
    const pressed = "a[href], button, input:not([type=hidden]), select, textarea, summary, [role=tab], [role=combobox]";
    return [...document.querySelectorAll(pressed)]
        .filter((element) => shown(element) && !element.closest(UNSEEN) && !inText(element))
        .filter(small).slice(0, 5).map((element) => element.outerHTML.slice(0, 160));
}"""

# Text whose colour is too near to the colour behind it, as far as both are plain colours.
FAINT = """(least) => {
    const parse = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
    const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
    const behind = (element) => {
        for (let box = element; box; box = box.parentElement) {
            const { backgroundImage, backgroundColor } = getComputedStyle(box);
            if (backgroundImage !== "none") return null;
            const colour = parse(backgroundColor);
            if (colour.length === 3) return colour;
            if (colour[3] > 0) return null;
        }
        return null;
    };
    const skipped = ":disabled, [aria-disabled=true], .ec-sr, .sr-only, svg, [aria-hidden=true], .textLayer";
    const worded = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    const found = [];
    for (const element of document.body.querySelectorAll("*")) {
        if (!worded(element) || element.closest(skipped)) continue;
        if (!element.checkVisibility({ opacityProperty: true })) continue;
        const style = getComputedStyle(element);
        const [colour, ground] = [parse(style.color), behind(element)];
        if (!ground || colour.length !== 3) continue;
        const [dim, bright] = [light(colour), light(ground)].sort((a, b) => a - b);
        const ratio = (bright + 0.05) / (dim + 0.05);
        const size = parseFloat(style.fontSize);
        const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
        if (ratio < (large ? 3 : least)) found.push(`${ratio.toFixed(2)} ${element.outerHTML.slice(0, 140)}`);
    }
    const page = parse(getComputedStyle(document.body).backgroundColor);
    return { faint: found.slice(0, 5), page: light(page) };
}"""

MEMBER = {
    "home": "/", "meetings": "/meetings/", "meeting": "{ready}", "held meeting": "{held}", "vote": "{poll}",
    "result": "{poll}/result", "verify": "{poll}/verify", "paper": "{paper}", "absences": "/absences/",
    "notices": "/notices/", "key": "/keys/", "passkeys": "/passkeys/", "resolutions": "/resolutions/",
    "slips": "/slips/", "no slip": "/slips/?q=98765", "several slips": "/slips/together",
    "month of deadlines": "/calendar/", "week of deadlines": "/calendar/?view=week",
    "list of deadlines": "/calendar/?view=list", "calendar elsewhere": "/calendar/feed",
}  # fmt: skip
CLERK = {
    "home": "/", "register": "/records/outgoing/", "meetings": "/records/meetings/",
    "meeting": "/records{ready}", "form": "/records/meetings/add", "papers": "/records/papers/",
    "people": "/records/people/", "working calendar": "/records/calendar/?year=2026",
    "slip rules": "/records/slip-rule-sets/", "new slip rules": "/records/slip-rule-sets/add",
    "time to answer": "/reports/slips/", "askings": "/reports/slips/rows",
}  # fmt: skip

RIGHTS = yaml.safe_load((Path(__file__).parents[1] / "architecture/authz.yaml").read_text(encoding="utf-8"))
OFFICES = {"clerk": "chuyenvien", "records": "vanthu", "auditor": "kiemtoan", "admin": "quantri"}  # column → account
A_LIST = re.compile(r"^GET (/records/[\w-]+/)$")
A_SCREEN = re.compile(r"^/records/[\w-]+/(\d+|add|\d+/edit)(\?.*)?$")


def addresses(person: Person) -> dict[str, str]:
    """The addresses of the demo that have a number in them."""
    page = person.go("/meetings/")
    ready = page.locator(".ec-row", has_text="Chính phủ thường kỳ").filter(has_text="giấy mời").get_attribute("href")
    held = page.locator(".ec-row", has_text="bế mạc").first.get_attribute("href")
    paper = person.go(ready).locator(".ec-paper").first.get_attribute("href")
    links = person.go(held).locator(".ec-item a").evaluate_all("links => links.map((link) => link.pathname)")
    poll = next(found[0] for link in reversed(links) if (found := re.match(r"/polls/\d+", link)))
    return {"ready": ready, "held": held, "paper": paper, "poll": poll}


def faults_of(person: Person, path: str, colours: str) -> dict[str, list[str]]:
    """What is wrong with a page as it is, and with twice the text size."""
    person.go(path)
    page = person.settled()
    if re.search(r"^/papers/\d+$", path):
        expect(person.at("#page-1 canvas")).to_be_visible()
    seen = page.evaluate(FAINT, LEAST_CONTRAST)
    found = {"too wide": page.evaluate(OVERFLOWING), "too small": page.evaluate(TOO_SMALL, TARGET)}
    found["faint"] = seen["faint"] + ([] if (seen["page"] < DARK) == (colours == "dark") else [f"not {colours}"])
    page.evaluate("() => { document.documentElement.style.fontSize = '32px' }")
    found["too wide at 200 %"] = page.evaluate(OVERFLOWING)
    return {what: faults for what, faults in found.items() if faults}


@pytest.mark.parametrize("device", DEVICES)
def test_the_pages_of_a_member_fit_and_can_be_pressed_and_read(enter, device):
    size, colours = DEVICES[device]
    member = enter("tv05", size, color_scheme=colours)
    where = addresses(member)
    pages = {name: path.format(**where) for name, path in MEMBER.items()}
    assert {name: faults for name, path in pages.items() if (faults := faults_of(member, path, colours))} == {}


def waiting(person: Person, what: str) -> str:
    """Where a task of the start page leads."""
    return person.go("/").locator(".ec-task", has_text=what).first.get_attribute("href")


def public_page(person: Person, record: str) -> str:
    return re.sub(r"^https?://[^/]+", "", person.go(record).locator(".ec-public a").get_attribute("href"))


@pytest.mark.parametrize("device", DEVICES)
def test_the_pages_of_a_resolution_fit_and_can_be_pressed_and_read(enter, device):
    """Each of those who have to do with one, at the page that waits for them; and everybody at the public page."""
    size, colours = DEVICES[device]
    head, records, member = (enter(name, size, color_scheme=colours) for name in ("thutuong", "vanthu", "tv05"))
    record = waiting(member, "NQ-CP")
    pages = {
        "record": (member, record), "public": (member, public_page(member, record)),
        "sign": (head, waiting(head, "tự chủ")), "issue": (records, waiting(records, "Phòng cháy")),
        "queue": (records, "/resolutions/issue"),
    }  # fmt: skip
    assert {name: faults for name, page in pages.items() if (faults := faults_of(*page, colours))} == {}


@pytest.mark.parametrize("device", DEVICES)
def test_the_desk_of_the_chair_fits_and_can_be_pressed_and_read(enter, device):
    size, colours = DEVICES[device]
    head = enter("thutuong", size, color_scheme=colours)
    assert faults_of(head, f"{addresses(head)['ready']}/cockpit", colours) == {}


@pytest.mark.parametrize("device", DEVICES)
def test_the_record_screens_fit_and_can_be_read(enter, device):
    size, colours = DEVICES[device]
    clerk = enter("chuyenvien", size, color_scheme=colours)
    where = addresses(clerk)
    found = {name: faults_of(clerk, path.format(**where), colours) for name, path in CLERK.items()}
    assert {name: faults for name, faults in found.items() if faults} == {}


def lists_of(column: str) -> list[str]:
    """The record lists that the table of rights opens to those of that column."""
    at = list(RIGHTS["actors"]).index(column)
    found = {A_LIST.match(address): answers for address, answers in RIGHTS["addresses"].items()}
    return [match[1] for match, answers in found.items() if match and answers.split()[at] == "ok"]


def kind_of(path: str) -> str:
    """Rows of one table, and their forms, look alike: the first of them is measured."""
    return re.sub(r"\d+", "N", path.partition("?")[0])


def record_screens(person: Person, column: str, seen: set[str]) -> Iterator[str]:
    """The lists, from each of them the first row and its forms; the page is open when its address is told."""
    waiting = lists_of(column)
    while waiting:
        path = waiting.pop(0)
        if kind_of(path) not in seen:
            seen.add(kind_of(path))
            person.go(path)
            yield path
            links = person.page.locator("a[href]").evaluate_all("all => all.map((a) => a.pathname + a.search)")
            waiting += [link for link in links if A_SCREEN.match(link)]


def test_every_record_screen_fits_and_can_be_pressed_with_a_finger(enter):
    """Every list that anybody has, every row, every form; what is folded is unfolded."""
    seen: set[str] = set()
    found = {}
    for column, name in OFFICES.items():
        person = enter(name, TABLET)
        for path in record_screens(person, column, seen):
            page = person.settled()
            page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true })")
            for size in (PHONE, TABLET):
                person.page.set_viewport_size(size)
                found[path, size["width"]] = person.page.evaluate(TOO_SMALL, TARGET) + person.page.evaluate(OVERFLOWING)
    assert {where: faults for where, faults in found.items() if faults} == {}
    assert {kind_of(path) for column in OFFICES for path in lists_of(column)} <= seen
    assert {"/records/meetings/add", "/records/meetings/N/edit", "/records/items/add"} <= seen


@pytest.mark.parametrize("device", DEVICES)
def test_the_sign_in_page_fits_and_can_be_pressed_and_read(enter, device):
    size, colours = DEVICES[device]
    visitor = enter("tv05", size, signed_in=False, color_scheme=colours)
    assert faults_of(visitor, "/login/", colours) == {}


def test_the_colours_that_were_chosen_are_kept(enter):
    member = enter("tv05", PHONE, color_scheme="light")
    member.at("[data-theme-toggle]").click()
    member.go("/meetings/")
    expect(member.at("html")).to_have_attribute("data-theme", "dark")
    assert faults_of(member, "/", "dark") == {}
