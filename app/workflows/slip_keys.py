"""Members whom a slip asks and who can sign no answer (không ký được): keys replaced, revoked, ended or missing."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import exists, select

from app.extensions import db
from app.models import (
    Certificate,
    CertificateRevocation,
    KeyState,
    SigningKey,
    Slip,
    SlipAnswer,
    SlipRecipient,
    SlipState,
)


class Shut(StrEnum):
    """Why a member cannot sign with the certificate that the slip names: none was there, or what became of it."""

    NONE = "none"
    REVOKED = "revoked"
    ENDED = "ended"
    SUSPENDED = "suspended"


def shut_out(slip: Slip, now: dt.datetime) -> dict[int, Shut]:
    """Of the members without an answer those who cannot sign one now, or could not when the slip ended; by id.

    A slip that runs takes no answer with another certificate than that of its roll: only a new round asks them again.
    """
    running = slip.state is SlipState.ISSUED
    end = slip.closed_at or slip.ended_at or slip.deadline_at
    at = min(now, end) if end else now
    said = exists().where(SlipAnswer.slip_id == SlipRecipient.slip_id, SlipAnswer.member_id == SlipRecipient.member_id)
    rows = select(SlipRecipient.member_id, Certificate.not_after, CertificateRevocation.at, SigningKey.state)
    rows = rows.outerjoin(Certificate, Certificate.id == SlipRecipient.certificate_id)
    rows = rows.outerjoin(CertificateRevocation, CertificateRevocation.certificate_id == Certificate.id)
    rows = rows.outerjoin(SigningKey, SigningKey.certificate_id == Certificate.id)
    found = db.session.execute(rows.where(SlipRecipient.slip_id == slip.id, ~said))
    why = {member: _why(ends, revoked, state if running else None, at) for member, ends, revoked, state in found}
    return {member: shut for member, shut in why.items() if shut is not None}


def _why(
    ends: dt.datetime | None, revoked: dt.datetime | None, state: KeyState | None, at: dt.datetime
) -> Shut | None:
    """`state` is that of the key now; of a slip that is over, only what has a moment is known."""
    if ends is None:
        return Shut.NONE
    if (revoked is not None and revoked <= at) or state is KeyState.REPLACED:
        return Shut.REVOKED
    if ends <= at:
        return Shut.ENDED
    return Shut.SUSPENDED if state is KeyState.SUSPENDED else None
