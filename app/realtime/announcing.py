"""The only way to tell a screen something.

Where the sockets are in this process it is told at once. Where they have processes of their own it goes over Redis,
and an error is raised when Redis is away: whoever announces is a job of the outbox, and is tried again.
"""

from collections.abc import Iterable
from typing import Any

from flask import current_app

from app.extensions import socketio
from app.realtime.channel import JOBS, MEETING, NAMESPACE, PERSON, SLIP, Announcement, Cut, encode
from app.realtime.listening import lines
from app.realtime.publishing import publisher


def to_meeting(meeting_id: int, message: dict[str, Any]) -> None:
    """To everybody who listens to a meeting, as “fact”; `message` says at least fact, meeting_id and version."""
    _tell(Announcement(MEETING, meeting_id, message))


def to_person(person_id: int, message: dict[str, Any]) -> None:
    """To every screen of one person, as “notice”."""
    _tell(Announcement(PERSON, person_id, message))


def to_jobs(body_id: int, message: dict[str, Any]) -> None:
    """To the administrators who watch the background work of a body, as “job”."""
    _tell(Announcement(JOBS, body_id, message))


def to_slip(slip_id: int, message: dict[str, Any]) -> None:
    """To everybody who watches the board of a slip, as “slip”."""
    _tell(Announcement(SLIP, slip_id, message))


def cut(session_ids: Iterable[int | None], person_id: int | None) -> None:
    """End the sockets of these sessions, and all sockets of that person."""
    what = Cut.of(session_ids, person_id)
    if _apart():
        publisher(current_app).publish(encode(what))
        return
    for sid in lines.concerned(what):
        socketio.server.disconnect(sid, namespace=NAMESPACE)


def _tell(what: Announcement) -> None:
    if _apart():
        publisher(current_app).publish(encode(what))
    else:
        socketio.emit(what.event, what.message, namespace=NAMESPACE, to=what.room)


def _apart() -> bool:
    return bool(current_app.config["REALTIME"] == "apart")
