"""Deliveries (lượt gửi): what goes out to whom on which channel, when, once, and what is known of it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.gateways.channels import channels
from app.models import (
    Channel,
    ContactAddress,
    Delivery,
    DeliveryState,
    Digest,
    Notice,
    Person,
    PushSubscription,
    Topic,
)
from app.workflows import contacts, preferences
from app.workflows.engine import outbox
from app.workflows.engine.moves import Lifecycle, Move
from app.workflows.engine.rights import Actor, Right, actor_for
from app.workflows.engine.transaction import use_case
from app.workflows.engine.visibility import seen
from app.workflows.rules.calendar import hanoi_date

SEND = "deliveries.send"  # a task: app/wiring.py
GIVEN_UP_AFTER = dt.timedelta(hours=24)
LONGEST_ERROR = 300

QUEUED, SENDING, HANDED_OVER, FAILED, BOUNCED, UNCERTAIN, DROPPED = DeliveryState
OPEN = frozenset({QUEUED, SENDING})
ENDED = frozenset(DeliveryState) - OPEN

LIFECYCLE = Lifecycle(
    DeliveryState,
    #    name         from                            to           who may
    Move("send",      OPEN,                           SENDING,     Right.MESSAGE_SEND),
    Move("wait",      OPEN,                           QUEUED,      Right.MESSAGE_SEND),
    Move("hand_over", OPEN,                           HANDED_OVER, Right.MESSAGE_SEND),
    Move("fail",      OPEN,                           FAILED,      Right.MESSAGE_SEND),
    Move("bounce",    OPEN,                           BOUNCED,     Right.MESSAGE_SEND),
    Move("lose",      frozenset({SENDING}),           UNCERTAIN,   Right.MESSAGE_SEND),
    Move("drop",      frozenset({QUEUED}),            DROPPED,     Right.MESSAGE_SEND),
    Move("retry",     frozenset({FAILED, UNCERTAIN}), QUEUED,      Right.JOB_MANAGE),
)  # fmt: skip


@dataclass(frozen=True)
class Parcel:
    """All that is needed to hand one message over, read in one go; no row is held while the other side takes its time.

    `address` is a mail address or number, `push` the endpoint with its two keys. Exactly one of `notice` (its fact's
    name and what it keeps) and `digest` (its content) is there.
    """

    delivery_id: int
    key: str
    channel: Channel
    address: str
    push: tuple[str, str, str] | None
    person_id: int
    name: str
    urgent: bool
    attempts: int
    notice: tuple[int, str, dict[str, Any]] | None
    digest: tuple[int, dict[str, Any]] | None


topics: dict[str, Topic] = {}  # by the fact's name; app/wiring.py fills both
still_needed: dict[str, Callable[[Notice, dt.datetime], bool]] = {}  # by the fact's name: whether it is worth telling


def plan_notices(notices: Collection[Notice], topic: Topic, now: dt.datetime) -> int:
    """Write deliveries and their jobs for notices of one topic, in the caller's transaction; how many."""
    return sum(
        _plan(notice, f"notice:{notice.id}", {"notice_id": notice.id}, notice.urgent, address, quiet, now)
        for notice, addresses, quiet in _reachable(notices, topic)
        for address in addresses
    )


def plan_digest(digest: Digest, now: dt.datetime) -> int:
    """The same for a digest, which goes by mail and push as its person wants it."""
    return sum(
        _plan(digest, f"digest:{digest.id}", {"digest_id": digest.id}, False, address, quiet, now)
        for _digest, addresses, quiet in _reachable([digest], Topic.DIGEST)
        for address in addresses
    )


def _reachable(told: Collection[Any], topic: Topic) -> Iterable[tuple[Any, list[Any], preferences.Quiet]]:
    """Each thing to tell with the addresses it goes to; four queries, however many there are."""
    offered = {Channel(name) for name in channels().names()}
    people = {each.person_id for each in told}
    if not offered or not people:
        return []
    wanted, quiet = preferences.wanted(people, topic), preferences.quiet_hours(people)
    addresses = _addresses(people)
    return [
        (each, [at for at in addresses[each.person_id] if _channel(at) in wanted[each.person_id] & offered],
         quiet[each.person_id])
        for each in told
    ]  # fmt: skip


def _addresses(people: Collection[int]) -> dict[int, list[ContactAddress | PushSubscription]]:
    """Confirmed addresses that did not bounce, and browsers that still listen."""
    found: dict[int, list[ContactAddress | PushSubscription]] = defaultdict(list)
    confirmed = (ContactAddress.confirmed_at.is_not(None), ContactAddress.bounced_at.is_(None))
    rows = select(ContactAddress).where(ContactAddress.person_id.in_(list(people)), *confirmed)
    for contact in db.session.scalars(rows.where(ContactAddress.removed_at.is_(None)).order_by(ContactAddress.id)):
        found[contact.person_id].append(contact)
    browsers = select(PushSubscription).where(PushSubscription.person_id.in_(list(people)))
    for each in db.session.scalars(browsers.where(PushSubscription.gone_at.is_(None)).order_by(PushSubscription.id)):
        found[each.person_id].append(each)
    return found


def _channel(address: ContactAddress | PushSubscription) -> Channel:
    return address.channel if isinstance(address, ContactAddress) else Channel.PUSH


def _plan(
    told: Notice | Digest, about: str, subject: dict[str, int], urgent: bool,
    address: ContactAddress | PushSubscription, quiet: preferences.Quiet, now: dt.datetime,
) -> int:  # fmt: skip
    channel, there = _channel(address), f"{address.__tablename__}:{address.id}"
    where = {"contact_id": address.id} if isinstance(address, ContactAddress) else {"subscription_id": address.id}
    delivery = Delivery(
        body_id=told.body_id, person_id=told.person_id, key=f"{about}:{there}", channel=channel, urgent=urgent,
        created_at=now, not_before=now if urgent else quiet.not_before(now), **subject, **where,
    )  # fmt: skip
    db.session.add(delivery)
    db.session.flush()
    _enqueue(delivery, now)
    return 1


def _enqueue(delivery: Delivery, now: dt.datetime) -> None:
    key = f"{SEND}:{delivery.id}:{delivery.attempts}"
    outbox.enqueue(delivery.body_id, SEND, {"delivery_id": delivery.id}, key, now, due_at=delivery.not_before)


@use_case
def take(actor: Actor, delivery_id: int, now: dt.datetime) -> Parcel | None:
    """What is to be sent now; None when it was sent, is not needed any more, or may have arrived already.

    A mail that was found half sent may have arrived, so it is not sent again; the other channels know a message by
    its key, so that sending it twice is telling it once.
    """
    delivery = _locked(delivery_id)
    if delivery.state in ENDED:
        return None
    if delivery.state is SENDING and delivery.channel is Channel.MAIL:
        _end(actor, delivery, "lose", now, "ended while it was being sent")
        return None
    if delivery.state is QUEUED and not _worth_sending(delivery, now):
        _end(actor, delivery, "drop", now)
        return None
    delivery.attempts += 1
    return _parcel(delivery)


@use_case
def sending(actor: Actor, delivery_id: int, now: dt.datetime) -> None:
    """Commit that the text is about to leave; called when the other side has accepted everything else."""
    delivery = _locked(delivery_id)
    LIFECYCLE.admit("send", delivery, actor).apply(delivery, sending_at=now)


@use_case
def handed_over(actor: Actor, delivery_id: int, provider_id: str, now: dt.datetime) -> None:
    """The other side has it; nothing more is known or said."""
    delivery = _locked(delivery_id)
    ending = {"ended_at": now, "provider_id": provider_id[:120], "last_error": ""}
    LIFECYCLE.admit("hand_over", delivery, actor).apply(delivery, **ending)


@use_case
def not_yet(actor: Actor, delivery_id: int, error: str, now: dt.datetime) -> bool:
    """Nobody took it this time; False when it has waited long enough and is not tried any more."""
    delivery = _locked(delivery_id)
    if now - delivery.not_before >= GIVEN_UP_AFTER:
        _end(actor, delivery, "fail", now, error)
        return False
    LIFECYCLE.admit("wait", delivery, actor).apply(delivery, sending_at=None, last_error=error[:LONGEST_ERROR])
    return True


@use_case
def refused(actor: Actor, delivery_id: int, error: str, bounced: bool, now: dt.datetime) -> None:
    """The other side will never take it; a bounced address gets nothing more until it is confirmed again."""
    delivery = _locked(delivery_id)
    _end(actor, delivery, "bounce" if bounced else "fail", now, error)
    if bounced and delivery.contact_id:
        contacts.note_bounce(actor, delivery.contact_id, error, now)
    if bounced and delivery.subscription:
        delivery.subscription.gone_at = now


@use_case
def uncertain(actor: Actor, delivery_id: int, error: str, now: dt.datetime) -> None:
    """The whole text was sent and no answer came: it may have arrived, so it is not sent again by itself."""
    delivery = _locked(delivery_id)
    if delivery.state is QUEUED:
        LIFECYCLE.moves["send"].apply(delivery, sending_at=now)
    _end(actor, delivery, "lose", now, error)


@use_case
def retry_delivery(actor: Actor, delivery_id: int, now: dt.datetime) -> Delivery:
    """Send again what failed, or what nobody knows of; an administrator's decision, and it may arrive twice."""
    seen(actor, Delivery, delivery_id)
    delivery = _locked(delivery_id)
    move = LIFECYCLE.admit("retry", delivery, actor)
    move.apply(delivery, sending_at=None, ended_at=None, not_before=now)
    _enqueue(delivery, now)
    return delivery


def _locked(delivery_id: int) -> Delivery:
    rows = select(Delivery).where(Delivery.id == delivery_id).with_for_update()
    return db.session.scalars(rows.execution_options(populate_existing=True)).one()


def _end(actor: Actor, delivery: Delivery, move: str, now: dt.datetime, error: str = "") -> None:
    LIFECYCLE.admit(move, delivery, actor).apply(delivery, ended_at=now, last_error=error[:LONGEST_ERROR])


def _worth_sending(delivery: Delivery, now: dt.datetime) -> bool:
    """Whether the address still stands, the person still may know, and it has not settled itself meanwhile."""
    contact, browser, notice = delivery.contact, delivery.subscription, delivery.notice
    if contact and (contact.removed_at or contact.bounced_at or contact.confirmed_at is None):
        return False
    if browser and browser.gone_at:
        return False
    if notice and (check := still_needed.get(notice.kind)) and not check(notice, now):
        return False
    return _may_still_know(delivery, now)


def _may_still_know(delivery: Delivery, now: dt.datetime) -> bool:
    """Whoever has left the body is told nothing of it any more, but what became of his own account and key."""
    person = actor_for(delivery.person_id, hanoi_date(now))
    notice = delivery.notice
    if any(body_id == delivery.body_id for body_id, _office in person.offices):
        return True
    if notice is None:
        return False
    seated = notice.meeting_id is not None and any(meeting == notice.meeting_id for meeting, _role in person.seats)
    return seated or topics.get(notice.kind) is Topic.SECURITY


def _parcel(delivery: Delivery) -> Parcel:
    contact, browser, notice, digest = delivery.contact, delivery.subscription, delivery.notice, delivery.digest
    person = db.session.get_one(Person, delivery.person_id)
    return Parcel(
        delivery.id, delivery.key, delivery.channel, contact.address if contact else "",
        (browser.endpoint, browser.p256dh, browser.auth) if browser else None,
        person.id, person.full_name, delivery.urgent, delivery.attempts,
        (notice.id, notice.kind, {**notice.details, "meeting_id": notice.meeting_id}) if notice else None,
        (digest.id, dict(digest.content)) if digest else None,
    )  # fmt: skip
