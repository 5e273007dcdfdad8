"""Which days are worked: what a period of working days is counted with."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import holidays

FIRST_YEAR, LAST_YEAR = 2000, 2098  # of which the lunar days are known
_SATURDAY = 5
_DAY = dt.timedelta(days=1)
NONE: frozenset[dt.date] = frozenset()


@dataclass(frozen=True)
class Exceptions:
    """What is decided year by year over the usual calendar: days not worked, and days worked whatever else says."""

    off: frozenset[dt.date] = NONE
    on: frozenset[dt.date] = NONE

    def __post_init__(self) -> None:
        if both := sorted(self.off & self.on):
            raise ValueError(f"worked and not worked: {both[0].isoformat()}")

    @classmethod
    def of(cls, days: Iterable[tuple[dt.date, bool]]) -> "Exceptions":
        """From days and whether they are worked; of two for one day the later one holds."""
        worked = dict(days)
        return cls(frozenset(day for day in worked if not worked[day]), frozenset(day for day in worked if worked[day]))


USUAL = Exceptions()


def public_holidays(year: int) -> Mapping[dt.date, str]:
    """The days off of a year by their Vietnamese names, weekends among them: holidays by sun and moon, days that make
    up for one on a weekend, and days that were swapped (package `holidays`); ValueError for a year without a table.
    """
    return _of_package(_known(year))[0]


def exchanged(year: int) -> frozenset[dt.date]:
    """The days of weekends that were worked in exchange for another one, as far as the package knows them."""
    return _of_package(_known(year))[1]


def is_working_day(day: dt.date, exceptions: Exceptions = USUAL) -> bool:
    """Monday to Friday without public holidays and what makes up for them, unless an exception says more (rule:R29)."""
    if day in exceptions.on or day in exceptions.off:
        return day in exceptions.on
    return is_usually_worked(day)


def is_usually_worked(day: dt.date) -> bool:
    """What holds for a day without any exception."""
    if day.weekday() >= _SATURDAY:
        return day in exchanged(day.year)
    return day not in public_holidays(day.year)


def next_working_day(day: dt.date, exceptions: Exceptions = USUAL) -> dt.date:
    """The first working day after a day (rule:R29)."""
    return working_days_after(day, 1, exceptions)


def working_days_after(day: dt.date, count: int, exceptions: Exceptions = USUAL) -> dt.date:
    """The last day of a period of so many working days that begins on the day after (rule:R29)."""
    if count < 1:
        raise ValueError("a period has at least one working day")
    while count:
        day += _DAY
        count -= is_working_day(day, exceptions)
    return day


def working_days_until(start: dt.date, end: dt.date, exceptions: Exceptions = USUAL) -> int:
    """How many working days there are after `start` up to and with `end`; none when it is not later (rule:R29)."""
    days = (start + number * _DAY for number in range(1, (end - start).days + 1))
    return sum(is_working_day(day, exceptions) for day in days)


def _known(year: int) -> int:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"the calendar of {year} is not known")
    return year


@lru_cache(maxsize=16)
def _of_package(year: int) -> tuple[Mapping[dt.date, str], frozenset[dt.date]]:
    """A swap may be written in the year before or after the day that it is about."""
    days = holidays.country_holidays("VN", years=range(year - 1, year + 2), language="vi", expand=False)
    off = {day: name for day, name in sorted(days.items()) if day.year == year}
    return off, frozenset(day for day in days.weekend_workdays if day.year == year)
