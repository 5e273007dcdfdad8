"""Whether a message is worth sending still: the address stands, the person wants it and may know, it is not settled."""

import datetime as dt
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import Delivery, Digest, DigestKind, MemberStaff, Notice, Person, Topic
from app.workflows import preferences
from app.workflows.engine.rights import Actor, actor_for
from app.workflows.rules.calendar import hanoi_date


class Why(StrEnum):
    """Why this side sent nothing, or cannot say what became of it; kept as the last error of a delivery."""

    ADDRESS = "address_gone"
    DEVICE = "device_gone"
    UNWANTED = "unwanted"
    CLOSED = "account_closed"
    NO_RIGHT = "no_right"
    SETTLED = "settled"
    HALF_SENT = "half_sent"
    CALLED_OFF = "called_off"
    NO_TRIES = "no_tries_left"


WORDS: dict[Why, Any] = {
    Why.ADDRESS: _("the address was removed, or is not confirmed any more"),
    Why.DEVICE: _("this device does not receive the messages of this person any more"),
    Why.UNWANTED: _("this person does not want such messages in this way any more"),
    Why.CLOSED: _("the account was closed"),
    Why.NO_RIGHT: _("this person may not be told of it any more"),
    Why.SETTLED: _("it had settled itself before it was sent"),
    Why.HALF_SENT: _("the work broke off while the message was being sent"),
    Why.CALLED_OFF: _("an administrator called it off"),
    Why.NO_TRIES: _("it could not be sent in any of the tries"),
}


def said_of(last_error: str) -> Any:
    """The words of a reason of ours; None for what a server said."""
    return WORDS[Why(last_error)] if last_error in WORDS else None


topics: dict[str, Topic] = {}  # by the fact's name; app/wiring.py fills all three
still_needed: dict[str, Callable[[Notice, dt.datetime], bool]] = {}  # by the fact's name: whether it is worth telling
may_have: dict[DigestKind, Callable[[Actor, Digest], bool]] = {}  # whether this person gets such a digest today


def why_not(delivery: Delivery, now: dt.datetime) -> Why | None:
    """The first reason not to send it; None when there is none. Asked again at each try: things change meanwhile."""
    return next((why for why, is_so in REASONS.items() if is_so(delivery, now)), None)


def account_closed(person_id: int) -> bool:
    """Whether the person has an account that is closed; somebody without one has none to be closed."""
    active = select(User.active).join(Person, Person.user_id == User.id).where(Person.id == person_id)
    return db.session.scalar(active) is False


def _address_gone(delivery: Delivery, _now: dt.datetime) -> bool:
    contact = delivery.contact
    return contact is not None and bool(contact.removed_at or contact.bounced_at or contact.confirmed_at is None)


def _device_gone(delivery: Delivery, _now: dt.datetime) -> bool:
    """A browser that was forgotten, or at which somebody else has signed in and asked for his messages."""
    browser = delivery.subscription
    return browser is not None and (browser.gone_at is not None or browser.person_id != delivery.person_id)


def _unwanted(delivery: Delivery, _now: dt.datetime) -> bool:
    topic = _topic(delivery)
    return (
        topic is not None
        and delivery.channel not in preferences.wanted([delivery.person_id], topic)[delivery.person_id]
    )


def _closed(delivery: Delivery, _now: dt.datetime) -> bool:
    return _topic(delivery) is not Topic.SECURITY and account_closed(delivery.person_id)


def _may_not_know(delivery: Delivery, now: dt.datetime) -> bool:
    person = actor_for(delivery.person_id, hanoi_date(now))
    if delivery.digest is not None:
        return not may_have[delivery.digest.kind](person, delivery.digest)
    return _topic(delivery) is not Topic.SECURITY and not _belongs(person, delivery, hanoi_date(now))


def _belongs(person: Actor, delivery: Delivery, day: dt.date) -> bool:
    """Whoever has left the body is told nothing of it any more, but what became of his own account and key."""
    meeting_id = delivery.notice.meeting_id if delivery.notice else None
    if delivery.body_id in person.body_ids or any(meeting == meeting_id for meeting, _role in person.seats):
        return True
    helps = select(MemberStaff.id).where(
        MemberStaff.body_id == delivery.body_id, MemberStaff.aide_id == delivery.person_id,
        MemberStaff.valid_from <= day, MemberStaff.valid_to > day,
    )  # fmt: skip
    return db.session.scalar(helps.limit(1)) is not None


def _settled(delivery: Delivery, now: dt.datetime) -> bool:
    check = still_needed.get(delivery.notice.kind) if delivery.notice else None
    return check is not None and delivery.notice is not None and not check(delivery.notice, now)


def _topic(delivery: Delivery) -> Topic | None:
    return topics.get(delivery.notice.kind) if delivery.notice else Topic.DIGEST


REASONS: dict[Why, Callable[[Delivery, dt.datetime], bool]] = {
    Why.ADDRESS: _address_gone,
    Why.DEVICE: _device_gone,
    Why.UNWANTED: _unwanted,
    Why.CLOSED: _closed,
    Why.NO_RIGHT: _may_not_know,
    Why.SETTLED: _settled,
}
