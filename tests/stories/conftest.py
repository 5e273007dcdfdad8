"""A browser, the demo in a folder, and a running installation with a copy of it."""

import datetime as dt
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Playwright, expect, sync_playwright

from app.workflows.rules.calendar import HANOI
from tests.servers import program
from tests.stories.person import Person
from tests.web import Web

PATIENCE = 45_000  # ms; what is expected comes within one second on an idle machine
TOO_LATE = dt.time(23, 45)
DEMO = {"ECABINET_DEMO": "1"}
CONFINED = ["--no-sandbox", "--disable-dev-shm-usage"]  # for root, and where /dev/shm is small


def today() -> dt.date:
    """The day in Hanoi, once it is sure to last for the stories of a file: the demo's next session is held on it."""
    while (now := dt.datetime.now(HANOI)).time() > TOO_LATE:
        time.sleep(5)
    return now.date()


@pytest.fixture(scope="package")
def demos(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """What the demo of today leaves on the disk: database, papers, keys, authority. Loaded once a day."""
    made: dict[dt.date, Path] = {}

    def of_today() -> Path:
        day = today()
        if day not in made:
            web = Web(**DEMO)
            web.make("demo")
            made[day] = tmp_path_factory.mktemp("demo") / "var"
            shutil.move(web.var, made[day])
            web.stop()
        return made[day]

    return of_today


@pytest.fixture(scope="module")
def demo_files(demos: Callable[[], Path]) -> Path:
    """A folder to copy from."""
    return demos()


@pytest.fixture(scope="module")
def web(demo_files: Path) -> Iterator[Web]:
    """The demo as `make run` serves it, fresh for each module; it must not have stumbled when the tests are done."""
    server = Web(**DEMO)
    server.furnish(demo_files)
    yield server.start()
    troubles = server.troubles()
    server.stop()
    assert not troubles, "\n".join(troubles)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


def launch(playwright: Playwright) -> Browser:
    """Debian's Chromium; with its sandbox where that is possible."""
    path = program("chromium", "chromium")
    try:
        return playwright.chromium.launch(executable_path=path, args=CONFINED if os.geteuid() == 0 else [])
    except Error:
        return playwright.chromium.launch(executable_path=path, args=CONFINED)


@pytest.fixture
def enter(chromium: Browser, web: Web) -> Iterator[Callable[..., Person]]:
    """Let a person come to the installation with a device; nobody's browser may have complained at the end."""
    people: list[Person] = []

    def come(name: str, device: dict[str, int], signed_in: bool = True, **options: object) -> Person:
        person = Person(chromium, web.url, name, device, **options)
        person.page.set_default_timeout(PATIENCE)
        people.append(person)
        return person.sign_in() if signed_in else person

    yield come
    complaints = {person.name: person.complaints for person in people if person.complaints}
    for person in people:
        person.close()
    assert not complaints
