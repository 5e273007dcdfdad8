"""Record screens of the signing keys: whose is locked, and the two people who unlock or replace it."""

from typing import Any

from flask import Flask, flash, redirect, url_for
from flask_appbuilder import AppBuilder, expose, has_access
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.gateways import signing
from app.models import KeyRecovery, Person, RecoveryKind, SigningKey
from app.views.actor import current_actor, now
from app.views.record_chips import ChippedView
from app.views.record_fields import PickField, needed
from app.views.record_rows import RecordInterface
from app.views.record_words import ending
from app.views.records import Answer, RecordView, Step, Steps
from app.workflows import expiry, keys
from app.workflows.engine.rights import Actor, Right
from app.workflows.slip_waiting import slips_signed_with_the_key_of

KEYS = "Keys"
CLOSED = _(
    "Signing keys are unlocked and replaced by two people of the Government Office. Administrators keep accounts and "
    "their screens and have no part in keys."
)

SURE = {
    RecoveryKind.UNLOCK: _("Unlock the key now?"),
    RecoveryKind.REPLACE: _("Suspend the key and allow a new one?"),
    RecoveryKind.PASSKEYS: _("Remove every passkey of this person now?"),
}


class KeyRecords(ChippedView):
    """Keys in the signer's care; nothing secret is here."""

    route_base = "/records/keys"
    closed = CLOSED
    datamodel = RecordInterface(SigningKey, joined=("person", "certificate"))
    list_title, show_title = _("Signing keys"), _("Signing key")
    list_columns = ["person.full_name", "state", "provider", "certificate.not_after", "failed_tries", "locked_until",
                    "enrolled_at"]  # fmt: skip
    show_columns = ["person.full_name", "state", "provider", "certificate.subject", "certificate.issuer",
                    "certificate.serial", "certificate.not_before", "certificate.not_after", "failed_tries",
                    "locked_until", "enrolled_at"]  # fmt: skip
    search_columns = ["person.full_name", "state", "provider", "certificate.not_after", "locked_until"]
    order_columns = ["state", "provider", "failed_tries", "locked_until", "enrolled_at"]
    chips = ("state",)
    selections = {
        "ending": (_("Ending soon"), lambda at: SigningKey.certificate_id.in_(expiry.ending_ids(at))),
        "revoked": (_("Revoked"), lambda _at: SigningKey.certificate_id.in_(expiry.revoked_ids())),
    }
    words = {"provider": signing.place, "certificate.not_after": ending}
    title_column = "person.full_name"
    label_columns = {
        "person.full_name": _("Owner"), "state": _("State"), "provider": _("Kept as"),
        "failed_tries": _("Wrong PIN entries"),
        "locked_until": _("Locked until"), "enrolled_at": _("Enrolled at"),
        "certificate.subject": _("Name in the certificate"),
        "certificate.issuer": _("Issuer"), "certificate.serial": _("Serial number"),
        "certificate.not_before": _("Valid from"), "certificate.not_after": _("Valid until"),
    }  # fmt: skip

    def steps(self, row: SigningKey, actor: Actor) -> Steps:
        if row.person_id == actor.person_id or not actor.may(Right.KEY_RECOVER, row):
            return []
        ask = url_for("RecoveryRecords.add", _flt_0_person_id=row.person_id)
        label = _("Ask for unlocking, replacement or removal of passkeys")
        return [Step(label, ask, href=True, look="primary", icon="key")]


class RecoveryRecords(RecordView):
    """One person asks, another one confirms, and neither of them is the owner."""

    route_base = "/records/recoveries"
    closed = CLOSED
    datamodel = RecordInterface(KeyRecovery, joined=("person", "requested_by", "approved_by"))
    acts = {"add": keys.request_recovery}
    list_title, show_title = _("Unlocking and replacing keys"), _("Unlocking or replacement")
    add_title = _("Ask for unlocking or replacement")
    list_columns = ["person.full_name", "kind", "requested_by.full_name", "requested_at", "approved_by.full_name",
                    "approved_at", "used_at"]  # fmt: skip
    show_columns = ["person.full_name", "kind", "reason", "requested_by.full_name", "requested_at",
                    "approved_by.full_name", "approved_at", "used_at"]  # fmt: skip
    add_columns = ["person_id", "kind", "reason"]
    search_columns = ["person.full_name", "kind", "requested_at"]
    order_columns = ["kind", "requested_at", "approved_at", "used_at"]
    title_column = "person.full_name"
    label_columns = {
        "person_id": _("Owner of the key"), "person.full_name": _("Owner of the key"), "kind": _("What is asked for"),
        "reason": _("Reason"), "requested_by.full_name": _("Asked by"), "requested_at": _("Asked at"),
        "approved_by.full_name": _("Confirmed by"), "approved_at": _("Confirmed at"), "used_at": _("Took effect"),
    }  # fmt: skip
    description_columns = {
        "kind": _("Unlocking lets the owner try again. Replacing suspends the key until the owner enrols a new one. "
                  "Removing the passkeys takes all of them out, for a device that is lost; the key stays."),
    }
    add_form_extra_fields = {"person_id": PickField("people", Person, _("Owner of the key"), [needed()])}
    method_permission_name = {"approve": "approve"}

    def steps(self, row: KeyRecovery, actor: Actor) -> Steps:
        concerned = (row.person_id, row.requested_by_id)
        if row.approved_at or actor.person_id in concerned or not actor.may(Right.KEY_RECOVER, row):
            return []
        here = f"{self.route_base}/{row.id}/approve"
        return [Step(_("Confirm as the second person"), here, look="act", confirm=SURE[row.kind])]

    @expose("/<int:pk>/approve", methods=["POST"])
    @has_access
    def approve(self, pk: int) -> Answer:
        confirmed = keys.approve_recovery(current_actor(), pk, now=now())
        flash(gettext("Confirmed by a second person."), "success")
        if confirmed.kind is RecoveryKind.REPLACE:
            _tell_of_slips(confirmed.person_id)
        return redirect(self.show_url(pk))

    def landing(self, made: Any) -> str:
        return self.show_url(made.id)


def _tell_of_slips(person_id: int) -> None:
    """Slips under way name the certificate that was just revoked: the Office must know before their deadline."""
    waiting = len(slips_signed_with_the_key_of(person_id, now()))
    if waiting:
        told = gettext("%(n)s slips under way can be signed by this member with the old certificate only. A new round "
                       "of each must begin before its deadline, so that the member can answer.", n=waiting)  # fmt: skip
        flash(told, "warning")


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view(KeyRecords, "KeyRecords", label=_("List of keys"), category=KEYS,
                        category_label=_("Signing keys"))  # fmt: skip
    appbuilder.add_view(RecoveryRecords, "RecoveryRecords", label=_("Unlocking and replacing keys"), category=KEYS)
