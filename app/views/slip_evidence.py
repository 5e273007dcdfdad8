"""The evidence of a slip as a download; app.workflows.slip_evidence decides to whom."""

from flask import Flask, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.models import Slip
from app.views.actor import current_actor, now
from app.views.evidence import download
from app.views.guards import signed_in
from app.workflows import slip_evidence
from app.workflows.engine.rights import Actor


class SlipEvidenceView(BaseView):
    """One file that proves a slip without this system."""

    route_base = "/slips"
    default_view = "bundle"

    @expose("/<int:slip_id>/evidence.zip")
    @signed_in
    def bundle(self, slip_id: int) -> Response:
        made = slip_evidence.bundle_of(current_actor(), slip_id, now())
        return download(made, "application/zip", f"chung-cu-phieu-lay-y-kien-{slip_id}.zip")


def evidence_links(actor: Actor, slip: Slip) -> list[dict[str, str]]:
    """The downloads that are open to this person, as `ec/result.html` shows them."""
    if not slip_evidence.may_take(actor, slip):
        return []
    return [
        {"label": _("Evidence (ZIP)"), "url": url_for("SlipEvidenceView.bundle", slip_id=slip.id),
         "icon": "shield-check"},
        {"label": _("Tool that verifies the evidence"), "url": url_for("EvidenceView.tool"), "icon": "file-check"},
    ]  # fmt: skip


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view_no_menu(SlipEvidenceView)
