"""What pages and JSON say of a checkpoint of the log: its short code, its head, and the code for cameras."""

from collections.abc import Iterable
from typing import Any

from flask_babel import format_datetime
from flask_babel import gettext as _

from app.gateways.paper import qr
from app.models import Poll, PollState
from app.workflows import installation_log, witnessing
from app.workflows.installation_log import Mark
from app.workflows.witnessing import Confirmation, ConfirmationState

OVER = frozenset({PollState.CLOSED, PollState.PUBLISHED, PollState.ANNULLED})


def mark_of(poll: Poll) -> Mark | None:
    """The first checkpoint over a vote that is over; a running one has none."""
    return installation_log.mark_of_poll(poll.id) if poll.state in OVER else None


def mark_facts(mark: Mark | None) -> dict[str, Any] | None:
    """Short code, size, root in hex, time, and the text behind the code for cameras; None where there is none yet.

    `witnesses` says of each witness whether it has cosigned: {"witness", "state", "at", "said"}.
    """
    if mark is None:
        return None
    told = {"code": mark.code, "size": mark.size, "root": mark.root, "at": mark.at, "text": mark.text}
    return {**told, "witnesses": witness_facts(witnessing.confirmations_of(mark))}


def witness_facts(found: Iterable[Confirmation]) -> list[dict[str, Any]]:
    """What is known of each witness, with a sentence; the state for machines: signed, former, awaited, broken."""
    return [
        {"witness": each.witness, "state": each.state.value, "at": each.at, "said": _said(each)} for each in found
    ]


def _said(told: Confirmation) -> str:
    at = format_datetime(told.at, "HH:mm:ss, dd/MM/yyyy") if told.at else ""
    name = {"name": told.witness}
    return {
        ConfirmationState.SIGNED: _("The witness %(name)s signed at %(at)s.", at=at, **name),
        ConfirmationState.FORMER: _(
            "The witness %(name)s confirmed it; that was kept at %(at)s, and its key is not pinned here any more.",
            at=at, **name,
        ),
        ConfirmationState.AWAITED: _("No confirmation by the witness %(name)s yet.", **name),
        ConfirmationState.BROKEN: _("What is kept as the signature of the witness %(name)s does not hold.", **name),
    }[told.state]  # fmt: skip


def code_path(text: str) -> dict[str, Any]:
    """The code for cameras as one SVG path in units of a module, and how many modules a side has."""
    rows = qr.modules(text)
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return {"path": path, "size": len(rows)}
