"""When the time to answer is over."""

import datetime as dt

from app.workflows.rules.deadline import is_over

AT = dt.datetime(2026, 11, 20, 3, 0, tzinfo=dt.UTC)
A_MOMENT = dt.timedelta(microseconds=1)


def test_the_time_is_over_from_the_very_moment_on_and_not_before():
    assert [is_over(AT, AT + shift) for shift in (-A_MOMENT, 0 * A_MOMENT, A_MOMENT)] == [False, True, True]


def test_the_same_moment_written_in_another_zone_is_the_same_moment():
    hanoi = dt.timezone(dt.timedelta(hours=7))
    assert is_over(AT.astimezone(hanoi), AT)
    assert not is_over(AT.astimezone(hanoi), AT - A_MOMENT)


def test_what_has_no_deadline_is_never_over():
    assert not is_over(None, dt.datetime.max.replace(tzinfo=dt.UTC))
