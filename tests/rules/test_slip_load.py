"""rule:R71: what a new deadline would mean for those who are asked, and which days are better."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from app.workflows.rules.slip_load import better_days, load_on, window
from app.workflows.rules.slip_parameters import SlipParameters
from app.workflows.rules.working_days import USUAL

ISSUED = dt.datetime(2026, 7, 30, 1, tzinfo=dt.UTC)  # a Thursday
MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (dt.date(2026, 8, day) for day in (3, 4, 5, 6))
PARAMETERS = SlipParameters()
ASKED = [1, 2, 3]


def possible(load):
    return window(ISSUED, load, ASKED, PARAMETERS, USUAL)


def test_the_window_is_that_of_the_rules_in_working_days():
    assert [(each.day, each.working_days) for each in possible({})] == [
        (MONDAY, 2), (TUESDAY, 3), (WEDNESDAY, 4), (THURSDAY, 5),
    ]  # fmt: skip
    assert all(each.free and each.heaviest == 1 for each in possible({}))


def test_the_third_slip_of_a_day_is_borne_and_the_fourth_is_one_too_many():
    assert load_on(MONDAY, 2, {MONDAY: {1: 2}}, ASKED, 3).crowded == {}
    fourth = load_on(MONDAY, 2, {MONDAY: {1: 3, 9: 7}}, ASKED, 3)
    assert (fourth.crowded, fourth.heaviest) == ({1: 4}, 4)


def test_better_days_crowd_fewer_people_the_lightest_and_nearest_first():
    load = {MONDAY: {1: 3, 2: 3}, TUESDAY: {1: 3}, WEDNESDAY: {1: 2}, THURSDAY: {}}
    days = possible(load)
    assert [each.day for each in better_days(days[0], days)] == [THURSDAY, WEDNESDAY, TUESDAY]
    assert better_days(days[3], days) == []


def test_where_every_day_is_as_crowded_nothing_is_proposed():
    load = {day: {1: 3} for day in (MONDAY, TUESDAY, WEDNESDAY, THURSDAY)}
    days = possible(load)
    assert not days[0].free
    assert better_days(days[0], days) == []


@given(st.dictionaries(st.sampled_from([MONDAY, TUESDAY, WEDNESDAY, THURSDAY]),
                       st.dictionaries(st.sampled_from(ASKED), st.integers(0, 6))))  # fmt: skip
def test_a_proposal_is_always_in_the_window_and_always_better(load):
    days = possible(load)
    for chosen in days:
        for each in better_days(chosen, days):
            assert each in days
            assert len(each.crowded) < len(chosen.crowded)
