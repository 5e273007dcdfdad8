"""How many slips a member must have answered by one day, and which other days would be easier."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.workflows.rules.calendar import hanoi_date
from app.workflows.rules.slip_parameters import SlipParameters
from app.workflows.rules.working_days import Exceptions, working_days_after

Load = Mapping[dt.date, Mapping[int, int]]
"""By Hanoi day and member: how many deadlines."""


@dataclass(frozen=True)
class DayLoad:
    """A day on which a slip could end: `working_days` from its issue, with it on top.

    `crowded` are the members, by id, who would have more than the rule set wants on that day, and how many they would
    have; `heaviest` is the largest number that anybody asked would have.
    """

    day: dt.date
    working_days: int
    crowded: Mapping[int, int]
    heaviest: int

    @property
    def free(self) -> bool:
        return not self.crowded


def load_on(day: dt.date, working_days: int, load: Load, asked: Collection[int], most: int) -> DayLoad:
    """What a day would hold for those who are asked if one more slip ended on it (rule:R71)."""
    there = load.get(day, {})
    with_it = {member: there.get(member, 0) + 1 for member in asked}
    crowded = {member: count for member, count in with_it.items() if count > most}
    return DayLoad(day, working_days, crowded, max(with_it.values(), default=0))


def window(
    issued_at: dt.datetime, load: Load, asked: Collection[int], parameters: SlipParameters, exceptions: Exceptions
) -> list[DayLoad]:
    """Every day on which a slip issued then may end (rule:R10), with what it would hold, in order (rule:R71)."""
    start, most = hanoi_date(issued_at), parameters.most_per_day
    spans = range(parameters.min_working_days, parameters.max_working_days + 1)
    return [load_on(working_days_after(start, span, exceptions), span, load, asked, most) for span in spans]


def better_days(chosen: DayLoad, possible: Collection[DayLoad]) -> list[DayLoad]:
    """Days of the window that crowd fewer people than the chosen one, the best first, none when it crowds nobody.

    Best is what crowds the fewest, then the lowest load, then the nearest to the chosen day, the later of two
    (rule:R71).
    """
    if chosen.free:
        return []
    better = [each for each in possible if len(each.crowded) < len(chosen.crowded)]
    return sorted(better, key=lambda each: _rank(each, chosen.day))


def _rank(each: DayLoad, chosen: dt.date) -> tuple[int, int, int, int]:
    return len(each.crowded), each.heaviest, abs((each.day - chosen).days), -each.day.toordinal()
