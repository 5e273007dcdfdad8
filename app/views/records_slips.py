"""Record screen of the opinion slips: every slip from its draft to the decision, with its deadline and outcome."""

from typing import Any

from flask import Flask, url_for
from flask_appbuilder import AppBuilder
from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext as _p
from sqlalchemy import and_

from app.models import Outcome, Slip, SlipState
from app.views.record_chips import ChippedView
from app.views.record_rows import RecordInterface
from app.views.record_words import NOTHING, digest
from app.views.records import Step, Steps
from app.views.slip_office_words import address_of
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.words import word

SLIPS = "Slips"
IN_THE_MAKING = (SlipState.DRAFT, SlipState.SUBMITTED, SlipState.APPROVED)


def outcome(found: Outcome | None) -> str:
    return str(word(found)) if found else NOTHING


class SlipRecords(ChippedView):
    """Read only: a slip is composed, approved and run on its own pages."""

    route_base = "/records/slips"
    datamodel = RecordInterface(Slip, joined=("organisation", "drafted_by", "rule_set"))
    list_title, show_title = _("Opinion slips"), _("Opinion slip")
    list_columns = ["matter", "number_text", "organisation.name", "urgency", "state", "issued_at", "deadline_at",
                    "closed_at", "outcome", "round"]  # fmt: skip
    show_columns = ["matter", "number_text", "round", "organisation.name", "legal_basis", "urgency", "working_days",
                    "passkey_demanded", "state", "drafted_by.full_name", "drafted_at", "issued_at", "deadline_at",
                    "closed_at", "ended_at", "outcome", "reason", "rule_set.name", "definition_sha256"]  # fmt: skip
    search_columns = ["matter", "number_text", "organisation.name", "urgency", "state", "issued_at", "deadline_at",
                      "outcome"]  # fmt: skip
    order_columns = ["matter", "state", "issued_at", "deadline_at", "closed_at"]
    base_order = ("id", "desc")
    chips = ("state",)
    title_column = "matter"
    words = {"outcome": outcome, "definition_sha256": digest}
    selections = {
        "making": (_("Being prepared"), lambda _at: Slip.state.in_(IN_THE_MAKING)),
        "running": (_("Opinions being collected"), lambda _at: Slip.state == SlipState.ISSUED),
        "overdue": (_("Time over, not counted yet"),
                    lambda at: and_(Slip.state == SlipState.ISSUED, Slip.deadline_at <= at)),
        "undecided": (_("Counted, not decided"),
                      lambda _at: Slip.state.in_([SlipState.CLOSED, SlipState.REPORTED])),
    }  # fmt: skip
    label_columns = {
        "matter": _("Matter"), "number_text": _("Number and symbol"), "organisation.name": _("Lead ministry"),
        "urgency": _("Urgency"), "state": _("State"), "issued_at": _("Issued at"), "deadline_at": _("Answer until"),
        "closed_at": _("Closed at"), "outcome": _("Outcome"), "round": _("Round"), "legal_basis": _("Legal basis"),
        "working_days": _("Working days to answer"), "passkey_demanded": _("Ask for a passkey beside the PIN"),
        "drafted_by.full_name": _("Drafted by"), "drafted_at": _("Drafted at"), "ended_at": _("Ended at"),
        "reason": _("Reason"), "rule_set.name": _("Rule set"),
        "definition_sha256": _("SHA-256 of the frozen slip"),
    }  # fmt: skip

    def steps(self, row: Slip, actor: Actor) -> Steps:
        """The page where one goes on, and a copy for whoever drafts."""
        steps = [Step(_("Open the slip"), address_of(row, actor), href=True, look="primary", icon="file")]
        if actor.may(Right.SLIP_DRAFT, row):
            copy = url_for("SlipComposeView.clone", slip_id=row.id)
            steps.append(Step(_("Copy into a new draft"), copy, icon="copy"))
        return steps


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    label: Any = _p("menu", "Slips")
    appbuilder.add_link("SlipQueue", href="SlipOfficeView.queue", label=_("Slips in the making and under way"),
                        category=SLIPS, category_label=label)  # fmt: skip
    appbuilder.add_link("SlipNew", href="SlipComposeView.blank", label=_("Draft a slip"), category=SLIPS)
    appbuilder.add_view(SlipRecords, "SlipRecords", label=_("Register of slips"), category=SLIPS)
