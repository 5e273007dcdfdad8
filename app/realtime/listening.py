"""Who may listen, to what, and how much a socket may say; the same for whatever server holds the sockets.

A socket belongs to a living signed-in session and hears only of meetings and boards of slips its person may see.
Nothing is done by socket: the one event that is understood says what to listen to. What touches the database needs an
application context.
"""

import datetime as dt
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.models import Meeting
from app.realtime.channel import JOBS, MEETING, PERSON, SLIP, Cut, is_id, room
from app.views.actor import now
from app.workflows import login
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.rights import GRANTS, NOBODY, Actor, Right, actor_for
from app.workflows.engine.visibility import seen
from app.workflows.rules.calendar import hanoi_date
from app.workflows.slips import watched

# The session cookie as the pages write it: app/views/living.py cannot be asked, it leads to keys and signatures.
TOKEN, USER = "token", "_user_id"
GIVEN = "given"  # in it as long as the password is one that somebody else has made
PING, PONG = 15, 10  # seconds between two pings, and for the answer: a line that died unheard is found within both
BURST = 20  # messages a socket may send at once
PER_SECOND = 5.0
PATIENCE = 200  # messages beyond the limit before the line is cut
MOST_LINES = 32  # sockets of one session: nobody has more windows open

Answer = dict[str, Any]


@dataclass(frozen=True)
class Listener:
    """Whose socket it is, and the rooms it is in from the beginning."""

    person_id: int | None
    session_id: int
    rooms: tuple[str, ...]


@dataclass
class Line:
    """One socket: whose it is, and how much it may still send."""

    person_id: int | None
    session_id: int
    left: float = BURST
    at: float = field(default_factory=time.monotonic)

    def take(self, at: float) -> float:
        """What is left after one more message; below zero it is ignored."""
        self.left = min(float(BURST), self.left + (at - self.at) * PER_SECOND) - 1
        self.at = at
        return self.left


class Lines:
    """The sockets of this process by the name their server gives them."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, sid: str, listener: Listener) -> bool:
        """Keep a new socket; False when its session has enough of them."""
        with self._lock:
            if sum(line.session_id == listener.session_id for line in self._lines.values()) >= MOST_LINES:
                return False
            self._lines[sid] = Line(listener.person_id, listener.session_id)
        return True

    def remove(self, sid: str) -> None:
        with self._lock:
            self._lines.pop(sid, None)

    def clear(self) -> None:
        with self._lock:
            self._lines.clear()

    def take(self, sid: str) -> float:
        """What a socket may still send after the message that just came; far below zero for an unknown one."""
        with self._lock:
            line = self._lines.get(sid)
            return line.take(time.monotonic()) if line else -PATIENCE - 1.0

    def refill(self) -> None:
        """Let everybody speak again at once."""
        with self._lock:
            for line in self._lines.values():
                line.left = BURST

    def concerned(self, cut: Cut) -> list[str]:
        """The sockets that a cut is about."""
        return self._where(lambda line: cut.concerns(line.session_id, line.person_id))

    def dead(self, at: dt.datetime) -> list[str]:
        """The sockets whose session ended or was outlived without anybody telling us; one query."""
        with self._lock:
            held = {line.session_id for line in self._lines.values()}
        alive = login.living_sessions(held, at) if held else set()
        return self._where(lambda line: line.session_id in held - alive)

    def _where(self, wanted: Callable[[Line], bool]) -> list[str]:
        with self._lock:
            return [sid for sid, line in self._lines.items() if wanted(line)]


def listener_of(cookie: Mapping[str, Any]) -> Listener | None:
    """Who may listen with the content of this session cookie: the same check as for pages; None for nobody."""
    found = _signed_in(cookie)
    if found is None:
        return None
    living, actor = found
    bodies = [body_id for body_id in sorted(actor.body_ids) if actor.holds(GRANTS[Right.JOB_READ], body_id)]
    own = [room(PERSON, actor.person_id)] if actor.person_id else []
    return Listener(actor.person_id, living.session_id, (*own, *(room(JOBS, body_id) for body_id in bodies)))


def join(cookie: Mapping[str, Any], sent: tuple[Any, ...]) -> tuple[Answer, str | None]:
    """The answer to “join” and the room to enter; who asks and what he may see is looked up each time.

    A meeting is listened to by whoever sees it, a slip by whoever sees its board.
    """
    asked = _asked(sent)
    found = _signed_in(cookie)
    if found is None:
        return {"ok": False, "code": "not_signed_in"}, None
    if asked is None:
        return {"ok": False, "code": "bad_request"}, None
    kind, about = asked
    try:
        subject = seen(found[1], Meeting, about) if kind == MEETING else watched(found[1], about)
    except WorkflowError as refused:
        return {"ok": False, "code": refused.code}, None
    return {"ok": True, f"{kind}_id": subject.id, "version": subject.version}, room(kind, subject.id)


def _signed_in(cookie: Mapping[str, Any]) -> tuple[login.Living, Actor] | None:
    """A living session that is not locked, of an account that is open and has a password of its own; two queries."""
    token, at = None if cookie.get(GIVEN) else cookie.get(TOKEN), now()
    living = login.session_of(token, at) if isinstance(token, str) else None
    if living is None or living.locked or str(cookie.get(USER)) != str(living.user_id):
        return None
    if living.person_id is None:
        return living, NOBODY
    return living, actor_for(living.person_id, hanoi_date(at), living.name)


def _asked(sent: tuple[Any, ...]) -> tuple[str, int] | None:
    """The room and the id of `{"meeting_id": 12}` or `{"slip_id": 12}`; None for anything else."""
    asked = sent[0] if len(sent) == 1 and isinstance(sent[0], dict) else {}
    named = [(kind, asked[f"{kind}_id"]) for kind in (MEETING, SLIP) if f"{kind}_id" in asked]
    return named[0] if len(named) == 1 and is_id(named[0][1]) else None


lines = Lines()
