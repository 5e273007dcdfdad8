"""rule:R72: how soon and how promptly slips were answered, in figures that add up."""

import datetime as dt
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from app.workflows.rules.turnaround import Promptness, figures, promptness

DEADLINE = dt.datetime(2026, 8, 3, 10, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
ON_TIME, EXTENDED, SILENT = Promptness


def test_in_time_is_before_the_deadline_given_at_the_issue():
    assert promptness(DEADLINE - dt.timedelta(microseconds=1), DEADLINE) is ON_TIME
    assert promptness(DEADLINE, DEADLINE) is EXTENDED
    assert promptness(None, DEADLINE) is SILENT


def test_the_figures_of_three_answers_and_a_silence():
    found = figures([(ON_TIME, HOUR), (ON_TIME, 3 * HOUR), (EXTENDED, 50 * HOUR), (SILENT, None)])
    assert (found.asked, found.on_time, found.extended, found.silent, found.answered) == (4, 2, 1, 1, 3)
    assert (found.middle, found.longest, found.share) == (3 * HOUR, 50 * HOUR, Decimal("0.5"))


def test_nobody_asked_has_no_share_and_no_span():
    found = figures([])
    assert (found.asked, found.share, found.middle, found.longest) == (0, None, None, None)


@given(st.lists(st.sampled_from(list(Promptness))))
def test_the_three_columns_add_up_to_the_askings(met):
    found = figures([(each, None if each is SILENT else HOUR) for each in met])
    assert found.on_time + found.extended + found.silent == found.asked == len(met)
