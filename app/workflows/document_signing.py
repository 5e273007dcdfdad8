"""Signing a Resolution (ký số văn bản): the person's signature, put into the very file that was read."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.gateways import pades, paper, signing, storage
from app.gateways.pades import PadesRefused
from app.gateways.paper import fields
from app.gateways.timestamp import TimeStamp
from app.models import (
    Certificate,
    DocumentSignature,
    FileStage,
    Resolution,
    ResolutionFile,
    SignatureRole,
    SignedStatement,
    StatementKind,
)
from app.workflows import keys, resolutions, seals, time_stamps
from app.workflows.engine.errors import BadValue, Detached, WorkflowError
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import end_reading, record_refusal, use_case
from app.workflows.engine.visibility import seen
from app.workflows.resolution_sources import ResolutionFact, record_step
from app.workflows.resolutions import LIFECYCLE, FileChanged
from app.workflows.rules import schema
from app.workflows.rules.canonical import digest


class SignatureImpossible(WorkflowError):
    code = "signature_impossible"
    message = _("The document cannot be signed: %(reason)s")


class SignatureUnproven(WorkflowError):
    code = "signature_unproven"
    http_status = 500
    message = _("The signed document did not pass our own verification, so it was not kept: %(reasons)s")


class ChangesUnseen(WorkflowError):
    code = "changes_unseen"
    field = "changes"
    message = _("The text differs from the one that was voted on. Look at the comparison and confirm it first.")


class BadNonce(BadValue):
    code, field = "bad_nonce", "nonce"
    message = _("The device sent an unusable number. Load the page again.")


@dataclass(frozen=True)
class ResolutionSigned(ResolutionFact):
    file_sha256: str
    statement_sha256: str


@dataclass(frozen=True)
class Made:
    """A file with its new signature, before anything is written: the bytes that were signed, their CMS, its stamp."""

    content: bytes
    signed: bytes
    cms: bytes
    certificate_id: int
    stamp: tuple[bytes, TimeStamp] | None = None


def sign_resolution(
    actor: Actor,
    resolution_id: int,
    file_sha256: str,
    nonce: str,
    pin: str,
    now: dt.datetime,
    changes_seen: bool = False,
) -> Resolution:
    """Ký số: PAdES over the presented file, by the person it was presented to, with the picture in box 7c.

    `file_sha256` is the file that the person read. The same nonce again answers with what was done; nothing is open
    while the key works, and nothing is called signed before the file lies in the store and the row is committed.
    """
    try:
        resolution = seen(actor, Resolution, resolution_id)
        _require_signer(actor, resolution)
        if done(resolution, SignatureRole.SIGNATURE, nonce):
            return resolution
        file, certificate, picture = _admit(actor, resolution, file_sha256, nonce, now, changes_seen)
        about, name, reason = Detached.of(resolution), resolution.signer.full_name, resolution.subject
        expected = [pades.Expected(SignatureRole.SIGNATURE.value, certificate.der)]
        made = make(
            about, file.sha256, certificate.id,
            lambda content: pades.reserve(
                content, fields.SIGNATURE, name=name, at=now, picture=picture, reason=reason[:200], location=""
            ),
            lambda sha: keys.unlock(
                actor, about, keys.own_ring(actor), lambda key: signing.signer().sign_document(key, pin, sha), now
            ),
            now,
        )  # fmt: skip
        if against := faults(made, expected, now):
            raise SignatureUnproven(about, reasons=against)
        stored, pages = resolutions.keep(about, made.content), paper.page_count(made.content)
    except WorkflowError as refusal:
        record_refusal("sign_resolution", actor, refusal)
        raise
    return _complete(actor, resolution_id, file_sha256, nonce, made, stored, pages, now, changes_seen)


@use_case
def _complete(
    actor: Actor, resolution_id: int, file_sha256: str, nonce: str, made: Made, stored: storage.Stored, pages: int,
    now: dt.datetime, changes_seen: bool,
) -> Resolution:  # fmt: skip
    resolution = resolutions.locked(actor, resolution_id)
    if done(resolution, SignatureRole.SIGNATURE, nonce):
        return resolution
    move = LIFECYCLE.admit("sign", resolution, actor)
    file, certificate, _picture = _admit(actor, resolution, file_sha256, nonce, now, changes_seen)
    if certificate.id != made.certificate_id:
        raise FileChanged(resolution)
    signed = resolutions.add_file(resolution, file.version, FileStage.SIGNED, stored, pages, now)
    statement = add_signature(
        actor, resolution, SignatureRole.SIGNATURE, signed, made, nonce, resolution.signer.full_name,
        resolution.signer_post, now,
    )  # fmt: skip
    move.apply(resolution, signed_at=now)
    record_step(
        actor, resolution, ResolutionSigned, now, file_sha256=stored.sha256,
        statement_sha256=statement.sha256,
    )  # fmt: skip
    return resolution


def _admit(
    actor: Actor, resolution: Resolution, file_sha256: str, nonce: str, now: dt.datetime, changes_seen: bool
) -> tuple[ResolutionFile, Certificate, bytes]:
    """Everything that must hold before the PIN and again before the commit (rule:R1, rule:R27)."""
    check_nonce(resolution, nonce)
    _require_signer(actor, resolution)
    LIFECYCLE.admit("sign", resolution, actor)
    resolutions.refuse_changed_post(resolution, now)
    file = resolutions.presented_file(resolution)
    if file.sha256 != file_sha256:
        raise FileChanged(resolution)
    resolutions.refuse_unready(resolution, file.version)
    if resolutions.differs(file.version) and not changes_seen:
        raise ChangesUnseen(resolution)
    key = keys.own_usable_key(actor, resolution, now)
    picture = seals.picture_of(resolution.signer_id)
    if picture is None:
        raise seals.NoPicture(resolution)
    return file, key.certificate, picture


def _require_signer(actor: Actor, resolution: Resolution) -> None:
    """Also before an earlier answer is given again: a nonce that somebody overheard opens nothing."""
    actor.require(LIFECYCLE.moves["sign"].right, resolution)
    resolutions.require_signer(actor, resolution)


def make(
    about: Detached,
    file_sha256: str,
    certificate_id: int,
    reserve: Callable[[bytes], pades.Reservation],
    sign: Callable[[bytes], bytes],
    now: dt.datetime,
) -> Made:
    """Reserve a place in the file, sign its digest, ask for a time stamp, complete the file; nothing is open meanwhile.

    Without a stamp the file is complete all the same (PAdES B-B instead of B-T), and the signature waits for one.
    """
    end_reading()
    content = resolutions.content_of(about, file_sha256)
    try:
        reservation = reserve(content)
        cms = sign(reservation.digest)
        begin, end = reservation.gap
        signed = reservation.pdf[:begin] + reservation.pdf[end:]
        stamp = time_stamps.ask_once(cms, now, pades.ROOM - len(cms))
        cms = signing.with_stamp(cms, stamp[0]) if stamp else cms
        return Made(pades.complete(reservation, cms), signed, cms, certificate_id, stamp)
    except PadesRefused as refused:
        raise SignatureImpossible(about, reason=str(refused)) from refused


def faults(made: Made, expected: Sequence[pades.Expected], now: dt.datetime) -> str:
    """What our own verdict has against the file that was just made, in sentences; nothing is kept that is not valid."""
    end_reading()
    verdict = pades.verdict(made.content, expected, signing.trusted(), now, ask_second=False)
    said = "; ".join(reason.sentence for reason in verdict.reasons)
    return "" if verdict.state == "valid" else said or verdict.state


def add_signature(
    actor: Actor,
    resolution: Resolution,
    role: SignatureRole,
    file: ResolutionFile,
    made: Made,
    nonce: str,
    name: str,
    post: str,
    now: dt.datetime,
) -> SignedStatement:
    """The signed bytes with their CMS, and where they stand in the document; inside the running act."""
    kinds: dict[SignatureRole, StatementKind] = {
        SignatureRole.SIGNATURE: StatementKind.DOCUMENT_SIGNATURE,
        SignatureRole.SEAL: StatementKind.DOCUMENT_SEAL,
    }
    statement = SignedStatement(
        body_id=resolution.body_id, kind=kinds[role], person_id=actor.person_id, statement=made.signed,
        sha256=digest(made.signed), cms=made.cms, certificate_id=made.certificate_id, signed_at=now,
    )  # fmt: skip
    db.session.add(statement)
    db.session.flush()
    signature = DocumentSignature(
        body_id=resolution.body_id, resolution=resolution, role=role, file=file, statement=statement, nonce=nonce,
        name=name, post=post,
    )  # fmt: skip
    db.session.add(signature)
    db.session.flush()
    if made.stamp:
        time_stamps.keep(actor, {statement.id: made.stamp}, now)
    return statement


def done(resolution: Resolution, role: SignatureRole, nonce: str) -> DocumentSignature | None:
    """The signature under this nonce was made already: the answer was lost, the signature was not."""
    rows = select(DocumentSignature).filter_by(resolution_id=resolution.id, role=role, nonce=nonce)
    return db.session.scalar(rows)


def check_nonce(resolution: Resolution, nonce: Any) -> None:
    try:
        schema.nonce(nonce)
    except ValueError as odd:
        raise BadNonce(resolution) from odd
