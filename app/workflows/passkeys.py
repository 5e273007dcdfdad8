"""Passkeys (khóa truy cập): a second, independent proof that a member holds in a device of his own."""

import datetime as dt
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select, update

from app.extensions import db
from app.gateways import passkeys as gateway
from app.gateways.passkeys import NewPasskey, PasskeyFault, PasskeyRefused, RelyingParty
from app.models import KeyState, Passkey, PasskeyChallenge, PasskeyPurpose, Person
from app.workflows import keys
from app.workflows.engine.errors import BadValue, NotFound, Subject, WorkflowError
from app.workflows.engine.rights import Actor
from app.workflows.engine.text import line
from app.workflows.engine.transaction import Fact, end_reading, record, record_refusal, use_case
from app.workflows.engine.visibility import nothing, seen
from app.workflows.rules.canonical import digest
from app.workflows.rules.passkey import passkey_sha256

ENROL_FOR = dt.timedelta(minutes=5)
MOST_PASSKEYS = 10
LONGEST_LABEL = 60
LONGEST_CREDENTIAL = 1023  # bytes, by the standard
CHALLENGE = 32  # bytes


class NoRelyingParty(WorkflowError):
    code = "passkeys_unavailable"
    message = _("Passkeys work only where this installation has an https address with a host name; it has none yet.")


class NoKeyForPasskey(WorkflowError):
    code = "passkey_without_key"
    http_status = 403
    message = _("A passkey confirms what you sign with your signing key, and you have no active one.")


class TooManyPasskeys(WorkflowError):
    code = "too_many_passkeys"
    message = _("You have as many passkeys as are kept for a person; remove one first.")


class BadLabel(BadValue):
    code, field = "passkey_label", "label"
    message = _("Name the device in 1 to 60 characters, without invisible control characters.")


class EnrolmentOver(WorkflowError):
    code = "passkey_enrolment_over"
    message = _("This request was used already, is older than five minutes, or is of another session. Begin again.")


class PasskeyKnown(WorkflowError):
    code = "passkey_known"
    message = _("This passkey is registered already.")


class PasskeyNotMade(WorkflowError):
    code = "passkey_not_made"
    http_status = 422
    message = _("%(reason)s")
    reasons = {
        PasskeyFault.WRONG_CHALLENGE: _("The device answered another request. Nothing was registered; begin again."),
        PasskeyFault.WRONG_ORIGIN: _("The device answered for another address. Nothing was registered."),
        PasskeyFault.WRONG_HOST: _("The device made a passkey for another host. Nothing was registered."),
        PasskeyFault.NOT_PRESENT: _("Nobody touched the device. Nothing was registered."),
        PasskeyFault.NOT_VERIFIED: _(
            "The device did not check that it is you (fingerprint, face or its PIN). Nothing was registered."
        ),
        PasskeyFault.WEAK_KEY: _("The device made a key of a kind that is not accepted. Nothing was registered."),
    }
    otherwise = _("The answer of the device does not have the expected form. Nothing was registered.")


@dataclass(frozen=True)
class PasskeyFact(Fact):
    """About a passkey; `person_id` is whose it is."""

    person_id: int


@dataclass(frozen=True)
class PasskeyAdded(PasskeyFact):
    """`sha256` is that of the credential and its public key (rules/passkey.py)."""

    sha256: str


@dataclass(frozen=True)
class PasskeyRemoved(PasskeyFact): ...


@dataclass(frozen=True)
class PasskeyCountFell(PasskeyFact):
    """A count that was not higher than the last one: perhaps there is a copy of the key."""

    known: int
    told: int


@dataclass(frozen=True)
class PasskeysSuspended(Fact):
    """About the person."""

    person_id: int
    because: str


@dataclass(frozen=True)
class Made:
    """What a browser sends of a passkey that an authenticator has made."""

    credential_id: bytes
    client_data: bytes
    attestation: bytes
    transports: tuple[str, ...]


def kept_passkeys(person_id: int) -> list[Passkey]:
    """The passkeys of a person that were not removed, suspended ones included, the oldest first."""
    rows = select(Passkey).where(Passkey.person_id == person_id, Passkey.removed_at.is_(None))
    return list(db.session.scalars(rows.order_by(Passkey.id)))


def usable_passkeys(person_id: int) -> list[Passkey]:
    """Those of them that confirm something."""
    return [passkey for passkey in kept_passkeys(person_id) if passkey.suspended_at is None]


def with_passkey(person_ids: Iterable[int]) -> set[int]:
    """Which of these people have a passkey that confirms something."""
    rows = select(Passkey.person_id).where(Passkey.person_id.in_(list(person_ids)), Passkey.removed_at.is_(None))
    return set(db.session.scalars(rows.where(Passkey.suspended_at.is_(None)).distinct()))


def label_of(credential_id: bytes) -> str:
    """What its owner calls a passkey, removed ones included."""
    return db.session.scalar(select(Passkey.label).where(Passkey.credential_id == credential_id)) or ""


def may_enrol(actor: Actor) -> bool:
    """A passkey stands beside an active signing key; while that waits for two people, nobody adds one."""
    key = keys.active_key(actor.person_id or 0)
    return key is not None and key.state is KeyState.ACTIVE


def require_party(about: Subject) -> RelyingParty:
    party = gateway.relying_party()
    if party is None:
        raise NoRelyingParty(about)
    return party


def begin_enrolment(actor: Actor, session_id: int, account: str, label: str, now: dt.datetime) -> dict[str, Any]:
    """What the browser asks its authenticator, as JSON; good once, for five minutes, in this session.

    The caller has asked for the password of the account.
    """
    challenge = _challenge(actor, session_id, label, now)
    person = db.session.get_one(Person, actor.person_id)
    known = [passkey.credential_id for passkey in kept_passkeys(person.id)]
    user = bytes.fromhex(digest(f"vn.ecabinet.person:{person.id}".encode()))
    party = require_party(person)
    return gateway.registration_options(party, user, account, person.full_name, challenge, known)


@use_case
def _challenge(actor: Actor, session_id: int, label: str, now: dt.datetime) -> bytes:
    person = _locked_person(actor)
    require_party(person)
    cleaned = line(person, label, "label", LONGEST_LABEL, refusal=BadLabel)
    _require_room(actor, person)
    challenge = secrets.token_bytes(CHALLENGE)
    db.session.add(PasskeyChallenge(
        body_id=person.body_id, person_id=person.id, session_id=session_id, purpose=PasskeyPurpose.ENROL,
        challenge=challenge, label=cleaned, expires_at=now + ENROL_FOR,
    ))  # fmt: skip
    return challenge


def complete_enrolment(actor: Actor, session_id: int, made: Made, now: dt.datetime) -> Passkey:
    """Register the passkey that answers the challenge of this session; each challenge gets one answer, good or not."""
    challenge, label = _take_challenge(actor, session_id, now)
    person = db.session.get_one(Person, actor.person_id)
    party = require_party(person)
    end_reading()
    try:
        if not 0 < len(made.credential_id) <= LONGEST_CREDENTIAL:
            raise PasskeyRefused(PasskeyFault.MALFORMED)
        new = gateway.check_registration(party, made.credential_id, made.client_data, made.attestation, challenge)
    except PasskeyRefused as refused:
        reason = PasskeyNotMade.reasons.get(refused.fault, PasskeyNotMade.otherwise)
        refusal = PasskeyNotMade(person, reason=reason)
        record_refusal("enrol_passkey", actor, refusal)
        raise refusal from refused
    return _register(actor, new, label, made.transports, now)


@use_case
def _take_challenge(actor: Actor, session_id: int, now: dt.datetime) -> tuple[bytes, str]:
    person = _locked_person(actor)
    _require_room(actor, person)
    asked = select(PasskeyChallenge).where(
        PasskeyChallenge.person_id == person.id, PasskeyChallenge.session_id == session_id,
        PasskeyChallenge.purpose == PasskeyPurpose.ENROL,
    ).order_by(PasskeyChallenge.id.desc())  # fmt: skip
    latest = db.session.scalars(asked.limit(1).with_for_update()).one_or_none()
    if latest is None or latest.used_at or latest.expires_at < now:
        raise EnrolmentOver(person)
    latest.used_at = now
    return latest.challenge, latest.label


@use_case
def _register(actor: Actor, new: NewPasskey, label: str, transports: tuple[str, ...], now: dt.datetime) -> Passkey:
    person = _locked_person(actor)
    _require_room(actor, person)
    if db.session.scalar(select(Passkey.id).where(Passkey.credential_id == new.credential_id)):
        raise PasskeyKnown(person)
    passkey = Passkey(
        body_id=person.body_id, person_id=person.id, credential_id=new.credential_id, public_key=new.public_key,
        sign_count=new.sign_count, aaguid=new.aaguid, label=label, created_at=now,
        transports=sorted(gateway.TRANSPORTS & set(transports)),
        backup_eligible=new.backup_eligible, backed_up=new.backed_up,
    )  # fmt: skip
    db.session.add(passkey)
    db.session.flush()
    made = passkey_sha256(new.credential_id, new.public_key)
    record(actor, PasskeyAdded.about(passkey, person_id=person.id, sha256=made), now)
    return passkey


@use_case
def remove_passkey(actor: Actor, passkey_id: int, now: dt.datetime) -> Passkey:
    """Its owner takes a passkey out of use, for good. The caller has asked for the password of the account."""
    seen(actor, Passkey, passkey_id)
    passkey = db.session.scalars(select(Passkey).where(Passkey.id == passkey_id).with_for_update()).one()
    if passkey.removed_at is None:
        passkey.removed_at = now
        record(actor, PasskeyRemoved.about(passkey, person_id=passkey.person_id), now)
    return passkey


@use_case
def suspend_passkeys(actor: Actor, person_id: int, because: str, now: dt.datetime) -> None:
    """Part of acts that touch an account (a password reset): nobody knows who would add or remove one next."""
    mine = update(Passkey).where(
        Passkey.person_id == person_id, Passkey.removed_at.is_(None), Passkey.suspended_at.is_(None)
    )
    if db.session.execute(mine.values(suspended_at=now).returning(Passkey.id)).all():
        person = db.session.get_one(Person, person_id)
        record(actor, PasskeysSuspended.about(person, person_id=person_id, because=because), now)


def _locked_person(actor: Actor) -> Person:
    person = db.session.get(Person, actor.person_id or 0, with_for_update={"of": Person})
    if person is None:
        raise NotFound(nothing(actor, Person, 0))
    return person


def _require_room(actor: Actor, person: Person) -> None:
    if not may_enrol(actor):
        raise NoKeyForPasskey(person)
    if len(kept_passkeys(person.id)) >= MOST_PASSKEYS:
        raise TooManyPasskeys(person)
