"""A production on this machine: PostgreSQL with every safeguard, Redis, web processes, and sockets of their own."""

import json
import os
import signal
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

from app.demo.presets import G2025_10
from tests.faults.history import History
from tests.realtime.conftest import Listener
from tests.servers import Account, PostgresServer, Process, RedisServer
from tests.web import NO_ANSWER, ROOT, Caller, Web

DOOMED, PATIENT, CARELESS = "tests.faults.doomed", "tests.faults.patient", "tests.faults.careless"
FURNISHED, DATABASE = "voting", "production"
MEETING, POLL = 1, 1
MEMBERS = [figure.handle for figure in G2025_10.government.figures if figure.signs]
ENOUGH = 60.0  # seconds until everything must have come right


class Sockets(Process):
    """One realtime process."""

    def __init__(self, database: str, redis: str) -> None:
        super().__init__("sockets", Account(None, None))
        self.settings = {
            "ECABINET_DATABASE": database, "ECABINET_REDIS": redis, "ECABINET_SECRET_KEY": "w" * 40,
            "ECABINET_DEMO": "1",  # the session cookie of plain http, as tests/house.py gives it out
            "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1",
        }  # fmt: skip

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "Sockets":
        self._launch([sys.executable, "-m", "app.realtime.serve", "--port", str(self.port)], self.follows)
        return self

    def follows(self) -> bool:
        """Whether announcements arrive here."""
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:  # noqa: S310 - our own server
                return bool(json.load(answer)["redis"] == "up")
        except NO_ANSWER:
            return False

    def _environment(self) -> dict[str, str]:
        return super()._environment() | self.settings


@contextmanager
def installed(postgres: PostgresServer, database: str, deed: str, **settings: str) -> Iterator[Web]:
    """The embedded installation on a new database that a deed of tests/house.py filled; nobody serves yet."""
    postgres.create_database(database)
    web = Web(ECABINET_APP_ROLE="ecab_app", ECABINET_DATABASE=postgres.url(database))
    owner = f"{postgres.url(database, 'ecab_owner')}?options=-csynchronous_commit%3Doff"  # the checkpoint makes it safe
    try:
        web.make(deed, ECABINET_DATABASE=owner, **settings)
        postgres.execute("CHECKPOINT")
        yield web
    finally:
        web.stop()


class Furnished:
    """Files and database of an installation with an open vote of 27 members; every production begins with a copy."""

    def __init__(self, postgres: PostgresServer, folder: Path) -> None:
        self.postgres, self.files = postgres, folder / "var"
        with installed(postgres, FURNISHED, "government") as web:
            web.var.rename(self.files)


class Production:
    """Web processes as asked for, one for sockets, and the history of the vote."""

    def __init__(self, furnished: Furnished) -> None:
        self.furnished, self.postgres = furnished, furnished.postgres
        self.postgres.create_database(DATABASE, FURNISHED)
        self.postgres.execute("CHECKPOINT")  # else a crash would take a fresh copy back to where it began
        self.redis = RedisServer()
        self.sockets = Sockets(self.postgres.url(DATABASE), self.redis.url).start()
        self.history = History(self.postgres, DATABASE)
        self.webs: list[Web] = []
        self.listeners: list[Listener] = []

    def web(self, module: str = DOOMED) -> Web:
        """One more web process, beside the others on the same files."""
        settings = {"ECABINET_APP_ROLE": "ecab_app", "ECABINET_REDIS": self.redis.url}
        if self.webs:
            settings["ECABINET_VAR"] = str(self.webs[0].var)
        web = Web(ECABINET_DATABASE=self.postgres.url(DATABASE), **settings)
        if not self.webs:
            web.furnish(self.furnished.files)
        self.webs.append(web)
        return web.start(module)

    def listen(self, member: Caller) -> Listener:
        """A screen of this member in the room of the meeting."""
        listener = Listener(self.sockets.url, cookie_of(member))
        assert listener.join(MEETING)["ok"]
        self.listeners.append(listener)
        return listener

    def ballots(self) -> int:
        return len(self.history.ballots())

    def stop(self) -> None:
        for each in self.listeners:
            each.close()
        for process in (*self.webs, self.sockets, self.redis):
            process.stop()
        self.postgres.drop_database(DATABASE)


def cookie_of(member: Caller) -> str:
    """The session of somebody who is signed in."""
    jars = [handler.cookiejar for handler in member._opener.handlers if hasattr(handler, "cookiejar")]
    jar: CookieJar = jars[0]
    return next(str(cookie.value) for cookie in jar if cookie.name == "ecabinet")


def at(web: Web, member: Caller) -> Caller:
    """The same device, with the same session, sent by the front to another web process."""
    moved = Caller(web.url, member.name)
    moved._opener, moved.token = member._opener, member.token
    return moved


def freeze(redis: RedisServer) -> None:
    """It takes connections and answers nobody."""
    os.kill(_pid(redis), signal.SIGSTOP)


def thaw(redis: RedisServer) -> None:
    os.kill(_pid(redis), signal.SIGCONT)


def kill(redis: RedisServer) -> None:
    """As by the kernel; all that it held is gone."""
    os.kill(_pid(redis), signal.SIGKILL)
    redis.pause()


def _pid(redis: RedisServer) -> int:
    leash = redis._process
    assert leash is not None
    children = Path(f"/proc/{leash.pid}/task/{leash.pid}/children").read_text().split()
    return int(children[0])


def until(holds: Callable[[], Any], what: str = "it did not come right", seconds: float = ENOUGH) -> None:
    """Wait until that is so."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
