"""Decides how a SQLite database is saved and brought back: by its own online backup, in one snapshot."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine

from app import installation
from app.backup.errors import Broken
from app.backup.files import Written, measure
from app.backup.progress import Report

PAGES = 4096  # copied between two reports
STEP = "database"
MARK = f"CREATE TABLE {installation.UNFINISHED} (since TEXT)"


def dump(connection: Connection, path: Path, report: Report) -> Written:
    """Copy the snapshot that the connection's transaction sees; others go on writing meanwhile."""
    source = connection.connection.driver_connection
    assert isinstance(source, sqlite3.Connection)  # noqa: S101 - chosen by the dialect
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(path)) as target:
        source.backup(target, pages=PAGES, progress=lambda _status, left, all_: report(STEP, all_ - left, all_))
        target.execute("PRAGMA journal_mode=DELETE")  # one file, complete in itself
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return measure(path)


def load(engine: Engine, path: Path, report: Report) -> None:
    """Fill the empty database with the saved one and the mark of an unfinished restore, all or nothing."""
    draft = _draft(engine)
    try:
        _discard(draft)
        with _private(draft) as marked:
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as saved:
                saved.backup(marked)
            marked.execute(MARK)
            marked.commit()
            _into(engine, marked, report)
    finally:
        _discard(draft)


def clear(engine: Engine) -> None:
    """Empty a database that only an unfinished restore has filled."""
    with closing(sqlite3.connect(":memory:")) as nothing:
        nothing.execute(MARK)
        nothing.commit()
        _into(engine, nothing, lambda *_: None)


def prepare(connection: Connection) -> None:
    """Nothing beforehand: the mark comes with the data."""


@contextmanager
def alone(engine: Engine) -> Iterator[None]:
    """One restore at a time into this database; Broken while another one runs."""
    folder = os.open(Path(str(engine.url.database)).parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Broken("another restore into this database is running") from None
    finally:
        os.close(folder)


def faults(connection: Connection) -> list[str]:
    """What the database itself finds wrong with its pages, indexes and references."""
    whole = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check(5)") if row[0] != "ok"]
    loose = [f"{row[0]} row {row[1]} points at nothing in {row[2]}"
             for row in connection.exec_driver_sql("PRAGMA foreign_key_check")]  # fmt: skip
    return whole + loose


def guards(connection: Connection) -> set[str]:
    """The names of the triggers that refuse something."""
    refusing = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%RAISE(ABORT%'"
    return {row[0] for row in connection.exec_driver_sql(refusing)}


def _into(engine: Engine, source: sqlite3.Connection, report: Report) -> None:
    raw = engine.raw_connection()
    try:
        target = raw.driver_connection
        assert isinstance(target, sqlite3.Connection)  # noqa: S101 - chosen by the dialect
        source.backup(target, pages=PAGES, progress=lambda _status, left, all_: report(STEP, all_ - left, all_))
    finally:
        raw.close()


def _draft(engine: Engine) -> Path:
    return Path(str(engine.url.database)).with_suffix(".restoring")


def _discard(draft: Path) -> None:
    """The draft with its journal, which outlives a full disk and would be played back into the next one."""
    for path in (draft, draft.with_name(f"{draft.name}-journal")):
        path.unlink(missing_ok=True)


@contextmanager
def _private(path: Path) -> Iterator[sqlite3.Connection]:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(path)) as connection:
        yield connection
