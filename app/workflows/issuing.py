"""Issuing a Resolution (cấp số, đóng dấu): a number without gaps, then the seal that locks the document."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select

from app.extensions import db
from app.gateways import pades, paper, signing, storage
from app.gateways.paper import fields
from app.models import (
    Certificate,
    FileStage,
    IssuedNumber,
    NumberCancellation,
    Resolution,
    ResolutionFile,
    ResolutionState,
    SealKey,
    SignatureRole,
)
from app.workflows import document_signing, keys, resolutions, seals
from app.workflows.document_signing import Made
from app.workflows.engine.errors import Detached, WorkflowError
from app.workflows.engine.rights import Actor
from app.workflows.engine.text import block
from app.workflows.engine.transaction import record_refusal, use_case
from app.workflows.engine.visibility import seen
from app.workflows.resolution_sources import ResolutionFact, record_step
from app.workflows.resolutions import LIFECYCLE, TYPE
from app.workflows.rules import numbering
from app.workflows.rules.calendar import hanoi_date
from app.workflows.series import locked_series


class ClockBehind(WorkflowError):
    code = "clock_behind"
    message = _("The signature or the last number is of %(day)s; the clock of the server is behind. Have it set first.")


class SealUnproven(WorkflowError):
    code = "seal_unproven"
    http_status = 500
    message = _("The sealed document did not pass our own verification, so it was not kept: %(reasons)s")


@dataclass(frozen=True)
class NumberAllotted(ResolutionFact):
    number: str


@dataclass(frozen=True)
class NumberCancelled(ResolutionFact):
    number: str
    reason: str


@dataclass(frozen=True)
class ResolutionSealed(ResolutionFact):
    number: str
    file_sha256: str
    statement_sha256: str


@dataclass(frozen=True)
class ResolutionStopped(ResolutionFact):
    reason: str
    drafted_by_id: int | None


@use_case
def allot_number(actor: Actor, resolution_id: int, now: dt.datetime) -> Resolution:
    """Cấp số: the next number of the series under its row lock; asked again, the number that was given stands."""
    resolution = resolutions.locked(actor, resolution_id)
    if resolution.number is not None and resolution.state is ResolutionState.NUMBERED:
        actor.require(LIFECYCLE.moves["number"].right, resolution)
        return resolution
    move = LIFECYCLE.admit("number", resolution, actor)
    on = hanoi_date(now)
    series = locked_series(resolution.body_id, TYPE, resolution.normative, on.year)
    _refuse_earlier_day(resolution, on)
    series.last_number += 1
    symbol = numbering.symbol(TYPE, resolution.body.code)
    number = IssuedNumber(
        body_id=resolution.body_id, series=series, resolution=resolution, number=series.last_number, issued_on=on,
        text=numbering.full_number(series.last_number, on.year, resolution.normative, symbol),
        by_id=actor.person_id, at=now,
    )  # fmt: skip
    db.session.add(number)
    db.session.flush()
    move.apply(resolution, numbered_at=now)
    record_step(actor, resolution, NumberAllotted, now, number=number.text)
    return resolution


def _refuse_earlier_day(resolution: Resolution, on: dt.date) -> None:
    """No number is dated before the signature, nor before a number that the body gave, of whichever year or kind."""
    given = select(func.max(IssuedNumber.issued_on)).where(IssuedNumber.body_id == resolution.body_id)
    signed = resolution.signed_at and hanoi_date(resolution.signed_at)
    latest = max((day for day in (db.session.scalar(given), signed) if day), default=on)
    if on < latest:
        raise ClockBehind(resolution, day=f"{latest:%d/%m/%Y}")


def seal_resolution(actor: Actor, resolution_id: int, nonce: str, pin: str, now: dt.datetime) -> Resolution:
    """Đóng dấu: number and date into their fields and the organisation's signature over all, in one increment.

    A failed seal leaves the number and "chờ đóng dấu"; the same number is used when it is tried again.
    """
    try:
        resolution = seen(actor, Resolution, resolution_id)
        actor.require(LIFECYCLE.moves["seal"].right, resolution)
        if document_signing.done(resolution, SignatureRole.SEAL, nonce):
            return resolution
        file, seal = _admit(actor, resolution, nonce, now)
        about, name, reason = Detached.of(resolution), resolution.body.name, resolution.subject
        picture, body_id, place = seal.picture, resolution.body_id, resolution.body.place
        values = values_of(resolution)
        made = document_signing.make(
            about, file.sha256, seal.certificate_id,
            lambda content: pades.reserve(
                content, fields.SEAL, name=name, at=now, picture=picture, fill=values, reason=reason[:200],
                location=place,
            ),
            lambda sha: keys.unlock(
                actor, about, seals.ring_of(body_id), lambda key: signing.signer().sign_document(key, pin, sha), now
            ),
            now,
        )  # fmt: skip
        _prove(actor, resolution_id, made, now)
        stored, pages = resolutions.keep(about, made.content), paper.page_count(made.content)
    except keys.NoKey as missing:
        raise seals.NoSeal(about) from missing
    except WorkflowError as refusal:
        record_refusal("seal_resolution", actor, refusal)
        raise
    return _complete(actor, resolution_id, nonce, made, stored, pages, now)


@use_case
def _complete(
    actor: Actor, resolution_id: int, nonce: str, made: Made, stored: storage.Stored, pages: int, now: dt.datetime
) -> Resolution:
    resolution = resolutions.locked(actor, resolution_id)
    if document_signing.done(resolution, SignatureRole.SEAL, nonce):
        return resolution
    file, seal = _admit(actor, resolution, nonce, now)
    if seal.certificate_id != made.certificate_id:
        raise seals.NoSeal(resolution)
    move = LIFECYCLE.admit("seal", resolution, actor)
    sealed = resolutions.add_file(resolution, file.version, FileStage.SEALED, stored, pages, now)
    name = resolution.body.name
    statement = document_signing.add_signature(
        actor, resolution, SignatureRole.SEAL, sealed, made, nonce, name, name, now
    )
    move.apply(resolution, sealed_at=now)
    record_step(
        actor, resolution, ResolutionSealed, now, number=_number(resolution).text,
        file_sha256=stored.sha256, statement_sha256=statement.sha256,
    )  # fmt: skip
    return resolution


def _admit(actor: Actor, resolution: Resolution, nonce: str, now: dt.datetime) -> tuple[ResolutionFile, SealKey]:
    document_signing.check_nonce(resolution, nonce)
    LIFECYCLE.admit("seal", resolution, actor)
    seal = seals.standing_seal(resolution.body_id)
    if seal is None:
        raise seals.NoSeal(resolution)
    keys.check_usable(resolution, seal.certificate, now)
    return resolutions.signed_file(resolution), seal


def _prove(actor: Actor, resolution_id: int, made: Made, now: dt.datetime) -> None:
    """Never call sealed what our own verdict does not call valid."""
    resolution = seen(actor, Resolution, resolution_id)
    about, seal = Detached.of(resolution), db.session.get_one(Certificate, made.certificate_id)
    signed = pades.Expected(SignatureRole.SIGNATURE.value, resolution.signatures[0].statement.certificate.der)
    if against := document_signing.faults(made, [signed, pades.Expected(SignatureRole.SEAL.value, seal.der)], now):
        raise SealUnproven(about, reasons=against)


def values_of(resolution: Resolution) -> dict[str, str]:
    """What stands in the four fields: the number as it is printed before the symbol, and the date of the number."""
    number = _number(resolution)
    day = number.issued_on
    return {
        fields.NUMBER: numbering.number_text(number.number, day.year, resolution.normative),
        fields.DAY: f"{day.day:02}",
        fields.MONTH: numbering.month_text(day.month),
        fields.YEAR: str(day.year),
    }


def _number(resolution: Resolution) -> IssuedNumber:
    if resolution.number is None:
        raise RuntimeError("a Resolution in this state has a number")
    return resolution.number


@use_case
def stop_resolution(actor: Actor, resolution_id: int, reason: str, now: dt.datetime) -> Resolution:
    """The head of the body stops a signed Resolution before it goes out; its number stays, cancelled (hủy số)."""
    resolution = resolutions.locked(actor, resolution_id)
    move = LIFECYCLE.admit("stop", resolution, actor)
    why = block(resolution, reason, "reason", resolutions.LONGEST_REASON, refusal=resolutions.ReasonMissing)
    if number := resolution.number:
        cancelled = NumberCancellation(
            number_id=number.id, body_id=resolution.body_id, reason=why, by_id=actor.person_id, at=now
        )
        db.session.add(cancelled)
        record_step(actor, resolution, NumberCancelled, now, number=number.text, reason=why)
    move.apply(resolution, reason=why, ended_at=now)
    facts: dict[str, Any] = {"reason": why, "drafted_by_id": resolution.drafted_by_id}
    record_step(actor, resolution, ResolutionStopped, now, **facts)
    return resolution
