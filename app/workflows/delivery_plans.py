"""What of a notice or digest leaves the application: one delivery per address its person wants it at, with its job."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.gateways.channels import channels
from app.models import Channel, ContactAddress, Delivery, Digest, Notice, PushSubscription, Topic
from app.workflows import deliveries, preferences
from app.workflows.engine import outbox

Address = ContactAddress | PushSubscription


def plan_notices(notices: Collection[Notice], topic: Topic, now: dt.datetime) -> int:
    """Write deliveries and their jobs for notices of one topic, in the caller's transaction; how many."""
    return _write([
        _delivery(notice, address, quiet, now, f"notice:{notice.id}", notice_id=notice.id, urgent=notice.urgent)
        for notice, address, quiet in _reachable(notices, topic)
    ], now)  # fmt: skip


def plan_digest(digest: Digest, now: dt.datetime) -> int:
    """The same for a digest, which goes by mail and push as its person wants it."""
    return _write([
        _delivery(digest, address, quiet, now, f"digest:{digest.id}", digest_id=digest.id, urgent=False)
        for _digest, address, quiet in _reachable([digest], Topic.DIGEST)
    ], now)  # fmt: skip


def _reachable(told: Collection[Any], topic: Topic) -> Iterator[tuple[Any, Address, preferences.Quiet]]:
    """Each thing to tell with each address it goes to; four queries, however many there are."""
    offered = {Channel(name) for name in channels().names()}
    people = {each.person_id for each in told}
    if not offered or not people:
        return
    wanted, quiet = preferences.wanted(people, topic), preferences.quiet_hours(people)
    addresses = _addresses(people)
    for each in told:
        for address in addresses[each.person_id]:
            if _channel(address) in wanted[each.person_id] & offered:
                yield each, address, quiet[each.person_id]


def _addresses(people: Collection[int]) -> dict[int, list[Address]]:
    """Confirmed addresses that did not bounce, and browsers that still listen."""
    found: dict[int, list[Address]] = defaultdict(list)
    confirmed = (ContactAddress.confirmed_at.is_not(None), ContactAddress.bounced_at.is_(None))
    rows = select(ContactAddress).where(ContactAddress.person_id.in_(list(people)), *confirmed)
    for contact in db.session.scalars(rows.where(ContactAddress.removed_at.is_(None)).order_by(ContactAddress.id)):
        found[contact.person_id].append(contact)
    browsers = select(PushSubscription).where(PushSubscription.person_id.in_(list(people)))
    for each in db.session.scalars(browsers.where(PushSubscription.gone_at.is_(None)).order_by(PushSubscription.id)):
        found[each.person_id].append(each)
    return found


def _channel(address: Address) -> Channel:
    return address.channel if isinstance(address, ContactAddress) else Channel.PUSH


def _delivery(
    told: Notice | Digest, address: Address, quiet: preferences.Quiet, now: dt.datetime, about: str, **subject: Any
) -> Delivery:
    where = {"contact_id": address.id} if isinstance(address, ContactAddress) else {"subscription_id": address.id}
    return Delivery(
        body_id=told.body_id, person_id=told.person_id, key=f"{about}:{address.__tablename__}:{address.id}",
        channel=_channel(address), created_at=now, not_before=now if subject["urgent"] else quiet.not_before(now),
        **subject, **where,
    )  # fmt: skip


def _write(planned: list[Delivery], now: dt.datetime) -> int:
    """All of them in a few statements: a notice to thousands is written within the lease of its job."""
    db.session.add_all(planned)
    db.session.flush()
    waiting: dict[dt.datetime, list[tuple[int, dict[str, Any], str]]] = defaultdict(list)
    for each in planned:
        job = (each.body_id, {"delivery_id": each.id}, f"{deliveries.SEND}:{each.id}:0")
        waiting[each.not_before].append(job)
    for due_at, jobs in waiting.items():
        outbox.enqueue_all(deliveries.SEND, jobs, now, due_at)
    return len(planned)
