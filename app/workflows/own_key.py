"""What a person is told of the own signing key: whose certificate, until when, in which state, with how many tries."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select

from app.extensions import db
from app.models import CertificateRevocation, KeyRecovery, RecoveryKind, SigningKey
from app.workflows import keys
from app.workflows.engine.rights import Actor
from app.workflows.rules.expiry import STEPS

WARN_BEFORE = dt.timedelta(days=max(STEPS))


@dataclass(frozen=True)
class OwnKey:
    """Times aware; `tries_left` is what a wrong PIN may still cost before the lock."""

    key: SigningKey
    tries_left: int
    locked_until: dt.datetime | None
    revoked_at: dt.datetime | None
    expires_soon: bool
    expired: bool


def own_key_of(actor: Actor, now: dt.datetime) -> OwnKey | None:
    """The key that is not replaced; None for whoever never had one."""
    key = keys.active_key(actor.person_id or 0)
    if key is None:
        return None
    until = key.locked_until if key.locked_until and key.locked_until > now else None
    fresh = key.locked_until is not None and until is None  # the lock is over: counting begins again
    end = key.certificate.not_after
    revoked = select(CertificateRevocation.at).where(CertificateRevocation.certificate_id == key.certificate_id)
    return OwnKey(
        key=key, tries_left=0 if until else keys.MOST_TRIES - (0 if fresh else key.failed_tries), locked_until=until,
        revoked_at=db.session.scalar(revoked), expires_soon=now <= end < now + WARN_BEFORE, expired=end < now,
    )  # fmt: skip


def may_enrol(actor: Actor) -> bool:
    """Whether two people have confirmed a new key that this person has not taken yet."""
    waiting = select(KeyRecovery.id).where(
        KeyRecovery.person_id == (actor.person_id or 0), KeyRecovery.kind == RecoveryKind.REPLACE,
        KeyRecovery.approved_at.is_not(None), KeyRecovery.used_at.is_(None),
    )  # fmt: skip
    return db.session.scalar(waiting.limit(1)) is not None
