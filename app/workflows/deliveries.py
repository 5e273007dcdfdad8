"""Deliveries (lượt gửi): one message on its way to one address, handed over once, and what is known of it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from app.extensions import db
from app.models import Channel, Delivery, DeliveryState, Job, JobState, Person
from app.workflows import contacts, preferences
from app.workflows.engine import outbox
from app.workflows.engine.moves import Lifecycle, Move
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.engine.visibility import seen
from app.workflows.worth_sending import Why, why_not

SEND = "deliveries.send"  # a task: app/wiring.py
GIVEN_UP_AFTER = dt.timedelta(hours=24)
LONGEST_ERROR = 300

QUEUED, SENDING, HANDED_OVER, FAILED, BOUNCED, UNCERTAIN, DROPPED = DeliveryState
OPEN = frozenset({QUEUED, SENDING})
ENDED = frozenset(DeliveryState) - OPEN
UNKNOWN = OPEN | {UNCERTAIN}  # until somebody learns how it ended

LIFECYCLE = Lifecycle(
    DeliveryState,
    #    name         from                            to           who may
    Move("send",      frozenset({QUEUED}),            SENDING,     Right.MESSAGE_SEND),
    Move("wait",      OPEN,                           QUEUED,      Right.MESSAGE_SEND),
    Move("hand_over", UNKNOWN,                        HANDED_OVER, Right.MESSAGE_SEND),
    Move("fail",      UNKNOWN,                        FAILED,      Right.MESSAGE_SEND),
    Move("bounce",    UNKNOWN,                        BOUNCED,     Right.MESSAGE_SEND),
    Move("lose",      frozenset({SENDING}),           UNCERTAIN,   Right.MESSAGE_SEND),
    Move("drop",      frozenset({QUEUED}),            DROPPED,     Right.MESSAGE_SEND),
    Move("call_off",  frozenset({QUEUED}),            FAILED,      Right.JOB_MANAGE),
    Move("retry",     frozenset({FAILED, UNCERTAIN}), QUEUED,      Right.JOB_MANAGE),
)  # fmt: skip


class Overtaken(Exception):
    """Another worker has the delivery by now, or it came to its end: from this one nothing may leave any more."""


@dataclass(frozen=True)
class DeliveryRetried(Fact):
    """An administrator had a message sent again; `was` is the state it was found in."""

    person_id: int
    channel: Channel
    was: DeliveryState


@dataclass(frozen=True)
class Parcel:
    """All that is needed to hand one message over, read in one go; no row is held while the other side takes its time.

    `address` is a mail address or number, `push` the endpoint with its two keys. Exactly one of `notice` (its fact's
    name and what it keeps) and `digest` (its content) is there. `attempts` is the number of this try: whoever holds an
    older one was overtaken.
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


@use_case
def take(actor: Actor, delivery_id: int, now: dt.datetime) -> Parcel | dt.datetime | None:
    """What is to be sent now; the time until which it waits, when the person is left in peace at this hour.

    None when it was sent, is not worth sending any more, or may have arrived already: a mail that is found half sent
    is not sent again. The other channels know a message by its key, so that sending it twice is telling it once.
    """
    delivery = _locked(delivery_id)
    if delivery.state in ENDED:
        return None
    if delivery.state is SENDING:
        _end(actor, delivery, "lose", now, Why.HALF_SENT)
        return None
    if why := why_not(delivery, now):
        _end(actor, delivery, "drop", now, why)
        return None
    begins = now if delivery.urgent else _in_peace_until(delivery, now)
    if delivery.attempts == 0:
        delivery.not_before = begins  # what came late is given a whole day as well
    if begins > now:
        return begins
    delivery.attempts += 1
    return _parcel(delivery)


@use_case
def sending(actor: Actor, parcel: Parcel, now: dt.datetime) -> None:
    """Commit that the text is about to leave; called when the other side has accepted everything else.

    Overtaken when it must not leave: of several workers with the same message one comes through here, and once.
    """
    delivery = _locked(parcel.delivery_id)
    if delivery.attempts != parcel.attempts or delivery.state is not QUEUED:
        raise Overtaken
    LIFECYCLE.admit("send", delivery, actor).apply(delivery, sending_at=now)


@use_case
def handed_over(actor: Actor, parcel: Parcel, provider_id: str, now: dt.datetime) -> None:
    """The other side has it; nothing more is known or said. That is true whoever has the delivery by now."""
    delivery = _locked(parcel.delivery_id)
    if delivery.state in UNKNOWN:
        ending = {"ended_at": now, "provider_id": provider_id[:120], "last_error": ""}
        LIFECYCLE.admit("hand_over", delivery, actor).apply(delivery, **ending)


@use_case
def not_yet(actor: Actor, parcel: Parcel, error: str, now: dt.datetime) -> bool:
    """Nobody took it this time; False when it is not tried any more: it has waited long enough, or is another's."""
    delivery = _held(parcel, OPEN)
    if delivery is None:
        return False
    if now - delivery.not_before >= GIVEN_UP_AFTER:
        _end(actor, delivery, "fail", now, error)
        return False
    LIFECYCLE.admit("wait", delivery, actor).apply(delivery, sending_at=None, last_error=error[:LONGEST_ERROR])
    return True


@use_case
def refused(actor: Actor, parcel: Parcel, error: str, bounced: bool, now: dt.datetime) -> None:
    """The other side will never take it; a bounced address gets nothing more until it is confirmed again."""
    delivery = _held(parcel, UNKNOWN)
    if delivery is None:
        return
    _end(actor, delivery, "bounce" if bounced else "fail", now, error)
    if bounced and delivery.contact_id:
        contacts.note_bounce(actor, delivery.contact_id, error, now)
    if bounced and delivery.subscription:
        delivery.subscription.gone_at = now


@use_case
def uncertain(actor: Actor, parcel: Parcel, error: str, now: dt.datetime) -> None:
    """The whole text was sent and no answer came: it may have arrived, so it is not sent again by itself."""
    delivery = _held(parcel, frozenset({SENDING}))
    if delivery is not None:
        _end(actor, delivery, "lose", now, error)


@use_case
def retry_delivery(actor: Actor, delivery_id: int, now: dt.datetime) -> Delivery:
    """Send again what failed, or what nobody knows of; an administrator's decision, and it may arrive twice."""
    seen(actor, Delivery, delivery_id)
    delivery, key = _locked(delivery_id), f"{SEND}:{delivery_id}:{now.isoformat()}"
    was = delivery.state
    _begin_anew(actor, delivery, now)
    outbox.enqueue(delivery.body_id, SEND, {"delivery_id": delivery.id}, key, now)
    told = {"person_id": delivery.person_id, "channel": delivery.channel, "was": was}
    record(actor, DeliveryRetried.about(delivery, **told), now)
    return delivery


def follow_job(actor: Actor, job: Job, now: dt.datetime) -> None:
    """Do to the delivery what an administrator did to its job: called off it is not sent, begun anew it waits again."""
    delivery = db.session.get(Delivery, job.payload.get("delivery_id", 0), with_for_update=True, populate_existing=True)
    if delivery is None:
        return
    if job.state is JobState.CANCELLED and delivery.state is QUEUED:
        _end(actor, delivery, "call_off", now, Why.CALLED_OFF)
    elif job.state is JobState.DUE and delivery.state is FAILED:
        _begin_anew(actor, delivery, now)


def forsaken(body_id: int) -> dict[int, JobState]:
    """Deliveries of the body that wait, though their job has come to its end without them: how it ended, by id."""
    alive = aliased(Job)
    waits = exists().where(
        alive.name == SEND, alive.state.in_((JobState.DUE, JobState.RUNNING)),
        alive.payload["delivery_id"].as_integer() == Delivery.id,
    )  # fmt: skip
    over = (Job.name == SEND, Job.body_id == body_id, Job.state.in_((JobState.FAILED, JobState.CANCELLED)))
    rows = select(Delivery.id, Job.state).join(Job, Job.payload["delivery_id"].as_integer() == Delivery.id)
    found = db.session.execute(rows.where(*over, Delivery.state.in_(OPEN), ~waits).order_by(Job.id))
    return {delivery_id: state for delivery_id, state in found}


@use_case
def give_up(actor: Actor, delivery_id: int, now: dt.datetime) -> None:
    """No job is left that would send it: say so, unless an administrator began it anew a moment ago."""
    delivery = _locked(delivery_id)
    job_is = forsaken(delivery.body_id).get(delivery_id)
    if job_is is None:
        return
    if delivery.state is SENDING:
        _end(actor, delivery, "lose", now, Why.HALF_SENT)
    elif job_is is JobState.CANCELLED:
        _end(actor, delivery, "fail", now, Why.CALLED_OFF)
    else:
        _end(actor, delivery, "fail", now, delivery.last_error or Why.NO_TRIES)


def _locked(delivery_id: int) -> Delivery:
    rows = select(Delivery).where(Delivery.id == delivery_id).with_for_update()
    return db.session.scalars(rows.execution_options(populate_existing=True)).one()


def _held(parcel: Parcel, states: frozenset[DeliveryState]) -> Delivery | None:
    """The delivery, while it is this worker's to say what became of it."""
    delivery = _locked(parcel.delivery_id)
    return delivery if delivery.attempts == parcel.attempts and delivery.state in states else None


def _end(actor: Actor, delivery: Delivery, move: str, now: dt.datetime, error: str = "") -> None:
    LIFECYCLE.admit(move, delivery, actor).apply(delivery, ended_at=now, last_error=error[:LONGEST_ERROR])


def _begin_anew(actor: Actor, delivery: Delivery, now: dt.datetime) -> None:
    move = LIFECYCLE.admit("retry", delivery, actor)
    move.apply(delivery, sending_at=None, ended_at=None, not_before=now, last_error="")


def _in_peace_until(delivery: Delivery, now: dt.datetime) -> dt.datetime:
    return preferences.quiet_hours([delivery.person_id])[delivery.person_id].not_before(now)


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
