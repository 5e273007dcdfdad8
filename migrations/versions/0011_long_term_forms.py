"""Long-term forms of Resolutions, and what was said of the certificates of authorities.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INSERT_ONLY = ("preserved_file", "authority_answer")
LEVELS = ("B-LT", "B-LTA")
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
        "preserved_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("resolution_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("level", _code(*LEVELS, name="preservedlevel"), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stamped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stamped_by", sa.String(length=200), nullable=False),
        sa.Column("stamp_ends", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("number > 0", name="preserved_file_counts_up"),
        sa.CheckConstraint("(level = 'B-LTA') = (stamped_at IS NOT NULL)", name="preserved_file_stamped"),
        sa.CheckConstraint("(stamped_at IS NULL) = (stamp_ends IS NULL)", name="preserved_file_stamp_ends"),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"]),
        sa.ForeignKeyConstraint(["resolution_id"], ["resolution.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("resolution_id", "number", name="preserved_file_once"),
    )
    with op.batch_alter_table("preserved_file") as batch_op:
        for column in ("body_id", "resolution_id", "sha256"):
            batch_op.create_index(f"ix_preserved_file_{column}", [column], unique=False)
    op.create_table(
        "authority_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("certificate_sha256", sa.String(length=64), nullable=False),
        sa.Column("serial", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("body_id", "certificate_sha256", "sha256", name="authority_answer_once"),
    )
    with op.batch_alter_table("authority_answer") as batch_op:
        batch_op.create_index("ix_authority_answer_certificate_sha256", ["certificate_sha256"], unique=False)
    for table in INSERT_ONLY:
        for guard in _guards(table):
            op.execute(guard)


def downgrade() -> None:
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM preserved_file")):
        raise RuntimeError("a long-term form is never forgotten; restore a backup instead")

    for table in INSERT_ONLY:
        op.drop_table(table)
