"""The hall screen (màn hình hội trường): what the whole room may see, in letters for the last row; no controls."""

import datetime as dt
from dataclasses import replace
from typing import Any

from flask import Flask, render_template, url_for
from flask_appbuilder import AppBuilder, BaseView, expose

from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.views.resolution_offer import is_fresh
from app.views.resolution_watch import watch
from app.workflows import live
from app.workflows.courses import course_of_meeting
from app.workflows.engine.rights import Actor


class HallView(BaseView):
    """Opened by whoever sees the meeting; it shows the same to each of them."""

    route_base = "/man-hinh"
    default_view = "screen"

    @expose("/<int:meeting_id>")
    @signed_in
    def screen(self, meeting_id: int) -> str:
        return render_template("ec/hall.html", **hall_page(current_actor(), meeting_id, now()))


def hall_page(actor: Actor, meeting_id: int, at: dt.datetime) -> dict[str, Any]:
    """The context of templates/ec/hall.html: public state only, also where the person who opened it may see more."""
    snapshot = live.snapshot(actor, meeting_id, at)
    poll = snapshot["poll"]
    published = poll is not None and poll["state"] == "published"
    asked = poll if poll is not None and poll["state"] in ("open", "closed", "published") else None
    item = snapshot["current_item"]
    later = [one for one in snapshot["items"] if one["state"] == "planned"]
    return {
        "meeting": snapshot["meeting"], "presence": snapshot["presence"], "item": item,
        "organisation": item["organisation"] if item else "", "coming": later[0] if later else None,
        "poll": asked and {name: asked[name] for name in SHOWN_OF_POLL},
        "result": poll["result"] if published else None, "course": _course(actor, meeting_id, item, poll, at),
        "snapshot_url": url_for("CockpitView.snapshot", meeting_id=meeting_id),
    }  # fmt: skip


def _course(actor: Actor, meeting_id: int, item: Any, poll: Any, at: dt.datetime) -> dict[str, Any] | None:
    """The stopwatch of the vote on the wall; while no item is under way, that of the last vote for a while."""
    found = course_of_meeting(actor, meeting_id, item["id"] if item else None)
    if found is None:
        return None
    on_the_wall = poll is not None and poll["id"] == found.poll.id
    if not on_the_wall and (item is not None or not is_fresh(found, at)):
        return None
    shown = watch(replace(found, open_to_reader=False), at)
    return shown | {"question": found.poll.question, "number": found.number}


SHOWN_OF_POLL = (
    "id", "state", "state_label", "takes_ballots", "question", "opened_at", "closes_at", "voted", "members",
    "in_room_voted", "remote_voted",
)  # fmt: skip


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(HallView)
