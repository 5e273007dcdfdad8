"""Certificates that end soon (chứng thư sắp hết hạn): who has to see to them is told a month, a week, a day before."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, Select, exists, select

from app.extensions import db
from app.gateways import signing, timestamp
from app.gateways.signing import CertificateFacts
from app.gateways.signing.errors import CertificateRefused
from app.models import (
    AuditEntry,
    Body,
    Certificate,
    CertificateRevocation,
    EvidenceKind,
    KeyState,
    Notice,
    SealKey,
    SignatureEvidence,
    SigningKey,
)
from app.workflows import keys
from app.workflows.engine.errors import Detached
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import Fact, end_reading, record, use_case
from app.workflows.rules.expiry import STEPS, due_step

WARN = "expiry.warn"


@dataclass(frozen=True)
class CertificateExpiring(Fact):
    """`person_id` is None for a seal; `holder` is the name in the certificate, `step` the days before its end."""

    person_id: int | None
    holder: str
    until: dt.datetime
    step: int


@dataclass(frozen=True)
class StamperExpiring(Fact):
    """The certificate of the time-stamping authority, or of one above it, ends; about the body."""

    holder: str
    certificate_sha256: str
    until: dt.datetime
    step: int


@dataclass(frozen=True)
class Trouble:
    """Why somebody will not be able to sign in a vote, or not until its end."""

    name: str
    said: str


def ending(now: dt.datetime, body_id: int | None = None) -> Sequence[Certificate]:
    """Certificates in use, of a body or of all, that end within the first step; the one that ends first before all."""
    rows = select(Certificate).where(Certificate.id.in_(ending_ids(now)))
    of_body = rows if body_id is None else rows.where(Certificate.body_id == body_id)
    return list(db.session.scalars(of_body.order_by(Certificate.not_after, Certificate.id)))


def ending_ids(now: dt.datetime) -> Select[Any]:
    """The numbers of those certificates, as a subquery."""
    soon = now + dt.timedelta(days=max(STEPS))
    return select(Certificate.id).where(Certificate.not_after >= now, Certificate.not_after <= soon, in_use())


def revoked_ids() -> Select[Any]:
    """The numbers of revoked certificates, as a subquery."""
    return select(CertificateRevocation.certificate_id)


def due(body_id: int, now: dt.datetime) -> list[tuple[int, int]]:
    """(certificate, step) of those whose end is to be announced; nothing is open afterwards."""
    found = [(each.id, step) for each in ending(now, body_id) if (step := due_step(each.not_after, now))]
    end_reading()
    return found


@use_case
def warn(actor: Actor, certificate_id: int, step: int, now: dt.datetime) -> bool:
    """Announce the end of a certificate (rule:R46); False when that was done at this step, or nobody uses it."""
    certificate = db.session.get_one(Certificate, certificate_id)
    told = select(AuditEntry.payload).where(
        AuditEntry.fact == CertificateExpiring.__name__, AuditEntry.subject_type == Certificate.__tablename__,
        AuditEntry.subject_id == certificate_id,
    )  # fmt: skip
    if any(payload["step"] == step for payload in db.session.scalars(told)) or not is_used(certificate_id):
        return False
    fact = CertificateExpiring.about(
        certificate, person_id=certificate.person_id, holder=certificate.subject, until=certificate.not_after, step=step
    )
    record(actor, fact, now)
    return True


def stampers() -> list[CertificateFacts]:
    """The authorities that stamps are believed by, and what the newest stamp here was made with; none without stamps.

    The one that ends first comes first; nothing is open afterwards.
    """
    if timestamp.stamper() is None:
        return []
    newest = select(SignatureEvidence.content).where(SignatureEvidence.kind == EvidenceKind.TIME_STAMP)
    token = db.session.scalar(newest.order_by(SignatureEvidence.id.desc()).limit(1))
    end_reading()
    known = {*timestamp.trusted(), *(timestamp.certificates_in(token) if token else ())}
    return sorted((signing.certificate_facts(der) for der in known), key=lambda facts: (facts.not_after, facts.sha256))


@use_case
def warn_of_stampers(actor: Actor, body_id: int, found: Sequence[CertificateFacts], now: dt.datetime) -> int:
    """Announce the end of those whose step has come (rule:R46); how many. Each step of a certificate once."""
    told = select(AuditEntry.payload).where(
        AuditEntry.fact == StamperExpiring.__name__, AuditEntry.subject_type == Body.__tablename__,
        AuditEntry.subject_id == body_id,
    )  # fmt: skip
    known = {(payload["certificate_sha256"], payload["step"]) for payload in db.session.scalars(told)}
    due_now = [(facts, step) for facts in found if (step := due_step(facts.not_after, now))]
    fresh = [(facts, step) for facts, step in due_now if (facts.sha256, step) not in known]
    body = Detached(Body.__tablename__, body_id, None, body_id)
    for facts, step in fresh:
        ends = {"until": facts.not_after, "step": step}
        record(actor, StamperExpiring.about(body, holder=facts.name, certificate_sha256=facts.sha256, **ends), now)
    return len(fresh)


def is_used(certificate_id: int) -> bool:
    """Whether somebody still signs with it: renewed or revoked, its end is nobody's concern."""
    return db.session.scalar(select(Certificate.id).where(Certificate.id == certificate_id, in_use())) is not None


def still_ending(notice: Notice, now: dt.datetime) -> bool:
    """Whether the notice is worth sending still."""
    certificate = db.session.get(Certificate, notice.details["subject_id"])
    return certificate is not None and now <= certificate.not_after and is_used(certificate.id)


def in_use() -> ColumnElement[bool]:
    """An active key or seal stands on it, and it was not revoked."""
    key = exists().where(SigningKey.certificate_id == Certificate.id, SigningKey.state == KeyState.ACTIVE)
    seal = exists().where(SealKey.certificate_id == Certificate.id, SealKey.state == KeyState.ACTIVE)
    ended = exists().where(CertificateRevocation.certificate_id == Certificate.id)
    return (key | seal) & ~ended


def troubles(
    people: Iterable[tuple[int, str]], now: dt.datetime, until: dt.datetime | None = None
) -> Iterator[Trouble]:
    """Of people (id, name) those who have no key, whose certificate cannot sign now, or ends before the vote does."""
    named = dict(people)
    held = keys.active_keys(named)
    serials = _revoked_serials(key.certificate_id for key in held.values())
    for person_id, name in named.items():
        key = held.get(person_id)
        said = _("has no signing key") if key is None else _against(key.certificate, now, until, serials)
        if said:
            yield Trouble(name, str(said))


def _against(
    certificate: Certificate, now: dt.datetime, until: dt.datetime | None, revoked: list[str]
) -> object | None:
    try:
        signing.check_certificate(certificate.der, now, signing.trusted(), revoked=revoked)
    except CertificateRefused as refused:
        return refused.message
    if until is not None and certificate.not_after < until:
        return _("The certificate ends before the vote does.")
    return None


def _revoked_serials(certificate_ids: Iterable[int]) -> list[str]:
    rows = select(Certificate.serial).join(
        CertificateRevocation, CertificateRevocation.certificate_id == Certificate.id
    )
    return list(db.session.scalars(rows.where(Certificate.id.in_(list(certificate_ids)))))
