"""RQ and Celery as real processes on a real Redis: they get numbers, and the rows decide."""

import base64
import datetime as dt
import json
import os
import re
import time
from collections.abc import Callable, Iterator

import pytest
import redis
import rq
from rq.serializers import JSONSerializer
from sqlalchemy import select

from app.extensions import celery, db
from app.models import Heartbeat, Job, JobState, Queue
from app.tasks import execution, hints, relay, worker
from app.workflows.engine import outbox
from app.workflows.engine.transaction import own_transaction
from tests.conftest import on_postgresql
from tests.servers import RedisServer
from tests.tasks.test_execution import empty_outbox
from tests.workers import Worker

__all__ = ["empty_outbox"]

pytestmark = on_postgresql
ELSEWHERE = dict.fromkeys(Queue, "celery") | {
    Queue.LIVE: "thread", Queue.SIGNING: "rq", Queue.INTERACTIVE: "rq",
}  # fmt: skip
LONGEST_LOOK = 2.0  # seconds
LOOKS = 4  # after so many, a library that waits longer each time would be seen to
HELD_UP = 30.0  # seconds: a library that tries again and again takes minutes
CHECK, PRUNE = "checks.integrity", "upkeep.prune"  # one of each queueing library


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis that a test may stop and wipe."""
    server = RedisServer()
    yield server
    server.stop()


@pytest.fixture
def production(app, own_redis, monkeypatch) -> Iterator[Callable[[str], Worker]]:
    """The application as in production, and workers of each kind on demand."""
    for name, value in (("REDIS_URL", own_redis.url), ("TASK_RUNNERS", ELSEWHERE)):
        monkeypatch.setitem(app.config, name, value)
    for name in ("_rest_until", "_asked_at"):
        monkeypatch.setattr(hints, name, 0.0)
    monkeypatch.setattr(hints, "SECONDS", 30.0)  # of a Redis that is there: how busy the machine is is no subject
    celery.conf.update(app.config["CELERY"])
    database, started = app.config["SQLALCHEMY_DATABASE_URI"], []

    def begin(kind: str) -> Worker:
        started.append(Worker(kind, database, own_redis.url).start())
        return started[-1]

    yield begin
    for each in started:
        each.stop()


def put(name: str, *numbers: int, payload: object = None) -> None:
    with own_transaction() as session:
        for number in numbers:
            now = dt.datetime.now(dt.UTC)
            row = outbox.job_for(1, name, {"body_id": 1}, f"{name}:{number}", now)
            row.payload = row.payload if payload is None else payload
            session.add(row)


def states(name: str) -> list[JobState]:
    db.session.rollback()
    return list(db.session.scalars(select(Job.state).where(Job.name == name).order_by(Job.id)))


def until(done: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def hand_over() -> int:
    return relay.hand_over(dt.datetime.now(dt.UTC))


def travelling(kind: str, server: RedisServer) -> list[tuple[tuple[object, ...], dict[str, object]]]:
    """What a worker would be told, message by message: its arguments by place and by name."""
    with redis.Redis(port=server.port) as client:
        if kind == "rq":
            queue = rq.Queue("signing", connection=client, serializer=JSONSerializer)
            return [(tuple(each.args), each.kwargs) for each in queue.jobs]
        bodies = [json.loads(each)["body"] for each in reversed(client.lrange("ecabinet:maintenance", 0, -1))]
        told = [json.loads(base64.b64decode(body)) for body in bodies]
        return [(tuple(arguments), names) for arguments, names, _about in told]


@pytest.mark.parametrize(("kind", "name"), [("rq", CHECK), ("celery", PRUNE)])
def test_a_worker_gets_a_number_and_does_what_the_row_says(production, own_redis, kind, name):
    put(name, 1, 2)
    assert hand_over() == 2
    numbers = db.session.scalars(select(Job.id).where(Job.name == name).order_by(Job.id)).all()
    db.session.rollback()
    assert travelling(kind, own_redis) == [((number,), {}) for number in numbers], "only the number travels"
    production(kind)
    until(lambda: states(name) == [JobState.DONE] * 2)
    job = db.session.scalars(select(Job).where(Job.name == name)).first()
    assert (job.attempts, job.last_error) == (1, "")
    assert job.worker.split(":")[-2] != str(os.getpid())


@pytest.mark.parametrize(("name", "held_in"), [(CHECK, "rq:queue:signing"), (PRUNE, "ecabinet:maintenance")])
def test_a_queue_without_a_worker_is_told_again_only_when_it_holds_nothing(
    production, own_redis, monkeypatch, name, held_in
):
    """Otherwise the hints of a night without a worker would fill Redis, which the screens need."""
    monkeypatch.setattr(hints, "ASKED_EVERY", 0.0)
    later = dt.datetime.now(dt.UTC) + 2 * relay.HINT_LASTS
    put(name, 1)
    assert hand_over() == 1
    with redis.Redis(port=own_redis.port) as client:
        assert relay.hand_over(later) == 0
        assert client.llen(held_in) == 1
        client.delete(held_in)  # as a worker does that takes them along and dies
    assert relay.hand_over(later) == 1


@pytest.mark.parametrize(("kind", "name"), [("rq", CHECK), ("celery", PRUNE)])
def test_redis_that_forgets_everything_loses_nothing(production, own_redis, kind, name):
    put(name, 1)
    told = dt.datetime.now(dt.UTC)
    assert relay.hand_over(told) == 1
    own_redis.pause()  # kill and forget: nothing of it is on the disk
    own_redis.start()
    production(kind)
    until(lambda: relay.hand_over(told) == 1)  # Redis forgot, not time passed
    until(lambda: states(name) == [JobState.DONE])


def looked_often(running: Worker) -> bool:
    """By themselves both queueing libraries wait longer each time, up to half a minute and more."""
    until(lambda: len(waits(running)) >= LOOKS)
    return max(waits(running)) <= LONGEST_LOOK


def waits(running: Worker) -> list[float]:
    """Between two looks of a worker whether Redis is back, as it says."""
    return [float(seconds) for seconds in re.findall(r"(?:retrying|Trying again) in ([\d.]+) ", running.said())]


@pytest.mark.fault
@pytest.mark.parametrize(("kind", "name"), [("rq", CHECK), ("celery", PRUNE)])
def test_work_goes_on_soon_after_redis_is_back(production, own_redis, kind, name):
    running = production(kind)
    put(name, 1)
    assert hand_over() == 1
    until(lambda: states(name) == [JobState.DONE])
    own_redis.pause()
    put(name, 2)
    assert looked_often(running), running.said()
    own_redis.start()
    until(lambda: (hand_over(), states(name))[1] == [JobState.DONE] * 2)


def test_without_redis_the_rows_wait_and_nobody_is_held_up(production, own_redis, monkeypatch):
    own_redis.pause()
    put(CHECK, 1)
    put(PRUNE, 1)
    began = time.monotonic()
    assert hand_over() == 0
    assert time.monotonic() - began < HELD_UP
    own_redis.start()

    def both() -> bool:
        monkeypatch.setattr(hints, "_rest_until", 0.0)
        hand_over()
        return db.session.scalar(select(Job.id).where(Job.handed_at.is_(None), Job.name.in_((CHECK, PRUNE)))) is None

    until(both)


def test_poisoned_messages_are_refused_and_logged_and_the_queue_moves_on(production, own_redis):
    queue = rq.Queue("signing", connection=redis.Redis(port=own_redis.port), serializer=JSONSerializer)
    marker = f"/tmp/ecab-poison-{os.getpid()}"  # noqa: S108 - it must never come to be
    queue.enqueue_call("os.system", args=(f"touch {marker}",))
    queue.enqueue_call(hints.RUN, args=("1; DROP TABLE job",))
    queue.enqueue_call(hints.RUN, args=(1, 2))
    queue.enqueue_call(hints.RUN, args=(2**40,))
    with redis.Redis(port=own_redis.port) as client:
        client.rpush("rq:queue:signing", b"\xff\xfe no job")
    put(CHECK, 1)
    hand_over()
    running = production("rq")
    until(lambda: states(CHECK) == [JobState.DONE])
    assert not os.path.exists(marker), "a message of a queue is never believed"
    assert running.said().count("is no hint and was dropped") == 3
    assert "could not be read and was dropped" in running.said()


def test_poisoned_messages_of_celery_are_refused_and_logged(production, own_redis):
    wrong = [(hints.CELERY_RUN, ("x",)), (hints.CELERY_RUN, (1, 2)), ("os.system", ("true",)), (hints.CELERY_RUN, ())]
    for name, arguments in wrong:
        with celery.connection_for_write(own_redis.url) as line:
            celery.send_task(name, args=arguments, queue="maintenance", connection=line, ignore_result=True)
    pickled = {
        "body": "gASVAAAA", "content-encoding": "binary", "content-type": "application/x-python-serialize",
        "headers": {"task": hints.CELERY_RUN, "id": "1"},
        "properties": {"delivery_tag": "1", "delivery_info": {}, "body_encoding": "base64"},
    }  # fmt: skip
    with redis.Redis(port=own_redis.port) as client:
        client.lpush("ecabinet:maintenance", json.dumps(pickled))
    put(PRUNE, 1)
    hand_over()
    running = production("celery")
    until(lambda: states(PRUNE) == [JobState.DONE])
    assert running.said().count("was refused") >= 3
    assert "os.system" in running.said(), "an unknown task is named in the log"


@pytest.mark.parametrize("hint", ["1", 1.0, True, None, [1], {"id": 1}, 0, -1, 2**31])
def test_a_hint_that_is_no_job_number_is_refused(app, hint, caplog):
    assert worker.run(hint) is False
    assert "refused" in caplog.text


def test_hints_twice_and_late_do_nothing(app):
    put(PRUNE, 1)
    number = db.session.scalar(select(Job.id).where(Job.name == PRUNE))
    db.session.rollback()
    assert worker.run(number) is True
    assert worker.run(number) is False
    assert db.session.get(Job, number).attempts == 1


@pytest.mark.fault
def test_a_worker_that_died_with_a_job_loses_it_to_another_after_the_lease(production, monkeypatch):
    """The row is what another worker finds when the lease is over, whatever the queue believes."""
    put(CHECK, 1)
    hand_over()
    first = production("rq")
    until(lambda: states(CHECK) == [JobState.DONE])
    change = {"state": JobState.RUNNING, "lease_until": dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30)}
    with own_transaction() as session:  # as it was a moment before the end
        session.query(Job).filter_by(name=CHECK).update(change | {"done_at": None, "worker": "the one that died"})
    first.kill()
    assert hand_over() == 0, "its lease is running"
    later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=61)
    number = db.session.scalar(select(Job.id).where(Job.name == CHECK))
    db.session.rollback()
    assert relay.hand_over(later) == 1
    assert execution.run_job(number, later) is True
    assert (states(CHECK), db.session.get(Job, number).attempts) == ([JobState.DONE], 2)


def test_beat_and_a_worker_keep_the_calendar(production):
    production("celery")
    production("beat")
    until(lambda: db.session.rollback() or db.session.get(Heartbeat, "celery") is not None)
    planned = select(Job.name).where(Job.dedupe_key.like(f"{PRUNE}:1:%"))
    found = db.session.scalar(planned)
    local = dt.datetime.now(dt.timezone(dt.timedelta(hours=7)))
    if local.time() < dt.time(2, 30):
        assert found is None, "not before its time"
    else:
        until(lambda: db.session.rollback() or db.session.scalar(planned) is not None)
        until(lambda: JobState.DONE in states(PRUNE))


@pytest.mark.fault
def test_the_calendar_goes_on_soon_after_redis_is_back(production, own_redis):
    running, _beat = production("celery"), production("beat")

    def ticks() -> int:
        return running.said().count("Task ecabinet.tick[")

    until(lambda: ticks() > 0)
    own_redis.pause()
    assert looked_often(running), running.said()
    before = ticks()
    own_redis.start()
    until(lambda: ticks() > before + 2)
