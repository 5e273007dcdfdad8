"""The signer's desk: every page of the Resolution, what must hold before it is signed, the PIN, and the receipt."""

import datetime as dt
import re
from typing import Any

from flask import Flask, jsonify, render_template, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.models import DocumentSignature, Resolution, ResolutionState, SignatureRole
from app.views.actor import current_actor, now
from app.views.durations import span
from app.views.guards import signed_in
from app.views.parsing import BadField, Sent, form_text, json_object
from app.views.resolution_gate import gates, presented
from app.views.resolution_page import copy, head, live, read
from app.views.resolution_watch import watch_of
from app.views.resolutions import LONGEST_REASON, done
from app.views.signing_requests import nonce_of, pin_of
from app.workflows import document_signing, resolutions
from app.workflows.courses import steps_of
from app.workflows.engine.errors import WrongState
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import plain
from app.workflows.engine.words import word
from app.workflows.key_places import places_of
from app.workflows.rules.resolution import parse_text

SHA256 = re.compile(r"[0-9a-f]{64}")
MOST_TABS = 4  # pages that have a tab each; more are turned with buttons


class ResolutionSigningView(BaseView):
    """Only for the person to whom it is presented; app.workflows.document_signing decides."""

    route_base = "/resolutions"
    default_view = "page"

    @expose("/<int:resolution_id>/sign")
    @signed_in
    def page(self, resolution_id: int) -> str:
        return render_template("ec/resolution_sign.html", **signing_page(current_actor(), resolution_id, now()))

    @expose("/<int:resolution_id>/sign", methods=["POST"])
    @signed_in
    def sign(self, resolution_id: int) -> Response:
        sent, actor, at = json_object("file_sha256", "nonce", "pin", "changes_seen"), current_actor(), now()
        sha256, nonce, seen = _sha256(sent), nonce_of(sent), sent.flag("changes_seen")
        signed = document_signing.sign_resolution(actor, resolution_id, sha256, nonce, pin_of(sent), at, seen)
        return jsonify(receipt=plain(receipt(signed, at)))

    @expose("/<int:resolution_id>/return", methods=["POST"])
    @signed_in
    def send_back(self, resolution_id: int) -> Response:
        """Trả lại, nêu lý do."""
        reason = form_text("reason", LONGEST_REASON)
        returned = resolutions.return_resolution(current_actor(), resolution_id, reason, now())
        return done(returned, _("The Resolution is returned to the Government Office."))


def signing_page(actor: Actor, resolution_id: int, at: dt.datetime) -> dict[str, Any]:
    """The context of templates/ec/resolution_sign.html; a refusal for everybody but the signer."""
    resolution = read(actor, resolution_id)
    actor.require(resolutions.LIFECYCLE.moves["sign"].right, resolution)
    resolutions.require_signer(actor, resolution)
    waiting, done_by_me = resolution.state is ResolutionState.PRESENTED, _signature(resolution)
    if not waiting and done_by_me is None:
        raise WrongState(resolution, move="sign", state=word(resolution.state))
    file = presented(resolution)
    pages = copy(actor, resolution)
    return {
        "resolution": head(resolution), "file": {"sha256": file.sha256, "pages": file.pages}, "copy": pages,
        "text": parse_text(file.version.text), "gates": gates(actor, resolution, file, at) if waiting else None,
        "receipt": receipt(resolution, at) if done_by_me else None, "course": watch_of(resolution, at),
        "drafted": resolution.presented_at, "live": live(actor, resolution),
        "tabs": bool(pages) and file.pages <= MOST_TABS,
        "urls": {
            "sign": url_for("ResolutionSigningView.sign", resolution_id=resolution.id),
            "return": url_for("ResolutionSigningView.send_back", resolution_id=resolution.id),
            "record": url_for("ResolutionView.record", resolution_id=resolution.id),
        },
    }  # fmt: skip


def receipt(resolution: Resolution, at: dt.datetime) -> dict[str, Any]:
    """What stands once it is signed; times aware."""
    signature = _signature(resolution)
    if signature is None:
        raise WrongState(resolution, move="sign", state=word(resolution.state))
    statement = signature.statement
    signed = next(step for step in steps_of(resolution) if step.code == "signed")
    return {
        "at": statement.signed_at, "since": "" if signed.since_close is None else span(signed.since_close),
        "certificate_name": statement.certificate.subject, "certificate_serial": statement.certificate.serial,
        "certificate_until": statement.certificate.not_after, "file_sha256": signature.file.sha256,
        "key_label": str(places_of([statement.certificate_id])[statement.certificate_id]),
        "statement_sha256": statement.sha256, "next": _next(resolution),
        "record_url": url_for("ResolutionView.record", resolution_id=resolution.id),
    }  # fmt: skip


def _next(resolution: Resolution) -> str:
    """What comes after the signature, as far as the Resolution has come."""
    number = resolution.number.text if resolution.number else ""
    return {
        ResolutionState.SIGNED: _("Next: the records office allots the number and applies the seal."),
        ResolutionState.NUMBERED: _("Number %(number)s is allotted. Next: the seal.", number=number),
        ResolutionState.SEALED: _("Sealed under number %(number)s. Next: promulgation.", number=number),
        ResolutionState.PROMULGATED: _("Promulgated under number %(number)s.", number=number),
    }.get(resolution.state, str(word(resolution.state)))


def _signature(resolution: Resolution) -> DocumentSignature | None:
    return next((one for one in resolution.signatures if one.role is SignatureRole.SIGNATURE), None)


def _sha256(sent: Sent) -> str:
    value = sent.text("file_sha256", 64)
    if not SHA256.fullmatch(value):
        raise BadField("file_sha256")
    return value


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(ResolutionSigningView)
