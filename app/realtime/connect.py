"""Who may listen: a socket belongs to a living signed-in session and hears only of meetings its person may see.

Nothing is done by socket: the one event that is understood says which meeting to listen to.
"""

import datetime as dt
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import request
from flask_login import current_user
from flask_socketio import Namespace, join_room
from flask_socketio import disconnect as drop

from app.extensions import socketio
from app.models import Meeting
from app.realtime.meetings import NAMESPACE, room
from app.views.actor import current_actor
from app.views.living import living
from app.workflows import login
from app.workflows.engine.errors import NotFound
from app.workflows.engine.visibility import seen

BURST = 20  # messages a socket may send at once
PER_SECOND = 5.0
PATIENCE = 200  # messages beyond the limit before the line is cut
LARGEST_ID = 2**31 - 1


@dataclass
class Line:
    """One socket: whose it is, and how much it may still send."""

    person_id: int | None
    session_id: int | None
    left: float = BURST
    at: float = field(default_factory=time.monotonic)

    def take(self, now: float) -> float:
        """What is left after one more message; below zero it is ignored."""
        self.left = min(float(BURST), self.left + (now - self.at) * PER_SECOND) - 1
        self.at = now
        return self.left


lines: dict[str, Line] = {}
_lock = threading.Lock()


class Listening(Namespace):
    """The namespace /meetings: connect, join, nothing else."""

    def trigger_event(self, event: Any, *args: Any) -> Any:
        """Odd and unknown events are counted like any other and otherwise ignored.

        “connect” and “disconnect” come from the library while a socket is not (or no longer) connected; the same
        words sent by a client are noise.
        """
        if event in ("connect", "disconnect") and not socketio.server.manager.is_connected(args[0], NAMESPACE):
            return super().trigger_event(event, *args)
        with _lock:
            line = lines.get(args[0])
            left = line.take(time.monotonic()) if line else -PATIENCE - 1
        if left < -PATIENCE:
            socketio.server.disconnect(args[0], namespace=NAMESPACE)
        if left < 0:
            return {"ok": False, "code": "too_fast"}
        return super().trigger_event(event, *args) if event == "join" else None

    def on_connect(self, _auth: Any = None) -> bool:
        """Refuse whoever has no living session; the same check as for pages."""
        if not current_user.is_authenticated:
            return False
        actor = current_actor()
        with _lock:
            lines[request.sid] = Line(actor.person_id, _session_id())  # type: ignore[attr-defined]
        return True

    def on_join(self, *sent: Any) -> dict[str, Any]:
        """Listen to a meeting; who asks and what he may see is looked up each time."""
        if not current_user.is_authenticated:
            drop()
            return {"ok": False, "code": "not_signed_in"}
        meeting_id = _meeting_id(sent)
        if meeting_id is None:
            return {"ok": False, "code": "bad_request"}
        try:
            meeting = seen(current_actor(), Meeting, meeting_id)
        except NotFound as refused:
            return {"ok": False, "code": refused.code}
        join_room(room(meeting.id))
        return {"ok": True, "meeting_id": meeting.id, "version": meeting.version}

    def on_disconnect(self, _reason: Any = None) -> None:
        with _lock:
            lines.pop(request.sid, None)  # type: ignore[attr-defined]


def register() -> None:
    """Give the namespace to the server of the application being made."""
    socketio.on_namespace(Listening(NAMESPACE))


def disconnect_user(fact: dict[str, Any]) -> None:
    """A session ended, or what an account may do has changed: its sockets are cut and have to come again."""
    ended = set(fact.get("session_ids") or [fact.get("session_id")]) - {None}
    person_id = fact.get("person_id")
    _cut(lambda line: line.session_id in ended or (person_id is not None and line.person_id == person_id))


def _meeting_id(sent: tuple[Any, ...]) -> int | None:
    """The id of `{"meeting_id": 12}`; None for anything else."""
    asked = sent[0].get("meeting_id") if len(sent) == 1 and isinstance(sent[0], dict) else None
    return asked if type(asked) is int and 0 < asked <= LARGEST_ID else None


def drop_dead_sessions(now: dt.datetime) -> int:
    """Cut the sockets whose session ended or was outlived without anybody telling us; how many were cut."""
    with _lock:
        held = {line.session_id for line in lines.values() if line.session_id is not None}
    alive = login.living_sessions(held, now) if held else set()
    return _cut(lambda line: line.session_id not in alive)


def _cut(wanted: Callable[[Line], bool]) -> int:
    with _lock:
        sids = [sid for sid, line in lines.items() if wanted(line)]
    for sid in sids:
        socketio.server.disconnect(sid, namespace=NAMESPACE)
    return len(sids)


def _session_id() -> int | None:
    found = living()
    return found.session_id if found else None
