"""The life of a job: once, again after a failure, never in the way of others, and two workers side by side."""

import datetime as dt
import threading
from unittest.mock import Mock

import pytest
from sqlalchemy import event, select, text, update

from app.extensions import db
from app.models import AuditEntry, Job, JobState, Queue
from app.realtime import announcing
from app.realtime.publishing import Away
from app.tasks import execution, progress
from app.tasks.execution import LEASE, LONGEST_WAIT, MOST_ATTEMPTS, drain
from app.workflows.engine import outbox
from app.workflows.engine.transaction import fact_of, own_transaction
from tests.cabinet import NOW
from tests.conftest import both, on_postgresql
from tests.faults.production import until

ENOUGH = 60.0  # seconds for what takes milliseconds
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


class Heard:
    """A handler that writes down what it was told, and fails as often as it is asked to."""

    def __init__(self) -> None:
        self.told: list[int] = []
        self.fail = 0

    def __call__(self, payload):
        self.told.append(payload["n"])
        if self.fail:
            self.fail -= 1
            raise OSError("nobody answers")


@pytest.fixture
def heard(app, monkeypatch):
    handler = Heard()
    monkeypatch.setitem(outbox.tasks, "test.hear", outbox.Task("test.hear", Queue.LIVE, handler, {"n": int}))
    return handler


def waiting(name: str, n: object, due_at: dt.datetime = NOW, **fields: object) -> Job:
    key = f"{name}:{n}"
    return Job(body_id=1, name=name, payload={"n": n}, dedupe_key=key, created_at=NOW, due_at=due_at, **fields)


def put(*numbers: int, name: str = "test.hear", due_at: dt.datetime = NOW) -> None:
    with own_transaction() as session:
        for n in numbers:
            session.add(waiting(name, n, due_at))


def job(n: int = 1, name: str = "test.hear") -> Job:
    db.session.rollback()
    return db.session.scalars(select(Job).where(Job.dedupe_key == f"{name}:{n}")).one()


def others_done() -> None:
    """Jobs that the filled database brought along are none of these tests' business."""
    with own_transaction() as session:
        for waiting in session.scalars(select(Job)):
            waiting.state, waiting.done_at = JobState.DONE, NOW


@pytest.fixture(autouse=True)
def empty_outbox(app):
    others_done()


@both
def test_a_job_is_handled_once(heard):
    put(1, 2, 3)
    assert drain(NOW) == 3
    assert drain(NOW + dt.timedelta(hours=1)) == 0
    assert heard.told == [1, 2, 3]
    assert (job().state, job().done_at, job().attempts) == (JobState.DONE, NOW, 1)


def test_a_job_whose_time_has_not_come_waits(heard):
    put(1, due_at=NOW + dt.timedelta(minutes=1))
    assert drain(NOW) == 0
    assert drain(NOW + dt.timedelta(minutes=1)) == 1


@both
def test_a_turn_that_is_over_ends_between_two_jobs_and_keeps_none_waiting_in_its_hands(heard):
    put(1, 2)
    with own_transaction() as session:
        session.execute(update(Job).where(Job.name == "test.hear").values(queue=Queue.NOTIFY))
    assert drain(NOW, [Queue.NOTIFY], seconds=0) == 1
    assert [(job(n).state, job(n).attempts) for n in (1, 2)] == [(JobState.DONE, 1), (JobState.DUE, 0)]
    assert drain(NOW, [Queue.NOTIFY]) == 1


@both
def test_a_failed_job_is_tried_again_later_and_keeps_its_reason(heard, caplog):
    heard.fail = 1
    put(1)
    assert drain(NOW) == 0
    assert (job().state, job().last_error) == (JobState.DUE, "OSError: nobody answers")
    assert drain(NOW) == 0, "not before its time"
    assert drain(NOW + dt.timedelta(seconds=2)) == 1
    assert (job().state, job().last_error, job().attempts) == (JobState.DONE, "", 2)


def test_a_poisoned_job_never_stops_the_others_and_fails_for_good_at_last(heard, caplog):
    put(1, name="test.unknown")
    put(2, 3)
    assert drain(NOW) == 2
    assert heard.told == [2, 3]
    poisoned = job(name="test.unknown")
    assert (poisoned.state, poisoned.attempts) == (JobState.FAILED, 1), "trying again would not make it right"
    assert poisoned.last_error == "WrongArguments: there is no task test.unknown"
    assert "is refused" in caplog.text


def test_a_job_that_raises_for_ever_ends_as_failed_and_keeps_its_reason(heard, caplog):
    heard.fail = 100
    put(1)
    now = NOW
    for _ in range(MOST_ATTEMPTS + 3):
        drain(now)
        now += LONGEST_WAIT
    put(2)
    heard.fail = 0
    assert drain(now) == 1, "the queue moves on"
    assert (job().state, job().attempts) == (JobState.FAILED, MOST_ATTEMPTS)
    assert job().last_error == "OSError: nobody answers"


@both
def test_an_error_in_characters_that_no_database_keeps_is_kept_all_the_same(heard, monkeypatch):
    def raise_it(_payload):
        raise ValueError("a\0b\ud800")

    odd = outbox.Task("test.hear", Queue.LIVE, raise_it, {"n": int})
    monkeypatch.setitem(outbox.tasks, "test.hear", odd)
    monkeypatch.setattr(execution, "log", Mock())  # nor could the processes of a test run tell each other
    put(1)
    drain(NOW)
    assert (job().state, job().last_error) == (JobState.DUE, "ValueError: a\N{REPLACEMENT CHARACTER}b?")


def test_however_long_redis_is_away_what_is_to_be_told_is_told_in_the_end(heard, monkeypatch):
    here = []

    def tell(payload):
        if not here:
            raise Away("Redis did not answer")
        heard(payload)

    monkeypatch.setitem(outbox.tasks, "test.hear", outbox.Task("test.hear", Queue.LIVE, tell, {"n": int}))
    put(1)
    for minute in range(60):
        assert drain(NOW + dt.timedelta(minutes=minute)) == 0
    assert (job().state, job().attempts, job().last_error) == (JobState.DUE, 0, "Redis did not answer")
    here.append(True)
    assert drain(NOW + dt.timedelta(hours=1)) == 1
    assert heard.told == [1]


class Watch:
    """A clock that only moves when somebody works."""

    def __init__(self) -> None:
        self.shows = 0.0

    def monotonic(self) -> float:
        return self.shows


def test_a_long_queue_is_worked_off_by_the_time_that_it_is(app, monkeypatch):
    """The last job of many is claimed, and marked, when it is its turn: not when the first one was."""
    watch, leases = Watch(), []

    def work(_payload):
        watch.shows += 20
        leases.append(db.session.scalars(select(Job.lease_until).where(Job.state == JobState.RUNNING)).one())

    monkeypatch.setattr(execution, "time", watch)
    monkeypatch.setitem(outbox.tasks, "test.hear", outbox.Task("test.hear", Queue.NOTIFY, work, {"n": int}))
    with own_transaction() as session:
        session.add_all([waiting("test.hear", n, queue=Queue.NOTIFY) for n in range(3)])
    assert drain(NOW, [Queue.NOTIFY]) == 3
    began = [NOW + dt.timedelta(seconds=20 * n) for n in range(3)]
    assert leases == [at + LEASE for at in began]
    assert [job(n).done_at for n in range(3)] == [at + dt.timedelta(seconds=20) for at in began]


@pytest.mark.parametrize("wrong", [{}, {"n": "1"}, {"n": True}, {"n": 1, "m": 2}, {"m": 1}, [1], None, {"n": None}])
def test_arguments_of_another_shape_are_refused_and_logged(heard, caplog, wrong):
    with own_transaction() as session:
        bad = waiting("test.hear", 1)
        bad.payload = wrong
        session.add(bad)
    assert drain(NOW) == 0
    assert heard.told == []
    assert (job().state, job().attempts) == (JobState.FAILED, 1)
    with pytest.raises(outbox.WrongArguments):
        outbox.job_for(1, "test.hear", wrong, "another", NOW)


def test_an_argument_names_something_and_carries_nothing(heard, monkeypatch):
    task = outbox.Task("test.word", Queue.LIVE, heard, {"word": str})
    task.check({"word": "x" * outbox.LONGEST_TEXT})
    with pytest.raises(outbox.WrongArguments):
        task.check({"word": "x" * (outbox.LONGEST_TEXT + 1)})


def test_a_handler_that_leaves_changes_behind_harms_nobody(app, heard, monkeypatch, caplog):
    def dirty(payload):
        db.session.add(waiting("left", "behind"))

    monkeypatch.setitem(outbox.tasks, "test.dirty", outbox.Task("test.dirty", Queue.LIVE, dirty, {"n": int}))
    put(1, name="test.dirty")
    put(2)
    assert drain(NOW) == 2
    assert db.session.scalar(select(Job).where(Job.dedupe_key == "left:behind")) is None


@both
def test_a_relay_that_died_loses_its_job_to_another_after_the_lease(heard):
    put(1)
    assert [claimed.payload["n"] for claimed in execution.claim(NOW)] == [1]  # and here it died
    assert drain(NOW + dt.timedelta(seconds=29)) == 0
    assert drain(NOW + LEASE) == 1
    assert (job().state, job().attempts) == (JobState.DONE, 2)


def test_a_relay_that_comes_back_late_does_not_undo_what_the_other_did(heard):
    put(1)
    late = execution.claim(NOW)
    drain(NOW + LEASE)
    execution._mark([(late[0], execution._again(late[0], OSError("too late")))])
    assert (job().state, job().last_error) == (JobState.DONE, "")


@both
def test_two_relays_side_by_side_tell_everything_exactly_once(app, heard):
    put(*range(100))
    start = threading.Barrier(2)
    counts: list[int] = []

    def work() -> None:
        with app.app_context():
            start.wait()
            counts.append(drain(NOW))

    db.session.remove()
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(heard.told) == list(range(100))
    assert sum(counts) == 100


@on_postgresql
def test_a_hint_that_comes_while_it_is_still_written_down_is_not_lost(app, heard):
    """The queue is quicker than the transaction in which the relay notes that it was told."""
    others_done()
    put(1)
    number, handled = job().id, []

    def work():
        with app.app_context():
            handled.append(execution.run_job(number, NOW))

    worker = threading.Thread(target=work)
    with own_transaction() as session:
        session.execute(update(Job).where(Job.id == number).values(handed_at=NOW))
        worker.start()
        until(lambda: session.scalar(text(WAITING)) == 1, "it did not wait")
        assert worker.is_alive()
    worker.join(ENOUGH)
    assert handled == [True]


@on_postgresql
def test_two_workers_with_the_same_hint_handle_it_once(app, heard):
    others_done()
    put(1)
    number, handled = job().id, []

    def work():
        with app.app_context():
            handled.append(execution.run_job(number, NOW))

    workers = [threading.Thread(target=work) for _ in range(4)]
    with own_transaction() as session:
        session.execute(update(Job).where(Job.id == number).values(handed_at=NOW))
        for worker in workers:
            worker.start()
        until(lambda: session.scalar(text(WAITING)) == len(workers), "they do not wait")
    for worker in workers:
        worker.join(ENOUGH)
    assert sorted(handled) == [False, False, False, True]
    assert heard.told == [1]


def test_a_job_that_kills_its_worker_again_and_again_is_given_up(heard, caplog):
    put(1)
    now = NOW
    for _ in range(MOST_ATTEMPTS):
        assert len(execution.claim(now)) == 1  # and here the worker dies
        now += LEASE
    assert execution.claim(now) == []
    assert (job().state, job().last_error) == (
        JobState.FAILED, "the worker ended in the middle of it, again and again",
    )  # fmt: skip


def test_a_job_that_was_called_off_before_it_began_does_not_begin(heard):
    with own_transaction() as session:
        session.add(waiting("test.hear", 1, cancel_asked=True))
    assert drain(NOW) == 0
    assert heard.told == []
    assert (job().state, job().done_at) == (JobState.CANCELLED, NOW)


@pytest.fixture
def counting(app, monkeypatch):
    """A long job of ten parts; what happens between the parts is up to the test."""
    done: list[int] = []
    between: list = []

    def count(_payload):
        for part in range(1, 11):
            done.append(part)
            for step in between:
                step(part)
            progress.report(part, 10)

    monkeypatch.setattr(progress, "EVERY", 0.0)
    monkeypatch.setitem(outbox.tasks, "test.hear", outbox.Task("test.hear", Queue.DIGEST, count, {"n": int}))
    return done, between


def change(**values: object) -> None:
    with own_transaction() as session:
        session.execute(update(Job).where(Job.dedupe_key == "test.hear:1").values(**values))


@both
def test_a_long_job_says_how_far_it_is_and_keeps_its_lease(counting):
    done, between = counting
    seen = []
    between.append(lambda part: seen.append((job().progress_done, job().progress_total)))
    put(1)
    began = dt.datetime.now(dt.UTC)
    assert drain(NOW) == 1
    assert seen == [(0, 0), *((part, 10) for part in range(1, 10))]
    assert (job().progress_done, job().progress_total, job().state) == (10, 10, JobState.DONE)
    assert done == list(range(1, 11))
    between[:] = [lambda part: part == 3 and change(lease_until=began)]
    change(state=JobState.DUE, lease_until=None)
    assert drain(NOW) == 1, "a report renews the lease"


def test_a_long_job_goes_on_while_nobody_can_be_told_how_far_it_is(counting, monkeypatch):
    def nobody(*_args):
        raise Away("Redis did not answer")

    monkeypatch.setattr(announcing, "to_jobs", nobody)
    put(1)
    assert drain(NOW) == 1
    assert counting[0] == list(range(1, 11))
    assert job().progress_done == 10


def test_a_long_job_stops_when_somebody_asks_to(counting):
    done, between = counting
    between.append(lambda part: part == 4 and change(cancel_asked=True))
    put(1)
    assert drain(NOW) == 0
    assert done == [1, 2, 3, 4]
    assert (job().state, job().progress_done) == (JobState.CANCELLED, 4)


def test_a_worker_whose_job_was_taken_over_ends_without_a_word(counting, caplog):
    done, between = counting
    between.append(lambda part: part == 2 and change(attempts=Job.attempts + 1))
    put(1)
    assert drain(NOW) == 0
    assert done == [1, 2]
    assert job().state is JobState.RUNNING, "the other one marks it"
    assert "taken over" in caplog.text


def test_outside_a_job_progress_is_nobodys_business(app):
    assert progress.report(1, 2) is None


@pytest.fixture
def told(app, monkeypatch):
    """The facts that a task was told."""
    facts: list[dict[str, object]] = []
    hear = lambda job: facts.append(fact_of(job["audit_entry_id"]))  # noqa: E731
    monkeypatch.setitem(outbox.tasks, "test.fact", outbox.Task("test.fact", Queue.LIVE, hear, {"audit_entry_id": int}))
    return facts


def test_what_a_batch_is_told_is_read_in_one_statement_and_marked_in_one(told):
    asked = []
    numbers = db.session.scalars(select(AuditEntry.id).order_by(AuditEntry.id).limit(3)).all()
    expected = [fact_of(number) for number in numbers]
    facts("test.fact", *numbers)
    event.listen(db.engine, "before_cursor_execute", hear := lambda _c, _u, said, *_: asked.append(said))
    try:
        assert drain(NOW, [Queue.LIVE]) == 3
    finally:
        event.remove(db.engine, "before_cursor_execute", hear)
    assert told == expected
    assert len([said for said in asked if "FROM audit_entry" in said]) == 1
    assert len([said for said in asked if said.startswith("UPDATE job")]) == 2  # taken, done


def test_a_fact_that_is_missing_fails_alone(told):
    known = db.session.scalar(select(AuditEntry.id).limit(1))
    facts("test.fact", known, 10**9)
    assert drain(NOW, [Queue.LIVE]) == 1
    assert [fact["audit_entry_id"] for fact in told] == [known]
    assert "NoResultFound" in job(10**9, "test.fact").last_error


def facts(name: str, *numbers: int) -> None:
    with own_transaction() as session:
        for number in numbers:
            told = waiting(name, number)
            told.payload = {"audit_entry_id": number}
            session.add(told)
