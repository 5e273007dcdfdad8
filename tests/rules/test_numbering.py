"""Numbers of official documents."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflows.rules import numbering
from app.workflows.rules.calendar import HANOI, official_date
from app.workflows.rules.numbering import (
    Series,
    date_texts,
    dispatch_due,
    full_number,
    next_number,
    number_text,
    series_of,
    symbol,
)
from app.workflows.rules.working_days import Exceptions


@pytest.mark.parametrize(
    ("number", "normative", "written"),
    [(1, False, "01"), (5, False, "05"), (9, False, "09"), (10, False, "10"), (115, False, "115"),
     (1234, False, "1234"), (5, True, "05/2026"), (66, True, "66/2026")],
)  # fmt: skip
def test_a_number_below_ten_leads_with_zero_and_a_normative_one_carries_its_year(number, normative, written):
    """rule:R23"""
    assert number_text(number, 2026, normative) == written


@pytest.mark.parametrize(("number", "year"), [(0, 2026), (-1, 2026), (1, 0), (1, 20260)])
def test_no_document_is_numbered_below_one_or_outside_the_years(number, year):
    with pytest.raises(ValueError, match="not the number"):
        number_text(number, year, False)


@pytest.mark.parametrize(
    ("type_name", "body", "written"),
    [
        ("resolution", "CP", "NQ-CP"),
        ("resolution", "UBND-LC", "NQ-UBND"),
        ("decision", "TTg", "QĐ-TTg"),
        ("submission", "BGDĐT", "TTr-BGDĐT"),
    ],
)
def test_a_symbol_joins_type_and_body_without_the_mark_of_the_tenant(type_name, body, written):
    """rule:R23"""
    assert symbol(type_name, body) == written


@pytest.mark.parametrize("body", ["", "-CP", "C P", "cp", "CP/1"])
def test_a_body_without_an_abbreviation_has_no_symbol(body):
    with pytest.raises(ValueError, match="abbreviation"):
        symbol("resolution", body)


def test_an_unknown_type_has_no_symbol():
    with pytest.raises(KeyError):
        symbol("letter", "CP")


def test_number_and_symbol_are_joined_without_spaces():
    """rule:R23"""
    assert full_number(115, 2026, False, "NQ-CP") == "115/NQ-CP"
    assert full_number(5, 2026, True, symbol("resolution", "CP")) == "05/2026/NQ-CP"


@pytest.mark.parametrize(("at", "year"), [("2026-12-31T16:59:59+00:00", 2026), ("2026-12-31T17:00:00+00:00", 2027)])
def test_a_series_turns_with_the_year_in_hanoi(at, year):
    """rule:R26"""
    moment = dt.datetime.fromisoformat(at)
    assert series_of("CP", "resolution", False, moment) == Series("CP", "NQ", False, year)


def test_series_differ_by_body_type_kind_and_year():
    """rule:R26"""
    at = dt.datetime(2026, 11, 21, 9, tzinfo=HANOI)
    found = {
        series_of(body, type_name, normative, moment)
        for body in ("CP", "UBND-LC", "UBND-HN")
        for type_name in ("resolution", "decision")
        for normative in (False, True)
        for moment in (at, at.replace(year=2027))
    }
    assert len(found) == 24


def test_a_series_begins_with_one_and_has_no_gaps():
    """rule:R26"""
    assert [next_number(last) for last in (None, 0, 1, 115)] == [1, 1, 2, 116]
    with pytest.raises(ValueError, match="count up"):
        next_number(-1)


def test_types_have_different_symbols():
    assert len(set(numbering.TYPE_SYMBOLS.values())) == len(numbering.TYPE_SYMBOLS)


def test_the_date_beside_the_number_leads_with_zero_below_ten_and_in_january_and_february():
    """rule:R23"""
    assert date_texts(dt.date(2020, 1, 5)) == ("05", "01", "2020")
    assert [date_texts(dt.date(2026, month, 10))[1] for month in range(1, 13)] == ["01", "02", *map(str, range(3, 13))]
    for day in (dt.date(2026, 2, 9), dt.date(2026, 3, 10)):
        assert official_date(day) == "ngày {} tháng {} năm {}".format(*date_texts(day))


@pytest.mark.parametrize(
    ("numbered_on", "due"),
    [
        ("2026-11-19", "2026-11-20"),
        ("2026-11-20", "2026-11-23"),  # Friday to Monday
        ("2026-11-21", "2026-11-23"),
        ("2026-04-29", "2026-05-04"),  # two public holidays and a weekend
        ("2026-12-31", "2027-01-04"),
    ],
)
def test_a_numbered_document_is_sent_at_the_latest_on_the_next_working_day(numbered_on, due):
    """rule:R24"""
    assert dispatch_due(dt.date.fromisoformat(numbered_on)) == dt.date.fromisoformat(due)


def test_days_off_of_the_year_are_not_counted():
    """rule:R24"""
    storm = Exceptions(off=frozenset({dt.date(2026, 11, 20)}))
    assert dispatch_due(dt.date(2026, 11, 19), storm) == dt.date(2026, 11, 23)


@given(st.dates(dt.date(2011, 1, 1), dt.date(2098, 12, 1)))
def test_an_urgent_document_is_sent_on_its_day(numbered_on):
    """rule:R24"""
    assert dispatch_due(numbered_on, urgent=True) == numbered_on < dispatch_due(numbered_on)
