"""The recall of a Resolution: the head of the body writes the reason, sees the exact text, and signs it."""

from typing import Any

from flask import Flask, jsonify, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.models import PreparedStatement
from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.views.parsing import json_object
from app.views.resolutions import LONGEST_REASON
from app.views.signing_requests import nonce_of, pin_of
from app.workflows import promulgation
from app.workflows.rules.recall import parse_recall


class ResolutionRecallView(BaseView):
    """Prepare fixes the bytes, sign carries them out; both name the nonce of the device."""

    route_base = "/resolutions"
    default_view = "prepare"

    @expose("/<int:resolution_id>/recall/prepare", methods=["POST"])
    @signed_in
    def prepare(self, resolution_id: int) -> Response:
        sent = json_object("reason", "nonce")
        reason = sent.text("reason", LONGEST_REASON, "")
        prepared = promulgation.prepare_recall(current_actor(), resolution_id, reason, nonce_of(sent), now())
        return jsonify(_shown(prepared))

    @expose("/<int:resolution_id>/recall/sign", methods=["POST"])
    @signed_in
    def sign(self, resolution_id: int) -> Response:
        sent = json_object("nonce", "pin")
        nonce = nonce_of(sent)
        recalled = promulgation.sign_recall(current_actor(), resolution_id, nonce, pin_of(sent), now())
        url = url_for("ResolutionView.record", resolution_id=recalled.id)
        return jsonify(id=recalled.id, state=recalled.state.value, url=url)


def _shown(prepared: PreparedStatement) -> dict[str, Any]:
    """The exact text that will be signed, and its values with their names; nothing is shown that is not in it."""
    said = parse_recall(prepared.statement)
    shown = [
        (_("Act"), _("Recall the Resolution")), (_("Number and symbol"), said["number"]),
        (_("Subject"), said["subject"]),
        (_("Reason"), said["reason"]), (_("Signed by"), said["person"]), (_("Hash of the file"), said["file_sha256"]),
    ]  # fmt: skip
    return {
        "statement": prepared.statement.decode(), "shown": [list(row) for row in shown if row[1]],
        "expires_at": prepared.expires_at.isoformat(),
    }  # fmt: skip


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(ResolutionRecallView)
