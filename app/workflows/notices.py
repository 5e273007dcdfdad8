"""Notices (thông báo): who is told of which fact, inside the application, once."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select, update

from app.extensions import db
from app.models import (
    AgendaItem,
    Appointment,
    AuditEntry,
    Dispatch,
    Meeting,
    Notice,
    Office,
    Person,
    Poll,
    Resolution,
    RollEntry,
    Seat,
)
from app.workflows.engine.rights import RECEIVING, Actor
from app.workflows.engine.transaction import use_case
from app.workflows.engine.visibility import seen, visible
from app.workflows.rules.calendar import hanoi_date

# what a notice repeats of its fact
KEPT = ("reason", "starts_at", "approved", "outcome", "kind", "because", "after", "number")
LATEST = 200


def _seated(fact: dict[str, Any], _at: dt.datetime) -> set[int]:
    """Everybody with a seat in a meeting that was called; a draft is called off in silence."""
    called = select(Seat.person_id).join(Meeting).where(Meeting.id == fact["meeting_id"])
    return set(db.session.scalars(called.where(Meeting.invited_at.is_not(None))))


def _holding(*offices: Office) -> Callable[[dict[str, Any], dt.datetime], set[int]]:
    """Everybody who holds one of the offices on that day."""

    def held(fact: dict[str, Any], at: dt.datetime) -> set[int]:
        posts = select(Appointment.person_id).where(
            Appointment.body_id == fact["body_id"], Appointment.office.in_(offices)
        )
        return set(db.session.scalars(posts.where(Appointment.in_force(hanoi_date(at)))))

    return held


def _recipients(fact: dict[str, Any], at: dt.datetime) -> set[int]:
    """Members, and whoever holds a post in an organisation that the Resolution was sent to."""
    sent = select(Dispatch.person_id, Dispatch.organisation_id).where(Dispatch.resolution_id == fact["subject_id"])
    rows = db.session.execute(sent).all()
    posts = select(Appointment.person_id).where(Appointment.organisation_id.in_([row[1] for row in rows if row[1]]))
    posts = posts.where(Appointment.office.in_(RECEIVING), Appointment.in_force(hanoi_date(at)))
    there = set(db.session.scalars(posts))
    return {row[0] for row in rows if row[0]} | there


def _heads_and_records(fact: dict[str, Any], at: dt.datetime) -> set[int]:
    return _holding(Office.HEAD, Office.MINISTER_CHAIRMAN, Office.RECORDS)(fact, at)


def _member_and_substitute(fact: dict[str, Any], _at: dt.datetime) -> set[int]:
    substitute = fact["substitute_id"] if fact["approved"] else None
    return {person for person in (fact["member_id"], substitute) if person}


def _voters(fact: dict[str, Any], _at: dt.datetime) -> set[int]:
    return set(db.session.scalars(select(RollEntry.member_id).where(RollEntry.poll_id == fact["subject_id"])))


def _named(field: str) -> Callable[[dict[str, Any], dt.datetime], set[int]]:
    return lambda fact, _at: {fact[field]} if fact[field] else set()


TOLD: dict[str, Callable[[dict[str, Any], dt.datetime], set[int]]] = {
    # fact                    who is told
    "InvitationIssued":       _seated,
    "MeetingPostponed":       _seated,
    "MeetingRescheduled":     _seated,
    "MeetingCancelled":       _seated,
    "ChairHanded":            _named("to_person_id"),
    "AbsenceRequested":       _holding(Office.HEAD),
    "AbsenceDecided":         _member_and_substitute,
    "PollPublished":          _voters,
    "PollAnnulled":           _voters,
    "ResolutionPresented":    _named("signer_id"),
    "ResolutionReturned":     _named("drafted_by_id"),
    "ResolutionAbandoned":    _named("drafted_by_id"),
    "ResolutionSigned":       _holding(Office.RECORDS),
    "ResolutionStopped":      _heads_and_records,
    "ResolutionPromulgated":  _recipients,
    "ResolutionRecalled":     _recipients,
    "ResolutionReplaced":     _recipients,
    "SealEnrolled":           _heads_and_records,
    "SealSuspended":          _heads_and_records,
    "SignaturePictureSet":    _named("person_id"),
    "KeyEnrolled":            _named("person_id"),
    "KeyLocked":              _named("person_id"),
    "KeySuspendedFact":       _named("person_id"),
    "KeyRecoveryApproved":    _named("person_id"),
    "AccountRoleChanged":     _named("person_id"),
    "AccountPasswordReset":   _named("person_id"),
    "PasswordChanged":        _named("person_id"),
}  # fmt: skip


@use_case
def tell(actor: Actor, fact: dict[str, Any]) -> int:
    """Write a notice for everybody concerned but whoever did it; how many were written.

    `fact` is the payload of a job. Told twice, nobody gets a second notice; what came while the installation was set
    up has no author and needs none.
    """
    if fact["actor_id"] is None:
        return 0
    entry = db.session.get_one(AuditEntry, fact["audit_entry_id"])
    told = set(db.session.scalars(select(Notice.person_id).where(Notice.audit_entry_id == entry.id)))
    people = sorted(TOLD[fact["fact"]](fact, entry.at) - told - {fact["actor_id"]})
    details = _details(fact) if people else {}
    db.session.add_all(
        Notice(
            body_id=fact["body_id"], person_id=person_id, audit_entry_id=entry.id, meeting_id=fact.get("meeting_id"),
            kind=fact["fact"], details=details, created_at=entry.at,
        )
        for person_id in people
    )  # fmt: skip
    return len(people)


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
    if fact["subject_type"] == Resolution.__tablename__:
        found["resolution"] = db.session.get_one(Resolution, fact["subject_id"]).subject
    return found
