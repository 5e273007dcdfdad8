"""A slip on its way to the issue: what waits for approval, approve, return, withdraw, give up, issue, a new round."""

from flask import Flask, flash, redirect, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.views.parsing import BadField, form_text
from app.views.slip_forms import reason_typed
from app.views.slip_office_page import preview_page, queue_page
from app.views.slip_tries import NOTHING, Answer, Tried, tried
from app.workflows import slip_approval, slip_issue, slip_rounds, slips
from app.workflows.poll_passkeys import AboutPasskeys

LONGEST = 100_000


class SlipOfficeView(BaseView):
    """Rights, steps and states are judged by the acts of app.workflows."""

    route_base = "/slips"
    default_view = "queue"

    @expose("/approvals", methods=["GET"])
    @signed_in
    def queue(self) -> str:
        asked = {name: request.args.get(name, "") for name in ("q", "urgent")}
        return render_template("ec/slip_queue.html", **queue_page(current_actor(), now(), **asked))

    @expose("/<int:slip_id>/preview", methods=["GET"])
    @signed_in
    def preview(self, slip_id: int) -> str:
        return _page(slip_id)

    @expose("/<int:slip_id>/submit", methods=["POST"])
    @signed_in
    def submit(self, slip_id: int) -> Response:
        slip_approval.submit_slip(current_actor(), slip_id, now())
        return _back(slip_id, _("The slip is on its way to approval."))

    @expose("/<int:slip_id>/withdraw", methods=["POST"])
    @signed_in
    def withdraw(self, slip_id: int) -> Response:
        slip_approval.withdraw_slip(current_actor(), slip_id, now())
        return _back(slip_id, _("The slip is a draft again."))

    @expose("/<int:slip_id>/approve", methods=["POST"])
    @signed_in
    def approve(self, slip_id: int) -> Answer:
        remark, actor = form_text("remark", LONGEST), current_actor()
        said, there = _("Approved; the next step is told of it."), url_for("SlipOfficeView.preview", slip_id=slip_id)
        return tried("approve", lambda: slip_approval.approve_slip(actor, slip_id, now(), remark), said, there,
                     lambda refused: _page(slip_id, refused))  # fmt: skip

    @expose("/<int:slip_id>/return", methods=["POST"])
    @signed_in
    def send_back(self, slip_id: int) -> Answer:
        """Leads to the queue: a draft is not open to every office that approves."""
        reason, actor = reason_typed(), current_actor()
        said, there = _("The slip was returned to its drafter with your reason."), url_for("SlipOfficeView.queue")
        return tried("return", lambda: slip_approval.return_slip(actor, slip_id, reason, now()), said, there,
                     lambda refused: _page(slip_id, refused))  # fmt: skip

    @expose("/<int:slip_id>/abandon", methods=["POST"])
    @signed_in
    def abandon(self, slip_id: int) -> Answer:
        """A round that is given up leads back to the one before, where another can be begun."""
        reason, actor = reason_typed(), current_actor()
        before = slip_rounds.round_before(actor, slip_id)
        if before is None:
            said, there = _("The slip was given up; it stays with its history."), "SlipOfficeView.preview"
        else:
            said, there = _("The round was given up. Another one can be begun here."), "SlipBoardView.board"
        return tried("abandon", lambda: slips.abandon_slip(actor, slip_id, reason, now()), said,
                     url_for(there, slip_id=before or slip_id), lambda refused: _page(slip_id, refused))  # fmt: skip

    @expose("/<int:slip_id>/issue", methods=["POST"])
    @signed_in
    def issue(self, slip_id: int) -> Answer:
        decided, actor = _about_passkeys(), current_actor()
        said = _("The slip is issued. Its board shows who has received and seen it.")
        return tried("issue", lambda: slip_issue.issue_slip(actor, slip_id, now(), decided), said,
                     url_for("SlipBoardView.board", slip_id=slip_id),
                     lambda refused: _page(slip_id, refused))  # fmt: skip

    @expose("/<int:slip_id>/round", methods=["POST"])
    @signed_in
    def begin_round(self, slip_id: int) -> Response:
        made = slip_rounds.new_round(current_actor(), slip_id, now())
        flash(_("Round %(n)s is a draft now, with the same questions and papers. Change what has to change.",
                n=made.round), "success")  # fmt: skip
        return redirect(url_for("SlipComposeView.edit", slip_id=made.id), 303)


def _about_passkeys() -> AboutPasskeys | None:
    decided = request.form.get("passkeys", "")
    if decided and decided not in set(AboutPasskeys):
        raise BadField("passkeys")
    return AboutPasskeys(decided) if decided else None


def _page(slip_id: int, refused: Tried = NOTHING) -> str:
    return render_template("ec/slip_preview.html", **preview_page(current_actor(), slip_id, now()), tried=refused)


def _back(slip_id: int, said: str) -> Response:
    flash(said, "success")
    return redirect(url_for("SlipOfficeView.preview", slip_id=slip_id), 303)


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(SlipOfficeView)
