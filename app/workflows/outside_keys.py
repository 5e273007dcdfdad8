"""Registering a key that was made elsewhere (thiết bị ký, ký số từ xa), with the certificate that stands there."""

import datetime as dt
import unicodedata
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import exists, or_, select

from app.extensions import db
from app.gateways import signing
from app.gateways.signing import CertificateFacts
from app.gateways.signing.errors import BadSignature, CertificateRefused, KeyUnavailable, WrongPin
from app.gateways.signing.places import SOFTWARE
from app.gateways.signing.trouble import UntrueSignature
from app.models import Certificate, Person, SealKey, SigningKey
from app.workflows import keys
from app.workflows.engine.errors import BadValue, Detached, WorkflowError
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import end_reading, record_refusal
from app.workflows.engine.visibility import nothing
from app.workflows.rules.canonical import canonical, digest

ACT = "register_outside_key"
CONTEXT = "vn.ecabinet.key-proof.v1"


class NotOutside(BadValue):
    code, field = "key_not_outside", "key_ref"
    message = _("“%(key_ref)s” names no key of a signing device or provider.")


class SomeoneElses(WorkflowError):
    code = "certificate_of_another"
    http_status = 403
    message = _("The certificate is issued to “%(name)s”, and not to “%(owner)s”. The key is not registered.")


class AlreadyRegistered(WorkflowError):
    code = "key_registered"
    message = _(
        "This key or its certificate was registered before. A new certificate needs a new name in the settings."
    )


class ProofFailed(WorkflowError):
    code = "key_proof_failed"
    http_status = 403
    field = "pin"
    message = _("The PIN is not correct, so it is not proven that the key is yours. The key is not registered.")


@dataclass(frozen=True)
class Offered:
    """What stands under a reference before it is registered: whose certificate, and where the key lives."""

    key_ref: str
    certificate_der: bytes
    facts: CertificateFacts
    place: Any


def offered(actor: Actor, key_ref: str, now: dt.datetime) -> Offered:
    """The certificate as the device or provider shows it; refused unless it is the actor's own and usable now."""
    about, owner = _owner(actor)
    return examine(actor, ACT, about, key_ref, owner, now)


def examine(actor: Actor, act: str, about: Detached, key_ref: str, owner: str, now: dt.datetime) -> Offered:
    """What stands under a reference, if it is outside, not registered, issued to `owner` by name, and usable now.

    A refusal is recorded as one of the act with that name; nothing is open afterwards.
    """
    try:
        if signing.provider_of(key_ref) == SOFTWARE:
            raise NotOutside(about, key_ref=key_ref[:64])
        _refuse_registered(about, key_ref, "")
        der = _read(about, key_ref)
        facts = signing.certificate_facts(der)
        if _same(facts.name) != _same(owner):
            raise SomeoneElses(about, name=facts.name, owner=owner)
        _refuse_registered(about, key_ref, facts.sha256)
        _check(about, der, now)
    except WorkflowError as refusal:
        record_refusal(act, actor, refusal)
        raise
    finally:
        end_reading()
    return Offered(key_ref, der, facts, signing.place(signing.provider_of(key_ref)))


def register(actor: Actor, found: Offered, pin: str, now: dt.datetime) -> SigningKey:
    """After two people confirmed a new key: the owner proves with the PIN that the key is the certificate's.

    Nothing is open while the key signs; what it signs is a statement that nothing else accepts.
    """
    about, _name = _owner(actor)
    prove(actor, ACT, about, found, pin, now)
    return keys.complete_enrolment(actor, about.id or 0, found.key_ref, found.certificate_der, now)


def prove(
    actor: Actor,
    act: str,
    about: Detached,
    found: Offered,
    pin: str,
    now: dt.datetime,
    unproven: type[WorkflowError] = ProofFailed,
) -> None:
    """Have the key sign a statement that nothing else accepts; refused, and recorded, unless it is the certificate's.

    `unproven` is what a PIN that does not open the key is told as. Nothing is open while the key signs.
    """
    end_reading()
    proof = canonical({"ctx": CONTEXT, "key_ref": found.key_ref, "certificate_sha256": digest(found.certificate_der)})
    try:
        cms = signing.signer().sign(found.key_ref, pin, proof, now)
        signing.check_detached(cms, proof, found.certificate_der)
    except WrongPin as wrong:
        raise _refused(actor, act, unproven(about)) from wrong
    except BadSignature as bad:
        raise _refused(actor, act, keys.unavailable(about, UntrueSignature())) from bad
    except KeyUnavailable as missing:
        raise _refused(actor, act, keys.unavailable(about, missing)) from missing


def _refused(actor: Actor, act: str, refusal: WorkflowError) -> WorkflowError:
    record_refusal(act, actor, refusal)
    return refusal


def _owner(actor: Actor) -> tuple[Detached, str]:
    person = db.session.get(Person, actor.person_id or 0)
    if person is None:
        raise keys.NoReplacementAllowed(nothing(actor, Person, 0))
    return Detached.of(person), person.full_name


def _read(about: Detached, key_ref: str) -> bytes:
    end_reading()
    try:
        return signing.signer().certificate(key_ref)
    except KeyUnavailable as missing:
        raise keys.unavailable(about, missing) from missing


def _check(about: Detached, der: bytes, now: dt.datetime) -> None:
    try:
        signing.check_certificate(der, now, signing.trusted())
    except CertificateRefused as refused:
        raise keys.CertificateNotUsable(about, reason=refused.message, fault=str(refused.reason)) from refused


def _refuse_registered(about: Detached, key_ref: str, sha256: str) -> None:
    """A key or certificate of a person is no seal's, and that of a seal no person's."""
    certified = exists().where(Certificate.sha256 == sha256)
    sealed, personal = exists().where(SealKey.key_ref == key_ref), exists().where(SigningKey.key_ref == key_ref)
    if db.session.scalar(select(or_(certified, sealed, personal))):
        raise AlreadyRegistered(about)


def _same(name: str) -> str:
    """Certificates write names in capitals, and some spell them in another form of Unicode."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
