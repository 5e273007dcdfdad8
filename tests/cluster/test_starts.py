"""Processes that serve touch no schema: four at once refuse an empty database, and start cleanly on a migrated one."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.servers import PostgresServer
from tests.web import ROOT, Web

AT_ONCE = 4
TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[str]:
    postgres_server.create_database("starts")
    yield "starts"
    postgres_server.drop_database("starts")


@pytest.fixture
def four(postgres_server: PostgresServer, database: str) -> Iterator[list[Web]]:
    """Web processes with the role that serves."""
    settings = {"ECABINET_APP_ROLE": "ecab_app", "ECABINET_DATABASE": postgres_server.url(database)}
    made = [Web(**settings) for _number in range(AT_ONCE)]
    yield made
    for web in made:
        web.stop()


def tables(server: PostgresServer) -> list[str]:
    with server.connect("starts") as connection:
        return [name for (name,) in connection.execute(TABLES)]


def test_an_empty_database_is_refused_by_all_and_left_as_it_is(postgres_server, four):
    def begin(web: Web) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, str(ROOT / "run.py")]
        return subprocess.run(
            command, env=web._environment(), cwd=web.folder, capture_output=True, text=True, timeout=120, check=False
        )

    with ThreadPoolExecutor(AT_ONCE) as pool:
        ended = list(pool.map(begin, four))
    assert [each.returncode for each in ended] == [1] * AT_ONCE
    for each in ended:
        assert "flask db upgrade" in each.stderr
        assert "Traceback" not in each.stderr
    assert tables(postgres_server) == []


def test_a_migrated_database_is_served_by_all_and_left_as_it_is(postgres_server, four):
    owner = Web(ECABINET_APP_ROLE="ecab_app", ECABINET_DATABASE=postgres_server.url("starts", "ecab_owner"))
    try:
        for command in (["db", "upgrade", "--directory", str(ROOT / "migrations")], ["sync-roles"]):
            done = owner.command(*command)
            assert done.returncode == 0, done.stderr
    finally:
        owner.stop()
    before, permissions = tables(postgres_server), permission_count(postgres_server)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda web: web.start(), four))
    assert all(web.answers() for web in four)
    assert [web.troubles() for web in four] == [[]] * AT_ONCE
    assert (tables(postgres_server), permission_count(postgres_server)) == (before, permissions)


def permission_count(server: PostgresServer) -> int:
    with server.connect("starts") as connection:
        return connection.execute("SELECT count(*) FROM ab_permission_view").fetchone()[0]
