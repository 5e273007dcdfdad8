"""Hanoi days, official dates, UTC in signed objects."""

import datetime as dt

import pytest

from app.workflows.rules.calendar import HANOI, hanoi_date, iso_utc, official_date, parse_utc


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2019-06-23T16:59:59Z", "2019-06-23"),
        ("2019-06-23T17:00:00Z", "2019-06-24"),
        ("2026-12-31T17:00:00Z", "2027-01-01"),
    ],
)
def test_a_day_in_hanoi_begins_at_seventeen_hours_utc(moment, day):
    assert hanoi_date(parse_utc(moment)) == dt.date.fromisoformat(day)


@pytest.mark.parametrize(
    ("day", "written"),
    [
        ("2020-01-05", "ngày 05 tháng 01 năm 2020"),
        ("2020-02-09", "ngày 09 tháng 02 năm 2020"),
        ("2026-04-29", "ngày 29 tháng 4 năm 2026"),
        ("2026-03-10", "ngày 10 tháng 3 năm 2026"),
        ("2019-12-31", "ngày 31 tháng 12 năm 2019"),
    ],
)
def test_an_official_date_leads_with_zero_below_ten_and_in_january_and_february(day, written):
    assert official_date(dt.date.fromisoformat(day)) == written


def test_utc_is_written_in_whole_seconds_whatever_the_zone():
    moment = dt.datetime(2026, 11, 21, 9, 0, 3, 999_999, tzinfo=HANOI)
    assert iso_utc(moment) == "2026-11-21T02:00:03Z"
    assert parse_utc("2026-11-21T02:00:03Z") == moment.replace(microsecond=0)
    assert parse_utc("2026-11-21T02:00:03Z").tzinfo is dt.UTC


def test_a_moment_without_a_zone_is_refused():
    for function in (iso_utc, hanoi_date):
        with pytest.raises(ValueError, match="without a time zone"):
            function(dt.datetime(2026, 11, 21))  # noqa: DTZ001


@pytest.mark.parametrize(
    "text",
    ["2026-11-21T02:00:03", "2026-11-21T02:00:03+00:00", "2026-11-21 02:00:03Z", "2026-11-21T02:00:03.5Z",
     "2026-13-01T00:00:00Z", "2026-1-1T00:00:00Z", "2026-11-21T02:00:03Z\n", "٢٠٢٦-11-21T02:00:03Z"],
)  # fmt: skip
def test_any_other_spelling_of_a_time_is_refused(text):
    with pytest.raises(ValueError, match=r"not a UTC time|does not match"):
        parse_utc(text)
