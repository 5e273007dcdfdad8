"""A worker of RQ is killed over a dossier that somebody waits for: the next one makes it, whole, and once.

By kill -9 while it packs, or when the dossier is written down and its job is not; the worker with its child, or the
child alone. In the full run the lease of the dead ends by itself; otherwise it is brought forward.
"""

import datetime as dt
import hashlib
import io
import os
import signal
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import and_, select, update

from app.extensions import db
from app.gateways import storage
from app.models import AuditEntry, DocumentKind, Export, Job, JobState, Queue
from app.tasks import execution, hints, relay
from app.tasks.execution import LEASE
from app.workflows import documents, exports
from app.workflows.engine.rights import SYSTEM
from app.workflows.engine.transaction import own_transaction
from app.workflows.exports import Stage
from tests import workers
from tests.conftest import Scene, on_postgresql
from tests.faults.doomed import HELD, NOTE
from tests.faults.held_rq import MADE, PACKING
from tests.faults.production import until
from tests.gateways.upload_corpus import paper
from tests.servers import RedisServer
from tests.web import full
from tests.workers import Worker, family

pytestmark = [pytest.mark.fault, on_postgresql]

REPEATS = 2 if full() else 1  # of four deaths, each with a lease of half a minute
WORKER, CHILD = "worker", "child"
DEATHS = [(PACKING, WORKER), (MADE, CHILD)]
OTHER_DEATHS = [(PACKING, CHILD), (MADE, WORKER)]


class Waiting:
    """A member who has asked for the dossier of a session, and everything that has come of it."""

    def __init__(self, folder: Path) -> None:
        self.var, self.scene = folder, Scene()
        for number, title in enumerate(("Tờ trình", "Báo cáo thẩm định", "Bản thuyết minh"), start=1):
            self._add_paper(title, f"Nội dung {number}")
        self.scene.invite()
        with own_transaction() as session:  # what the invitation brought about is another test's business
            session.execute(update(Job).values(state=JobState.DONE))
        self.who = self.scene.who["a"]
        self.export_id = exports.ask_export(self.who, self.scene.meeting_id, dt.datetime.now(dt.UTC)).id

    def _add_paper(self, title: str, text: str) -> None:
        clerk, scene = self.scene.who["clerk"], self.scene
        document = documents.add_paper(clerk, scene.item_id, title, DocumentKind.REPORT, now=scene.now)
        documents.add_version(clerk, document.id, "a.pdf", io.BytesIO(paper(text)), now=scene.now)

    @property
    def export(self) -> Export:
        db.session.rollback()
        return db.session.get_one(Export, self.export_id, populate_existing=True)

    @property
    def stage(self) -> Stage:
        """What the member is shown."""
        return exports.stage(self.export)

    @property
    def is_over(self) -> bool:
        job = self.export.job
        return job is None or job.state in (JobState.DONE, JobState.FAILED)

    def lease_is_over(self) -> None:
        """As half a minute later."""
        with own_transaction() as session:
            over = dt.datetime.now(dt.UTC)
            session.execute(update(Job).where(Job.state == JobState.RUNNING).values(lease_until=over))

    def check(self) -> None:
        """Made in the second try, written down once, whole, as anybody's; and no torso beside it."""
        export = self.export
        assert export.job is not None
        assert (export.job.state, export.job.attempts, export.job.last_error) == (JobState.DONE, 2, "")
        told = db.session.scalars(select(AuditEntry.fact).where(AuditEntry.fact.startswith("Dossier"))).all()
        assert told == ["DossierAsked", "DossierMade"]
        files = self._opened()
        sums = dict(reversed(line.split("  ")) for line in files.read("SHA256SUMS").decode().splitlines())
        assert sums == {name: hashlib.sha256(files.read(name)).hexdigest() for name in sums}
        assert set(sums) == set(files.namelist()) - {"SHA256SUMS"}
        self._check_store()

    def _opened(self) -> zipfile.ZipFile:
        _export, content = exports.open_export(self.who, self.export_id, dt.datetime.now(dt.UTC))
        with content:
            return zipfile.ZipFile(io.BytesIO(content.read()))

    def _check_store(self) -> None:
        """The three papers and the dossier, which is byte for byte the one that another member gets."""
        stored = {path.name for path in (self.var / "documents").rglob("*") if path.is_file()}
        assert len(stored) == 4
        other = exports.ask_export(self.scene.who["b"], self.scene.meeting_id, dt.datetime.now(dt.UTC))
        exports.make_export(SYSTEM, other.id, dt.datetime.now(dt.UTC))
        assert db.session.get_one(Export, other.id).file_sha256 == self.export.file_sha256
        assert self.export.file_sha256 in stored


@pytest.fixture
def waiting(app, tmp_path) -> Waiting:
    storage.use(storage.at("", tmp_path / "documents"))  # `app` gives the next test its own
    return Waiting(tmp_path)


@pytest.fixture
def begin(app, redis_server: RedisServer, tmp_path, monkeypatch) -> Iterator[Callable[[], Worker]]:
    """One more worker; the application hands over to it as in a production."""
    runners = dict.fromkeys(Queue, "thread") | {Queue.INTERACTIVE: "rq"}
    for name, value in (("REDIS_URL", redis_server.url), ("TASK_RUNNERS", runners)):
        monkeypatch.setitem(app.config, name, value)
    monkeypatch.setattr(hints, "_rest_until", 0.0)
    monkeypatch.setitem(workers.COMMANDS, "rq", ["-m", "tests.faults.held_rq", Queue.INTERACTIVE])
    started: list[Worker] = []

    def start() -> Worker:
        database = app.config["SQLALCHEMY_DATABASE_URI"]
        started.append(Worker("rq", database, redis_server.url, ECABINET_VAR=str(tmp_path)).start())
        return started[-1]

    yield start
    for each in started:
        each.stop()


def hand_over() -> int:
    return relay.hand_over(dt.datetime.now(dt.UTC))


def kill_the_child(worker: Worker) -> None:
    """As the kernel does when memory runs out; the worker itself lives."""
    assert worker._process is not None
    _leash, _worker, child = family(worker._process.pid)
    os.kill(child, signal.SIGKILL)


@pytest.mark.parametrize("_repeat", range(REPEATS))
@pytest.mark.parametrize(("moment", "whom"), DEATHS + OTHER_DEATHS if full() else DEATHS)
def test_the_next_worker_makes_the_dossier_that_a_killed_one_had_in_hand(waiting, begin, moment, whom, _repeat):
    (waiting.var / NOTE).write_text(moment)
    first = begin()
    assert hand_over() == 1
    until((waiting.var / HELD).exists)
    kill_the_child(first) if whom == CHILD else first.kill()
    (waiting.var / HELD).unlink()
    assert hand_over() == 0, "its lease is running"
    assert waiting.stage is (Stage.MADE if moment == MADE else Stage.MAKING)
    if whom == WORKER:
        begin()
    if not full():
        waiting.lease_is_over()
    until(lambda: hand_over() == 1, "nobody was told that the lease is over", LEASE.total_seconds() + 5)
    until(lambda: waiting.is_over)
    waiting.check()


def test_without_leases_nobody_takes_over(waiting, begin, monkeypatch):
    """Negative control: what is running stays with whoever had it, and the oracle finds the member still waiting."""
    now = dt.datetime.now(dt.UTC)
    assert len(execution.claim(now, [Queue.INTERACTIVE])) == 1  # and here it died
    later = now + LEASE
    with monkeypatch.context() as unguarded:
        waits = and_(Job.state == JobState.DUE, Job.due_at <= later)
        unguarded.setattr(relay, "due", lambda _now: waits)
        assert relay.hand_over(later) == 0
        with pytest.raises(AssertionError):
            waiting.check()
    assert relay.hand_over(later) == 1


def test_a_dossier_that_is_made_twice_is_noticed(waiting):
    """Negative control: had the first worker not written down that it is made, the second would say it again."""
    now = dt.datetime.now(dt.UTC)
    [job] = execution.claim(now, [Queue.INTERACTIVE])
    exports.make_export(SYSTEM, waiting.export_id, now)  # and here it died
    with own_transaction() as session:
        session.execute(update(Export).values(made_at=None))
    assert execution.run_job(job.id, now + LEASE)
    with pytest.raises(AssertionError, match="DossierMade"):
        waiting.check()
