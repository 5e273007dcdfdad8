"""Until when a slip can be answered (rule:R10)."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflows.rules.calendar import HANOI
from app.workflows.rules.slip_deadline import (
    DeadlineRefused,
    Fault,
    days_until,
    deadline_after,
    extended,
    last_day,
    reminders,
)
from app.workflows.rules.slip_parameters import SlipParameters
from app.workflows.rules.working_days import USUAL, Exceptions, is_working_day

RULES = SlipParameters()


def at(day, hour=17, minute=0):
    return dt.datetime.combine(dt.date.fromisoformat(day), dt.time(hour, minute), HANOI)


@pytest.mark.parametrize(
    ("issued", "count", "deadline"),
    [
        (at("2026-04-29", 9), 2, at("2026-05-05")),  # over two holidays and a weekend
        (at("2026-07-30", 9), 2, at("2026-08-03")),
        (at("2026-07-30", 23, 59), 2, at("2026-08-03")),
        (at("2026-08-01", 9), 2, at("2026-08-04")),  # issued on a Saturday
        (at("2026-07-30", 9), 5, at("2026-08-06")),
        (at("2026-02-13", 9), 2, at("2026-02-24")),  # over Tết
    ],
)
def test_the_first_working_day_is_the_one_after_the_issue_and_the_last_one_ends_at_five(issued, count, deadline):
    """rule:R10"""
    assert deadline_after(issued, count, RULES, USUAL) == deadline


@pytest.mark.parametrize(("count", "fault"), [(1, Fault.TOO_SOON), (0, Fault.TOO_SOON), (6, Fault.TOO_LATE)])
def test_a_time_to_answer_outside_the_window_is_refused_with_the_window(count, fault):
    """rule:R10"""
    with pytest.raises(DeadlineRefused) as refused:
        deadline_after(at("2026-07-30", 9), count, RULES, USUAL)
    assert (refused.value.fault, refused.value.least, refused.value.most) == (fault, 2, 5)
    assert refused.value.last == dt.date(2026, 8, 6)


@pytest.mark.parametrize(
    ("day", "fault"),
    [("2026-07-29", Fault.PAST), ("2026-07-30", Fault.TOO_SOON), ("2026-07-31", Fault.TOO_SOON),
     ("2026-08-01", Fault.DAY_OFF), ("2026-08-07", Fault.TOO_LATE), ("2026-09-02", Fault.TOO_LATE)],
)  # fmt: skip
def test_a_chosen_day_that_is_over_off_or_outside_the_window_is_refused(day, fault):
    """rule:R10"""
    with pytest.raises(DeadlineRefused) as refused:
        days_until(dt.date.fromisoformat(day), at("2026-07-30", 9), at("2026-07-30", 9), RULES, USUAL)
    assert refused.value.fault is fault


def test_a_day_that_was_swapped_moves_the_window():
    exceptions = Exceptions.of([(dt.date(2026, 7, 31), False), (dt.date(2026, 8, 1), True)])
    issued = at("2026-07-30", 9)
    assert deadline_after(issued, 2, RULES, exceptions) == at("2026-08-03")
    assert days_until(dt.date(2026, 8, 3), issued, issued, RULES, exceptions) == 2
    with pytest.raises(DeadlineRefused) as refused:
        days_until(dt.date(2026, 7, 31), issued, issued, RULES, exceptions)
    assert refused.value.fault is Fault.DAY_OFF


def test_an_extension_is_later_and_never_beyond_the_longest_window():
    """rule:R10"""
    issued, standing, now = at("2026-07-30", 9), at("2026-08-03"), at("2026-08-02", 9)
    assert extended(dt.date(2026, 8, 6), issued, standing, now, RULES, USUAL) == at("2026-08-06")
    for day, fault in (("2026-08-03", Fault.NOT_LATER), ("2026-08-07", Fault.TOO_LATE), ("2026-07-31", Fault.PAST)):
        with pytest.raises(DeadlineRefused) as refused:
            extended(dt.date.fromisoformat(day), issued, standing, now, RULES, USUAL)
        assert refused.value.fault is fault


def test_another_hour_and_another_window_are_those_of_the_rule_set():
    rules = SlipParameters(min_working_days=1, max_working_days=1, ends_at="11:30")
    assert deadline_after(at("2026-07-30", 9), 1, rules, USUAL) == at("2026-07-31", 11, 30)


def test_reminders_come_before_the_deadline_and_in_order():
    assert reminders(at("2026-08-03"), RULES) == [at("2026-08-02"), at("2026-08-03", 13)]


@given(st.dates(dt.date(2001, 1, 1), dt.date(2090, 1, 1)), st.times(), st.integers(2, 5))
def test_every_deadline_is_the_end_of_a_working_day_inside_the_window(day, time, count):
    """rule:R10"""
    issued = dt.datetime.combine(day, time, HANOI)
    deadline = deadline_after(issued, count, RULES, USUAL)
    assert is_working_day(deadline.date())
    assert issued < deadline
    assert deadline.date() <= last_day(issued, RULES, USUAL)
    assert days_until(deadline.date(), issued, issued, RULES, USUAL) == count
