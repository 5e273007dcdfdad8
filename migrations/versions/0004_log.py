"""The log of the installation: entries, what waits to be entered, checkpoints and cosignatures.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INSERT_ONLY = ("log_entry", "checkpoint", "checkpoint_cosignature")
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


def upgrade() -> None:
    op.create_table(
        "log_pending",
        sa.Column("audit_entry_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["audit_entry_id"], ["audit_entry.id"]),
        sa.PrimaryKeyConstraint("audit_entry_id"),
    )
    op.create_table(
        "log_entry",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "audit",
                "poll_closed",
                "poll_annulled",
                "resolution",
                name="logkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.String(length=64), nullable=False),
        sa.Column("nodes", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("seq >= 0", name="log_entry_seq"),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"]),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("kind", "subject_id", name="log_entry_once"),
    )
    op.create_table(
        "checkpoint",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "poll",
                "resolution",
                "nightly",
                name="checkpointreason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("size > 0", name="checkpoint_size"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("size"),
    )
    op.create_table(
        "checkpoint_cosignature",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("checkpoint_id", sa.Integer(), nullable=False),
        sa.Column("witness", sa.String(length=200), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["checkpoint_id"], ["checkpoint.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("checkpoint_id", "witness", name="checkpoint_cosignature_once"),
    )
    with op.batch_alter_table("checkpoint_cosignature") as batch_op:
        batch_op.create_index("checkpoint_cosignature_witness", ["witness", "checkpoint_id"], unique=False)
    op.execute("INSERT INTO log_pending (audit_entry_id) SELECT id FROM audit_entry")
    for table in INSERT_ONLY:
        for guard in _guards(table):
            op.execute(guard)


def downgrade() -> None:
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM checkpoint")):
        raise RuntimeError("a checkpoint that was signed is never dropped; restore a backup instead")

    with op.batch_alter_table("checkpoint_cosignature") as batch_op:
        batch_op.drop_index("checkpoint_cosignature_witness")
    for table in ("checkpoint_cosignature", "checkpoint", "log_entry", "log_pending"):
        op.drop_table(table)
