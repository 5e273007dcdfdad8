"""The board of a slip and what the office does while it runs: remind, extend, recall, close early."""

import datetime as dt

from flask import Flask, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import force_locale, lazy_gettext
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.extensions import talisman
from app.views.actor import current_actor, now
from app.views.digests import PAPER_LANGUAGE
from app.views.guards import signed_in
from app.views.papers import INERT
from app.views.parsing import BadField, form_id, page_number
from app.views.slip_board_page import board_page, member_page
from app.views.slip_forms import reason_typed
from app.views.slip_synthesis import sent_sheet
from app.views.slip_tabs import BOARD, slip_tabs
from app.views.slip_tries import NOTHING, Answer, Tried, tried
from app.workflows import slip_closing, slip_reminders
from app.workflows.slip_board import board_of
from app.workflows.slip_board_sheets import board_sheet
from app.workflows.slips import watched


class NoDay(BadField):
    code = "no_day"
    message = lazy_gettext("Choose the day until which the slip can be answered.")


class SlipBoardView(BaseView):
    """Rights, states and deadlines are judged by the acts of app.workflows."""

    route_base = "/slips"
    default_view = "board"

    @expose("/<int:slip_id>/board", methods=["GET"])
    @signed_in
    def board(self, slip_id: int) -> str:
        return _page(slip_id)

    @expose("/<int:slip_id>/board.<string:ending>", methods=["GET"])
    @signed_in
    @talisman(content_security_policy=INERT)
    def file(self, slip_id: int, ending: str) -> Response:
        """The board as PDF, Word document or workbook, as it stands at this moment."""
        board = board_of(current_actor(), slip_id, now())
        with force_locale(PAPER_LANGUAGE):
            sheet = board_sheet(board, now(), demo=current_app.config["DEMO"])
            return sent_sheet(sheet, ending, f"theo-doi-phieu-{slip_id}")

    @expose("/<int:slip_id>/board/state", methods=["GET"])
    @signed_in
    def state(self, slip_id: int) -> Response:
        """The number of the live state: a board that shows another one draws itself anew."""
        slip = watched(current_actor(), slip_id)
        return jsonify(version=slip.version, state=slip.state.value)

    @expose("/<int:slip_id>/board/<int:member_id>", methods=["GET"])
    @signed_in
    def member(self, slip_id: int, member_id: int) -> str:
        return render_template("ec/slip_member.html", **member_page(current_actor(), slip_id, member_id, now()))

    @expose("/<int:slip_id>/chase", methods=["POST"])
    @signed_in
    def chase(self, slip_id: int) -> Response:
        only = form_id("member_id")
        told = slip_reminders.chase_slip(current_actor(), slip_id, now(), [only] if only else ())
        flash(_("Members reminded: %(n)s.", n=len(told)), "success")
        return redirect(url_for("SlipBoardView.board", slip_id=slip_id), 303)

    @expose("/<int:slip_id>/extend", methods=["POST"])
    @signed_in
    def extend(self, slip_id: int) -> Answer:
        actor, reason = current_actor(), reason_typed()
        said = _("The deadline is moved; the members are told.")
        return tried("extend", lambda: slip_closing.extend_slip(actor, slip_id, _day(), reason, now()), said,
                     _there(slip_id), lambda refused: _page(slip_id, refused))  # fmt: skip

    @expose("/<int:slip_id>/recall", methods=["POST"])
    @signed_in
    def recall(self, slip_id: int) -> Answer:
        actor, reason = current_actor(), reason_typed()
        said = _("The slip is recalled; the members are told. What was answered is kept and counts for nothing.")
        return tried("recall", lambda: slip_closing.recall_slip(actor, slip_id, reason, now()), said,
                     _there(slip_id), lambda refused: _page(slip_id, refused))  # fmt: skip

    @expose("/<int:slip_id>/close", methods=["POST"])
    @signed_in
    def close(self, slip_id: int) -> Answer:
        actor, reason = current_actor(), reason_typed()
        said = _("The slip is closed and counted.")
        return tried("close", lambda: slip_closing.close_slip(actor, slip_id, now(), reason), said,
                     _there(slip_id), lambda refused: _page(slip_id, refused))  # fmt: skip


def _page(slip_id: int, refused: Tried = NOTHING) -> str:
    actor = current_actor()
    asked = {name: request.args.get(name, "") for name in ("shown", "q")}
    context = board_page(actor, slip_id, now(), **asked, page=page_number(request.args.get("page", "")))
    tabs = slip_tabs(actor, watched(actor, slip_id), BOARD)
    return render_template("ec/slip_board.html", **context, **tabs, tried=refused)


def _there(slip_id: int) -> str:
    return url_for("SlipBoardView.board", slip_id=slip_id)


def _day() -> dt.date:
    try:
        return dt.date.fromisoformat(request.form.get("day", ""))
    except ValueError as odd:
        raise NoDay("day") from odd


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(SlipBoardView)
