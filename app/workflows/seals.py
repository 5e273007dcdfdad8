"""Seals and specimen signatures (con dấu, mẫu chữ ký): which certificate and which picture stand on a document."""

import datetime as dt
from dataclasses import dataclass

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.gateways import pades, signing
from app.gateways.pades import PadesRefused
from app.gateways.signing.errors import KeyUnavailable, PinRefused
from app.gateways.signing.places import SOFTWARE
from app.models import Body, Certificate, KeyState, Person, SealKey, SignaturePicture
from app.workflows import keys, revocations
from app.workflows.engine.errors import BadValue, Detached, WorkflowError
from app.workflows.engine.moves import Lifecycle, Move
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import Fact, end_reading, record, record_refusal, use_case
from app.workflows.engine.visibility import seen
from app.workflows.rules.canonical import digest

ACTIVE, SUSPENDED, REPLACED = KeyState
SEAL_DAYS = 5 * 365
LIFECYCLE = Lifecycle(
    KeyState,
    #    name       from                            to         who may
    Move("suspend", frozenset({ACTIVE}),            SUSPENDED, Right.SEAL_KEEP),
    Move("replace", frozenset({ACTIVE, SUSPENDED}), REPLACED,  Right.SEAL_KEEP),
)  # fmt: skip


class NoSeal(WorkflowError):
    code = "no_seal"
    message = _("There is no usable seal of this body. The number stays; have the seal registered, then seal again.")


class NoPicture(WorkflowError):
    code = "no_picture"
    message = _("There is no specimen signature of the signer. The records office registers it.")


class SecondMissing(WorkflowError):
    code = "seal_needs_two"
    http_status = 403
    message = _(
        "A seal whose key is in a signing device or at a provider is registered and replaced by two people of the"
        " Government Office, at the terminal."
    )


class PictureRefused(BadValue):
    code, field = "picture_refused", "picture"
    message = _("%(reason)s")


@dataclass(frozen=True)
class SealEnrolled(Fact):
    certificate_sha256: str
    place: str = SOFTWARE
    confirmed_by_id: int | None = None


@dataclass(frozen=True)
class SealSuspended(Fact):
    certificate_sha256: str


@dataclass(frozen=True)
class SignaturePictureSet(Fact):
    person_id: int
    sha256: str


def ring_of(body_id: int) -> keys.Ring:
    return keys.Ring(SealKey, SealKey.body_id == body_id)


def standing_seal(body_id: int) -> SealKey | None:
    """The seal of a body that can be used, if there is one."""
    return db.session.scalar(select(SealKey).where(SealKey.body_id == body_id, SealKey.state == ACTIVE))


def picture_of(person_id: int) -> bytes | None:
    """The latest specimen signature of a person, a transparent PNG."""
    pictures = select(SignaturePicture.png).where(SignaturePicture.person_id == person_id)
    return db.session.scalars(pictures.order_by(SignaturePicture.id.desc()).limit(1)).first()


def enrol_seal(
    actor: Actor, body_id: int, pin: str, picture: bytes, now: dt.datetime, second: Actor | None = None
) -> SealKey:
    """A key and certificate for the organisation's seal, and its picture; the earlier seal of the body is replaced.

    One that is kept elsewhere is replaced by two people.
    """
    body = seen(actor, Body, body_id)
    about, name = Detached(Body.__tablename__, body.id, None, body.id), body.name
    try:
        actor.require(Right.SEAL_KEEP, about)
        if _elsewhere(db.session.scalar(ring_of(body_id).standing())):
            require_second(about, actor, second)
        picture = accepted(about, picture)
        end_reading()
        enrolled = signing.signer().enrol(name, "", name, pin, now, SEAL_DAYS)
    except PinRefused as refused:
        raise keys.PinUnacceptable(about, reason=refused.message) from refused
    except KeyUnavailable as missing:
        raise keys.unavailable(about, missing) from missing
    except WorkflowError as refusal:
        record_refusal("enrol_seal", actor, refusal)
        raise
    return register_seal(actor, body_id, enrolled.key_ref, enrolled.certificate_der, picture, now, second)


@use_case
def register_seal(
    actor: Actor,
    body_id: int,
    key_ref: str,
    certificate_der: bytes,
    picture: bytes,
    now: dt.datetime,
    second: Actor | None = None,
) -> SealKey:
    """Write certificate and key of a seal; never two that stand.

    A key that is elsewhere needs a second person, and so does whatever replaces one.
    """
    body = db.session.scalars(select(Body).where(Body.id == body_id).with_for_update()).one()
    about = Detached(Body.__tablename__, body.id, None, body.id)
    actor.require(Right.SEAL_KEEP, about)
    place, old = signing.provider_of(key_ref), db.session.scalar(ring_of(body_id).standing().with_for_update())
    if place != SOFTWARE or _elsewhere(old):
        require_second(about, actor, second)
    keys.refuse_unfit(about, certificate_der, body.name, now)
    if old is not None:
        LIFECYCLE.moves["replace"].apply(old)
        db.session.flush()
    facts = signing.certificate_facts(certificate_der)
    certificate = Certificate(
        body_id=body_id, person_id=None, serial=facts.serial, subject=facts.name, issuer=facts.issuer,
        sha256=facts.sha256, der=certificate_der, not_before=facts.not_before, not_after=facts.not_after,
    )  # fmt: skip
    seal = SealKey(
        body_id=body_id, certificate=certificate, key_ref=key_ref, provider=place, picture=picture,
        enrolled_by_id=actor.person_id, enrolled_at=now,
    )  # fmt: skip
    db.session.add(seal)
    db.session.flush()
    by = second and second.person_id
    record(actor, SealEnrolled.about(seal, certificate_sha256=facts.sha256, place=place, confirmed_by_id=by), now)
    return seal


def _elsewhere(seal: SealKey | None) -> bool:
    return seal is not None and signing.provider_of(seal.key_ref) != SOFTWARE


def require_second(about: Detached, first: Actor, second: Actor | None) -> None:
    """Somebody else of the Government Office confirms."""
    if second is None or second.person_id == first.person_id:
        raise SecondMissing(about)
    second.require(Right.KEY_RECOVER, about)


@use_case
def suspend_seal(actor: Actor, seal_id: int, now: dt.datetime) -> SealKey:
    """The seal may be in other hands: nothing is sealed until another one is registered."""
    seen(actor, SealKey, seal_id)
    seal = db.session.scalars(select(SealKey).where(SealKey.id == seal_id).with_for_update()).one()
    LIFECYCLE.admit("suspend", seal, actor).apply(seal)
    revocations.revoke(actor, seal.certificate, gettext("The seal was suspended."), now)
    record(actor, SealSuspended.about(seal, certificate_sha256=seal.certificate.sha256), now)
    return seal


@use_case
def suspend_seal_on(actor: Actor, certificate_id: int, now: dt.datetime) -> None:
    """Part of acts that end a certificate: the seal that stands on it, if one does, seals nothing any more."""
    rows = select(SealKey).where(SealKey.certificate_id == certificate_id, SealKey.state == ACTIVE)
    if seal := db.session.scalar(rows.with_for_update()):
        LIFECYCLE.moves["suspend"].apply(seal)
        record(actor, SealSuspended.about(seal, certificate_sha256=seal.certificate.sha256), now)


@use_case
def set_picture(actor: Actor, person_id: int, picture: bytes, now: dt.datetime) -> SignaturePicture:
    """Register a specimen signature; the person is told, earlier ones are kept."""
    person = seen(actor, Person, person_id)
    actor.require(Right.SEAL_KEEP, person)
    picture = accepted(person, picture)
    specimen = SignaturePicture(
        body_id=person.body_id, person_id=person.id, png=picture, sha256=digest(picture), by_id=actor.person_id, at=now
    )
    db.session.add(specimen)
    db.session.flush()
    record(actor, SignaturePictureSet.about(specimen, person_id=person.id, sha256=specimen.sha256), now)
    return specimen


def accepted(about: Person | Detached, picture: bytes) -> bytes:
    """The picture as it may stand on a document, without whatever else the file carried."""
    try:
        return pades.accept_picture(picture)
    except PadesRefused as refused:
        raise PictureRefused(about, reason=str(refused)) from refused
