"""Digests come once per person and slot, however often the work is interrupted, and only to whoever may know."""

import datetime as dt

import pytest
from sqlalchemy import delete, func, select, update

from app.extensions import db
from app.models import Appointment, Delivery, DeliveryState, Digest, DigestKind, Job, JobState, Office, Queue, Seat
from app.tasks import deliveries as delivery_tasks
from app.tasks import digests, progress, relay, schedule
from app.workflows import digests as acts
from app.workflows import meetings, notices
from app.workflows.engine.errors import NotFound
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import own_transaction
from app.workflows.rules.calendar import HANOI
from app.workflows.worth_sending import Why
from tests.cabinet import MEMBERS, NOW
from tests.channels import close_account, outside, reachable
from tests.conftest import both

DAY = NOW.astimezone(HANOI).date()
TET = dt.datetime(2026, 2, 17, 1, 0, tzinfo=dt.UTC)


class Clock(dt.datetime):
    """The time of the test, for handlers that ask for it."""

    at = NOW

    @classmethod
    def now(cls, tz=None):
        return cls.at.astimezone(tz)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(Clock, "at", NOW)
    fake = type("Module", (), {"datetime": Clock, "UTC": dt.UTC, "date": dt.date, "timedelta": dt.timedelta})
    monkeypatch.setattr(digests, "dt", fake)
    monkeypatch.setattr(delivery_tasks, "_now", lambda: Clock.at)
    monkeypatch.setattr(progress, "EVERY", 0.0)
    return Clock


def made(kind=DigestKind.DAILY):
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Digest).where(Digest.kind == kind))


def daily(scene):
    digests.daily({"body_id": 1, "day": DAY.isoformat()})
    db.session.rollback()


def plan_daily():
    with own_transaction() as session:
        arguments = {"body_id": 1, "day": DAY.isoformat()}
        session.add(schedule.outbox.job_for(1, digests.DAILY, arguments, "the digest of the day", NOW))


def daily_job():
    db.session.rollback()
    return db.session.scalars(select(Job).where(Job.dedupe_key == "the digest of the day")).one()


@both
def test_every_member_with_something_to_know_gets_one_digest_of_the_day(scene):
    scene.invite()
    daily(scene)
    assert made() == len(MEMBERS)
    daily(scene)
    assert made() == len(MEMBERS), "twice is once"
    mine = acts.own(scene.who["a"])[0]
    assert scene.meeting.title in str(mine.content)
    assert "phiếu" not in str(mine.content), "no section without its room"


def test_interrupted_in_the_middle_it_goes_on_where_it_was_and_sends_nothing_twice(scene, monkeypatch):
    scene.invite()
    relay.drain(NOW, [Queue.NOTIFY])
    with outside() as there:
        for person_id in [scene.who[name].person_id for name in MEMBERS]:
            reachable(person_id)
        make, seen = acts.make_daily, []

        def killed(actor, body_id, person_id, day, now):
            if len(seen) == 2:
                raise KeyboardInterrupt
            seen.append(person_id)
            return make(actor, body_id, person_id, day, now)

        plan_daily()
        monkeypatch.setattr(acts, "make_daily", killed)
        with pytest.raises(KeyboardInterrupt):
            relay.drain(NOW, [Queue.DIGEST])
        assert made() == 2
        monkeypatch.setattr(acts, "make_daily", make)
        assert relay.drain(NOW, [Queue.DIGEST]) == 0, "its lease is running"
        relay.drain(NOW + dt.timedelta(hours=1), [Queue.DIGEST])
        assert made() == len(MEMBERS)
        relay.drain(NOW, [Queue.NOTIFY])
        sent = [(letter["To"].addresses[0].addr_spec, letter["Message-ID"]) for letter in there.mail.letters()]
        assert len(sent) == len(set(sent)), "nobody got anything twice"
        assert len({to for to, _id in sent}) == len(MEMBERS)
    job = db.session.scalars(select(Job).where(Job.name == digests.DAILY)).one()
    assert (job.state, job.attempts) == (JobState.DONE, 2)
    assert job.progress_done == job.progress_total == len(MEMBERS) - 2


def test_called_off_in_the_middle_it_stops_and_keeps_what_is_made(scene, monkeypatch):
    scene.invite()
    plan_daily()
    make = acts.make_daily

    def asked(*arguments):
        with own_transaction() as session:
            session.execute(update(Job).where(Job.name == digests.DAILY).values(cancel_asked=True))
        return make(*arguments)

    monkeypatch.setattr(acts, "make_daily", asked)
    relay.drain(NOW, [Queue.DIGEST])
    assert made() == 1
    assert db.session.scalar(select(Job.state).where(Job.name == digests.DAILY)) is JobState.CANCELLED


@both
def test_what_is_odd_about_one_person_keeps_the_digest_from_nobody_else(scene, monkeypatch):
    scene.invite()
    plan_daily()
    make, odd = acts.make_daily, acts.members_without_daily(1, DAY)[1]

    def stumbling(actor, body_id, person_id, day, now):
        if person_id == odd:
            raise ValueError("odd data of one person")
        return make(actor, body_id, person_id, day, now)

    monkeypatch.setattr(acts, "make_daily", stumbling)
    relay.drain(NOW, [Queue.DIGEST])
    assert made() == len(MEMBERS) - 1
    job = daily_job()
    assert (job.state, job.last_error) == (JobState.DUE, f"LeftOut: 1 of {len(MEMBERS)} digests could not be made")
    monkeypatch.setattr(acts, "make_daily", make)
    relay.drain(NOW + dt.timedelta(minutes=1), [Queue.DIGEST])
    assert made() == len(MEMBERS)
    assert (daily_job().state, daily_job().progress_total) == (JobState.DONE, 1), "the next try is about him alone"


def test_whoever_left_office_since_gets_none(scene):
    scene.invite()
    person = scene.who["a"].person_id
    assert person in acts.members_without_daily(1, DAY)
    with own_transaction() as session:
        session.execute(update(Appointment).where(Appointment.person_id == person).values(valid_to=DAY))
    assert person not in acts.members_without_daily(1, DAY)
    assert acts.make_daily(SYSTEM, 1, person, DAY, NOW) is None, "he left between the list and his turn"


def test_a_digest_made_before_somebody_left_is_not_sent_after_it(scene):
    scene.invite()
    relay.drain(NOW, [Queue.NOTIFY])
    person = scene.who["a"].person_id
    with outside() as there:
        reachable(person)
        acts.make_daily(SYSTEM, 1, person, DAY, NOW)
        with own_transaction() as session:
            session.execute(update(Appointment).where(Appointment.person_id == person).values(valid_to=DAY))
        relay.drain(NOW, [Queue.NOTIFY])
        assert there.mail.letters() == []
    assert db.session.scalar(select(Delivery.state)) is DeliveryState.DROPPED


@both
def test_a_digest_of_the_day_is_not_sent_to_somebody_with_another_office_since(scene):
    scene.invite()
    relay.drain(NOW, [Queue.NOTIFY])
    person = scene.who["a"].person_id
    with outside() as there:
        reachable(person)
        acts.make_daily(SYSTEM, 1, person, DAY, NOW)
        with own_transaction() as session:
            session.execute(update(Appointment).where(Appointment.person_id == person).values(office=Office.AUDITOR))
        relay.drain(NOW, [Queue.NOTIFY])
        assert there.mail.letters() == []
    assert ended() == (DeliveryState.DROPPED, Why.NO_RIGHT)


def ended():
    db.session.rollback()
    return tuple(db.session.execute(select(Delivery.state, Delivery.last_error)).one())


def without_seat(scene, person):
    """Somebody who left, and whose seat was taken back, before the message did."""
    with own_transaction() as session:
        session.execute(update(Appointment).where(Appointment.person_id == person).values(valid_to=DAY))
        session.execute(delete(Seat).where(Seat.person_id == person))


def called_off(scene, _person):
    meetings.cancel_meeting(scene.who["clerk"], scene.meeting_id, "Bận việc khác", NOW)


def nothing(_scene, _person):
    """The control: it is sent."""


@both
@pytest.mark.parametrize(("change", "sent"), [(without_seat, 0), (called_off, 0), (nothing, 1)])
def test_a_digest_of_a_session_is_sent_to_whoever_is_called_to_it_still(scene, change, sent):
    scene.invite()
    relay.drain(NOW, [Queue.NOTIFY])
    person = scene.who["a"].person_id
    with outside() as there:
        reachable(person)
        acts.make_session(SYSTEM, scene.meeting_id, person, "opening", "a slot", NOW)
        db.session.rollback()
        change(scene, person)
        with own_transaction() as session:  # of the digest alone
            session.execute(update(Job).where(Job.name != "deliveries.send").values(state=JobState.DONE))
        relay.drain(NOW, [Queue.NOTIFY])
        assert len(there.mail.letters()) == sent
    assert ended() == ((DeliveryState.HANDED_OVER, "") if sent else (DeliveryState.DROPPED, Why.NO_RIGHT))


@both
def test_whose_account_is_closed_gets_no_digest_and_not_the_one_that_waits(scene):
    scene.invite()
    relay.drain(NOW, [Queue.NOTIFY])
    told, untold = scene.who["a"].person_id, scene.who["b"].person_id
    with outside() as there:
        reachable(told)
        acts.make_daily(SYSTEM, 1, told, DAY, NOW)
        close_account(told)
        relay.drain(NOW, [Queue.NOTIFY])
        assert there.mail.letters() == []
    assert ended() == (DeliveryState.DROPPED, Why.CLOSED)
    close_account(untold)
    assert acts.make_daily(SYSTEM, 1, untold, DAY, NOW) is None
    assert acts.make_session(SYSTEM, scene.meeting_id, untold, "opening", "a slot", NOW) is None


def test_yesterdays_digest_is_not_made_today_and_its_job_says_so(scene, clock):
    scene.invite()
    plan_daily()
    clock.at = NOW + dt.timedelta(days=1)
    relay.drain(clock.at, [Queue.DIGEST])
    assert made() == 0
    job = daily_job()
    assert (job.state, job.attempts) == (JobState.FAILED, 1)
    assert f"{len(MEMBERS)} people have no digest" in job.last_error


def test_nobody_else_reads_it(scene):
    scene.invite()
    daily(scene)
    mine = acts.own(scene.who["a"])[0].id
    with pytest.raises(NotFound):
        acts.read_digest(scene.who["b"], mine, NOW)
    assert acts.read_digest(scene.who["a"], mine, NOW).read_at == NOW


# -- the calendar -----------------------------------------------------------------------------------------------------


def planned(name):
    return list(db.session.scalars(select(Job.dedupe_key).where(Job.name == name).order_by(Job.id)))


@both
def test_the_calendar_plans_each_slot_once_however_many_clocks_run(scene):
    before = NOW - dt.timedelta(hours=1, minutes=31)  # 06:29 in Hanoi
    schedule.plan(before)
    assert planned(digests.DAILY) == []
    for _clock in range(3):
        schedule.plan(NOW)
    assert planned(digests.DAILY) == [f"{digests.DAILY}:{body}:{DAY.isoformat()}" for body in (1, 2)]
    schedule.plan(NOW + dt.timedelta(hours=3))
    assert len(planned(digests.DAILY)) == 2


def test_a_slot_that_another_clock_planned_a_moment_ago_is_left_alone(scene, monkeypatch):
    arguments = {"body_id": 1, "day": DAY.isoformat()}
    key = f"{digests.DAILY}:1:{DAY.isoformat()}"
    looked = db.session.scalar

    def slow(statement, *rest):
        found = looked(statement, *rest)
        if found is None and "dedupe_key" in str(statement):
            monkeypatch.setattr(db.session, "scalar", looked)
            with own_transaction() as session:
                session.add(schedule.outbox.job_for(1, digests.DAILY, arguments, key, NOW))
        return found

    monkeypatch.setattr(db.session, "scalar", slow)
    assert schedule._once(1, digests.DAILY, DAY.isoformat(), arguments, NOW) is False
    assert planned(digests.DAILY) == [key]


@pytest.mark.parametrize("day", [TET, dt.datetime(2026, 8, 1, 3, 0, tzinfo=dt.UTC)])
def test_on_holidays_and_weekends_there_is_no_digest(scene, day):
    schedule.plan(day)
    assert planned(digests.DAILY) == []


def test_an_hour_before_the_opening_everybody_seated_gets_the_digest_of_the_session(scene, clock):
    scene.invite()
    relay.drain(NOW, [Queue.NOTIFY, Queue.LIVE])
    schedule.plan(NOW)
    relay.drain(NOW, [Queue.DIGEST])
    assert made(DigestKind.SESSION) == len(MEMBERS) + 1
    schedule.plan(NOW + dt.timedelta(minutes=10))
    relay.drain(NOW + dt.timedelta(minutes=10), [Queue.DIGEST])
    assert made(DigestKind.SESSION) == len(MEMBERS) + 1


def test_released_papers_of_one_stretch_are_told_together(scene):
    scene.invite()
    relay.drain(NOW, [Queue.DIGEST])
    [key] = planned(digests.SESSION)
    assert ":papers:" in key
    assert made(DigestKind.SESSION) == 0, "not before the stretch is over"
    Clock.at = NOW + dt.timedelta(minutes=20)
    relay.drain(Clock.at, [Queue.DIGEST])
    assert made(DigestKind.SESSION) == len(MEMBERS) + 1


def test_on_monday_the_readers_are_told_once_that_the_report_can_be_read(scene):
    scene.open()
    monday = dt.datetime(2026, 8, 3, 0, 30, tzinfo=dt.UTC)  # 07:30 in Hanoi
    for _clock in range(2):
        schedule.plan(monday)
        relay.drain(dt.datetime.now(dt.UTC), [Queue.SCHEDULE, Queue.NOTIFY])
    told = [each for each in notices.latest(scene.who["clerk"]) if each.kind == "WeekReported"]
    assert [each.details["week"] for each in told] == ["2026-31"]
    assert not any(each.kind == "WeekReported" for each in notices.latest(scene.who["a"]))
