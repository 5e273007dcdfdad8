"""The own passkeys: which there are, adding one, removing one."""

from typing import Any

from flask import Flask, flash, jsonify, redirect, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.gateways.passkeys import relying_party
from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.views.parsing import json_object
from app.views.password_again import living_session, require_password
from app.workflows import passkeys
from app.workflows.engine.errors import WorkflowError
from app.workflows.rules.passwords import LONGEST

LONGEST_ID, LONGEST_CLIENT_DATA, LONGEST_ATTESTATION = 1400, 4096, 16_000  # letters
MOST_TRANSPORTS = 8


class PasskeyView(BaseView):
    """Everybody adds and removes the own ones alone; app.workflows.passkeys decides."""

    route_base = "/passkeys"
    default_view = "own"

    @expose("/")
    @signed_in
    def own(self) -> str:
        return _page()

    @expose("/begin", methods=["POST"])
    @signed_in
    def begin(self) -> Response:
        """The password, and what the device is called; the answer is what the browser asks its authenticator."""
        sent, at = json_object("password", "label"), now()
        session_id = require_password(sent.text("password", LONGEST), at).session_id
        label = sent.text("label", LONGEST)
        return jsonify(passkeys.begin_enrolment(current_actor(), session_id, current_user.username, label, at))

    @expose("/complete", methods=["POST"])
    @signed_in
    def complete(self) -> Response:
        sent = json_object("id", "client_data", "attestation", "transports")
        made = passkeys.Made(
            sent.base64url("id", LONGEST_ID), sent.base64url("client_data", LONGEST_CLIENT_DATA),
            sent.base64url("attestation", LONGEST_ATTESTATION), sent.words("transports", MOST_TRANSPORTS),
        )  # fmt: skip
        added = passkeys.complete_enrolment(current_actor(), living_session().session_id, made, now())
        flash(_("The passkey is added. From now on it can confirm your ballots."), "success")
        return jsonify(label=added.label)

    @expose("/<int:passkey_id>/remove", methods=["POST"])
    @signed_in
    def remove(self, passkey_id: int) -> Any:
        at = now()
        try:
            require_password(request.form.get("password", ""), at)
            passkeys.remove_passkey(current_actor(), passkey_id, at)
        except WorkflowError as refusal:
            if refusal.field != "password":
                raise
            return _page(str(refusal), passkey_id), refusal.http_status
        flash(_("The passkey is removed. It confirms nothing any more."), "success")
        return redirect(url_for("PasskeyView.own"), 303)


def _page(problem: str | None = None, problem_id: int | None = None) -> str:
    actor, party = current_actor(), relying_party()
    return render_template(
        "ec/passkeys.html", passkeys=passkeys.kept_passkeys(actor.person_id or 0), may_add=passkeys.may_enrol(actor),
        origin=party.origin if party else None, most=passkeys.MOST_PASSKEYS, longest=passkeys.LONGEST_LABEL,
        problem=problem, problem_id=problem_id,
    )  # fmt: skip


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(PasskeyView)
