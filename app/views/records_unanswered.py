"""Record screen of what is unproven: certificates with signatures beside which no answer about revocation lies."""

import datetime as dt
from typing import Any

from flask import Flask, flash, redirect
from flask_appbuilder import AppBuilder, expose, has_access
from flask_appbuilder.models.filters import BaseFilter
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from app.models import Certificate
from app.views.actor import current_actor, now
from app.views.ballot_answers import revocation_word
from app.views.record_rows import RecordInterface
from app.views.record_words import NOTHING, digest, ending
from app.views.records import Answer, RecordView, Step, Steps
from app.views.records_audit import AUDIT
from app.workflows import revocation_evidence
from app.workflows.engine.rights import Actor, Right
from app.workflows.revocation_evidence import AnswerState
from app.workflows.rules.calendar import HANOI


class WithBacklog(RecordInterface):
    """Certificates with what is missing beside their signatures; one statement for all rows of a page."""

    def rows_of(self, query: Any) -> list[Any]:
        rows = super().rows_of(query)
        found = revocation_evidence.backlogs({row.id: row.der for row in rows}, now())
        for row in rows:
            row.backlog = found.get(row.id)
        return rows


class Unanswered(BaseFilter):
    """Only certificates with something missing."""

    def apply(self, query: Any, value: Any) -> Any:
        return query.filter(Certificate.id.in_(revocation_evidence.unanswered()))


def day_of(at: dt.datetime | None) -> str:
    """The day alone: at which hour somebody signed is no matter of those who keep the machines."""
    return f"{at.astimezone(HANOI):%d/%m/%Y}" if at else NOTHING


class UnansweredRecords(RecordView):
    """By certificate, and not by signature: administrators read it, who have no part in votes."""

    route_base = "/records/unanswered"
    datamodel = WithBacklog(Certificate)
    further_filters = [["id", Unanswered, None]]
    list_title, show_title = _("Signatures without an answer about revocation"), _("Certificate")
    list_columns = ["subject", "issuer", "backlog.count", "backlog.first", "backlog.state"]
    show_columns = ["subject", "issuer", "serial", "sha256", "not_before", "not_after", "backlog.count",
                    "backlog.first", "backlog.last", "backlog.state"]  # fmt: skip
    search_columns = ["subject", "issuer", "serial", "not_after"]
    order_columns = ["subject", "issuer"]
    title_column = "subject"
    method_permission_name = {"ask_again": "ask"}
    words = {
        "sha256": digest, "not_after": ending, "backlog.first": day_of, "backlog.last": day_of,
        "backlog.state": lambda state: revocation_word(state) if state else NOTHING,
    }  # fmt: skip
    label_columns = {
        "subject": _("Name in the certificate"), "issuer": _("Issuer"), "serial": _("Serial number"),
        "sha256": _("SHA-256"), "not_before": _("Valid from"), "not_after": _("Valid until"),
        "backlog.count": _("Signatures without an answer"), "backlog.first": _("Oldest of them"),
        "backlog.last": _("Newest of them"), "backlog.state": _("Why it is missing"),
    }  # fmt: skip

    def steps(self, row: Certificate, actor: Actor) -> Steps:
        backlog = revocation_evidence.backlogs({row.id: row.der}, now()).get(row.id)
        old = backlog is not None and backlog.state is AnswerState.GIVEN_UP
        if not (old and actor.may(Right.JOB_MANAGE, row)):
            return []
        return [Step(_("Ask the authority again"), f"{self.route_base}/{row.id}/ask", look="primary", icon="undo")]

    @expose("/<int:pk>/ask", methods=["POST"])
    @has_access
    def ask_again(self, pk: int) -> Answer:
        revocation_evidence.ask_again(current_actor(), pk, now=now())
        flash(gettext("The authority is being asked; what it says is kept with every signature."), "success")
        return redirect(self.show_url(pk), 303)


def register(_app: Flask, appbuilder: AppBuilder) -> None:
    appbuilder.add_view(UnansweredRecords, "UnansweredRecords", label=_("Missing answers about revocation"),
                        category=AUDIT)  # fmt: skip
