"""The agenda (chương trình phiên họp): items in order, opened and closed one at a time."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, func, select

from app.extensions import db
from app.models import (
    AgendaItem,
    Document,
    GuestItem,
    ItemKind,
    ItemState,
    Meeting,
    MeetingState,
    Organisation,
    Poll,
    PollState,
)
from app.workflows.engine.errors import BadValue, NotFound, WorkflowError, WrongState
from app.workflows.engine.moves import Lifecycle, Move
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.text import block, line
from app.workflows.engine.transaction import MeetingFact, record_live, use_case
from app.workflows.engine.visibility import seen
from app.workflows.engine.words import word
from app.workflows.polls import MeetingNotOpen, locked_meeting
from app.workflows.rules.names import fold

PLANNED, CURRENT, DONE = ItemState
OVER = frozenset({MeetingState.CLOSED, MeetingState.CANCELLED})
LONGEST_TITLE, LONGEST_SUMMARY, LONGEST_MINUTES = 500, 4000, 600


class BadTitle(BadValue):
    code, field = "bad_title", "title"
    message = _("The title is empty, too long, or contains invisible control characters.")


class BadSummary(BadValue):
    code, field = "bad_summary", "summary"
    message = _("The summary is too long or contains invisible control characters.")


class BadMinutes(BadValue):
    code, field = "bad_minutes", "planned_minutes"
    message = _("The planned time of an item is between 1 and 600 minutes.")


class BadPosition(BadValue):
    code, field = "bad_position", "position"
    message = _("There is no such place in the agenda.")


class ItemInUse(WorkflowError):
    code = "item_in_use"
    message = _("The item has papers or votes; it cannot be removed any more.")


class AnotherItemOpen(WorkflowError):
    code = "another_item_open"
    message = _("Another item is under way. Close it first.")


class PollUndone(WorkflowError):
    code = "poll_undone"
    message = _("A vote on this item is open or its result is not published yet.")


@dataclass(frozen=True)
class ItemAdded(MeetingFact):
    title: str
    position: int


@dataclass(frozen=True)
class ItemChanged(MeetingFact):
    changed: dict[str, Any]


@dataclass(frozen=True)
class ItemMoved(MeetingFact):
    position: int


@dataclass(frozen=True)
class ItemRemoved(MeetingFact):
    title: str


@dataclass(frozen=True)
class ItemOpened(MeetingFact): ...


@dataclass(frozen=True)
class ItemClosed(MeetingFact): ...


def in_session(item: AgendaItem) -> None:
    if item.meeting.state is not MeetingState.OPEN:
        raise MeetingNotOpen(item)


def no_other_item(item: AgendaItem) -> None:
    others = select(AgendaItem.id).where(AgendaItem.meeting_id == item.meeting_id, AgendaItem.state == CURRENT)
    if db.session.scalar(others.where(AgendaItem.id != item.id).limit(1)):
        raise AnotherItemOpen(item)


def votes_finished(item: AgendaItem) -> None:
    undone = select(Poll.id).where(Poll.item_id == item.id, Poll.state.in_([PollState.OPEN, PollState.CLOSED]))
    if db.session.scalar(undone.limit(1)):
        raise PollUndone(item)


LIFECYCLE = Lifecycle(
    ItemState,
    #    name    from                        to       who may          only if
    Move("open",  frozenset({PLANNED, DONE}), CURRENT, Right.ITEM_RUN, (in_session, no_other_item)),
    Move("close", frozenset({CURRENT}),       DONE,    Right.ITEM_RUN, (votes_finished,)),
)  # fmt: skip


@use_case
def add_item(
    actor: Actor,
    meeting_id: int,
    title: str,
    kind: ItemKind,
    now: dt.datetime,
    organisation_id: int | None = None,
    summary: str = "",
    planned_minutes: int = 15,
) -> AgendaItem:
    """Put an item at the end of the agenda."""
    seen(actor, Meeting, meeting_id)
    meeting = locked_meeting(meeting_id)
    actor.require(Right.MEETING_PREPARE, meeting)
    if meeting.state in OVER:
        raise WrongState(meeting, state=word(meeting.state))
    values = {"title": title, "kind": kind, "organisation_id": organisation_id, "summary": summary,
              "planned_minutes": planned_minutes}  # fmt: skip
    return append_item(actor, meeting, values, now)


def append_item(
    actor: Actor, meeting: Meeting, values: dict[str, Any], now: dt.datetime, slip_id: int | None = None
) -> AgendaItem:
    """The same inside an act that admits it: `meeting` is held, `slip_id` is the slip that is brought to it."""
    last = db.session.scalar(select(func.max(AgendaItem.position)).where(AgendaItem.meeting_id == meeting.id)) or 0
    item = AgendaItem(body_id=meeting.body_id, meeting=meeting, position=last + 1, slip_id=slip_id)
    _write(actor, item, values)
    db.session.add(item)
    db.session.flush()
    record_live(actor, meeting, item, ItemAdded, now, title=item.title, position=item.position)
    return item


@use_case
def edit_item(actor: Actor, item_id: int, now: dt.datetime, **values: Any) -> AgendaItem:
    """Change title, kind, lead organisation, summary or planned time of an item that is not done."""
    item, meeting = _locked(actor, item_id)
    actor.require(Right.MEETING_PREPARE, item)
    if item.state is DONE or meeting.state in OVER:
        raise WrongState(item, state=word(item.state))
    before = {name: getattr(item, name) for name in values}
    _write(actor, item, values)
    changed = {name: [old, getattr(item, name)] for name, old in before.items() if old != getattr(item, name)}
    record_live(actor, meeting, item, ItemChanged, now, changed=changed)
    return item


@use_case
def move_item(actor: Actor, item_id: int, position: int, now: dt.datetime) -> AgendaItem:
    """Move an item to another place; the others close up."""
    item, meeting = _locked(actor, item_id)
    actor.require(Right.MEETING_PREPARE, item)
    if meeting.state in OVER:
        raise WrongState(meeting, state=word(meeting.state))
    items = list(db.session.scalars(
        select(AgendaItem).where(AgendaItem.meeting_id == meeting.id).order_by(AgendaItem.position)
    ))  # fmt: skip
    if not 1 <= position <= len(items):
        raise BadPosition(item)
    items.remove(item)
    items.insert(position - 1, item)
    for offset, numbers in ((10_000, items), (0, items)):  # twice, so that no place is taken by two on the way
        for place, each in enumerate(numbers, start=1):
            each.position = place + offset
        db.session.flush()
    record_live(actor, meeting, item, ItemMoved, now, position=position)
    return item


@use_case
def remove_item(actor: Actor, item_id: int, now: dt.datetime) -> None:
    """Take an item without papers and votes off the agenda."""
    item, meeting = _locked(actor, item_id)
    actor.require(Right.MEETING_PREPARE, item)
    if item.state is not PLANNED or meeting.state in OVER:
        raise WrongState(item, state=word(item.state if item.state is not PLANNED else meeting.state))
    for used in (Document, Poll):
        if db.session.scalar(select(used.id).where(used.item_id == item.id).limit(1)):
            raise ItemInUse(item)
    record_live(actor, meeting, item, ItemRemoved, now, title=item.title)
    db.session.execute(delete(GuestItem).where(GuestItem.item_id == item.id))
    db.session.delete(item)
    db.session.flush()
    later = select(AgendaItem).where(AgendaItem.meeting_id == meeting.id, AgendaItem.position > item.position)
    for each in db.session.scalars(later.order_by(AgendaItem.position)):
        each.position -= 1
        db.session.flush()


@use_case
def open_item(actor: Actor, item_id: int, now: dt.datetime) -> AgendaItem:
    """Turn to an item; everybody's screen follows."""
    item, meeting = _locked(actor, item_id)
    move = LIFECYCLE.admit("open", item, actor)
    move.apply(item, opened_at=item.opened_at or now, closed_at=None)
    record_live(actor, meeting, item, ItemOpened, now)
    return item


@use_case
def close_item(actor: Actor, item_id: int, now: dt.datetime) -> AgendaItem:
    """Be done with an item; its votes are finished and published."""
    item, meeting = _locked(actor, item_id)
    move = LIFECYCLE.admit("close", item, actor)
    move.apply(item, closed_at=now)
    record_live(actor, meeting, item, ItemClosed, now)
    return item


def _locked(actor: Actor, item_id: int) -> tuple[AgendaItem, Meeting]:
    meeting = locked_meeting(seen(actor, AgendaItem, item_id).meeting_id)
    rows = select(AgendaItem).where(AgendaItem.id == item_id).with_for_update()
    return db.session.execute(rows.execution_options(populate_existing=True)).scalar_one(), meeting


def _write(actor: Actor, item: AgendaItem, values: dict[str, Any]) -> None:
    if "title" in values:
        values["title"] = line(item, values["title"], "title", LONGEST_TITLE, refusal=BadTitle)
        values["title_fold"] = fold(values["title"])
    if "summary" in values:
        summary = values["summary"]
        values["summary"] = block(item, summary, "summary", LONGEST_SUMMARY, wanted=False, refusal=BadSummary)
    if not 1 <= (values.get("planned_minutes") or 15) <= LONGEST_MINUTES:
        raise BadMinutes(item)
    if (organisation_id := values.get("organisation_id")) is not None:
        organisation = seen(actor, Organisation, organisation_id)
        if organisation.body_id != item.body_id:
            raise NotFound(item)
    for name, value in values.items():
        setattr(item, name, value)
