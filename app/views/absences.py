"""Requests to be absent: the head of the body grants or refuses them."""

from enum import StrEnum
from typing import Any

from flask import Flask, flash, redirect, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from app.extensions import db
from app.models import Absence, AbsenceState
from app.views.actor import current_actor, now
from app.views.errors import same_site_referrer
from app.views.guards import signed_in
from app.views.meeting_people import KINDS_OF_ABSENCE
from app.views.parsing import form_code
from app.workflows import attendance
from app.workflows.attendance import ANSWERABLE
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.visibility import visible
from app.workflows.engine.words import word

MOST_SHOWN = 100


class Decision(StrEnum):
    APPROVE = "approve"
    REFUSE = "refuse"


class AbsenceView(BaseView):
    """The list for those who see requests, their own among them; the decision is judged by app.workflows.attendance."""

    route_base = "/absences"
    default_view = "list"

    @expose("/")
    @signed_in
    def list(self) -> str:
        actor = current_actor()
        rows = [_row(actor, absence) for absence in _visible(actor)]
        waiting = [row for row in rows if row["waits"]]
        return render_template("ec/absences.html", waiting=waiting, others=[row for row in rows if not row["waits"]])

    @expose("/<int:absence_id>/decide", methods=["POST"])
    @signed_in
    def decide(self, absence_id: int) -> Response:
        approved = form_code("decision", Decision) is Decision.APPROVE
        reason = request.form.get("reason", "")
        decided = attendance.decide_absence(current_actor(), absence_id, approved, now(), reason=reason)
        said = _("The absence of %(name)s is granted.") if approved else _("The absence of %(name)s is refused.")
        flash(said % {"name": decided.member.full_name}, "success")
        back = same_site_referrer()
        return redirect(url_for("AbsenceView.list") if back == "/" else back, 303)


def _visible(actor: Actor) -> list[Absence]:
    rows = select(Absence).where(visible(actor, Absence), Absence.state != AbsenceState.WITHDRAWN)
    rows = rows.options(joinedload(Absence.meeting), joinedload(Absence.member), joinedload(Absence.substitute))
    return list(db.session.scalars(rows.order_by(Absence.requested_at.desc()).limit(MOST_SHOWN)))


def _row(actor: Actor, absence: Absence) -> dict[str, Any]:
    meeting = absence.meeting
    seat = next((seat for seat in meeting.seats if seat.person_id == absence.member_id), None)
    open_to_decide = absence.state is AbsenceState.REQUESTED and meeting.state in ANSWERABLE
    return {
        "id": absence.id, "meeting": meeting.title, "starts_at": meeting.starts_at,
        "meeting_url": url_for("MeetingView.page", meeting_id=meeting.id), "name": absence.member.full_name,
        "abbreviation": seat.abbreviation if seat else "–", "post": seat.post if seat else "",
        "reason": absence.reason, "requested_at": absence.requested_at, "state_label": word(absence.state),
        "state_kind": KINDS_OF_ABSENCE[absence.state], "decision_reason": absence.decision_reason,
        "substitute": absence.substitute.full_name if absence.substitute else None,
        "waits": open_to_decide and actor.may(Right.ABSENCE_DECIDE, absence),
        "decide_url": url_for("AbsenceView.decide", absence_id=absence.id),
    }  # fmt: skip


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(AbsenceView)
