"""Who was reminded of a slip, and the secret addresses of personal calendars.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

SQLITE_INSERT_ONLY = """CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}
    BEGIN SELECT RAISE(ABORT, 'insert-only: {table}'); END"""
SQLITE_SEALED = """CREATE TRIGGER {table}_sealed_{verb} BEFORE {verb} ON {table} WHEN {condition}
    BEGIN SELECT RAISE(ABORT, 'sealed: {table}'); END"""
POSTGRES_INSERT_ONLY = (
    """CREATE TRIGGER {table}_insert_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
)
POSTGRES_SEALED = """CREATE TRIGGER {table}_sealed_{verb} BEFORE {verb} ON {table}
    FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION refuse_sealed()"""
SEALED = (
    (
        "calendar_feed",
        "UPDATE",
        (
            "(NEW.body_id IS DISTINCT FROM OLD.body_id OR NEW.person_id IS DISTINCT FROM OLD.person_id "
            "OR NEW.token_sha256 IS DISTINCT FROM OLD.token_sha256 OR NEW.created_at IS DISTINCT FROM OLD.created_at) "
            "OR (OLD.revoked_at IS NOT NULL AND (NEW.revoked_at IS DISTINCT FROM OLD.revoked_at))"
        ),
    ),
    ("calendar_feed", "DELETE", "OLD.id IS NOT NULL"),
)


def upgrade() -> None:
    op.create_table(
        "slip_reminder",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("slip_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step", sa.Integer(), nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(step IS NULL) = (by_id IS NOT NULL)", name="slip_reminder_by_clock_or_hand"),
        sa.CheckConstraint("step >= 0", name="slip_reminder_step"),
        sa.ForeignKeyConstraint(
            ["slip_id", "member_id"],
            ["slip_recipient.slip_id", "slip_recipient.member_id"],
        ),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"]),
        sa.ForeignKeyConstraint(["slip_id"], ["slip.id"]),
        sa.ForeignKeyConstraint(["member_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slip_id", "member_id", "deadline_at", "step", name="slip_reminder_once"),
    )
    with op.batch_alter_table("slip_reminder") as batch_op:
        for column in ("body_id", "slip_id", "member_id"):
            batch_op.create_index(f"ix_slip_reminder_{column}", [column], unique=False)
    op.create_table(
        "calendar_feed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_sha256"),
    )
    with op.batch_alter_table("calendar_feed") as batch_op:
        batch_op.create_index("ix_calendar_feed_person_id", ["person_id"], unique=False)
        living = sa.text("revoked_at IS NULL")
        batch_op.create_index(
            "calendar_feed_one_each", ["person_id"], unique=True, sqlite_where=living, postgresql_where=living
        )
    for statement in _guards():
        op.execute(statement)


def downgrade() -> None:
    """Addresses of calendars can be made anew; who was reminded of what is never forgotten."""
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM slip_reminder")):
        raise RuntimeError("reminders of slips are never dropped; restore a backup instead")
    op.drop_table("calendar_feed")
    op.drop_table("slip_reminder")


def _guards() -> list[str]:
    if op.get_bind().dialect.name == "sqlite":
        made = [SQLITE_INSERT_ONLY.format(table="slip_reminder", verb=verb) for verb in ("UPDATE", "DELETE")]
        return made + [SQLITE_SEALED.format(table=table, verb=verb, condition=what) for table, verb, what in SEALED]
    made = [guard.format(table="slip_reminder") for guard in POSTGRES_INSERT_ONLY]
    return made + [POSTGRES_SEALED.format(table=table, verb=verb, condition=what) for table, verb, what in SEALED]
