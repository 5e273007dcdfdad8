"""When long-term forms are renewed (rule:R48)."""

import datetime as dt

import pytest

from app.workflows.rules.preserving import Renewal, due_at, renewal_on

AT = dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
YEARLY = Renewal(365 * DAY, 60 * DAY)


@pytest.mark.parametrize(
    ("ends", "days"),
    [(None, 0), (AT + 3653 * DAY, 365), (AT + 400 * DAY, 340), (AT + 90 * DAY, 30), (AT + 60 * DAY, 0), (AT - DAY, 0)],
)
def test_a_form_is_due_after_a_year_or_before_the_certificate_of_its_stamp_ends(ends, days):
    assert due_at(AT, ends, YEARLY) == AT + days * DAY


def test_what_is_in_force_has_a_date():
    assert renewal_on(dt.date(2026, 11, 22)) == YEARLY
    with pytest.raises(ValueError, match="2018"):
        renewal_on(dt.date(2018, 12, 31))
