"""The rooms of one slip for those who see its board: one bar on each page, and the evidence when it is over."""

from typing import Any

from flask import url_for
from flask_babel import gettext as _

from app.models import Slip
from app.views.slip_evidence import evidence_links
from app.workflows.engine.rights import Actor, Right
from app.workflows.slip_reports import COUNTED

BOARD, SYNTHESIS, EXPLANATIONS, REPORT = "board", "synthesis", "explanations", "report"


def slip_tabs(actor: Actor, slip: Slip, current: str) -> dict[str, Any]:
    """The context of templates/ec/_slip_tabs.html: nothing for whoever does not see the board."""
    if not actor.may(Right.SLIP_BOARD, slip) or slip.definition_sha256 is None:
        return {"tabs": [], "tab": current, "evidence": []}
    rooms = [(BOARD, _("Board"), "SlipBoardView.board")]
    if slip.state in COUNTED:
        rooms += [
            (SYNTHESIS, _("Synthesis"), "SlipSynthesisView.page"),
            (EXPLANATIONS, _("Acceptance and explanation"), "SlipExplanationView.page"),
            (REPORT, _("Outcome and decision"), "SlipReportView.report"),
        ]
    tabs = [{"key": key, "label": label, "url": url_for(endpoint, slip_id=slip.id)} for key, label, endpoint in rooms]
    return {"tabs": tabs, "tab": current, "evidence": evidence_links(actor, slip)}
