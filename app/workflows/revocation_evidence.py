"""Evidence of standing (trạng thái chứng thư): what an authority says of a certificate, kept with what it signed."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, Select, func, select

from app.extensions import db
from app.gateways import revocation, signing
from app.gateways.revocation import Answer, Standing
from app.gateways.signing import CertificateRefused
from app.models import Certificate, CertificateRevocation, EvidenceKind, SignatureEvidence, SignedStatement
from app.workflows import certificate_rounds
from app.workflows.engine import outbox
from app.workflows.engine.errors import WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import Fact, end_reading, record, use_case
from app.workflows.engine.visibility import seen
from app.workflows.rules.canonical import digest

ASK, ASK_AGAIN = "revocation_evidence.ask", "revocation_evidence.ask_again"
ASKED_FOR = dt.timedelta(days=30)  # after the signature; what nobody has answered by then stays without an answer
WHOLE_SECOND = dt.timedelta(seconds=1)  # answers know no fractions
CERTAIN = (Standing.GOOD, Standing.REVOKED)
_ANSWER = (
    SignatureEvidence.statement_id == SignedStatement.id, SignatureEvidence.kind == EvidenceKind.REVOCATION
)  # fmt: skip


@dataclass(frozen=True)
class RevokedSignatureFound(Fact):
    """An authority says that the certificate of these statements was revoked before they were signed."""

    person_id: int | None
    certificate_sha256: str
    since: dt.datetime
    statements: list[int]


@dataclass(frozen=True)
class AnswersAskedAgain(Fact):
    """An administrator has a certificate asked about once more, however old the signatures without an answer are."""

    certificate_sha256: str
    signatures: int


class NothingMissing(WorkflowError):
    code = "nothing_missing"
    message = _("Beside every signature of this certificate there is an answer already.")


class NobodyToAsk(WorkflowError):
    code = "nobody_to_ask"
    message = _("This installation names nobody who can be asked about this certificate (ECABINET_TRUSTED_CAS).")


@dataclass(frozen=True)
class Waiting:
    """A certificate (DER) with signatures for which no answer is kept, and the latest of their times."""

    certificate_id: int
    der: bytes
    signed_at: dt.datetime


class AnswerState(StrEnum):
    GOOD = "good"  # an answer is kept, and it says that nothing was revoked
    REVOKED_LATER = "revoked_later"
    REVOKED_BEFORE = "revoked_before"
    AWAITED = "awaited"
    GIVEN_UP = "given_up"  # nobody answered in time, and nobody is asked any more
    NOBODY = "nobody"  # the configuration names nobody to ask


@dataclass(frozen=True)
class AnswerShown:
    """What may be said of the revocation of a signature's certificate; `at`: when the answer was kept, or revoked."""

    state: AnswerState
    at: dt.datetime | None = None


@dataclass(frozen=True)
class Backlog:
    """The signatures of one certificate beside which no answer lies: how many, the times of the first and the last."""

    count: int
    first: dt.datetime
    last: dt.datetime
    state: AnswerState


def shown(statement_sha256: str, now: dt.datetime) -> AnswerShown:
    """What is known about the certificate of the statement with this hash, in one query."""
    kept = select(func.min(SignatureEvidence.at)).where(*_ANSWER)
    row = db.session.execute(
        select(SignedStatement.signed_at, Certificate.der, kept.scalar_subquery().label("kept"),
               CertificateRevocation.at.label("revoked"))
        .join(Certificate, Certificate.id == SignedStatement.certificate_id)
        .outerjoin(CertificateRevocation, CertificateRevocation.certificate_id == Certificate.id)
        .where(SignedStatement.sha256 == statement_sha256)
    ).one()  # fmt: skip
    if row.revoked is not None and row.revoked <= row.signed_at:
        return AnswerShown(AnswerState.REVOKED_BEFORE, row.revoked)
    if row.kept is None:
        return AnswerShown(why_missing(row.der, row.signed_at, now))
    if row.revoked is not None:
        return AnswerShown(AnswerState.REVOKED_LATER, row.revoked)
    return AnswerShown(AnswerState.GOOD, row.kept)


def unanswered() -> Select[Any]:
    """The numbers of certificates with signatures beside which no answer lies, however old, as a subquery."""
    return select(SignedStatement.certificate_id).where(~_kept().exists())


def backlogs(certificates: Mapping[int, bytes], now: dt.datetime) -> dict[int, Backlog]:
    """How these certificates (number and DER) stand; one query, those without anything missing are left out."""
    times = (func.count(), func.min(SignedStatement.signed_at), func.max(SignedStatement.signed_at))
    rows = (
        select(SignedStatement.certificate_id, *times)
        .where(SignedStatement.certificate_id.in_(certificates), ~_kept().exists())
        .group_by(SignedStatement.certificate_id)
    )
    return {
        number: Backlog(count, first, last, why_missing(certificates[number], last, now))
        for number, count, first, last in db.session.execute(rows)
    }


def why_missing(certificate_der: bytes, signed_at: dt.datetime, now: dt.datetime) -> AnswerState:
    """Why no answer is there for a signature of that time."""
    try:
        issuer = signing.issuer_of(certificate_der, signing.trusted())
    except CertificateRefused:
        issuer = None
    if issuer is None or not revocation.can_ask(issuer):
        return AnswerState.NOBODY
    return AnswerState.AWAITED if signed_at > now - ASKED_FOR else AnswerState.GIVEN_UP


def waiting(body_id: int, now: dt.datetime) -> Sequence[Waiting]:
    """Certificates that are to be asked about; nothing is open afterwards."""
    rows = (
        select(Certificate.id, Certificate.der, func.max(SignedStatement.signed_at))
        .join(SignedStatement, SignedStatement.certificate_id == Certificate.id)
        .where(*_without_answer(body_id, now))
        .group_by(Certificate.id, Certificate.der)
        .order_by(Certificate.id)
    )
    found = [Waiting(*row) for row in db.session.execute(rows)]
    end_reading()
    return found


@use_case
def ask_again(actor: Actor, certificate_id: int, now: dt.datetime) -> None:
    """Have a certificate (its number) asked about though its signatures are too old to be asked about by themselves.

    NothingMissing, NobodyToAsk; the authority is asked by the worker, and again while it is silent.
    """
    certificate = seen(actor, Certificate, certificate_id)
    actor.require(Right.JOB_MANAGE, certificate)
    found = backlogs({certificate.id: certificate.der}, now).get(certificate.id)
    if found is None:
        raise NothingMissing(certificate)
    if found.state is AnswerState.NOBODY:
        raise NobodyToAsk(certificate)
    fact = AnswersAskedAgain.about(certificate, certificate_sha256=certificate.sha256, signatures=found.count)
    record(actor, fact, now)
    payload, key = {"certificate_id": certificate.id}, f"{ASK_AGAIN}:{certificate.id}:{now.isoformat()}"
    outbox.enqueue(certificate.body_id, ASK_AGAIN, payload, key, now)


def asked_again(certificate_id: int) -> Sequence[Waiting]:
    """The certificate, if it still has signatures without an answer; nothing is open afterwards."""
    rows = select(Certificate.id, Certificate.der, func.max(SignedStatement.signed_at)).join(
        SignedStatement, SignedStatement.certificate_id == Certificate.id
    )
    rows = rows.where(Certificate.id == certificate_id, ~_kept().exists()).group_by(Certificate.id, Certificate.der)
    found = [Waiting(*row) for row in db.session.execute(rows)]
    end_reading()
    return found


def newest_waiting(body_id: int, now: dt.datetime) -> tuple[int, dt.datetime] | None:
    """The last statement without an answer and the time of the first one; None when every signature has its own."""
    rows = select(func.max(SignedStatement.id), func.min(SignedStatement.signed_at)).where(
        *_without_answer(body_id, now)
    )
    last, first = db.session.execute(rows).one()
    return (last, first) if last is not None else None


def count_waiting(now: dt.datetime) -> int:
    """How many signatures of the last month wait for an answer, in all bodies."""
    rows = select(func.count()).select_from(SignedStatement).where(*_without_answer(None, now))
    return db.session.scalar(rows) or 0


def count_given_up(now: dt.datetime) -> int:
    """How many signatures, in all bodies, are too old to be asked about and never got an answer."""
    old = SignedStatement.signed_at <= now - ASKED_FOR
    rows = select(func.count()).select_from(SignedStatement).where(old, ~_kept().exists())
    return db.session.scalar(rows) or 0


def _without_answer(body_id: int | None, now: dt.datetime) -> tuple[ColumnElement[bool], ...]:
    recent = (SignedStatement.signed_at > now - ASKED_FOR, SignedStatement.signed_at <= now)
    own = () if body_id is None else (SignedStatement.body_id == body_id,)
    return (*own, *recent, ~_kept().exists())


def _kept() -> Select[Any]:
    return select(SignatureEvidence.id).where(*_ANSWER)


@use_case
def keep_answer(actor: Actor, certificate_id: int, answer: Answer, now: dt.datetime) -> int:
    """Write the answer down with every signature that it covers; how many. Once for each statement and answer.

    An answer covers what was signed before it was true, however long before: an older one says nothing about the
    moment of signing. When it says revoked, our own records say so from then on, its key is suspended, and whoever
    signed after that day is named to the auditors.
    """
    if answer.standing not in CERTAIN or answer.at is None:
        return 0
    certificate = db.session.get_one(Certificate, certificate_id)
    covered = select(SignedStatement).where(SignedStatement.certificate_id == certificate_id)
    before = SignedStatement.signed_at < answer.at + WHOLE_SECOND
    rows = covered.where(before, ~_kept().exists()).order_by(SignedStatement.id)
    statements, sha256 = list(db.session.scalars(rows)), digest(answer.content)
    kept = {"kind": EvidenceKind.REVOCATION, "content": answer.content, "sha256": sha256, "at": now}
    db.session.add_all(SignatureEvidence(statement_id=each.id, **kept) for each in statements)
    if answer.standing is Standing.REVOKED:
        _heed(actor, certificate, answer.since or now, statements, now)
    return len(statements)


def _heed(
    actor: Actor, certificate: Certificate, since: dt.datetime, statements: Sequence[SignedStatement], now: dt.datetime
) -> None:
    certificate_rounds.heed(actor, certificate.id, since, now)
    late = [each.id for each in statements if each.signed_at >= since]
    if late:
        fact = RevokedSignatureFound.about(
            certificate, person_id=certificate.person_id, certificate_sha256=certificate.sha256, since=since,
            statements=late,
        )  # fmt: skip
        record(actor, fact, now)
