"""Socket messages about a meeting. They only tell; whoever wants to act sends a request."""

from typing import Any

from app.extensions import socketio
from app.models import Poll
from app.workflows.meetings import MeetingChanged
from app.workflows.poll_acts import TieConfirmed

NAMESPACE = "/meetings"
EVENT = "fact"
DISCREET = frozenset({TieConfirmed.__name__})  # the name alone would tell the split before it is published


def announce(fact: dict[str, Any]) -> None:
    """Ids and the meeting's version only: a client that missed one asks for the whole state again."""
    discreet = fact["fact"] in DISCREET
    about_poll = fact["subject_type"] == Poll.__tablename__ and not discreet
    message = {
        "fact": MeetingChanged.__name__ if discreet else fact["fact"],
        "meeting_id": fact["meeting_id"], "version": fact["version"],
        "poll_id": fact["subject_id"] if about_poll else None,
    }  # fmt: skip
    socketio.emit(EVENT, message, namespace=NAMESPACE, to=room(fact["meeting_id"]))


def room(meeting_id: int) -> str:
    """Where everybody listens who may see this meeting."""
    return f"meeting:{meeting_id}"
