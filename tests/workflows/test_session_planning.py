"""Trips of members are noted by the Office, stand in the calendar, and sessions are proposed around them."""

import datetime as dt

import pytest

from app.extensions import db
from app.models import AuditEntry, MeetingKind, MemberTrip, TripKind
from app.workflows import deadline_calendar, meetings, session_planning, slip_approval, trips, working_calendar
from app.workflows.deadline_calendar import EntryKind
from app.workflows.engine.errors import NotAllowed, NotFound, WorkflowError
from app.workflows.engine.visibility import visible
from app.workflows.rules.calendar import HANOI
from app.workflows.rules.office_clocks import Clock
from tests.cabinet import MEMBERS, NOW, TODAY
from tests.conftest import both
from tests.deciding import Deciding
from tests.slipping import LATE, SlipScene

FIRST = dt.date(2026, 8, 10)  # seven working days after today
LAST = dt.date(2026, 9, 10)


@pytest.fixture
def slip(app):
    return SlipScene()


def at(day, hour):
    return dt.datetime(2026, 8, day, hour, tzinfo=HANOI)


def send(slip, name, begins, ends, kind=TripKind.HOME, by="clerk", **more):
    return trips.add_trip(slip.who[by], 1, slip.who[name].person_id, kind, begins, ends, NOW, **more)


def code_of(act, *args, **kwargs):
    with pytest.raises(WorkflowError) as refused:
        act(*args, **kwargs)
    return refused.value.code


def entries(actor, kind):
    days = deadline_calendar.days_of(actor, 1, TODAY, LAST)
    return {day: one for day, found in days.entries.items() for one in found if one.kind is kind}


def seen_by(actor):
    return set(db.session.scalars(db.select(MemberTrip.id).where(visible(actor, MemberTrip))))


@both
def test_a_trip_is_noted_corrected_and_taken_back_and_each_is_recorded(slip):
    trip = send(slip, "a", at(12, 7), at(13, 20), note="Cần Thơ")
    trips.edit_trip(slip.who["chairman"], trip.id, NOW, ends_at=at(14, 20), kind=TripKind.ABROAD)
    kept = db.session.get_one(MemberTrip, trip.id)
    assert (kept.kind, kept.begins_at, kept.ends_at, kept.note) == (TripKind.ABROAD, at(12, 7), at(14, 20), "Cần Thơ")
    trips.remove_trip(slip.who["clerk"], trip.id, NOW)
    assert db.session.get(MemberTrip, trip.id) is None
    rows = db.select(AuditEntry).where(AuditEntry.subject_type == "member_trip").order_by(AuditEntry.id)
    facts = db.session.scalars(rows).all()
    assert [row.fact for row in facts] == ["TripNoted", "TripChanged", "TripRemoved"]
    assert "Cần Thơ" not in str([row.payload for row in facts]), "a note is no part of the log"


def test_odd_trips_are_refused_and_nothing_is_written(slip):
    a, clerk = slip.who["a"].person_id, slip.who["clerk"]
    for begins, ends in ((at(12, 7), at(12, 7)), (at(13, 7), at(12, 7)), (at(1, 7), at(1, 7) + dt.timedelta(days=181))):
        assert code_of(trips.add_trip, clerk, 1, a, TripKind.HOME, begins, ends, NOW) == "trip_backwards"
    nobody = slip.who["auditor"].person_id
    assert code_of(trips.add_trip, clerk, 1, nobody, TripKind.HOME, at(12, 7), at(13, 7), NOW) == "not_a_member"
    assert code_of(send, slip, "a", at(12, 7), at(13, 7), note="x" * 201) == "bad_text"
    trip = send(slip, "a", at(12, 7), at(13, 7))
    assert code_of(trips.edit_trip, clerk, trip.id, NOW, ends_at=at(12, 6)) == "trip_backwards"
    db.session.expire_all()
    assert [(row.begins_at, row.ends_at) for row in db.session.query(MemberTrip)] == [(at(12, 7), at(13, 7))]


def test_trips_are_kept_by_the_office_and_seen_by_it_and_by_the_member(slip):
    for name in ("a", "head", "auditor", "records"):
        with pytest.raises((NotAllowed, NotFound)):
            send(slip, "a", at(12, 7), at(13, 7), by=name)
    trip = send(slip, "a", at(12, 7), at(13, 7))
    for name, sees in (("clerk", True), ("head", True), ("auditor", True), ("a", True), ("b", False), ("admin", False)):
        assert (seen_by(slip.who[name]) == {trip.id}) is sees, name
    with pytest.raises(NotAllowed):
        trips.remove_trip(slip.who["a"], trip.id, NOW)


def test_a_trip_stands_on_each_of_its_days_for_who_may_know(slip):
    send(slip, "a", at(12, 14), at(14, 0), TripKind.ABROAD)
    send(slip, "b", at(13, 8), at(13, 9))
    found = entries(slip.who["clerk"], EntryKind.TRIP)
    assert {day.day: len(one.people) for day, one in found.items()} == {12: 1, 13: 2}
    assert found[dt.date(2026, 8, 12)].people[0][1] is TripKind.ABROAD
    mine = entries(slip.who["b"], EntryKind.TRIP)
    assert {day.day: (len(one.people), one.mine) for day, one in mine.items()} == {13: (1, True)}
    assert entries(slip.who["guest"], EntryKind.TRIP) == {}


@both
def test_the_first_half_days_with_the_quorum_are_proposed_with_who_is_free(slip):
    clerk = slip.who["clerk"]
    found = session_planning.proposals(clerk, 1, NOW)
    assert (found.first, found.needed, len(found.names)) == (FIRST, 4, len(MEMBERS))
    assert [slot.begins_at for slot in found.slots] == [at(10, 8), at(10, 14), at(11, 8)]
    for name in ("a", "b"):
        send(slip, name, at(10, 0), at(12, 12))
    starts = dt.datetime(2026, 8, 13, 1, tzinfo=dt.UTC)
    meetings.create_meeting(clerk, 1, MeetingKind.REGULAR, "Phiên họp tháng 8", starts, "Phòng 1", now=NOW)
    send(slip, "b", at(12, 14), at(12, 18), TripKind.LEAVE)
    working_calendar.add_calendar_day(clerk, 1, dt.date(2026, 8, 14), "off", "Bão", NOW)
    found = session_planning.proposals(clerk, 1, NOW)
    assert [slot.begins_at for slot in found.slots] == [at(12, 14), at(13, 14), at(17, 8)]
    assert [len(slot.free) for slot in found.slots] == [4, 5, 5]
    first = found.slots[0]
    assert set(found.names) - set(first.free) == {slip.who["b"].person_id}
    assert [trip.kind for trip in found.away[first.begins_at]] == [TripKind.LEAVE]


def test_sessions_are_proposed_to_those_who_prepare_them(slip):
    for name in ("head", "a", "auditor", "guest"):
        assert not session_planning.may_plan(slip.who[name], 1)
        with pytest.raises(NotAllowed):
            session_planning.proposals(slip.who[name], 1, NOW)


@both
def test_clocks_of_the_office_stand_on_the_day_they_end(slip):
    draft = slip.draft()
    slip_approval.submit_slip(slip.who["clerk"], draft.id, now=NOW)
    (day, due), = entries(slip.who["clerk"], EntryKind.CLOCK).items()
    assert (day, due.clock, due.subject_id) == (dt.date(2026, 8, 3), Clock.CHECK, draft.id)
    assert entries(slip.who["a"], EntryKind.CLOCK) == {}
    slip_approval.approve_slip(slip.who["secretary"], draft.id, now=NOW)
    assert entries(slip.who["clerk"], EntryKind.CLOCK) == {}, "the first step has passed"


def test_the_report_and_the_decision_have_their_days(app):
    scene = Deciding()
    scene.reported()
    (day, due), = entries(scene.who["head"], EntryKind.CLOCK).items()
    assert (day, due.clock) == (dt.date(2026, 8, 6), Clock.DECIDE)  # three working days after LATE
    assert LATE.date() == dt.date(2026, 8, 3)
    scene.decided()
    assert entries(scene.who["head"], EntryKind.CLOCK) == {}
