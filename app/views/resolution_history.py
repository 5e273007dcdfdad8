"""What happened to a Resolution, by whom and when: its facts in the audit log, its texts, and who received it."""

from typing import Any

from flask_babel import format_datetime
from flask_babel import gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import AuditEntry, Dispatch, Person, Resolution, ResolutionState, ResolutionVersion
from app.views.record_facts import fact_word
from app.workflows.engine.rights import RECORDS, Actor, Right
from app.workflows.engine.visibility import PREPARING
from app.workflows.rules.canonical import parse_canonical

MOST = 100
FOR_ALL = frozenset(
    {"ResolutionSigned", "NumberAllotted", "ResolutionSealed", "ResolutionPromulgated", "ResolutionRecalled",
     "ResolutionReplaced"}
)  # fmt: skip
RECEIPTS = "ResolutionReceived"  # told by the list of recipients


def is_maker(actor: Actor, resolution: Resolution) -> bool:
    """Whether this person makes, signs, issues or supervises it; the others see what came after the signature."""
    if actor.holds(PREPARING | {RECORDS}, resolution.body_id) or actor.person_id == resolution.signer_id:
        return True
    return actor.may(Right.RESOLUTION_DRAFT, resolution)


def knows_the_vote(actor: Actor, resolution: Resolution) -> bool:
    """Whether the voted text is open to this person; who only received the document reads what was promulgated."""
    return is_maker(actor, resolution) or actor.may(Right.EVIDENCE_READ, resolution)


def history(actor: Actor, resolution: Resolution) -> list[dict[str, Any]]:
    """Its latest facts, the first one first; how a draft came about is for those who make it."""
    rows = select(AuditEntry, Person.full_name).outerjoin(Person, Person.id == AuditEntry.actor_id)
    rows = rows.where(AuditEntry.subject_type == Resolution.__tablename__, AuditEntry.subject_id == resolution.id)
    rows = rows.where(AuditEntry.body_id == resolution.body_id, AuditEntry.fact != RECEIPTS)
    if not is_maker(actor, resolution):
        rows = rows.where(AuditEntry.fact.in_(FOR_ALL))
    found = db.session.execute(rows.order_by(AuditEntry.id.desc()).limit(MOST)).all()
    return [
        {
            "word": fact_word(entry.fact), "who": name or "", "at": format_datetime(entry.at, "HH:mm:ss, dd/MM/yyyy"),
            "note": entry.payload.get("reason", ""), "number": entry.payload.get("number", ""),
        }
        for entry, name in reversed(found)
    ]  # fmt: skip


def versions(actor: Actor, resolution: Resolution) -> list[dict[str, Any]]:
    """Its texts, the latest first, for those who make it."""
    if not is_maker(actor, resolution):
        return []
    return [_version(version) for version in reversed(resolution.versions)]


def _version(version: ResolutionVersion) -> dict[str, Any]:
    recorded = parse_canonical(version.changes)
    count = len(recorded["changes"])
    return {
        "number": version.number, "sha256": version.sha256, "reason": version.reason,
        "at": format_datetime(version.at, "HH:mm:ss, dd/MM/yyyy"),
        "author": version.author.full_name if version.author else "", "needs_reason": recorded["needs_reason"],
        "changes": _("%(n)s differences from the voted text", n=count) if count else _("Word for word the voted text"),
    }  # fmt: skip


def dispatch(resolution: Resolution) -> dict[str, Any] | None:
    """Who received it, by name, those who have not confirmed first; None before the promulgation."""
    if not resolution.dispatches:
        return None
    recalled = resolution.state is ResolutionState.RECALLED
    rows = [_recipient(one, recalled) for one in resolution.dispatches]
    received = sum(row["done"] for row in rows)
    counts = {"n": len(rows), "received": received, "waiting": len(rows) - received}
    said = _("%(n)s recipients: %(received)s have received it, %(waiting)s have not yet", **counts)
    if recalled:
        said = _("%(n)s recipients: %(received)s know of the recall, %(waiting)s do not yet", **counts)
    return counts | {"said": said, "rows": sorted(rows, key=lambda row: row["done"])}


def _recipient(one: Dispatch, recalled: bool) -> dict[str, Any]:
    at = one.recall_seen_at if recalled else one.received_at
    waits = _("not confirmed yet")
    return {
        "name": one.name, "person": one.person_id is not None, "done": at is not None,
        "said": format_datetime(at, "HH:mm:ss, dd/MM/yyyy") if at else waits,
    }  # fmt: skip
