"""Passkeys of members, and votes that ask for one beside the PIN.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

DEMANDING = ("poll", "meeting")  # tables with the column; ADD and DROP COLUMN leave their triggers alone
# the guard of a poll before and after this migration
SQLITE_POLL = (
    """CREATE TRIGGER poll_sealed_UPDATE BEFORE UPDATE ON poll WHEN (OLD.definition IS NOT NULL AND (NEW.body_id IS DISTINCT FROM OLD.body_id OR NEW.meeting_id IS DISTINCT FROM OLD.meeting_id OR NEW.item_id IS DISTINCT FROM OLD.item_id OR NEW.document_version_id IS DISTINCT FROM OLD.document_version_id OR NEW.rule_set_id IS DISTINCT FROM OLD.rule_set_id OR NEW.question IS DISTINCT FROM OLD.question OR NEW.visibility IS DISTINCT FROM OLD.visibility OR NEW.definition IS DISTINCT FROM OLD.definition OR NEW.definition_sha256 IS DISTINCT FROM OLD.definition_sha256 OR NEW.opened_at IS DISTINCT FROM OLD.opened_at OR NEW.closes_at IS DISTINCT FROM OLD.closes_at)) OR (OLD.result IS NOT NULL AND (NEW.result IS DISTINCT FROM OLD.result OR NEW.outcome IS DISTINCT FROM OLD.outcome OR NEW.closed_at IS DISTINCT FROM OLD.closed_at)) OR (OLD.confirmed_result IS NOT NULL AND (NEW.confirmed_result IS DISTINCT FROM OLD.confirmed_result OR NEW.confirmed_outcome IS DISTINCT FROM OLD.confirmed_outcome OR NEW.tie_confirmation_id IS DISTINCT FROM OLD.tie_confirmation_id)) OR (OLD.state = 'annulled') OR (OLD.state = 'published' AND NEW.state NOT IN ('published', 'annulled')) OR (OLD.state IN ('closed', 'published') AND NEW.state IN ('draft', 'open'))
    BEGIN SELECT RAISE(ABORT, 'sealed: poll'); END""",
    """CREATE TRIGGER poll_sealed_UPDATE BEFORE UPDATE ON poll WHEN (OLD.definition IS NOT NULL AND (NEW.body_id IS DISTINCT FROM OLD.body_id OR NEW.meeting_id IS DISTINCT FROM OLD.meeting_id OR NEW.item_id IS DISTINCT FROM OLD.item_id OR NEW.document_version_id IS DISTINCT FROM OLD.document_version_id OR NEW.rule_set_id IS DISTINCT FROM OLD.rule_set_id OR NEW.question IS DISTINCT FROM OLD.question OR NEW.visibility IS DISTINCT FROM OLD.visibility OR NEW.passkey_demanded IS DISTINCT FROM OLD.passkey_demanded OR NEW.definition IS DISTINCT FROM OLD.definition OR NEW.definition_sha256 IS DISTINCT FROM OLD.definition_sha256 OR NEW.opened_at IS DISTINCT FROM OLD.opened_at OR NEW.closes_at IS DISTINCT FROM OLD.closes_at)) OR (OLD.result IS NOT NULL AND (NEW.result IS DISTINCT FROM OLD.result OR NEW.outcome IS DISTINCT FROM OLD.outcome OR NEW.closed_at IS DISTINCT FROM OLD.closed_at)) OR (OLD.confirmed_result IS NOT NULL AND (NEW.confirmed_result IS DISTINCT FROM OLD.confirmed_result OR NEW.confirmed_outcome IS DISTINCT FROM OLD.confirmed_outcome OR NEW.tie_confirmation_id IS DISTINCT FROM OLD.tie_confirmation_id)) OR (OLD.state = 'annulled') OR (OLD.state = 'published' AND NEW.state NOT IN ('published', 'annulled')) OR (OLD.state IN ('closed', 'published') AND NEW.state IN ('draft', 'open'))
    BEGIN SELECT RAISE(ABORT, 'sealed: poll'); END""",
)
SQLITE_PASSKEY = (
    """CREATE TRIGGER passkey_sealed_UPDATE BEFORE UPDATE ON passkey WHEN (NEW.body_id IS DISTINCT FROM OLD.body_id OR NEW.person_id IS DISTINCT FROM OLD.person_id OR NEW.credential_id IS DISTINCT FROM OLD.credential_id OR NEW.public_key IS DISTINCT FROM OLD.public_key OR NEW.aaguid IS DISTINCT FROM OLD.aaguid OR NEW.label IS DISTINCT FROM OLD.label OR NEW.created_at IS DISTINCT FROM OLD.created_at) OR NEW.sign_count < OLD.sign_count OR (OLD.suspended_at IS NOT NULL AND (NEW.suspended_at IS DISTINCT FROM OLD.suspended_at)) OR (OLD.removed_at IS NOT NULL AND (NEW.removed_at IS DISTINCT FROM OLD.removed_at))
    BEGIN SELECT RAISE(ABORT, 'sealed: passkey'); END""",
    """CREATE TRIGGER passkey_sealed_DELETE BEFORE DELETE ON passkey WHEN OLD.id IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'sealed: passkey'); END""",
)
POSTGRES_POLL = (
    """CREATE TRIGGER poll_sealed_UPDATE BEFORE UPDATE ON poll
    FOR EACH ROW WHEN ((OLD.definition IS NOT NULL AND (NEW.body_id IS DISTINCT FROM OLD.body_id OR NEW.meeting_id IS DISTINCT FROM OLD.meeting_id OR NEW.item_id IS DISTINCT FROM OLD.item_id OR NEW.document_version_id IS DISTINCT FROM OLD.document_version_id OR NEW.rule_set_id IS DISTINCT FROM OLD.rule_set_id OR NEW.question IS DISTINCT FROM OLD.question OR NEW.visibility IS DISTINCT FROM OLD.visibility OR NEW.definition IS DISTINCT FROM OLD.definition OR NEW.definition_sha256 IS DISTINCT FROM OLD.definition_sha256 OR NEW.opened_at IS DISTINCT FROM OLD.opened_at OR NEW.closes_at IS DISTINCT FROM OLD.closes_at)) OR (OLD.result IS NOT NULL AND (NEW.result IS DISTINCT FROM OLD.result OR NEW.outcome IS DISTINCT FROM OLD.outcome OR NEW.closed_at IS DISTINCT FROM OLD.closed_at)) OR (OLD.confirmed_result IS NOT NULL AND (NEW.confirmed_result IS DISTINCT FROM OLD.confirmed_result OR NEW.confirmed_outcome IS DISTINCT FROM OLD.confirmed_outcome OR NEW.tie_confirmation_id IS DISTINCT FROM OLD.tie_confirmation_id)) OR (OLD.state = 'annulled') OR (OLD.state = 'published' AND NEW.state NOT IN ('published', 'annulled')) OR (OLD.state IN ('closed', 'published') AND NEW.state IN ('draft', 'open'))) EXECUTE FUNCTION refuse_sealed()""",
    """CREATE TRIGGER poll_sealed_UPDATE BEFORE UPDATE ON poll
    FOR EACH ROW WHEN ((OLD.definition IS NOT NULL AND (NEW.body_id IS DISTINCT FROM OLD.body_id OR NEW.meeting_id IS DISTINCT FROM OLD.meeting_id OR NEW.item_id IS DISTINCT FROM OLD.item_id OR NEW.document_version_id IS DISTINCT FROM OLD.document_version_id OR NEW.rule_set_id IS DISTINCT FROM OLD.rule_set_id OR NEW.question IS DISTINCT FROM OLD.question OR NEW.visibility IS DISTINCT FROM OLD.visibility OR NEW.passkey_demanded IS DISTINCT FROM OLD.passkey_demanded OR NEW.definition IS DISTINCT FROM OLD.definition OR NEW.definition_sha256 IS DISTINCT FROM OLD.definition_sha256 OR NEW.opened_at IS DISTINCT FROM OLD.opened_at OR NEW.closes_at IS DISTINCT FROM OLD.closes_at)) OR (OLD.result IS NOT NULL AND (NEW.result IS DISTINCT FROM OLD.result OR NEW.outcome IS DISTINCT FROM OLD.outcome OR NEW.closed_at IS DISTINCT FROM OLD.closed_at)) OR (OLD.confirmed_result IS NOT NULL AND (NEW.confirmed_result IS DISTINCT FROM OLD.confirmed_result OR NEW.confirmed_outcome IS DISTINCT FROM OLD.confirmed_outcome OR NEW.tie_confirmation_id IS DISTINCT FROM OLD.tie_confirmation_id)) OR (OLD.state = 'annulled') OR (OLD.state = 'published' AND NEW.state NOT IN ('published', 'annulled')) OR (OLD.state IN ('closed', 'published') AND NEW.state IN ('draft', 'open'))) EXECUTE FUNCTION refuse_sealed()""",
)
POSTGRES_PASSKEY = (
    """CREATE TRIGGER passkey_sealed_UPDATE BEFORE UPDATE ON passkey
    FOR EACH ROW WHEN ((NEW.body_id IS DISTINCT FROM OLD.body_id OR NEW.person_id IS DISTINCT FROM OLD.person_id OR NEW.credential_id IS DISTINCT FROM OLD.credential_id OR NEW.public_key IS DISTINCT FROM OLD.public_key OR NEW.aaguid IS DISTINCT FROM OLD.aaguid OR NEW.label IS DISTINCT FROM OLD.label OR NEW.created_at IS DISTINCT FROM OLD.created_at) OR NEW.sign_count < OLD.sign_count OR (OLD.suspended_at IS NOT NULL AND (NEW.suspended_at IS DISTINCT FROM OLD.suspended_at)) OR (OLD.removed_at IS NOT NULL AND (NEW.removed_at IS DISTINCT FROM OLD.removed_at))) EXECUTE FUNCTION refuse_sealed()""",
    """CREATE TRIGGER passkey_sealed_DELETE BEFORE DELETE ON passkey
    FOR EACH ROW WHEN (OLD.id IS NOT NULL) EXECUTE FUNCTION refuse_sealed()""",
)


def upgrade() -> None:
    op.create_table(
        "passkey",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("aaguid", sa.String(length=36), nullable=False),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("transports", sa.JSON(), nullable=False),
        sa.Column("backup_eligible", sa.Boolean(), nullable=False),
        sa.Column("backed_up", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("count_fell_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("sign_count >= 0", name="passkey_count"),
        sa.CheckConstraint("backed_up = false OR backup_eligible", name="passkey_backup"),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("credential_id"),
    )
    op.create_index("ix_passkey_body_id", "passkey", ["body_id"], unique=False)
    op.create_index("ix_passkey_person_id", "passkey", ["person_id"], unique=False)
    op.create_table(
        "passkey_challenge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.Enum("enrol", name="passkeypurpose", native_enum=False, create_constraint=True, length=32), nullable=False),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["session_id"], ["login_session.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("challenge"),
    )
    op.create_index("ix_passkey_challenge_person_id", "passkey_challenge", ["person_id"], unique=False)
    op.create_index("ix_passkey_challenge_session_id", "passkey_challenge", ["session_id"], unique=False)
    for table in DEMANDING:
        op.execute(f"ALTER TABLE {table} ADD COLUMN passkey_demanded BOOLEAN NOT NULL DEFAULT false")
    _guard_polls(after=True)
    for statement in SQLITE_PASSKEY if _on_sqlite() else POSTGRES_PASSKEY:
        op.execute(statement)


def downgrade() -> None:
    """A vote that demanded a passkey says so in its frozen definition, which nothing before this one can read."""
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM poll WHERE passkey_demanded AND definition IS NOT NULL")):
        raise RuntimeError("votes that demanded a passkey are never made unreadable; restore a backup instead")
    _guard_polls(after=False)
    for table in DEMANDING:
        op.execute(f"ALTER TABLE {table} DROP COLUMN passkey_demanded")
    op.drop_table("passkey_challenge")
    op.drop_table("passkey")


def _on_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _guard_polls(after: bool) -> None:
    op.execute("DROP TRIGGER poll_sealed_UPDATE" + ("" if _on_sqlite() else " ON poll"))
    op.execute((SQLITE_POLL if _on_sqlite() else POSTGRES_POLL)[after])
