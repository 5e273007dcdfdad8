"""Minutes of sessions; the end of a session is an entry of the log and has a checkpoint.

Revision ID: 0017
Revises: 0016
"""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

SQLITE_GUARD = """CREATE TRIGGER minutes_file_no_{verb} BEFORE {verb} ON minutes_file
    BEGIN SELECT RAISE(ABORT, 'insert-only: minutes_file'); END"""
POSTGRES_GUARDS = (
    """CREATE TRIGGER minutes_file_insert_only BEFORE UPDATE OR DELETE ON minutes_file
    FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER minutes_file_no_truncate BEFORE TRUNCATE ON minutes_file
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
)
CODES = (  # constraint, its column, its table, what it allowed before, and what it allows now
    ("logkind", "kind", "log_entry", "'slip_recalled'", "'slip_recalled', 'meeting_closed'"),
    ("checkpointreason", "reason", "checkpoint", "'resolution', 'nightly'", "'resolution', 'meeting', 'nightly'"),
)
KEPT = (
    ("minutes_file", "id > 0", "minutes that were drawn up"),
    ("log_entry", "kind = 'meeting_closed'", "entries of the log"),
    ("checkpoint", "reason = 'meeting'", "checkpoints of the log"),
)


def upgrade() -> None:
    op.create_table(
        "minutes_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("number > 0 AND size > 0", name="minutes_file_positive"),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"]),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("meeting_id", "number", name="minutes_file_once"),
    )
    with op.batch_alter_table("minutes_file") as batch_op:
        for column in ("body_id", "meeting_id", "sha256"):
            batch_op.create_index(batch_op.f(f"ix_minutes_file_{column}"), [column])
    for guard in _guards():
        op.execute(guard)
    _change_codes(forth=True)


def downgrade() -> None:
    for table, condition, said in KEPT:
        if op.get_bind().scalar(sa.text(f"SELECT count(*) FROM {table} WHERE {condition}")):  # noqa: S608 - fixed
            raise RuntimeError(f"{said} are never dropped; restore a backup instead")
    _change_codes(forth=False)
    op.drop_table("minutes_file")


def _on_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _guards() -> list[str]:
    if _on_sqlite():
        return [SQLITE_GUARD.format(verb=verb) for verb in ("UPDATE", "DELETE")]
    return list(POSTGRES_GUARDS)


def _change_codes(forth: bool) -> None:
    for name, column, table, before, after in CODES:
        old, new = (before, after) if forth else (after, before)
        if _on_sqlite():
            _rebuild(table, lambda made, old=old, new=new: _replaced(made, old, new))  # type: ignore[misc]
        else:
            _recheck(table, name, column, old, new)


def _recheck(table: str, name: str, column: str, old: str, new: str) -> None:
    """PostgreSQL keeps a check as an expression of its own making; its codes are read out of it, in their order."""
    found = sa.text("SELECT pg_get_constraintdef(c.oid) FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid"
                    " WHERE t.relname = :table AND c.conname = :name")  # fmt: skip
    said = op.get_bind().execute(found, {"table": table, "name": name}).scalar_one()
    codes = ", ".join(f"'{part}'" for part in said.split("'")[1::2])
    op.drop_constraint(name, table, type_="check")
    op.create_check_constraint(name, table, f"{column} IN ({_replaced(codes, old, new)})")


def _replaced(made: str, old: str, new: str) -> str:
    if made.count(old) != 1:
        raise RuntimeError(f"not as expected: {made}")
    return made.replace(old, new)


def _rebuild(table: str, change: Callable[[str], str]) -> None:
    """SQLite changes a constraint by a new table; rows, indexes and triggers come along as they were."""
    bind = op.get_bind()
    found = sa.text("SELECT type, sql FROM sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL")
    parts = bind.execute(found, {"table": table}).all()
    made = next(sql for kind, sql in parts if kind == "table")
    quoted = f'"{table}"' if made.startswith(f'CREATE TABLE "{table}"') else table
    bind.exec_driver_sql(change(made.replace(f"CREATE TABLE {quoted}", f"CREATE TABLE {table}_new", 1)))
    bind.exec_driver_sql(f"INSERT INTO {table}_new SELECT * FROM {table}")  # noqa: S608 - a fixed name
    bind.exec_driver_sql(f"DROP TABLE {table}")
    bind.exec_driver_sql(f"ALTER TABLE {table}_new RENAME TO {table}")
    for kind, sql in parts:
        if kind in ("index", "trigger"):
            bind.exec_driver_sql(sql)
