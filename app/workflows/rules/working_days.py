"""Which days are worked: what a period of working days is counted with."""

import datetime as dt
from collections.abc import Collection, Iterator

PUBLIC_HOLIDAYS = ((1, 1), (4, 30), (5, 1), (9, 2))  # month, day: those that the sun calendar fixes
_SATURDAY = 5
_DAY = dt.timedelta(days=1)
NONE: frozenset[dt.date] = frozenset()


def is_working_day(day: dt.date, days_off: Collection[dt.date] = NONE, days_on: Collection[dt.date] = NONE) -> bool:
    """Monday to Friday without public holidays and the days that make up for one on a weekend (rule:R29).

    `days_off` are the other days off of the year, which are decided year by year (Tết, Giỗ Tổ Hùng Vương, the second
    day of the National Day, swapped days); `days_on` are days worked in exchange, whatever day of the week.
    """
    if day in days_on:
        return True
    return not (_idle(day, days_off) or day in _making_up(day, days_off))


def next_working_day(
    day: dt.date, days_off: Collection[dt.date] = NONE, days_on: Collection[dt.date] = NONE
) -> dt.date:
    """The first working day after a day (rule:R29)."""
    following = day + _DAY
    while not is_working_day(following, days_off, days_on):
        following += _DAY
    return following


def _idle(day: dt.date, days_off: Collection[dt.date]) -> bool:
    return day.weekday() >= _SATURDAY or (day.month, day.day) in PUBLIC_HOLIDAYS or day in days_off


def _making_up(day: dt.date, days_off: Collection[dt.date]) -> set[dt.date]:
    """The days off for the holidays on a weekend in the ten days before."""
    made: set[dt.date] = set()
    for holiday in _holidays_on_weekends(day):
        free = holiday + _DAY
        while _idle(free, days_off) or free in made:
            free += _DAY
        made.add(free)
    return made


def _holidays_on_weekends(until: dt.date) -> Iterator[dt.date]:
    for back in range(10, 0, -1):
        day = until - back * _DAY
        if day.weekday() >= _SATURDAY and (day.month, day.day) in PUBLIC_HOLIDAYS:
            yield day
