"""What the office sees of a slip before it is issued: what members will see, its way of approval, the next step."""

import datetime as dt
from typing import Any

from flask import url_for
from flask_babel import format_datetime
from flask_babel import gettext as _
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import selectinload

from app.extensions import db
from app.models import Organisation, Slip, SlipState, Urgency
from app.views.guards import opens
from app.views.slip_compose_page import changes, load_of, phone, recipients, silence
from app.views.slip_forms import of_slip
from app.views.slip_office_words import address_of, course, full, head, history, remaining
from app.workflows import slip_approval, slip_rounds, slip_rows
from app.workflows.engine.errors import NotAllowed, WorkflowError
from app.workflows.engine.rights import APPROVERS, BOARD, GRANTS, SAID, Actor, Right
from app.workflows.engine.visibility import nothing, seen, visible
from app.workflows.engine.words import word
from app.workflows.rules.names import fold
from app.workflows.rules.working_days import Exceptions
from app.workflows.slip_outlook import outlook
from app.workflows.working_calendar import exceptions_of

QUEUE = APPROVERS | BOARD
SHOWN_LATEST = 10
LONGEST_QUERY = 100
WITHDRAWABLE = (SlipState.SUBMITTED, SlipState.APPROVED)
ABANDONABLE = (SlipState.DRAFT, *WITHDRAWABLE)


def preview_page(actor: Actor, slip_id: int, now: dt.datetime) -> dict[str, Any]:
    """The context of templates/ec/slip_preview.html; for those who prepare, approve or issue, and auditors."""
    slip = seen(actor, Slip, slip_id)
    if not actor.holds(QUEUE, slip.body_id):
        raise NotAllowed(slip, right=SAID[Right.SLIP_APPROVE])
    return {
        "slip": head(slip), "course": course(slip), "history": history(slip), "changes": changes(slip),
        "recipients": recipients(slip.body_id, now), "phone": phone_of(slip, now), "reason": slip.reason,
        "previous": _previous(actor, slip), "drafted": _drafted(slip), "acts": acts(actor, slip),
        "board_url": _board(actor, slip) if slip.definition_sha256 else "",
        "issue": _issue(actor, slip, now) if slip.state is SlipState.APPROVED else None,
    }  # fmt: skip


def phone_of(slip: Slip, now: dt.datetime) -> dict[str, Any]:
    """What a member sees of the slip as it is saved; the deadline is the standing one, else as if issued now."""
    window: dict[str, Any] = {}
    try:
        found = outlook(slip, slip.issued_at or now)
    except WorkflowError:
        found = None
    ends = slip.deadline_at or (found.ends.get(slip.working_days) if found else None)
    if found and ends:
        window = {"said": full(ends), "silence": silence(found, ends)}
    return phone(slip, of_slip(slip), window, slip.organisation.name if slip.organisation else "")


def acts(actor: Actor, slip: Slip) -> dict[str, str]:
    """Addresses of what this person can do with the slip now, by name."""
    may = {
        "edit": slip.state is SlipState.DRAFT and actor.may(Right.SLIP_DRAFT, slip),
        "submit": slip.state is SlipState.DRAFT and actor.may(Right.SLIP_DRAFT, slip),
        "withdraw": slip.state in WITHDRAWABLE and actor.may(Right.SLIP_DRAFT, slip),
        "abandon": slip.state in ABANDONABLE and actor.may(Right.SLIP_DRAFT, slip),
        "approve": slip_approval.may_approve(actor, slip), "issue": slip_approval.may_issue(actor, slip),
        "return": slip_approval.may_approve(actor, slip) or slip_approval.may_issue(actor, slip),
    }  # fmt: skip
    found = {name: url_for(f"SlipOfficeView.{ENDPOINTS[name]}", slip_id=slip.id) for name in ENDPOINTS if may[name]}
    begins = slip_rounds.beginning(slip) if actor.may(Right.SLIP_DRAFT, slip) else None
    if begins is not None:
        found["round"] = url_for("SlipOfficeView.begin_round", slip_id=begins.id)
    if may["edit"]:
        found["edit"] = url_for("SlipComposeView.edit", slip_id=slip.id)
    if actor.may(Right.SLIP_DRAFT, slip):
        found["clone"] = url_for("SlipComposeView.clone", slip_id=slip.id)
    return found


ENDPOINTS = {
    "submit": "submit", "withdraw": "withdraw", "abandon": "abandon", "approve": "approve", "return": "send_back",
    "issue": "issue",
}  # fmt: skip


def _board(actor: Actor, slip: Slip) -> str:
    return url_for("SlipBoardView.board", slip_id=slip.id) if actor.may(Right.SLIP_BOARD, slip) else ""


def _previous(actor: Actor, slip: Slip) -> dict[str, Any] | None:
    before = slip.previous
    return before and {"number": before.number_text, "url": address_of(before, actor)}


def _drafted(slip: Slip) -> str:
    who = slip.drafted_by.full_name if slip.drafted_by else ""
    return _("%(name)s, %(at)s", name=who, at=format_datetime(slip.drafted_at, "HH:mm, dd/MM/yyyy"))


def _issue(actor: Actor, slip: Slip, now: dt.datetime) -> dict[str, Any]:
    """What the confirmation of the issue says: the deadline as of now with its load, or why there can be none."""
    told = {"problem": "", "deadline": "", "passkey": slip.passkey_demanded, "load": None}
    try:
        found = outlook(slip, now)
        ends = found.ends.get(slip.working_days)
        load = load_of(actor, slip, slip.working_days, now) if slip_approval.may_issue(actor, slip) else None
    except WorkflowError as none:
        return {**told, "problem": str(none)}
    return {**told, "deadline": full(ends) if ends else "", "load": load}


def queue_page(actor: Actor, now: dt.datetime, q: str = "", urgent: str = "") -> dict[str, Any]:
    """The context of templates/ec/slip_queue.html: what waits for this person, what is under way, what is over.

    `q` is a part of the matter, the number or the lead ministry, with or without marks; `urgent` a code of Urgency.
    """
    if not actor.holds(QUEUE):
        raise NotAllowed(nothing(actor, Slip, 0), right=SAID[Right.SLIP_APPROVE])
    query, rows = q.strip()[:LONGEST_QUERY], _asked_for(actor, q.strip()[:LONGEST_QUERY], urgent)
    open_ones = rows.where(Slip.state.in_([SlipState.DRAFT, *WITHDRAWABLE])).order_by(Slip.id)
    making = list(db.session.scalars(open_ones))
    mine = [slip for slip in making if slip_approval.is_next(actor, slip)]
    issued = list(db.session.scalars(rows.where(Slip.state == SlipState.ISSUED).order_by(Slip.deadline_at, Slip.id)))
    calendars = {body_id: exceptions_of(body_id) for body_id in {slip.body_id for slip in issued}}
    over = rows.where(Slip.closed_at.is_not(None) | Slip.ended_at.is_not(None)).order_by(Slip.id.desc())
    return {
        "waiting": [_entry(actor, slip) for slip in mine],
        "making": [_entry(actor, slip) for slip in making if slip not in mine],
        "issued": [_running(actor, slip, now, calendars[slip.body_id]) for slip in issued],
        "over": [_entry(actor, slip) for slip in db.session.scalars(over.limit(SHOWN_LATEST))],
        "new_url": url_for("SlipComposeView.blank") if actor.holds(GRANTS[Right.SLIP_DRAFT]) else "",
        "records_url": url_for("SlipRecords.list") if opens("SlipRecords") else "",
        "returned_url": url_for("SlipReportView.returned") if actor.holds(BOARD) else "",
        "chain_url": url_for("SlipChainView.page") if actor.holds(GRANTS[Right.RULES_MANAGE]) else "",
        "query": query, "urgent": urgent, "searched": bool(query or urgent),
        "urgencies": [(each.value, word(each)) for each in Urgency],
    }  # fmt: skip


def _asked_for(actor: Actor, query: str, urgent: str) -> Select[tuple[Slip]]:
    rows = select(Slip).where(visible(actor, Slip)).options(
        selectinload(Slip.approvals), selectinload(Slip.organisation), selectinload(Slip.drafted_by)
    )  # fmt: skip
    if urgent in list(Urgency):
        rows = rows.where(Slip.urgency == Urgency(urgent))
    if not query:
        return rows
    lead = select(Organisation.id).where(Organisation.name_fold.contains(fold(query), autoescape=True))
    numbered = Slip.number_text.contains(query.upper(), autoescape=True)
    found = or_(numbered, Slip.title_fold.contains(fold(query), autoescape=True), Slip.organisation_id.in_(lead))
    return rows.where(found)


def _entry(actor: Actor, slip: Slip) -> dict[str, Any]:
    step = slip_approval.awaited(slip)
    last = max(slip.approvals, key=lambda row: row.seq, default=None)
    at = last.at if last else slip.drafted_at
    shown = slip.closed_at or slip.ended_at or at
    return {
        **head(slip), "url": address_of(slip, actor), "step": step.name if step else "", "reason": slip.reason,
        "by": slip.drafted_by.full_name if slip.drafted_by else "",
        "at": format_datetime(shown, "HH:mm, dd/MM/yyyy"),
        "outcome": word(slip.outcome) if slip.outcome else "",
        "next": _next(slip),
    }  # fmt: skip


def _next(slip: Slip) -> str:
    said = {SlipState.DRAFT: _("Go on drafting"), SlipState.SUBMITTED: _("Look at it and approve"),
            SlipState.APPROVED: _("Issue")}  # fmt: skip
    return said.get(slip.state, "")


def _running(actor: Actor, slip: Slip, now: dt.datetime, exceptions: Exceptions) -> dict[str, Any]:
    """A slip that collects opinions: how many have answered, and what is left of the time."""
    answered, members = slip_rows.answered(slip)
    assert slip.deadline_at is not None  # noqa: S101 - the database keeps one for every issued slip
    return {
        **_entry(actor, slip), "answered": answered, "members": members,
        "left": remaining(slip.deadline_at, now, slip.body_id, exceptions),
        "deadline": format_datetime(slip.deadline_at, "HH:mm, dd/MM"),
    }  # fmt: skip
