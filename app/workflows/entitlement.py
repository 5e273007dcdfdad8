"""Whether a person can cast a ballot in a poll now, and which rule or which fact about the key says otherwise."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.extensions import db
from app.models import KeyState, Place, Poll, PollState, Presence, RollEntry, Seat, SeatRole, SlipRecipient
from app.workflows import keys, passkeys, polls
from app.workflows.engine.errors import Subject
from app.workflows.engine.rights import Actor, Right
from app.workflows.rules.rulesets import RuleParameters


class Standing(StrEnum):
    VOTES = "votes"
    LOCKED = "locked"
    SUBSTITUTE = "substitute"
    GUEST = "guest"
    STAFF = "staff"
    NOT_ON_ROLL = "not_on_roll"
    NO_CERTIFICATE = "no_certificate"
    CERTIFICATE_REFUSED = "certificate_refused"
    SUSPENDED = "suspended"
    NO_KEY = "no_key"
    NO_PASSKEY = "no_passkey"


NO_RIGHT = frozenset({Standing.SUBSTITUTE, Standing.GUEST, Standing.STAFF, Standing.NOT_ON_ROLL})


@dataclass(frozen=True)
class Entitlement:
    """`fault` is the sentence about a refused certificate, `until` the end of a lock, `legal_source` the rule's."""

    standing: Standing
    place: Place
    may_change: bool
    legal_source: str
    seat: Seat | None = None
    fault: Any = ""
    until: dt.datetime | None = None

    @property
    def may_vote(self) -> bool:
        """A locked key is no lost right: the lock ends, or two people end it, while the page stays open."""
        return self.standing in (Standing.VOTES, Standing.LOCKED)


def entitlement_of(actor: Actor, poll: Poll, now: dt.datetime) -> Entitlement:
    """Members on the frozen roll vote; substitutes (rule:R6), guests (rule:R7) and staff do not."""
    seat = next((seat for seat in poll.meeting.seats if seat.person_id == actor.person_id), None)
    rule_set = poll.rule_set or polls.parameters_of(poll.meeting)[0]
    standing, facts = _standing(actor, poll, seat, now)
    return Entitlement(
        standing=standing,
        place=Place.IN_ROOM if seat and seat.presence is Presence.IN_ROOM else Place.REMOTE,
        may_change=RuleParameters.parse(rule_set.parameters).vote_change_allowed,
        legal_source=rule_set.legal_source,
        seat=seat,
        **facts,
    )


def _standing(actor: Actor, poll: Poll, seat: Seat | None, now: dt.datetime) -> tuple[Standing, dict[str, Any]]:
    if not actor.may(Right.POLL_VOTE, poll):
        by_seat = {SeatRole.SUBSTITUTE: Standing.SUBSTITUTE, SeatRole.GUEST: Standing.GUEST}
        return by_seat.get(seat.role, Standing.STAFF) if seat else Standing.STAFF, {}
    if poll.state is PollState.DRAFT:
        return Standing.VOTES, {}
    entry = db.session.get(RollEntry, (poll.id, actor.person_id))
    if entry is None:
        return Standing.NOT_ON_ROLL, {}
    return with_key(poll, entry, poll.passkey_demanded, now) if polls.takes_ballots(poll, now) else (Standing.VOTES, {})


def with_key(
    about: Subject, entry: RollEntry | SlipRecipient, passkey_demanded: bool, now: dt.datetime
) -> tuple[Standing, dict[str, Any]]:
    """Whether the key of a member on the roll of a vote or slip can sign now; `fault` or `until` where it cannot."""
    if entry.certificate is None:
        return Standing.NO_CERTIFICATE, {}
    try:
        keys.check_usable(about, entry.certificate, now)
    except keys.CertificateNotUsable as refused:
        return Standing.CERTIFICATE_REFUSED, {"fault": str(refused)}
    key = keys.active_key(entry.member_id)
    if key is None or key.state is KeyState.SUSPENDED:
        return Standing.SUSPENDED if key else Standing.NO_KEY, {}
    if passkey_demanded and not passkeys.usable_passkeys(entry.member_id):
        return Standing.NO_PASSKEY, {}
    if key.locked_until and key.locked_until > now:
        return Standing.LOCKED, {"until": key.locked_until}
    return Standing.VOTES, {}
