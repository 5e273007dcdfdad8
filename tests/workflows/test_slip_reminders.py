"""Reminders of slips: at each step once, to the member and his aides, until he has answered; each of them is kept."""

import datetime as dt

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from app.extensions import db
from app.models import AuditEntry, Job, Notice, SlipReminder, Topic
from app.tasks import relay, schedule
from app.tasks.reminders import SLIPS, remind_of_slip
from app.tasks.slips import close_overdue_slips
from app.wiring import TIMETABLE
from app.workflows import member_staff, notices, slip_closing, slip_reminders
from app.workflows.engine.errors import NotAllowed, WorkflowError
from app.workflows.engine.rights import SYSTEM
from app.workflows.rules.slip_reminding import OVERDUE
from tests.cabinet import MEMBERS, NOW, SINCE
from tests.conftest import both
from tests.slipping import DEADLINE, LATE, SlipScene

DAY_BEFORE, HOURS_BEFORE = DEADLINE - dt.timedelta(hours=24), DEADLINE - dt.timedelta(hours=4)
SOON = dt.timedelta(minutes=1)


@pytest.fixture
def slip(app):
    return SlipScene()


@pytest.fixture
def open_slip(slip):
    relay.drain(NOW)
    found = slip.issue()
    relay.drain(NOW)
    return found


def kept(slip_id):
    """The reminders of a slip as (member, step), in order."""
    rows = select(SlipReminder).where(SlipReminder.slip_id == slip_id).order_by(SlipReminder.id)
    return [(row.member_id, row.step) for row in db.session.scalars(rows)]


def run(slip_id, step, now):
    return remind_of_slip(slip_id, step, now)


def told(kind="SlipReminded"):
    relay.drain(DAY_BEFORE + SOON)
    return [(row.person_id, row.details.get("step")) for row in db.session.scalars(
        select(Notice).where(Notice.kind == kind).order_by(Notice.id))]  # fmt: skip


@both
def test_who_has_not_answered_is_reminded_once_at_each_step(slip, open_slip):
    slip.answer("a", open_slip)
    silent = [slip.who[name].person_id for name in MEMBERS if name != "a"]
    assert run(open_slip, 24, DAY_BEFORE - SOON) == 0, "not due yet"
    assert run(open_slip, 24, DAY_BEFORE) == len(silent)
    assert run(open_slip, 24, DAY_BEFORE + SOON) == 0, "a second worker, or the same job again"
    slip.answer("b", open_slip, at=DAY_BEFORE + SOON)
    silent.remove(slip.who["b"].person_id)
    assert run(open_slip, 4, HOURS_BEFORE) == len(silent)
    assert {step for _member, step in kept(open_slip)} == {24, 4}
    assert {member for member, step in kept(open_slip) if step == 4} == set(silent)


@both
def test_after_an_outage_only_the_latest_step_is_told(slip, open_slip):
    late = HOURS_BEFORE + dt.timedelta(hours=1)
    assert slip_reminders.due_steps(1, late) == [(open_slip, DEADLINE, 4)]
    assert run(open_slip, 24, late) == 0
    assert run(open_slip, 4, late) == len(MEMBERS)
    assert {step for _member, step in kept(open_slip)} == {4}


def test_the_calendar_plans_one_job_for_each_step_however_often_it_is_looked_into(slip, open_slip, monkeypatch):
    monkeypatch.setattr(schedule, "timetable", [entry for entry in TIMETABLE if entry.task == SLIPS])
    planned = [schedule.plan(at) for at in (NOW, DAY_BEFORE, DAY_BEFORE + SOON, HOURS_BEFORE, HOURS_BEFORE + SOON)]
    assert planned == [0, 1, 0, 1, 0]
    jobs = db.session.scalars(select(Job).where(Job.name == SLIPS).order_by(Job.id))
    assert [job.payload for job in jobs] == [{"slip_id": open_slip, "step": step} for step in (24, 4)]


@both
def test_when_the_deadline_has_passed_the_silent_are_told_so_once(slip, open_slip):
    slip.answer("a", open_slip)
    assert close_overdue_slips(LATE) == 1
    assert slip_reminders.due_steps(1, LATE) == [(open_slip, DEADLINE, OVERDUE)]
    assert run(open_slip, OVERDUE, LATE) == len(MEMBERS) - 1
    assert run(open_slip, OVERDUE, LATE + SOON) == 0
    assert slip_reminders.due_steps(1, LATE + dt.timedelta(days=4)) == []


def test_a_slip_that_everybody_answered_and_one_that_was_recalled_remind_nobody(slip):
    done, gone = slip.issue(), slip.issue()
    for name in MEMBERS:
        slip.answer(name, done)
    slip_closing.close_slip(slip.who["clerk"], done, HOURS_BEFORE, "Tất cả đã trả lời")
    slip_closing.recall_slip(slip.who["clerk"], gone, "Cần bổ sung", HOURS_BEFORE)
    for at in (HOURS_BEFORE, LATE):
        assert slip_reminders.due_steps(1, at) == []
    assert run(gone, 4, HOURS_BEFORE) == run(done, OVERDUE, LATE) == 0


def test_a_later_deadline_has_reminders_of_its_own(slip, open_slip):
    run(open_slip, 4, HOURS_BEFORE)
    slip_closing.extend_slip(slip.who["clerk"], open_slip, dt.date(2026, 8, 4), "Thêm thời gian", HOURS_BEFORE + SOON)
    assert slip_reminders.due_steps(1, HOURS_BEFORE + 2 * SOON) == [], "who heard of it a moment ago is left alone"
    assert run(open_slip, 4, HOURS_BEFORE + dt.timedelta(hours=24)) == len(MEMBERS)


@both
def test_the_member_and_his_aide_are_told_and_nobody_else(slip, open_slip):
    member, aide = slip.who["b"].person_id, slip.who["secretary"].person_id
    member_staff.assign_aide(slip.who["clerk"], 1, member, aide, SINCE, NOW)
    for name in MEMBERS:
        if name != "b":
            slip.answer(name, open_slip)
    assert run(open_slip, 24, DAY_BEFORE) == 1
    assert sorted(told()) == sorted([(member, 24), (aide, 24)])
    notice = notices.latest(slip.who["secretary"])[0]
    assert "Đỗ Thị Bốn" in notices.kinds["SlipReminded"].template(notice.details)
    assert notices.kinds["SlipReminded"].topic is Topic.REMINDER


def test_a_reminder_that_waited_is_not_sent_once_the_member_has_answered(slip, open_slip):
    run(open_slip, 24, DAY_BEFORE)
    told()
    mine = select(Notice).where(Notice.kind == "SlipReminded", Notice.person_id == slip.who["b"].person_id)
    notice = db.session.scalars(mine).one()
    assert slip_reminders.still_waited_for(notice, DAY_BEFORE)
    assert not slip_reminders.still_waited_for(notice, DEADLINE)
    slip.answer("b", open_slip, at=DAY_BEFORE + SOON)
    assert not slip_reminders.still_waited_for(notice, DAY_BEFORE + SOON)


@both
def test_a_reminder_by_hand_has_its_author_and_a_pause(slip, open_slip):
    clerk, member = slip.who["clerk"], slip.who["b"].person_id
    assert slip_reminders.chase_slip(clerk, open_slip, NOW + SOON, [member]) == [member]
    (kept_one,) = slip_reminders.reminders_of(slip.slip(open_slip))
    assert (kept_one.step, kept_one.by_id) == (None, clerk.person_id)
    for at, code in ((NOW + 2 * SOON, "reminded_already"), (DEADLINE, "nothing_to_remind")):
        with pytest.raises(WorkflowError) as refused:
            slip_reminders.chase_slip(clerk, open_slip, at, [member])
        assert refused.value.code == code
    slip_reminders.chase_slip(clerk, open_slip, NOW + dt.timedelta(hours=2), [member])
    slip.answer("b", open_slip, at=NOW + dt.timedelta(hours=3))
    with pytest.raises(WorkflowError) as refused:
        slip_reminders.chase_slip(clerk, open_slip, NOW + dt.timedelta(hours=4), [member])
    assert refused.value.code == "nobody_to_remind"
    assert [step for _member, step in kept(open_slip)] == [None, None]


@both
def test_all_who_are_silent_are_reminded_by_hand_and_whoever_heard_within_the_hour_is_left_alone(slip, open_slip):
    slip.answer("a", open_slip)
    one = slip.who["b"].person_id
    slip_reminders.chase_slip(slip.who["clerk"], open_slip, NOW + SOON, [one])
    told_now = slip_reminders.chase_slip(slip.who["chairman"], open_slip, NOW + 2 * SOON)
    assert set(told_now) == {slip.who[name].person_id for name in MEMBERS if name not in "ab"}
    version = slip.slip(open_slip).version
    assert run(open_slip, 24, DAY_BEFORE) == len(MEMBERS) - 1
    assert slip.slip(open_slip).version == version + len(MEMBERS) - 1, "an open board draws itself anew"
    with pytest.raises(slip_reminders.RemindedAlready):
        slip_reminders.chase_slip(slip.who["clerk"], open_slip, DAY_BEFORE + SOON)


def test_nobody_is_reminded_of_a_slip_that_does_not_ask_him(slip, open_slip):
    with pytest.raises(slip_reminders.NotAsked):
        slip_reminders.chase_slip(slip.who["clerk"], open_slip, NOW, [slip.who["guest"].person_id])
    assert kept(open_slip) == []


@pytest.mark.parametrize("name", ["head", "a", "auditor", "records"])
def test_only_who_runs_the_slip_reminds_by_hand(slip, open_slip, name):
    with pytest.raises(WorkflowError) as refused:
        slip_reminders.chase_slip(slip.who[name], open_slip, NOW + SOON, [slip.who["b"].person_id])
    assert isinstance(refused.value, NotAllowed) or refused.value.code == "not_found"
    assert kept(open_slip) == []


def test_a_reminder_is_a_fact_of_the_clock(slip, open_slip):
    slip_reminders.remind_member(SYSTEM, open_slip, slip.who["b"].person_id, 24, DAY_BEFORE)
    fact = db.session.scalars(select(AuditEntry).where(AuditEntry.fact == "SlipReminded")).one()
    assert (fact.actor_id, fact.payload["step"], fact.subject_id) == (None, 24, open_slip)


@both
def test_the_database_keeps_reminders_as_they_are_and_each_once(slip, open_slip):
    member = slip.who["b"].person_id
    slip_reminders.remind_member(SYSTEM, open_slip, member, 24, DAY_BEFORE)
    again = SlipReminder(body_id=1, slip_id=open_slip, member_id=member, deadline_at=DEADLINE, step=24, at=NOW)
    for change in (update(SlipReminder).values(step=4), delete(SlipReminder)):
        with pytest.raises(DBAPIError, match=r"insert-only|permission denied"):
            db.session.execute(change)
        db.session.rollback()
    db.session.add(again)
    with pytest.raises(DBAPIError):
        db.session.flush()
    db.session.rollback()
