"""Record screens of the seal and of specimen signatures: what may stand on a document, and since when."""

from collections.abc import Callable
from typing import Any

from flask import Flask, flash, redirect, url_for
from flask_appbuilder import AppBuilder, expose, has_access
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response
from wtforms import PasswordField
from wtforms.widgets import PasswordInput

from app.gateways import signing
from app.models import KeyState, Person, SealKey, SignaturePicture
from app.views.actor import current_actor, now
from app.views.parsing import NOTHING_YET
from app.views.record_fields import BodyField, PickField, UploadField, needed
from app.views.record_forms import RecordForm
from app.views.record_rows import RecordInterface
from app.views.record_words import digest, ending
from app.views.records import Answer, RecordView, Step, Steps
from app.views.records_outgoing import LABEL, REGISTERS
from app.workflows import seals
from app.workflows.engine.errors import BadValue
from app.workflows.engine.rights import Actor, Right

MOST_READ = 1024 * 1024  # more than any picture that is accepted: what is larger is refused by its length
PICTURE_HELP = _("A transparent PNG, 80 to 2000 pixels on each side, at most 512 KB.")


class PinsDiffer(BadValue):
    code, field = "pins_differ", "pin_again"
    message = _("The two PINs are not the same.")


class PinField(PasswordField):
    """Six digits that are never shown again, not even after a refusal."""

    widget = PasswordInput(hide_value=True)

    def __call__(self, **kwargs: Any) -> Any:
        marks = {"class": "form-control is-short", "inputmode": "numeric", "maxlength": 6, "autocomplete": "off"}
        return super().__call__(**{**marks, **kwargs})


class PictureField(UploadField):
    """A PNG; what it must be like is judged by the act."""

    def __call__(self, **kwargs: Any) -> Any:
        return super().__call__(**{"accept": "image/png,.png", **kwargs})


def content_of(form: RecordForm) -> bytes:
    """The uploaded picture, or as much of it as is needed to see that it is too large."""
    sent: bytes = form.picture.data.stream.read(MOST_READ)
    return sent


def picture_answer(png: bytes) -> Response:
    return Response(png, mimetype="image/png", headers={"X-Content-Type-Options": "nosniff"})


def preview(view: str, alt: Any) -> Callable[[int], Markup]:
    """A formatter that shows the picture of the row with that number."""

    def shown(row_id: int) -> Markup:
        address = url_for(f"{view}.picture", pk=row_id)
        return Markup('<img class="rec-picture" src="{}" alt="{}" loading="lazy">').format(address, alt)

    return shown


def place_of(key_ref: str) -> Any:
    """Where the key of a seal lives, in words."""
    return signing.place(signing.provider_of(key_ref))


class SealRecords(RecordView):
    """Keys of the organisation, and the pictures of their seals; nothing secret is here."""

    route_base = "/records/seals"
    datamodel = RecordInterface(SealKey, joined=("certificate", "enrolled_by"))
    acts = {"add": seals.enrol_seal}
    list_title, show_title, add_title = _("Digital seals"), _("Digital seal"), _("Register a seal")
    list_columns = ["certificate.subject", "id", "state", "key_ref", "certificate.not_before", "certificate.not_after",
                    "certificate.serial", "enrolled_by.full_name", "enrolled_at"]  # fmt: skip
    show_columns = ["certificate.subject", "id", "state", "key_ref", "certificate.issuer", "certificate.serial",
                    "certificate.sha256", "certificate.not_before", "certificate.not_after", "failed_tries",
                    "locked_until", "enrolled_by.full_name", "enrolled_at"]  # fmt: skip
    add_columns = ["body_id", "picture", "pin", "pin_again"]
    search_columns = ["certificate.subject", "state", "certificate.serial", "enrolled_at"]
    order_columns = ["state", "enrolled_at"]
    chips = ("state",)
    title_column = "certificate.subject"
    words = {"id": preview("SealRecords", _("Picture of the seal")), "certificate.sha256": digest,
             "certificate.not_after": ending, "key_ref": place_of}  # fmt: skip
    label_columns = {
        "body_id": _("Body"), "certificate.subject": _("Organisation"), "id": _("Picture of the seal"),
        "picture": _("Picture of the seal"), "pin": _("PIN of the seal"), "pin_again": _("PIN of the seal again"),
        "state": _("State"), "key_ref": _("Kept as"), "certificate.issuer": _("Issuer"),
        "certificate.serial": _("Serial number"),
        "certificate.sha256": _("SHA-256"), "certificate.not_before": _("Valid from"),
        "certificate.not_after": _("Valid until"), "failed_tries": _("Wrong PIN entries"),
        "locked_until": _("Locked until"), "enrolled_by.full_name": _("Registered by"),
        "enrolled_at": _("Registered at"),
    }  # fmt: skip
    add_form_extra_fields = {
        "body_id": BodyField(_("Body"), description=_("The earlier seal of the body is replaced by the new one.")),
        "picture": PictureField(_("Picture of the seal"), [needed()], description=PICTURE_HELP),
        "pin": PinField(_("PIN of the seal"), [needed()], description=_("6 digits. The PIN is not kept anywhere.")),
        "pin_again": PinField(_("PIN of the seal again"), [needed()]),
    }
    method_permission_name = {"suspend": "suspend", "picture": "show"}

    def values(self, form: RecordForm, row_id: int | None) -> dict[str, Any]:
        given = form.values()
        if given.pop("pin_again") != given["pin"]:
            raise PinsDiffer(NOTHING_YET)
        return {**given, "picture": content_of(form)}

    def steps(self, row: SealKey, actor: Actor) -> Steps:
        if row.state is not KeyState.ACTIVE or not actor.may(Right.SEAL_KEEP, row):
            return []
        sure = _("Nothing can be sealed until another seal is registered. Suspend this one?")
        return [Step(_("Suspend the seal"), f"{self.route_base}/{row.id}/suspend", look="act", confirm=sure)]

    @expose("/<int:pk>/suspend", methods=["POST"])
    @has_access
    def suspend(self, pk: int) -> Answer:
        seals.suspend_seal(current_actor(), pk, now=now())
        flash(gettext("The seal is suspended."), "success")
        return redirect(self.show_url(pk))

    @expose("/<int:pk>/picture.png")
    @has_access
    def picture(self, pk: int) -> Response:
        return picture_answer(self.row(pk).picture)


class SpecimenRecords(RecordView):
    """Specimen signatures by person; the latest one counts, earlier ones stay."""

    route_base = "/records/signature-pictures"
    datamodel = RecordInterface(SignaturePicture, joined=("person",))
    acts = {"add": seals.set_picture}
    list_title, show_title, add_title = _("Specimen signatures"), _("Specimen signature"), _("Register a specimen")
    list_columns = ["person.full_name", "id", "at", "sha256"]
    show_columns = ["person.full_name", "id", "at", "sha256"]
    add_columns = ["person_id", "picture"]
    search_columns = ["person.full_name", "at"]
    order_columns = ["at"]
    title_column = "person.full_name"
    words = {"id": preview("SpecimenRecords", _("Specimen signature")), "sha256": digest}
    label_columns = {
        "person_id": _("Signer"), "person.full_name": _("Signer"), "id": _("Specimen signature"),
        "picture": _("Picture of the signature"), "at": _("Registered at"), "sha256": _("SHA-256"),
    }  # fmt: skip
    add_form_extra_fields = {
        "person_id": PickField("people", Person, _("Signer"), [needed()]),
        "picture": PictureField(_("Picture of the signature"), [needed()], description=PICTURE_HELP),
    }
    method_permission_name = {"picture": "show"}

    def values(self, form: RecordForm, row_id: int | None) -> dict[str, Any]:
        return {"person_id": form.person_id.data, "picture": content_of(form)}

    @expose("/<int:pk>/picture.png")
    @has_access
    def picture(self, pk: int) -> Response:
        return picture_answer(self.row(pk).png)


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view(SealRecords, "SealRecords", label=_("Digital seals"), category=REGISTERS, category_label=LABEL)
    appbuilder.add_view(SpecimenRecords, "SpecimenRecords", label=_("Specimen signatures"), category=REGISTERS)
