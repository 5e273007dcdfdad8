"""The own notices: what each fact reads like for the person who is told, and what has been read."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from flask import Flask, redirect, render_template, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import format_datetime
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.models import Notice, Outcome, Poll, RecoveryKind, Resolution
from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.workflows import notices
from app.workflows.engine.words import word

Told = dict[str, Any]


class NoticeView(BaseView):
    """A person's own notices and nobody else's."""

    route_base = "/notices"
    default_view = "list"

    @expose("/")
    @signed_in
    def list(self) -> str:
        return render_template("ec/notices.html", notices=cards(), unread=notices.unread(current_actor()))

    @expose("/read", methods=["POST"])
    @signed_in
    def read(self) -> Response:
        notices.mark_read(current_actor(), now())
        return redirect(url_for("NoticeView.list"), 303)

    @expose("/<int:notice_id>/read", methods=["POST"])
    @signed_in
    def read_one(self, notice_id: int) -> Response:
        """Note one as read and go where it points."""
        notice = notices.mark_one_read(current_actor(), notice_id, now())
        return redirect(_address(notice), 303)


def cards(most: int = notices.LATEST) -> list[dict[str, Any]]:
    """The newest notices as pages show them: title, text, time, address, whether they wait to be read."""
    return [
        {
            "id": notice.id, "title": TITLES[notice.kind](notice.details), "text": _text(notice.details),
            "at": notice.created_at, "at_label": format_datetime(notice.created_at, "HH:mm dd/MM/yyyy"),
            "url": _address(notice), "read": notice.read_at is not None, "icon": ICONS.get(notice.kind, "bell"),
        }
        for notice in notices.latest(current_actor(), most)
    ]  # fmt: skip


TITLES: dict[str, Callable[[Told], str]] = {
    "InvitationIssued": lambda told: _("You are invited to a meeting"),
    "MeetingPostponed": lambda told: _("A meeting is postponed"),
    "MeetingRescheduled": lambda told: _("A meeting is called for another time; please answer again"),
    "MeetingCancelled": lambda told: _("A meeting is cancelled"),
    "ChairHanded": lambda told: _("The chair is handed to you"),
    "AbsenceRequested": lambda told: _("%(name)s asks for leave of absence", name=told["member"]),
    "AbsenceDecided": lambda told: (
        _("The absence of %(name)s is approved", name=told["member"])
        if told["approved"]
        else _("The absence of %(name)s is not approved", name=told["member"])
    ),
    "PollPublished": lambda told: _("Result published: %(outcome)s", outcome=word(Outcome(told["outcome"]))),
    "PollAnnulled": lambda told: _("A vote is annulled"),
    "ResolutionPresented": lambda told: _("A Resolution waits for your signature"),
    "ResolutionReturned": lambda told: _("A Resolution was returned without a signature"),
    "ResolutionAbandoned": lambda told: _("The draft of a Resolution was given up"),
    "ResolutionSigned": lambda told: _("A Resolution is signed and waits for its number and seal"),
    "ResolutionStopped": lambda told: _("A signed Resolution was stopped before it went out"),
    "ResolutionPromulgated": lambda told: _("Resolution %(number)s is promulgated", number=told["number"]),
    "ResolutionRecalled": lambda told: _("Resolution %(number)s is recalled", number=told["number"]),
    "ResolutionReplaced": lambda told: _("Resolution %(number)s is replaced by a newer one", number=told["number"]),
    "SealEnrolled": lambda told: _("The digital seal was registered anew"),
    "SealSuspended": lambda told: _("The digital seal is suspended"),
    "SignaturePictureSet": lambda told: _("A specimen of your signature was registered"),
    "KeyEnrolled": lambda told: _("A new signing key is registered for you"),
    "KeyLocked": lambda told: _("Your signing key is locked after wrong PIN entries"),
    "KeySuspendedFact": lambda told: _("Your signing key is suspended"),
    "KeyRecoveryApproved": lambda told: (
        _("Your signing key is unlocked")
        if told["kind"] == RecoveryKind.UNLOCK
        else _("You may enrol a new signing key")
    ),
    "AccountRoleChanged": lambda told: _("The role of your account has changed"),
    "AccountPasswordReset": lambda told: _("Your password was reset"),
    "PasswordChanged": lambda told: _("Your password was changed"),
}
ICONS = {
    "InvitationIssued": "calendar-days", "MeetingPostponed": "calendar-clock", "MeetingRescheduled": "calendar-clock",
    "MeetingCancelled": "ban", "ChairHanded": "gavel", "AbsenceRequested": "user-x", "AbsenceDecided": "user-x",
    "PollPublished": "megaphone", "PollAnnulled": "ban", "ResolutionPresented": "pen-line",
    "ResolutionReturned": "undo-2", "ResolutionSigned": "stamp", "ResolutionPromulgated": "file-check",
    "ResolutionRecalled": "ban", "ResolutionReplaced": "file-check", "ResolutionStopped": "ban",
}  # fmt: skip


def _text(told: Told) -> str:
    """Meeting, item, question, new time, reason: what the fact has of them."""
    parts = [told.get("resolution") or told.get("question") or told.get("item"), told.get("meeting")]
    if starts_at := told.get("starts_at"):
        parts.append(format_datetime(dt.datetime.fromisoformat(starts_at), "HH:mm dd/MM/yyyy"))
    if told.get("reason") and "meeting" in told:
        parts.append(_("Reason: %(reason)s", reason=told["reason"]))
    return " · ".join(part for part in parts if part)


def _address(notice: Notice) -> str:
    """Where to go on from there."""
    told = notice.details
    if told["subject_type"] == Poll.__tablename__:
        return f"/polls/{told['subject_id']}" + ("/result" if notice.kind == "PollPublished" else "")
    if told["subject_type"] == Resolution.__tablename__:
        return url_for("ResolutionView.record", resolution_id=told["subject_id"])
    if notice.kind == "AbsenceRequested":
        return "/absences/"
    if notice.meeting_id is not None:
        return url_for("MeetingView.page", meeting_id=notice.meeting_id)
    return "/keys/" if notice.kind.startswith("Key") else "/"


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(NoticeView)
