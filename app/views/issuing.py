"""The records office issues a Resolution: number and seal with one button, then promulgation to its recipients."""

import re

from flask import Flask, flash, jsonify, redirect, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.models import Resolution, SignatureRole
from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.views.issuing_page import issuing_page, queue_page
from app.views.parsing import BadField, json_object
from app.views.signing_requests import nonce_of, pin_of
from app.workflows import document_signing, issuing, key_places, promulgation
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.rights import Actor
from app.workflows.engine.visibility import seen

IDENTIFIER = re.compile(r"[0-9]{1,9}")
MOST_RECIPIENTS = 1000


class IssuingView(BaseView):
    """Rights, states, numbers and the seal's PIN are judged by the acts of app.workflows."""

    route_base = "/resolutions"
    default_view = "queue"

    @expose("/issue", methods=["GET"])
    @signed_in
    def queue(self) -> str:
        return render_template("ec/issue_queue.html", **queue_page(current_actor()))

    @expose("/<int:resolution_id>/issue", methods=["GET"])
    @signed_in
    def page(self, resolution_id: int) -> str:
        return render_template("ec/issue.html", **issuing_page(current_actor(), resolution_id, now()))

    @expose("/<int:resolution_id>/issue", methods=["POST"])
    @signed_in
    def issue(self, resolution_id: int) -> Response:
        """One button, two acts: a refused seal leaves the number, and the same request again goes on from there."""
        sent = json_object("nonce", "pin")
        actor, nonce = current_actor(), nonce_of(sent)
        pin = pin_of(sent, _provider(actor, resolution_id))  # with another PIN no number is given, no try is charged
        number = _numbered(actor, resolution_id, nonce)
        try:
            sealed = issuing.seal_resolution(actor, resolution_id, nonce, pin, now())
        except WorkflowError as refusal:
            refusal.details["number"] = number
            raise
        return jsonify(number=number, state=sealed.state.value)

    @expose("/<int:resolution_id>/promulgate", methods=["POST"])
    @signed_in
    def promulgate(self, resolution_id: int) -> Response:
        promulgation.promulgate_resolution(current_actor(), resolution_id, now(), _identifiers("organisations"))
        flash(_("The Resolution is promulgated and sent to its recipients."), "success")
        return redirect(url_for("IssuingView.page", resolution_id=resolution_id), 303)


def _provider(actor: Actor, resolution_id: int) -> str:
    """Where the key of the seal lives."""
    return key_places.seal_provider(seen(actor, Resolution, resolution_id).body_id)


def _numbered(actor: Actor, resolution_id: int, nonce: str) -> str:
    """The number, allotted now unless it was before; a repeated request whose seal was made asks for none."""
    resolution = seen(actor, Resolution, resolution_id)
    if not document_signing.done(resolution, SignatureRole.SEAL, nonce):
        resolution = issuing.allot_number(actor, resolution_id, now())
    return resolution.number.text if resolution.number else ""


def _identifiers(name: str) -> set[int]:
    """The chosen rows of a list of check boxes."""
    sent = request.form.getlist(name)
    if len(sent) > MOST_RECIPIENTS or not all(IDENTIFIER.fullmatch(each) for each in sent):
        raise BadField(name)
    return {int(each) for each in sent}


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(IssuingView)
