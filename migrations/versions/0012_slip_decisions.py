"""The decision on a slip; Resolutions and items of an agenda that come from one.

Revision ID: 0012
Revises: 0011
"""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ONE_SOURCE = ("(poll_id IS NULL) = (slip_id IS NOT NULL) AND (poll_id IS NULL) = (meeting_id IS NULL)"
              " AND (poll_id IS NULL) = (item_id IS NULL)")  # fmt: skip
ONE_SUBJECT = "(poll_id IS NULL) = (slip_id IS NOT NULL)"
CHECKS = (  # table, name, what holds, the constraint before which it is written
    ("resolution", "resolution_one_source", ONE_SOURCE, "CONSTRAINT resolution_presented_at CHECK"),
    ("prepared_statement", "prepared_one_subject", ONE_SUBJECT, "CONSTRAINT prepared_nonce_once UNIQUE"),
)
NULLABLE = {"resolution": ("meeting_id", "item_id", "poll_id"), "prepared_statement": ("poll_id",)}
WITH_SLIP = ("resolution", "prepared_statement", "agenda_item")
SQLITE_INSERT_ONLY = """CREATE TRIGGER slip_decision_no_{verb} BEFORE {verb} ON slip_decision
    BEGIN SELECT RAISE(ABORT, 'insert-only: slip_decision'); END"""
POSTGRES_INSERT_ONLY = (
    """CREATE TRIGGER slip_decision_insert_only BEFORE UPDATE OR DELETE ON slip_decision
    FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER slip_decision_no_truncate BEFORE TRUNCATE ON slip_decision
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
)
SQLITE_SEALED = """CREATE TRIGGER resolution_sealed_UPDATE BEFORE UPDATE ON resolution WHEN {condition}
    BEGIN SELECT RAISE(ABORT, 'sealed: resolution'); END"""
POSTGRES_SEALED = """CREATE TRIGGER resolution_sealed_UPDATE BEFORE UPDATE ON resolution
    FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION refuse_sealed()"""
PRINTED = (
    "body_id", "meeting_id", "item_id", "poll_id", "subject", "subject_fold", "normative", "public", "urgency", "token",
    "signer_id", "signer_post", "replaces_id", "drafted_by_id", "drafted_at", "presented_at",
)  # fmt: skip
STEPS = ("signed_at", "numbered_at", "sealed_at", "promulgated_at", "ended_at", "recall_id")


def upgrade() -> None:
    op.create_table(
        "slip_decision",
        sa.Column("slip_id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column(
            "way",
            sa.Enum("submit", "session", "return", name="slipway", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("tie_confirmed", sa.Boolean(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=True),
        sa.Column("resubmit_on", sa.Date(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("post", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(way = 'session') = (meeting_id IS NOT NULL)", name="slip_decision_session"),
        sa.CheckConstraint("(way = 'return') = (resubmit_on IS NOT NULL)", name="slip_decision_resubmission"),
        sa.CheckConstraint("way <> 'return' OR reason <> ''", name="slip_decision_reason"),
        sa.ForeignKeyConstraint(["slip_id"], ["slip.id"]),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"]),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("slip_id"),
    )
    for column in ("body_id", "meeting_id"):
        op.create_index(f"ix_slip_decision_{column}", "slip_decision", [column], unique=False)
    for table in WITH_SLIP:
        op.execute(f"ALTER TABLE {table} ADD COLUMN slip_id INTEGER REFERENCES slip (id)")
    for table, name, holds, before in CHECKS:
        if _on_sqlite():
            check = f"CONSTRAINT {name} CHECK ({holds}), {before}"
            _rebuild(table, lambda made, t=table, b=before, c=check: _open(t, _replaced(made, b, c)))  # type: ignore[misc]
        else:
            for column in NULLABLE[table]:
                op.alter_column(table, column, existing_type=sa.Integer(), nullable=True)
            op.create_check_constraint(name, table, holds)
    for table in WITH_SLIP:
        op.create_index(f"ix_{table}_slip_id", table, ["slip_id"], unique=False)
    living = sa.text("state <> 'abandoned'")
    op.create_index("resolution_one_of_slip", "resolution", ["slip_id"], unique=True, sqlite_where=living,
                    postgresql_where=living)  # fmt: skip
    op.create_index("prepared_once_on_slip", "prepared_statement", ["slip_id", "nonce"], unique=True)
    _guard_resolutions((*PRINTED[:4], "slip_id", *PRINTED[4:]))
    for statement in _insert_only():
        op.execute(statement)


def downgrade() -> None:
    """Goes back only while no slip was decided and nothing came from one."""
    for table, condition, said in (
        ("slip_decision", "slip_id IS NOT NULL", "decisions on slips"),
        ("resolution", "slip_id IS NOT NULL", "Resolutions made from slips"),
        ("agenda_item", "slip_id IS NOT NULL", "items of an agenda that come from slips"),
    ):
        if op.get_bind().scalar(sa.text(f"SELECT count(*) FROM {table} WHERE {condition}")):  # noqa: S608 - fixed
            raise RuntimeError(f"{said} are never dropped; restore a backup instead")
    _guard_resolutions(PRINTED)
    op.drop_index("prepared_once_on_slip", "prepared_statement")
    op.drop_index("resolution_one_of_slip", "resolution")
    for table in WITH_SLIP:
        op.drop_index(f"ix_{table}_slip_id", table)
    for table, name, holds, before in CHECKS:
        if _on_sqlite():
            check = f"CONSTRAINT {name} CHECK ({holds}), {before}"
            _rebuild(table, lambda made, t=table, b=before, c=check: _shut(t, _replaced(made, c, b)))  # type: ignore[misc]
        else:
            op.drop_constraint(name, table, type_="check")
            for column in NULLABLE[table]:
                op.alter_column(table, column, existing_type=sa.Integer(), nullable=False)
    for table in WITH_SLIP:
        op.execute(f"ALTER TABLE {table} DROP COLUMN slip_id")
    op.drop_table("slip_decision")


def _on_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _insert_only() -> list[str]:
    if _on_sqlite():
        return [SQLITE_INSERT_ONLY.format(verb=verb) for verb in ("UPDATE", "DELETE")]
    return list(POSTGRES_INSERT_ONLY)


def _guard_resolutions(printed: tuple[str, ...]) -> None:
    """The same guard with other columns: what a signed Resolution says never changes."""
    sqlite = _on_sqlite()
    op.execute("DROP TRIGGER resolution_sealed_UPDATE" + ("" if sqlite else " ON resolution"))
    condition = " OR ".join(
        (
            f"(OLD.signed_at IS NOT NULL AND {_changed(*printed)})",
            *(f"(OLD.{step} IS NOT NULL AND {_changed(step)})" for step in STEPS),
            "(OLD.state IN ('recalled', 'replaced', 'abandoned') AND NEW.state IS DISTINCT FROM OLD.state)",
            "(OLD.promulgated_at IS NOT NULL AND NEW.state NOT IN ('promulgated', 'recalled', 'replaced'))",
            "(OLD.ended_at IS NOT NULL AND NEW.reason IS DISTINCT FROM OLD.reason)",
        )
    )
    op.execute((SQLITE_SEALED if sqlite else POSTGRES_SEALED).format(condition=condition))


def _changed(*columns: str) -> str:
    return "(" + " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns) + ")"


def _open(table: str, made: str) -> str:
    for column in NULLABLE[table]:
        made = _replaced(made, f"{column} INTEGER NOT NULL", f"{column} INTEGER")
    return made


def _shut(table: str, made: str) -> str:
    for column in NULLABLE[table]:
        made = _replaced(made, f"{column} INTEGER,", f"{column} INTEGER NOT NULL,")
    return made


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
