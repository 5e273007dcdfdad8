"""The settings without which an acknowledged ballot could be lost are looked at, and a wrong one is found."""

import pytest
from sqlalchemy import create_engine, text

from app.durability import Finding, durability
from app.extensions import db
from tests.servers import PostgresServer

DATABASE = "durability"


@pytest.fixture(scope="module")
def durable():
    server = PostgresServer(durable=True)
    server.create_database(DATABASE)
    yield server
    server.stop()


def found_at(address: str) -> dict[str, Finding]:
    engine = create_engine(address)
    try:
        with engine.connect() as connection:
            return {finding.code: finding for finding in durability(connection)}
    finally:
        engine.dispose()


def wrong(findings: dict[str, Finding]) -> set[str]:
    return {code for code, finding in findings.items() if not finding.ok}


def test_our_own_sqlite_connections_are_durable(app):
    with db.engine.connect() as connection:
        assert [finding for finding in durability(connection) if not finding.ok] == []


@pytest.mark.parametrize("pragma", ["synchronous=NORMAL", "foreign_keys=OFF", "recursive_triggers=OFF",
                                    "ignore_check_constraints=ON"])  # fmt: skip
def test_a_careless_sqlite_connection_is_found(app, pragma):
    with db.engine.connect() as connection:
        connection.rollback()
        raw = connection.connection.driver_connection
        raw.execute(f"PRAGMA {pragma}")
        assert [finding.code for finding in durability(connection) if not finding.ok] == [pragma.partition("=")[0]]
        connection.invalidate()


def test_sqlite_without_its_log_is_found(tmp_path):
    raw = create_engine(f"sqlite:///{tmp_path / 'plain.db'}")
    with raw.connect() as connection:
        connection.rollback()
        connection.connection.driver_connection.execute("PRAGMA journal_mode=DELETE")
        assert {finding.code: finding.found for finding in durability(connection)}["journal_mode"] == "delete"
    raw.dispose()


def test_the_serving_role_can_see_that_a_cluster_with_its_safeguards_is_durable(durable):
    findings = found_at(durable.url(DATABASE))
    assert wrong(findings) == set()
    assert {"fsync", "synchronous_commit", "full_page_writes", "data_checksums"} <= set(findings)


def test_a_cluster_without_safeguards_is_found_setting_by_setting(postgres_server):
    assert wrong(found_at(postgres_server.url("postgres", "postgres"))) == {
        "fsync",
        "full_page_writes",
        "data_checksums",
    }
    assert found_at(postgres_server.url("postgres", "postgres"))["fsync"] == Finding("fsync", False, "off", "on")


@pytest.mark.parametrize("value", ["off", "local"])
def test_what_the_address_or_the_role_overrides_counts(durable, value):
    by_address = f"{durable.url(DATABASE)}?options=-csynchronous_commit%3D{value}"
    assert wrong(found_at(by_address)) == ({"synchronous_commit"} if value == "off" else set())
    durable.execute(f"ALTER ROLE ecab_app SET synchronous_commit = '{value}'")
    try:
        assert wrong(found_at(durable.url(DATABASE))) == ({"synchronous_commit"} if value == "off" else set())
    finally:
        durable.execute("ALTER ROLE ecab_app RESET synchronous_commit")


def test_sleeping_triggers_are_found(durable):
    engine = create_engine(durable.url(DATABASE, "postgres"))
    with engine.connect() as connection:
        connection.execute(text("SET session_replication_role = replica"))
        assert [finding.code for finding in durability(connection) if not finding.ok] == ["session_replication_role"]
    engine.dispose()
