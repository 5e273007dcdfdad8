"""rule:R70 and rule:R8: when members are reminded of a slip, and by when the papers of a session are due."""

import datetime as dt

import pytest

from app.workflows.rules.papers_due import papers_due
from app.workflows.rules.slip_parameters import SlipParameters
from app.workflows.rules.slip_reminding import OVERDUE, OVERDUE_UNTIL, step_due
from app.workflows.rules.working_days import Exceptions

DEADLINE = dt.datetime(2026, 8, 3, 10, tzinfo=dt.UTC)
ISSUED = DEADLINE - dt.timedelta(days=4)
USUAL = SlipParameters()


def hours(number):
    return dt.timedelta(hours=number)


@pytest.mark.parametrize(
    ("before", "step"),
    [
        (hours(24) + dt.timedelta(seconds=1), None), (hours(24), 24), (hours(5), 24),
        (hours(4) + dt.timedelta(seconds=1), 24), (hours(4), 4), (dt.timedelta(seconds=1), 4),
        (hours(0), OVERDUE), (-hours(20), OVERDUE), (-OVERDUE_UNTIL, None),
    ],
)  # fmt: skip
def test_the_latest_step_that_has_passed_is_due_and_no_earlier_one(before, step):
    assert step_due(DEADLINE, ISSUED, DEADLINE - before, USUAL) == step


def test_a_step_from_before_the_deadline_was_set_is_never_due():
    long = SlipParameters(reminder_hours=(240, 24, 4))
    assert step_due(DEADLINE, ISSUED, ISSUED + hours(1), long) is None
    assert step_due(DEADLINE, ISSUED, DEADLINE - hours(24), long) == 24
    extended_at = DEADLINE - hours(24)
    assert step_due(DEADLINE, extended_at, extended_at, USUAL) is None
    assert step_due(DEADLINE, extended_at, DEADLINE - hours(4), USUAL) == 4


def test_a_rule_set_without_reminders_has_the_overdue_one_alone():
    none = SlipParameters(reminder_hours=())
    assert step_due(DEADLINE, ISSUED, DEADLINE - hours(1), none) is None
    assert step_due(DEADLINE, ISSUED, DEADLINE, none) == OVERDUE


@pytest.mark.parametrize(
    ("held_on", "due"),
    [
        (dt.date(2026, 7, 31), dt.date(2026, 7, 24)),  # Friday to Friday
        (dt.date(2026, 8, 3), dt.date(2026, 7, 27)),  # over one weekend
        (dt.date(2026, 5, 5), dt.date(2026, 4, 23)),  # over 1 May, 30 April and the Hùng kings
    ],
)
def test_papers_are_due_five_working_days_before_the_session(held_on, due):
    assert papers_due(held_on, 5) == due


def test_a_day_that_was_decided_off_makes_papers_due_earlier():
    off = Exceptions(off=frozenset({dt.date(2026, 7, 29)}))
    assert papers_due(dt.date(2026, 7, 31), 5, off) == dt.date(2026, 7, 23)
    assert papers_due(dt.date(2026, 7, 31), 0, off) == dt.date(2026, 7, 31)
