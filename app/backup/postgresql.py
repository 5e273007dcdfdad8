"""Decides how a PostgreSQL database is saved and brought back: by its own programs, in one snapshot, all or nothing."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text

from app import installation
from app.backup.errors import Broken
from app.backup.files import Written, pieces, write
from app.backup.progress import Report

STEP = "database"
LOCK = 0x6543_6162  # of restores into one database
ADDRESS = (  # what all versions of the programs understand of an address; the password goes another way
    "host", "hostaddr", "port", "dbname", "user", "options", "passfile", "service", "connect_timeout", "sslmode",
    "sslcert", "sslkey", "sslrootcert", "sslcrl", "gssencmode", "krbsrvname", "target_session_attrs",
)  # fmt: skip
SAID = 4096  # bytes of what a program says that are looked at


def dump(connection: Connection, path: Path, report: Report) -> Written:
    """What the connection's transaction sees, in the custom format of pg_dump; others go on writing meanwhile."""
    snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
    size = connection.scalar(text("SELECT pg_database_size(current_database())")) or 0
    command = [_program("pg_dump"), "--format=custom", "--no-password", f"--snapshot={snapshot}"]
    with _running(command, connection, stdout=subprocess.PIPE) as dumping:
        return write(path, _counted(dumping.stdout, size, report))


def load(engine: Engine, path: Path, report: Report) -> None:
    """Fill the empty database in one transaction, as the role that will own everything.

    The program reads from this process: should it die, the transaction comes to nothing.
    """
    command = [_program("pg_restore"), "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    size = path.stat().st_size
    with (
        engine.connect() as connection,
        _running(command, connection, stdin=subprocess.PIPE) as restoring,
        path.open("rb") as source,
        contextlib.suppress(BrokenPipeError),  # it says itself why it ended
    ):
        for piece in _counted(source, size, report):
            restoring.stdin.write(piece)
        restoring.stdin.close()


def clear(engine: Engine) -> None:
    """Empty a database that only an unfinished restore has filled; the mark stays."""
    with engine.begin() as connection:
        quote = connection.dialect.identifier_preparer.quote
        names = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        for name in set(names) - {installation.UNFINISHED}:
            connection.exec_driver_sql(f"DROP TABLE {quote(name)} CASCADE")
        routines = "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        for name in connection.scalars(text(routines)).all():
            connection.exec_driver_sql(f"DROP FUNCTION {name} CASCADE")


def prepare(connection: Connection) -> None:
    """Leave the mark of an unfinished restore before there is anything else; Broken for a role that may not own."""
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    if connection.scalar(text(owner)) != connection.scalar(text("SELECT current_user")):
        raise Broken("a restore runs as the role that owns the database, and ECABINET_DATABASE names another one")
    connection.exec_driver_sql(f"CREATE TABLE IF NOT EXISTS {installation.UNFINISHED} (since timestamptz)")


@contextlib.contextmanager
def alone(engine: Engine) -> Iterator[None]:
    """One restore at a time into this database; Broken while another one runs."""
    with engine.connect() as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK}):
            raise Broken("another restore into this database is running")
        connection.commit()
        try:
            yield
        finally:
            connection.scalar(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})


def faults(_connection: Connection) -> list[str]:
    """Nothing to ask: every row passed the constraints on its way in."""
    return []


def guards(connection: Connection) -> set[str]:
    """The names of the triggers that are awake."""
    awake = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'"
    return set(connection.scalars(text(awake)))


def _counted(source: Any, total: int, report: Report) -> Iterator[bytes]:
    done = 0
    for piece in pieces(source):
        yield piece
        done += len(piece)
        report(STEP, done, max(total, done))


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise Broken(f"{name} is missing; install it with: apt-get install postgresql-client")
    return found


@contextlib.contextmanager
def _running(command: list[str], connection: Connection, **pipes: Any) -> Iterator[Any]:
    """A program of PostgreSQL on the database of this connection; Broken with what it said when it failed."""
    given = connection.dialect.create_connect_args(connection.engine.url)[1]
    secret = {"PGPASSWORD": str(given["password"])} if given.get("password") else {}
    address = " ".join(f"{name}={_quoted(str(given[name]))}" for name in ADDRESS if given.get(name))
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 - a fixed program; the password is in no list of processes
            [*command, f"--dbname={address}"], stderr=said, env=os.environ | secret | {"LC_ALL": "C.UTF-8"}, **pipes
        )
        try:
            yield process
        except BaseException:
            process.kill()
            raise
        finally:
            for pipe in filter(None, (process.stdin, process.stdout)):
                with contextlib.suppress(BrokenPipeError):  # its reader has gone, which its status tells
                    pipe.close()
            status = process.wait()
        said.seek(0)
        if status:
            raise Broken(f"{Path(command[0]).name} failed: {_first_line(said.read(SAID))}")


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _first_line(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[0] if lines else "it said nothing"
