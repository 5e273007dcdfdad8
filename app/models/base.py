"""Column types, and what the database itself holds: insert-only tables, foreign keys, one writer at a time."""

import datetime as dt
import sqlite3
from enum import StrEnum

from sqlalchemy import Connection, DateTime, Engine, Enum, event
from sqlalchemy.types import TypeDecorator


class UTC(TypeDecorator[dt.datetime]):
    """An aware UTC datetime; a naive value is refused on the way in."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: object) -> dt.datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("naive datetime")
        return value and value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, dialect: object) -> dt.datetime | None:
        return value.replace(tzinfo=dt.UTC) if value and value.tzinfo is None else value


def named(enum_class: type[StrEnum], check: str = "") -> Enum:
    """Store the enum's value as text with a CHECK, so that SQL reads like the code.

    `check` names the constraint where a table has two columns of the same enum.
    """
    return Enum(
        enum_class,
        name=check or enum_class.__name__.lower(),
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda e: [m.value for m in e],
    )


# -- insert-only and sealed rows ------------------------------------------------------------------------------------
# app/models/guards.py says which tables; the migrations run these statements, and every database is made by them.

SQLITE_INSERT_ONLY = """CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}
    BEGIN SELECT RAISE(ABORT, 'insert-only: {table}'); END"""
SQLITE_SEALED = """CREATE TRIGGER {table}_sealed_{verb} BEFORE {verb} ON {table} WHEN {condition}
    BEGIN SELECT RAISE(ABORT, 'sealed: {table}'); END"""
POSTGRES_FUNCTIONS = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'insert-only: %', TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation'; END $$;
CREATE OR REPLACE FUNCTION refuse_sealed() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'sealed: %', TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation'; END $$"""
POSTGRES_INSERT_ONLY = """CREATE TRIGGER {table}_insert_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION refuse_change()"""
POSTGRES_NO_TRUNCATE = """CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"""
POSTGRES_SEALED = """CREATE TRIGGER {table}_sealed_{verb} BEFORE {verb} ON {table}
    FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION refuse_sealed()"""


SQLITE_PART = """CREATE TRIGGER {table}_part_{verb} BEFORE {verb} ON {table}
    WHEN EXISTS (SELECT 1 FROM {whole} WHERE id IN ({keys}) AND definition IS NOT NULL)
    BEGIN SELECT RAISE(ABORT, 'sealed: {table}'); END"""
POSTGRES_PART = """CREATE TRIGGER {table}_part BEFORE INSERT OR UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION refuse_part_of_{whole}()"""
POSTGRES_PART_FUNCTION = """CREATE OR REPLACE FUNCTION refuse_part_of_{whole}() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN
    IF TG_OP <> 'INSERT' AND EXISTS (SELECT 1 FROM {whole} WHERE id = OLD.{whole}_id AND definition IS NOT NULL)
    OR TG_OP <> 'DELETE' AND EXISTS (SELECT 1 FROM {whole} WHERE id = NEW.{whole}_id AND definition IS NOT NULL)
    THEN RAISE EXCEPTION 'sealed: %', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW; END $$"""


def insert_only_ddl(table: str, dialect: str) -> list[str]:
    """The statements that make a table insert-only on a dialect ("sqlite" or "postgresql")."""
    if dialect == "sqlite":
        return [SQLITE_INSERT_ONLY.format(table=table, verb=verb) for verb in ("UPDATE", "DELETE")]
    return [POSTGRES_INSERT_ONLY.format(table=table), POSTGRES_NO_TRUNCATE.format(table=table)]


def sealed_ddl(table: str, verb: str, condition: str, dialect: str) -> list[str]:
    """The statement that refuses UPDATE or DELETE of the rows that fulfil a condition on OLD (and NEW)."""
    template = SQLITE_SEALED if dialect == "sqlite" else POSTGRES_SEALED
    return [template.format(table=table, verb=verb, condition=condition)]


def part_ddl(table: str, whole: str, dialect: str) -> list[str]:
    """The statements that refuse every change of a table's rows once the row they belong to has its definition."""
    if dialect == "postgresql":
        return [POSTGRES_PART.format(table=table, whole=whole)]
    keys = {"INSERT": "NEW.{0}_id", "UPDATE": "OLD.{0}_id, NEW.{0}_id", "DELETE": "OLD.{0}_id"}
    return [
        SQLITE_PART.format(table=table, whole=whole, verb=verb, keys=key.format(whole)) for verb, key in keys.items()
    ]


SQLITE_PRAGMAS = (
    "foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000",
    "recursive_triggers=ON",  # else INSERT OR REPLACE removes a row without asking the triggers above
)  # fmt: skip


@event.listens_for(Engine, "connect")
def _sqlite_settings(connection: object, _record: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = None  # we say BEGIN ourselves, below
        for pragma in SQLITE_PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _sqlite_begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
