"""Background work in real browsers: a bar that moves by itself, acts on what was chosen, a dossier one waits for."""

import datetime as dt
import sqlite3
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.stories.conftest import DEMO
from tests.stories.person import PHONE, TABLET, Person
from tests.stories.test_live import BLOCKED, SOCKETS
from tests.stories.test_pages_fit import faults_of
from tests.web import Web

pytestmark = pytest.mark.browser

JOBS = "/records/jobs/"
NO_LOOK_OF_ITS_OWN = "if (location.search) window.setInterval = () => 0;"  # what moves in a list was told by the socket


@pytest.fixture(scope="module")
def web(demo_files: Path) -> Iterator[Web]:
    server = Web(**DEMO)
    server.furnish(demo_files)
    yield server.start("tests.stories.slowly")
    troubles = server.troubles()
    server.stop()
    assert not troubles, "\n".join(troubles)


def change(web: Web, statement: str, *values: object) -> None:
    database = sqlite3.connect(web.var / "ecabinet.db", timeout=30)
    with database:
        database.execute(statement, values)
    database.close()


def rows(web: Web, query: str, *values: object) -> list[tuple[object, ...]]:
    database = sqlite3.connect(web.var / "ecabinet.db", timeout=30)
    found = database.execute(query, values).fetchall()
    database.close()
    return found


def ours(person: Person) -> Locator:
    """The bar of our job: the installation has long jobs of its own."""
    return person.at(".ec-going[role=progressbar]").filter(has_text="/1.000")


def put(web: Web, key: str, state: str = "due", **fields: object) -> None:
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    row = {
        "body_id": 1, "name": "test.count", "queue": "digest", "payload": "{}", "dedupe_key": key, "state": state,
        "created_at": now, "due_at": now, "attempts": 0, "worker": "", "last_error": "", "progress_done": 0,
        "progress_total": 0, "cancel_asked": False, **fields,
    }  # fmt: skip
    marks = ", ".join("?" for _ in row)
    change(web, f"INSERT INTO job ({', '.join(row)}) VALUES ({marks})", *row.values())  # noqa: S608 - names of columns


def wait_until_it_runs(web: Web, key: str) -> None:
    """The list of what is running has it from here on."""
    end = time.monotonic() + 60
    while rows(web, "SELECT state FROM job WHERE dedupe_key = ?", key) != [("running",)]:
        assert time.monotonic() < end, "nobody took the job"
        time.sleep(0.05)


def now_at(person: Person) -> int:
    return int(ours(person).get_attribute("aria-valuenow"))


def wait_for_news(person: Person) -> None:
    """Until the server has told this page of progress: from here on the socket is there."""
    for _ in range(900):
        if any("JobProgress" in frame for frame in person.frames):
            return
        person.page.wait_for_timeout(50)
    raise AssertionError("the server told nothing")


def test_a_bar_moves_by_itself_and_stops_when_it_is_told_to(web: Web, enter: Callable[..., Person]):
    admin = enter("quantri", TABLET)
    admin.context.add_init_script(NO_LOOK_OF_ITS_OWN)
    put(web, "moving")
    wait_until_it_runs(web, "moving")
    admin.go(f"{JOBS}?_flt_0_queue=digest&_flt_0_state=running")
    bar = ours(admin)
    expect(bar).to_be_visible()
    assert bar.get_attribute("aria-valuemax") == "1000"
    wait_for_news(admin)
    seen = {now_at(admin)}
    for _ in range(3):
        expect(bar).not_to_have_attribute("aria-valuenow", str(max(seen)))
        seen.add(now_at(admin))
    assert len(seen) == 4
    expect(bar).to_contain_text("/1.000")
    admin.at("tr").filter(has_text="/1.000").locator("a.rec-title").click()
    admin.page.wait_for_url(lambda url: "_flt_" not in url, wait_until="load")  # its scripts are there
    admin.at('form[action$="/cancel"] button').click()
    admin.at("dialog[open] button[value=yes]").click()
    expect(admin.at(".rec-facts .ec-chip--bad")).to_be_visible()
    expect(admin.at('form[action$="/retry"] button')).to_be_visible()


def test_without_a_socket_the_page_looks_again_every_few_seconds(web: Web, enter: Callable[..., Person]):
    lease = "2126-01-01 00:00:00.000000"
    put(web, "still", "running", progress_done=312, progress_total=1000, lease_until=lease)
    admin = enter("quantri", PHONE)
    admin.context.route(SOCKETS, lambda route: route.fulfill(status=200, body=""))
    admin.context.add_init_script(BLOCKED)
    admin.go(f"{JOBS}?_flt_0_state=running")
    expect(ours(admin)).to_contain_text("312/1.000")
    change(web, "UPDATE job SET progress_done = 640 WHERE dedupe_key = 'still'")
    expect(ours(admin)).to_contain_text("640/1.000")
    change(web, "UPDATE job SET state = 'done', done_at = due_at, lease_until = NULL WHERE dedupe_key = 'still'")
    expect(ours(admin)).to_have_count(0)
    admin.context.unroute_all()
    admin.complaints.clear()  # of the socket that got no answer


def test_what_is_chosen_stays_until_it_is_done(web: Web, enter: Callable[..., Person]):
    for n in range(2):
        put(web, f"failed-{n}", "failed", attempts=8, last_error="OSError: nobody answers\nat some line")
    admin = enter("quantri", TABLET)
    admin.go(f"{JOBS}?_flt_0_state=failed")
    expect(admin.at(".job-bulk")).to_be_hidden()
    admin.at("[data-all]").check()
    expect(admin.at(".job-bulk")).to_be_visible()
    admin.page.wait_for_timeout(6000)  # the page would have looked again
    expect(admin.at("[data-row]:checked")).to_have_count(2)
    admin.at('.job-bulk button[formaction="/records/jobs/retry"]').click()
    expect(admin.at(".ec-flash .ec-banner--ok")).to_be_visible()
    expect(admin.at("[data-row]")).to_have_count(0)


def test_without_scripts_the_monitor_does_the_same(web: Web, enter: Callable[..., Person]):
    put(web, "plain", "failed", attempts=8, last_error="OSError: x")
    admin = enter("quantri", TABLET, java_script_enabled=False)
    admin.go(f"{JOBS}?_flt_0_state=failed")
    admin.at("[data-row]").first.check()
    admin.at('.job-bulk button[formaction="/records/jobs/retry"]').click()
    expect(admin.at(".ec-flash .ec-banner--ok")).to_be_visible()


@pytest.mark.parametrize(("device", "colours"), [(TABLET, "light"), (PHONE, "dark")], ids=["tablet", "phone"])
def test_the_monitor_fits_and_can_be_read(web: Web, enter: Callable[..., Person], device, colours):
    put(web, f"fits-{colours}", "failed", attempts=8, last_error="Unreachable: " + "mail.bo.vn " * 30)
    admin = enter("quantri", device, color_scheme=colours)
    faults = faults_of(admin, JOBS, colours)
    faults.pop("too small", None)  # a screen for a desk with a mouse
    assert faults == {}
    assert "too wide" not in faults_of(admin, admin.at("a.rec-title").first.get_attribute("href"), colours)


def test_a_member_waits_for_the_dossier_and_takes_it(web: Web, enter: Callable[..., Person], tmp_path: Path):
    member = enter("tv05", TABLET)
    held = member.go("/meetings/").locator(".ec-row", has_text="bế mạc").first.get_attribute("href")
    member.go(held)
    member.at("#dossier button").click()
    link = member.at('#dossier a[href$="/file"]')
    expect(link).to_be_visible()
    expect(member.at("#ec-say")).not_to_be_empty()
    with member.page.expect_download() as download:
        link.click()
    download.value.save_as(tmp_path / "dossier.zip")
    names = zipfile.ZipFile(tmp_path / "dossier.zip").namelist()
    assert {"chuong-trinh.pdf", "muc-luc.txt", "SHA256SUMS"} < set(names)
    assert any(name.endswith("bien-ban-kiem-phieu.pdf") for name in names)


def test_a_failed_dossier_is_said_and_tried_again_on_a_phone(web: Web, enter: Callable[..., Person]):
    member = enter("tv06", PHONE)
    held = member.go("/meetings/").locator(".ec-row", has_text="bế mạc").first.get_attribute("href")
    member.go(held)
    member.at("#dossier button").click()
    expect(member.at('#dossier a[href$="/file"]')).to_be_visible()
    change(web, "UPDATE export SET made_at = NULL WHERE id = (SELECT max(id) FROM export)")
    member.go(held)
    expect(member.at("#dossier .ec-dossier__failed")).to_be_visible()
    assert "too wide" not in faults_of(member, held, "light")
    member.at("#dossier button").click()
    expect(member.at('#dossier a[href$="/file"]')).to_be_visible()
