"""One time stamp for each signature.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STAMPS = sa.text("kind = 'time_stamp'")


def upgrade() -> None:
    op.create_index(
        "signature_evidence_one_stamp", "signature_evidence", ["statement_id"], unique=True, sqlite_where=STAMPS,
        postgresql_where=STAMPS,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("signature_evidence_one_stamp", "signature_evidence")
