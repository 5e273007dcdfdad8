"""The minutes of a session: having them drawn up, how far they are, and the file of each version."""

from typing import Any

from flask import Flask, jsonify, redirect, send_file, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from werkzeug.wrappers import Response

from app.views.actor import current_actor, now
from app.views.guards import signed_in, wants_json
from app.views.minutes_card import minutes_state
from app.workflows import minutes


class MinutesView(BaseView):
    """app.workflows.minutes decides who may have them; for everybody else they do not exist."""

    route_base = "/meetings"
    default_view = "state"

    @expose("/<int:meeting_id>/minutes")
    @signed_in
    def state(self, meeting_id: int) -> Any:
        """How far they are: JSON for the scripts of the page, which shows the same to people."""
        meeting = minutes.entitled(current_actor(), meeting_id)
        return jsonify(minutes_state(meeting)) if wants_json() else _back(meeting_id)

    @expose("/<int:meeting_id>/minutes", methods=["POST"])
    @signed_in
    def ask(self, meeting_id: int) -> Any:
        meeting = minutes.ask_minutes(current_actor(), meeting_id, now())
        return (jsonify(minutes_state(meeting)), 202) if wants_json() else _back(meeting_id)

    @expose("/<int:meeting_id>/minutes/<int:number>.pdf")
    @signed_in
    def file(self, meeting_id: int, number: int) -> Response:
        """One version, saved by the browser and kept by nothing on the way."""
        kept, content = minutes.open_minutes(current_actor(), meeting_id, number, now())
        answer = send_file(
            content, mimetype="application/pdf", as_attachment=True, etag=kept.sha256, conditional=False,
            download_name=f"bien-ban-phien-hop-{meeting_id}-du-thao-{number}.pdf",
        )  # fmt: skip
        answer.content_length = kept.size
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Cache-Control"] = "no-store"
        return answer


def _back(meeting_id: int) -> Response:
    return redirect(url_for("MeetingView.page", meeting_id=meeting_id, _anchor="minutes"), 303)


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(MinutesView)
