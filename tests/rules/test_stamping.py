"""How long a time stamp is waited for, and when it comes in time."""

import datetime as dt

import pytest

from app.workflows.rules.stamping import AWAITED, awaited_since, timeliness, tolerance_on, wait_after

OPENED = dt.datetime(2026, 7, 30, 1, 0, tzinfo=dt.UTC)
CLOSED = OPENED + dt.timedelta(minutes=5)
SECOND, MINUTE = dt.timedelta(seconds=1), dt.timedelta(minutes=1)


@pytest.mark.parametrize(
    ("waited", "wait"),
    [(0, 5), (4, 5), (5, 5), (60, 60), (599, 599), (600, 600), (601, 600), (86_400, 600)],
)
def test_each_wait_is_as_long_as_all_before_and_never_longer_than_ten_minutes(waited, wait):
    assert wait_after(waited * SECOND) == wait * SECOND


def test_a_stamp_is_waited_for_thirty_days():
    """rule:R41."""
    assert awaited_since(OPENED) == OPENED - AWAITED
    assert dt.timedelta(days=30) == AWAITED


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (OPENED - MINUTE - SECOND, "before_opening"), (OPENED - MINUTE, "in_time"), (OPENED, "in_time"),
        (CLOSED, "in_time"), (CLOSED + MINUTE, "in_time"), (CLOSED + MINUTE + SECOND, "after_close"),
    ],
)  # fmt: skip
def test_a_ballot_is_stamped_between_opening_and_close_give_or_take_the_tolerance(at, said):
    """rule:R42."""
    assert timeliness(at, OPENED, CLOSED, MINUTE) == said


def test_nothing_is_late_before_the_close():
    assert timeliness(CLOSED + 10 * MINUTE, OPENED, None, MINUTE) == "in_time"


def test_the_tolerance_is_that_of_the_day():
    assert tolerance_on(dt.date(2026, 7, 30)) == MINUTE
    assert tolerance_on(dt.date(2019, 1, 1)) == MINUTE
    with pytest.raises(ValueError, match="no tolerance"):
        tolerance_on(dt.date(2018, 12, 31))
