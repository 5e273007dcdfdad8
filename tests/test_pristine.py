"""What a test did to its PostgreSQL database is gone for the next one: rows, sequences, triggers, rights."""

import subprocess

import pytest

from tests.pristine import Pristine
from tests.servers import program

TABLES = (
    "CREATE TABLE body (id serial PRIMARY KEY, name text UNIQUE)",
    "CREATE TABLE person (id serial PRIMARY KEY, body_id int NOT NULL REFERENCES body, name text)",
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'never changed'; END $$",
    "CREATE TRIGGER person_stays BEFORE DELETE OR UPDATE ON person FOR EACH ROW EXECUTE FUNCTION refuse()",
    "INSERT INTO body (name) VALUES ('Chính phủ'), (E'hai\\tdòng\\n\\\\')",
    "INSERT INTO person (body_id, name) VALUES (1, 'Một'), (2, NULL)",
)


@pytest.fixture(scope="module")
def filled(postgres_server):
    postgres_server.create_database("pristine_template")
    with postgres_server.connect("pristine_template", "ecab_owner") as connection:
        for statement in TABLES:
            connection.execute(statement)
    yield "pristine_template"
    postgres_server.drop_database("pristine_template")


@pytest.fixture
def pristine(postgres_server, filled):
    made = Pristine(postgres_server, "pristine", filled)
    assert not made.restore()
    yield made
    postgres_server.drop_database("pristine")


@pytest.fixture
def written(postgres_server):
    """All that a dump tells of the database."""

    def dump() -> list[str]:
        command = [
            program("pg_dump", "postgresql"), "--host=127.0.0.1", f"--port={postgres_server.port}",
            "--username=postgres", "pristine",
        ]  # fmt: skip
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        return [line for line in told if not line.startswith(("\\restrict", "\\unrestrict"))]

    return dump


def test_rows_and_sequences_are_put_back_past_triggers_and_keys(postgres_server, pristine, written):
    before = written()
    with postgres_server.connect("pristine") as connection:
        connection.execute("INSERT INTO body (name) VALUES ('ba'), ('bốn')")
        connection.execute("INSERT INTO person (body_id, name) VALUES (3, 'Ba')")
        connection.execute("UPDATE body SET name = 'khác' WHERE id = 1")
    assert written() != before
    assert pristine.restore()
    assert written() == before


@pytest.mark.parametrize(
    "change",
    [
        "DROP TRIGGER person_stays ON person",
        "ALTER TABLE person DISABLE TRIGGER ALL",
        "ALTER TABLE body DROP CONSTRAINT body_name_key CASCADE",
        "ALTER TABLE person ALTER name SET DEFAULT 'x'",
        "CREATE TABLE extra ()",
        "CREATE INDEX late ON person (name)",
        "GRANT SELECT ON person TO ecab_app",
        "ALTER DATABASE pristine SET timezone = 'UTC'",
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
    ],
)
def test_a_changed_schema_is_copied_anew(postgres_server, pristine, written, change):
    before = written()
    with postgres_server.connect("pristine") as connection:
        connection.execute(change)
    assert not pristine.restore()
    assert written() == before


def test_whoever_is_still_connected_and_holds_a_lock_is_sent_away(postgres_server, pristine, written):
    before = written()
    left = postgres_server.connect("pristine", "ecab_owner", autocommit=False)
    left.execute("LOCK TABLE body")
    left.execute("INSERT INTO body (name) VALUES ('ba')")
    assert pristine.restore()
    assert written() == before
    left.close()
