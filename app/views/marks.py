"""What pages and JSON say of a checkpoint of the log: its short code, its head, and the code for cameras."""

from typing import Any

from app.gateways.paper import qr
from app.models import Poll, PollState
from app.workflows import installation_log
from app.workflows.installation_log import Mark

OVER = frozenset({PollState.CLOSED, PollState.PUBLISHED, PollState.ANNULLED})


def mark_of(poll: Poll) -> Mark | None:
    """The first checkpoint over a vote that is over; a running one has none."""
    return installation_log.mark_of_poll(poll.id) if poll.state in OVER else None


def mark_facts(mark: Mark | None) -> dict[str, Any] | None:
    """Short code, size, root in hex, time, and the text behind the code for cameras; None where there is none yet."""
    if mark is None:
        return None
    return {"code": mark.code, "size": mark.size, "root": mark.root, "at": mark.at, "text": mark.text}


def code_path(text: str) -> dict[str, Any]:
    """The code for cameras as one SVG path in units of a module, and how many modules a side has."""
    rows = qr.modules(text)
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return {"path": path, "size": len(rows)}
