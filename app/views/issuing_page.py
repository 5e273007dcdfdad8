"""What the records office sees of a signed Resolution: its pages and signature, number, seal, recipients, receipts."""

import datetime as dt
from typing import Any

from flask import url_for
from flask_babel import format_datetime, lazy_gettext
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.gateways import signing
from app.models import NumberSeries, Refusal, Resolution, ResolutionState, SealKey
from app.views.record_facts import reason_word
from app.views.resolution_history import dispatch
from app.views.resolution_list import LOOKS, title_of
from app.views.resolution_page import copy, head, live, read
from app.views.resolution_verdict import signatures
from app.views.resolution_watch import watch_of
from app.workflows import keys, polls, promulgation, seals
from app.workflows.engine.errors import NotAllowed
from app.workflows.engine.rights import GRANTS, SAID, Actor, Right
from app.workflows.engine.visibility import OUT, nothing, visible
from app.workflows.engine.words import word
from app.workflows.resolution_sources import origin_of
from app.workflows.resolutions import TYPE
from app.workflows.rules import numbering
from app.workflows.rules.calendar import hanoi_date

SIGNED, NUMBERED, SEALED = WAITING = (ResolutionState.SIGNED, ResolutionState.NUMBERED, ResolutionState.SEALED)
NEXT = {
    SIGNED: lazy_gettext("Allot number and seal"), NUMBERED: lazy_gettext("Seal"), SEALED: lazy_gettext("Promulgate"),
}  # fmt: skip
SHOWN_LATEST = 10


def issuing_page(actor: Actor, resolution_id: int, now: dt.datetime) -> dict[str, Any]:
    """The context of templates/ec/issue.html; NotAllowed for who sees the Resolution and does not issue it."""
    resolution = read(actor, resolution_id)
    actor.require(Right.RESOLUTION_ISSUE, resolution)
    signed, seal = signatures(resolution, now), _seal(resolution, now)
    return {
        "resolution": head(resolution), "course": watch_of(resolution, now), "copy": copy(actor, resolution),
        "signatures": signed, "live": live(actor, resolution), "number": _number(resolution, now), "seal": seal,
        "issue": {
            "url": url_for("IssuingView.page", resolution_id=resolution.id), "queue_url": url_for("IssuingView.queue"),
            "label": NEXT.get(resolution.state), "hindrance": _hindrance(resolution, signed, seal),
            "failure": _failure(resolution) if resolution.state is NUMBERED else None,
        },
        "recipients": _recipients(resolution, now) if resolution.state is SEALED else None,
        "dispatch": dispatch(resolution) if resolution.state in OUT else None,
    }  # fmt: skip


def queue_page(actor: Actor) -> dict[str, Any]:
    """The context of templates/ec/issue_queue.html: what waits, the longest first, and what went out last."""
    if not actor.holds(GRANTS[Right.RESOLUTION_ISSUE]):
        raise NotAllowed(nothing(actor, Resolution, 0), right=SAID[Right.RESOLUTION_ISSUE])
    rows = select(Resolution).where(visible(actor, Resolution))
    origin = (joinedload(Resolution.meeting), joinedload(Resolution.slip))
    rows = rows.options(*origin, joinedload(Resolution.number), joinedload(Resolution.signer))
    waiting = rows.where(Resolution.state.in_(WAITING)).order_by(Resolution.signed_at, Resolution.id)
    latest = rows.where(Resolution.promulgated_at.is_not(None)).order_by(Resolution.promulgated_at.desc())
    return {
        "waiting": [_queued(found) for found in db.session.scalars(waiting)],
        "latest": [_queued(found) for found in db.session.scalars(latest.limit(SHOWN_LATEST))],
        "register_url": url_for("OutgoingRecords.list"),
    }


def _queued(resolution: Resolution) -> dict[str, Any]:
    at = resolution.promulgated_at or resolution.signed_at
    return {
        "title": title_of(resolution, resolution.number.text if resolution.number else ""),
        "subject": resolution.subject, "meeting": origin_of(resolution), "signer": resolution.signer_post,
        "state_label": word(resolution.state), "state_kind": LOOKS[resolution.state],
        "at": format_datetime(at, "HH:mm:ss, dd/MM/yyyy") if at else "", "action": NEXT.get(resolution.state, ""),
        "url": url_for("IssuingView.page", resolution_id=resolution.id),
    }  # fmt: skip


def _number(resolution: Resolution, now: dt.datetime) -> dict[str, Any]:
    """The number as it was allotted, or the next one of its series: a preview that reserves nothing."""
    if resolution.number:
        return {"text": resolution.number.text, "date": resolution.number.issued_on, "allotted": True}
    on = hanoi_date(now)
    of = (NumberSeries.body_id == resolution.body_id, NumberSeries.type == TYPE, NumberSeries.year == on.year)
    rows = select(NumberSeries.last_number).where(*of, NumberSeries.normative.is_(resolution.normative))
    symbol = numbering.symbol(TYPE, resolution.body.code)
    following = numbering.next_number(db.session.scalar(rows))
    text = numbering.full_number(following, on.year, resolution.normative, symbol)
    return {"text": text, "date": on, "allotted": False}


def _seal(resolution: Resolution, now: dt.datetime) -> dict[str, Any] | None:
    """The standing seal of the body with what speaks against using it now; None when there is none."""
    seal = seals.standing_seal(resolution.body_id)
    if seal is None:
        return None
    certificate, provider = seal.certificate, signing.provider_of(seal.key_ref)
    return {
        "name": certificate.subject, "serial": certificate.serial, "from": certificate.not_before,
        "provider": provider, "place": signing.place(provider),
        "until": certificate.not_after, "picture_url": url_for("SealRecords.picture", pk=seal.id),
        "url": url_for("SealRecords.show", pk=seal.id), "problem": _problem(resolution, seal, now),
    }  # fmt: skip


def _problem(resolution: Resolution, seal: SealKey, now: dt.datetime) -> str:
    if seal.locked_until and seal.locked_until > now:
        at = format_datetime(seal.locked_until, "HH:mm")
        return _("The PIN was entered wrongly too often; the seal is locked until %(at)s.", at=at)
    try:
        keys.check_usable(resolution, seal.certificate, now)
    except keys.CertificateNotUsable as refusal:
        return str(refusal)
    return ""


def _hindrance(resolution: Resolution, signed: dict[str, Any] | None, seal: dict[str, Any] | None) -> str:
    """Why the next step cannot be taken now, in one sentence."""
    if resolution.state in (SIGNED, NUMBERED):
        if signed is None or signed["kind"] != "ok":
            return _("The signature of this document was not found valid. Nothing can be issued.")
        if seal is None:
            return _("There is no usable seal of this body. Have it registered first.")
        return str(seal["problem"])
    return ""


def _failure(resolution: Resolution) -> dict[str, Any] | None:
    """Why the seal was not applied the last time it was tried."""
    mine = select(Refusal).where(Refusal.subject_type == Resolution.__tablename__, Refusal.act == "seal_resolution")
    mine = mine.where(Refusal.subject_id == resolution.id, Refusal.at >= resolution.numbered_at)
    last = db.session.scalars(mine.order_by(Refusal.id.desc()).limit(1)).first()
    return last and {"reason": reason_word(last.code), "at": format_datetime(last.at, "HH:mm:ss, dd/MM/yyyy")}


def _recipients(resolution: Resolution, now: dt.datetime) -> dict[str, Any]:
    """Who will receive it: every member, and the organisations of the body, which can be left out one by one."""
    members = polls.members_of(resolution.body_id, hanoi_date(now))
    organisations = promulgation.organisations_of(resolution.body_id)
    return {
        "members": [post.post for post in members],
        "organisations": [{"id": one.id, "name": one.name, "short": one.abbreviation} for one in organisations],
    }
