"""What witnesses of the log said, and gaps that two people declared.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INSERT_ONLY = ("witness_report", "declared_gap", "declared_gap_consent")
OFFICES = (
    "head", "deputy_head", "minister_chairman", "member", "deputy_minister", "clerk", "records", "auditor",
    "administrator",
)  # fmt: skip
FINDINGS = ("agrees", "empty", "ahead", "differs", "conflict", "silent")
SQLITE_GUARD = """CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}
    BEGIN SELECT RAISE(ABORT, 'insert-only: {table}'); END"""
POSTGRES_GUARDS = (
    """CREATE TRIGGER {table}_insert_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
)


def _guards(table: str) -> list[str]:
    if op.get_bind().dialect.name == "sqlite":
        return [SQLITE_GUARD.format(table=table, verb=verb) for verb in ("UPDATE", "DELETE")]
    return [guard.format(table=table) for guard in POSTGRES_GUARDS]


def _code(*values: str, name: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table(
        "witness_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("witness", sa.String(length=200), nullable=False),
        sa.Column("finding", _code(*FINDINGS, name="witnessfinding"), nullable=False),
        sa.Column("known_size", sa.Integer(), nullable=False),
        sa.Column("own_size", sa.Integer(), nullable=False),
        sa.Column("about", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("said", sa.String(length=300), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("witness_report") as batch_op:
        batch_op.create_index("witness_report_witness", ["witness", "id"], unique=False)
    op.create_table(
        "declared_gap",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("missing_from", sa.Integer(), nullable=False),
        sa.Column("missing_to", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("declared_by_id", sa.Integer(), nullable=False),
        sa.Column("declared_as", _code(*OFFICES, name="office"), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("declared_as IN ('head', 'auditor')", name="declared_gap_office"),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"]),
        sa.ForeignKeyConstraint(["report_id"], ["witness_report.id"]),
        sa.ForeignKeyConstraint(["declared_by_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "declared_gap_consent",
        sa.Column("gap_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["gap_id"], ["declared_gap.id"]),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("gap_id"),
    )
    for table in INSERT_ONLY:
        for guard in _guards(table):
            op.execute(guard)


def downgrade() -> None:
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM declared_gap")):
        raise RuntimeError("a declared gap is never dropped; restore a backup instead")

    op.drop_table("declared_gap_consent")
    op.drop_table("declared_gap")
    with op.batch_alter_table("witness_report") as batch_op:
        batch_op.drop_index("witness_report_witness")
    op.drop_table("witness_report")
