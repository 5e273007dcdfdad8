"""Revocations (thu hồi chứng thư): a certificate ends before its time, and the world outside can read it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.extensions import db
from app.models import Certificate, CertificateRevocation
from app.workflows.engine import outbox
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import Fact, end_reading, record, use_case

PUBLISH = "revocations.publish"
LONGEST_REASON = 200


@dataclass(frozen=True)
class CertificateRevoked(Fact):
    """`person_id` is None for a seal; from `since` on the certificate does not count."""

    person_id: int | None
    certificate_sha256: str
    reason: str
    since: dt.datetime


@dataclass(frozen=True)
class Revoked:
    """The certificate in DER, its number (hexadecimal), and since when it does not count any more."""

    der: bytes
    serial: str
    since: dt.datetime


@use_case
def revoke(
    actor: Actor, certificate: Certificate, reason: str, now: dt.datetime, since: dt.datetime | None = None
) -> None:
    """Part of an act that holds the key's row: from `now` on, or `since`, nothing that it signs counts.

    What was signed before stays good. Revoked twice, the first date stands. The list outside follows in the background.
    """
    if db.session.get(CertificateRevocation, certificate.id) is not None:
        return
    said, since = reason[:LONGEST_REASON], since or now
    db.session.add(CertificateRevocation(certificate_id=certificate.id, at=since, reason=said))
    db.session.flush()
    fact = CertificateRevoked.about(
        certificate, person_id=certificate.person_id, certificate_sha256=certificate.sha256, reason=said,
        since=since,
    )
    record(actor, fact, now)
    outbox.enqueue(certificate.body_id, PUBLISH, {"body_id": certificate.body_id}, f"{PUBLISH}:{certificate.id}", now)


def revoked_of(body_id: int) -> Sequence[Revoked]:
    """Every revoked certificate of a body, oldest first; nothing is open afterwards."""
    rows = (
        select(Certificate.der, Certificate.serial, CertificateRevocation.at)
        .join(CertificateRevocation, CertificateRevocation.certificate_id == Certificate.id)
        .where(Certificate.body_id == body_id)
        .order_by(CertificateRevocation.at, Certificate.id)
    )
    found = [Revoked(*row) for row in db.session.execute(rows)]
    end_reading()
    return found
