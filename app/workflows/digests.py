"""Digests (bản tin): made once per person and slot, kept as they were told, and sent as each person wants it."""

import datetime as dt
from typing import Any

from sqlalchemy import Select, select

from app.extensions import db
from app.models import Appointment, Body, Digest, DigestKind, Job, Meeting, MeetingState, Person, Seat
from app.workflows import delivery_plans, digest_sections
from app.workflows.engine import outbox
from app.workflows.engine.rights import MEMBERS, Actor, actor_for
from app.workflows.engine.transaction import use_case
from app.workflows.engine.visibility import seen, visible
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.digest import DigestContent
from app.workflows.rules.timetable import (
    OPENING,
    PAPERS,
    Timetable,
    daily_due,
    opening_slot,
    papers_slot,
    told_before,
)
from app.workflows.working_calendar import exceptions_of
from app.workflows.worth_sending import account_closed

CALLED = (MeetingState.INVITED, MeetingState.OPEN, MeetingState.ADJOURNED)
LATEST = 60
MAKE_SESSION = "digests.session"  # a task: app/wiring.py


def timetable(body_id: int) -> Timetable:
    """When a body is told: the usual times, on its working days (rule:R29, rule:R30)."""
    return Timetable(exceptions=exceptions_of(body_id))


def members_without_daily(body_id: int, day: dt.date) -> list[int]:
    """Members in office on that day whose digest of the day is not made yet, in order."""
    in_office = select(Appointment.person_id).where(
        Appointment.body_id == body_id, Appointment.office.in_(MEMBERS), Appointment.in_force(day)
    )
    return _without(in_office, body_id, DigestKind.DAILY, day.isoformat())


def seated_without(meeting_id: int, slot: str) -> list[int]:
    """Everybody with a seat in the meeting whose session digest of this slot is not made yet, in order."""
    meeting = db.session.get_one(Meeting, meeting_id)
    seated = select(Seat.person_id).where(Seat.meeting_id == meeting_id)
    return _without(seated, meeting.body_id, DigestKind.SESSION, slot)


def _without(people: Select[Any], body_id: int, kind: DigestKind, slot: str) -> list[int]:
    made = select(Digest.person_id).where(Digest.body_id == body_id, Digest.kind == kind, Digest.slot == slot)
    wanted = set(db.session.scalars(people))
    return sorted(wanted - set(db.session.scalars(made)))


@use_case
def make_daily(actor: Actor, body_id: int, person_id: int, day: dt.date, now: dt.datetime) -> Digest | None:
    """The digest of a day for one person; None when there is nothing to tell or he may not know any more."""
    body, person = db.session.get_one(Body, body_id), actor_for(person_id, day, _name(person_id))
    if not person.holds(MEMBERS, body_id) or account_closed(person_id):
        return None
    content = digest_sections.daily(person, body, day, told_before(day, timetable(body_id)), now)
    return _keep(body_id, person_id, DigestKind.DAILY, day.isoformat(), content, now)


@use_case
def make_session(actor: Actor, meeting_id: int, person_id: int, why: str, slot: str, now: dt.datetime) -> Digest | None:
    """The digest of a session for one person who sees it; None for the others, and when there is nothing to tell."""
    meeting = db.session.get_one(Meeting, meeting_id)
    person = actor_for(person_id, hanoi_date(now), _name(person_id))
    if not _is_called_to(person, meeting_id) or account_closed(person_id):
        return None
    content = digest_sections.session(person, meeting, why, _told_until(meeting, person_id), now)
    return _keep(meeting.body_id, person_id, DigestKind.SESSION, slot, content, now)


def _keep(
    body_id: int, person_id: int, kind: DigestKind, slot: str, content: DigestContent | None, now: dt.datetime
) -> Digest | None:
    """The row and its deliveries in one transaction; a slot that was told already stays as it is."""
    same = (Digest.person_id == person_id, Digest.body_id == body_id, Digest.kind == kind, Digest.slot == slot)
    if content is None or db.session.scalar(select(Digest.id).where(*same)):
        return None
    digest = Digest(body_id=body_id, person_id=person_id, kind=kind, slot=slot, content=content.as_dict(), made_at=now)
    db.session.add(digest)
    db.session.flush()
    delivery_plans.plan_digest(digest, now)
    return digest


def may_have_daily(person: Actor, digest: Digest) -> bool:
    """Whether a digest of a day that was made may reach this person still: by an office that gets them."""
    return person.holds(MEMBERS, digest.body_id)


def may_have_session(person: Actor, digest: Digest) -> bool:
    """The same for that of a session: it is still called, and this person sees it still."""
    occasion = DigestContent.parse(digest.content).occasion
    return occasion is not None and _is_called_to(person, occasion.meeting_id)


def _is_called_to(person: Actor, meeting_id: int) -> bool:
    called = select(Meeting.id).where(Meeting.id == meeting_id, Meeting.state.in_(CALLED))
    return db.session.scalar(called.where(visible(person, Meeting))) is not None


def _told_until(meeting: Meeting, person_id: int) -> dt.datetime:
    """Up to when this person was told of the session's papers before."""
    mine = (Digest.person_id == person_id, Digest.body_id == meeting.body_id, Digest.kind == DigestKind.SESSION)
    last = select(Digest.made_at).where(*mine, Digest.slot.startswith(f"{meeting.id}:{PAPERS}:"))
    found = db.session.scalar(last.order_by(Digest.made_at.desc()).limit(1))
    return found or dt.datetime.fromtimestamp(0, dt.UTC)


def _name(person_id: int) -> str:
    return db.session.get_one(Person, person_id).full_name


@use_case
def plan_papers(actor: Actor, meeting_id: int, released_at: dt.datetime, now: dt.datetime) -> bool:
    """Papers were released: their digest is made at the end of the stretch, together with what else comes (rule:R31).

    False when it is planned already, and for a meeting that nobody was called to.
    """
    meeting = db.session.get_one(Meeting, meeting_id, with_for_update=True)
    slot = papers_slot(meeting_id, released_at, timetable(meeting.body_id))
    key = f"{MAKE_SESSION}:{slot.key}"
    if meeting.state not in CALLED or db.session.scalar(select(Job.id).where(Job.dedupe_key == key)):
        return False
    arguments = {"meeting_id": meeting_id, "why": PAPERS, "slot": slot.key}
    outbox.enqueue(meeting.body_id, MAKE_SESSION, arguments, key, now, due_at=slot.due_at)
    return True


def due_days(body_id: int, now: dt.datetime) -> str | None:
    """The Hanoi day whose digests are due in a body, or None before half past six and on its days off."""
    slot = daily_due(now, timetable(body_id))
    return slot.key if slot else None


def meetings_about_to_open(body_id: int, now: dt.datetime) -> dict[int, str]:
    """Sessions of the body that open within the hour, by id the slot of their digest."""
    when = timetable(body_id)
    soon = now + when.before_opening
    rows = select(Meeting).where(Meeting.body_id == body_id, Meeting.state == MeetingState.INVITED)
    coming = db.session.scalars(rows.where(Meeting.starts_at > now, Meeting.starts_at <= soon))
    return {each.id: opening_slot(each.id, each.starts_at, when).key for each in coming}


def own(actor: Actor, most: int = LATEST) -> list[Digest]:
    """The own digests, the newest first."""
    rows = select(Digest).where(visible(actor, Digest)).order_by(Digest.made_at.desc(), Digest.id.desc())
    return list(db.session.scalars(rows.limit(most)))


@use_case
def read_digest(actor: Actor, digest_id: int, now: dt.datetime) -> Digest:
    """One own digest, noted as read."""
    digest = seen(actor, Digest, digest_id)
    digest.read_at = digest.read_at or now
    return digest


__all__ = ["OPENING", "PAPERS", "make_daily", "make_session", "members_without_daily", "seated_without"]
