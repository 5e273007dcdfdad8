"""The report on a slip: laid before the head of the body, read as a page or a document, decided on the tablet."""

import datetime as dt

from flask import Flask, flash, jsonify, redirect, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.models import SlipWay
from app.views.actor import current_actor, now
from app.views.evidence import download
from app.views.guards import signed_in, wants_json
from app.views.parsing import BadField, form_code, form_id, form_text
from app.views.resolutions import done
from app.views.slip_report_page import report_page
from app.views.slip_returned_page import returned_page
from app.workflows import resolutions, slip_closing, slip_decisions, slip_reports, slip_sessions
from app.workflows.slip_decisions import Wish

LONGEST_REASON = 16_000  # of the request; the act judges the text itself
LONGEST_DAY = 10  # 2026-08-31


class SlipReportView(BaseView):
    """Rights and states are judged by the acts of app.workflows.slip_decisions and slip_closing."""

    route_base = "/slips"
    default_view = "report"

    @expose("/<int:slip_id>/report")
    @signed_in
    def report(self, slip_id: int) -> str:
        return render_template("ec/slip_report.html", **report_page(current_actor(), slip_id))

    @expose("/returned")
    @signed_in
    def returned(self) -> str:
        """The matters that were returned and wait for their next round."""
        return render_template("ec/slip_returned.html", **returned_page(current_actor(), now()))

    @expose("/<int:slip_id>/report", methods=["POST"])
    @signed_in
    def lay(self, slip_id: int) -> Response:
        """Báo cáo: lay the outcome before the head of the body."""
        slip_closing.report_slip(current_actor(), slip_id, now())
        return _done(slip_id, _("The outcome is laid before the head of the body."))

    @expose("/<int:slip_id>/report.pdf")
    @signed_in
    def document(self, slip_id: int) -> Response:
        name, content = slip_reports.document_of(current_actor(), slip_id)
        return download(content, "application/pdf", name)

    @expose("/<int:slip_id>/decide", methods=["POST"])
    @signed_in
    def decide(self, slip_id: int) -> Response:
        wish = Wish(
            form_code("way", SlipWay), form_text("reason", LONGEST_REASON), "tie_confirmed" in request.form,
            form_id("meeting_id"), _day("resubmit_on"),
        )  # fmt: skip
        slip_decisions.decide_slip(current_actor(), slip_id, wish, now())
        return _done(slip_id, _("Your decision is recorded."))

    @expose("/<int:slip_id>/tell", methods=["POST"])
    @signed_in
    def tell(self, slip_id: int) -> Response:
        """Put the report on what the head decided to sign on the agenda of a session."""
        slip_sessions.tell_session(current_actor(), slip_id, form_id("meeting_id") or 0, now())
        return _done(slip_id, _("The report is on the agenda."))

    @expose("/<int:slip_id>/resolution", methods=["POST"])
    @signed_in
    def draft(self, slip_id: int) -> Response:
        """Another draft, after the first one was given up."""
        made = resolutions.draft_again(current_actor(), slip_id, now())
        return done(made, _("The draft is made from the text of the slip."))


def _day(name: str) -> dt.date | None:
    typed = form_text(name, LONGEST_DAY)
    try:
        return dt.date.fromisoformat(typed) if typed else None
    except ValueError as odd:
        raise BadField(name) from odd


def _done(slip_id: int, said: str) -> Response:
    """After an act: where it can be seen, for a script; the page of the report for a plain form."""
    url = url_for("SlipReportView.report", slip_id=slip_id)
    if wants_json():
        return jsonify(id=slip_id, url=url, said=said)
    flash(said, "success")
    return redirect(url, 303)


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(SlipReportView)
