"""What members wrote in their answers to slips, how it was put together, and what became of it.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

SQLITE_GUARD = """CREATE TRIGGER opinion_no_{verb} BEFORE {verb} ON opinion
    BEGIN SELECT RAISE(ABORT, 'insert-only: opinion'); END"""
POSTGRES_GUARDS = (
    """CREATE TRIGGER opinion_insert_only BEFORE UPDATE OR DELETE ON opinion
    FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER opinion_no_truncate BEFORE TRUNCATE ON opinion
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
)
INDEXES = (
    ("opinion", "slip_id"), ("opinion", "answer_id"), ("opinion_group", "slip_id"), ("opinion_group", "leader_id"),
    ("opinion_reply", "slip_id"),
)  # fmt: skip
PLACE = ["opinion.id", "opinion.slip_id", "opinion.question", "opinion.article"]


def _guards() -> list[str]:
    if op.get_bind().dialect.name == "sqlite":
        return [SQLITE_GUARD.format(verb=verb) for verb in ("UPDATE", "DELETE")]
    return list(POSTGRES_GUARDS)


def _code(*values: str, name: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table(
        "opinion",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("slip_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("answer_id", sa.Integer(), nullable=False),
        sa.Column("question", sa.Integer(), nullable=False),
        sa.Column("article", sa.Integer(), nullable=False),
        sa.Column("choice", _code("agree", "disagree", "other", name="choice"), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.CheckConstraint("question > 0 AND article >= 0 AND text <> ''", name="opinion_says_something"),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"]),
        sa.ForeignKeyConstraint(["slip_id", "member_id"], ["slip_recipient.slip_id", "slip_recipient.member_id"]),
        sa.ForeignKeyConstraint(
            ["answer_id", "slip_id", "member_id"],
            ["slip_answer.id", "slip_answer.slip_id", "slip_answer.member_id"],
            name="opinion_of_own_answer",
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slip_id", "member_id", "question", "article", name="opinion_once"),
        sa.UniqueConstraint("id", "slip_id", "question", "article", name="opinion_place"),
    )
    op.create_table(
        "opinion_group",
        sa.Column("opinion_id", sa.Integer(), nullable=False),
        sa.Column("leader_id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("slip_id", sa.Integer(), nullable=False),
        sa.Column("question", sa.Integer(), nullable=False),
        sa.Column("article", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"]),
        sa.ForeignKeyConstraint(
            ["opinion_id", "slip_id", "question", "article"], PLACE, name="opinion_group_member"
        ),
        sa.ForeignKeyConstraint(["leader_id", "slip_id", "question", "article"], PLACE, name="opinion_group_leader"),
        sa.PrimaryKeyConstraint("opinion_id"),
    )
    op.create_table(
        "opinion_reply",
        sa.Column("leader_id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("slip_id", sa.Integer(), nullable=False),
        sa.Column("stance", _code("accepted", "partly", "not", name="stance"), nullable=True),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("document_version_id", sa.Integer(), nullable=True),
        sa.Column("path", sa.String(length=20), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(path = '') = (quote = '')", name="opinion_reply_link"),
        sa.CheckConstraint("(path = '') = (document_version_id IS NULL)", name="opinion_reply_link_version"),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"]),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["document_version_id"], ["document_version.id"]),
        sa.ForeignKeyConstraint(["leader_id"], ["opinion.id"]),
        sa.ForeignKeyConstraint(["slip_id"], ["slip.id"]),
        sa.PrimaryKeyConstraint("leader_id"),
    )
    op.create_table(
        "opinion_table",
        sa.Column("slip_id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document_version_id", sa.Integer(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("submitted_at IS NOT NULL OR submitted_by_id IS NULL", name="opinion_table_submitted"),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"]),
        sa.ForeignKeyConstraint(["document_version_id"], ["document_version.id"]),
        sa.ForeignKeyConstraint(["slip_id"], ["slip.id"]),
        sa.ForeignKeyConstraint(["submitted_by_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("slip_id"),
    )
    for table, column in INDEXES:
        op.create_index(f"ix_{table}_{column}", table, [column], unique=False)
    for guard in _guards():
        op.execute(guard)


def downgrade() -> None:
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM opinion_table WHERE submitted_at IS NOT NULL")):
        raise RuntimeError("explanations that were submitted are never dropped; restore a backup instead")
    for table in ("opinion_table", "opinion_reply", "opinion_group", "opinion"):
        op.drop_table(table)
