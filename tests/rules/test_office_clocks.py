"""By when the Office and the head deal with a matter (rule:R14)."""

import datetime as dt

import pytest

from app.workflows.rules.office_clocks import Clock, clock_ends
from app.workflows.rules.working_days import USUAL, Exceptions

THURSDAY = dt.date(2026, 7, 30)


@pytest.mark.parametrize(
    ("clock", "legal_text", "day"),
    [
        (Clock.CHECK, True, dt.date(2026, 8, 3)),
        (Clock.REPORT, False, dt.date(2026, 8, 4)),
        (Clock.REPORT, True, dt.date(2026, 8, 6)),
        (Clock.DECIDE, True, dt.date(2026, 8, 4)),
    ],
)
def test_a_clock_runs_in_working_days_from_the_day_after(clock, legal_text, day):
    assert clock_ends(clock, THURSDAY, USUAL, legal_text=legal_text) == day


def test_a_day_off_that_was_decided_stops_the_clock():
    storm = Exceptions(off=frozenset({dt.date(2026, 7, 31)}))
    assert clock_ends(Clock.CHECK, THURSDAY, storm) == dt.date(2026, 8, 4)


def test_the_head_names_the_day_on_which_a_matter_is_laid_again():
    with pytest.raises(KeyError):
        clock_ends(Clock.RESUBMIT, THURSDAY, USUAL)
