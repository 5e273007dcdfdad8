"""What the record page of a Resolution shows: state, stopwatch, pages, signatures, recipients, history."""

import datetime as dt
from typing import Any

from flask import url_for
from flask_babel import format_datetime
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import defer, joinedload, selectinload

from app.extensions import db
from app.gateways.paper import qr
from app.models import (
    DocumentSignature,
    Meeting,
    Poll,
    Resolution,
    ResolutionState,
    ResolutionVersion,
    SignedStatement,
    Urgency,
)
from app.views.evidence import result_links
from app.views.resolution_acts import offers
from app.views.resolution_changes import comparison
from app.views.resolution_history import dispatch, history, knows_the_vote, versions
from app.views.resolution_list import LOOKS, reached_at, title_of
from app.views.resolution_verdict import signatures
from app.views.resolution_watch import watch_of
from app.views.slip_report_page import slip_links
from app.workflows import copies, preservation, preserved_files, resolution_evidence, resolutions
from app.workflows.engine.errors import NotFound
from app.workflows.engine.rights import Actor
from app.workflows.engine.visibility import OUT, nothing, visible
from app.workflows.engine.words import word
from app.workflows.rules.resolution import parse_text


def resolution_page(actor: Actor, resolution_id: int, now: dt.datetime) -> dict[str, Any]:
    """The context of templates/ec/resolution.html; NotFound for whoever may not see it."""
    resolution = read(actor, resolution_id)
    version = resolutions.current_version(resolution)
    return {
        "resolution": head(resolution), "course": watch_of(resolution, now),
        "copy": copy(actor, resolution), "text": parse_text(version.text), "signatures": signatures(resolution, now),
        "comparison": comparison(resolution, version) if knows_the_vote(actor, resolution) else None,
        "dispatch": dispatch(resolution),
        "versions": versions(actor, resolution), "history": history(actor, resolution),
        "public": _public(resolution), "links": _links(actor, resolution), "acts": offers(actor, resolution),
        "related": _related(actor, resolution), "live": live(actor, resolution),
        "long_term": long_term(actor, resolution, now),
    }  # fmt: skip


def read(actor: Actor, resolution_id: int) -> Resolution:
    """The visible Resolution with what its page needs, in a number of statements that does not grow."""
    rows = select(Resolution).where(Resolution.id == resolution_id, visible(actor, Resolution))
    versions = selectinload(Resolution.versions).options(
        joinedload(ResolutionVersion.author), defer(ResolutionVersion.text)
    )
    certificate = selectinload(Resolution.signatures).joinedload(DocumentSignature.statement)
    certificate = certificate.options(defer(SignedStatement.statement), defer(SignedStatement.cms))  # each a whole PDF
    rows = rows.options(
        joinedload(Resolution.body), joinedload(Resolution.meeting), joinedload(Resolution.slip),
        joinedload(Resolution.poll).joinedload(Poll.item),
        joinedload(Resolution.signer), joinedload(Resolution.number), joinedload(Resolution.drafted_by),
        versions, selectinload(Resolution.files),
        selectinload(Resolution.dispatches), certificate.joinedload(SignedStatement.certificate),
    )  # fmt: skip
    found = db.session.scalars(rows).one_or_none()
    if found is None:
        raise NotFound(nothing(actor, Resolution, resolution_id))
    return found


def head(resolution: Resolution) -> dict[str, Any]:
    number = resolution.number.text if resolution.number else ""
    at = format_datetime(reached_at(resolution), "HH:mm:ss, dd/MM/yyyy")
    return {
        "id": resolution.id, "title": title_of(resolution, number), "subject": resolution.subject, "number": number,
        "state": resolution.state.value, "state_label": word(resolution.state),
        "state_kind": LOOKS[resolution.state], "at": at, "reason": resolution.reason,
        "urgency": "" if resolution.urgency is Urgency.NORMAL else word(resolution.urgency),
        "signer": resolution.signer.full_name, "signer_post": resolution.signer_post,
        "body": resolution.body.name,
        "recalled": resolution.state is ResolutionState.RECALLED,
        "abandoned": resolution.state is ResolutionState.ABANDONED,
        "returned": resolution.state is ResolutionState.DRAFTING and bool(resolution.reason),
        "url": url_for("ResolutionView.record", resolution_id=resolution.id),
    }  # fmt: skip


def copy(actor: Actor, resolution: Resolution) -> dict[str, Any] | None:
    """The printed form with the addresses of its pages; None while there is none that this person may open."""
    file = resolutions.current_file(resolution)
    if file is None or not copies.may_open(actor, resolution):
        return None
    url = url_for("ResolutionView.file", resolution_id=resolution.id)
    return {
        "sha256": file.sha256, "kilobytes": max(1, round(file.size / 1024)), "pages": file.pages, "url": url,
        "download_url": f"{url}?save=1", "stage": file.stage.value,
        "images": [
            {"number": page, "url": _image(resolution, page, file.sha256)} for page in range(1, file.pages + 1)
        ],
    }  # fmt: skip


def long_term(actor: Actor, resolution: Resolution, now: dt.datetime) -> dict[str, Any] | None:
    """The newest long-term form and what the next one waits for; None for whoever does not look after them."""
    if resolution.state not in OUT or not copies.may_keep(actor, resolution):
        return None
    form, lack = preserved_files.newest(resolution.id), preservation.lack_of(resolution, now)
    waits = preservation.SAID[lack] if lack else None
    if form is None:
        return {"form": None, "waits": waits}
    url = url_for("ResolutionView.long_term", resolution_id=resolution.id)
    shown = {
        "level": word(form.level), "made_at": form.made_at, "number": form.number, "sha256": form.sha256, "url": url,
        "stamped_at": form.stamped_at, "stamped_by": form.stamped_by, "due_at": form.due_at,
        "kilobytes": max(1, round(form.size / 1024)),
    }  # fmt: skip
    return {"form": shown, "waits": waits}


def live(actor: Actor, resolution: Resolution) -> dict[str, Any] | None:
    """What the script needs to hear of changes; None for recipients who do not see the meeting."""
    rows = select(Meeting.version).where(Meeting.id == resolution.meeting_id, visible(actor, Meeting))
    version = db.session.scalar(rows)
    if version is None:
        return None
    url = url_for("CockpitView.snapshot", meeting_id=resolution.meeting_id)
    return {"meeting_id": resolution.meeting_id, "version": version, "snapshot_url": url}


def _image(resolution: Resolution, page: int, sha256: str) -> str:
    """The hash in the address only makes the browser ask again when the form was signed or sealed."""
    return url_for("ResolutionView.page_image", resolution_id=resolution.id, page=page, v=sha256[:12])


def _evidence(actor: Actor, resolution: Resolution) -> list[dict[str, str]]:
    if not resolution_evidence.may_take(actor, resolution):
        return []
    url = url_for("ResolutionView.evidence", resolution_id=resolution.id)
    return [{"label": _("Evidence of the Resolution (ZIP)"), "url": url, "icon": "shield-check"}]


def _links(actor: Actor, resolution: Resolution) -> list[dict[str, str]]:
    """The way back to the vote or slip and its evidence, as far as it is open to this person."""
    if resolution.slip is not None:
        return [*slip_links(actor, resolution.slip), *_evidence(actor, resolution)]
    seen = select(Poll.id).where(Poll.id == resolution.poll_id, visible(actor, Poll))
    if not db.session.scalar(seen):
        return []
    poll, meeting = resolution.poll, resolution.meeting
    if poll is None or meeting is None:
        return []
    place = _("%(meeting)s, item %(n)s", meeting=meeting.title, n=poll.item.position)
    meeting_url = f"{url_for('MeetingView.page', meeting_id=resolution.meeting_id)}#item-{resolution.item_id}"
    result = {"label": _("Result of the vote"), "url": url_for("EvidenceView.result", poll_id=poll.id), "icon": "vote"}
    back = {"label": place, "url": meeting_url, "icon": "calendar-days"}
    return [result, *result_links(actor, poll), *_evidence(actor, resolution), back]


def _public(resolution: Resolution) -> dict[str, Any] | None:
    """The address of the public page and its code for cameras; None before the promulgation."""
    if resolution.state not in OUT:
        return None
    address = resolutions.public_address(resolution)
    rows = qr.modules(address)
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return {"url": address, "path": path, "size": len(rows)}


def _related(actor: Actor, resolution: Resolution) -> list[dict[str, str]]:
    """What this one replaces, and what replaces it, as far as this person may see them."""
    others = (Resolution.id == resolution.replaces_id) | (
        (Resolution.replaces_id == resolution.id) & (Resolution.state != ResolutionState.ABANDONED)
    )
    rows = select(Resolution).where(others, visible(actor, Resolution)).options(joinedload(Resolution.number))
    return [
        {
            "label": _("Replaces") if other.id == resolution.replaces_id else _("Replaced by"),
            "title": title_of(other, other.number.text if other.number else ""), "subject": other.subject,
            "url": url_for("ResolutionView.record", resolution_id=other.id),
        }
        for other in db.session.scalars(rows.order_by(Resolution.id))
    ]  # fmt: skip
