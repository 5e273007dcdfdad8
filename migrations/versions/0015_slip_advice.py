"""Aides of members see slips where the member allows it, and suggest answers.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "slip_aide",
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("aide_id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("member_id <> aide_id", name="slip_aide_two_people"),
        sa.ForeignKeyConstraint(["aide_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"]),
        sa.ForeignKeyConstraint(["member_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("member_id", "aide_id"),
    )
    with op.batch_alter_table("slip_aide") as batch_op:
        batch_op.create_index(batch_op.f("ix_slip_aide_aide_id"), ["aide_id"])
    op.create_table(
        "slip_advice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("slip_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("aide_id", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("member_id <> aide_id", name="slip_advice_two_people"),
        sa.ForeignKeyConstraint(["aide_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"]),
        sa.ForeignKeyConstraint(["slip_id", "member_id"], ["slip_recipient.slip_id", "slip_recipient.member_id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slip_id", "member_id", "aide_id", name="slip_advice_once"),
    )
    with op.batch_alter_table("slip_advice") as batch_op:
        for column in ("slip_id", "member_id", "aide_id"):
            batch_op.create_index(batch_op.f(f"ix_slip_advice_{column}"), [column])


def downgrade() -> None:
    op.drop_table("slip_advice")
    op.drop_table("slip_aide")
