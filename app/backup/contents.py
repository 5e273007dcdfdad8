"""Decides what is counted and compared of a database: before a backup and after a restore, by the same questions."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnClause, Connection, and_, func, inspect, literal_column, select, table, text

from app import installation
from app.models import (
    AuditEntry,
    DocumentVersion,
    Export,
    MinutesFile,
    PollLeaf,
    PreservedFile,
    ResolutionFile,
    Setting,
    SlipUpload,
)

# Columns that name a file of the document store with its size; an empty name is none.
NAMED: tuple[tuple[str, str], ...] = (
    (DocumentVersion.__tablename__, "sha256"),
    (ResolutionFile.__tablename__, "sha256"),
    (Export.__tablename__, "file_sha256"),
    (PreservedFile.__tablename__, "sha256"),
    (SlipUpload.__tablename__, "sha256"),
    (MinutesFile.__tablename__, "sha256"),
)


@dataclass(frozen=True)
class Contents:
    """What a snapshot of the database holds; the fields are those of the manifest."""

    demo: bool
    schema: str
    tables: dict[str, int]
    audit: dict[str, Any]
    polls: list[dict[str, Any]]


def contents(connection: Connection) -> Contents:
    """Asked in one snapshot, so that everything fits together."""
    names = tables(connection)
    return Contents(
        demo=_demo(connection),
        schema=str(connection.scalar(text("SELECT version_num FROM alembic_version")) or ""),
        tables={name: connection.scalar(select(func.count()).select_from(table(name))) or 0 for name in names},
        audit=_newest(connection),
        polls=_roots(connection),
    )


def tables(connection: Connection) -> list[str]:
    """The names of all tables but the mark of a restore that is under way."""
    return sorted(set(inspect(connection).get_table_names()) - {installation.UNFINISHED})


def named_documents(connection: Connection) -> dict[str, int]:
    """SHA-256 → size of every file that a row of the database names, in a fixed order."""
    found: dict[str, int] = {}
    existing = set(tables(connection))
    for name, column in NAMED:
        if name in existing:  # a database of an earlier schema is saved before it is brought up to date
            key: ColumnClause[str] = literal_column(column)
            size: ColumnClause[int] = literal_column("size")
            rows = connection.execute(select(key, size).select_from(table(name)).where(key != ""))
            found.update({row[0]: row[1] for row in rows})
    return dict(sorted(found.items()))


def _demo(connection: Connection) -> bool:
    return bool(connection.scalar(select(Setting.value).where(Setting.name == installation.DEMO_MARK)))


def _newest(connection: Connection) -> dict[str, Any]:
    row = connection.execute(
        select(AuditEntry.id, AuditEntry.sha256, AuditEntry.at).order_by(AuditEntry.id.desc()).limit(1)
    ).one_or_none()
    return {"id": row.id, "sha256": row.sha256, "at": row.at.astimezone(dt.UTC).isoformat()} if row else {}


def _roots(connection: Connection) -> list[dict[str, Any]]:
    last = select(PollLeaf.poll_id, func.max(PollLeaf.seq).label("seq")).group_by(PollLeaf.poll_id).subquery()
    here = and_(PollLeaf.poll_id == last.c.poll_id, PollLeaf.seq == last.c.seq)
    rows = connection.execute(select(PollLeaf.poll_id, PollLeaf.seq, PollLeaf.root).join(last, here))
    return sorted(({"id": row.poll_id, "entries": row.seq + 1, "root": row.root} for row in rows), key=_by_id)


def _by_id(poll: dict[str, Any]) -> int:
    return int(poll["id"])
