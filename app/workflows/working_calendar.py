"""The working calendar (lịch làm việc) of a body: the usual one, and the days that were decided otherwise."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import false, or_, select

from app.extensions import db
from app.models import Body, BodyKind, CalendarDay, DayKind
from app.workflows.engine.errors import BadValue
from app.workflows.engine.rights import Actor, Right
from app.workflows.engine.text import line
from app.workflows.engine.transaction import Fact, record, use_case
from app.workflows.engine.visibility import seen, visible
from app.workflows.identity import changes
from app.workflows.rules.working_days import (
    FIRST_YEAR,
    LAST_YEAR,
    Exceptions,
    exchanged,
    is_usually_worked,
    is_working_day,
    public_holidays,
    working_days_until,
)

WRITTEN = ("day", "kind", "for_all", "note", "source")
LONGEST_NOTE, LONGEST_SOURCE, LONGEST_REASON = 200, 300, 500


class DayTaken(BadValue):
    code, field = "day_taken", "day"
    message = _("This day is in the calendar of this body already; change that entry.")


class DayUnknown(BadValue):
    code, field = "day_unknown", "day"
    message = _("The calendar holds the years from %(first)d to %(last)d.")


class OffAlready(BadValue):
    code, field = "off_already", "kind"
    message = _("This day is not worked anyway.")


class WorkedAlready(BadValue):
    code, field = "worked_already", "kind"
    message = _("This day is worked anyway.")


class NotForAll(BadValue):
    code, field = "not_for_all", "for_all"
    message = _("Only the Government decides on days of all bodies.")


@dataclass(frozen=True)
class CalendarDayAdded(Fact):
    day: dt.date
    kind: DayKind
    for_all: bool
    note: str
    source: str


@dataclass(frozen=True)
class CalendarDayChanged(Fact):
    day: dt.date
    changed: dict[str, Any]
    reason: str


@dataclass(frozen=True)
class CalendarDayRemoved(Fact):
    day: dt.date
    kind: DayKind
    for_all: bool
    note: str
    reason: str


def exceptions_of(body_id: int, without: int = 0) -> Exceptions:
    """What holds in a body beside the usual calendar, its own entries over those for all; one may be left out."""
    own = CalendarDay.body_id == body_id
    rows = select(CalendarDay.day, CalendarDay.kind).where(or_(own, CalendarDay.for_all), CalendarDay.id != without)
    found = db.session.execute(rows.order_by(own)).all()
    return Exceptions.of((day, kind is DayKind.WORKED) for day, kind in found)


@dataclass(frozen=True)
class Day:
    """A day that is more than a weekday or a weekend: what is usual (`holiday`: its name, or empty), what holds."""

    day: dt.date
    holiday: str
    usually_worked: bool
    worked: bool
    entry: CalendarDay | None


@dataclass(frozen=True)
class Year:
    """Holidays, days worked in exchange and entries in order; `worked`: how many days of the year are worked."""

    days: list[Day]
    worked: int


def year_of(actor: Actor, body_id: int, year: int) -> Year:
    """What holds in a body in a year, as far as this actor may see it."""
    own = CalendarDay.body_id == body_id
    rows = select(CalendarDay).where(visible(actor, CalendarDay), or_(own, CalendarDay.for_all)).order_by(own)
    entries = {entry.day: entry for entry in db.session.scalars(rows) if entry.day.year == year}
    exceptions = Exceptions.of((day, entry.kind is DayKind.WORKED) for day, entry in entries.items())
    named = public_holidays(year)
    days = [
        Day(day, named.get(day, ""), is_usually_worked(day), is_working_day(day, exceptions), entries.get(day))
        for day in sorted({*named, *exchanged(year), *entries})
    ]
    return Year(days, working_days_until(dt.date(year - 1, 12, 31), dt.date(year, 12, 31), exceptions))


@use_case
def add_calendar_day(
    actor: Actor,
    body_id: int,
    day: dt.date,
    kind: DayKind,
    note: str,
    now: dt.datetime,
    for_all: bool = False,
    source: str = "",
) -> CalendarDay:
    """Decide otherwise than the usual calendar about one day; `source` is the decision it rests on."""
    body = seen(actor, Body, body_id)
    entry = CalendarDay(body_id=body_id, day=day)
    actor.require(Right.CALENDAR_KEEP, entry)
    with db.session.no_autoflush:
        _write(entry, body, {"day": day, "kind": kind, "note": note, "for_all": for_all, "source": source})
    db.session.add(entry)
    db.session.flush()
    about = {name: getattr(entry, name) for name in WRITTEN}
    record(actor, CalendarDayAdded.about(entry, **about), now)
    return entry


@use_case
def edit_calendar_day(actor: Actor, entry_id: int, reason: str, now: dt.datetime, **values: Any) -> CalendarDay:
    """Correct an entry; deadlines that were set stay as they are. `values`: day, kind, for_all, note, source."""
    entry = _locked(actor, entry_id)
    said = line(entry, reason, "reason", LONGEST_REASON)
    before = {name: getattr(entry, name) for name in WRITTEN}
    with db.session.no_autoflush:
        _write(entry, entry.body, {**before, **values})
    record(actor, CalendarDayChanged.about(entry, day=entry.day, changed=changes(entry, before), reason=said), now)
    return entry


@use_case
def remove_calendar_day(actor: Actor, entry_id: int, reason: str, now: dt.datetime) -> None:
    """Let the usual calendar hold again."""
    entry = _locked(actor, entry_id)
    said = line(entry, reason, "reason", LONGEST_REASON)
    about = {name: getattr(entry, name) for name in ("day", "kind", "for_all", "note")}
    record(actor, CalendarDayRemoved.about(entry, **about, reason=said), now)
    db.session.delete(entry)


def _locked(actor: Actor, entry_id: int) -> CalendarDay:
    entry = seen(actor, CalendarDay, entry_id)
    actor.require(Right.CALENDAR_KEEP, entry)
    return db.session.scalars(select(CalendarDay).where(CalendarDay.id == entry.id).with_for_update()).one()


def _write(entry: CalendarDay, body: Body, values: dict[str, Any]) -> None:
    entry.note = line(entry, values["note"], "note", LONGEST_NOTE)
    entry.source = line(entry, values["source"], "source", LONGEST_SOURCE, wanted=False)
    entry.day, entry.kind, entry.for_all = values["day"], DayKind(values["kind"]), bool(values["for_all"])
    if not FIRST_YEAR <= entry.day.year <= LAST_YEAR:
        raise DayUnknown(entry, first=FIRST_YEAR, last=LAST_YEAR)
    if entry.for_all and body.kind is not BodyKind.GOVERNMENT:
        raise NotForAll(entry)
    same = CalendarDay.for_all if entry.for_all else false()
    taken = select(CalendarDay.id).where(
        CalendarDay.day == entry.day, or_(CalendarDay.body_id == body.id, same), CalendarDay.id != (entry.id or 0)
    )
    if db.session.scalar(taken.limit(1)):
        raise DayTaken(entry)
    worked = is_working_day(entry.day, exceptions_of(body.id, without=entry.id or 0))
    if worked is (entry.kind is DayKind.WORKED):
        raise WorkedAlready(entry) if worked else OffAlready(entry)
