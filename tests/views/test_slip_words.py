"""What is left of the time to answer is said alike to members and to the office: working days, at the end hours."""

import datetime as dt

import pytest

from app.models import DayKind
from app.views.slip_words import left
from app.workflows import working_calendar
from app.workflows.rules.calendar import HANOI
from tests.cabinet import NOW
from tests.slipping import DEADLINE, SlipScene
from tests.views.browser import Browser

PAGES = (("a", "/slips/"), ("a", "/slips/{}"), ("a", "/"), ("clerk", "/slips/{}/board"), ("clerk", "/slips/approvals"))


@pytest.fixture
def slip(app, clock):
    return SlipScene()


def hanoi(day, hour=17, minute=0):
    return dt.datetime(2026, 8, day, hour, minute, tzinfo=HANOI)


@pytest.mark.parametrize(
    ("now", "said", "soon"),
    [
        (hanoi(3, 9), "Còn 5 ngày làm việc", False),  # a Monday, for the Monday after
        (hanoi(7, 18), "Còn 1 ngày làm việc", False),  # Friday evening: three days of the calendar
        (hanoi(9, 12), "Còn 1 ngày làm việc", False),  # Sunday
        (hanoi(9, 17), "Còn 1 ngày làm việc", False),  # exactly a day
        (hanoi(9, 17, 1), "Còn 24 giờ", True),
        (hanoi(10, 14), "Còn 3 giờ", True),
        (hanoi(10, 16, 48), "Còn 12 phút", True),
        (hanoi(10), "Đã hết hạn", False),
        (hanoi(11), "Đã hết hạn", False),
    ],
)
def test_working_days_are_counted_and_hours_on_the_last_day(app, now, said, soon):
    with app.test_request_context():
        assert left(hanoi(10), now, 1) == (said, soon)


def test_a_day_off_that_was_decided_is_not_counted(slip, app):
    clerk, day = slip.who["clerk"], dt.date(2026, 8, 6)
    working_calendar.add_calendar_day(clerk, 1, day, DayKind.OFF, "Nghỉ do bão", NOW, source="Công điện")
    with app.test_request_context():
        assert left(hanoi(10), hanoi(3, 9), 1)[0] == "Còn 4 ngày làm việc"


@pytest.mark.parametrize(("name", "path"), PAGES)
def test_every_page_says_the_same_beside_the_deadline(app, clock, slip, name, path):
    address = path.format(slip.issue())
    page = Browser(app, name).get(address).text
    assert "Còn 2 ngày làm việc" in page
    assert "17:00" in page and "03/08" in page  # noqa: PT018 - the deadline in one sentence
    clock.now = DEADLINE - dt.timedelta(hours=20)
    assert "Còn 20 giờ" in Browser(app, name).get(address).text
