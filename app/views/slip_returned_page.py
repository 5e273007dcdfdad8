"""What the list of returned matters shows: what has to be laid again, by when, and where its next round begins."""

import datetime as dt
from typing import Any

from flask import url_for
from flask_babel import format_date, format_datetime
from flask_babel import gettext as _

from app.models import Slip, SlipDecision
from app.workflows import slip_decisions, slip_rounds
from app.workflows.engine.errors import NotAllowed
from app.workflows.engine.rights import BOARD, SAID, Actor, Right
from app.workflows.engine.visibility import nothing
from app.workflows.rules.calendar import hanoi_date


def returned_page(actor: Actor, now: dt.datetime) -> dict[str, Any]:
    """The context of templates/ec/slip_returned.html; for those who see the boards of slips."""
    if not actor.holds(BOARD):
        raise NotAllowed(nothing(actor, Slip, 0), right=SAID[Right.SLIP_BOARD])
    found = [pair for pair in slip_decisions.returned(actor) if actor.may(Right.SLIP_BOARD, pair[0])]
    return {"rows": [_row(actor, slip, decision, hanoi_date(now)) for slip, decision in found]}


def _row(actor: Actor, slip: Slip, decision: SlipDecision, today: dt.date) -> dict[str, Any]:
    on = decision.resubmit_on or today
    days = (on - today).days
    left = _("%(n)s days left", n=days) if days > 0 else _("today") if days == 0 else _("%(n)s days late", n=-days)
    begins = slip_rounds.beginning(slip) if actor.may(Right.SLIP_DRAFT, slip) else None
    round_url = url_for("SlipOfficeView.begin_round", slip_id=begins.id) if begins else ""
    return {
        "url": url_for("SlipReportView.report", slip_id=slip.id), "matter": slip.matter, "number": slip.number_text,
        "lead": slip.organisation.name if slip.organisation else "", "reason": decision.reason,
        "by": f"{decision.post} {decision.name}", "at": format_datetime(decision.at, "HH:mm, dd/MM/yyyy"),
        "on": format_date(on, "dd/MM/yyyy"), "left": left, "late": days < 0, "round_url": round_url,
    }  # fmt: skip
