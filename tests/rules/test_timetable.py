"""When digests and reports are made: working days and Hanoi time (rule:R30, rule:R31, rule:R32)."""

import datetime as dt

import pytest

from app.workflows.rules.calendar import HANOI
from app.workflows.rules.timetable import (
    Timetable,
    Week,
    daily_due,
    daily_slot,
    opening_slot,
    papers_slot,
    report_due,
    report_slot,
    told_before,
)
from app.workflows.rules.working_days import Exceptions

USUAL = Timetable()
FRIDAY, SATURDAY, MONDAY = dt.date(2026, 11, 20), dt.date(2026, 11, 21), dt.date(2026, 11, 23)
STORM = Timetable(exceptions=Exceptions.of([(dt.date(2026, 7, 27), False)]))


def hanoi(day: dt.date, hour: int, minute: int = 0, second: int = 0) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, minute, second), HANOI)


def test_the_daily_digest_is_made_at_half_past_six_on_working_days():
    """rule:R30"""
    slot = daily_slot(FRIDAY, USUAL)
    assert slot.key == "2026-11-20"
    assert slot.due_at == dt.datetime(2026, 11, 19, 23, 30, tzinfo=dt.UTC)
    assert daily_slot(SATURDAY, USUAL) is None
    assert daily_slot(dt.date(2026, 4, 30), USUAL) is None
    assert daily_slot(dt.date(2026, 2, 17), USUAL) is None
    assert daily_slot(dt.date(2026, 7, 27), STORM) is None
    assert daily_slot(SATURDAY, Timetable(exceptions=Exceptions.of([(SATURDAY, True)]))).key == "2026-11-21"


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (hanoi(MONDAY, 6, 29, 59), None),
        (hanoi(MONDAY, 6, 30), "2026-11-23"),
        (hanoi(MONDAY, 23, 59), "2026-11-23"),
        (hanoi(SATURDAY, 12), None),
        (dt.datetime(2026, 11, 22, 23, 30, tzinfo=dt.UTC), "2026-11-23"),
    ],
)
def test_a_digest_is_due_from_its_time_to_the_end_of_its_day(now, due):
    """A scheduler that was down makes it up on the same day, never on another (rule:R30)."""
    slot = daily_due(now, USUAL)
    assert (slot and slot.key) == due


def test_new_is_what_came_since_the_digest_of_the_working_day_before():
    """rule:R30"""
    assert told_before(MONDAY, USUAL) == hanoi(FRIDAY, 6, 30)
    assert told_before(dt.date(2026, 2, 23), USUAL) == hanoi(dt.date(2026, 2, 13), 6, 30)


def test_papers_released_in_one_stretch_are_told_together():
    """rule:R31"""
    first, later, next_one = (papers_slot(7, hanoi(FRIDAY, 14, m, s), USUAL) for m, s in ((0, 0), (14, 59), (15, 0)))
    assert first == later
    assert first.due_at == hanoi(FRIDAY, 14, 15)
    assert next_one.due_at == hanoi(FRIDAY, 14, 30)
    assert first.key != next_one.key
    assert first.key != papers_slot(8, hanoi(FRIDAY, 14, 0), USUAL).key


def test_the_session_digest_comes_one_hour_before_the_opening():
    """rule:R31"""
    slot = opening_slot(7, hanoi(FRIDAY, 8), USUAL)
    assert slot.due_at == hanoi(FRIDAY, 7)
    assert slot != opening_slot(7, hanoi(FRIDAY, 9), USUAL)
    assert len(slot.key) <= 60
    assert opening_slot(10**12, hanoi(FRIDAY, 8), USUAL).key.startswith("1000000000000:opening:")


def test_the_report_on_a_week_is_made_on_the_monday_after_it():
    """rule:R32"""
    week = Week(2026, 47)
    assert report_slot(week, USUAL).due_at == hanoi(MONDAY, 7)
    assert report_slot(Week(2026, 7), USUAL).due_at == hanoi(dt.date(2026, 2, 23), 7)
    assert report_slot(Week(2026, 30), STORM).due_at == hanoi(dt.date(2026, 7, 28), 7)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (hanoi(MONDAY, 6, 59), None),
        (hanoi(MONDAY, 7), "2026-47"),
        (hanoi(dt.date(2026, 11, 29), 23), "2026-47"),
        (hanoi(dt.date(2027, 1, 4), 7), "2026-53"),
    ],
)
def test_the_report_that_is_due_is_that_on_the_last_week(now, due):
    """rule:R32"""
    slot = report_due(now, USUAL)
    assert (slot and slot.key) == due


def test_a_week_runs_from_monday_to_sunday():
    week = Week.of(SATURDAY)
    assert (week.first, week.last) == (dt.date(2026, 11, 16), dt.date(2026, 11, 22))
    assert week.before.after == week
    assert str(Week.of(dt.date(2027, 1, 1))) == "2026-53"
    assert Week.parse("2026-47") == week
    assert week.begins_at == dt.datetime(2026, 11, 15, 17, tzinfo=dt.UTC)
    assert week.ends_at - week.begins_at == dt.timedelta(days=7)


@pytest.mark.parametrize(
    "text",
    ["", "2026", "2026-0", "2026-00", "2026-54", "2025-53", "2026-7", " 2026-07", "0001-01", "9999-52", "٢٠٢٦-47"],
)
def test_what_is_no_week_is_refused(text):
    with pytest.raises(ValueError, match=r"week|invalid"):
        Week.parse(text)
