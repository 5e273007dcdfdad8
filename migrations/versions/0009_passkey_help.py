"""Passkeys open a locked screen, and two people remove those of a lost device.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BEFORE = {"key_recovery": ("kind", "recoverykind", ("unlock", "replace")),
          "passkey_challenge": ("purpose", "passkeypurpose", ("enrol",))}
ADDED = {"key_recovery": "passkeys", "passkey_challenge": "unlock"}


def upgrade() -> None:
    for table, (column, check, codes) in BEFORE.items():
        _allow(table, column, check, (*codes, ADDED[table]))


def downgrade() -> None:
    """Challenges are of a moment; what two people did is never forgotten."""
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM key_recovery WHERE kind = 'passkeys'")):
        raise RuntimeError("what two people removed is never forgotten; restore a backup instead")
    op.execute("DELETE FROM passkey_challenge WHERE purpose = 'unlock'")
    for table, (column, check, codes) in BEFORE.items():
        _allow(table, column, check, codes)


def _allow(table: str, column: str, check: str, codes: tuple[str, ...]) -> None:
    with op.batch_alter_table(table) as batch_op:
        batch_op.drop_constraint(check, type_="check")
        batch_op.create_check_constraint(check, f"{column} IN ({', '.join(repr(code) for code in codes)})")
