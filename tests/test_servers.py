"""The servers the tests start: two roles, quick copies, a crash that loses nothing, and no trace afterwards."""

import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

from tests import servers


@pytest.fixture
def filled(postgres_server):
    """A database with one table of two rows, which the application may read and write."""
    postgres_server.create_database("filled")
    with postgres_server.connect("filled", "ecab_owner") as owner:
        owner.execute("CREATE TABLE vote (id int PRIMARY KEY)")
        owner.execute("GRANT SELECT, INSERT ON vote TO ecab_app")
        owner.execute("INSERT INTO vote VALUES (1), (2)")
    yield "filled"
    postgres_server.drop_database("filled")


def votes(server, database):
    with server.connect(database, "ecab_app") as app:
        return app.execute("SELECT count(*) FROM vote").fetchone()[0]


def test_the_owner_makes_tables_and_the_application_does_not(postgres_server, filled):
    with (
        postgres_server.connect(filled, "ecab_app") as app,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="schema public"),
    ):
        app.execute("CREATE TABLE own (id int)")


def test_the_application_has_only_what_was_granted(postgres_server, filled):
    with (
        postgres_server.connect(filled, "ecab_app") as app,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="table vote"),
    ):
        app.execute("UPDATE vote SET id = 3 WHERE id = 1")


def test_a_copy_has_rows_and_can_be_dropped(postgres_server, filled):
    postgres_server.create_database("copied", template=filled)
    assert votes(postgres_server, "copied") == 2
    postgres_server.drop_database("copied")


def test_an_acknowledged_row_survives_a_crash_of_the_server(postgres_server, filled):
    with postgres_server.connect(filled, "ecab_app") as app:
        app.execute("INSERT INTO vote VALUES (3)")
    postgres_server.restart(immediate=True)
    assert votes(postgres_server, filled) == 3
    assert "was not properly shut down" in postgres_server.log.read_text()


def test_a_durable_cluster_keeps_the_safeguards_of_an_installation():
    server = servers.PostgresServer(durable=True)
    try:
        with server.connect() as connection:
            names = ("fsync", "synchronous_commit", "full_page_writes", "data_checksums")
            assert [connection.execute(f"SHOW {name}").fetchone()[0] for name in names] == ["on"] * 4
    finally:
        server.stop()
    assert not server.folder.exists()
    with pytest.raises(psycopg.OperationalError):
        server.connect()


def test_a_paused_redis_is_gone_and_comes_back_empty(redis_server):
    with redis.Redis.from_url(redis_server.url, retry=servers.AT_ONCE) as client:
        client.set("key", "value")
        redis_server.pause()
        with pytest.raises(redis.ConnectionError):
            client.ping()
        redis_server.start()
        assert client.get("key") is None


def answers(port):
    try:
        with redis.Redis(port=port, retry=servers.AT_ONCE) as client:
            return client.ping()
    except redis.ConnectionError:
        return False


def test_a_server_and_its_folder_go_with_the_run_that_started_them_even_when_that_is_killed():
    script = "from tests.servers import RedisServer; s = RedisServer(); print(s.port, s.folder, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        port, folder = run.stdout.readline().decode().split()
        assert answers(port)
        run.kill()
    deadline = time.monotonic() + 60
    while (answers(port) or Path(folder).exists()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not answers(port)
    assert not Path(folder).exists()


def test_no_port_is_given_twice(monkeypatch):
    """Also while nobody listens on the first one yet, and the lot falls on it again."""
    monkeypatch.setattr(servers.random, "sample", lambda ports, count: list(ports)[:count])
    assert len({servers.free_port() for _ in range(5)}) == 5


def test_a_missing_program_is_a_failure_that_names_the_package():
    with pytest.raises(servers.MissingProgram, match="apt-get install postgresql"):
        servers.program("no-such-program", "postgresql")
