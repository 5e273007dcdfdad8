"""Preservation (lưu trữ dài hạn): a promulgated Resolution gets what proves it for decades, and is renewed in time.

The promulgated file never changes, since its hash was announced; the long-term form is another file that begins with
its bytes (PAdES B-LT, B-LTA). Nothing is asked for in here but the time stamp: answers of authorities are those that
were kept before.
"""

import datetime as dt
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, func, or_, select

from app.extensions import db
from app.gateways import pades, revocation, signing, storage, timestamp
from app.gateways.pades import PadesRefused, ValidationData
from app.gateways.timestamp import StampRefused
from app.models import (
    EvidenceKind,
    PreservedFile,
    PreservedLevel,
    Resolution,
    SignatureEvidence,
    SignedStatement,
)
from app.workflows import authority_answers, preserved_files, resolutions, revocation_evidence, verification
from app.workflows.engine.errors import Detached
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import Fact, end_reading, record, use_case
from app.workflows.engine.visibility import OUT
from app.workflows.revocation_evidence import AnswerState
from app.workflows.rules import preserving
from app.workflows.rules.calendar import hanoi_date

log = logging.getLogger(__name__)

BEGIN, KEEP = "preservation.begin", "preservation.keep"
AT_ONCE = 50  # Resolutions in one job
LATE = dt.timedelta(days=1)  # the hourly job has tried often by then


class Lack(StrEnum):
    """Why there is no long-term form yet, or no newer one."""

    ANSWERS = "answers"
    GIVEN_UP = "given_up"
    NOBODY = "nobody"
    STAMP = "stamp"
    NO_STAMPER = "no_stamper"
    UNPROVEN = "unproven"


SAID: dict[Lack, Any] = {
    Lack.ANSWERS: _("It waits for the answers of the authorities about the certificates."),
    Lack.GIVEN_UP: _(
        "No answer about a certificate came within 30 days, and nobody is asked any more; an administrator can have "
        "the authorities asked again under “Missing answers about revocation”."
    ),
    Lack.NOBODY: _("It is not configured who can be asked about the certificates; tell the administrator."),
    Lack.STAMP: _("It waits for the time stamp of the document (“chờ dấu thời gian”)."),
    Lack.NO_STAMPER: _("No time-stamping authority is configured; tell the administrator."),
    Lack.UNPROVEN: _("What was made did not pass our own verification and was not kept; tell the administrator."),
}
UNANSWERED = {  # why an answer about a signature is missing → what the form lacks; of several, the first that applies
    AnswerState.NOBODY: Lack.NOBODY,
    AnswerState.GIVEN_UP: Lack.GIVEN_UP,
    AnswerState.AWAITED: Lack.ANSWERS,
}


class Lacking(Exception):
    """Not now: `lack` says what is missing, `detail` more of it for the log."""

    def __init__(self, lack: Lack, detail: str = "") -> None:
        super().__init__(f"{lack}: {detail}" if detail else lack.value)
        self.lack = lack


@dataclass(frozen=True)
class ResolutionPreserved(Fact):
    """A long-term form was made; `number` 1 is the first, each renewal has the next."""

    number: int
    level: str
    file_sha256: str
    stamped_at: dt.datetime | None
    due_at: dt.datetime


@dataclass(frozen=True)
class Used:
    """A certificate (DER) that stamped the time, and when: an answer about it must be younger."""

    certificate: bytes
    at: dt.datetime


@dataclass(frozen=True)
class Material:
    """Everything that the next form of a Resolution is made of, read in one go.

    `sha256` is the file that is continued, `number` that of the form to be made; `signed` are the certificates of the
    signatures, `answers` what was kept about them, `unanswered` certificates and times of the signatures without an
    answer; `stamped` says whether each signature carries its own time stamp.
    """

    about: Detached
    sha256: str
    number: int
    signed: tuple[bytes, ...]
    answers: tuple[bytes, ...]
    unanswered: tuple[tuple[bytes, dt.datetime], ...]
    tokens: tuple[bytes, ...]
    stamped: bool
    expected: tuple[pades.Expected, ...]
    revoked: dict[str, dt.datetime]


@dataclass(frozen=True)
class Overdue:
    """A Resolution (its number) whose next form was due at `since`; `ends`: its newest stamp proves until then."""

    number: str
    since: dt.datetime
    ends: dt.datetime | None
    lack: Lack


def due(body_id: int, now: dt.datetime) -> Sequence[int]:
    """The body's promulgated Resolutions without a long-term form, or whose newest one is due; oldest first."""
    found = db.session.scalars(_due(body_id, now).order_by(Resolution.id).limit(AT_ONCE)).all()
    end_reading()
    return found


def waits(body_id: int, now: dt.datetime) -> bool:
    """Whether there is any; whoever asks keeps the transaction."""
    return db.session.scalar(_due(body_id, now).limit(1)) is not None


def overdue(now: dt.datetime) -> list[Overdue]:
    """What should have been made or renewed a day ago, in all bodies, the first ones; nothing is open afterwards."""
    last = now - LATE
    rows = _late(last).where(or_(PreservedFile.id.is_not(None), Resolution.promulgated_at <= last))
    late = rows.with_only_columns(Resolution, PreservedFile).order_by(Resolution.id).limit(AT_ONCE)
    found = [
        Overdue(
            resolution.number.text if resolution.number else str(resolution.id), form.due_at if form else
            resolution.promulgated_at or now, form.stamp_ends if form else None,
            lack_of(resolution, now) or Lack.STAMP,
        )
        for resolution, form in db.session.execute(late).all()
    ]  # fmt: skip
    end_reading()
    return found


def _due(body_id: int, now: dt.datetime) -> Any:
    return _late(now).where(Resolution.body_id == body_id)


def _late(now: dt.datetime) -> Any:
    newest = (
        select(PreservedFile.resolution_id, func.max(PreservedFile.number).label("number"))
        .group_by(PreservedFile.resolution_id)
        .subquery()
    )
    late: ColumnElement[bool] = or_(newest.c.number.is_(None), PreservedFile.due_at <= now)
    rows = select(Resolution.id).outerjoin(newest, newest.c.resolution_id == Resolution.id)
    here = (PreservedFile.resolution_id == Resolution.id) & (PreservedFile.number == newest.c.number)
    return rows.outerjoin(PreservedFile, here).where(Resolution.state.in_(OUT), late)


def lack_of(resolution: Resolution, now: dt.datetime) -> Lack | None:
    """What the next form waits for, as far as it can be told without asking anybody; None while none is due."""
    last = preserved_files.newest(resolution.id)
    if resolution.state not in OUT or (last is not None and last.due_at > now):
        return None
    try:
        material = read(resolution.id)
        _data(material, _used(material), now)
    except Lacking as lacking:
        return lacking.lack
    return Lack.STAMP if timestamp.stamper() is not None else Lack.NO_STAMPER


def read(resolution_id: int) -> Material:
    """The material of the next form; the transaction stays open."""
    resolution = db.session.get_one(Resolution, resolution_id)
    last = preserved_files.newest(resolution_id)
    statements = [signature.statement for signature in resolution.signatures]
    tokens = [signing.stamp_in(statement.cms) for statement in statements]
    answered = _answers(statements)
    unanswered = tuple((each.certificate.der, each.signed_at) for each in statements if each.id not in answered)
    return Material(
        about=Detached.of(resolution), sha256=last.sha256 if last else resolutions.signed_file(resolution).sha256,
        number=last.number + 1 if last else 1, signed=tuple(each.certificate.der for each in statements),
        answers=tuple(dict.fromkeys(answered.values())), unanswered=unanswered,
        tokens=tuple(token for token in tokens if token), stamped=all(tokens),
        expected=verification.expected_of(resolution), revoked=verification.revocations_of(resolution),
    )  # fmt: skip


def _answers(statements: Sequence[SignedStatement]) -> dict[int, bytes]:
    """The newest answer that was kept with each statement."""
    rows = select(SignatureEvidence).where(
        SignatureEvidence.statement_id.in_([each.id for each in statements]),
        SignatureEvidence.kind == EvidenceKind.REVOCATION,
    )
    return {row.statement_id: row.content for row in db.session.scalars(rows.order_by(SignatureEvidence.id))}


def _used(material: Material, stamps: Sequence[pades.StampSeen] = ()) -> tuple[Used, ...]:
    """Who stamped the time so far, and when: in the signatures, and the document before."""
    found = [Used(stamp.certificate, stamp.time) for stamp in stamps]
    for token in material.tokens:
        certificates = timestamp.certificates_in(token)
        own = [each for each in certificates if signing.issuer_of(each, certificates) != each]
        found += [Used(each, timestamp.time_of(token)) for each in own if each not in timestamp.trusted()]
    return tuple(dict.fromkeys(found))


def asked_about(resolution_id: int, now: dt.datetime) -> tuple[int, list[bytes]]:
    """The body, and the certificates of authorities and of who stamps the time about which no fresh answer is kept."""
    material = read(resolution_id)
    body_id, sha256 = material.about.body_id, material.sha256
    wanted = _authorities(material)
    end_reading()
    used = _used(material, _judged(storage.read(sha256), material, now).stamps)
    kept = authority_answers.newest(body_id, [*wanted, *(each.certificate for each in used)])
    end_reading()
    asked = dict.fromkeys([*wanted, *(each.certificate for each in used)])
    return body_id, [each for each in asked if each not in kept or kept[each].at < now - preserving.FRESH]


def _covers(answer: Any, at: dt.datetime) -> bool:
    return answer is not None and answer.at > at - revocation_evidence.WHOLE_SECOND


def _authorities(material: Material) -> list[bytes]:
    """The authorities above everybody who signed or stamped, up to the root, which nobody vouches for."""
    pool = (*signing.trusted(), *timestamp.trusted())
    below = [*material.signed, *(each.certificate for each in _used(material))]
    found: list[bytes] = []
    while below:
        issuer = signing.issuer_of(below.pop(), pool)
        if issuer is not None and issuer not in found:
            found.append(issuer)
            below.append(issuer)
    return [each for each in found if signing.issuer_of(each, (each,)) is None]


def _why_unanswered(material: Material, now: dt.datetime) -> Lack:
    states = {revocation_evidence.why_missing(*each, now) for each in material.unanswered}
    return next(lack for state, lack in UNANSWERED.items() if state in states)


def _data(material: Material, used: Collection[Used], now: dt.datetime) -> ValidationData:
    """What the form takes up; Lacking while something is missing that its level needs."""
    pool = (*signing.trusted(), *timestamp.trusted())
    if material.unanswered:
        raise Lacking(_why_unanswered(material, now))
    authorities = _authorities(material)
    kept = authority_answers.newest(
        material.about.body_id, [*authorities, *(each.certificate for each in used)]
    )
    for each in used:
        if not _covers(kept.get(each.certificate), each.at):
            issuer = signing.issuer_of(each.certificate, pool)
            raise Lacking(Lack.ANSWERS if issuer and revocation.can_ask(issuer) else Lack.NOBODY)
    answers = dict.fromkeys((*material.answers, *(row.content for row in kept.values())))
    certificates = dict.fromkeys((*material.signed, *(each.certificate for each in used), *_chain(material, pool)))
    by_kind = {kind: tuple(each for each in answers if revocation.kind_of(each) == kind) for kind in ("ocsp", "crl")}
    return ValidationData(tuple(certificates), by_kind["ocsp"], by_kind["crl"])


def _chain(material: Material, pool: Sequence[bytes]) -> list[bytes]:
    """Every authority above those certificates, roots too."""
    above = [signing.issuer_of(each, pool) for each in _authorities(material)]
    direct = [signing.issuer_of(each, pool) for each in (*material.signed, *(u.certificate for u in _used(material)))]
    return [each for each in (*direct, *above) if each is not None]


def preserve(actor: Actor, resolution_id: int, now: dt.datetime) -> PreservedFile:
    """Make the next long-term form when one is due; otherwise the newest one stands. Lacking while it cannot be made.

    With a document time stamp, or where nobody gives one and there is no form yet, without it (B-LT). It is kept only
    when our own verdict finds it valid at its level; nothing is open while anybody is asked.
    """
    last = preserved_files.newest(resolution_id)
    if last is not None and last.due_at > now:
        end_reading()
        return last
    material, taken_back = read(resolution_id), authority_answers.revoked()
    end_reading()
    before = storage.read(material.sha256)
    data = _data(material, _used(material, _judged(before, material, now, taken_back).stamps), now)
    end_reading()
    made = _made(before, material, data, now)
    verdict = _judged(made, material, now, taken_back)
    if verdict.state != "valid" or verdict.level not in list(PreservedLevel):
        said = "; ".join(f"{reason.role} {reason.code}".strip() for reason in verdict.reasons)
        raise Lacking(Lack.UNPROVEN, f"{verdict.level}: {said}")
    stored = resolutions.keep(material.about, made)
    return _complete(actor, resolution_id, material.number, stored, verdict, now)


def _judged(
    pdf: bytes, material: Material, now: dt.datetime, taken_back: dict[str, dt.datetime] | None = None
) -> pades.Verdict:
    return pades.verdict(
        pdf, material.expected, signing.trusted(), now, material.revoked, ask_second=False,
        stampers_revoked=taken_back or {},
    )  # fmt: skip


def _made(before: bytes, material: Material, data: ValidationData, now: dt.datetime) -> bytes:
    """With a stamp over everything; Lacking when none comes and without one nothing would be gained."""
    stamper = timestamp.stamper()
    try:
        if stamper is None:
            raise StampRefused(timestamp.StampFault.DOWN)
        waiting = pades.reserve_stamp(before, data)
        token, _stamp = stamper.stamp(waiting.digest, now)
        return pades.complete(waiting, token)
    except PadesRefused as refused:
        raise Lacking(Lack.UNPROVEN, refused.code) from refused
    except StampRefused as refused:
        log.warning("no document time stamp for Resolution %s: %s", material.about.id, refused.reason)
        if material.number > 1 or not material.stamped:
            raise Lacking(Lack.STAMP if stamper else Lack.NO_STAMPER, refused.reason) from refused
        return pades.add_validation_data(before, data)


@use_case
def _complete(
    actor: Actor, resolution_id: int, number: int, stored: storage.Stored, verdict: pades.Verdict, now: dt.datetime
) -> PreservedFile:
    rows = select(Resolution).where(Resolution.id == resolution_id).with_for_update()
    resolution = db.session.scalars(rows.execution_options(populate_existing=True)).one()
    last = preserved_files.newest(resolution_id)
    if last is not None and last.number >= number:  # somebody else was faster
        return last
    stamp = verdict.stamps[-1] if verdict.stamps else None
    stamped_at, ends = (stamp.time, stamp.until) if stamp else (None, None)
    level, renewal = PreservedLevel(verdict.level), preserving.renewal_on(hanoi_date(now))
    made = PreservedFile(
        body_id=resolution.body_id, resolution_id=resolution_id, number=number, level=level, sha256=stored.sha256,
        size=stored.size, made_at=now, stamped_at=stamped_at,
        stamped_by=stamp.authority[:200] if stamp else "",
        stamp_ends=ends, due_at=preserving.due_at(now, ends, renewal),
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    fact = ResolutionPreserved.about(
        resolution, number=number, level=level.value, file_sha256=stored.sha256, stamped_at=made.stamped_at,
        due_at=made.due_at,
    )  # fmt: skip
    record(actor, fact, now)
    return made
