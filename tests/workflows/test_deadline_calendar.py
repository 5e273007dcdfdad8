"""The calendar shows what is due as each person sees it, counts the load of members, and proposes better days."""

import datetime as dt

import pytest

from app.models import MeetingKind
from app.workflows import deadline_calendar, meetings, slip_closing, working_calendar
from app.workflows.deadline_calendar import EntryKind
from app.workflows.engine.errors import BadValue, NotAllowed
from tests.cabinet import MEMBERS, NOW, TODAY
from tests.conftest import both
from tests.slipping import DEADLINE, SlipScene

MONDAY = dt.date(2026, 8, 3)
LAST = dt.date(2026, 9, 6)
OFF, WORKED, SESSION, PAPERS, _CLOCK, SLIP, _TRIP = EntryKind


@pytest.fixture
def slip(app):
    return SlipScene()


def on(actor, day=MONDAY):
    return list(deadline_calendar.days_of(actor, 1, TODAY, LAST).entries.get(day, ()))


def kinds(actor, day=MONDAY):
    return [entry.kind for entry in on(actor, day)]


@both
def test_the_deadline_of_a_slip_stands_on_its_day_for_who_sees_the_slip(slip):
    slip_id = slip.issue()
    (mine,) = on(slip.who["a"])
    assert (mine.kind, mine.subject_id, mine.at, mine.mine, mine.done) == (SLIP, slip_id, DEADLINE, True, False)
    slip.answer("a", slip_id)
    assert on(slip.who["a"])[0].done
    assert [(one.mine, one.done) for one in on(slip.who["clerk"])] == [(False, False)]
    for name in ("guest", "records", "admin"):
        assert on(slip.who[name]) == []


def test_drafts_and_recalled_slips_have_no_deadline(slip):
    slip.draft()
    slip.approved()
    recalled = slip.issue()
    slip_closing.recall_slip(slip.who["clerk"], recalled, "Cần bổ sung", NOW)
    assert on(slip.who["clerk"]) == []


def test_holidays_and_what_was_decided_otherwise_are_days_of_the_calendar(slip):
    clerk = slip.who["clerk"]
    working_calendar.add_calendar_day(clerk, 1, dt.date(2026, 8, 7), "off", "Bão", NOW)
    working_calendar.add_calendar_day(clerk, 1, dt.date(2026, 8, 8), "worked", "Làm bù", NOW)
    days = deadline_calendar.days_of(slip.who["a"], 1, TODAY, LAST)
    assert [(entry.kind, entry.title) for entry in days.entries[dt.date(2026, 8, 7)]] == [(OFF, "Bão")]
    assert [entry.kind for entry in days.entries[dt.date(2026, 8, 8)]] == [WORKED]
    assert "Quốc khánh" in days.entries[dt.date(2026, 9, 2)][0].title
    assert days.worked[dt.date(2026, 8, 8)]
    assert not days.worked[dt.date(2026, 8, 7)]
    assert dt.date(2026, 8, 9) not in days.entries, "a usual weekend is no entry"


@both
def test_sessions_and_their_papers_are_there_for_those_who_see_and_prepare_them(slip):
    clerk = slip.who["clerk"]
    starts = dt.datetime(2026, 8, 12, 1, tzinfo=dt.UTC)
    meeting = meetings.create_meeting(clerk, 1, MeetingKind.REGULAR, "Phiên họp tháng 8", starts, "Phòng 1", now=NOW)
    assert kinds(clerk, dt.date(2026, 8, 12)) == [SESSION]
    assert kinds(clerk, dt.date(2026, 8, 5)) == [PAPERS]
    assert kinds(slip.who["a"], dt.date(2026, 8, 12)) == [], "it is not called yet"
    assert on(clerk, dt.date(2026, 8, 12))[0].subject_id == meeting.id


@pytest.mark.parametrize(
    ("first", "last"),
    [(MONDAY, TODAY), (TODAY, TODAY + dt.timedelta(days=62)), (dt.date(1900, 1, 1), dt.date(1900, 1, 2)),
     (dt.date(2099, 1, 1), dt.date(2099, 1, 2))],
)  # fmt: skip
def test_an_odd_range_is_refused(slip, first, last):
    with pytest.raises(ValueError, match="range"):
        deadline_calendar.days_of(slip.who["a"], 1, first, last)


@both
def test_the_load_is_what_is_open_and_a_member_sees_the_own_alone(slip):
    first, _second = slip.issue(), slip.issue()
    slip.answer("a", first)

    def load(name):
        found = deadline_calendar.loads(slip.who[name], 1, TODAY, LAST, NOW)
        return {one.member_id: dict(one.days) for one in found}

    seen = load("clerk")
    assert len(seen) == len(MEMBERS)
    assert seen[slip.who["b"].person_id] == {MONDAY: 2}
    assert seen[slip.who["a"].person_id] == {MONDAY: 1}
    assert load("b") == {slip.who["b"].person_id: {MONDAY: 2}}
    assert load("guest") == {}


@both
def test_the_fourth_slip_on_a_day_is_warned_of_and_other_days_are_proposed(slip):
    clerk = slip.who["clerk"]
    for _ in range(2):
        slip.issue()
    assert deadline_calendar.advice(clerk, 1, 2, NOW).chosen.free, "the third is borne"
    slip.issue()
    found = deadline_calendar.advice(clerk, 1, 2, NOW)
    assert (found.chosen.day, len(found.chosen.crowded), found.most) == (MONDAY, len(MEMBERS), 3)
    assert [each.working_days for each in found.better] == [3, 4, 5]
    assert all(each.free for each in found.better)
    assert set(found.chosen.crowded) == {slip.who[name].person_id for name in MEMBERS} == set(found.names)


def test_advice_is_refused_outside_the_window_and_to_who_makes_no_slips(slip):
    for days in (0, 1, 6):
        with pytest.raises(BadValue, match=r"."):
            deadline_calendar.advice(slip.who["clerk"], 1, days, NOW)
    for name in ("a", "head", "auditor", "guest"):
        with pytest.raises(NotAllowed, match=r"."):
            deadline_calendar.advice(slip.who[name], 1, 2, NOW)


def test_nobody_looks_into_the_calendar_of_another_body(slip):
    assert deadline_calendar.calendar_body(slip.who["a"], 2).id == 1
