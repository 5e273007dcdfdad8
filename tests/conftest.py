"""Fixtures of all tests: one application per database kind, and a fresh copy of a filled database for each test."""

import datetime as dt
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from flask import Flask
from flask_migrate import upgrade

from app import create_app
from app.commands import sync_roles
from app.extensions import db
from app.gateways import log_key, passkeys, signing, storage
from app.gateways.pades.examine import USUAL
from app.models import AgendaItem, Choice, ItemKind, Meeting, MeetingKind, Poll, Presence, SeatRole
from app.tasks import execution
from app.workflows import agenda, attendance, ballots, meetings, polls
from app.workflows.engine.rights import Actor
from app.workflows.rules.checkpoint import ED25519, SigningKey
from tests import cabinet
from tests.cabinet import NOW, PIN
from tests.device import Device

if TYPE_CHECKING:
    from tests.servers import PostgresServer

pytest_plugins = ["tests.servers", "tests.sharing"]
hypothesis.settings.register_profile(
    "house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow],  # that is the machine's affair
    derandomize=os.environ.get("ECABINET_TEST_FULL") != "1",  # every run tries the same, and `make test-full` others
)  # fmt: skip
hypothesis.settings.load_profile("house")

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder with a random name is made in it
ENOUGH_MEMORY = 256 * 1024 * 1024  # bytes

SETTINGS: dict[str, Any] = {
    "SECRET_KEY": "t" * 40, "TESTING": True, "WTF_CSRF_ENABLED": False, "SESSION_COOKIE_SECURE": False, "DEMO": False,
    "FAB_PASSWORD_HASH_METHOD": "pbkdf2:sha256:1",  # what a guess costs is no subject of any test but its own
}  # fmt: skip
A_DAY = dt.timedelta(days=1)
DATABASE = "ecab_test"
TEMPLATE = "ecab_template"

both = pytest.mark.parametrize("app", ["sqlite", "postgresql"], indirect=True)
on_postgresql = pytest.mark.parametrize("app", ["postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader of strangers' files gives way to all others: what it waits on a busy machine is no subject here."""
    monkeypatch.setitem(vars(USUAL), "seconds", 90)


@pytest.fixture(autouse=True)
def at_their_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that says what time it is means it: how long a job takes is added to the real time alone."""
    added = execution._later

    def later(now: dt.datetime, begun: float) -> dt.datetime:
        real = execution.time is not time or abs(dt.datetime.now(dt.UTC) - now) < A_DAY
        return added(now, begun) if real else now

    monkeypatch.setattr(execution, "_later", later)


@pytest.fixture
def near() -> Iterator[Path]:
    """A folder with a short path, as sockets want it, wherever temporary files lie."""
    with tempfile.TemporaryDirectory(prefix="ecab-") as folder:
        yield Path(folder)


class Home:
    """An application on one kind of database, and how to give a test a fresh copy of its filled database."""

    def __init__(self, application: Flask, refresh: Callable[[], None]) -> None:
        self.application, self.refresh = application, refresh


def settings_of_gateways(folder: Path) -> dict[str, Any]:
    authority = signing.Authority.create(None, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), demo=True)
    signer = (signing.MemorySigner(authority), authority.chain())
    return {
        "SIGNER": signer, "PUBLISHER": signing.OwnPublisher(authority), "STORE": storage.MemoryStorage(),
        "LOG_SIGNER": key_of_log(),
    }  # fmt: skip


def key_of_log(name: str = "ecabinet.example/log") -> log_key.LogKey:
    made = SigningKey(name, ED25519, log_key.random_seed())
    return log_key.LogKey(str(made), str(made.verifier))


@pytest.fixture(scope="session")
def gateways(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return settings_of_gateways(tmp_path_factory.mktemp("gateways"))


def unrevoking(gateways: dict[str, Any]) -> Callable[[], None]:
    """What makes the authority forget the certificates that a test had revoked, as its database does."""
    authority = gateways["PUBLISHER"]._authority
    published = authority._crl
    return lambda: setattr(authority, "_crl", published)


@pytest.fixture(scope="session")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in memory, where there is enough: commits wait for its disk as they must, and do not wait long."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ENOUGH_MEMORY:
        yield tmp_path_factory.mktemp("sqlite")
        return
    with tempfile.TemporaryDirectory(prefix="ecab-sqlite-", dir=MEMORY) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def sqlite_home(memory: Path, gateways: dict[str, Any]) -> Home:
    path = memory / "test.db"
    application = create_app(**SETTINGS, **gateways, SQLALCHEMY_DATABASE_URI=f"sqlite:///{path}")
    _fill(application)
    filled = sqlite3.connect(":memory:", check_same_thread=False)
    with sqlite3.connect(path) as source:
        source.backup(filled)
    unrevoke = unrevoking(gateways)

    def refresh() -> None:
        unrevoke()
        connection = db.engine.raw_connection()
        filled.backup(connection.driver_connection)
        connection.close()

    return Home(application, refresh)


@pytest.fixture(scope="session")
def postgresql_home(postgres_server: "PostgresServer", gateways: dict[str, Any]) -> Iterator[Home]:
    """Filled by the owner; the application then serves as the role that owns nothing.

    Its connections are closed at the end: what a failed test holds on to would be told as one that was left open.
    """
    from tests.pristine import Pristine

    postgres_server.create_database(TEMPLATE)
    gateway_settings = {**SETTINGS, **gateways, "APP_ROLE": "ecab_app"}
    owner = create_app(**gateway_settings, SQLALCHEMY_DATABASE_URI=postgres_server.url(TEMPLATE, "ecab_owner"))
    _fill(owner)
    with owner.app_context():
        db.engine.dispose()
    pristine = Pristine(postgres_server, DATABASE, TEMPLATE)
    many = {"pool_size": 10, "max_overflow": 240}  # two hundred voters at once, each with a connection
    application = create_app(
        **gateway_settings, SQLALCHEMY_DATABASE_URI=postgres_server.url(DATABASE), SQLALCHEMY_ENGINE_OPTIONS=many
    )

    unrevoke = unrevoking(gateways)

    def refresh() -> None:
        unrevoke()
        db.session.remove()
        db.engine.dispose()
        pristine.restore()

    yield Home(application, refresh)
    with application.app_context():
        db.engine.dispose()


def _fill(application: Flask) -> None:
    with application.app_context():
        upgrade(directory="migrations")
        sync_roles()
        cabinet.build(application)
        db.session.remove()


@pytest.fixture
def app(request: pytest.FixtureRequest, gateways: dict[str, Any]) -> Iterator[Flask]:
    """The application with a fresh copy of the small cabinet; SQLite unless a test asks for `both`."""
    home: Home = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_home")
    signing.use(*gateways["SIGNER"])  # other tests may have chosen others
    signing.publish_by(gateways["PUBLISHER"])
    storage.use(gateways["STORE"])
    log_key.use(gateways["LOG_SIGNER"])
    passkeys.use(passkeys.relying_party_of(home.application.config["PUBLIC_URL"]))
    with home.application.app_context():
        home.refresh()
        home.application.test_client_class = Device
        yield home.application
        db.session.remove()


@pytest.fixture
def people(app: Flask) -> dict[str, Actor]:
    """As they are when the test begins."""
    return dict(cabinet.actors())


class Scene:
    """A prepared meeting with one item, and the shortest way through the acts for tests about something else."""

    def __init__(self) -> None:
        self.now = NOW
        who = cabinet.actors()
        starts_at = NOW + dt.timedelta(hours=1)
        self.meeting_id = meetings.create_meeting(
            who["clerk"], 1, MeetingKind.REGULAR, "Phiên họp thường kỳ", starts_at, "Phòng họp số 1", now=NOW
        ).id
        meetings.add_seat(who["clerk"], self.meeting_id, who["secretary"].person_id, SeatRole.SECRETARY, now=NOW)
        self.item_id = agenda.add_item(
            who["clerk"], self.meeting_id, "Nghị quyết về doanh nghiệp nhỏ", ItemKind.DECISION, now=NOW
        ).id

    @property
    def who(self) -> cabinet.Actors:
        return cabinet.actors()

    @property
    def meeting(self) -> Meeting:
        return db.session.get_one(Meeting, self.meeting_id)

    @property
    def item(self) -> AgendaItem:
        return db.session.get_one(AgendaItem, self.item_id)

    def invite(self) -> "Scene":
        meetings.issue_invitation(self.who["clerk"], self.meeting_id, now=self.now)
        return self

    def check_in(self, *names: str, presence: Presence = Presence.IN_ROOM) -> "Scene":
        for name in names:
            attendance.confirm_presence(self.who[name], self.meeting_id, presence, now=self.now)
        return self

    def open(self, present: tuple[str, ...] = tuple(cabinet.MEMBERS)) -> "Scene":
        """Invite, check in, open the meeting and its item."""
        self.invite().check_in(*present)
        meetings.open_meeting(self.who["secretary"], self.meeting_id, now=self.now)
        agenda.open_item(self.who["secretary"], self.item_id, now=self.now)
        return self

    def draft(self, question: str = "Thông qua dự thảo Nghị quyết?", **kwargs: Any) -> Poll:
        return polls.draft_poll(self.who["clerk"], self.item_id, question, now=self.now, **kwargs)

    def open_poll(self, **kwargs: Any) -> Poll:
        return polls.open_poll(self.who["secretary"], self.draft(**kwargs).id, now=self.now)

    def vote(self, name: str, poll_id: int, choice: str, nonce: str | None = None, **kwargs: Any) -> ballots.Receipt:
        nonce = nonce or nonce_of(f"{name}-{choice}-{poll_id}")
        who = self.who[name]
        ballots.prepare_ballot(who, poll_id, Choice(choice), nonce, now=self.now, **kwargs)
        return ballots.sign_ballot(who, poll_id, nonce, PIN, now=self.now)


def nonce_of(text: str) -> str:
    """Sixteen bytes of base64url that are the same for the same text."""
    import base64
    import hashlib

    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:16]).decode().rstrip("=")


@pytest.fixture
def scene(app: Flask) -> Scene:
    return Scene()
