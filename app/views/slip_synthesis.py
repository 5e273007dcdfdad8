"""The synthesis of a slip and its table of explanations: joined, explained, submitted, and taken along as files."""

from io import BytesIO
from typing import Any

from flask import Flask, current_app, flash, jsonify, redirect, render_template, request, send_file, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import force_locale
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound as NoSuchFile
from werkzeug.wrappers import Response

from app.extensions import talisman
from app.gateways import paper, wordfile
from app.gateways.paper import OpinionSheet
from app.models import Stance
from app.views.actor import current_actor, now
from app.views.digests import PAPER_LANGUAGE
from app.views.guards import signed_in, wants_json
from app.views.papers import INERT
from app.views.parsing import BadField, form_id, form_text, json_object, page_number
from app.views.reports import XLSX
from app.views.slip_synthesis_page import explanation_page, row_state, synthesis_page
from app.workflows import explanations, opinion_sheets, synthesis
from app.workflows.engine.errors import NotFound, WorkflowError
from app.workflows.explanations import Reply

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MAKERS = {
    "pdf": ("application/pdf", paper.opinions), "docx": (DOCX, wordfile.opinions),
    "xlsx": (XLSX, opinion_sheets.workbook_of),
}  # fmt: skip
MOST_TYPED = 40_000  # letters of one field; the act judges them
MOST_JOINED = 500
FIELDS = ("stance", "explanation", "passage", "quote", "version")


class SlipSynthesisView(BaseView):
    """Rights and states are judged by app.workflows.synthesis and app.workflows.explanations."""

    route_base = "/slips"
    default_view = "page"

    @expose("/<int:slip_id>/synthesis")
    @signed_in
    def page(self, slip_id: int) -> str:
        actor = current_actor()
        found = synthesis.synthesis_of(actor, slip_id)
        return render_template("ec/slip_synthesis.html", **synthesis_page(actor, found, _asked_page()))

    @expose("/<int:slip_id>/synthesis.<string:ending>")
    @signed_in
    @talisman(content_security_policy=INERT)
    def file(self, slip_id: int, ending: str) -> Response:
        found = synthesis.synthesis_of(current_actor(), slip_id)
        synthesis.refuse_differing(found)
        with force_locale(PAPER_LANGUAGE):
            sheet = opinion_sheets.synthesis_sheet(found, now(), demo=current_app.config["DEMO"])
            return sent_sheet(sheet, ending, f"tong-hop-y-kien-{slip_id}")

    @expose("/<int:slip_id>/synthesis/join", methods=["POST"])
    @signed_in
    def join(self, slip_id: int) -> Response:
        synthesis.join_opinions(current_actor(), slip_id, _chosen(), now())
        return _back("page", slip_id)

    @expose("/<int:slip_id>/synthesis/split", methods=["POST"])
    @signed_in
    def split(self, slip_id: int) -> Response:
        synthesis.split_opinion(current_actor(), slip_id, form_id("opinion") or 0, now())
        return _back("page", slip_id)


class SlipExplanationView(BaseView):
    """The table row by row; what is typed is kept as it is typed, complete or not."""

    route_base = "/slips"
    default_view = "page"

    @expose("/<int:slip_id>/explanations")
    @signed_in
    def page(self, slip_id: int) -> str:
        return _table(slip_id)

    @expose("/<int:slip_id>/explanations.<string:ending>")
    @signed_in
    @talisman(content_security_policy=INERT)
    def file(self, slip_id: int, ending: str) -> Response:
        table = explanations.table_of(current_actor(), slip_id)
        synthesis.refuse_differing(table.synthesis)
        with force_locale(PAPER_LANGUAGE):
            sheet = opinion_sheets.explanation_sheet(table, now(), demo=current_app.config["DEMO"])
            return sent_sheet(sheet, ending, f"tiep-thu-giai-trinh-{slip_id}")

    @expose("/<int:slip_id>/explanations/<int:leader_id>", methods=["POST"])
    @signed_in
    def save(self, slip_id: int, leader_id: int) -> Any:
        """One row: JSON for the script that saves while one types, the page for people without scripts."""
        actor = current_actor()
        typed, known = _typed()
        try:
            saved = explanations.save_reply(actor, slip_id, leader_id, typed, known, now())
        except NotFound:
            raise
        except WorkflowError as refusal:
            if wants_json():
                raise
            return _table(slip_id, {leader_id: (typed, known)}, str(refusal)), refusal.http_status
        if wants_json():
            return jsonify(row_state(explanations.judged(saved), saved.version))
        return _back("page", slip_id, view="SlipExplanationView", anchor=f"row-{leader_id}")

    @expose("/<int:slip_id>/explanations/submit", methods=["POST"])
    @signed_in
    def submit(self, slip_id: int) -> Response:
        explanations.submit_explanations(current_actor(), slip_id, now())
        flash(_("The table of explanations is submitted."), "success")
        return _back("page", slip_id, view="SlipExplanationView")

    @expose("/<int:slip_id>/explanations/take-back", methods=["POST"])
    @signed_in
    def take_back(self, slip_id: int) -> Response:
        explanations.take_back_explanations(current_actor(), slip_id, form_text("reason", MOST_TYPED), now())
        return _back("page", slip_id, view="SlipExplanationView")


def _table(slip_id: int, typed: dict[int, tuple[Reply, int]] | None = None, problem: str = "") -> str:
    actor = current_actor()
    table = explanations.table_of(actor, slip_id)
    context = explanation_page(actor, table, typed or {}, problem, _asked_page())
    return render_template("ec/slip_explanations.html", **context)


def _asked_page() -> int:
    return page_number(request.args.get("page", ""))


def _typed() -> tuple[Reply, int]:
    """What stands in the row, and the version it was typed over."""
    if request.is_json:
        sent = json_object(*FIELDS)
        values = {name: sent.text(name, MOST_TYPED, "") for name in FIELDS}
    else:
        values = {name: form_text(name, MOST_TYPED) for name in FIELDS}
    if values["stance"] not in {"", *Stance} or not values["version"].isascii() or not values["version"].isdigit():
        raise BadField("stance")
    stance = Stance(values["stance"]) if values["stance"] else None
    return Reply(stance, values["explanation"], values["passage"], values["quote"]), int(values["version"][:9])


def _chosen() -> list[int]:
    rows = request.form.getlist("rows")
    if len(rows) > MOST_JOINED or not all(row.isascii() and row.isdigit() and len(row) < 10 for row in rows):  # noqa: PLR2004
        raise BadField("rows")
    return [int(row) for row in rows]


def _back(endpoint: str, slip_id: int, *, view: str = "SlipSynthesisView", anchor: str | None = None) -> Any:
    page = _asked_page()
    there = url_for(f"{view}.{endpoint}", slip_id=slip_id, page=page if page > 1 else None, _anchor=anchor)
    return redirect(there, 303)


def sent_sheet(sheet: OpinionSheet, ending: str, name: str) -> Response:
    """The file, kept by no cache; a PDF opens, the others are saved."""
    if ending not in MAKERS:
        raise NoSuchFile
    mimetype, make = MAKERS[ending]
    save = ending != "pdf" or "save" in request.args
    answer = send_file(
        BytesIO(make(sheet)), mimetype=mimetype, as_attachment=save, download_name=f"{name}.{ending}"
    )  # fmt: skip
    answer.headers["Cache-Control"] = "no-store"
    return answer


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(SlipSynthesisView)
    appbuilder.add_view_no_menu(SlipExplanationView)
