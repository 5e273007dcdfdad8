"""The demo can be tried at any hour: its next session lies ahead, and on the day of the one who looks."""

import datetime as dt

import pytest

from app.demo.sessions import next_start
from app.workflows.rules.calendar import HANOI


@pytest.mark.parametrize(
    ("hour", "starts"),
    [("00:05", "08:00"), ("05:59", "08:00"), ("06:00", "06:30"), ("09:20", "09:30"), ("20:20", "20:30"),
     ("23:10", "23:30"), ("23:31", "23:59")],
)  # fmt: skip
def test_the_next_session_starts_today(hour, starts):
    now = dt.datetime.combine(dt.date(2026, 11, 22), dt.time.fromisoformat(hour), HANOI)
    assert next_start(now.astimezone(dt.UTC)) == dt.datetime.combine(now.date(), dt.time.fromisoformat(starts), HANOI)
