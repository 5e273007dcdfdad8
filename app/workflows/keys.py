"""Signing keys (khóa ký): which certificate stands for a person, and how a PIN is charged before it is tried."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import ColumnElement, Select, select

from app.extensions import db
from app.gateways import signing
from app.gateways.signing.errors import (
    CertificateFault,
    CertificateRefused,
    KeyUnavailable,
    PinHeld,
    PinRefused,
    SignerBusy,
    WrongPin,
)
from app.gateways.signing.places import SOFTWARE
from app.gateways.signing.trouble import KeyTrouble, NotThatCertificate, PinBlocked
from app.models import (
    Certificate,
    CertificateRevocation,
    KeyRecovery,
    KeyState,
    Person,
    Poll,
    PollState,
    RecoveryKind,
    RollEntry,
    SealKey,
    SigningKey,
)
from app.workflows import lost_passkeys, revocations
from app.workflows.engine.errors import BadValue, Detached, NotFound, Subject, WorkflowError
from app.workflows.engine.moves import Lifecycle, Move
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.text import block
from app.workflows.engine.transaction import Fact, end_reading, own_transaction, record, record_refusal, use_case
from app.workflows.engine.visibility import nothing, seen
from app.workflows.rules.calendar import HANOI, hanoi_date
from app.workflows.rules.canonical import digest

MOST_TRIES = 5
LOCKED_FOR = dt.timedelta(minutes=15)
CERTIFICATE_DAYS = 5 * 365
LONGEST_REASON = 500

ACTIVE, SUSPENDED, REPLACED = KeyState
LIFECYCLE = Lifecycle(
    KeyState,
    #    name       from                            to         who may
    Move("suspend", frozenset({ACTIVE, SUSPENDED}), SUSPENDED, Right.KEY_RECOVER),
    Move("replace", frozenset({ACTIVE, SUSPENDED}), REPLACED,  Right.KEY_RECOVER),
)  # fmt: skip


class NoKey(WorkflowError):
    code = "no_key"
    message = _("There is no active signing key for you. Ask the Government Office to enrol one.")


class KeySuspended(WorkflowError):
    code = "key_suspended"
    http_status = 403
    message = _("Your signing key is suspended until two people of the Government Office confirm a new one.")


class PinWrong(WorkflowError):
    code = "pin_wrong"
    http_status = 403
    field = "pin"
    message = _("The PIN is not correct. Tries left: %(tries_left)s.")


class PinLocked(WorkflowError):
    code = "pin_locked"
    http_status = 423
    field = "pin"
    message = _(
        "The PIN was wrong %(most)s times; this key is locked until %(until)s. Two people of the Government Office can "
        "unlock it earlier."
    )


class PinUnacceptable(BadValue):
    code = "pin_refused"
    field = "pin"
    message = _("%(reason)s")


class CertificateNotUsable(WorkflowError):
    code = "certificate_refused"
    http_status = 403
    message = _("%(reason)s")


class SigningUnavailable(WorkflowError):
    code = "signing_unavailable"
    http_status = 503
    message = _("The signing service does not answer now. Nothing was signed; please try again.")


class SigningBusy(SigningUnavailable):
    code = "signing_busy"
    message = SignerBusy.message


class KeyHeld(SigningUnavailable):
    code = "key_held"
    http_status = 423
    message = _(
        "There were too many wrong PINs for this key; the signing service takes none before %(until)s. "
        "Nothing was signed."
    )


class KeySilent(SigningUnavailable):
    """A key in a device or at a provider did not sign, and it is known why: asking again by itself would not help."""

    code = "key_silent"
    http_status = 409
    message = _("%(reason)s")

    @property
    def recorded(self) -> str:
        """What the device or provider said; auditors are told more than that there was something."""
        return str(self.details["fault"])


class KeyBlocked(KeySilent):
    code = "key_blocked"
    http_status = 423


class KeyPinned(WorkflowError):
    code = "key_pinned"
    message = _("The certificate is pinned in an open vote; the key can be replaced after that vote is closed.")


class SamePerson(WorkflowError):
    code = "same_person"
    http_status = 403
    message = _("The request and its confirmation need two different people, neither of them the owner of the key.")


class RecoveryDone(WorkflowError):
    code = "recovery_done"
    message = _("This request was already dealt with.")


class NoReason(BadValue):
    code = "no_reason"
    field = "reason"
    message = _("Write the reason.")


class NoPasskeyKept(BadValue):
    code, field = "no_passkey_kept", "kind"
    message = _("This person has no passkey that could be removed.")


class NoReplacementAllowed(WorkflowError):
    code = "no_replacement_allowed"
    http_status = 403
    message = _("A new key needs a replacement confirmed by two people of the Government Office.")


@dataclass(frozen=True)
class KeyFact(Fact):
    person_id: int


@dataclass(frozen=True)
class KeyEnrolled(KeyFact):
    """`place`: where the key lives (software, pkcs11, csc)."""

    certificate_sha256: str
    place: str


@dataclass(frozen=True)
class KeyLocked(KeyFact):
    until: dt.datetime


@dataclass(frozen=True)
class KeyRecoveryRequested(KeyFact):
    kind: RecoveryKind
    reason: str


@dataclass(frozen=True)
class KeyRecoveryApproved(KeyFact):
    kind: RecoveryKind


@dataclass(frozen=True)
class KeySuspendedFact(KeyFact):
    because: str


def active_key(person_id: int) -> SigningKey | None:
    """The key of a person that is not replaced, if there is one."""
    return db.session.scalar(
        select(SigningKey).where(SigningKey.person_id == person_id, SigningKey.state != KeyState.REPLACED)
    )


def active_keys(person_ids: Iterable[int]) -> dict[int, SigningKey]:
    """Active keys by person, in one query; suspended and replaced ones are left out."""
    keys = select(SigningKey).where(SigningKey.person_id.in_(list(person_ids)), SigningKey.state == KeyState.ACTIVE)
    return {key.person_id: key for key in db.session.scalars(keys)}


def pin_keys(person_ids: Iterable[int]) -> dict[int, SigningKey]:
    """Active keys by person, held until the end of the act: none is suspended while a vote pins its certificate."""
    keys = select(SigningKey).where(SigningKey.person_id.in_(list(person_ids)), SigningKey.state == KeyState.ACTIVE)
    held = keys.order_by(SigningKey.id).with_for_update(read=True).execution_options(populate_existing=True)
    return {key.person_id: key for key in db.session.scalars(held)}


def check_usable(subject: Subject, certificate: Certificate, now: dt.datetime) -> None:
    """Refuse unless this certificate may sign now: chain, validity, usage, revocation."""
    revoked = db.session.scalar(
        select(CertificateRevocation.at).where(CertificateRevocation.certificate_id == certificate.id)
    )
    serials = [certificate.serial] if revoked and revoked <= now else []
    try:
        signing.check_certificate(certificate.der, now, signing.trusted(), revoked=serials)
    except CertificateRefused as refused:
        raise CertificateNotUsable(subject, reason=refused.message, fault=str(refused.reason)) from refused


def own_usable_key(actor: Actor, subject: Subject, now: dt.datetime) -> SigningKey:
    """The actor's own key, when nothing speaks against signing with it now; asked again before the commit."""
    key = active_key(actor.person_id or 0)
    if key is None:
        raise NoKey(subject)
    refuse_suspended(subject, key.certificate_id)
    check_usable(subject, key.certificate, now)
    return key


def refuse_suspended(subject: Subject, certificate_id: int | None) -> None:
    """What a key signed before it was suspended may no longer take effect: nobody knows who held it."""
    state = select(SigningKey.state).where(SigningKey.certificate_id == certificate_id)
    if db.session.scalar(state) is KeyState.SUSPENDED:
        raise KeySuspended(subject)


@dataclass(frozen=True)
class Ring:
    """Which keys a PIN may open: the rows of one table that fulfil a condition, at most one of them standing."""

    table: type[SigningKey] | type[SealKey]
    owner: ColumnElement[bool]

    def standing(self) -> Select[Any]:
        return select(self.table).where(self.owner, self.table.state != KeyState.REPLACED)

    def named(self, key_ref: str) -> Select[Any]:
        return select(self.table).where(self.table.key_ref == key_ref)


def own_ring(actor: Actor) -> Ring:
    return Ring(SigningKey, SigningKey.person_id == actor.person_id)


def sign_with_pin(actor: Actor, subject: Subject, data: bytes, pin: str, now: dt.datetime) -> bytes:
    """CMS of `data` by the actor's own key. No transaction is open while the key is unlocked."""
    return unlock(actor, subject, own_ring(actor), lambda key: signing.signer().sign(key, pin, data, now), now)


def unlock(actor: Actor, subject: Subject, ring: Ring, sign: Callable[[str], bytes], now: dt.datetime) -> bytes:
    """What `sign` makes of the reference of the one key on the ring; the PIN is inside of `sign`.

    The try is charged and committed under the key's row lock before the PIN is looked at, so that neither a crash
    nor twenty requests at once win a free guess (decision: five tries, then fifteen minutes).
    """
    subject = Detached.of(subject)  # a refusal must not need a second connection while the key's row is locked
    end_reading()
    try:
        key_ref, tries_left, registered = _charge_try(subject, ring, now)
        try:
            cms = sign(key_ref)
            if registered not in cms:
                raise NotThatCertificate
        except WrongPin as wrong:
            if tries_left == 0:
                raise _locked(subject, now + LOCKED_FOR) from wrong
            raise PinWrong(subject, tries_left=tries_left) from wrong
        except KeyUnavailable as missing:
            _give_back(ring, key_ref)
            raise unavailable(subject, missing) from missing
    except WorkflowError as refusal:
        record_refusal("sign_with_pin", actor, refusal)
        raise
    _forgive(ring, key_ref)
    return cms


def unavailable(subject: Subject, missing: KeyUnavailable) -> SigningUnavailable:
    """What a signer that made nothing is told as: away, busy, holding this key, or what a device or provider said."""
    if isinstance(missing, KeyTrouble):
        kind = KeyBlocked if isinstance(missing, PinBlocked) else KeySilent
        return kind(subject, reason=missing.message, fault=missing.code)
    if isinstance(missing, PinHeld):
        return KeyHeld(subject, until=f"{missing.until.astimezone(HANOI):%H:%M %d/%m/%Y}")
    return (SigningBusy if isinstance(missing, SignerBusy) else SigningUnavailable)(subject)


def _charge_try(subject: Subject, ring: Ring, now: dt.datetime) -> tuple[str, int, bytes]:
    """Reference of the key, tries that are left, and the certificate (DER) that what it signs must carry.

    Only a device or provider could have exchanged its certificate: for our own keys it is empty.
    """
    with own_transaction() as session:
        key = session.scalar(ring.standing().with_for_update())
        if key is None:
            raise NoKey(subject)
        if key.state is KeyState.SUSPENDED:
            raise KeySuspended(subject)
        if key.locked_until and key.locked_until > now:
            raise _locked(subject, key.locked_until)
        if key.locked_until:
            key.failed_tries, key.locked_until = 0, None
        key.failed_tries += 1
        if key.failed_tries >= MOST_TRIES:
            key.locked_until = now + LOCKED_FOR
        outside = signing.provider_of(key.key_ref) != SOFTWARE
        return key.key_ref, MOST_TRIES - key.failed_tries, key.certificate.der if outside else b""


def _locked(subject: Subject, until: dt.datetime) -> PinLocked:
    return PinLocked(subject, most=MOST_TRIES, until=f"{until.astimezone(HANOI):%H:%M}", tries_left=0)


def _forgive(ring: Ring, key_ref: str) -> None:
    """A right PIN clears the count; tries charged by others meanwhile are cleared with it."""
    with own_transaction() as session:
        key = session.scalars(ring.named(key_ref).with_for_update()).one()
        key.failed_tries, key.locked_until = 0, None


def _give_back(ring: Ring, key_ref: str) -> None:
    """The PIN was never looked at: the charged try does not count."""
    with own_transaction() as session:
        key = session.scalars(ring.named(key_ref).with_for_update()).one()
        key.failed_tries, key.locked_until = max(0, key.failed_tries - 1), None


@use_case
def request_recovery(actor: Actor, person_id: int, kind: RecoveryKind, reason: str, now: dt.datetime) -> KeyRecovery:
    """The first of two people asks to unlock or to replace somebody's key, or to remove the passkeys."""
    person = seen(actor, Person, person_id)
    actor.require(Right.KEY_RECOVER, person)
    if actor.person_id == person_id:
        raise SamePerson(person)
    cleaned = block(person, reason, "reason", LONGEST_REASON, refusal=NoReason)
    if kind is RecoveryKind.PASSKEYS and not lost_passkeys.has_passkeys(person_id):
        raise NoPasskeyKept(person)
    key = active_key(person_id)
    if key is None and kind is RecoveryKind.UNLOCK:
        raise NotFound(person)
    asked = KeyRecovery(
        body_id=person.body_id, person_id=person_id, key_id=key and key.id, kind=kind, reason=cleaned,
        requested_by_id=actor.person_id, requested_at=now,
    )  # fmt: skip
    db.session.add(asked)
    db.session.flush()
    record(actor, KeyRecoveryRequested.about(asked, person_id=person_id, kind=kind, reason=asked.reason), now)
    return asked


@use_case
def approve_recovery(actor: Actor, recovery_id: int, now: dt.datetime) -> KeyRecovery:
    """The second person confirms: a replacement revokes and waits for its owner, the others take effect at once."""
    seen(actor, KeyRecovery, recovery_id)
    asked = db.session.scalars(select(KeyRecovery).where(KeyRecovery.id == recovery_id).with_for_update()).one()
    actor.require(Right.KEY_RECOVER, asked)
    if actor.person_id in (asked.requested_by_id, asked.person_id):
        raise SamePerson(asked)
    if asked.approved_at:
        raise RecoveryDone(asked)
    asked.approved_by_id, asked.approved_at = actor.person_id, now
    key = db.session.scalar(select(SigningKey).where(SigningKey.id == asked.key_id).with_for_update())
    if asked.kind is RecoveryKind.REPLACE and key is not None:
        _refuse_if_pinned(asked, key)
        LIFECYCLE.moves["suspend"].apply(key)
        revocations.revoke(actor, key.certificate, asked.reason, now)
    if asked.kind is RecoveryKind.UNLOCK and key is not None:
        key.failed_tries, key.locked_until, asked.used_at = 0, None, now
    if asked.kind is RecoveryKind.PASSKEYS:
        lost_passkeys.take_out(actor, asked.person_id, now)
        asked.used_at = now
    record(actor, KeyRecoveryApproved.about(asked, person_id=asked.person_id, kind=asked.kind), now)
    return asked


@use_case
def suspend_key(actor: Actor, person_id: int, because: str, now: dt.datetime) -> None:
    """Part of acts that touch an account (a password reset): the key waits until two people enrol a new one."""
    key = db.session.scalar(
        select(SigningKey)
        .where(SigningKey.person_id == person_id, SigningKey.state == KeyState.ACTIVE)
        .with_for_update()
    )
    if key is not None:
        LIFECYCLE.moves["suspend"].apply(key)
        record(actor, KeySuspendedFact.about(key, person_id=person_id, because=because), now)


def enrol_own_key(actor: Actor, pin: str, now: dt.datetime) -> SigningKey:
    """The owner chooses a PIN and gets the key and certificate that two people have confirmed."""
    end_reading()
    person = db.session.get(Person, actor.person_id or 0)
    if person is None:
        raise NotFound(nothing(actor, Person, 0))
    confirmed = _confirmed_replacement(person)
    if confirmed is None:
        refusal = NoReplacementAllowed(person)
        record_refusal("enrol_own_key", actor, refusal)
        raise refusal
    facts: dict[str, Any] = {"name": person.full_name, "title": _post_of(person, now), "organisation": "e-Cabinet"}
    end_reading()
    try:
        enrolled = signing.signer().enrol(**facts, pin=pin, now=now, days=CERTIFICATE_DAYS)
    except PinRefused as refused:
        raise PinUnacceptable(person, reason=refused.message) from refused
    except KeyUnavailable as missing:
        raise unavailable(person, missing) from missing
    return complete_enrolment(actor, person.id, enrolled.key_ref, enrolled.certificate_der, now)


@use_case
def complete_enrolment(
    actor: Actor, person_id: int, key_ref: str, certificate_der: bytes, now: dt.datetime
) -> SigningKey:
    """Register a key that the signer made; the earlier key of the person is replaced, never two at once."""
    person = db.session.scalars(select(Person).where(Person.id == person_id).with_for_update()).one()
    confirmed = _confirmed_replacement(person)
    if confirmed is None or actor.person_id != person_id:
        raise NoReplacementAllowed(person)
    if old := active_key(person_id):
        _refuse_if_pinned(person, old)
        LIFECYCLE.moves["replace"].apply(old)
        db.session.flush()
    refuse_unfit(person, certificate_der, person.full_name, now)
    confirmed.used_at = now
    return register_key(actor, person, key_ref, certificate_der, now)


def refuse_unfit(subject: Subject, certificate_der: bytes, name: str, now: dt.datetime) -> None:
    """Nobody is given a certificate that could not sign now, that names somebody else, or that is registered."""
    try:
        signing.check_certificate(certificate_der, now, signing.trusted())
        registered = select(Certificate.id).where(Certificate.sha256 == digest(certificate_der))
        if not signing.same_holder(certificate_der, name) or db.session.scalar(registered):
            raise CertificateRefused(CertificateFault.SOMEONE_ELSES)
    except CertificateRefused as refused:
        raise CertificateNotUsable(subject, reason=refused.message, fault=str(refused.reason)) from refused


def register_key(actor: Actor, person: Person, key_ref: str, certificate_der: bytes, now: dt.datetime) -> SigningKey:
    """Write certificate and key rows inside the running act."""
    facts = signing.certificate_facts(certificate_der)
    certificate = Certificate(
        body_id=person.body_id, person_id=person.id, serial=facts.serial, subject=facts.name, issuer=facts.issuer,
        sha256=facts.sha256, der=certificate_der, not_before=facts.not_before, not_after=facts.not_after,
    )  # fmt: skip
    key = SigningKey(
        body_id=person.body_id, person_id=person.id, certificate=certificate, key_ref=key_ref, enrolled_at=now,
        provider=signing.provider_of(key_ref),
    )  # fmt: skip
    db.session.add(key)
    db.session.flush()
    record(actor, KeyEnrolled.about(key, person_id=person.id, certificate_sha256=facts.sha256, place=key.provider), now)
    return key


def _confirmed_replacement(person: Person) -> KeyRecovery | None:
    waiting = select(KeyRecovery).where(
        KeyRecovery.person_id == person.id, KeyRecovery.kind == RecoveryKind.REPLACE,
        KeyRecovery.approved_at.is_not(None), KeyRecovery.used_at.is_(None),
    )  # fmt: skip
    return db.session.scalars(waiting.order_by(KeyRecovery.id.desc())).first()


def _refuse_if_pinned(subject: Subject, key: SigningKey) -> None:
    pinned = select(RollEntry.poll_id).join(Poll, Poll.id == RollEntry.poll_id)
    open_poll = pinned.where(RollEntry.certificate_id == key.certificate_id, Poll.state == PollState.OPEN)
    if db.session.scalar(open_poll.limit(1)):
        raise KeyPinned(subject)


def _post_of(person: Person, now: dt.datetime) -> str:
    held = [post for post in person.appointments if post.in_force(hanoi_date(now))]
    return held[0].post if held else ""
