"""Where a person is reached outside the application: own addresses, confirmed by a code that was sent there."""

import datetime as dt
import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.gateways.mail import is_address
from app.gateways.sms import NotAPhone, phone
from app.models import Channel, ContactAddress, Person
from app.workflows.engine import outbox
from app.workflows.engine.errors import BadValue, NotFound, WorkflowError
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.engine.visibility import nothing, seen

SEND_CODE = "contacts.send_code"  # a task: app/wiring.py
CODE_FOR = dt.timedelta(minutes=15)
CODE_EVERY = dt.timedelta(minutes=1)
MOST_TRIES, MOST_ADDRESSES, DIGITS = 5, 6, 6


class NoAddress(BadValue):
    code, field = "no_address", "address"
    message = _("This is no mail address, and no telephone number in Vietnam or with its country code.")


class TooManyAddresses(WorkflowError):
    code = "too_many_addresses"
    message = _("You have as many addresses as are kept for a person; remove one first.")


class WrongCode(BadValue):
    code, field = "wrong_code", "code"
    message = _("This is not the code that was sent, or it is older than a quarter of an hour.")


class TooSoon(WorkflowError):
    code = "too_soon"
    http_status = 429
    message = _("A code was sent a moment ago. Please wait a minute before you ask for another one.")


@dataclass(frozen=True)
class ContactFact(Fact):
    person_id: int
    channel: Channel


@dataclass(frozen=True)
class ContactAdded(ContactFact):
    pass


@dataclass(frozen=True)
class ContactConfirmed(ContactFact):
    pass


@dataclass(frozen=True)
class ContactRemoved(ContactFact):
    pass


@dataclass(frozen=True)
class ContactBounced(ContactFact):
    pass


def normalised(channel: Channel, typed: str) -> str:
    """The address as it is kept: a mail address in lower case, a number as +84…; ValueError for anything else."""
    if channel is Channel.SMS:
        return phone(typed)
    address = typed.strip().lower()
    if channel is not Channel.MAIL or not is_address(address):
        raise ValueError(typed)
    return address


def contacts_of(person_id: int) -> list[ContactAddress]:
    """The addresses of a person that were not removed."""
    rows = select(ContactAddress).where(ContactAddress.person_id == person_id, ContactAddress.removed_at.is_(None))
    return list(db.session.scalars(rows.order_by(ContactAddress.channel, ContactAddress.id)))


@use_case
def add_contact(actor: Actor, channel: Channel, typed: str, now: dt.datetime) -> ContactAddress:
    """Add an own address; nothing but a code is sent there until it is confirmed."""
    person = db.session.get(Person, actor.person_id or 0, with_for_update=True)
    if person is None:
        raise NotFound(nothing(actor, Person, 0))
    contact = _kept(actor, person, channel, _address(person, channel, typed), now)
    if len(contacts_of(person.id)) > MOST_ADDRESSES:
        raise TooManyAddresses(person)
    if contact.confirmed_at is None:
        _ask_for_code(contact, now)
    return contact


@use_case
def import_contact(actor: Actor, person_id: int, channel: Channel, typed: str, now: dt.datetime) -> ContactAddress:
    """An official address that the Government Office enters with the roll: confirmed by it."""
    person = seen(actor, Person, person_id)
    actor.require(Right.ROLL_MANAGE, person)
    contact = _kept(actor, person, channel, _address(person, channel, typed), now)
    if contact.confirmed_at is None:
        contact.confirmed_at = now
        record(actor, ContactConfirmed.about(contact, person_id=person.id, channel=channel), now)
    return contact


@use_case
def ask_for_code(actor: Actor, contact_id: int, now: dt.datetime) -> None:
    """Have another code sent to an own address."""
    contact = _own(actor, contact_id)
    if contact.confirmed_at is None or contact.bounced_at is not None:
        _ask_for_code(contact, now)


@use_case
def new_code(actor: Actor, contact_id: int, now: dt.datetime) -> str:
    """A fresh code for an address, for whoever sends it; only a digest is kept, and only the last one counts."""
    contact = db.session.get_one(ContactAddress, contact_id, with_for_update=True)
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    contact.code_sha256, contact.code_until, contact.code_tries = _digest(contact, code), now + CODE_FOR, 0
    return code


@use_case
def confirm_contact(actor: Actor, contact_id: int, code: str, now: dt.datetime) -> bool:
    """Confirm an own address by the code that came there; False when it is wrong, and the try is counted."""
    contact = _own(actor, contact_id)
    fresh = contact.code_until is not None and now < contact.code_until and contact.code_tries < MOST_TRIES
    contact.code_tries += 1
    if not fresh or not hmac.compare_digest(contact.code_sha256, _digest(contact, code.strip())):
        return False
    contact.confirmed_at, contact.code_sha256, contact.code_until, contact.bounced_at = now, "", None, None
    record(actor, ContactConfirmed.about(contact, person_id=contact.person_id, channel=contact.channel), now)
    return True


@use_case
def remove_contact(actor: Actor, contact_id: int, now: dt.datetime) -> None:
    """Take an own address out; what was sent there stays in the log."""
    contact = _own(actor, contact_id)
    contact.removed_at, contact.confirmed_at = now, None
    record(actor, ContactRemoved.about(contact, person_id=contact.person_id, channel=contact.channel), now)


@use_case
def note_bounce(actor: Actor, contact_id: int, said: str, now: dt.datetime) -> None:
    """An address was refused for good: nothing is sent there until its owner confirms it again."""
    contact = db.session.get_one(ContactAddress, contact_id, with_for_update=True)
    contact.bounced_at, contact.bounce_said = now, said[:300]
    record(actor, ContactBounced.about(contact, person_id=contact.person_id, channel=contact.channel), now)


def _own(actor: Actor, contact_id: int) -> ContactAddress:
    rows = select(ContactAddress).where(
        ContactAddress.id == contact_id, ContactAddress.person_id == (actor.person_id or 0),
        ContactAddress.removed_at.is_(None),
    )  # fmt: skip
    contact = db.session.scalars(rows.with_for_update()).one_or_none()
    if contact is None:
        raise NotFound(nothing(actor, ContactAddress, contact_id))
    return contact


def _address(person: Person, channel: Channel, typed: str) -> str:
    try:
        return normalised(channel, typed)
    except (ValueError, NotAPhone) as odd:
        raise NoAddress(person) from odd


def _kept(actor: Actor, person: Person, channel: Channel, address: str, now: dt.datetime) -> ContactAddress:
    """The row of this address, taken up again if it was removed."""
    same = (ContactAddress.person_id == person.id, ContactAddress.channel == channel, ContactAddress.address == address)
    contact = db.session.scalars(select(ContactAddress).where(*same).with_for_update()).one_or_none()
    if contact is None:
        contact = ContactAddress(
            body_id=person.body_id, person_id=person.id, channel=channel, address=address, added_at=now
        )
        db.session.add(contact)
        db.session.flush()
        record(actor, ContactAdded.about(contact, person_id=person.id, channel=channel), now)
    contact.removed_at = None
    return contact


def _ask_for_code(contact: ContactAddress, now: dt.datetime) -> None:
    if contact.code_until and contact.code_until - CODE_FOR + CODE_EVERY > now:
        raise TooSoon(contact)
    contact.code_until, contact.code_sha256 = now + CODE_FOR, ""  # nothing fits until the code is made
    db.session.flush()
    key = f"{SEND_CODE}:{contact.id}:{now.isoformat()}"
    outbox.enqueue(contact.body_id, SEND_CODE, {"contact_id": contact.id}, key, now)


def _digest(contact: ContactAddress, code: str) -> str:
    return sha256(f"{contact.id}:{contact.address}:{code}".encode()).hexdigest()
