"""What a person wants to be told where, and when he is left in peace."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from sqlalchemy import select

from app.extensions import db
from app.models import Channel, NoticePreference, Person, QuietHours, Topic
from app.workflows.engine.errors import BadValue, NotFound
from app.workflows.engine.rights import Actor
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.engine.visibility import nothing
from app.workflows.rules import quiet

MAIL, SMS, PUSH = Channel
DEFAULTS: dict[Topic, frozenset[Channel]] = {
    # topic           without a choice of one's own
    Topic.MEETING:    frozenset({MAIL, PUSH}),
    Topic.REMINDER:   frozenset({MAIL, SMS, PUSH}),
    Topic.VOTE:       frozenset({PUSH}),
    Topic.SLIP:       frozenset({MAIL, SMS, PUSH}),
    Topic.RESOLUTION: frozenset({MAIL, PUSH}),
    Topic.DIGEST:     frozenset({MAIL}),
    Topic.SECURITY:   frozenset({MAIL, PUSH}),
}  # fmt: skip
FIXED = frozenset({(Topic.SECURITY, MAIL)})  # who changes an account must not be able to keep its owner in the dark


class FixedChoice(BadValue):
    code, field = "fixed_choice", "wanted"
    message = _("What concerns your account and your signing key always comes by mail.")


@dataclass(frozen=True)
class NoticeChoiceMade(Fact):
    topic: Topic
    channel: Channel
    wanted: bool


@dataclass(frozen=True)
class QuietHoursSet(Fact):
    kept: bool
    begins: str
    ends: str


@dataclass(frozen=True)
class Quiet:
    """Quiet hours of a person; not `kept`, there are none."""

    kept: bool = True
    begins: dt.time = quiet.BEGINS
    ends: dt.time = quiet.ENDS

    def not_before(self, at: dt.datetime) -> dt.datetime:
        return quiet.not_before(at, self.begins, self.ends) if self.kept else at


def choices(person_id: int) -> dict[tuple[Topic, Channel], bool]:
    """What the person wants, every topic on every channel."""
    own = _chosen([person_id])[person_id]
    return {(topic, channel): _wants(own, topic, channel) for topic in Topic for channel in Channel}


def wanted(person_ids: Collection[int], topic: Topic) -> dict[int, frozenset[Channel]]:
    """By person, the channels on which messages of this topic are wanted; one query."""
    chosen = _chosen(person_ids)
    return {
        person_id: frozenset(channel for channel in Channel if _wants(chosen[person_id], topic, channel))
        for person_id in person_ids
    }


def quiet_hours(person_ids: Collection[int]) -> dict[int, Quiet]:
    """By person, the hours in which nothing but Hỏa tốc is sent; one query."""
    rows = db.session.scalars(select(QuietHours).where(QuietHours.person_id.in_(list(person_ids))))
    own = {row.person_id: Quiet(row.kept, row.begins, row.ends) for row in rows}
    return {person_id: own.get(person_id, Quiet()) for person_id in person_ids}


@use_case
def choose(actor: Actor, topic: Topic, channel: Channel, wanted: bool, now: dt.datetime) -> None:
    """Want one kind of notice on one channel, or not; in the application everything is told anyway."""
    person = _own(actor)
    if (topic, channel) in FIXED and not wanted:
        raise FixedChoice(person)
    row = db.session.get(NoticePreference, (person.id, topic, channel), with_for_update=True)
    if row is None:
        row = NoticePreference(person_id=person.id, topic=topic, channel=channel)
        db.session.add(row)
    row.wanted = wanted
    record(actor, NoticeChoiceMade.about(person, topic=topic, channel=channel, wanted=wanted), now)


@use_case
def set_quiet_hours(actor: Actor, kept: bool, begins: dt.time, ends: dt.time, now: dt.datetime) -> None:
    """Choose one's own quiet hours (Hanoi), or none."""
    person = _own(actor)
    row = db.session.get(QuietHours, person.id, with_for_update=True)
    if row is None:
        row = QuietHours(person_id=person.id)
        db.session.add(row)
    row.kept, row.begins, row.ends = kept, begins, ends
    told = {"kept": kept, "begins": f"{begins:%H:%M}", "ends": f"{ends:%H:%M}"}
    record(actor, QuietHoursSet.about(person, **told), now)


def _own(actor: Actor) -> Person:
    person = db.session.get(Person, actor.person_id or 0)
    if person is None:
        raise NotFound(nothing(actor, Person, 0))
    return person


def _wants(own: dict[tuple[Topic, Channel], bool], topic: Topic, channel: Channel) -> bool:
    return (topic, channel) in FIXED or own.get((topic, channel), channel in DEFAULTS[topic])


def _chosen(person_ids: Collection[int]) -> dict[int, dict[tuple[Topic, Channel], bool]]:
    rows = db.session.scalars(select(NoticePreference).where(NoticePreference.person_id.in_(list(person_ids))))
    found: dict[int, dict[tuple[Topic, Channel], bool]] = defaultdict(dict)
    for row in rows:
        found[row.person_id][row.topic, row.channel] = row.wanted
    return found
