"""What a person sees of a meeting at this moment: one read model for page, JSON and cockpit, filtered by rights.

The version is read before everything else, so that a snapshot never claims to be newer than it is: whoever holds it
hears of a later fact and asks again.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload, undefer

from app.extensions import db
from app.models import (
    AgendaItem,
    Ballot,
    Document,
    DocumentKind,
    DocumentVersion,
    ItemState,
    Meeting,
    Outcome,
    Place,
    Poll,
    PollState,
    Presence,
    Reply,
    RollEntry,
    Seat,
    Secrecy,
)
from app.workflows import courses, next_move, polls
from app.workflows.engine.errors import NotFound
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.visibility import nothing, visible
from app.workflows.engine.words import word
from app.workflows.evidence import may_see_result
from app.workflows.rules import quorum as quorum_rule
from app.workflows.rules.canonical import parse_canonical
from app.workflows.rules.result import public_view

HERE = {Presence.IN_ROOM: "in_room", Presence.REMOTE: "remote"}


@dataclass(frozen=True)
class Scene:
    """The rows a snapshot is made of, as far as this person may see them."""

    actor: Actor
    now: dt.datetime
    meeting: Meeting
    presence: next_move.Attendance
    items: list[AgendaItem]
    item: AgendaItem | None
    poll: Poll | None
    roll: dict[int, RollEntry] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)

    @property
    def at_the_desk(self) -> bool:
        """Whether this is the chair or the secretary: of the meeting, or of the item under way."""
        return self.actor.may(Right.MEETING_RUN, self.meeting) or bool(
            self.item and self.actor.may(Right.ITEM_RUN, self.item)
        )

    @property
    def has_a_desk(self) -> bool:
        """Whether the cockpit is open to this person: as chair or secretary, or as chair of one of the items."""
        return self.at_the_desk or any(one.chair_id == self.actor.person_id for one in self.items if one.chair_id)


def snapshot(actor: Actor, meeting_id: int, now: dt.datetime) -> dict[str, Any]:
    """The live state of a meeting for this person at `now`; NotFound for whoever may not see the meeting.

    Times are aware UTC, labels are in the language of the request, `poll.result` is the public form of result.json.
    `poll.takes_ballots` is what the clock says: an open poll takes none when its time is over, counted or not;
    `poll.seconds_left` until then, for a screen whose own clock may be wrong, None without a closing time.
    """
    scene = _scene(actor, meeting_id, now)
    result = _result(scene)
    return {
        "meeting": _meeting(scene),
        "presence": scene.presence.as_dict(),
        "seats": _seats(scene, result),
        **_agenda(scene),
        "poll": _poll(scene, result),
        "course": _course(scene),
        "next_move": next_move.of(actor, _table(scene)) if scene.at_the_desk else None,
        "desk": scene.has_a_desk,
    }


def progress_of(poll_id: int) -> tuple[int, int]:
    """How many members have voted in a poll, of how many on its roll; says nothing about any vote."""
    voted = select(func.count(Ballot.member_id.distinct())).where(Ballot.poll_id == poll_id)
    members = select(func.count()).where(RollEntry.poll_id == poll_id)
    found = db.session.execute(select(voted.scalar_subquery(), members.scalar_subquery())).one()
    return found[0], found[1]


def _scene(actor: Actor, meeting_id: int, now: dt.datetime) -> Scene:
    rows = select(Meeting).where(Meeting.id == meeting_id, visible(actor, Meeting))
    rows = rows.options(selectinload(Meeting.seats).joinedload(Seat.person))
    meeting = db.session.scalars(rows.execution_options(populate_existing=True)).one_or_none()
    if meeting is None:
        raise NotFound(nothing(actor, Meeting, meeting_id))
    items = _items(actor, meeting)
    item = next((one for one in items if one.state is ItemState.CURRENT), None)
    poll = _poll_on_the_table(actor, item) if item else None
    opened = poll is not None and poll.definition_sha256 is not None
    return Scene(
        actor, now, meeting, _attendance(meeting), items, item, poll,
        roll=_roll(poll) if poll and opened else {}, places=_places(poll) if poll and opened else {},
    )  # fmt: skip


def _items(actor: Actor, meeting: Meeting) -> list[AgendaItem]:
    rows = select(AgendaItem).where(AgendaItem.meeting_id == meeting.id, visible(actor, AgendaItem))
    rows = rows.options(joinedload(AgendaItem.organisation)).order_by(AgendaItem.position)
    return list(db.session.scalars(rows.execution_options(populate_existing=True)))


def _poll_on_the_table(actor: Actor, item: AgendaItem) -> Poll | None:
    """An open or closed poll before a decided one, that before a draft, the rest last; the newest of each kind."""
    rows = select(Poll).where(Poll.item_id == item.id, visible(actor, Poll)).order_by(Poll.id.desc())
    rows = rows.options(undefer(Poll.result), undefer(Poll.confirmed_result), joinedload(Poll.document_version))
    found = list(db.session.scalars(rows.execution_options(populate_existing=True)))
    return min(found, key=_rank, default=None)


def _rank(poll: Poll) -> int:
    if poll.state is PollState.PUBLISHED and poll.outcome is Outcome.UNDECIDED:
        return len(PollState)
    order = [PollState.OPEN, PollState.CLOSED, PollState.PUBLISHED, PollState.DRAFT, PollState.ANNULLED]
    return order.index(poll.state)


def _attendance(meeting: Meeting) -> next_move.Attendance:
    """Presence of the members on the roll of the day; a body without members or rules has no quorum."""
    members = {post.person_id for post in polls.members_of(meeting.body_id, meeting.held_on)}
    here = [seat.presence for seat in meeting.seats if seat.person_id in members]
    try:
        rule_set, parameters = polls.parameters_of(meeting)
    except polls.NoRules as unclear:
        return next_move.Attendance(len(members), 0, 0, 0, 0, "", unclear)
    if not members:
        return next_move.Attendance(0, 0, 0, 0, 1, rule_set.legal_source, None)
    found = quorum_rule.Presence(len(members), here.count(Presence.IN_ROOM), here.count(Presence.REMOTE))
    return next_move.Attendance(
        found.members, found.in_room, found.remote, found.present(parameters),
        quorum_rule.quorum(found.members, parameters), rule_set.legal_source, None,
    )  # fmt: skip


def _roll(poll: Poll) -> dict[int, RollEntry]:
    rows = select(RollEntry).where(RollEntry.poll_id == poll.id).order_by(RollEntry.roll_index)
    return {entry.member_id: entry for entry in db.session.scalars(rows)}


def _places(poll: Poll) -> dict[int, Place]:
    """From where each member voted; the choices are not even read."""
    rows = select(Ballot.member_id, Ballot.place).where(Ballot.poll_id == poll.id).order_by(Ballot.leaf_seq)
    return {member_id: place for member_id, place in db.session.execute(rows)}


def _meeting(scene: Scene) -> dict[str, Any]:
    meeting = scene.meeting
    chair = next((seat for seat in meeting.seats if seat.person_id == meeting.chair_id), None)
    seated = any(meeting_id == meeting.id for meeting_id, _role in scene.actor.seats)
    return {
        "id": meeting.id, "title": meeting.title, "state": meeting.state.value, "state_label": str(word(meeting.state)),
        "version": meeting.version, "chair": chair.person.full_name if chair else "", "chair_id": meeting.chair_id,
        "chair_post": chair.post if chair else "", "state_reason": meeting.state_reason, "starts_at": meeting.starts_at,
        "opened_at": meeting.opened_at, "closed_at": meeting.closed_at, "place": meeting.place,
        "conference_url": meeting.conference_url if seated else "",
    }  # fmt: skip


def _seats(scene: Scene, result: dict[str, Any] | None) -> list[dict[str, Any]]:
    names = {seat.person_id: seat.person.full_name for seat in scene.meeting.seats}
    choices = _choices(scene, result)
    return [
        {
            "person_id": seat.person_id, "abbreviation": seat.abbreviation, "post": seat.post,
            "name": names[seat.person_id], "role": seat.role.value, "presence": _presence(seat),
            "reply": seat.reply.value, "is_member": seat.is_member, "voted": _voted(scene, seat),
            "stands_in_for": names.get(seat.stands_in_for_id) if seat.stands_in_for_id else None,
            "choice": choices.get(seat.person_id),
        }
        for seat in scene.meeting.seats
    ]  # fmt: skip


def _presence(seat: Seat) -> str:
    """Checked in, or away: with an answer that says so, or simply not here yet."""
    return HERE.get(seat.presence) or ("absent" if seat.reply is Reply.ABSENT else "expected")


def _voted(scene: Scene, seat: Seat) -> bool | None:
    """Who has voted is for the desk while the poll runs; everybody knows it of himself, and all know it at the end."""
    if scene.poll is None or seat.person_id not in scene.roll or scene.poll.state is PollState.ANNULLED:
        return None
    known = scene.at_the_desk or seat.person_id == scene.actor.person_id or may_see_result(scene.actor, scene.poll)
    return seat.person_id in scene.places if known else None


def _choices(scene: Scene, result: dict[str, Any] | None) -> dict[int, str]:
    """The choice of each member as far as the result shows it."""
    if result is None:
        return {}
    said = {vote["index"]: vote["choice"] for vote in result["votes"] if "choice" in vote}
    return {entry.member_id: said[entry.roll_index] for entry in scene.roll.values() if entry.roll_index in said}


def _agenda(scene: Scene) -> dict[str, Any]:
    """The items and the one under way; a guest has only the items he is invited to."""
    printed = _items_on_paper(scene)
    items = [
        {
            "id": one.id, "position": one.position, "title": one.title, "state": one.state.value,
            "state_label": str(word(one.state)), "kind": one.kind.value, "planned_minutes": one.planned_minutes,
            "abbreviation": one.organisation.abbreviation if one.organisation else "", "paper_only": one.id in printed,
        }
        for one in scene.items
    ]  # fmt: skip
    return {"items": items, "current_item": _current_item(scene, scene.item) if scene.item else None}


def _items_on_paper(scene: Scene) -> set[int]:
    secret = select(Document.item_id).where(
        Document.meeting_id == scene.meeting.id, Document.secrecy != Secrecy.NONE, visible(scene.actor, Document)
    )
    return set(db.session.scalars(secret))


def _current_item(scene: Scene, item: AgendaItem) -> dict[str, Any]:
    presiding = item.chair_id or scene.meeting.chair_id
    return {
        "id": item.id, "position": item.position, "title": item.title, "summary": item.summary,
        "kind": item.kind.value, "abbreviation": item.organisation.abbreviation if item.organisation else "",
        "organisation": item.organisation.name if item.organisation else "",
        "chair": next((s.person.full_name for s in scene.meeting.seats if s.person_id == presiding), ""),
        "chair_id": presiding, "document": _document(scene, item),
    }  # fmt: skip


def _document(scene: Scene, item: AgendaItem) -> dict[str, Any] | None:
    """The draft the vote is about: the version the poll names, else the current one of the item's draft Resolution."""
    rows = select(DocumentVersion.id, Document.title, DocumentVersion.number, DocumentVersion.sha256).join(Document)
    if scene.poll is not None and scene.poll.definition_sha256 is not None:
        rows = rows.where(DocumentVersion.id == (scene.poll.document_version_id or 0))
    else:
        rows = rows.where(Document.item_id == item.id, Document.kind == DocumentKind.DRAFT_RESOLUTION)
    rows = rows.where(visible(scene.actor, DocumentVersion)).order_by(Document.position, DocumentVersion.number.desc())
    found = db.session.execute(rows.limit(1)).one_or_none()
    return found and {"version_id": found[0], "title": found[1], "version": found[2], "sha256": found[3]}


def _poll(scene: Scene, result: dict[str, Any] | None) -> dict[str, Any] | None:
    poll = scene.poll
    if poll is None:
        return None
    split = may_see_result(scene.actor, poll)
    tie = next_move.tie_waits(poll) and (split or scene.actor.may(Right.POLL_CONFIRM_TIE, poll))
    outcome = poll.confirmed_outcome or poll.outcome
    return {
        "id": poll.id, "state": poll.state.value, "state_label": str(polls.state_word(poll, scene.now)),
        "takes_ballots": polls.takes_ballots(poll, scene.now), "question": poll.question,
        "seconds_left": (poll.closes_at - scene.now).total_seconds() if poll.closes_at else None,
        "opened_at": poll.opened_at, "closes_at": poll.closes_at, "closed_at": poll.closed_at,
        "published_at": poll.published_at, "visibility": poll.visibility.value, "annul_reason": poll.annulment_reason,
        **_counts(scene), "may_see_split": split, "result": result,
        "outcome": outcome.value if outcome and split else None, "needs_tie_confirmation": tie,
    }  # fmt: skip


def _counts(scene: Scene) -> dict[str, Any]:
    """How far the vote has come: members in the room and remote apart, and for the desk those still awaited."""
    where = {seat.person_id: seat.presence for seat in scene.meeting.seats}
    present = [member for member in scene.roll if where.get(member) in HERE]
    short = _short_names(scene.roll)
    waiting = [short[member] for member in present if member not in scene.places]
    return {
        "voted": len(scene.places), "members": len(scene.roll) or scene.presence.members,
        "in_room_voted": _count(scene.places.values(), Place.IN_ROOM),
        "remote_voted": _count(scene.places.values(), Place.REMOTE),
        "in_room_members": _count((where[member] for member in present), Presence.IN_ROOM),
        "remote_members": _count((where[member] for member in present), Presence.REMOTE),
        "waiting": waiting if scene.at_the_desk else None,
    }  # fmt: skip


def _short_names(roll: dict[int, RollEntry]) -> dict[int, str]:
    """Abbreviations; whoever shares one (the deputies of the head) is told apart by as much of the name as it takes."""
    said = {member: [entry.abbreviation, *reversed(entry.name.split())] for member, entry in roll.items()}
    short = {member: 1 for member in roll}
    for _word in range(max(map(len, said.values()), default=0)):
        often = Counter(tuple(said[member][: short[member]]) for member in roll)
        for member in roll:
            short[member] += often[tuple(said[member][: short[member]])] > 1
    return {member: " ".join([said[member][0], *reversed(said[member][1 : short[member]])]) for member in roll}


def _count(values: Iterable[Any], wanted: object) -> int:
    return sum(value is wanted for value in values)


def _result(scene: Scene) -> dict[str, Any] | None:
    """The counted result as everybody entitled sees it, names hidden where the poll says so."""
    poll = scene.poll
    if poll is None or not may_see_result(scene.actor, poll):
        return None
    counted = poll.confirmed_result or poll.result
    return public_view(parse_canonical(counted)) if counted else None


def _course(scene: Scene) -> dict[str, Any] | None:
    """How far the Resolution on the item under way has come, else that of the last published vote."""
    found = courses.course_of_meeting(scene.actor, scene.meeting.id, scene.item.id if scene.item else None)
    return found.as_dict() if found else None


def _table(scene: Scene) -> next_move.Table:
    planned = next((one for one in scene.items if one.state is ItemState.PLANNED), None)
    return next_move.Table(scene.meeting, scene.presence, scene.item, scene.poll, planned)
