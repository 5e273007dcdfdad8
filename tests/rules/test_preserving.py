"""When long-term forms are renewed (rule:R48)."""

import datetime as dt

import pytest

from app.workflows.rules.preserving import Renewal, due_at, renewal_on

AT = dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
YEARLY = Renewal(365 * DAY, 60 * DAY)


@pytest.mark.parametrize(
    ("ends", "days"),
    [(None, 0), (AT + 3653 * DAY, 365), (AT + 400 * DAY, 340), (AT + 90 * DAY, 30), (AT + 62 * DAY, 2),
     (AT + 60 * DAY, 30), (AT + 30 * DAY, 15), (AT + DAY, 1), (AT - DAY, 1)],
)
def test_a_form_is_due_after_a_year_or_before_the_certificate_of_its_stamp_ends(ends, days):
    assert due_at(AT, ends, YEARLY) == AT + days * DAY


def test_an_authority_whose_certificate_ends_soon_is_not_asked_every_hour():
    """Every stamp of it ends with its certificate; the last renewal before that lies in its last days."""
    at, ends, renewed = AT, AT + 90 * DAY, []
    while (at := due_at(at, ends, YEARLY)) < ends:
        renewed.append(at)
    assert 3 <= len(renewed) <= 10
    assert ends - renewed[-1] <= 2 * DAY


def test_what_is_in_force_has_a_date():
    assert renewal_on(dt.date(2026, 11, 22)) == YEARLY
    with pytest.raises(ValueError, match="2018"):
        renewal_on(dt.date(2018, 12, 31))
