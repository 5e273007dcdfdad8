"""Which tables are insert-only and which rows are sealed; the same statements run in the migration."""

from app.models.agenda import AgendaItem
from app.models.audit import AuditEntry, Refusal
from app.models.base import POSTGRES_FUNCTIONS, insert_only_ddl, sealed_ddl
from app.models.document import DocumentVersion
from app.models.meeting import Meeting
from app.models.poll import Ballot, Poll, PollLeaf, PreparedStatement, RollEntry
from app.models.rule_set import RuleSet
from app.models.signature import Certificate, CertificateRevocation, SignatureEvidence, SignedStatement

__all__ = ["INSERT_ONLY", "POSTGRES_FUNCTIONS", "SEALED", "guard_statements"]

INSERT_ONLY = (
    AuditEntry, Refusal, DocumentVersion, RollEntry, PreparedStatement, SignedStatement, SignatureEvidence, Ballot,
    PollLeaf, Certificate, CertificateRevocation,
)  # fmt: skip


def _changed(*columns: str) -> str:
    return "(" + " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns) + ")"


_FROZEN = _changed(
    "body_id", "meeting_id", "item_id", "document_version_id", "rule_set_id", "question", "visibility", "definition",
    "definition_sha256", "opened_at", "closes_at",
)  # fmt: skip
_COUNTED = _changed("result", "outcome", "closed_at")
_CONFIRMED = _changed("confirmed_result", "confirmed_outcome", "tie_confirmation_id")
# a used rule set may only end (valid_to), so that its successor can begin
_RULES = (
    _changed("body_id", "code", "name", "procedure", "valid_from", "legal_source", "confirmed", "used_at")
    + " OR CAST(NEW.parameters AS TEXT) IS DISTINCT FROM CAST(OLD.parameters AS TEXT)"
)

_POLL_CHANGES = " OR ".join(
    (
        f"(OLD.definition IS NOT NULL AND {_FROZEN})",
        f"(OLD.result IS NOT NULL AND {_COUNTED})",
        f"(OLD.confirmed_result IS NOT NULL AND {_CONFIRMED})",
        "(OLD.state = 'annulled')",
        "(OLD.state = 'published' AND NEW.state NOT IN ('published', 'annulled'))",
        "(OLD.state IN ('closed', 'published') AND NEW.state IN ('draft', 'open'))",
    )
)

SEALED: tuple[tuple[str, str, str], ...] = (
    # table, verb, condition under which the change is refused
    (Poll.__tablename__, "UPDATE", _POLL_CHANGES),
    (Poll.__tablename__, "DELETE", "OLD.definition IS NOT NULL"),
    (RuleSet.__tablename__, "UPDATE", f"OLD.used_at IS NOT NULL AND ({_RULES})"),
    (RuleSet.__tablename__, "DELETE", "OLD.used_at IS NOT NULL"),
    (Meeting.__tablename__, "DELETE", "OLD.state <> 'draft'"),
    (AgendaItem.__tablename__, "DELETE", "OLD.state <> 'planned'"),
)  # fmt: skip


def guard_statements(dialect: str) -> list[str]:
    """Every trigger statement for "sqlite" or "postgresql", in order."""
    statements = [line for model in INSERT_ONLY for line in insert_only_ddl(model.__tablename__, dialect)]
    return statements + [line for row in SEALED for line in sealed_ddl(*row, dialect)]
