"""The round over certificates in use (chứng thư đang dùng): what an authority has revoked signs nothing any more."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext
from sqlalchemy import func, select

from app.extensions import db
from app.models import Certificate, Job, JobState, KeyState, Meeting, MeetingState, SigningKey
from app.workflows import expiry, keys, revocations, seals
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import end_reading, use_case

ROUND = "certificate_rounds.ask"
BEFORE_A_MEETING = dt.timedelta(hours=1)
BECAUSE = "revoked_by_authority"


@dataclass(frozen=True)
class InUse:
    """A certificate (DER) on which an active key or seal stands."""

    certificate_id: int
    der: bytes


def in_use(body_id: int) -> Sequence[InUse]:
    """The certificates that the round asks about, lately used or not; nothing is open afterwards."""
    rows = select(Certificate.id, Certificate.der).where(Certificate.body_id == body_id, expiry.in_use())
    found = [InUse(*row) for row in db.session.execute(rows.order_by(Certificate.id))]
    end_reading()
    return found


def beginning(body_id: int, now: dt.datetime) -> Sequence[tuple[int, dt.datetime]]:
    """The meetings that begin within the hour (number, time): before their votes the round is made once more."""
    soon = (Meeting.starts_at > now, Meeting.starts_at <= now + BEFORE_A_MEETING)
    called = select(Meeting.id, Meeting.starts_at).where(
        Meeting.body_id == body_id, Meeting.state == MeetingState.INVITED, *soon
    )
    return [(row.id, row.starts_at) for row in db.session.execute(called.order_by(Meeting.id))]


def last_round() -> dt.datetime | None:
    """Since when at the latest every body with certificates in use has had its round; None if one never had it."""
    bodies = db.session.scalars(select(Certificate.body_id).where(expiry.in_use()).distinct()).all()
    made = select(Job.body_id, func.max(Job.done_at)).where(Job.name == ROUND, Job.state == JobState.DONE)
    last = {body_id: at for body_id, at in db.session.execute(made.group_by(Job.body_id))}
    return min((last[body_id] for body_id in bodies), default=None) if set(bodies) <= set(last) else None


@use_case
def heed(actor: Actor, certificate_id: int, since: dt.datetime, now: dt.datetime) -> None:
    """An authority has revoked a certificate: our records say so, and whatever signs with it is suspended.

    Heard twice, the first time stands; a key that stands on another certificate by now is left alone.
    """
    certificate = db.session.get_one(Certificate, certificate_id)
    said = gettext("The certificate authority has revoked it.")
    on_it = (SigningKey.certificate_id == certificate_id, SigningKey.state == KeyState.ACTIVE)
    if owner := db.session.scalar(select(SigningKey.person_id).where(*on_it)):
        keys.suspend_key(actor, owner, BECAUSE, now)
    seals.suspend_seal_on(actor, certificate_id, now)
    revocations.revoke(actor, certificate, said, now, since=since)
