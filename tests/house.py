"""What the tests run as a process of its own: it makes an installation ready, or serves it as `run.py` does.

A PIN and a password cost next to nothing here; everything else is what `make run` does.
"""

import datetime as dt
import os
import sys
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade

from app import create_app, installation, serve
from app.commands import sync_roles
from app.demo import loader
from app.demo.founding import found
from app.demo.presets import G2025_10
from app.gateways import signing
from app.models import ItemKind, MeetingKind, Presence
from app.workflows import agenda, attendance, meetings, polls
from app.workflows.engine.rights import Actor
from app.workflows.rules.calendar import hanoi_date
from tests.cabinet import PASSWORD, PIN

ROOT = Path(__file__).parents[1]
DAY = dt.timedelta(days=1)
CHEAP = {
    "ARGON2_COST": signing.Argon2Cost(memory_kib=64, passes=1),
    "FAB_PASSWORD_HASH_METHOD": "pbkdf2:sha256:1000",
}


def application() -> Flask:
    """The application with the settings of its environment; only what is dear by design is cheap."""
    return create_app(**CHEAP, SESSION_COOKIE_SECURE=False)  # plain http on loopback, in demo mode or not


def make(fill: Callable[[Flask], object]) -> None:
    """Tables, roles, and whoever lives in them."""
    app = application()
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
        sync_roles()
        fill(app)


def make_demo() -> None:
    """The demo as `make run` loads it."""
    make(lambda _app: loader.load(dt.datetime.now(dt.UTC)))


def make_government() -> None:
    """The Government of the demo, all of it in one session, and a vote that is open."""
    make(_open_a_vote)


def _open_a_vote(app: Flask) -> None:
    now = dt.datetime.now(dt.UTC)
    key = Path(app.config["INSTALLATION_KEY"])
    signing.create_installation_key(key)
    signing.Authority.create(Path(app.config["AUTHORITY"]), now - DAY, demo=True, installation_key=key.read_bytes())
    installation.choose_gateways(app)
    founded = found(G2025_10, now - DAY, PASSWORD, PIN)

    def who(handle: str) -> Actor:
        return founded.actor(handle, hanoi_date(now))

    clerk, starts = who("chuyenvien"), now + dt.timedelta(hours=1)
    title, place = "Phiên họp Chính phủ thường kỳ", "Phòng họp Chính phủ"
    meeting_id = meetings.create_meeting(clerk, founded.body_id, MeetingKind.REGULAR, title, starts, place, now).id
    item_id = agenda.add_item(clerk, meeting_id, "Nghị quyết về thử nghiệm", ItemKind.DECISION, now).id
    meetings.issue_invitation(clerk, meeting_id, now)
    for handle in founded.members:
        attendance.confirm_presence(who(handle), meeting_id, Presence.IN_ROOM, now)
    meetings.open_meeting(who("thutuong"), meeting_id, now)
    agenda.open_item(who("thutuong"), item_id, now)
    polls.put_to_vote(who("thutuong"), item_id, now)


def serve_it() -> int:
    app = application()
    installation.require_ready(app)
    return serve.embedded(app, int(os.environ["PORT"]))


DEEDS: dict[str, Callable[[], int | None]] = {"demo": make_demo, "government": make_government, "serve": serve_it}

if __name__ == "__main__":
    sys.exit(DEEDS[sys.argv[1]]())
