"""The working calendar of a body: what is decided otherwise holds at once, wherever working days are counted."""

import datetime as dt

import pytest
from sqlalchemy.exc import IntegrityError

from app.extensions import db
from app.models import AuditEntry, CalendarDay, DayKind, Office
from app.tasks import announcements, digests
from app.workflows import working_calendar
from app.workflows.engine.errors import NotAllowed, NotFound
from app.workflows.engine.rights import SYSTEM, Actor
from app.workflows.engine.text import BadText
from app.workflows.engine.transaction import use_case
from app.workflows.rules.working_days import working_days_after
from tests.cabinet import NOW
from tests.conftest import both

PROVINCE = 2
HOLIDAY, FRIDAY, SATURDAY = dt.date(2026, 4, 30), dt.date(2026, 11, 20), dt.date(2026, 11, 21)


@pytest.fixture
def clerk(people):
    return people["clerk"]


@pytest.fixture
def of_province(people):
    return Actor(people["clerk"].person_id, frozenset({(PROVINCE, Office.CLERK)}))


def decide(actor, body_id, day, kind, **more):
    return working_calendar.add_calendar_day(actor, body_id, day, kind, "Điều chỉnh", now=NOW, **more)


def after(body_id, day, count=1):
    return working_days_after(day, count, working_calendar.exceptions_of(body_id))


@both
def test_a_swapped_day_holds_in_the_body_that_decided_it(clerk):
    decide(clerk, 1, FRIDAY, DayKind.OFF, source="Công văn số 01/CV")
    decide(clerk, 1, SATURDAY, DayKind.WORKED)
    decide(clerk, 1, HOLIDAY, DayKind.WORKED)
    assert after(1, dt.date(2026, 11, 19)) == SATURDAY
    assert after(1, dt.date(2026, 4, 29)) == HOLIDAY
    assert after(PROVINCE, dt.date(2026, 11, 19)) == FRIDAY
    assert after(PROVINCE, dt.date(2026, 4, 29)) == dt.date(2026, 5, 4)
    facts = db.session.query(AuditEntry).filter_by(fact="CalendarDayAdded").order_by(AuditEntry.id).all()
    assert [fact.payload["day"] for fact in facts] == ["2026-11-20", "2026-11-21", "2026-04-30"]


@both
def test_what_the_government_decides_for_all_holds_unless_a_body_decides_otherwise(clerk, of_province):
    decide(clerk, 1, FRIDAY, DayKind.OFF, for_all=True)
    assert after(PROVINCE, dt.date(2026, 11, 19)) == dt.date(2026, 11, 23)
    decide(of_province, PROVINCE, FRIDAY, DayKind.WORKED)
    assert after(PROVINCE, dt.date(2026, 11, 19)) == FRIDAY
    assert after(1, dt.date(2026, 11, 19)) == dt.date(2026, 11, 23)


def test_a_body_does_not_decide_for_all_others(of_province):
    with pytest.raises(working_calendar.NotForAll):
        decide(of_province, PROVINCE, FRIDAY, DayKind.OFF, for_all=True)
    assert db.session.query(CalendarDay).count() == 0


@pytest.mark.parametrize(
    ("day", "kind", "refusal"),
    [
        (FRIDAY, DayKind.WORKED, working_calendar.WorkedAlready),
        (SATURDAY, DayKind.OFF, working_calendar.OffAlready),
        (HOLIDAY, DayKind.OFF, working_calendar.OffAlready),
        (dt.date(1999, 12, 31), DayKind.OFF, working_calendar.DayUnknown),
        (dt.date(2099, 1, 1), DayKind.WORKED, working_calendar.DayUnknown),
    ],
)
def test_an_entry_that_says_nothing_new_or_nothing_known_is_refused(clerk, day, kind, refusal):
    with pytest.raises(refusal):
        decide(clerk, 1, day, kind)


def test_a_day_stands_once_in_the_calendar_of_a_body(clerk):
    decide(clerk, 1, FRIDAY, DayKind.OFF)
    with pytest.raises(working_calendar.DayTaken):
        decide(clerk, 1, FRIDAY, DayKind.WORKED)


@both
def test_the_database_itself_refuses_a_second_entry(clerk):
    decide(clerk, 1, FRIDAY, DayKind.OFF, for_all=True)

    @use_case
    def twice(_actor, **values):
        db.session.add(CalendarDay(day=FRIDAY, kind=DayKind.OFF, note="x", **values))

    with pytest.raises(IntegrityError):
        twice(SYSTEM, body_id=1)
    with pytest.raises(IntegrityError):
        twice(SYSTEM, body_id=PROVINCE, for_all=True)
    twice(SYSTEM, body_id=PROVINCE)


@both
def test_an_entry_is_corrected_and_taken_back_with_a_reason(clerk):
    entry = decide(clerk, 1, FRIDAY, DayKind.OFF)
    with pytest.raises(BadText):
        working_calendar.edit_calendar_day(clerk, entry.id, " ", NOW, day=SATURDAY, kind=DayKind.WORKED)
    changed = working_calendar.edit_calendar_day(clerk, entry.id, "Nhập nhầm", NOW, day=SATURDAY, kind=DayKind.WORKED)
    assert (changed.day, changed.kind) == (SATURDAY, DayKind.WORKED)
    with pytest.raises(BadText):
        working_calendar.remove_calendar_day(clerk, entry.id, "", NOW)
    working_calendar.remove_calendar_day(clerk, entry.id, "Hoãn lịch nghỉ", NOW)
    assert after(1, FRIDAY) == dt.date(2026, 11, 23)
    facts = {row.fact: row.payload for row in db.session.query(AuditEntry)}
    assert facts["CalendarDayChanged"]["changed"]["day"] == ["2026-11-20", "2026-11-21"]
    assert facts["CalendarDayChanged"]["reason"] == "Nhập nhầm"
    assert facts["CalendarDayRemoved"]["reason"] == "Hoãn lịch nghỉ"


def test_others_neither_decide_nor_see_the_entries_of_another_body(people, clerk, of_province):
    own = decide(of_province, PROVINCE, FRIDAY, DayKind.OFF)
    for name in ("head", "a", "auditor", "records", "admin"):
        with pytest.raises(NotAllowed):
            decide(people[name], 1, FRIDAY, DayKind.OFF)
    with pytest.raises(NotFound):
        working_calendar.remove_calendar_day(clerk, own.id, "x", NOW)
    with pytest.raises(NotFound):
        decide(clerk, PROVINCE, SATURDAY, DayKind.WORKED)


def test_the_year_says_what_is_usual_and_what_holds(clerk):
    before = working_calendar.year_of(clerk, 1, 2026)
    decide(clerk, 1, FRIDAY, DayKind.OFF)
    decide(clerk, 1, HOLIDAY, DayKind.WORKED)
    usual, year = working_calendar.year_of(clerk, 1, 2027), working_calendar.year_of(clerk, 1, 2026)
    days = {each.day: each for each in year.days}
    assert [each.day for each in year.days] == sorted(days)
    assert (days[HOLIDAY].holiday, days[FRIDAY].holiday) == ("Ngày Chiến thắng", "")
    assert [(days[day].usually_worked, days[day].worked) for day in (HOLIDAY, FRIDAY)] == [(False, True), (True, False)]
    assert all(each.entry is None for each in usual.days)
    assert (year.worked, len(year.days)) == (before.worked, len(before.days) + 1)


@both
def test_digests_and_the_weekly_report_keep_to_the_calendar_of_their_body(clerk):
    friday, saturday = (dt.datetime(2026, 11, day, 3, 0, tzinfo=dt.UTC) for day in (20, 21))
    monday = dt.datetime(2026, 11, 23, 3, 0, tzinfo=dt.UTC)
    decide(clerk, 1, FRIDAY, DayKind.OFF)
    decide(clerk, 1, SATURDAY, DayKind.WORKED)
    decide(clerk, 1, dt.date(2026, 11, 23), DayKind.OFF)
    assert [list(digests.daily_slots(1, at)) for at in (friday, monday)] == [[], []]
    assert [slot for slot, _arguments in digests.daily_slots(1, saturday)] == ["2026-11-21"]
    assert [slot for slot, _arguments in digests.daily_slots(PROVINCE, friday)] == ["2026-11-20"]
    assert list(announcements.week_slots(1, monday)) == []
    assert [slot for slot, _arguments in announcements.week_slots(PROVINCE, monday)] == ["2026-47"]
