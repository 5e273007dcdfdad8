"""Ten thousand people are told something, one job each: how many jobs a second, for each runner.

A job reads what is to be told to whom, hands it to an SMS gateway on this machine that accepts at once, and writes
down that it did. The workers are those of a production, one process each. Beside them runs the bare queue: RQ and
Celery as they come, with a function that does nothing; and for the threads of an embedded installation rows of the
same shape, claimed and marked by plain SQL with nothing done in between.
"""

import datetime as dt
import os
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import redis
import rq
from flask import Flask
from flask_migrate import upgrade
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer

from app import create_app
from app.commands import sync_roles
from app.extensions import celery, db
from app.gateways import channels, storage
from app.gateways.sms import Gateway
from app.models import Queue
from app.tasks import relay
from app.workflows.engine import outbox
from benchmarks import empty, empty_celery, stage
from benchmarks.measure import Row, alternate, seconds
from benchmarks.messages import Counter, People, Program
from tests import cabinet
from tests.conftest import SETTINGS, settings_of_gateways
from tests.servers import PostgresServer, RedisServer
from tests.workers import COMMANDS, READY, Worker

MOST = int(os.environ.get("ECABINET_BENCH_JOBS", "10000"))
FEW, ROUNDS = MOST // 40, 3  # a round of ten thousand takes minutes and is run once
PATIENCE = 1800.0  # seconds for a round
RUNNERS = dict.fromkeys(Queue, "celery") | {Queue.LIVE: "thread", Queue.INTERACTIVE: "rq"}
QUEUE_OF = {"RQ": Queue.INTERACTIVE, "Celery": Queue.NOTIFY}  # the RQ worker keeps to what people wait for
CELERY = COMMANDS["celery"]
OURS = CELERY[CELERY.index("-Q") + 1]
BARE = {
    "RQ": ["-m", "rq.cli", "worker", empty_celery.QUEUE, "--serializer", "rq.serializers.JSONSerializer", "--url"],
    "Celery": [{"app.celery_app": empty_celery.__name__, OURS: empty_celery.QUEUE}.get(part, part) for part in CELERY],
}
CLAIM = "SELECT id, name, payload FROM bare WHERE state = 'due' AND due_at <= ? ORDER BY due_at, id LIMIT 1"
TAKE = "UPDATE bare SET state = 'running', lease_until = ?, attempts = attempts + 1, worker = 'x' WHERE id = ?"
MARK = "UPDATE bare SET state = 'done', done_at = ?, lease_until = NULL WHERE id = ? AND state = 'running'"


def measure() -> list[Row]:
    """Two rows for each runner."""
    rows = []
    for runners in (_threads, _workers):  # each has a database, and so keys of messages, of its own
        counter = Counter()
        try:
            rows += runners(counter)
        finally:
            channels.use(channels.Channels())
            counter.stop()
    return rows


def _compare(how: str, anchor: str, ours: Callable[[int], float], bare: Callable[[int], float]) -> list[Row]:
    """A row for few messages and one for all of them."""
    return [
        alternate(
            Row(f"{count:,} messages, {how}", "jobs/s", anchor, "higher"),
            lambda count=count: ours(count), lambda count=count: bare(count), rounds,  # type: ignore[misc]
        )
        for count, rounds in ((FEW, ROUNDS), (MOST, 1))
    ]  # fmt: skip


# -- the threads of an embedded installation --------------------------------------------------------------------------


def _threads(counter: Counter) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="ecab-bench-") as folder, embedded(Path(folder)):
        channels.use(channels.Channels(sms=Gateway(counter.address, "")))
        people, database = People(MOST, counter), Path(folder) / "ecabinet.db"

        def ours(count: int) -> float:
            return people.send(count, Queue.NOTIFY, lambda: relay.drain(dt.datetime.now(dt.UTC), [Queue.NOTIFY]))

        return _compare(
            "the thread of an embedded installation, SQLite", "the same rows claimed and marked by bare SQL", ours,
            lambda count: _bare_rows(database, count),
        )  # fmt: skip


@contextmanager
def embedded(folder: Path) -> Iterator[Flask]:
    """The small cabinet on SQLite."""
    settings = {**SETTINGS, **settings_of_gateways(folder), "STORE": storage.MemoryStorage()}
    application = create_app(**settings, SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder / 'ecabinet.db'}")
    with application.app_context():
        upgrade(directory="migrations")
        sync_roles()
        cabinet.build(application)
        db.session.remove()
        yield application
        db.session.remove()
        db.engine.dispose()


def _bare_rows(database: Path, count: int) -> float:
    """Two commits per row, each on the disk before the next, as in the application."""
    now = dt.datetime.now(dt.UTC).isoformat()
    with closing(sqlite3.connect(database, isolation_level=None)) as line:
        line.execute("PRAGMA synchronous = FULL")
        line.execute("DROP TABLE IF EXISTS bare")
        line.execute("CREATE TABLE bare AS SELECT * FROM job ORDER BY id DESC LIMIT ?", [count])
        line.execute("UPDATE bare SET state = 'due', due_at = ?", [now])
        line.execute("CREATE UNIQUE INDEX bare_id ON bare (id)")
        line.execute("CREATE INDEX bare_due ON bare (state, due_at, id)")

        def work() -> None:
            for _each in range(count):
                line.execute("BEGIN IMMEDIATE")
                number = line.execute(CLAIM, [now]).fetchone()[0]
                line.execute(TAKE, [now, number])
                line.execute("COMMIT")
                line.execute(MARK, [now, number])

        return count / seconds(work)


# -- the workers of a production --------------------------------------------------------------------------------------


def _workers(counter: Counter) -> list[Row]:
    with ExitStack() as stack:
        there = RedisServer()
        stack.callback(there.stop)
        application, server, database = stack.enter_context(stage.on_postgresql())
        application.config.update(REDIS_URL=there.url, TASK_RUNNERS=RUNNERS)
        celery.conf.update(application.config["CELERY"], broker_url=there.url)
        people = People(MOST, counter)
        return [row for kind in QUEUE_OF for row in _worker(kind, application, server, database, there, people)]


def _worker(
    kind: str, application: Flask, server: PostgresServer, database: str, there: RedisServer, people: People
) -> list[Row]:
    ours = Worker(kind.lower(), server.url(database), there.url, ECABINET_SMS_URL=people.counter.address)
    bare = Program(f"bare-{kind.lower()}", ECABINET_REDIS=there.url)
    try:
        ours.start()
        more = [there.url] if kind == "RQ" else []
        bare.start([sys.executable, *BARE[kind], *more], lambda said: READY[kind.lower()] in said)
        return _compare(
            f"one {kind} worker, PostgreSQL", f"{kind} as it comes, one worker, an empty function",
            lambda count: people.send(count, QUEUE_OF[kind], lambda: _relayed(application, people)),
            lambda count: count / seconds(lambda: BARE_ROUNDS[kind](there, count)),
        )  # fmt: skip
    finally:
        ours.stop()
        bare.stop()


def _relayed(application: Flask, people: People) -> None:
    """The relay of a web process hands over until the last job is done."""
    stop = threading.Event()
    thread = threading.Thread(target=relay.run_forever, args=(application, stop, (Queue.LIVE,)))
    thread.start()
    try:
        _until(people.all_done)
    finally:
        stop.set()
        outbox.wake.set()
        thread.join()


def _bare_rq(there: RedisServer, count: int) -> None:
    with redis.Redis(port=there.port) as line:
        queue = rq.Queue(empty_celery.QUEUE, connection=line, serializer=JSONSerializer)
        for number in range(count):
            queue.enqueue_call(empty.nothing, args=(number,), result_ttl=0)
        _until(lambda: queue.count + StartedJobRegistry(queue=queue).count == 0)


def _bare_celery(there: RedisServer, count: int) -> None:
    app = empty_celery.app
    with redis.Redis(port=there.port) as line, app.connection_for_write(there.url) as broker:
        for number in range(count):
            app.send_task(empty_celery.nothing.name, args=(number,), connection=broker, ignore_result=True)
        _until(lambda: line.llen(empty_celery.QUEUE) + line.hlen("unacked") == 0)


BARE_ROUNDS = {"RQ": _bare_rq, "Celery": _bare_celery}


def _until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError("the jobs were not done in time")
        time.sleep(0.05)
