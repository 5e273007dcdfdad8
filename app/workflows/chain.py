"""What the auditor sees of the log: its head, its checkpoints, what the last check found, whether one is running."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from app.extensions import db
from app.models import AuditEntry, Body, Checkpoint, Job, LogPending
from app.workflows import checks, installation_log
from app.workflows.engine.errors import Detached
from app.workflows.engine.rights import GRANTS, Actor, Right
from app.workflows.engine.visibility import nothing

SHOWN = 20  # checkpoints on the page
NO_HEAD = installation_log.Head(0, b"")


@dataclass(frozen=True)
class Overview:
    """`head` is that of now, `waiting` counts facts that are not entered yet, `key` is the public key or empty."""

    body_id: int
    head: installation_log.Head
    waiting: int
    key: str
    checkpoints: list[Checkpoint]
    last: AuditEntry | None
    running: Job | None


def overview(actor: Actor) -> Overview:
    """NotAllowed without the right to read the audit log."""
    body_id = audited_body(actor)
    key = installation_log.public_key()
    rows = select(Checkpoint).order_by(Checkpoint.size.desc()).limit(SHOWN)
    return Overview(
        body_id=body_id,
        head=installation_log.head() if installation_log.size() else NO_HEAD,
        waiting=db.session.scalar(select(func.count()).select_from(LogPending)) or 0,
        key=str(key) if key else "",
        checkpoints=list(db.session.scalars(rows.options(selectinload(Checkpoint.cosignatures)))),
        last=checks.last_conclusion(body_id),
        running=checks.under_way(body_id),
    )


def audited_body(actor: Actor) -> int:
    """The body whose log this person reads; refused to whoever holds none of the offices that do."""
    ids = [body_id for body_id, office in actor.offices if office in GRANTS[Right.AUDIT_READ]]
    body_id = min(ids, default=nothing(actor, Body, 0).body_id)
    actor.require(Right.AUDIT_READ, Detached(Body.__tablename__, body_id, None, body_id))
    return body_id
