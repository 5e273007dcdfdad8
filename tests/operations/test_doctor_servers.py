"""The doctor asks real servers: PostgreSQL, Redis, RQ, Celery and the signer, sound and unsound."""

import datetime as dt
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from app.doctor import background, clocks, data, disks, keys, messages, roles
from app.extensions import db
from app.models import Body, Heartbeat, Job, JobState
from app.workflows.engine.transaction import own_transaction
from tests.conftest import DATABASE, both, on_postgresql
from tests.operations.levels import levels, words
from tests.servers import Account, Process, RedisServer, free_port
from tests.signer.process import SignerProcess

ROOT = Path(__file__).parents[2]


# -- the database -----------------------------------------------------------------------------------------------------


@both
def test_tables_of_another_version_are_found(app, request):
    assert levels(data.reachable) == {"database.revision": "ok"}
    _as_owner(request, "UPDATE alembic_version SET version_num = '0001'")
    assert levels(data.reachable) == {"database.revision": "error"}
    _as_owner(request, "DROP TABLE alembic_version")
    assert levels(data.reachable) == {"database.answers": "error"}


@both
def test_sqlite_is_told(app):
    level = "ok" if db.engine.dialect.name == "postgresql" else "warning"
    assert levels(data.kind) == {"database.kind": level}


@both
def test_settings_that_could_lose_a_ballot_are_found(app):
    """The fast cluster of the tests gives up safeguards on purpose; a sound one is in tests/test_durability.py."""
    expected = {"database.durable": "ok"}
    if db.engine.dialect.name == "postgresql":
        expected = dict.fromkeys(("database.fsync", "database.full_page_writes", "database.data_checksums"), "error")
    assert levels(data.durable) == expected


@on_postgresql
def test_the_role_that_serves_owns_nothing_and_changes_no_ballot(app):
    assert levels(data.owner) == {"database.role": "ok"}
    assert levels(data.grants) == {"database.grants": "ok"}


@on_postgresql
@pytest.mark.parametrize("role", ["postgres", "ecab_owner"])
def test_a_role_that_could_switch_off_the_guards_is_found(app, monkeypatch, postgres_server, role):
    engine = create_engine(postgres_server.url(DATABASE, role), poolclass=NullPool)
    monkeypatch.setattr(type(db), "engine", property(lambda _self: engine))
    assert levels(data.owner) == {"database.role": "error"}
    assert levels(data.grants) == {"database.grants": "error"}


@on_postgresql
@pytest.mark.parametrize(
    "grant",
    ["GRANT UPDATE ON ballot TO ecab_app", "GRANT DELETE ON signed_statement TO ecab_app",
     "GRANT TRUNCATE ON audit_entry TO ecab_app", "GRANT TRIGGER ON poll_leaf TO ecab_app",
     "GRANT UPDATE (choice) ON ballot TO ecab_app", "REVOKE INSERT ON ballot FROM ecab_app"],
)  # fmt: skip
def test_a_right_too_many_or_too_few_is_found(app, request, grant):
    _as_owner(request, grant)
    assert levels(data.grants) == {"database.grants": "error"}
    assert grant.split()[-3] in words(data.grants)


@on_postgresql
def test_a_role_that_may_make_tables_is_found(app, request, postgres_server):
    with postgres_server.connect(DATABASE) as connection:
        connection.execute("GRANT CREATE ON SCHEMA public TO ecab_app")
    try:
        assert levels(data.owner) == {"database.role": "error"}
    finally:
        with postgres_server.connect(DATABASE) as connection:
            connection.execute("REVOKE CREATE ON SCHEMA public FROM ecab_app")


@both
def test_a_guard_that_is_gone_or_asleep_is_found(app, request):
    assert levels(data.guards) == {"database.guards": "ok"}
    on_postgres = db.engine.dialect.name == "postgresql"
    sleeps = "ALTER TABLE ballot DISABLE TRIGGER ballot_insert_only" if on_postgres else "DROP TRIGGER ballot_no_UPDATE"
    _as_owner(request, sleeps)
    assert levels(data.guards) == {"database.guards": "error"}
    assert "ballot_" in words(data.guards)


@on_postgresql
def test_the_clock_of_the_database_is_compared_and_its_size_told(app):
    assert levels(clocks.database) == {"clock.database": "ok"}
    assert levels(disks.database) == {"disk.database": "ok"}


def _as_owner(request, statement):
    """Change a table as its owner: the serving role may not. The next test has a fresh database."""
    if db.engine.dialect.name == "sqlite":
        with db.engine.begin() as connection:
            connection.execute(text(statement))
        return
    with request.getfixturevalue("postgres_server").connect(DATABASE, "ecab_owner") as connection:
        connection.execute(statement)


# -- roles ------------------------------------------------------------------------------------------------------------


@both
def test_roles_that_differ_from_the_program_are_found(app):
    assert levels(roles.in_step) == {"roles": "ok"}
    manager = app.appbuilder.sm
    role = manager.find_role("khach")
    role.permissions.append(manager.find_role("quan_tri").permissions[0])
    db.session.commit()
    assert levels(roles.in_step) == {"roles": "error"}
    assert "khach" in words(roles.in_step)


def test_a_role_that_is_missing_is_found(app, monkeypatch):
    monkeypatch.setitem(roles.SCREENS, "moi", {("can_list", "PersonRecords")})
    assert levels(roles.in_step) == {"roles": "error"}


def test_somebody_with_the_role_for_everything_is_found(app):
    assert levels(roles.break_glass) == {"roles.admin": "ok"}
    manager = app.appbuilder.sm
    clerk = manager.find_user("clerk")
    clerk.roles.append(manager.add_role(manager.auth_role_admin))
    db.session.commit()
    assert levels(roles.break_glass) == {"roles.admin": "error"}


# -- Redis ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def closed_redis():
    """As it should be: nobody without a password, a user of its own without the rights of an administrator."""
    server = RedisServer()
    with redis.Redis(port=server.port) as client:
        client.config_set("requirepass", "p" * 32)
    with redis.Redis(port=server.port, password="p" * 32) as client:
        client.acl_setuser("ecabinet", enabled=True, passwords=["+" + "w" * 32], commands=["+@all", "-@admin"],
                           keys=["*"], channels=["*"])  # fmt: skip
        yield server, client
    server.stop()


@pytest.fixture
def sound(app, monkeypatch, closed_redis):
    url = f"redis://ecabinet:{'w' * 32}@127.0.0.1:{closed_redis[0].port}/0"
    monkeypatch.setitem(app.config, "REDIS_URL", url)
    return closed_redis[1]


@pytest.fixture
def unsound(app, monkeypatch, redis_server):
    """As it comes out of the box, and a production that uses it so."""
    monkeypatch.setitem(app.config, "REDIS_URL", redis_server.url)
    monkeypatch.setitem(app.config, "PRODUCTION", True)


def test_a_redis_that_is_closed_has_nothing_to_be_found(sound):
    assert levels(messages.answers) == {"redis.answers": "ok"}
    assert levels(messages.closed) == {"redis.password": "ok"}
    assert levels(messages.account) == {"redis.account": "ok"}
    assert levels(messages.address) == {"redis.address": "ok"}
    assert levels(messages.memory) == {"redis.memory": "ok"}


def test_a_redis_out_of_the_box_is_found(unsound):
    assert levels(messages.closed) == {"redis.password": "error"}
    assert levels(messages.account) == {"redis.account": "warning"}


def test_a_redis_that_drops_messages_is_found(sound):
    sound.config_set("maxmemory-policy", "allkeys-lru")
    try:
        assert levels(messages.memory) == {"redis.memory": "error"}
    finally:
        sound.config_set("maxmemory-policy", "noeviction")


def test_a_user_that_may_change_redis_itself_is_found(sound):
    sound.acl_setuser("ecabinet", enabled=True, commands=["+@all"])
    try:
        assert levels(messages.account) == {"redis.account": "warning"}
    finally:
        sound.acl_setuser("ecabinet", enabled=True, commands=["+@all", "-@admin"])


def test_a_user_that_may_not_look_is_told_what_to_allow(sound):
    sound.acl_setuser("ecabinet", enabled=True, commands=["-info"])
    try:
        assert levels(messages.memory) == {"redis.memory": "warning"}
    finally:
        sound.acl_setuser("ecabinet", enabled=True, commands=["+info"])


def test_a_redis_for_the_whole_network_is_found(app, monkeypatch, sound):
    listening = app.config["REDIS_URL"].rpartition(":")[2].partition("/")[0]
    monkeypatch.setattr(messages, "own_address", lambda: "127.0.0.1")  # as if that were our place in the network
    assert levels(messages.address) == {"redis.address": "warning"}
    for url, level in (
        (f"redis://redis.vn:{listening}/0", "warning"), (f"rediss://redis.vn:{listening}/0", "ok"),
    ):  # fmt: skip
        monkeypatch.setitem(app.config, "REDIS_URL", url)
        assert levels(messages.address) == {"redis.address": level}


def test_a_redis_that_is_away_is_found_and_none_is_only_told(app, monkeypatch):
    monkeypatch.setitem(app.config, "REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")
    assert levels(messages.answers) == {"redis.answers": "error"}
    monkeypatch.setitem(app.config, "REDIS_URL", "")
    assert levels(messages.answers) == {"redis.answers": "ok"}
    monkeypatch.setitem(app.config, "PRODUCTION", True)
    assert levels(messages.answers) == {"redis.answers": "warning"}
    for check in (messages.closed, messages.account, messages.address, messages.memory):
        assert levels(check) == {}


def test_a_wrong_password_is_found(app, monkeypatch, closed_redis):
    monkeypatch.setitem(app.config, "REDIS_URL", f"redis://ecabinet:wrong@127.0.0.1:{closed_redis[0].port}/0")
    assert levels(messages.answers) == {"redis.answers": "error"}


# -- the background ---------------------------------------------------------------------------------------------------


class Worker(Process):
    """A worker of a library on our Redis, with nothing of the application in it."""

    def __init__(self, label: str, command: list[str], says: str, hears: Callable[[], bool] = lambda: True) -> None:
        super().__init__(label, Account(None, None))
        self._launch(command, lambda: says in self.log.read_text() and hears())

    def _environment(self):
        return super()._environment() | {"PYTHONPATH": str(ROOT), "C_FORCE_ROOT": "1"}


def subscribed(client: redis.Redis) -> bool:
    """Whether a worker of Celery hears questions: it says that it is ready before it does."""
    return client.pubsub_numpat() > 0


@pytest.fixture
def queues(app, monkeypatch, redis_server):
    """Nobody has left a worker there: one that was killed is believed to live for some minutes."""
    with redis.Redis(port=redis_server.port) as client:
        client.flushdb()
    monkeypatch.setattr(background, "SECONDS", 8.0)
    runners = {"live": "thread", "signing": "rq", "interactive": "rq", "schedule": "celery", "digest": "celery"}
    monkeypatch.setitem(app.config, "TASK_RUNNERS", runners)
    monkeypatch.setitem(app.config, "REDIS_URL", redis_server.url)
    return redis_server


def test_without_workers_nobody_works_on_the_queues(queues):
    assert levels(background.rq_workers) == {"workers.rq": "error"}
    assert levels(background.celery_workers) == {"workers.celery": "error"}
    assert "interactive, signing" in words(background.rq_workers)


def test_where_everything_is_in_threads_no_worker_is_asked_for(app):
    assert levels(background.rq_workers) == levels(background.celery_workers) == {}


def test_a_queue_that_no_rq_worker_serves_is_found(queues):
    rq = [sys.executable, "-m", "rq.cli", "worker", "--url", queues.url, "-S", "rq.serializers.JSONSerializer"]
    first = Worker("rq", [*rq, "signing"], "Listening on")
    try:
        assert levels(background.rq_workers) == {"workers.rq": "error"}
        assert "signing" not in words(background.rq_workers).replace("interactive", "")
        second = Worker("rq", [*rq, "interactive", "signing"], "Listening on")
        try:
            assert levels(background.rq_workers) == {"workers.rq": "ok"}
        finally:
            second.stop()
    finally:
        first.stop()


@pytest.mark.parametrize(("served", "level"), [("schedule,digest", "ok"), ("schedule", "error")])
def test_a_queue_that_no_celery_worker_serves_is_found(queues, served, level):
    celery = [sys.executable, "-m", "celery", "-A", "tests.operations.worker", "-b", queues.url, "worker"]
    options = ["-P", "solo", "-l", "INFO", "--without-gossip", "--without-mingle", "-Q", served]
    with redis.Redis(port=queues.port) as client:
        worker = Worker("celery", [*celery, *options], "ready.", lambda: subscribed(client))
    try:
        assert levels(background.celery_workers) == {"workers.celery": level}
    finally:
        worker.stop()


def test_the_user_that_the_handbook_gives_to_redis_is_enough_for_workers(app, sound, queues, monkeypatch, closed_redis):
    url = f"redis://ecabinet:{'w' * 32}@127.0.0.1:{closed_redis[0].port}/0"
    monkeypatch.setitem(app.config, "REDIS_URL", url)
    rq = [sys.executable, "-m", "rq.cli", "worker", "--url", url, "-S", "rq.serializers.JSONSerializer"]
    celery = [sys.executable, "-m", "celery", "-A", "tests.operations.worker", "-b", url, "worker", "-P", "solo"]
    workers = [Worker("rq", [*rq, "signing", "interactive"], "Listening on")]
    try:
        options = ["-l", "INFO", "-Q", "schedule,digest"]
        workers.append(Worker("celery", [*celery, *options], "ready.", lambda: subscribed(sound)))
        assert levels(background.rq_workers) == {"workers.rq": "ok"}
        assert levels(background.celery_workers) == {"workers.celery": "ok"}
    finally:
        for worker in workers:
            worker.stop()


@both
def test_a_part_that_has_stopped_is_found(app, now):
    parts = ("beats.clock", "beats.relay:live")
    db.session.query(Heartbeat).delete()
    db.session.commit()
    assert levels(background.beats) == dict.fromkeys(parts, "error")
    with own_transaction() as session:
        session.add_all([Heartbeat(name="clock", at=now), Heartbeat(name="relay:live", at=now)])
    assert levels(background.beats) == dict.fromkeys(parts, "ok")
    with own_transaction() as session:
        session.get_one(Heartbeat, "clock").at = now - dt.timedelta(minutes=2)
    assert levels(background.beats) == {"beats.clock": "error", "beats.relay:live": "ok"}


def test_a_production_has_a_calendar_too(app, queues, now):
    with own_transaction() as session:
        session.merge(Heartbeat(name="celery", at=now))
    assert levels(background.beats)["beats.celery"] == "ok"


@both
def test_jobs_that_wait_or_were_given_up_are_found(app, now):
    db.session.query(Job).delete()
    db.session.commit()
    assert levels(background.jobs) == {"jobs.waiting": "ok", "jobs.failed": "ok"}
    body_id = db.session.query(Body.id).first().id
    for number, (state, minutes) in enumerate(
        [(JobState.DUE, 9), (JobState.FAILED, 60), (JobState.FAILED, 60 * 24 * 9)]
    ):
        with own_transaction() as session:
            session.add(
                Job(body_id=body_id, name="x", payload={}, dedupe_key=f"{number}", state=state, created_at=now,
                    due_at=now - dt.timedelta(minutes=minutes))
            )  # fmt: skip
    assert levels(background.jobs) == {"jobs.waiting": "warning", "jobs.failed": "warning"}
    assert "1 " in words(background.jobs)  # the other is older than a week


# -- the signer -------------------------------------------------------------------------------------------------------


def test_a_signer_that_does_not_answer_is_found(app, monkeypatch):
    signer = SignerProcess().start()
    try:
        monkeypatch.setitem(app.config, "SIGNER_SOCKET", str(signer.socket))
        assert levels(keys.signer) == {"signer": "ok"}
        signer.halt()
        assert levels(keys.signer) == {"signer": "error"}
    finally:
        signer.stop()
