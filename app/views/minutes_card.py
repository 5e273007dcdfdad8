"""The card of the minutes on the page of a session that has ended: each version, and having a new one drawn up."""

from typing import Any

from flask import url_for
from flask_babel import format_datetime
from flask_babel import gettext as _

from app.models import Meeting, MeetingState
from app.views.record_words import size
from app.workflows import minutes
from app.workflows.engine.rights import Actor, Right
from app.workflows.minutes import Stage

MOMENT = "HH:mm, dd/MM/yyyy"


def minutes_card(actor: Actor, meeting: Meeting) -> dict[str, Any] | None:
    """The context of templates/ec/_minutes.html; None before the end and for whoever may not have them."""
    if meeting.state is not MeetingState.CLOSED or not actor.may(Right.MINUTES_READ, meeting):
        return None
    makes = actor.may(Right.MINUTES_MAKE, meeting)
    return minutes_state(meeting) | {
        "ask_url": url_for("MinutesView.ask", meeting_id=meeting.id) if makes else None,
        "files": [
            {
                "url": url_for("MinutesView.file", meeting_id=meeting.id, number=each.number), "number": each.number,
                "size": size(each.size), "made_at": format_datetime(each.made_at, MOMENT),
            }
            for each in minutes.versions_of(actor, meeting.id)
        ],
    }  # fmt: skip


def minutes_state(meeting: Meeting) -> dict[str, Any]:
    """How far they are: stage ("none", "making", "made", "failed"), said (a sentence or ""), url to ask again."""
    stage = minutes.stage(meeting)
    said = {
        Stage.NONE: _("The minutes are not drawn up yet."),
        Stage.MAKING: _("The minutes are being drawn up from the record. You may leave this page meanwhile."),
        Stage.MADE: "",
        Stage.FAILED: _("The minutes could not be drawn up. The administrators see why; a clerk can try again."),
    }[stage]
    url = url_for("MinutesView.state", meeting_id=meeting.id)
    return {"stage": stage.value, "said": said, "url": url, "total": 0, "done": 0}
