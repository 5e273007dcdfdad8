"""When a session could be held (rule:R75): enough members free, and time left for the papers."""

import datetime as dt

import pytest

from app.workflows.rules.calendar import HANOI
from app.workflows.rules.papers_due import papers_due
from app.workflows.rules.session_slots import LENGTH, Busy, first_day, possible_slots
from app.workflows.rules.working_days import USUAL, Exceptions, working_days_until

TODAY, MONDAY = dt.date(2026, 7, 30), dt.date(2026, 8, 10)  # a Thursday, and the seventh working day after it
MEMBERS, NEEDED = tuple(range(1, 28)), 18


def at(day, hour, minute=0):
    return dt.datetime(2026, 8, day, hour, minute, tzinfo=HANOI)


def away(members, begins, ends):
    return [Busy(member, begins, ends) for member in members]


def said(found):
    return [(slot.begins_at, len(slot.free)) for slot in found]


def test_papers_have_two_working_days_from_today():
    first = first_day(TODAY, 5, USUAL)
    assert first == MONDAY
    assert working_days_until(TODAY, papers_due(first, 5)) == 2
    storm = Exceptions(off=frozenset({dt.date(2026, 8, 5)}))
    assert first_day(TODAY, 5, storm) == MONDAY + dt.timedelta(days=1)


def test_the_first_half_days_with_enough_members_free_are_proposed():
    busy = away(range(1, 8), at(10, 0), at(15, 0)) + away(range(8, 18), at(9, 0), at(13, 12))
    found = possible_slots(MONDAY, MEMBERS, busy, NEEDED, USUAL)
    assert said(found) == [(at(13, 14), 20), (at(14, 8), 20), (at(14, 14), 20)]  # a Thursday, and the day after
    assert found[0].ends_at == found[0].begins_at + LENGTH
    assert found[0].free == MEMBERS[7:]


@pytest.mark.parametrize(
    ("absent", "begins", "ends", "first"),
    [
        (9, at(10, 8), at(10, 11), at(10, 8)),  # 18 of 27 are enough
        (10, at(10, 8), at(10, 11), at(10, 14)),
        (10, at(10, 7), at(10, 8), at(10, 8)),  # back when it begins
        (10, at(10, 10, 59), at(10, 12), at(10, 14)),  # away before it ends
        (10, at(10, 11), at(10, 12), at(10, 8)),
        (10, at(10, 0), at(14, 18), at(17, 8)),  # over the weekend
    ],
)
def test_whoever_is_away_in_a_part_of_it_is_not_free(absent, begins, ends, first):
    busy = away(MEMBERS[:absent], begins, ends)
    assert possible_slots(MONDAY, MEMBERS, busy, NEEDED, USUAL)[0].begins_at == first


def test_days_off_are_left_out_and_two_trips_of_one_member_count_once():
    off = Exceptions(off=frozenset({dt.date(2026, 8, 11)}))
    busy = away(MEMBERS[:9], at(10, 0), at(11, 0)) + away(MEMBERS[:9], at(10, 6), at(10, 20))
    found = possible_slots(MONDAY, MEMBERS, busy, NEEDED, off)
    assert said(found) == [(at(10, 8), 18), (at(10, 14), 18), (at(12, 8), 27)]


def test_without_a_half_day_nothing_is_proposed():
    busy = away(MEMBERS[:10], at(1, 0), at(31, 23))
    assert possible_slots(MONDAY, MEMBERS, busy, NEEDED, USUAL) == []
