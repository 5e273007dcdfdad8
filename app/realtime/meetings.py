"""Socket messages about a meeting. They only tell; whoever wants to act sends a request."""

from typing import Any

from app.models import Poll
from app.realtime import announcing
from app.workflows.meetings import MeetingChanged
from app.workflows.poll_acts import TieConfirmed

DISCREET = frozenset({TieConfirmed.__name__})  # the name alone would tell the split before it is published


def announce(fact: dict[str, Any]) -> None:
    """Ids and the meeting's version only: a client that missed one asks for the whole state again.

    Harmless when run twice: a screen that knows the version already does nothing.
    """
    if fact["meeting_id"] is None:  # a Resolution that stands on a slip
        return
    discreet = fact["fact"] in DISCREET
    about_poll = fact["subject_type"] == Poll.__tablename__ and not discreet
    message = {
        "fact": MeetingChanged.__name__ if discreet else fact["fact"],
        "meeting_id": fact["meeting_id"], "version": fact["version"],
        "poll_id": fact["subject_id"] if about_poll else None,
    }  # fmt: skip
    announcing.to_meeting(fact["meeting_id"], message)
