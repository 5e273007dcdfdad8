"""Acts about a poll that need a signature: the chair annuls it, the head confirms what a tie means."""

from typing import Any

from flask import Flask, jsonify
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.extensions import db
from app.models import Choice, Poll, PreparedStatement, StatementKind
from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.views.parsing import json_object
from app.views.signing_requests import nonce_of, pin_of
from app.workflows import live, poll_acts
from app.workflows.engine.transaction import plain
from app.workflows.engine.words import word
from app.workflows.rules.ballot import parse_act

LONGEST_REASON = 16_000  # of the request; the act judges the text itself


class SignedActView(BaseView):
    """Prepare fixes the bytes, sign carries them out; like a ballot, both name the nonce of the device."""

    route_base = "/polls"
    default_view = "prepare_annulment"

    @expose("/<int:poll_id>/annul/prepare", methods=["POST"])
    @signed_in
    def prepare_annulment(self, poll_id: int) -> Response:
        sent = json_object("reason", "nonce")
        reason = sent.text("reason", LONGEST_REASON, "")
        prepared = poll_acts.prepare_annulment(current_actor(), poll_id, reason, nonce_of(sent), now())
        return jsonify(_prepared(prepared))

    @expose("/<int:poll_id>/annul/sign", methods=["POST"])
    @signed_in
    def sign_annulment(self, poll_id: int) -> Response:
        return _sign(poll_id, StatementKind.POLL_ANNULMENT)

    @expose("/<int:poll_id>/tie/prepare", methods=["POST"])
    @signed_in
    def prepare_confirmation(self, poll_id: int) -> Response:
        sent = json_object("nonce")
        return jsonify(_prepared(poll_acts.prepare_tie_confirmation(current_actor(), poll_id, nonce_of(sent), now())))

    @expose("/<int:poll_id>/tie/sign", methods=["POST"])
    @signed_in
    def sign_confirmation(self, poll_id: int) -> Response:
        return _sign(poll_id, StatementKind.TIE_CONFIRMATION)


def _sign(poll_id: int, kind: StatementKind) -> Response:
    sent = json_object("nonce", "pin")
    pin = pin_of(sent)
    done = poll_acts.sign_act(current_actor(), poll_id, nonce_of(sent), pin, now(), kind)
    return jsonify(plain(live.snapshot(current_actor(), done.meeting_id, now())))


def _prepared(prepared: PreparedStatement) -> dict[str, Any]:
    """The exact text that will be signed, and its values with their names; nothing is shown that is not in it."""
    said = parse_act(prepared.statement)
    poll = db.session.get_one(Poll, prepared.poll_id)
    acts = {
        StatementKind.POLL_ANNULMENT: _("Annul the vote"),
        StatementKind.TIE_CONFIRMATION: _("Confirm the consequence of the tie"),
    }
    shown = [
        (_("Act"), acts[prepared.kind]),
        (_("Question"), poll.question),
        (_("Reason"), said["reason"]),
        (_("Follows the vote"), str(word(Choice(said["choice"]))) if said["choice"] else ""),
        (_("Signed by"), f"{said['person']}, {said['post']}"),
    ]
    return {
        "statement": prepared.statement.decode(), "shown": [list(row) for row in shown if row[1]],
        "expires_at": prepared.expires_at.isoformat(),
    }  # fmt: skip


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(SignedActView)
