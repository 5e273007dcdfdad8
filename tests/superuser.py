"""Whoever holds the database server: no trigger, no foreign key and no right stops what he runs."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

import pytest

from app.extensions import db


@contextmanager
def as_superuser(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Runs a statement on the database of the application under test; on SQLite its triggers are gone afterwards."""
    if db.engine.dialect.name == "sqlite":
        connection: Any = sqlite3.connect(unquote(str(db.engine.url.database)), isolation_level=None)  # no foreign keys
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
    else:
        server = request.getfixturevalue("postgres_server")
        connection = server.connect(db.engine.url.database, autocommit=True)
        connection.execute("SET session_replication_role = replica")
    try:
        yield connection.execute
    finally:
        connection.close()
