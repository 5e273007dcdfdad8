"""The own signing key and its certificate; taking a new one that two people have confirmed."""

from typing import Any

from flask import Flask, flash, redirect, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext, pgettext

from app.gateways import signing
from app.models import KeyState
from app.views.actor import current_actor, now
from app.views.guards import signed_in
from app.views.parsing import BadField
from app.views.password_again import require_password
from app.workflows import keys
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.rights import GRANTS, Right
from app.workflows.engine.words import word
from app.workflows.own_key import OwnKey, may_enrol, own_key_of

KINDS_OF_KEY = {KeyState.ACTIVE: "ok", KeyState.SUSPENDED: "warn", KeyState.REPLACED: ""}


class PinsDiffer(BadField):
    code = "pins_differ"
    message = lazy_gettext("The two PINs are not the same.")


class KeyView(BaseView):
    """Everybody sees the own key alone; app.workflows.keys decides who may take a new one."""

    route_base = "/keys"
    default_view = "own"

    @expose("/")
    @signed_in
    def own(self) -> str:
        return _page()

    @expose("/enrol", methods=["POST"])
    @signed_in
    def enrol(self) -> Any:
        at = now()
        try:
            require_password(request.form.get("password", ""), at)
            pin = request.form.get("pin", "")
            if pin != request.form.get("pin_again", ""):
                raise PinsDiffer("pin_again")
            keys.enrol_own_key(current_actor(), pin, at)
        except WorkflowError as refusal:
            return _page(refusal), refusal.http_status
        flash(_("Your new signing key is ready. From now on you sign with the new PIN."), "success")
        return redirect(url_for("KeyView.own"), 303)


def _page(refusal: WorkflowError | None = None) -> str:
    actor, at = current_actor(), now()
    own = own_key_of(actor, at)
    return render_template(
        "ec/keys.html", key=own and _shown(own), may_enrol=may_enrol(actor),
        problem=str(refusal) if refusal else None, problem_field=refusal.field if refusal else None,
        recoveries_url=url_for("RecoveryRecords.list") if actor.holds(GRANTS[Right.KEY_RECOVER]) else None,
    )  # fmt: skip


def _shown(own: OwnKey) -> dict[str, Any]:
    certificate = own.key.certificate
    label, kind = _state(own)
    return {
        "name": certificate.subject, "serial": certificate.serial, "issuer": certificate.issuer,
        "sha256": certificate.sha256, "not_before": certificate.not_before, "not_after": certificate.not_after,
        "state_label": label, "state_kind": kind,
        "suspended": own.key.state is KeyState.SUSPENDED, "tries_left": own.tries_left, "most": keys.MOST_TRIES,
        "locked_until": own.locked_until, "revoked_at": own.revoked_at, "expires_soon": own.expires_soon,
        "expired": own.expired, "label": signing.place(own.key.provider),
    }  # fmt: skip


def _state(own: OwnKey) -> tuple[Any, str]:
    """What counts for the owner: a certificate that ended says more than the state of its key."""
    if own.revoked_at:
        return pgettext("certificate", "Revoked"), "bad"
    if own.expired:
        return pgettext("certificate", "Expired"), "bad"
    return word(own.key.state), KINDS_OF_KEY[own.key.state]


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(KeyView)
