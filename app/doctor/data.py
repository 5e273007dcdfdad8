"""The database: reachable, of this version, durable, and guarded against the role that serves."""

from collections.abc import Iterator
from pathlib import Path

from flask import current_app
from flask_babel import lazy_gettext as _
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from app.doctor.findings import Finding, error, ok, warning
from app.durability import durability
from app.extensions import db
from app.metrics.readiness import head
from app.models.guards import INSERT_ONLY, guard_statements

ABSENT = "database.answers"
NAMED = 5  # missing guards; the others are counted
TO_ADD = ("SELECT", "INSERT")
TO_CHANGE = ("DELETE", "TRUNCATE", "TRIGGER")
OWNED = """SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace
           AND relkind IN ('r', 'p', 'v', 'm', 'S') AND pg_has_role(current_user, relowner, 'MEMBER')"""
POWERS = """SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
            FROM pg_roles WHERE rolname = current_user"""
AWAKE = """SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"""


def reachable() -> Iterator[Finding]:
    """Whether it answers with the tables of this program."""
    if _unmade():  # asking would make an empty file
        yield error(ABSENT, _("There is no database yet; make one with: flask db upgrade"))
        return
    try:
        with db.engine.connect() as connection:
            found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError as problem:
        said = _("The database does not answer or has no tables: %(problem)s.", problem=type(problem).__name__)
        yield error(ABSENT, said)
        return
    wanted = head(current_app.root_path)
    if found == wanted:
        yield ok("database.revision", _("The tables are those of this program (%(revision)s).", revision=found))
    else:
        said = _(
            "The tables are of %(found)s, the program of %(wanted)s; run: flask db upgrade", found=found, wanted=wanted
        )
        yield error("database.revision", said)


def kind() -> Iterator[Finding]:
    """SQLite is for one process and few people."""
    if db.engine.dialect.name == "postgresql":
        yield ok("database.kind", _("The database is PostgreSQL."))
    else:
        yield warning("database.kind", _("The database is SQLite: for one process and a few people."))


def durable() -> Iterator[Finding]:
    """Settings without which an acknowledged ballot could be lost."""
    with db.engine.connect() as connection:
        bad = [setting for setting in durability(connection) if not setting.ok]
    for setting in bad:
        said = _(
            "%(name)s is “%(found)s” and must be “%(wanted)s”: what was acknowledged could be lost.",
            name=setting.code, found=setting.found, wanted=setting.wanted,
        )  # fmt: skip
        yield error(f"database.{setting.code}", said)
    if not bad:
        yield ok("database.durable", _("What is acknowledged is on the disk."))


def owner() -> Iterator[Finding]:
    """The serving role owns nothing and can make nothing."""
    if db.engine.dialect.name != "postgresql":
        return
    with db.engine.connect() as connection:
        powers = connection.scalar(text(POWERS))
        owned = connection.scalar(text(OWNED)) or 0
        creates = connection.scalar(text("SELECT has_schema_privilege(current_user, 'public', 'CREATE')"))
    if powers:
        yield error("database.role", _("The serving role may administer the server; take a role without such powers."))
    elif owned or creates:
        said = _(
            "The serving role owns %(count)d tables or may make some; it could switch off their guards.", count=owned
        )
        yield error("database.role", said)
    else:
        yield ok("database.role", _("The serving role owns nothing and can make nothing."))


def grants() -> Iterator[Finding]:
    """Insert-only tables are insert-only for the serving role, too."""
    if db.engine.dialect.name != "postgresql":
        return
    with db.engine.connect() as connection:
        open_ones = [table for table in _insert_only() if _may_change(connection, table)]
        closed = [table for table in _insert_only() if not _may_add(connection, table)]
    if open_ones:
        said = _("The serving role may change rows of: %(tables)s.", tables=", ".join(open_ones))
        yield error("database.grants", said)
    if closed:
        said = _("The serving role may not add rows to: %(tables)s.", tables=", ".join(closed))
        yield error("database.grants", said)
    if not open_ones and not closed:
        said = _(
            "Ballots, signatures and logs (%(count)d tables) can be added and read, not changed.",
            count=len(INSERT_ONLY),
        )
        yield ok("database.grants", said)


def guards() -> Iterator[Finding]:
    """Every trigger that this program relies on is there and awake."""
    dialect = db.engine.dialect.name
    asked = AWAKE if dialect == "postgresql" else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    with db.engine.connect() as connection:
        awake = {name.lower() for name in connection.scalars(text(asked))}  # PostgreSQL folds them
    wanted = {statement.split()[2].lower() for statement in guard_statements(dialect)}
    missing = sorted(wanted - awake)
    if missing:
        said = _(
            "%(count)d guards of tables are missing or asleep: %(names)s …",
            count=len(missing), names=", ".join(missing[:NAMED]),
        )  # fmt: skip
        yield error("database.guards", said)
    else:
        yield ok("database.guards", _("All %(count)d guards of tables are awake.", count=len(wanted)))


def _unmade() -> bool:
    path = db.engine.url.database
    return db.engine.dialect.name == "sqlite" and bool(path) and not Path(str(path)).exists()


def _insert_only() -> list[str]:
    return [model.__tablename__ for model in INSERT_ONLY]


def _may_change(connection: Connection, table: str) -> bool:
    column = connection.scalar(
        text("SELECT has_any_column_privilege(current_user, :table, 'UPDATE')"), {"table": table}
    )
    return bool(column) or any(_privilege(connection, table, name) for name in TO_CHANGE)


def _may_add(connection: Connection, table: str) -> bool:
    return all(_privilege(connection, table, name) for name in TO_ADD)


def _privilege(connection: Connection, table: str, name: str) -> bool:
    asked = text("SELECT has_table_privilege(current_user, :table, :name)")
    return bool(connection.scalar(asked, {"table": table, "name": name}))


CHECKS = (reachable, kind, durable, owner, grants, guards)
