"""Days that are worked or not, whatever the usual calendar says.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_day",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("off", "worked", name="daykind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("for_all", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("body_id", "day", name="calendar_day_once"),
    )
    op.create_index("ix_calendar_day_body_id", "calendar_day", ["body_id"], unique=False)
    op.create_index(
        "calendar_day_for_all_once",
        "calendar_day",
        ["day"],
        unique=True,
        sqlite_where=sa.text("for_all"),
        postgresql_where=sa.text("for_all"),
    )


def downgrade() -> None:
    op.drop_index("calendar_day_for_all_once", "calendar_day")
    op.drop_index("ix_calendar_day_body_id", "calendar_day")
    op.drop_table("calendar_day")
