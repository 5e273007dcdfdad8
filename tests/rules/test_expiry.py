"""When the end of a certificate is announced."""

import datetime as dt

import pytest

from app.workflows.rules.expiry import STEPS, due_step

NOW = dt.datetime(2026, 11, 21, 2, 0, tzinfo=dt.UTC)
DAY, SECOND = dt.timedelta(days=1), dt.timedelta(seconds=1)


@pytest.mark.parametrize(
    ("left", "step"),
    [
        (31 * DAY, None), (30 * DAY + SECOND, None), (30 * DAY, 30), (8 * DAY, 30), (7 * DAY + SECOND, 30),
        (7 * DAY, 7), (2 * DAY, 7), (DAY + SECOND, 7), (DAY, 1), (SECOND, 1), (dt.timedelta(), 1), (-SECOND, None),
    ],
)  # fmt: skip
def test_the_end_is_announced_a_month_a_week_and_a_day_before(left, step):
    """rule:R46"""
    assert due_step(NOW + left, NOW) == step


def test_every_step_comes_in_turn():
    days = [due_step(NOW + 40 * DAY, NOW + day * DAY) for day in range(41)]
    assert [step for step in dict.fromkeys(days) if step] == list(STEPS)
