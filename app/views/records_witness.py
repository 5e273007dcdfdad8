"""Record screens of the witnesses: what they confirmed, and the gaps that two people declared."""

from typing import Any

from flask import Flask, flash, redirect, url_for
from flask_appbuilder import AppBuilder, expose, has_access
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from markupsafe import Markup

from app.models import DeclaredGap, WitnessReport
from app.views.actor import current_actor, now
from app.views.record_forms import RecordForm
from app.views.record_rows import RecordInterface
from app.views.record_words import digest
from app.views.records import Answer, RecordView, Step, Steps
from app.views.records_audit import AUDIT
from app.workflows import gaps, witnessing
from app.workflows.engine.rights import Actor, Right


def signed_note(note: Any) -> Any:
    """The signed proof as it came."""
    return Markup('<pre class="rec-json">{}</pre>').format(note) if note else ""


class WitnessRecords(RecordView):
    """Each comparison with a witness, newest first."""

    route_base = "/records/witness"
    datamodel = RecordInterface(WitnessReport)
    list_title, show_title = _("Comparisons with the witness"), _("Comparison with the witness")
    list_columns = ["at", "witness", "finding", "known_size", "own_size"]
    show_columns = ["at", "witness", "finding", "known_size", "own_size", "said", "about", "note"]
    search_columns = ["witness", "finding", "at"]
    order_columns = ["at"]
    chips = ("finding",)
    title_column = "witness"
    words = {"about": digest, "note": signed_note}
    label_columns = {
        "at": _("Time"), "witness": _("Witness"), "finding": _("What was found"),
        "known_size": _("Entries that the witness confirmed"), "own_size": _("Entries here"),
        "said": _("Its answer"), "about": _("SHA-256 of the proof"), "note": _("Signed proof"),
    }  # fmt: skip

    def steps(self, row: WitnessReport, actor: Actor) -> Steps:
        if not actor.may(Right.GAP_DECIDE, row) or row.finding not in witnessing.DOUBTFUL:
            return []
        return [Step(_("Declare the gap"), url_for("GapRecords.add"), href=True, look="primary")]


class GapRecords(RecordView):
    """One declares, the holder of the other office confirms: the head of the body and an auditor."""

    route_base = "/records/gaps"
    datamodel = RecordInterface(DeclaredGap, joined=("report", "declared_by", "consent", "consent.person"))
    acts = {"add": gaps.declare_gap}
    list_title, show_title = _("Declared gaps of the log"), _("Declared gap of the log")
    add_title = _("Declare a gap of the log")
    list_columns = ["report.witness", "missing_from", "missing_to", "declared_by.full_name", "declared_at",
                    "consent.person.full_name", "consent.at"]  # fmt: skip
    show_columns = ["report.witness", "report.finding", "missing_from", "missing_to", "reason", "declared_by.full_name",
                    "declared_as", "declared_at", "consent.person.full_name", "consent.at", "report.note"]  # fmt: skip
    add_columns = ["reason"]
    search_columns = ["declared_at"]
    order_columns = ["declared_at"]
    title_column = "report.witness"
    words = {"report.note": signed_note}
    label_columns = {
        "report.witness": _("Witness"), "report.finding": _("What was found"),
        "missing_from": _("First missing entry"), "missing_to": _("Last missing entry"), "reason": _("Reason"),
        "declared_by.full_name": _("Declared by"), "declared_as": _("As"), "declared_at": _("Declared at"),
        "consent.person.full_name": _("Confirmed by"), "consent.at": _("Confirmed at"),
        "report.note": _("Signed proof"),
    }  # fmt: skip
    description_columns = {
        "reason": _("Why entries are missing, what was done to find them, and which backup this is."),
    }
    method_permission_name = {"confirm": "confirm"}

    def may_add(self, actor: Actor) -> bool:
        return gaps.may_declare(actor)

    def steps(self, row: DeclaredGap, actor: Actor) -> Steps:
        if row.consent is not None or not gaps.may_confirm(actor, row):
            return []
        sure = _("Declare together that these entries are missing, and let votes be opened again?")
        here = f"{self.route_base}/{row.id}/confirm"
        return [Step(_("Confirm as the second person"), here, look="act", confirm=sure)]

    @expose("/<int:pk>/confirm", methods=["POST"])
    @has_access
    def confirm(self, pk: int) -> Answer:
        gaps.confirm_gap(current_actor(), pk, now=now())
        flash(gettext("Confirmed by a second person."), "success")
        return redirect(self.show_url(pk))

    def prepare(self, form: RecordForm, row: Any) -> None:
        """Nobody is shown a form whose act is not open to him."""
        gaps.require_right(current_actor())

    def landing(self, made: Any) -> str:
        return self.show_url(made.id)


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view(WitnessRecords, "WitnessRecords", label=_("Comparisons with the witness"), category=AUDIT)
    appbuilder.add_view(GapRecords, "GapRecords", label=_("Declared gaps of the log"), category=AUDIT)
