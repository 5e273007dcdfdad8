"""What authorities say of certificates that are nobody's here: those of authorities and of who stamps the time."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from app.extensions import db
from app.gateways import signing
from app.gateways.revocation import Answer, Standing
from app.models import AuthorityAnswer
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.rules.canonical import digest

CERTAIN = (Standing.GOOD, Standing.REVOKED)


@dataclass(frozen=True)
class AuthorityRevoked(Fact):
    """An authority says that a certificate of another authority, or of one that stamps the time, was revoked."""

    certificate_sha256: str
    name: str
    since: dt.datetime


@use_case
def keep(actor: Actor, body_id: int, certificate: bytes, answer: Answer, now: dt.datetime) -> bool:
    """Write the answer about a certificate (DER) down; once. False for an answer that says nothing certain."""
    if answer.standing not in CERTAIN or answer.at is None:
        return False
    sha256, of = digest(answer.content), digest(certificate)
    kept = select(AuthorityAnswer.id).filter_by(body_id=body_id, certificate_sha256=of, sha256=sha256)
    if db.session.scalar(kept):
        return True
    facts = signing.certificate_facts(certificate)
    since = (answer.since or now) if answer.standing is Standing.REVOKED else None
    row = AuthorityAnswer(
        body_id=body_id, certificate_sha256=of, serial=facts.serial[:64], content=answer.content, sha256=sha256,
        at=answer.at, revoked_since=since, kept_at=now,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    if since is not None:
        record(actor, AuthorityRevoked.about(row, certificate_sha256=of, name=facts.name[:200], since=since), now)
    return True


def newest(body_id: int, certificates: Collection[bytes]) -> dict[bytes, AuthorityAnswer]:
    """The newest answer about each of these certificates (DER), where there is one."""
    named = {digest(certificate): certificate for certificate in certificates}
    rows = select(AuthorityAnswer).where(
        AuthorityAnswer.body_id == body_id, AuthorityAnswer.certificate_sha256.in_(named)
    )
    ordered = db.session.scalars(rows.order_by(AuthorityAnswer.at, AuthorityAnswer.id))
    return {named[row.certificate_sha256]: row for row in ordered}


def revoked() -> dict[str, dt.datetime]:
    """Numbers (hexadecimal) of certificates of authorities that were taken back, and the earliest time since when."""
    rows = select(AuthorityAnswer.serial, AuthorityAnswer.revoked_since).where(
        AuthorityAnswer.revoked_since.is_not(None)
    )
    ends = [(row.serial, row.revoked_since) for row in db.session.execute(rows)]
    return {serial: since for serial, since in sorted(ends, key=lambda end: end[1], reverse=True)}
