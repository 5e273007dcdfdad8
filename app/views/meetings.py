"""The meetings a person may see, the page of one of them, and the own answer, absence and presence."""

import datetime as dt
from typing import Any

from flask import Flask, flash, redirect, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.models import Presence, Reply
from app.views.actor import current_actor, now
from app.views.guards import signed_in, wants_json
from app.views.meeting_list import meeting_list
from app.views.meeting_page import meeting_page
from app.views.parsing import form_code, form_id
from app.workflows import attendance
from app.workflows.engine.errors import WorkflowError


class MeetingView(BaseView):
    """What participants see and answer; who may do what is judged by app.workflows.attendance."""

    route_base = "/meetings"
    default_view = "list"

    @expose("/")
    @signed_in
    def list(self) -> str:
        return render_template("ec/meetings.html", **meeting_list(current_actor(), request.args, now()))

    @expose("/<int:meeting_id>")
    @signed_in
    def page(self, meeting_id: int) -> str:
        return render_template("ec/meeting.html", **meeting_page(current_actor(), meeting_id, now()))

    @expose("/<int:meeting_id>/answer", methods=["POST"])
    @signed_in
    def answer(self, meeting_id: int) -> Any:
        """The whole form of the own answer: coming, or absent with a reason and perhaps a substitute."""
        at = now()
        try:
            said = _answer(meeting_id, at)
        except WorkflowError as refusal:
            return _again(meeting_id, refusal, at)
        flash(said, "success")
        return _back(meeting_id)

    @expose("/<int:meeting_id>/absence", methods=["POST"])
    @signed_in
    def absence(self, meeting_id: int) -> Any:
        at = now()
        try:
            _ask_absence(meeting_id, at)
        except WorkflowError as refusal:
            return _again(meeting_id, refusal, at)
        flash(_("Your request to be absent was sent."), "success")
        return _back(meeting_id)

    @expose("/<int:meeting_id>/presence", methods=["POST"])
    @signed_in
    def presence(self, meeting_id: int) -> Response:
        where = form_code("presence", Presence)
        attendance.confirm_presence(current_actor(), meeting_id, where, now())
        flash(_("You are no longer checked in.") if where is Presence.AWAY else _("You are checked in."), "success")
        return _back(meeting_id)


def _answer(meeting_id: int, at: dt.datetime) -> str:
    reply = form_code("reply", Reply)
    if reply is Reply.ABSENT:
        _ask_absence(meeting_id, at)
        return _("Your request to be absent was sent.")
    attendance.answer_invitation(current_actor(), meeting_id, reply, at)
    return _("Your answer is recorded.")


def _ask_absence(meeting_id: int, at: dt.datetime) -> None:
    reason = request.form.get("reason", "")
    attendance.ask_absence(current_actor(), meeting_id, reason, at, substitute_id=form_id("substitute_id"))


def _again(meeting_id: int, refusal: WorkflowError, at: dt.datetime) -> Any:
    """The page with the refusal at its field and everything that was typed; scripts get the JSON of every refusal."""
    if wants_json():
        raise refusal
    page = meeting_page(current_actor(), meeting_id, at)
    if page["me"] is None or not page["me"]["may_reply"]:
        raise refusal
    typed = request.form
    page["me"] |= {
        "reply": typed.get("reply", "absent"), "reason": typed.get("reason", ""), "problem": str(refusal),
        "problem_field": refusal.field, "substitute_id": typed.get("substitute_id", type=int),
    }  # fmt: skip
    return render_template("ec/meeting.html", **page), refusal.http_status


def _back(meeting_id: int) -> Response:
    return redirect(url_for("MeetingView.page", meeting_id=meeting_id), 303)


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(MeetingView)
