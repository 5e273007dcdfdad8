"""The own calendar for programs of one's own (lịch cá nhân): a secret address that can be revoked, and what it says."""

import datetime as dt
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import exists, select
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models import (
    Body,
    CalendarFeed,
    Meeting,
    MeetingState,
    Person,
    Seat,
    Slip,
    SlipAnswer,
    SlipRecipient,
    SlipState,
)
from app.workflows.engine.errors import NotFound
from app.workflows.engine.rights import Actor, actor_for
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.engine.visibility import nothing, visible
from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.canonical import digest
from app.workflows.rules.ical import Event
from app.workflows.worth_sending import account_closed

BACK, AHEAD = dt.timedelta(days=60), dt.timedelta(days=400)
MEETINGS = (MeetingState.INVITED, MeetingState.OPEN, MeetingState.ADJOURNED, MeetingState.CLOSED,
            MeetingState.POSTPONED, MeetingState.CANCELLED)  # fmt: skip
CALLED_OFF = (MeetingState.POSTPONED, MeetingState.CANCELLED)
SLIPS = (SlipState.ISSUED, SlipState.CLOSED, SlipState.REPORTED, SlipState.DECIDED, SlipState.RECALLED)
WARN = dt.timedelta(hours=4)  # before a deadline that is not met yet
LONGEST_TOKEN = 64


@dataclass(frozen=True)
class CalendarFeedMade(Fact):
    """Carries no token."""

    person_id: int


@dataclass(frozen=True)
class CalendarFeedRevoked(Fact):
    person_id: int


@use_case
def make_feed(actor: Actor, now: dt.datetime) -> str:
    """The token of a new address of the own calendar; the one before ends with it. It is told once and never kept."""
    person = _person(actor)
    _end(actor, person, now)
    token = secrets.token_urlsafe(32)
    body_id = min(actor.body_ids, default=person.home_body_id)
    feed = CalendarFeed(body_id=body_id, person_id=person.id, token_sha256=digest(token.encode()), created_at=now)
    db.session.add(feed)
    db.session.flush()
    record(actor, CalendarFeedMade.about(feed, person_id=person.id), now)
    return token


@use_case
def revoke_feed(actor: Actor, now: dt.datetime) -> bool:
    """End the address of the own calendar at once; False where there is none."""
    return _end(actor, _person(actor), now)


def own_feed(actor: Actor) -> CalendarFeed | None:
    """The living address of the own calendar, without its token."""
    rows = select(CalendarFeed).where(visible(actor, CalendarFeed), CalendarFeed.revoked_at.is_(None))
    return db.session.scalars(rows).first()


def reader_of(token: str, now: dt.datetime) -> Actor | None:
    """Whose calendar a token opens; None for every other token, and for somebody whose account is closed."""
    if not 0 < len(token) <= LONGEST_TOKEN:
        return None
    rows = select(CalendarFeed).where(CalendarFeed.token_sha256 == digest(token.encode()))
    feed = db.session.scalars(rows.where(CalendarFeed.revoked_at.is_(None))).first()
    if feed is None or account_closed(feed.person_id):
        return None
    return actor_for(feed.person_id, hanoi_date(now), feed.person.full_name)


def own_events(actor: Actor, url: str, now: dt.datetime) -> list[Event]:
    """The own sessions and the deadlines of slips that ask this person, from two months back; `url` leads here.

    Titles alone: no question, no paper, no answer, and nobody else's matters.
    """
    return [*_sessions(actor, url, now), *_slips(actor, url, now)]


def _sessions(actor: Actor, url: str, now: dt.datetime) -> Iterator[Event]:
    rows = select(Meeting).join(Seat, Seat.meeting_id == Meeting.id).where(Seat.person_id == (actor.person_id or 0))
    rows = rows.where(Meeting.state.in_(MEETINGS), Meeting.invited_at.is_not(None), visible(actor, Meeting))
    rows = rows.where(Meeting.starts_at > now - BACK, Meeting.starts_at < now + AHEAD)
    for meeting in db.session.scalars(rows.order_by(Meeting.starts_at, Meeting.id)):
        changed = max(at for at in (meeting.invited_at, meeting.opened_at, meeting.closed_at) if at)
        yield Event(
            uid=f"meeting-{meeting.id}@{_host(url)}", begins=meeting.starts_at, summary=meeting.title,
            ends=meeting.closed_at or meeting.starts_at + dt.timedelta(minutes=meeting.planned_minutes),
            changed_at=changed, location=meeting.place, url=f"{url}/meetings/{meeting.id}", sequence=meeting.version,
            cancelled=meeting.state in CALLED_OFF,
        )  # fmt: skip


def _slips(actor: Actor, url: str, now: dt.datetime) -> Iterator[Event]:
    me = actor.person_id or 0
    said = exists().where(SlipAnswer.slip_id == Slip.id, SlipAnswer.member_id == me)
    rows = select(Slip, said).join(SlipRecipient, SlipRecipient.slip_id == Slip.id).where(visible(actor, Slip))
    rows = rows.where(SlipRecipient.member_id == me, Slip.state.in_(SLIPS), Slip.deadline_at > now - BACK)
    rows = rows.options(joinedload(Slip.organisation)).order_by(Slip.deadline_at, Slip.id)
    for slip, answered in db.session.execute(rows):
        title = _("Answer the opinion slip: %(title)s", title=slip.matter)
        state = _("Answered") if answered else _("Not answered")
        changed = [slip.issued_at, slip.closed_at, slip.ended_at, *(each.at for each in slip.extensions)]
        yield Event(
            uid=f"slip-{slip.id}@{_host(url)}", begins=slip.deadline_at, summary=title,
            changed_at=max(at for at in changed if at), description=f"{slip.number_text}\n{state}",
            location=slip.organisation.name if slip.organisation else "", url=f"{url}/slips/{slip.id}",
            sequence=slip.version, cancelled=slip.state is SlipState.RECALLED,
            warn=None if answered or slip.state is not SlipState.ISSUED else WARN,
        )  # fmt: skip


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].partition(":")[0] or "ecabinet"


def _person(actor: Actor) -> Person:
    """Whoever asks, held until the end: somebody has one address at a time."""
    found = db.session.get(Person, actor.person_id or 0, with_for_update=True)
    if found is None:
        raise NotFound(nothing(actor, Body, 0))
    return found


def _end(actor: Actor, person: Person, now: dt.datetime) -> bool:
    rows = select(CalendarFeed).where(CalendarFeed.person_id == person.id, CalendarFeed.revoked_at.is_(None))
    feed = db.session.scalars(rows.with_for_update()).first()
    if feed is None:
        return False
    feed.revoked_at = now
    db.session.flush()
    record(actor, CalendarFeedRevoked.about(feed, person_id=person.id), now)
    return True
