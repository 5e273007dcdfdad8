"""When a session could be held: half-days in which enough members are free, with time left for its papers."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from app.workflows.rules.calendar import HANOI
from app.workflows.rules.working_days import Exceptions, next_working_day, working_days_after

STARTS = (dt.time(8), dt.time(14))  # in Hanoi
LENGTH = dt.timedelta(hours=3)
TO_PREPARE = 2  # working days from today until the papers are due
LOOKED_AT = 15  # working days
MOST = 3


@dataclass(frozen=True)
class Busy:
    """A member is away from `begins_at` up to but without `ends_at`, both aware."""

    member_id: int
    begins_at: dt.datetime
    ends_at: dt.datetime


@dataclass(frozen=True)
class Slot:
    """A half-day, and which members are free in all of it, in the given order."""

    begins_at: dt.datetime
    ends_at: dt.datetime
    free: tuple[int, ...]


def first_day(today: dt.date, papers_working_days: int, exceptions: Exceptions) -> dt.date:
    """The first day whose papers are due no sooner than two working days from today (rule:R8, rule:R75)."""
    return working_days_after(today, papers_working_days + TO_PREPARE, exceptions)


def possible_slots(
    first: dt.date, members: Collection[int], busy: Iterable[Busy], needed: int, exceptions: Exceptions
) -> list[Slot]:
    """The first half-days from a working day on in which `needed` of the members are free, at most three (rule:R75).

    `needed` is the quorum of the rule set for sessions (rule:R3), two thirds of all members.
    """
    taken, day = list(busy), first
    found: list[Slot] = []
    for _number in range(LOOKED_AT):
        slots = [_slot(day, start, members, taken) for start in STARTS]
        found += [slot for slot in slots if len(slot.free) >= needed]
        day = next_working_day(day, exceptions)
    return found[:MOST]


def _slot(day: dt.date, start: dt.time, members: Collection[int], busy: Iterable[Busy]) -> Slot:
    begins = dt.datetime.combine(day, start, HANOI)
    ends = begins + LENGTH
    away = {each.member_id for each in busy if each.begins_at < ends and begins < each.ends_at}
    return Slot(begins, ends, tuple(member for member in members if member not in away))
