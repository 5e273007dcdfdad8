"""Slips for programs: the same rows, rights and refusals as on the pages, as JSON."""

from typing import Any

from flask import Flask, jsonify, request
from flask_appbuilder import AppBuilder, expose
from flask_appbuilder.api import BaseApi
from marshmallow import ValidationError
from werkzeug.wrappers import Response

from app.models import Slip, SlipState
from app.views import api_schemas as schemas
from app.views.actor import current_actor
from app.views.guards import signed_in
from app.views.parsing import Malformed
from app.workflows import slip_reading, slip_rows
from app.workflows.engine.rights import Actor
from app.workflows.engine.visibility import seen
from app.workflows.slip_rows import AnswerReceipt


class SlipApi(BaseApi):
    """What is read of slips; app.workflows.slip_reading decides what of it, and by whom."""

    resource_name = "slips"
    csrf_exempt = False
    base_permissions: list[str] = []  # rights are those of the table of rights, asked by the workflows

    @expose("/", methods=["GET"])
    @signed_in
    def list_slips(self) -> Response:
        actor, asked = current_actor(), _query()
        states = [SlipState(code) for code in asked["state"]]
        rows, count = slip_reading.slips_page(actor, states, asked["page"], asked["page_size"])
        page = {"count": count, "page": asked["page"], "page_size": asked["page_size"]}
        return _said(schemas.SlipPageSchema(), {**page, "result": [_brief(actor, slip) for slip in rows]})

    @expose("/<int:slip_id>", methods=["GET"])
    @signed_in
    def show_slip(self, slip_id: int) -> Response:
        actor = current_actor()
        return _said(schemas.WholeSlipSchema(), _whole(actor, seen(actor, Slip, slip_id)))

    @expose("/<int:slip_id>/answers", methods=["GET"])
    @signed_in
    def own_answers(self, slip_id: int) -> Response:
        receipts = slip_reading.own_answers(current_actor(), slip_id)
        told = [_answer(receipt, standing=receipt is receipts[-1]) for receipt in receipts]
        return _said(schemas.AnswersSchema(), {"result": told})

    @expose("/<int:slip_id>/statistics", methods=["GET"])
    @signed_in
    def statistics(self, slip_id: int) -> Response:
        return _said(schemas.StatisticsSchema(), slip_reading.statistics_of(current_actor(), slip_id))


def _said(schema: Any, content: dict[str, Any]) -> Response:
    response = jsonify(schema.dump(content))
    response.headers["Cache-Control"] = "no-store"
    return response


def _query() -> dict[str, Any]:
    """The query of a list; Malformed names the first field that is not understood."""
    sent: dict[str, Any] = {name: request.args[name] for name in request.args if name != "state"}
    sent |= {"state": request.args.getlist("state")}
    try:
        found: dict[str, Any] = schemas.PageSchema().load(sent)
    except ValidationError as odd:
        raise Malformed(str(min(odd.messages_dict, default=""))[:64] or None) from odd
    return found


def _brief(actor: Actor, slip: Slip) -> dict[str, Any]:
    lead = slip.organisation
    asked = slip_reading.is_asked(actor, slip)
    return {
        "id": slip.id, "number": slip.number_text, "round": slip.round, "matter": slip.matter,
        "organisation": {"abbreviation": lead.abbreviation, "name": lead.name} if lead else None,
        "urgency": slip.urgency.value, "state": slip.state.value, "issued_at": slip.issued_at,
        "deadline_at": slip.deadline_at, "closed_at": slip.closed_at,
        "answered": slip_rows.standing_of(slip.id, actor.person_id) is not None if asked else None,
    }  # fmt: skip


def _whole(actor: Actor, slip: Slip) -> dict[str, Any]:
    rules = slip.rule_set
    return {
        **_brief(actor, slip), "legal_basis": slip.legal_basis, "definition_sha256": slip.definition_sha256,
        "passkey_demanded": slip.passkey_demanded, "previous_id": slip.previous_id,
        "rule_set": rules and rules.code, "legal_source": rules and rules.legal_source,
        "questions": [
            {"index": row.position, "kind": row.kind.value, "text": row.text, "options": row.options, "main": row.main}
            for row in slip.questions
        ],
        "papers": [
            {"version_id": row.version.id, "title": row.version.document.title, "version": row.version.number,
             "sha256": row.version.sha256, "pages": row.version.pages, "draft": row.draft}
            for row in slip.papers
        ],
        "extensions": [
            {"before": row.old_deadline_at, "after": row.new_deadline_at, "reason": row.reason}
            for row in slip.extensions
        ],
    }  # fmt: skip


def _answer(receipt: AnswerReceipt, *, standing: bool) -> dict[str, Any]:
    said = receipt.said
    return {
        "at": receipt.at, "standing": standing, "answers": said["answers"], "reservation": said["reservation"],
        "attachments": said["attachments"], "statement_sha256": receipt.statement_sha256,
        "leaf_seq": receipt.leaf_seq, "leaf_hash": receipt.leaf_hash, "root": receipt.root,
        "key_place": receipt.provider, "passkey": receipt.passkey,
    }  # fmt: skip


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_api(SlipApi)
