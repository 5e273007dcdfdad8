"""Administrators try background work again and call it off; nobody else does, and nothing else of it."""

import datetime as dt

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models import AuditEntry, Job, JobState, LoginTry, Poll, PollState, Queue
from app.tasks import checks as check_tasks
from app.tasks import relay
from app.workflows import checks, jobs, notices, polls, upkeep
from app.workflows.engine.errors import NotFound, WrongState
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import own_transaction
from tests.cabinet import NOW
from tests.conftest import both

LATER = NOW + dt.timedelta(hours=1)


@pytest.fixture
def job(scene):
    """A job that nobody will touch by itself."""
    relay.drain(NOW)
    with own_transaction() as session:
        row = Job(body_id=1, name="upkeep.prune", payload={"body_id": 1}, dedupe_key="x", queue=Queue.MAINTENANCE,
                  created_at=NOW, due_at=NOW)  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def put(job_id, **values):
    with own_transaction() as session:
        session.query(Job).filter_by(id=job_id).update(values)


def state(job_id):
    db.session.rollback()
    return db.session.get_one(Job, job_id).state


def test_a_failed_job_begins_anew_with_all_its_tries(people, job):
    put(job, state=JobState.FAILED, attempts=8, last_error="OSError: nobody answers")
    jobs.retry_job(people["admin"], job, now=LATER)
    row = db.session.get_one(Job, job)
    assert (row.state, row.attempts, row.due_at) == (JobState.DUE, 0, LATER)
    assert row.last_error == "OSError: nobody answers", "until it goes well"
    assert relay.drain(LATER) == 1
    assert state(job) is JobState.DONE


def test_a_waiting_job_is_called_off_and_a_running_one_is_asked_to_stop(people, job):
    jobs.cancel_job(people["admin"], job, now=NOW)
    assert state(job) is JobState.CANCELLED
    assert relay.drain(LATER) == 0
    put(job, state=JobState.RUNNING, lease_until=LATER)
    jobs.cancel_job(people["admin"], job, now=NOW)
    row = db.session.get_one(Job, job)
    assert (row.state, row.cancel_asked) == (JobState.RUNNING, True)


@pytest.mark.parametrize(("act", "there"), [
    ("retry", JobState.DUE), ("retry", JobState.DONE), ("retry", JobState.RUNNING),
    ("cancel", JobState.DONE), ("cancel", JobState.FAILED),
])  # fmt: skip
def test_what_is_over_is_not_called_off_and_what_runs_is_not_begun_anew(people, job, act, there):
    put(job, state=there)
    with pytest.raises(WrongState):
        {"retry": jobs.retry_job, "cancel": jobs.cancel_job}[act](people["admin"], job, now=NOW)
    assert state(job) is there


@pytest.mark.parametrize("name", ["head", "clerk", "auditor", "a", "guest"])
def test_nobody_else_finds_a_job(people, job, name):
    for act in (jobs.retry_job, jobs.cancel_job):
        with pytest.raises(NotFound):
            act(people[name], job, now=NOW)


def test_both_are_written_into_the_log(people, job):
    jobs.cancel_job(people["admin"], job, now=NOW)
    jobs.retry_job(people["admin"], job, now=NOW)
    facts = db.session.scalars(select(AuditEntry.fact).where(AuditEntry.subject_type == "job").order_by(AuditEntry.id))
    assert list(facts) == ["JobCancelled", "JobRetried"]


@both
def test_the_load_of_each_queue_counts_by_state_and_names_the_oldest_that_waits(scene, job):
    admin = scene.who["admin"]
    load = {each.queue: each for each in jobs.loads(admin, LATER)}
    assert load[Queue.MAINTENANCE].counts == {JobState.DUE: 1}
    assert load[Queue.MAINTENANCE].oldest == NOW
    assert load[Queue.SIGNING].counts == {}
    assert list(load) == list(Queue)
    put(job, due_at=LATER + dt.timedelta(days=1))
    assert {each.queue: each for each in jobs.loads(admin, LATER)}[Queue.MAINTENANCE].oldest is None
    assert all(each.counts == {} for each in jobs.loads(scene.who["a"], LATER))


# -- upkeep and the nightly check -------------------------------------------------------------------------------------


@both
def test_old_finished_jobs_and_tries_are_taken_out_and_nothing_else(scene, job):
    put(job, state=JobState.DONE, done_at=NOW)
    with own_transaction() as session:
        session.add(LoginTry(username_fold="x", address="::1", at=NOW, succeeded=False))
    entries = db.session.query(AuditEntry).count()
    upkeep.prune(SYSTEM, NOW + upkeep.JOBS_KEPT)
    assert db.session.get(Job, job) is not None
    upkeep.prune(SYSTEM, NOW + upkeep.JOBS_KEPT + dt.timedelta(seconds=1))
    db.session.rollback()
    assert db.session.get(Job, job) is None
    assert db.session.query(LoginTry).filter_by(username_fold="x").count() == 0
    assert db.session.query(AuditEntry).count() == entries


def test_a_failed_job_is_kept_until_somebody_looks_at_it(scene, job):
    put(job, state=JobState.FAILED)
    upkeep.prune(SYSTEM, NOW + dt.timedelta(days=400))
    db.session.rollback()
    assert db.session.get(Job, job) is not None


def concluded():
    rows = select(AuditEntry).where(AuditEntry.fact.startswith("Integrity")).order_by(AuditEntry.id.desc())
    return db.session.scalars(rows).first()


@both
def test_the_nightly_check_finds_everything_as_it_was(scene):
    scene.open()
    poll_id = scene.open_poll().id
    scene.vote("a", poll_id, "agree")
    polls.close_poll(scene.who["secretary"], poll_id, now=NOW)
    check_tasks.integrity({"body_id": 1})
    assert (concluded().fact, concluded().payload["polls"]) == ("IntegrityChecked", 1)
    assert concluded().payload["entries"] > 5


@pytest.mark.parametrize("table", ["poll", "audit_entry"])
def test_the_nightly_check_names_what_was_changed_and_tells_the_auditor(scene, table):
    scene.open()
    poll_id = scene.open_poll().id
    scene.vote("a", poll_id, "agree")
    polls.close_poll(scene.who["secretary"], poll_id, now=NOW)
    change = {
        "poll": "UPDATE poll SET result = x'7b7d' WHERE id = 1",
        "audit_entry": "UPDATE audit_entry SET actor_id = 2 WHERE id = 3",
    }[table]
    with own_transaction() as session:
        for (trigger,) in session.execute(
            db.text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table"), {"table": table}
        ).all():
            session.execute(db.text(f"DROP TRIGGER {trigger}"))
        session.execute(db.text(change))
    check_tasks.integrity({"body_id": 1})
    assert concluded().fact == "IntegrityBroken"
    assert concluded().payload["broken"] == [{"poll": f"poll:{poll_id}", "audit_entry": "audit_entry:3"}[table]]
    relay.drain(dt.datetime.now(dt.UTC), [Queue.NOTIFY])
    assert [each.kind for each in notices.latest(scene.who["auditor"])][:1] == ["IntegrityBroken"]
    assert checks.poll_ids(1) == [poll_id]
    assert db.session.get_one(Poll, poll_id).state is PollState.CLOSED
