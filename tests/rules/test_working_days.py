"""Which days are worked."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflows.rules.working_days import (
    FIRST_YEAR,
    LAST_YEAR,
    USUAL,
    Exceptions,
    exchanged,
    is_usually_worked,
    is_working_day,
    next_working_day,
    public_holidays,
    working_days_after,
    working_days_until,
)

DAY = dt.timedelta(days=1)
KNOWN = st.dates(dt.date(FIRST_YEAR, 1, 1), dt.date(LAST_YEAR, 11, 1))
# the first day of the lunar year in Viet Nam, from printed almanacs; in 2030 it is a day earlier than in China
NEW_YEARS = ("2025-01-29", "2026-02-17", "2027-02-06", "2028-01-26", "2029-02-13", "2030-02-02")


def day(text):
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("written", "worked"),
    [
        ("2026-11-20", True),  # Friday
        ("2026-11-21", False),
        ("2026-11-22", False),
        ("2026-11-23", True),
        ("2026-01-01", False),
        ("2026-04-30", False),
        ("2026-05-01", False),
        ("2026-09-02", False),
        ("2026-09-01", False),  # the second day of the National Day
        ("2026-04-27", False),  # makes up for Giỗ Tổ Hùng Vương on Sunday 26 April
        ("2026-02-16", False),  # Tết
        ("2026-02-23", True),
        ("2023-01-02", False),  # makes up for Sunday 1 January
        ("2023-01-03", True),
        ("2022-05-02", False),  # make up for Saturday 30 April and Sunday 1 May
        ("2022-05-03", False),
        ("2022-05-04", True),
        ("2028-01-03", False),  # makes up for Saturday 1 January
        ("2028-01-04", True),
        ("2025-05-02", False),  # swapped for Saturday 26 April
        ("2025-04-26", True),
        ("2019-01-05", True),  # worked in exchange for a day of the year before
    ],
)
def test_weekends_holidays_and_what_makes_up_for_them_are_not_worked(written, worked):
    """rule:R29"""
    assert is_working_day(day(written)) is is_usually_worked(day(written)) is worked


@pytest.mark.parametrize("first", NEW_YEARS)
def test_five_working_days_are_off_around_the_lunar_new_year(first):
    """rule:R29"""
    first = day(first)
    around = [first + number * DAY for number in range(-6, 9)]
    off = [each for each in around if each.weekday() < 5 and not is_working_day(each)]
    assert len(off) == 5
    assert {first - DAY, first, first + DAY} <= {each for each in around if not is_working_day(each)}
    assert "Tết Nguyên Đán" in public_holidays(first.year)[first]


def test_two_working_days_from_the_eve_of_two_holidays_skip_them_and_the_weekend():
    """rule:R29"""
    assert working_days_after(day("2026-04-29"), 1) == day("2026-05-04")
    assert working_days_after(day("2026-04-29"), 2) == day("2026-05-05")
    assert working_days_until(day("2026-04-29"), day("2026-05-05")) == 2


def test_a_saturday_worked_in_exchange_is_a_working_day():
    """rule:R29"""
    saturday = Exceptions(on=frozenset({day("2026-11-21")}))
    assert is_working_day(day("2026-11-21"), saturday)
    assert next_working_day(day("2026-11-20"), saturday) == day("2026-11-21")
    assert exchanged(2026) == {day("2026-08-22")}


def test_exceptions_hold_over_holidays_and_over_working_days():
    """rule:R29"""
    holiday, monday, make_up = day("2026-04-30"), day("2026-11-16"), day("2026-04-27")
    other = Exceptions.of([(holiday, True), (monday, False), (make_up, True)])
    assert [is_working_day(each, other) for each in (holiday, monday, make_up)] == [True, False, True]
    assert [is_working_day(each) for each in (holiday, monday, make_up)] == [False, True, False]
    assert working_days_after(day("2026-11-13"), 1, other) == day("2026-11-17")


def test_of_two_exceptions_for_one_day_the_later_one_holds_and_none_is_both():
    one = day("2026-04-30")
    assert Exceptions.of([(one, False), (one, True)]) == Exceptions(on=frozenset({one}))
    with pytest.raises(ValueError, match="worked and not worked: 2026-04-30"):
        Exceptions(frozenset({one}), frozenset({one}))


@pytest.mark.parametrize("year", [FIRST_YEAR - 1, LAST_YEAR + 1])
def test_a_year_without_a_table_is_refused_and_never_guessed(year):
    with pytest.raises(ValueError, match=f"the calendar of {year} is not known"):
        is_working_day(dt.date(year, 6, 3))


def test_a_period_has_at_least_one_day():
    with pytest.raises(ValueError, match="at least one"):
        working_days_after(day("2026-04-29"), 0)
    assert working_days_until(day("2026-04-29"), day("2026-04-29")) == 0
    assert working_days_until(day("2026-04-29"), day("2026-04-01")) == 0


@given(KNOWN)
def test_the_next_working_day_is_worked_and_none_before_it_is(start):
    """rule:R29"""
    found = next_working_day(start)
    assert is_working_day(found)
    assert start < found <= start + 11 * DAY
    between = [start + n * DAY for n in range(1, (found - start).days)]
    assert not any(map(is_working_day, between))


@given(KNOWN, st.integers(1, 12), st.sets(st.integers(1, 20)), st.sets(st.integers(1, 20)))
def test_a_period_ends_on_its_last_working_day_and_holds_so_many(start, count, off, on):
    """rule:R29"""
    exceptions = Exceptions.of([*((start + n * DAY, False) for n in off), *((start + n * DAY, True) for n in on)])
    end = working_days_after(start, count, exceptions)
    assert is_working_day(end, exceptions)
    assert working_days_until(start, end, exceptions) == count
    assert (exceptions == USUAL) == (not off and not on)
