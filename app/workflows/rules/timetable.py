"""When digests (bản tin) and the weekly report are made: Hanoi times on working days, each once."""

import datetime as dt
from dataclasses import dataclass
from typing import Self

from app.workflows.rules.calendar import HANOI, hanoi_date, iso_utc
from app.workflows.rules.working_days import FIRST_YEAR, LAST_YEAR, USUAL, Exceptions, is_working_day

PAPERS, OPENING = "papers", "opening"  # the occasions of a session digest
HALF_PAST_SIX, SEVEN = dt.time.fromisoformat("06:30"), dt.time.fromisoformat("07:00")
YEARS = range(FIRST_YEAR, LAST_YEAR)  # of which there are weeks
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Timetable:
    """When this installation tells: Hanoi times, spans, and what is decided of working days year by year.

    `gather`: papers that are released within so long are told together.
    """

    daily_at: dt.time = HALF_PAST_SIX
    before_opening: dt.timedelta = dt.timedelta(hours=1)
    gather: dt.timedelta = dt.timedelta(minutes=15)
    weekly_at: dt.time = SEVEN
    exceptions: Exceptions = USUAL

    def works(self, day: dt.date) -> bool:
        return is_working_day(day, self.exceptions)


@dataclass(frozen=True)
class Slot:
    """What is made once: `key` names it among those of its kind, `due_at` is when (aware)."""

    key: str
    due_at: dt.datetime


def daily_slot(day: dt.date, timetable: Timetable) -> Slot | None:
    """The daily digest of a Hanoi day: at half past six on working days, none on the others (rule:R30)."""
    return Slot(day.isoformat(), _moment(day, timetable.daily_at)) if timetable.works(day) else None


def daily_due(now: dt.datetime, timetable: Timetable) -> Slot | None:
    """Today's daily digest once its time has come; one that is late is still made on its day (rule:R30)."""
    slot = daily_slot(hanoi_date(now), timetable)
    return slot if slot and slot.due_at <= now else None


def told_before(day: dt.date, timetable: Timetable) -> dt.datetime:
    """The moment of the daily digest before that of `day`: what came later is new (rule:R30)."""
    before = day - _DAY
    while not timetable.works(before):
        before -= _DAY
    return _moment(before, timetable.daily_at)


def papers_slot(meeting_id: int, released_at: dt.datetime, timetable: Timetable) -> Slot:
    """The session digest on papers released at that moment: what comes in one stretch is told at its end (rule:R31)."""
    seconds = int(timetable.gather.total_seconds())
    end = (int(released_at.timestamp()) // seconds + 1) * seconds
    due_at = dt.datetime.fromtimestamp(end, dt.UTC)
    return Slot(f"{meeting_id}:{PAPERS}:{iso_utc(due_at)}", due_at)


def opening_slot(meeting_id: int, starts_at: dt.datetime, timetable: Timetable) -> Slot:
    """The session digest one hour before the opening; another time of the session is another digest (rule:R31)."""
    return Slot(f"{meeting_id}:{OPENING}:{iso_utc(starts_at)}", starts_at - timetable.before_opening)


@dataclass(frozen=True, order=True)
class Week:
    """A week from Monday to Sunday (ISO 8601); as text "2026-47"."""

    year: int
    number: int

    @classmethod
    def of(cls, day: dt.date) -> Self:
        return cls(*day.isocalendar()[:2])

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of `str`; ValueError for anything else and for a week that the year does not have."""
        year, _, number = text.partition("-")
        found = cls(int(year), int(number))
        if str(found) != text or found.year not in YEARS:
            raise ValueError(f"no week: {text!r}")
        if cls.of(found.first) != found:
            raise ValueError(f"no week of that year: {text!r}")
        return found

    @property
    def first(self) -> dt.date:
        return dt.date.fromisocalendar(self.year, self.number, 1)

    @property
    def last(self) -> dt.date:
        return self.first + 6 * _DAY

    @property
    def begins_at(self) -> dt.datetime:
        """Midnight in Hanoi, aware."""
        return _moment(self.first, dt.time.min)

    @property
    def ends_at(self) -> dt.datetime:
        return self.begins_at + 7 * _DAY

    @property
    def before(self) -> "Week":
        return Week.of(self.first - _DAY)

    @property
    def after(self) -> "Week":
        return Week.of(self.last + _DAY)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"


def report_slot(week: Week, timetable: Timetable) -> Slot:
    """The report on a week: on the Monday after it at seven, or on the first working day from then on (rule:R32)."""
    day = week.after.first
    while not timetable.works(day):
        day += _DAY
    return Slot(str(week), _moment(day, timetable.weekly_at))


def report_due(now: dt.datetime, timetable: Timetable) -> Slot | None:
    """The report on the week before this one, once its time has come (rule:R32)."""
    slot = report_slot(Week.of(hanoi_date(now)).before, timetable)
    return slot if slot.due_at <= now else None


def _moment(day: dt.date, at: dt.time) -> dt.datetime:
    return dt.datetime.combine(day, at, HANOI)
