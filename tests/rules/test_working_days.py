"""Which days are worked."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflows.rules.working_days import is_working_day, next_working_day

TET = {dt.date(2026, 2, day) for day in range(16, 21)}


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
        ("2026-02-16", False),  # Tết
        ("2026-02-23", True),
        ("2023-01-02", False),  # makes up for Sunday 1 January
        ("2023-01-03", True),
        ("2022-05-02", False),  # make up for Saturday 30 April and Sunday 1 May
        ("2022-05-03", False),
        ("2022-05-04", True),
        ("2028-01-03", False),  # makes up for Saturday 1 January
        ("2028-01-04", True),
    ],
)
def test_weekends_holidays_and_what_makes_up_for_them_are_not_worked(written, worked):
    """rule:R29"""
    assert is_working_day(day(written), TET) is worked


def test_a_saturday_worked_in_exchange_is_a_working_day():
    """rule:R29"""
    assert is_working_day(day("2026-11-21"), days_on={day("2026-11-21")})
    assert next_working_day(day("2026-11-20"), days_on={day("2026-11-21")}) == day("2026-11-21")


def test_a_make_up_day_comes_after_the_other_days_off():
    assert not is_working_day(day("2023-01-03"), days_off={day("2023-01-02")})
    assert is_working_day(day("2023-01-04"), days_off={day("2023-01-02")})


@given(st.dates(dt.date(2011, 1, 1), dt.date(2099, 12, 1)))
def test_the_next_working_day_is_worked_and_none_before_it_is(start):
    """rule:R29"""
    found = next_working_day(start)
    assert is_working_day(found)
    assert start < found <= start + dt.timedelta(days=6)
    between = [start + dt.timedelta(days=n) for n in range(1, (found - start).days)]
    assert not any(map(is_working_day, between))
