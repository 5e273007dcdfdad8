"""The sockets of the embedded installation: they live in the process that serves the pages, one thread each."""

import datetime as dt
from typing import Any

from flask import request, session
from flask_socketio import Namespace, join_room
from flask_socketio import disconnect as drop

from app.extensions import socketio
from app.realtime import announcing, listening
from app.realtime.channel import NAMESPACE
from app.realtime.listening import PATIENCE, lines


class Listening(Namespace):
    """The namespace /meetings: connect, join, nothing else."""

    def trigger_event(self, event: Any, *args: Any) -> Any:
        """Odd and unknown events are counted like any other and otherwise ignored.

        “connect” and “disconnect” come from the library while a socket is not (or no longer) connected; the same
        words sent by a client are noise.
        """
        if event in ("connect", "disconnect") and not socketio.server.manager.is_connected(args[0], NAMESPACE):
            return super().trigger_event(event, *args)
        left = lines.take(args[0])
        if left < -PATIENCE:
            socketio.server.disconnect(args[0], namespace=NAMESPACE)
        if left < 0:
            return {"ok": False, "code": "too_fast"}
        return super().trigger_event(event, *args) if event == "join" else None

    def on_connect(self, _auth: Any = None) -> bool:
        """Refuse whoever has no living session."""
        listener = listening.listener_of(session)
        if listener is None or not lines.add(request.sid, listener):  # type: ignore[attr-defined]
            return False
        for room in listener.rooms:
            join_room(room)
        return True

    def on_join(self, *sent: Any) -> dict[str, Any]:
        """Listen to a meeting, or to the board of a slip."""
        answer, room = listening.join(session, sent)
        if room:
            join_room(room)
        elif answer["code"] == "not_signed_in":
            drop()
        return answer

    def on_disconnect(self, _reason: Any = None) -> None:
        lines.remove(request.sid)  # type: ignore[attr-defined]


def register() -> None:
    """Give the namespace to the server of the application being made."""
    socketio.on_namespace(Listening(NAMESPACE))


def disconnect_user(fact: dict[str, Any]) -> None:
    """A session ended, or what an account may do has changed: its sockets are cut and have to come again.

    Harmless when run twice: the second time there is nothing left to cut.
    """
    announcing.cut(fact.get("session_ids") or [fact.get("session_id")], fact.get("person_id"))


def drop_dead_sessions(now: dt.datetime) -> int:
    """Cut the sockets of this process whose session ended or was outlived untold; how many were cut."""
    dead = lines.dead(now)
    for sid in dead:
        socketio.server.disconnect(sid, namespace=NAMESPACE)
    return len(dead)
