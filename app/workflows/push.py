"""Browsers that asked for push messages: subscribed and unsubscribed by their person."""

import datetime as dt
from dataclasses import dataclass
from hashlib import sha256

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.gateways.channels import channels
from app.gateways.push import Subscription
from app.models import Person, PushSubscription
from app.workflows.engine.errors import BadValue, NotFound
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.engine.visibility import nothing

MOST = 10  # browsers of one person
LONGEST_DEVICE = 120


class NoPushHere(BadValue):
    code, field = "no_push_here", "endpoint"
    message = _("This browser's push service is not one that this installation sends to.")


@dataclass(frozen=True)
class PushSubscribed(Fact):
    person_id: int


@dataclass(frozen=True)
class PushEnded(Fact):
    person_id: int


@use_case
def subscribe(actor: Actor, endpoint: str, p256dh: str, auth: str, device: str, now: dt.datetime) -> PushSubscription:
    """Let push messages come to this browser; whoever signed in there before gets none any more."""
    person = db.session.get(Person, actor.person_id or 0, with_for_update=True)
    if person is None:
        raise NotFound(nothing(actor, Person, 0))
    pusher = channels().push
    if pusher is None or not pusher.permits(Subscription(endpoint, p256dh, auth)):
        raise NoPushHere(person)
    digest = sha256(endpoint.encode()).hexdigest()
    row = db.session.scalar(
        select(PushSubscription).where(PushSubscription.endpoint_sha256 == digest).with_for_update()
    )
    if row is None:
        row = PushSubscription(endpoint=endpoint, endpoint_sha256=digest)
        db.session.add(row)
    row.body_id, row.person_id, row.p256dh, row.auth = person.body_id, person.id, p256dh, auth
    row.device, row.created_at, row.gone_at = device[:LONGEST_DEVICE], now, None
    db.session.flush()
    for old in browsers_of(person.id)[:-MOST]:
        old.gone_at = now
    record(actor, PushSubscribed.about(row, person_id=person.id), now)
    return row


@use_case
def unsubscribe(actor: Actor, endpoint: str, now: dt.datetime) -> None:
    """No more push messages to this browser; one that never asked for any is no error."""
    digest = sha256(endpoint.encode()).hexdigest()
    mine = (PushSubscription.endpoint_sha256 == digest, PushSubscription.person_id == (actor.person_id or 0))
    row = db.session.scalar(select(PushSubscription).where(*mine, PushSubscription.gone_at.is_(None)))
    if row is not None:
        row.gone_at = now
        record(actor, PushEnded.about(row, person_id=row.person_id), now)


def browsers_of(person_id: int) -> list[PushSubscription]:
    """The browsers of a person that still listen, the oldest first."""
    rows = select(PushSubscription).where(PushSubscription.person_id == person_id, PushSubscription.gone_at.is_(None))
    return list(db.session.scalars(rows.order_by(PushSubscription.created_at, PushSubscription.id)))
