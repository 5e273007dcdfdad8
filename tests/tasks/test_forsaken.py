"""A delivery never waits for a job that has come to its end: it says what became of it, and can be sent again."""

import datetime as dt

import pytest
from sqlalchemy import func, select, update

from app.extensions import db
from app.models import AuditEntry, Channel, Delivery, DeliveryState, Job, JobState, Queue
from app.tasks import deliveries as tasks
from app.tasks import execution, relay, schedule
from app.workflows import deliveries, jobs
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import own_transaction
from app.workflows.worth_sending import Why
from tests.cabinet import NOW
from tests.conftest import both
from tests.tasks.test_overtaken import job_id, there

__all__ = ["job_id", "there"]

QUEUED, FAILED, UNCERTAIN = DeliveryState.QUEUED, DeliveryState.FAILED, DeliveryState.UNCERTAIN
MESSAGES = [Queue.NOTIFY]
LATER = NOW + dt.timedelta(hours=1)


def found():
    db.session.rollback()
    return db.session.scalars(select(Delivery)).one()


def now_is():
    row = found()
    return row.state, row.last_error


def clock_comes_round():
    schedule.plan(NOW)
    relay.drain(NOW, [Queue.SCHEDULE])


def end_job(state, job_id):
    """As the task layer leaves a job whose tries are over, or that was called off while it was running."""
    with own_transaction() as session:
        session.execute(update(Job).where(Job.id == job_id).values(state=state, lease_until=None, done_at=NOW))


@both
def test_what_was_called_off_is_not_sent_and_says_so(job_id, people, there):
    jobs.cancel_job(people["admin"], job_id, now=NOW)
    assert now_is() == (FAILED, Why.CALLED_OFF)
    relay.drain(LATER, MESSAGES)
    assert there.mail.letters() == []


@both
def test_what_was_called_off_can_be_sent_again(job_id, people, there):
    jobs.cancel_job(people["admin"], job_id, now=NOW)
    deliveries.retry_delivery(people["admin"], found().id, now=NOW)
    assert now_is() == (QUEUED, "")
    relay.drain(NOW, MESSAGES)
    assert (found().state, len(there.mail.letters())) == (DeliveryState.HANDED_OVER, 1)


@both
def test_a_job_that_is_begun_anew_sends_what_was_called_off_with_it(job_id, people, there):
    jobs.cancel_job(people["admin"], job_id, now=NOW)
    jobs.retry_job(people["admin"], job_id, now=NOW)
    assert now_is() == (QUEUED, "")
    relay.drain(NOW, MESSAGES)
    assert (found().state, len(there.mail.letters())) == (DeliveryState.HANDED_OVER, 1)


@both
def test_when_the_tries_of_the_job_are_over_the_delivery_has_failed(job_id, people, there, monkeypatch):
    def stumbling(_parcel):
        raise LookupError("a template that is not there")

    monkeypatch.setitem(tasks.HAND_OVER, Channel.MAIL, stumbling)
    for hours in range(execution.MOST_ATTEMPTS):
        assert found().state is QUEUED
        relay.drain(NOW + dt.timedelta(hours=hours), MESSAGES)
    assert db.session.scalar(select(Job.state).where(Job.id == job_id)) is JobState.FAILED
    clock_comes_round()
    assert now_is() == (FAILED, Why.NO_TRIES)
    monkeypatch.undo()
    monkeypatch.setattr(tasks, "_now", lambda: NOW)
    deliveries.retry_delivery(people["admin"], found().id, now=NOW)
    relay.drain(NOW, MESSAGES)
    assert found().state is DeliveryState.HANDED_OVER


@both
@pytest.mark.parametrize(("job_is", "delivery_was", "ends"), [
    (JobState.FAILED,    QUEUED,                (FAILED, Why.NO_TRIES)),
    (JobState.CANCELLED, QUEUED,                (FAILED, Why.CALLED_OFF)),
    (JobState.FAILED,    DeliveryState.SENDING, (UNCERTAIN, Why.HALF_SENT)),
    (JobState.CANCELLED, DeliveryState.SENDING, (UNCERTAIN, Why.HALF_SENT)),
    (JobState.RUNNING,   QUEUED,                (QUEUED, "")),
    (JobState.DUE,       QUEUED,                (QUEUED, "")),
])  # fmt: skip
def test_the_clock_finds_what_no_job_would_send_any_more(job_id, there, job_is, delivery_was, ends):
    with own_transaction() as session:
        session.execute(update(Delivery).values(state=delivery_was))
    end_job(job_is, job_id)
    schedule.plan(NOW)
    with own_transaction() as session:  # only the clock's own work
        session.execute(update(Job).where(Job.queue != Queue.SCHEDULE, Job.id != job_id).values(state=JobState.DONE))
    relay.drain(NOW, [Queue.SCHEDULE])
    assert now_is() == ends
    schedule.plan(NOW + dt.timedelta(minutes=1))
    count = select(func.count()).select_from(Job).where(Job.name == tasks.GIVE_UP)
    assert db.session.scalar(count) == (ends[0] is not QUEUED), "said once"


@both
def test_what_an_administrator_begins_anew_is_not_given_up_under_his_hand(job_id, people, there):
    end_job(JobState.FAILED, job_id)
    [delivery_id] = deliveries.forsaken(1)
    db.session.rollback()
    jobs.retry_job(people["admin"], job_id, now=NOW)
    deliveries.give_up(SYSTEM, delivery_id, NOW)
    assert found().state is QUEUED


@both
def test_who_sends_again_stands_in_the_audit_log(job_id, people, there):
    there.mail.at_data = ["554 refused"]
    relay.drain(NOW, MESSAGES)
    assert found().state is FAILED
    delivery_id = found().id
    deliveries.retry_delivery(people["admin"], delivery_id, now=LATER)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.fact == "DeliveryRetried")).one()
    assert (entry.actor_id, entry.at, entry.subject_type, entry.subject_id) == (
        people["admin"].person_id, LATER, "delivery", delivery_id,
    )  # fmt: skip
    assert entry.payload["was"] == "failed"
    assert (entry.payload["channel"], entry.payload["person_id"]) == ("mail", found().person_id)
