"""The first schema: accounts, people, meetings, papers, polls, signatures, log, jobs.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SQLITE_GUARDS = (
    """CREATE TRIGGER audit_entry_no_UPDATE BEFORE UPDATE ON audit_entry
    BEGIN SELECT RAISE(ABORT, 'insert-only: audit_entry'); END""",
    """CREATE TRIGGER audit_entry_no_DELETE BEFORE DELETE ON audit_entry
    BEGIN SELECT RAISE(ABORT, 'insert-only: audit_entry'); END""",
    """CREATE TRIGGER refusal_no_UPDATE BEFORE UPDATE ON refusal
    BEGIN SELECT RAISE(ABORT, 'insert-only: refusal'); END""",
    """CREATE TRIGGER refusal_no_DELETE BEFORE DELETE ON refusal
    BEGIN SELECT RAISE(ABORT, 'insert-only: refusal'); END""",
    """CREATE TRIGGER document_version_no_UPDATE BEFORE UPDATE ON document_version
    BEGIN SELECT RAISE(ABORT, 'insert-only: document_version'); END""",
    """CREATE TRIGGER document_version_no_DELETE BEFORE DELETE ON document_version
    BEGIN SELECT RAISE(ABORT, 'insert-only: document_version'); END""",
    """CREATE TRIGGER roll_entry_no_UPDATE BEFORE UPDATE ON roll_entry
    BEGIN SELECT RAISE(ABORT, 'insert-only: roll_entry'); END""",
    """CREATE TRIGGER roll_entry_no_DELETE BEFORE DELETE ON roll_entry
    BEGIN SELECT RAISE(ABORT, 'insert-only: roll_entry'); END""",
    """CREATE TRIGGER prepared_statement_no_UPDATE BEFORE UPDATE ON prepared_statement
    BEGIN SELECT RAISE(ABORT, 'insert-only: prepared_statement'); END""",
    """CREATE TRIGGER prepared_statement_no_DELETE BEFORE DELETE ON prepared_statement
    BEGIN SELECT RAISE(ABORT, 'insert-only: prepared_statement'); END""",
    """CREATE TRIGGER signed_statement_no_UPDATE BEFORE UPDATE ON signed_statement
    BEGIN SELECT RAISE(ABORT, 'insert-only: signed_statement'); END""",
    """CREATE TRIGGER signed_statement_no_DELETE BEFORE DELETE ON signed_statement
    BEGIN SELECT RAISE(ABORT, 'insert-only: signed_statement'); END""",
    """CREATE TRIGGER signature_evidence_no_UPDATE BEFORE UPDATE ON signature_evidence
    BEGIN SELECT RAISE(ABORT, 'insert-only: signature_evidence'); END""",
    """CREATE TRIGGER signature_evidence_no_DELETE BEFORE DELETE ON signature_evidence
    BEGIN SELECT RAISE(ABORT, 'insert-only: signature_evidence'); END""",
    """CREATE TRIGGER ballot_no_UPDATE BEFORE UPDATE ON ballot
    BEGIN SELECT RAISE(ABORT, 'insert-only: ballot'); END""",
    """CREATE TRIGGER ballot_no_DELETE BEFORE DELETE ON ballot
    BEGIN SELECT RAISE(ABORT, 'insert-only: ballot'); END""",
    """CREATE TRIGGER poll_leaf_no_UPDATE BEFORE UPDATE ON poll_leaf
    BEGIN SELECT RAISE(ABORT, 'insert-only: poll_leaf'); END""",
    """CREATE TRIGGER poll_leaf_no_DELETE BEFORE DELETE ON poll_leaf
    BEGIN SELECT RAISE(ABORT, 'insert-only: poll_leaf'); END""",
    """CREATE TRIGGER certificate_no_UPDATE BEFORE UPDATE ON certificate
    BEGIN SELECT RAISE(ABORT, 'insert-only: certificate'); END""",
    """CREATE TRIGGER certificate_no_DELETE BEFORE DELETE ON certificate
    BEGIN SELECT RAISE(ABORT, 'insert-only: certificate'); END""",
    """CREATE TRIGGER certificate_revocation_no_UPDATE BEFORE UPDATE ON certificate_revocation
    BEGIN SELECT RAISE(ABORT, 'insert-only: certificate_revocation'); END""",
    """CREATE TRIGGER certificate_revocation_no_DELETE BEFORE DELETE ON certificate_revocation
    BEGIN SELECT RAISE(ABORT, 'insert-only: certificate_revocation'); END""",
    """CREATE TRIGGER poll_sealed_UPDATE BEFORE UPDATE ON poll WHEN (OLD.definition IS NOT NULL AND (NEW.body_id IS DISTINCT FROM OLD.body_id OR NEW.meeting_id IS DISTINCT FROM OLD.meeting_id OR NEW.item_id IS DISTINCT FROM OLD.item_id OR NEW.document_version_id IS DISTINCT FROM OLD.document_version_id OR NEW.rule_set_id IS DISTINCT FROM OLD.rule_set_id OR NEW.question IS DISTINCT FROM OLD.question OR NEW.visibility IS DISTINCT FROM OLD.visibility OR NEW.definition IS DISTINCT FROM OLD.definition OR NEW.definition_sha256 IS DISTINCT FROM OLD.definition_sha256 OR NEW.opened_at IS DISTINCT FROM OLD.opened_at OR NEW.closes_at IS DISTINCT FROM OLD.closes_at)) OR (OLD.result IS NOT NULL AND (NEW.result IS DISTINCT FROM OLD.result OR NEW.outcome IS DISTINCT FROM OLD.outcome OR NEW.closed_at IS DISTINCT FROM OLD.closed_at)) OR (OLD.confirmed_result IS NOT NULL AND (NEW.confirmed_result IS DISTINCT FROM OLD.confirmed_result OR NEW.confirmed_outcome IS DISTINCT FROM OLD.confirmed_outcome OR NEW.tie_confirmation_id IS DISTINCT FROM OLD.tie_confirmation_id)) OR (OLD.state = 'annulled') OR (OLD.state = 'published' AND NEW.state NOT IN ('published', 'annulled')) OR (OLD.state IN ('closed', 'published') AND NEW.state IN ('draft', 'open'))
    BEGIN SELECT RAISE(ABORT, 'sealed: poll'); END""",
    """CREATE TRIGGER poll_sealed_DELETE BEFORE DELETE ON poll WHEN OLD.definition IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'sealed: poll'); END""",
    """CREATE TRIGGER rule_set_sealed_UPDATE BEFORE UPDATE ON rule_set WHEN OLD.used_at IS NOT NULL AND ((NEW.body_id IS DISTINCT FROM OLD.body_id OR NEW.code IS DISTINCT FROM OLD.code OR NEW.name IS DISTINCT FROM OLD.name OR NEW.procedure IS DISTINCT FROM OLD.procedure OR NEW.valid_from IS DISTINCT FROM OLD.valid_from OR NEW.legal_source IS DISTINCT FROM OLD.legal_source OR NEW.confirmed IS DISTINCT FROM OLD.confirmed OR NEW.used_at IS DISTINCT FROM OLD.used_at) OR CAST(NEW.parameters AS TEXT) IS DISTINCT FROM CAST(OLD.parameters AS TEXT))
    BEGIN SELECT RAISE(ABORT, 'sealed: rule_set'); END""",
    """CREATE TRIGGER rule_set_sealed_DELETE BEFORE DELETE ON rule_set WHEN OLD.used_at IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'sealed: rule_set'); END""",
    """CREATE TRIGGER meeting_sealed_DELETE BEFORE DELETE ON meeting WHEN OLD.state <> 'draft'
    BEGIN SELECT RAISE(ABORT, 'sealed: meeting'); END""",
    """CREATE TRIGGER agenda_item_sealed_DELETE BEFORE DELETE ON agenda_item WHEN OLD.state <> 'planned'
    BEGIN SELECT RAISE(ABORT, 'sealed: agenda_item'); END""",
)

POSTGRES_GUARDS = (
    """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'insert-only: %', TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation'; END $$;
CREATE OR REPLACE FUNCTION refuse_sealed() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'sealed: %', TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE TRIGGER audit_entry_insert_only BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER refusal_insert_only BEFORE UPDATE OR DELETE ON refusal
    FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER refusal_no_truncate BEFORE TRUNCATE ON refusal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER document_version_insert_only BEFORE UPDATE OR DELETE ON document_version
    FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER document_version_no_truncate BEFORE TRUNCATE ON document_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER roll_entry_insert_only BEFORE UPDATE OR DELETE ON roll_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER roll_entry_no_truncate BEFORE TRUNCATE ON roll_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER prepared_statement_insert_only BEFORE UPDATE OR DELETE ON prepared_statement
    FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER prepared_statement_no_truncate BEFORE TRUNCATE ON prepared_statement
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER signed_statement_insert_only BEFORE UPDATE OR DELETE ON signed_statement
    FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER signed_statement_no_truncate BEFORE TRUNCATE ON signed_statement
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER signature_evidence_insert_only BEFORE UPDATE OR DELETE ON signature_evidence
    FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER signature_evidence_no_truncate BEFORE TRUNCATE ON signature_evidence
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER ballot_insert_only BEFORE UPDATE OR DELETE ON ballot
    FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER ballot_no_truncate BEFORE TRUNCATE ON ballot
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER poll_leaf_insert_only BEFORE UPDATE OR DELETE ON poll_leaf
    FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER poll_leaf_no_truncate BEFORE TRUNCATE ON poll_leaf
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER certificate_insert_only BEFORE UPDATE OR DELETE ON certificate
    FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER certificate_no_truncate BEFORE TRUNCATE ON certificate
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER certificate_revocation_insert_only BEFORE UPDATE OR DELETE ON certificate_revocation
    FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER certificate_revocation_no_truncate BEFORE TRUNCATE ON certificate_revocation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER poll_sealed_UPDATE BEFORE UPDATE ON poll
    FOR EACH ROW WHEN ((OLD.definition IS NOT NULL AND (NEW.body_id IS DISTINCT FROM OLD.body_id OR NEW.meeting_id IS DISTINCT FROM OLD.meeting_id OR NEW.item_id IS DISTINCT FROM OLD.item_id OR NEW.document_version_id IS DISTINCT FROM OLD.document_version_id OR NEW.rule_set_id IS DISTINCT FROM OLD.rule_set_id OR NEW.question IS DISTINCT FROM OLD.question OR NEW.visibility IS DISTINCT FROM OLD.visibility OR NEW.definition IS DISTINCT FROM OLD.definition OR NEW.definition_sha256 IS DISTINCT FROM OLD.definition_sha256 OR NEW.opened_at IS DISTINCT FROM OLD.opened_at OR NEW.closes_at IS DISTINCT FROM OLD.closes_at)) OR (OLD.result IS NOT NULL AND (NEW.result IS DISTINCT FROM OLD.result OR NEW.outcome IS DISTINCT FROM OLD.outcome OR NEW.closed_at IS DISTINCT FROM OLD.closed_at)) OR (OLD.confirmed_result IS NOT NULL AND (NEW.confirmed_result IS DISTINCT FROM OLD.confirmed_result OR NEW.confirmed_outcome IS DISTINCT FROM OLD.confirmed_outcome OR NEW.tie_confirmation_id IS DISTINCT FROM OLD.tie_confirmation_id)) OR (OLD.state = 'annulled') OR (OLD.state = 'published' AND NEW.state NOT IN ('published', 'annulled')) OR (OLD.state IN ('closed', 'published') AND NEW.state IN ('draft', 'open'))) EXECUTE FUNCTION refuse_sealed()""",
    """CREATE TRIGGER poll_sealed_DELETE BEFORE DELETE ON poll
    FOR EACH ROW WHEN (OLD.definition IS NOT NULL) EXECUTE FUNCTION refuse_sealed()""",
    """CREATE TRIGGER rule_set_sealed_UPDATE BEFORE UPDATE ON rule_set
    FOR EACH ROW WHEN (OLD.used_at IS NOT NULL AND ((NEW.body_id IS DISTINCT FROM OLD.body_id OR NEW.code IS DISTINCT FROM OLD.code OR NEW.name IS DISTINCT FROM OLD.name OR NEW.procedure IS DISTINCT FROM OLD.procedure OR NEW.valid_from IS DISTINCT FROM OLD.valid_from OR NEW.legal_source IS DISTINCT FROM OLD.legal_source OR NEW.confirmed IS DISTINCT FROM OLD.confirmed OR NEW.used_at IS DISTINCT FROM OLD.used_at) OR CAST(NEW.parameters AS TEXT) IS DISTINCT FROM CAST(OLD.parameters AS TEXT))) EXECUTE FUNCTION refuse_sealed()""",
    """CREATE TRIGGER rule_set_sealed_DELETE BEFORE DELETE ON rule_set
    FOR EACH ROW WHEN (OLD.used_at IS NOT NULL) EXECUTE FUNCTION refuse_sealed()""",
    """CREATE TRIGGER meeting_sealed_DELETE BEFORE DELETE ON meeting
    FOR EACH ROW WHEN (OLD.state <> 'draft') EXECUTE FUNCTION refuse_sealed()""",
    """CREATE TRIGGER agenda_item_sealed_DELETE BEFORE DELETE ON agenda_item
    FOR EACH ROW WHEN (OLD.state <> 'planned') EXECUTE FUNCTION refuse_sealed()""",
)


def upgrade() -> None:
    op.create_table(
        "ab_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("label", sa.String(length=150), nullable=True),
        sa.Column("description", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "ab_permission",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "ab_register_user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("first_name", sa.String(length=64), nullable=False),
        sa.Column("last_name", sa.String(length=64), nullable=False),
        sa.Column("username", sa.String(length=128), nullable=False),
        sa.Column("password", sa.String(length=256), nullable=True),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("registration_date", sa.DateTime(), nullable=True),
        sa.Column("registration_hash", sa.String(length=256), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
        sa.UniqueConstraint("username"),
    )
    op.create_table(
        "ab_role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "ab_user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("first_name", sa.String(length=64), nullable=False),
        sa.Column("last_name", sa.String(length=64), nullable=False),
        sa.Column("username", sa.String(length=128), nullable=False),
        sa.Column("password", sa.String(length=256), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=True),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("last_login", sa.DateTime(), nullable=True),
        sa.Column("login_count", sa.Integer(), nullable=True),
        sa.Column("fail_login_count", sa.Integer(), nullable=True),
        sa.Column("created_on", sa.DateTime(), nullable=True),
        sa.Column("changed_on", sa.DateTime(), nullable=True),
        sa.Column("created_by_fk", sa.Integer(), nullable=True),
        sa.Column("changed_by_fk", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["changed_by_fk"],
            ["ab_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["created_by_fk"],
            ["ab_user.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
        sa.UniqueConstraint("username"),
    )
    op.create_table(
        "ab_view_menu",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=250), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "body",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "government",
                "ministry",
                "province",
                "commune",
                name="bodykind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("place", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "ab_api_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("key_hash", sa.String(length=256), nullable=False),
        sa.Column("lookup_hash", sa.String(length=256), nullable=True),
        sa.Column("key_prefix", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_on", sa.DateTime(), nullable=True),
        sa.Column("expires_on", sa.DateTime(), nullable=True),
        sa.Column("revoked_on", sa.DateTime(), nullable=True),
        sa.Column("last_used_on", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("lookup_hash"),
        sa.UniqueConstraint("uuid"),
    )
    with op.batch_alter_table("ab_api_key", schema=None) as batch_op:
        batch_op.create_index("idx_api_key_lookup_hash", ["lookup_hash"], unique=True)
        batch_op.create_index("idx_api_key_prefix", ["key_prefix"], unique=False)
        batch_op.create_index("idx_api_key_user_id", ["user_id"], unique=False)

    op.create_table(
        "ab_group_role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("role_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["ab_group.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["role_id"], ["ab_role.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("group_id", "role_id"),
    )
    with op.batch_alter_table("ab_group_role", schema=None) as batch_op:
        batch_op.create_index("idx_group_id", ["group_id"], unique=False)
        batch_op.create_index("idx_group_role_id", ["role_id"], unique=False)

    op.create_table(
        "ab_permission_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("permission_id", sa.Integer(), nullable=False),
        sa.Column("view_menu_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["permission_id"],
            ["ab_permission.id"],
        ),
        sa.ForeignKeyConstraint(
            ["view_menu_id"],
            ["ab_view_menu.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("permission_id", "view_menu_id"),
    )
    with op.batch_alter_table("ab_permission_view", schema=None) as batch_op:
        batch_op.create_index("idx_permission_id", ["permission_id"], unique=False)
        batch_op.create_index("idx_view_menu_id", ["view_menu_id"], unique=False)

    op.create_table(
        "ab_user_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["ab_group.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "group_id"),
    )
    with op.batch_alter_table("ab_user_group", schema=None) as batch_op:
        batch_op.create_index("idx_user_group_id", ["group_id"], unique=False)
        batch_op.create_index("idx_user_id", ["user_id"], unique=False)

    op.create_table(
        "ab_user_role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("role_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["role_id"], ["ab_role.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "role_id"),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("queue", sa.String(length=32), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("dedupe_key", sa.String(length=160), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "due",
                "running",
                "done",
                "failed",
                name="jobstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["body_id"],
            ["body.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("dedupe_key"),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_job_body_id"), ["body_id"], unique=False)
        batch_op.create_index("job_due", ["state", "due_at"], unique=False)

    op.create_table(
        "login_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("device", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_because", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["ab_user.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_sha256"),
    )
    with op.batch_alter_table("login_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_session_user_id"), ["user_id"], unique=False)

    op.create_table(
        "meeting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "regular",
                "thematic",
                "extraordinary",
                name="meetingkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("title_fold", sa.String(length=300), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_minutes", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("conference_url", sa.String(length=500), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "invited",
                "open",
                "adjourned",
                "closed",
                "postponed",
                "cancelled",
                name="meetingstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("state_reason", sa.Text(), nullable=False),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="meeting_closed_at"),
        sa.CheckConstraint(
            "state = 'draft' OR state = 'cancelled' OR invited_at IS NOT NULL", name="meeting_invited_at"
        ),
        sa.CheckConstraint(
            "state NOT IN ('open', 'adjourned', 'closed') OR opened_at IS NOT NULL", name="meeting_opened_at"
        ),
        sa.ForeignKeyConstraint(
            ["body_id"],
            ["body.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("meeting", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_meeting_body_id"), ["body_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_meeting_held_on"), ["held_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_meeting_title_fold"), ["title_fold"], unique=False)

    op.create_table(
        "organisation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "office",
                "ministry",
                "agency",
                "unit",
                name="organisationkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_fold", sa.String(length=200), nullable=False),
        sa.Column("abbreviation", sa.String(length=20), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["body_id"],
            ["body.id"],
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("body_id", "abbreviation", name="organisation_abbreviation"),
    )
    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_organisation_body_id"), ["body_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_organisation_name_fold"), ["name_fold"], unique=False)

    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("home_body_id", sa.Integer(), nullable=False),
        sa.Column("full_name", sa.String(length=200), nullable=False),
        sa.Column("name_fold", sa.String(length=200), nullable=False),
        sa.Column("sort_key", sa.String(length=400), nullable=False),
        sa.Column("fictional", sa.Boolean(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["home_body_id"],
            ["body.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["ab_user.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id"),
    )
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_person_home_body_id"), ["home_body_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_person_name_fold"), ["name_fold"], unique=False)
        batch_op.create_index(batch_op.f("ix_person_sort_key"), ["sort_key"], unique=False)

    op.create_table(
        "rule_set",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "procedure",
            sa.Enum("meeting", "slip", name="procedure", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("legal_source", sa.Text(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("valid_from < valid_to", name="rule_set_dates"),
        sa.ForeignKeyConstraint(
            ["body_id"],
            ["body.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("body_id", "procedure", "code", name="rule_set_code"),
        sa.UniqueConstraint("body_id", "procedure", "valid_from", name="rule_set_start"),
    )
    with op.batch_alter_table("rule_set", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rule_set_body_id"), ["body_id"], unique=False)

    op.create_table(
        "ab_permission_view_role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("permission_view_id", sa.Integer(), nullable=True),
        sa.Column("role_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["permission_view_id"], ["ab_permission_view.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["role_id"], ["ab_role.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("permission_view_id", "role_id"),
    )
    with op.batch_alter_table("ab_permission_view_role", schema=None) as batch_op:
        batch_op.create_index("idx_permission_view_id", ["permission_view_id"], unique=False)
        batch_op.create_index("idx_role_id", ["role_id"], unique=False)

    op.create_table(
        "absence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("substitute_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "requested",
                "approved",
                "refused",
                "withdrawn",
                name="absencestate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=False),
        sa.CheckConstraint("(state IN ('approved', 'refused')) = (decided_at IS NOT NULL)", name="absence_decided_at"),
        sa.CheckConstraint("substitute_id IS NULL OR substitute_id <> member_id", name="absence_substitute"),
        sa.ForeignKeyConstraint(
            ["body_id"],
            ["body.id"],
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"],
            ["meeting.id"],
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["substitute_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("absence", schema=None) as batch_op:
        batch_op.create_index(
            "absence_one_standing",
            ["meeting_id", "member_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('requested', 'approved')"),
            postgresql_where=sa.text("state IN ('requested', 'approved')"),
        )
        batch_op.create_index(batch_op.f("ix_absence_body_id"), ["body_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_absence_meeting_id"), ["meeting_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_absence_member_id"), ["member_id"], unique=False)

    op.create_table(
        "agenda_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "discussion",
                "decision",
                "report",
                name="itemkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("title_fold", sa.String(length=500), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("chair_id", sa.Integer(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("planned_minutes", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "planned", "current", "done", name="itemstate", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'done') = (closed_at IS NOT NULL)", name="agenda_item_closed_at"),
        sa.CheckConstraint("state = 'planned' OR opened_at IS NOT NULL", name="agenda_item_opened_at"),
        sa.CheckConstraint("position > 0", name="agenda_item_position_positive"),
        sa.ForeignKeyConstraint(
            ["body_id"],
            ["body.id"],
        ),
        sa.ForeignKeyConstraint(
            ["chair_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"],
            ["meeting.id"],
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("meeting_id", "position", name="agenda_item_position"),
    )
    with op.batch_alter_table("agenda_item", schema=None) as batch_op:
        batch_op.create_index(
            "agenda_item_one_current",
            ["meeting_id"],
            unique=True,
            sqlite_where=sa.text("state = 'current'"),
            postgresql_where=sa.text("state = 'current'"),
        )
        batch_op.create_index(batch_op.f("ix_agenda_item_body_id"), ["body_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_agenda_item_meeting_id"), ["meeting_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_agenda_item_title_fold"), ["title_fold"], unique=False)

    op.create_table(
        "appointment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column(
            "office",
            sa.Enum(
                "head",
                "deputy_head",
                "minister_chairman",
                "member",
                "deputy_minister",
                "clerk",
                "records",
                "auditor",
                "administrator",
                name="office",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("post", sa.String(length=200), nullable=False),
        sa.Column("abbreviation", sa.String(length=20), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.CheckConstraint("valid_from < valid_to", name="appointment_dates"),
        sa.ForeignKeyConstraint(
            ["body_id"],
            ["body.id"],
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_appointment_body_id"), ["body_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_appointment_person_id"), ["person_id"], unique=False)

    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("subject_type", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fact", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["body_id"],
            ["body.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index("audit_entry_subject", ["subject_type", "subject_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entry_actor_id"), ["actor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entry_body_id"), ["body_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entry_fact"), ["fact"], unique=False)

    op.create_table(
        "certificate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("serial", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("issuer", sa.String(length=300), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["body_id"],
            ["body.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("sha256"),
    )
    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_certificate_body_id"), ["body_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_certificate_person_id"), ["person_id"], unique=False)

    op.create_table(
        "login_try",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("username_fold", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["login_session.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("login_try", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_try_session_id"), ["session_id"], unique=False)
        batch_op.create_index("login_try_address", ["address", "at"], unique=False)
        batch_op.create_index("login_try_name", ["username_fold", "at"], unique=False)

    op.create_table(
        "member_staff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("aide_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.CheckConstraint("member_id <> aide_id", name="member_staff_two_people"),
        sa.CheckConstraint("valid_from < valid_to", name="member_staff_dates"),
        sa.ForeignKeyConstraint(
            ["aide_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["body_id"],
            ["body.id"],
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("member_staff", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_member_staff_aide_id"), ["aide_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_member_staff_body_id"), ["body_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_member_staff_member_id"), ["member_id"], unique=False)

    op.create_table(
        "refusal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("subject_type", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("act", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["body_id"],
            ["body.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("refusal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_refusal_actor_id"), ["actor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_refusal_body_id"), ["body_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_refusal_code"), ["code"], unique=False)
        batch_op.create_index("refusal_subject", ["subject_type", "subject_id"], unique=False)

    op.create_table(
        "certificate_revocation",
        sa.Column("certificate_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["certificate.id"],
        ),
        sa.PrimaryKeyConstraint("certificate_id"),
    )
    op.create_table(
        "document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "submission",
                "brief",
                "draft_resolution",
                "appraisal",
                "report",
                "other",
                name="documentkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("title_fold", sa.String(length=500), nullable=False),
        sa.Column(
            "secrecy",
            sa.Enum(
                "none",
                "confidential",
                "secret",
                "top_secret",
                name="secrecy",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("paper_number", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint("secrecy <> 'none' OR paper_number = ''", name="document_open_in_system"),
        sa.CheckConstraint("secrecy = 'none' OR paper_number <> ''", name="document_secret_on_paper"),
        sa.ForeignKeyConstraint(
            ["body_id"],
            ["body.id"],
        ),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["agenda_item.id"],
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"],
            ["meeting.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_document_body_id"), ["body_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_document_item_id"), ["item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_document_meeting_id"), ["meeting_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_document_title_fold"), ["title_fold"], unique=False)

    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("audit_entry_id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["audit_entry_id"],
            ["audit_entry.id"],
        ),
        sa.ForeignKeyConstraint(
            ["body_id"],
            ["body.id"],
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"],
            ["meeting.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("person_id", "audit_entry_id", name="notice_once"),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notice_body_id"), ["body_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_notice_person_id"), ["person_id"], unique=False)

    op.create_table(
        "seat",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("appointment_id", sa.Integer(), nullable=True),
        sa.Column(
            "role",
            sa.Enum(
                "chair",
                "secretary",
                "attendee",
                "substitute",
                "guest",
                name="seatrole",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("post", sa.String(length=200), nullable=False),
        sa.Column("abbreviation", sa.String(length=20), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_member", sa.Boolean(), nullable=False),
        sa.Column(
            "reply",
            sa.Enum(
                "none",
                "in_room",
                "remote",
                "absent",
                name="reply",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "presence",
            sa.Enum("away", "in_room", "remote", name="presence", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("present_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stands_in_for_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(role = 'substitute') = (stands_in_for_id IS NOT NULL)", name="seat_substitute_of_somebody"
        ),
        sa.CheckConstraint("stands_in_for_id IS NULL OR stands_in_for_id <> person_id", name="seat_not_of_oneself"),
        sa.ForeignKeyConstraint(
            ["appointment_id"],
            ["appointment.id"],
        ),
        sa.ForeignKeyConstraint(
            ["body_id"],
            ["body.id"],
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"],
            ["meeting.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["stands_in_for_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("meeting_id", "person_id", name="seat_once"),
    )
    with op.batch_alter_table("seat", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_seat_body_id"), ["body_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_seat_meeting_id"), ["meeting_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_seat_person_id"), ["person_id"], unique=False)
        batch_op.create_index(
            "seat_one_chair",
            ["meeting_id"],
            unique=True,
            sqlite_where=sa.text("role = 'chair'"),
            postgresql_where=sa.text("role = 'chair'"),
        )
        batch_op.create_index(
            "seat_one_substitute",
            ["meeting_id", "stands_in_for_id"],
            unique=True,
            sqlite_where=sa.text("stands_in_for_id IS NOT NULL"),
            postgresql_where=sa.text("stands_in_for_id IS NOT NULL"),
        )

    op.create_table(
        "signed_statement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "ballot",
                "poll_annulment",
                "tie_confirmation",
                name="statementkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("cms", sa.LargeBinary(), nullable=False),
        sa.Column("certificate_id", sa.Integer(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["body_id"],
            ["body.id"],
        ),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["certificate.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("sha256"),
    )
    with op.batch_alter_table("signed_statement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_signed_statement_body_id"), ["body_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_signed_statement_person_id"), ["person_id"], unique=False)

    op.create_table(
        "signing_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("certificate_id", sa.Integer(), nullable=False),
        sa.Column("key_ref", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "active", "suspended", "replaced", name="keystate", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("failed_tries", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("failed_tries >= 0", name="signing_key_tries"),
        sa.ForeignKeyConstraint(
            ["body_id"],
            ["body.id"],
        ),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["certificate.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("certificate_id"),
        sa.UniqueConstraint("key_ref"),
    )
    with op.batch_alter_table("signing_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_signing_key_body_id"), ["body_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_signing_key_person_id"), ["person_id"], unique=False)
        batch_op.create_index(
            "signing_key_one_active",
            ["person_id"],
            unique=True,
            sqlite_where=sa.text("state <> 'replaced'"),
            postgresql_where=sa.text("state <> 'replaced'"),
        )

    op.create_table(
        "document_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("content_fold", sa.Text(), nullable=False),
        sa.Column("uploaded_by_id", sa.Integer(), nullable=True),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("number > 0 AND size > 0 AND pages > 0", name="document_version_positive"),
        sa.ForeignKeyConstraint(
            ["body_id"],
            ["body.id"],
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"],
            ["meeting.id"],
        ),
        sa.ForeignKeyConstraint(
            ["uploaded_by_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("document_id", "number", name="document_version_number"),
    )
    with op.batch_alter_table("document_version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_document_version_body_id"), ["body_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_document_version_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_document_version_meeting_id"), ["meeting_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_document_version_sha256"), ["sha256"], unique=False)

    op.create_table(
        "guest_item",
        sa.Column("seat_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["agenda_item.id"],
        ),
        sa.ForeignKeyConstraint(
            ["seat_id"],
            ["seat.id"],
        ),
        sa.PrimaryKeyConstraint("seat_id", "item_id"),
    )
    op.create_table(
        "key_recovery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum("unlock", "replace", name="recoverykind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("requested_by_id", sa.Integer(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(approved_by_id IS NULL) = (approved_at IS NULL)", name="key_recovery_approved_at"),
        sa.CheckConstraint("approved_by_id IS NULL OR approved_by_id <> person_id", name="key_recovery_by_others"),
        sa.CheckConstraint(
            "approved_by_id IS NULL OR approved_by_id <> requested_by_id", name="key_recovery_two_people"
        ),
        sa.CheckConstraint("requested_by_id <> person_id", name="key_recovery_not_for_oneself"),
        sa.ForeignKeyConstraint(
            ["approved_by_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["body_id"],
            ["body.id"],
        ),
        sa.ForeignKeyConstraint(
            ["key_id"],
            ["signing_key.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_id"],
            ["person.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("key_recovery", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_key_recovery_body_id"), ["body_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_key_recovery_person_id"), ["person_id"], unique=False)

    op.create_table(
        "signature_evidence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("statement_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "time_stamp",
                "revocation",
                "passkey",
                name="evidencekind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["statement_id"],
            ["signed_statement.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("statement_id", "kind", "sha256", name="signature_evidence_once"),
    )
    with op.batch_alter_table("signature_evidence", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_signature_evidence_statement_id"), ["statement_id"], unique=False)

    op.create_table(
        "poll",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("document_version_id", sa.Integer(), nullable=True),
        sa.Column("rule_set_id", sa.Integer(), nullable=True),
        sa.Column("question", sa.String(length=500), nullable=False),
        sa.Column(
            "visibility",
            sa.Enum(
                "named", "named_not_displayed", name="visibility", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "open",
                "closed",
                "published",
                "annulled",
                name="pollstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("definition", sa.LargeBinary(), nullable=True),
        sa.Column("definition_sha256", sa.String(length=64), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.LargeBinary(), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "adopted",
                "not_adopted",
                "tie_confirm",
                "undecided",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("confirmed_result", sa.LargeBinary(), nullable=True),
        sa.Column(
            "confirmed_outcome",
            sa.Enum(
                "adopted",
                "not_adopted",
                "tie_confirm",
                "undecided",
                name="confirmed_outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("annulled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("annulment_reason", sa.Text(), nullable=False),
        sa.Column("annulment_id", sa.Integer(), nullable=True),
        sa.Column("tie_confirmation_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("(state = 'annulled') = (annulled_at IS NOT NULL)", name="poll_annulled_at"),
        sa.CheckConstraint("state <> 'published' OR published_at IS NOT NULL", name="poll_published_at"),
        sa.CheckConstraint("state IN ('draft', 'annulled') OR definition IS NOT NULL", name="poll_frozen_when_opened"),
        sa.CheckConstraint(
            "state NOT IN ('closed', 'published') OR result IS NOT NULL", name="poll_result_when_closed"
        ),
        sa.CheckConstraint(
            "(confirmed_result IS NULL) = (tie_confirmation_id IS NULL) AND (confirmed_result IS NULL) = (confirmed_outcome IS NULL)",
            name="poll_confirmed_result",
        ),
        sa.CheckConstraint("(definition IS NULL) = (definition_sha256 IS NULL)", name="poll_definition_hash"),
        sa.CheckConstraint("(definition IS NULL) = (opened_at IS NULL)", name="poll_opened_at"),
        sa.CheckConstraint("(result IS NULL) = (closed_at IS NULL)", name="poll_closed_at"),
        sa.CheckConstraint("(result IS NULL) = (outcome IS NULL)", name="poll_outcome_iff_result"),
        sa.ForeignKeyConstraint(
            ["annulment_id"],
            ["signed_statement.id"],
        ),
        sa.ForeignKeyConstraint(
            ["body_id"],
            ["body.id"],
        ),
        sa.ForeignKeyConstraint(
            ["document_version_id"],
            ["document_version.id"],
        ),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["agenda_item.id"],
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"],
            ["meeting.id"],
        ),
        sa.ForeignKeyConstraint(
            ["rule_set_id"],
            ["rule_set.id"],
        ),
        sa.ForeignKeyConstraint(
            ["tie_confirmation_id"],
            ["signed_statement.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("poll", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_poll_body_id"), ["body_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_poll_item_id"), ["item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_poll_meeting_id"), ["meeting_id"], unique=False)
        batch_op.create_index(
            "poll_one_open",
            ["meeting_id"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "poll_leaf",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("open", "ballot", "close", name="leafkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.String(length=64), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("frontier", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["body_id"],
            ["body.id"],
        ),
        sa.ForeignKeyConstraint(
            ["poll_id"],
            ["poll.id"],
        ),
        sa.PrimaryKeyConstraint("poll_id", "seq"),
    )
    op.create_table(
        "roll_entry",
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("appointment_id", sa.Integer(), nullable=False),
        sa.Column("roll_index", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("post", sa.String(length=200), nullable=False),
        sa.Column("abbreviation", sa.String(length=20), nullable=False),
        sa.Column("is_head", sa.Boolean(), nullable=False),
        sa.Column("certificate_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["appointment_id"],
            ["appointment.id"],
        ),
        sa.ForeignKeyConstraint(
            ["body_id"],
            ["body.id"],
        ),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["certificate.id"],
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["poll_id"],
            ["poll.id"],
        ),
        sa.PrimaryKeyConstraint("poll_id", "member_id"),
        sa.UniqueConstraint("poll_id", "roll_index", name="roll_entry_index"),
    )
    op.create_table(
        "ballot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column(
            "choice",
            sa.Enum("agree", "disagree", "other", name="choice", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "place",
            sa.Enum("in_room", "remote", name="place", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("supersedes_id", sa.Integer(), nullable=True),
        sa.Column("statement_id", sa.Integer(), nullable=False),
        sa.Column("leaf_seq", sa.Integer(), nullable=False),
        sa.Column("cast_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["body_id"],
            ["body.id"],
        ),
        sa.ForeignKeyConstraint(["poll_id", "leaf_seq"], ["poll_leaf.poll_id", "poll_leaf.seq"], name="ballot_leaf"),
        sa.ForeignKeyConstraint(
            ["poll_id", "member_id"],
            ["roll_entry.poll_id", "roll_entry.member_id"],
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"],
            ["signed_statement.id"],
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id", "poll_id", "member_id"],
            ["ballot.id", "ballot.poll_id", "ballot.member_id"],
            name="ballot_supersedes_own",
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("id", "poll_id", "member_id", name="ballot_identity"),
        sa.UniqueConstraint("poll_id", "leaf_seq", name="ballot_leaf_once"),
        sa.UniqueConstraint("poll_id", "nonce", name="ballot_nonce_once"),
        sa.UniqueConstraint("statement_id"),
        sa.UniqueConstraint("supersedes_id", name="ballot_superseded_once"),
    )
    with op.batch_alter_table("ballot", schema=None) as batch_op:
        batch_op.create_index(
            "ballot_first_once",
            ["poll_id", "member_id"],
            unique=True,
            sqlite_where=sa.text("supersedes_id IS NULL"),
            postgresql_where=sa.text("supersedes_id IS NULL"),
        )

    op.create_table(
        "prepared_statement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "ballot",
                "poll_annulment",
                "tie_confirmation",
                name="statementkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("poll_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column(
            "choice",
            sa.Enum("agree", "disagree", "other", name="choice", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column(
            "place",
            sa.Enum("in_room", "remote", name="place", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("supersedes_id", sa.Integer(), nullable=True),
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["body_id"],
            ["body.id"],
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
        ),
        sa.ForeignKeyConstraint(
            ["poll_id"],
            ["poll.id"],
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"],
            ["ballot.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("poll_id", "nonce", name="prepared_nonce_once"),
        sa.UniqueConstraint("sha256"),
    )
    with op.batch_alter_table("prepared_statement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_prepared_statement_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_prepared_statement_poll_id"), ["poll_id"], unique=False)

    for statement in SQLITE_GUARDS if op.get_bind().dialect.name == "sqlite" else POSTGRES_GUARDS:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM signed_statement")):
        raise RuntimeError("signed statements are never dropped; restore a backup instead")
    with op.batch_alter_table("prepared_statement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_prepared_statement_poll_id"))
        batch_op.drop_index(batch_op.f("ix_prepared_statement_person_id"))

    op.drop_table("prepared_statement")
    with op.batch_alter_table("ballot", schema=None) as batch_op:
        batch_op.drop_index(
            "ballot_first_once",
            sqlite_where=sa.text("supersedes_id IS NULL"),
            postgresql_where=sa.text("supersedes_id IS NULL"),
        )

    op.drop_table("ballot")
    op.drop_table("roll_entry")
    op.drop_table("poll_leaf")
    with op.batch_alter_table("poll", schema=None) as batch_op:
        batch_op.drop_index(
            "poll_one_open", sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'")
        )
        batch_op.drop_index(batch_op.f("ix_poll_meeting_id"))
        batch_op.drop_index(batch_op.f("ix_poll_item_id"))
        batch_op.drop_index(batch_op.f("ix_poll_body_id"))

    op.drop_table("poll")
    with op.batch_alter_table("signature_evidence", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_signature_evidence_statement_id"))

    op.drop_table("signature_evidence")
    with op.batch_alter_table("key_recovery", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_key_recovery_person_id"))
        batch_op.drop_index(batch_op.f("ix_key_recovery_body_id"))

    op.drop_table("key_recovery")
    op.drop_table("guest_item")
    with op.batch_alter_table("document_version", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_document_version_sha256"))
        batch_op.drop_index(batch_op.f("ix_document_version_meeting_id"))
        batch_op.drop_index(batch_op.f("ix_document_version_document_id"))
        batch_op.drop_index(batch_op.f("ix_document_version_body_id"))

    op.drop_table("document_version")
    with op.batch_alter_table("signing_key", schema=None) as batch_op:
        batch_op.drop_index(
            "signing_key_one_active",
            sqlite_where=sa.text("state <> 'replaced'"),
            postgresql_where=sa.text("state <> 'replaced'"),
        )
        batch_op.drop_index(batch_op.f("ix_signing_key_person_id"))
        batch_op.drop_index(batch_op.f("ix_signing_key_body_id"))

    op.drop_table("signing_key")
    with op.batch_alter_table("signed_statement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_signed_statement_person_id"))
        batch_op.drop_index(batch_op.f("ix_signed_statement_body_id"))

    op.drop_table("signed_statement")
    with op.batch_alter_table("seat", schema=None) as batch_op:
        batch_op.drop_index(
            "seat_one_substitute",
            sqlite_where=sa.text("stands_in_for_id IS NOT NULL"),
            postgresql_where=sa.text("stands_in_for_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "seat_one_chair", sqlite_where=sa.text("role = 'chair'"), postgresql_where=sa.text("role = 'chair'")
        )
        batch_op.drop_index(batch_op.f("ix_seat_person_id"))
        batch_op.drop_index(batch_op.f("ix_seat_meeting_id"))
        batch_op.drop_index(batch_op.f("ix_seat_body_id"))

    op.drop_table("seat")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notice_person_id"))
        batch_op.drop_index(batch_op.f("ix_notice_body_id"))

    op.drop_table("notice")
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_document_title_fold"))
        batch_op.drop_index(batch_op.f("ix_document_meeting_id"))
        batch_op.drop_index(batch_op.f("ix_document_item_id"))
        batch_op.drop_index(batch_op.f("ix_document_body_id"))

    op.drop_table("document")
    op.drop_table("certificate_revocation")
    with op.batch_alter_table("refusal", schema=None) as batch_op:
        batch_op.drop_index("refusal_subject")
        batch_op.drop_index(batch_op.f("ix_refusal_code"))
        batch_op.drop_index(batch_op.f("ix_refusal_body_id"))
        batch_op.drop_index(batch_op.f("ix_refusal_actor_id"))

    op.drop_table("refusal")
    with op.batch_alter_table("member_staff", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_member_staff_member_id"))
        batch_op.drop_index(batch_op.f("ix_member_staff_body_id"))
        batch_op.drop_index(batch_op.f("ix_member_staff_aide_id"))

    op.drop_table("member_staff")
    with op.batch_alter_table("login_try", schema=None) as batch_op:
        batch_op.drop_index("login_try_name")
        batch_op.drop_index("login_try_address")
        batch_op.drop_index(batch_op.f("ix_login_try_session_id"))

    op.drop_table("login_try")
    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_certificate_person_id"))
        batch_op.drop_index(batch_op.f("ix_certificate_body_id"))

    op.drop_table("certificate")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_entry_fact"))
        batch_op.drop_index(batch_op.f("ix_audit_entry_body_id"))
        batch_op.drop_index(batch_op.f("ix_audit_entry_actor_id"))
        batch_op.drop_index("audit_entry_subject")

    op.drop_table("audit_entry")
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_appointment_person_id"))
        batch_op.drop_index(batch_op.f("ix_appointment_body_id"))

    op.drop_table("appointment")
    with op.batch_alter_table("agenda_item", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agenda_item_title_fold"))
        batch_op.drop_index(batch_op.f("ix_agenda_item_meeting_id"))
        batch_op.drop_index(batch_op.f("ix_agenda_item_body_id"))
        batch_op.drop_index(
            "agenda_item_one_current",
            sqlite_where=sa.text("state = 'current'"),
            postgresql_where=sa.text("state = 'current'"),
        )

    op.drop_table("agenda_item")
    with op.batch_alter_table("absence", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_absence_member_id"))
        batch_op.drop_index(batch_op.f("ix_absence_meeting_id"))
        batch_op.drop_index(batch_op.f("ix_absence_body_id"))
        batch_op.drop_index(
            "absence_one_standing",
            sqlite_where=sa.text("state IN ('requested', 'approved')"),
            postgresql_where=sa.text("state IN ('requested', 'approved')"),
        )

    op.drop_table("absence")
    with op.batch_alter_table("ab_permission_view_role", schema=None) as batch_op:
        batch_op.drop_index("idx_role_id")
        batch_op.drop_index("idx_permission_view_id")

    op.drop_table("ab_permission_view_role")
    with op.batch_alter_table("rule_set", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rule_set_body_id"))

    op.drop_table("rule_set")
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_person_sort_key"))
        batch_op.drop_index(batch_op.f("ix_person_name_fold"))
        batch_op.drop_index(batch_op.f("ix_person_home_body_id"))

    op.drop_table("person")
    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_organisation_name_fold"))
        batch_op.drop_index(batch_op.f("ix_organisation_body_id"))

    op.drop_table("organisation")
    with op.batch_alter_table("meeting", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_meeting_title_fold"))
        batch_op.drop_index(batch_op.f("ix_meeting_held_on"))
        batch_op.drop_index(batch_op.f("ix_meeting_body_id"))

    op.drop_table("meeting")
    with op.batch_alter_table("login_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_login_session_user_id"))

    op.drop_table("login_session")
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_index("job_due")
        batch_op.drop_index(batch_op.f("ix_job_body_id"))

    op.drop_table("job")
    op.drop_table("ab_user_role")
    with op.batch_alter_table("ab_user_group", schema=None) as batch_op:
        batch_op.drop_index("idx_user_id")
        batch_op.drop_index("idx_user_group_id")

    op.drop_table("ab_user_group")
    with op.batch_alter_table("ab_permission_view", schema=None) as batch_op:
        batch_op.drop_index("idx_view_menu_id")
        batch_op.drop_index("idx_permission_id")

    op.drop_table("ab_permission_view")
    with op.batch_alter_table("ab_group_role", schema=None) as batch_op:
        batch_op.drop_index("idx_group_role_id")
        batch_op.drop_index("idx_group_id")

    op.drop_table("ab_group_role")
    with op.batch_alter_table("ab_api_key", schema=None) as batch_op:
        batch_op.drop_index("idx_api_key_user_id")
        batch_op.drop_index("idx_api_key_prefix")
        batch_op.drop_index("idx_api_key_lookup_hash")

    op.drop_table("ab_api_key")
    op.drop_table("setting")
    op.drop_table("body")
    op.drop_table("ab_view_menu")
    op.drop_table("ab_user")
    op.drop_table("ab_role")
    op.drop_table("ab_register_user")
    op.drop_table("ab_permission")
    op.drop_table("ab_group")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change(); DROP FUNCTION refuse_sealed()")
