"""From the close of the vote to the promulgated Resolution."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflows.rules.calendar import HANOI
from app.workflows.rules.stopwatch import MARK_2019, STEPS, Step, elapsed, stopwatch

CLOSED = dt.datetime(2026, 8, 4, 9, 42, 10, tzinfo=HANOI)
SECONDS = {"vote_closed": 0, "published": 2, "drafted": 4, "presented": 20, "signed": 35, "numbered": 39, "sealed": 47,
           "promulgated": 52}  # fmt: skip


def after(seconds):
    return CLOSED + dt.timedelta(seconds=seconds)


def measured(**changes):
    seconds = {**SECONDS, **changes}
    return stopwatch({code: None if at is None else after(at) for code, at in seconds.items()})


def test_every_step_counts_from_the_close_and_from_the_step_before():
    steps = measured()
    assert [step.code for step in steps] == list(STEPS)
    assert [step.since_close for step in steps] == [0, 2, 4, 20, 35, 39, 47, 52]
    assert [step.since_before for step in steps] == [None, 2, 2, 16, 15, 4, 8, 5]
    assert steps[4].at == after(35)
    assert not any(step.stepped_back for step in steps)
    assert (elapsed(steps, "signed"), elapsed(steps, "promulgated")) == (35, 52)


def test_a_step_that_is_not_reached_has_no_time():
    steps = measured(sealed=None, promulgated=None)
    assert steps[6:] == (Step("sealed"), Step("promulgated"))
    assert elapsed(steps, "promulgated") is None


def test_a_step_left_out_leaves_the_next_one_to_count_from_what_was_reached():
    assert measured(presented=None)[4].since_before == 31


def test_without_a_close_nothing_counts_from_it():
    steps = measured(vote_closed=None)
    assert {step.since_close for step in steps} == {None}
    assert steps[1].since_before is None
    assert steps[2].since_before == 2


def test_a_clock_that_stepped_back_shows_nothing_negative_and_says_so():
    steps = measured(signed=-600, numbered=25)
    assert [(step.since_close, step.since_before, step.stepped_back) for step in steps[3:7]] == [
        (20, 16, False),
        (20, 0, True),
        (25, 5, False),
        (47, 22, False),
    ]
    assert steps[4].at == after(-600)


def test_time_zones_do_not_matter_and_parts_of_a_second_do():
    moments = {"vote_closed": CLOSED, "signed": after(0.1234).astimezone(dt.UTC)}
    assert elapsed(stopwatch(moments), "signed") == 0.123


@given(st.dictionaries(st.sampled_from(STEPS), st.none() | st.integers(-10_000, 10_000)))
def test_no_time_is_negative_and_the_steps_add_up(seconds):
    steps = stopwatch({code: None if at is None else after(at) for code, at in seconds.items()})
    assert len(steps) == len(STEPS)
    assert all((step.since_close or 0) >= 0 and (step.since_before or 0) >= 0 for step in steps)
    reached = [step for step in steps if step.at]
    if seconds.get("vote_closed") is not None:
        assert reached[-1].since_close == pytest.approx(sum(step.since_before or 0 for step in reached))


def test_an_unknown_step_and_a_moment_without_a_zone_are_refused():
    with pytest.raises(ValueError, match="unknown steps: dispatched"):
        stopwatch({"dispatched": CLOSED})
    with pytest.raises(ValueError, match="signed: a moment without"):
        stopwatch({"signed": dt.datetime(2026, 8, 4)})  # noqa: DTZ001


def test_the_mark_of_2019_is_about_a_minute_and_names_its_source():
    assert (MARK_2019.seconds, MARK_2019.year) == (60, 2019)
    assert "24 tháng 6 năm 2019" in MARK_2019.source_vi
