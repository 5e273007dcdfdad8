"""When members are away.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "member_trip",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "home", "abroad", "leave", "other",
                name="tripkind", native_enum=False, create_constraint=True, length=32,
            ),
            nullable=False,
        ),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.CheckConstraint("begins_at < ends_at", name="member_trip_forward"),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"]),
        sa.ForeignKeyConstraint(["member_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )  # fmt: skip
    with op.batch_alter_table("member_trip") as batch_op:
        for column in ("body_id", "member_id", "begins_at"):
            batch_op.create_index(batch_op.f(f"ix_member_trip_{column}"), [column])


def downgrade() -> None:
    op.drop_table("member_trip")
