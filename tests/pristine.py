"""A PostgreSQL database that each test finds as it was made: its rows are put back, a changed schema is copied anew."""

from typing import NamedTuple

import psycopg
from psycopg import sql

from tests.servers import PostgresServer

# Whatever changes a table, a constraint, a trigger, a right or a setting leaves a newer row in one of these.
CATALOGUES = (
    "pg_class", "pg_attribute", "pg_constraint", "pg_trigger", "pg_proc", "pg_index", "pg_policy", "pg_namespace",
    "pg_type", "pg_attrdef", "pg_default_acl", "pg_rewrite", "pg_event_trigger", "pg_extension", "pg_db_role_setting",
)  # fmt: skip
SCHEMA = sql.SQL(" UNION ALL ").join(
    sql.SQL("SELECT {} AS name, count(*), max(xmin::text::bigint) FROM {}").format(
        sql.Literal(catalogue), sql.Identifier(catalogue)
    )
    for catalogue in CATALOGUES
)
TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname"
SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"
ALONE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> {}"


class Content(NamedTuple):
    """The rows of every table, as COPY writes them, and the last value of every sequence, None for an unused one."""

    rows: dict[str, bytes]
    sequences: dict[str, int | None]


class Pristine:
    """The database `name`, made as a copy of `template`; `restore` sends away whoever is connected to it."""

    def __init__(self, server: PostgresServer, name: str, template: str) -> None:
        self._server, self._name, self._template = server, name, template
        self._schema: list[tuple[object, ...]] = []
        self._content = Content({}, {})

    def restore(self) -> bool:
        """Put it back; whether the rows alone were enough."""
        if self._schema:
            with self._server.connect(self._name) as connection:
                connection.execute(sql.SQL(ALONE).format(connection.info.backend_pid))
                if connection.execute(SCHEMA).fetchall() == self._schema:
                    self._put_back(connection)
                    return True
        self._server.drop_database(self._name)
        self._server.create_database(self._name, self._template)
        with self._server.connect(self._name) as connection:
            self._schema = connection.execute(SCHEMA).fetchall()
            self._content = _content(connection)
        return False

    def _put_back(self, connection: psycopg.Connection) -> None:
        """Past every trigger and foreign key, which were satisfied when these rows were written."""
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
            deletes = [sql.SQL("DELETE FROM {}").format(sql.Identifier(table)) for table in self._content.rows]
            connection.execute(sql.SQL("; ").join(deletes))
            for table, rows in self._content.rows.items():
                if rows:
                    with connection.cursor().copy(_copy(table, "FROM STDIN")) as copy:
                        copy.write(rows)
            values = [
                sql.SQL("SELECT setval({}, {}, {})").format(name, last or 1, last is not None)
                for name, last in self._content.sequences.items()
            ]
            connection.execute(sql.SQL("; ").join(values))


def _content(connection: psycopg.Connection) -> Content:
    rows = {}
    for (table,) in connection.execute(TABLES).fetchall():
        with connection.cursor().copy(_copy(table, "TO STDOUT")) as copy:
            rows[table] = b"".join(bytes(part) for part in copy)
    return Content(rows, dict(connection.execute(SEQUENCES).fetchall()))


def _copy(table: str, direction: str) -> sql.Composed:
    return sql.SQL("COPY {} {}").format(sql.Identifier(table), sql.SQL(direction))
