"""The vote as people feel it: one embedded server, twenty-seven signed-in devices with open sockets, real keys.

A complete vote is two requests (prepare, sign) with the key unlocked at its full price. Screens are sockets: a vote has
reached them all when the last one has heard of it.
"""

import datetime as dt
import os
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import requests
import socketio
from argon2.low_level import Type, hash_secret_raw
from flask import Flask
from flask_migrate import upgrade

from app import create_app
from app.commands import sync_roles
from app.demo.founding import Founded, found
from app.demo.presets import G2025_10
from app.extensions import db
from app.gateways import signing, storage
from app.installation import DEMO_MARK
from app.models import ItemKind, Meeting, MeetingKind, Presence, SeatRole, Setting
from app.workflows import agenda, attendance, meetings, polls
from app.workflows.engine.rights import SYSTEM, Actor
from app.workflows.engine.transaction import use_case
from app.workflows.rules.calendar import hanoi_date
from benchmarks.measure import Row, p95, seconds
from tests.servers import free_port

PASSWORD, PIN = "Ecabinet@2019", "240619"
ROUNDS, SINGLES, PATIENCE = 3, 5, 60.0


class Device:
    """One member's tablet: a signed-in session and a socket that notes when it hears of a ballot."""

    def __init__(self, server: str, username: str) -> None:
        self.server, self.http = server, requests.Session()
        form = self.http.get(f"{server}/login/", timeout=PATIENCE).text
        self.token = re.search(r'name="csrf-token" content="([^"]+)"', form)[1]
        sent = {"username": username, "password": PASSWORD, "csrf_token": self.token}
        self.http.post(f"{server}/login/", data=sent, timeout=PATIENCE, allow_redirects=False).raise_for_status()
        self.token = re.search(r'content="([^"]+)"', self._page("/").split('name="csrf-token"')[1])[1]
        self.heard_at, self.heard = 0.0, threading.Event()
        self.socket = socketio.Client(reconnection=False)
        self.socket.on("*", self._hear, namespace="/meetings")

    def listen(self, meeting_id: int) -> None:
        cookie = "; ".join(f"{each.name}={each.value}" for each in self.http.cookies)
        self.socket.connect(
            self.server, headers={"Cookie": cookie}, namespaces=["/meetings"], transports=["websocket"]
        )
        answer = self.socket.call("join", {"meeting_id": meeting_id}, namespace="/meetings", timeout=PATIENCE)
        if not answer.get("ok"):
            raise RuntimeError(f"the socket was refused: {answer}")

    def vote(self, poll_id: int, choice: str = "agree") -> float:
        """Seconds from the first request to the receipt."""
        nonce = secrets.token_urlsafe(16)
        wanted = {"choice": choice, "remark": "", "reservation": False, "nonce": nonce}

        def requests_of_a_vote() -> None:
            self._post(f"/polls/{poll_id}/prepare", wanted)
            self._post(f"/polls/{poll_id}/sign", {"nonce": nonce, "pin": PIN})

        return seconds(requests_of_a_vote)

    def _hear(self, _event: str, message: dict[str, object]) -> None:
        if message.get("fact") == "BallotCast" and not self.heard.is_set():
            self.heard_at = time.perf_counter()
            self.heard.set()

    def _page(self, path: str) -> str:
        answer = self.http.get(self.server + path, timeout=PATIENCE)
        answer.raise_for_status()
        return answer.text

    def _post(self, path: str, sent: dict[str, object]) -> None:
        answer = self.http.post(
            self.server + path, json=sent, headers={"X-CSRFToken": self.token}, timeout=PATIENCE
        )
        if not answer.ok:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:300]}")


class Cabinet:
    """The demo Government on SQLite with real keys, in session, and a new item to vote on for each round."""

    def __init__(self, application: Flask) -> None:
        self.application, self.now = application, dt.datetime.now(dt.UTC)
        with application.app_context():
            upgrade(directory="migrations")
            sync_roles()
            _mark(SYSTEM)
            self.founded = found(G2025_10, self.now - dt.timedelta(days=30), PASSWORD, PIN)
            self.meeting_id = self._convene()
            db.session.remove()

    def who(self, handle: str) -> Actor:
        return self.founded.actor(handle, hanoi_date(self.now))

    def next_poll(self) -> int:
        with self.application.app_context():
            for each in [row for row in _open_polls(self.meeting_id)]:
                polls.close_poll(self.who("thutuong"), each[0], self.now)
                polls.publish_poll(self.who("thutuong"), each[0], self.now)
                agenda.close_item(self.who("thutuong"), each[1], self.now)
            title = f"Nội dung đo lường {secrets.token_hex(3)}"
            item = agenda.add_item(self.who("chuyenvien"), self.meeting_id, title, ItemKind.DECISION, self.now)
            agenda.open_item(self.who("thutuong"), item.id, self.now)
            poll_id = polls.put_to_vote(self.who("thutuong"), item.id, self.now).id
            db.session.remove()
            return poll_id

    def _convene(self) -> int:
        clerk, starts_at = self.who("chuyenvien"), self.now + dt.timedelta(hours=1)
        meeting: Meeting = meetings.create_meeting(
            clerk, self.founded.body_id, MeetingKind.REGULAR, "Phiên họp đo lường", starts_at, "P1", self.now
        )
        meeting_id = meeting.id
        meetings.add_seat(clerk, meeting_id, clerk.person_id or 0, SeatRole.SECRETARY, self.now)
        agenda.add_item(clerk, meeting_id, "Nội dung mở đầu", ItemKind.REPORT, self.now)
        meetings.issue_invitation(clerk, meeting_id, self.now)
        for handle in self.founded.members:
            attendance.confirm_presence(self.who(handle), meeting_id, Presence.IN_ROOM, self.now)
        meetings.open_meeting(self.who("thutuong"), meeting_id, self.now)
        return meeting_id


@use_case
def _mark(_actor: Actor) -> None:
    db.session.add(Setting(name=DEMO_MARK, value=True))


def _open_polls(meeting_id: int) -> list[tuple[int, int]]:
    from app.models import Poll, PollState

    rows = db.session.query(Poll.id, Poll.item_id).filter_by(meeting_id=meeting_id, state=PollState.OPEN)
    return [(poll_id, item_id) for poll_id, item_id in rows]


def measure() -> list[Row]:
    """Three rounds on a fresh poll each."""
    receipt = Row("vote → receipt, one member", "ms", "one Argon2id unlock by itself", "lower")
    screens = Row("vote → all 27 screens", "ms", "the same vote → its receipt", "lower")
    together = Row("27 complete votes at once, p95", "ms", "27 Argon2id unlocks, one per core at a time", "lower")
    with tempfile.TemporaryDirectory(prefix="ecab-bench-") as folder:
        cabinet = Cabinet(_application(Path(folder)))
        with _serving(Path(folder)) as server:
            devices = _devices(server, cabinet.founded, cabinet.meeting_id)
            for _number in range(ROUNDS):
                _round(cabinet.next_poll(), devices, (receipt, screens, together))
            for device in devices:
                device.socket.disconnect()
    return [receipt, screens, together]


def _round(poll_id: int, devices: list[Device], rows: tuple[Row, Row, Row]) -> None:
    receipt, screens, together = rows
    singles, seen = [], []
    for device in devices[:SINGLES]:
        for each in devices:
            each.heard.clear()
        begun = time.perf_counter()
        singles.append(device.vote(poll_id))
        if not all(each.heard.wait(PATIENCE) for each in devices):
            raise RuntimeError("a screen heard nothing of a vote")
        seen.append(max(each.heard_at for each in devices) - begun)
        time.sleep(0.2)  # messages about one poll are folded for a tenth of a second
    receipt.ours.append(statistics.median(singles) * 1000)
    receipt.theirs.append(min(seconds(_unlock) for _ in range(3)) * 1000)
    screens.ours.append(statistics.median(seen) * 1000)
    screens.theirs.append(statistics.median(singles) * 1000)
    gate = threading.Barrier(len(devices))

    def vote(device: Device) -> float:
        gate.wait()
        return device.vote(poll_id, "disagree")

    with ThreadPoolExecutor(len(devices)) as pool:
        together.ours.append(p95(list(pool.map(vote, devices))) * 1000)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        floor = seconds(lambda: list(pool.map(lambda _n: _unlock(), devices)))
    together.theirs.append(floor * 1000)
    for row in rows:
        sys.stderr.write(f"  {row.name}: {row.ours[-1]:.4g} / {row.theirs[-1]:.4g} {row.unit}\n")


def _unlock() -> None:
    hash_secret_raw(b"240619", b"0" * 16, time_cost=3, memory_cost=65536, parallelism=1, hash_len=32, type=Type.ID)


def _settings(folder: Path) -> dict[str, str]:
    return {"ECABINET_VAR": str(folder), "ECABINET_DEMO": "1", "ECABINET_SECRET_KEY": "b" * 40}


def _application(folder: Path) -> Flask:
    """The application of this process, over the same folder as the server's, to prepare polls by acts."""
    installation_key = folder / "installation.key"
    signing.create_installation_key(installation_key)
    now = dt.datetime.now(dt.UTC) - dt.timedelta(days=60)
    signing.Authority.create(
        folder / "authority", now, demo=True, installation_key=installation_key.read_bytes()
    )
    places = {
        "STORAGE": folder / "documents", "KEYS": folder / "keys", "AUTHORITY": folder / "authority",
        "INSTALLATION_KEY": installation_key, "STORE": storage.MemoryStorage(),
    }  # fmt: skip
    uri = f"sqlite:///{folder / 'ecabinet.db'}"
    return create_app(**places, SECRET_KEY="b" * 40, DEMO=True, SQLALCHEMY_DATABASE_URI=uri)


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    port = free_port()
    environment = {**os.environ, **_settings(folder), "PORT": str(port)}
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen([sys.executable, "run.py"], env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        for _attempt in range(300):
            time.sleep(0.1)
            try:
                requests.get(f"{address}/login/", timeout=5)
                break
            except requests.ConnectionError:
                if server.poll() is not None:
                    raise RuntimeError((folder / "server.log").read_text()) from None
        yield address
    finally:
        server.terminate()
        server.wait(20)


def _devices(server: str, founded: Founded, meeting_id: int) -> list[Device]:
    with ThreadPoolExecutor(4) as pool:
        devices = list(pool.map(lambda handle: Device(server, handle), founded.members))
    for device in devices:
        device.listen(meeting_id)
    return devices
