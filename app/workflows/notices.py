"""Notices (thông báo): who is told of which fact, once; what goes out of the application follows from it."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update

from app.extensions import db
from app.models import AgendaItem, AuditEntry, Meeting, Notice, Person, Poll, Resolution, Slip, Topic
from app.workflows import delivery_plans
from app.workflows.audiences import Audience
from app.workflows.engine import outbox
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import use_case
from app.workflows.engine.visibility import seen, visible

# what a notice repeats of its fact
KEPT = ("reason", "starts_at", "approved", "outcome", "kind", "because", "after", "number", "step", "week", "holder",
        "until", "deadline_at", "way", "resubmit_on")
LATEST = 200
BADGE = "notices.badge"  # a task: app/wiring.py
Told = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """How one fact is told: to whom, about what, in which words, under which sign.

    `template` makes the sentence of what the notice keeps, in the reader's language; `urgent` facts go through quiet
    hours. What else has no author came while the installation was set up, and nobody is told; `clockwork` is told.
    `to_doer`: the author is told as well, since it may have been somebody else at his device. `personal`: what the
    notice of one person keeps beside what all of them keep.
    """

    audience: Audience
    topic: Topic
    template: Callable[[Told], str]
    icon: str = "bell"
    urgent: Callable[[dict[str, Any]], bool] = lambda _fact: False
    clockwork: bool = False
    to_doer: bool = False
    personal: Callable[[dict[str, Any], dt.datetime], Mapping[int, Told]] = lambda _fact, _at: {}


kinds: dict[str, Kind] = {}  # by the fact's name; app/wiring.py fills it


@use_case
def tell(actor: Actor, fact: dict[str, Any]) -> int:
    """Write a notice for everybody concerned but whoever did it (unless the kind says so); how many.

    `fact` is what `fact_of` tells. Told twice, nobody gets a second notice.
    """
    kind = kinds[fact["fact"]]
    if fact["actor_id"] is None and not kind.clockwork:
        return 0
    entry = db.session.get_one(AuditEntry, fact["audit_entry_id"])
    told = set(db.session.scalars(select(Notice.person_id).where(Notice.audit_entry_id == entry.id)))
    doer = set() if kind.to_doer else {fact["actor_id"]}
    people = sorted(kind.audience(fact, entry.at) - told - doer)
    details, urgent = (_details(fact), kind.urgent(fact)) if people else ({}, False)
    own = kind.personal(fact, entry.at) if people else {}
    written = [
        Notice(
            body_id=fact["body_id"], person_id=person_id, audit_entry_id=entry.id, meeting_id=fact.get("meeting_id"),
            kind=fact["fact"], details={**details, **own.get(person_id, {})}, urgent=urgent, created_at=entry.at,
        )
        for person_id in people
    ]  # fmt: skip
    db.session.add_all(written)
    db.session.flush()
    delivery_plans.plan_notices(written, kind.topic, entry.at)
    if people:
        outbox.enqueue(fact["body_id"], BADGE, {"audit_entry_id": entry.id}, f"{entry.id}:{BADGE}", entry.at)
    return len(people)


def readers(audit_entry_id: int) -> list[int]:
    """Who has a notice of this fact."""
    return list(db.session.scalars(select(Notice.person_id).where(Notice.audit_entry_id == audit_entry_id)))


@use_case
def mark_read(actor: Actor, now: dt.datetime) -> int:
    """Note that all own notices were read; how many had not been."""
    mine = update(Notice).where(Notice.read_at.is_(None), visible(actor, Notice))
    changed: Any = db.session.execute(mine.values(read_at=now))
    return int(changed.rowcount)


@use_case
def mark_one_read(actor: Actor, notice_id: int, now: dt.datetime) -> Notice:
    """Note that one own notice was read."""
    notice = seen(actor, Notice, notice_id)
    notice.read_at = notice.read_at or now
    return notice


def unread(actor: Actor) -> int:
    """How many own notices wait to be read; for the badge in the header."""
    rows = select(func.count()).select_from(Notice).where(visible(actor, Notice), Notice.read_at.is_(None))
    return db.session.scalar(rows) or 0


def latest(actor: Actor, most: int = LATEST) -> list[Notice]:
    """The own notices, the newest first."""
    rows = select(Notice).where(visible(actor, Notice)).order_by(Notice.created_at.desc(), Notice.id.desc())
    return list(db.session.scalars(rows.limit(most)))


def _details(fact: dict[str, Any]) -> dict[str, Any]:
    """What the sentence needs, fixed when it is told: names change, and so do titles."""
    found = {name: fact[name] for name in KEPT if fact.get(name) is not None}
    found |= {"subject_type": fact["subject_type"], "subject_id": fact["subject_id"]}
    if meeting_id := fact.get("meeting_id"):
        found["meeting"] = db.session.get_one(Meeting, meeting_id).title
    if item_id := fact.get("item_id"):
        found["item"] = db.session.get_one(AgendaItem, item_id).title
    if member_id := fact.get("member_id"):
        found["member"] = db.session.get_one(Person, member_id).full_name
    if fact["subject_type"] == Poll.__tablename__:
        found["question"] = db.session.get_one(Poll, fact["subject_id"]).question
    if fact["subject_type"] == Slip.__tablename__:
        found["slip"] = db.session.get_one(Slip, fact["subject_id"]).matter
    if fact["subject_type"] == Resolution.__tablename__:
        found["resolution"] = db.session.get_one(Resolution, fact["subject_id"]).subject
    return found
