"""Which tables are insert-only and which rows are sealed; the same statements run in the migration."""

from app.models.agenda import AgendaItem
from app.models.audit import AuditEntry, Refusal
from app.models.base import POSTGRES_FUNCTIONS, insert_only_ddl, part_ddl, sealed_ddl
from app.models.document import DocumentVersion
from app.models.log import Checkpoint, CheckpointCosignature, LogEntry
from app.models.meeting import Meeting
from app.models.minutes import MinutesFile
from app.models.opinion import Opinion
from app.models.passkey import Passkey
from app.models.poll import Ballot, Poll, PollLeaf, PreparedStatement, RollEntry
from app.models.preservation import AuthorityAnswer, PreservedFile
from app.models.resolution import (
    Dispatch,
    DocumentSignature,
    DraftText,
    IssuedNumber,
    NumberCancellation,
    NumberSeries,
    Resolution,
    ResolutionFile,
    ResolutionVersion,
    SealKey,
    SignaturePicture,
)
from app.models.rule_set import RuleSet
from app.models.signature import Certificate, CertificateRevocation, SignatureEvidence, SignedStatement
from app.models.slip import Slip, SlipApproval, SlipDelivery, SlipExtension, SlipPaper, SlipQuestion, SlipRecipient
from app.models.slip_answer import SlipAnswer, SlipAttachment, SlipDeemed, SlipLeaf, SlipPrepared, SlipUpload
from app.models.slip_decision import SlipDecision
from app.models.slip_watch import CalendarFeed, SlipReminder
from app.models.witness import DeclaredGap, DeclaredGapConsent, WitnessReport

__all__ = ["INSERT_ONLY", "PARTS", "POSTGRES_FUNCTIONS", "SEALED", "guard_statements"]

INSERT_ONLY = (
    AuditEntry, Refusal, DocumentVersion, RollEntry, PreparedStatement, SignedStatement, SignatureEvidence, Ballot,
    PollLeaf, Certificate, CertificateRevocation, DraftText, ResolutionVersion, ResolutionFile, DocumentSignature,
    IssuedNumber, NumberCancellation, SignaturePicture, LogEntry, Checkpoint, CheckpointCosignature,
    WitnessReport, DeclaredGap, DeclaredGapConsent, SlipRecipient, SlipApproval, SlipExtension, SlipPrepared,
    SlipAnswer, SlipUpload, SlipAttachment, SlipDeemed, SlipLeaf, PreservedFile, AuthorityAnswer, SlipDecision,
    Opinion, SlipReminder, MinutesFile,
)  # fmt: skip


def _changed(*columns: str) -> str:
    return "(" + " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns) + ")"


_FROZEN = _changed(
    "body_id", "meeting_id", "item_id", "document_version_id", "rule_set_id", "question", "visibility",
    "passkey_demanded", "definition", "definition_sha256", "opened_at", "closes_at",
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

_PRINTED = _changed(
    "body_id", "meeting_id", "item_id", "poll_id", "slip_id", "subject", "subject_fold", "normative", "public",
    "urgency", "token", "signer_id", "signer_post", "replaces_id", "drafted_by_id", "drafted_at", "presented_at",
)  # fmt: skip
_STEPS = ("signed_at", "numbered_at", "sealed_at", "promulgated_at", "ended_at", "recall_id")
_RESOLUTION_CHANGES = " OR ".join(
    (
        f"(OLD.signed_at IS NOT NULL AND {_PRINTED})",
        *(f"(OLD.{step} IS NOT NULL AND {_changed(step)})" for step in _STEPS),
        "(OLD.state IN ('recalled', 'replaced', 'abandoned') AND NEW.state IS DISTINCT FROM OLD.state)",
        "(OLD.promulgated_at IS NOT NULL AND NEW.state NOT IN ('promulgated', 'recalled', 'replaced'))",
        "(OLD.ended_at IS NOT NULL AND NEW.reason IS DISTINCT FROM OLD.reason)",
    )
)
_SERIES = "NEW.last_number <> OLD.last_number + 1 OR " + _changed("body_id", "type", "normative", "year")
_SENT = (
    _changed("body_id", "resolution_id", "person_id", "organisation_id", "name", "sent_at")
    + f" OR (OLD.received_at IS NOT NULL AND {_changed('received_at', 'received_by_id')})"
    + f" OR (OLD.recall_seen_at IS NOT NULL AND {_changed('recall_seen_at')})"
)
_PASSKEY = " OR ".join(
    (
        _changed("body_id", "person_id", "credential_id", "public_key", "aaguid", "label", "created_at"),
        "NEW.sign_count < OLD.sign_count",
        *(f"(OLD.{since} IS NOT NULL AND {_changed(since)})" for since in ("suspended_at", "removed_at")),
    )
)

_ASKED = _changed(
    "body_id", "round", "previous_id", "matter", "title_fold", "organisation_id", "legal_basis", "urgency",
    "working_days", "passkey_demanded", "drafted_by_id", "drafted_at", "stage", "issued_at", "series_id", "number",
    "number_text", "rule_set_id", "definition", "definition_sha256",
)  # fmt: skip
_SLIP_CHANGES = " OR ".join(
    (
        f"(OLD.definition IS NOT NULL AND ({_ASKED} OR CAST(NEW.chain AS TEXT) <> CAST(OLD.chain AS TEXT)))",
        "(OLD.definition IS NOT NULL AND NEW.deadline_at < OLD.deadline_at)",  # given once, a deadline only grows
        f"(OLD.definition IS NOT NULL AND OLD.state <> 'issued' AND {_changed('deadline_at')})",
        f"(OLD.result IS NOT NULL AND {_COUNTED})",
        "(OLD.state IN ('abandoned', 'recalled'))",
        "(OLD.definition IS NOT NULL AND NEW.state IN ('draft', 'submitted', 'approved', 'abandoned'))",
        "(OLD.state IN ('closed', 'reported', 'decided') AND NEW.state IN ('issued', 'recalled'))",
    )
)
_DELIVERED = (
    _changed("body_id", "slip_id", "member_id", "device", "received_at")
    + f" OR (OLD.seen_at IS NOT NULL AND {_changed('seen_at')})"
)

_FEED = (
    _changed("body_id", "person_id", "token_sha256", "created_at")
    + f" OR (OLD.revoked_at IS NOT NULL AND {_changed('revoked_at')})"
)

SEALED: tuple[tuple[str, str, str], ...] = (
    # table, verb, condition under which the change is refused
    (Poll.__tablename__, "UPDATE", _POLL_CHANGES),
    (Poll.__tablename__, "DELETE", "OLD.definition IS NOT NULL"),
    (RuleSet.__tablename__, "UPDATE", f"OLD.used_at IS NOT NULL AND ({_RULES})"),
    (RuleSet.__tablename__, "DELETE", "OLD.used_at IS NOT NULL"),
    (Meeting.__tablename__, "DELETE", "OLD.state <> 'draft'"),
    (AgendaItem.__tablename__, "DELETE", "OLD.state <> 'planned'"),
    (Resolution.__tablename__, "UPDATE", _RESOLUTION_CHANGES),
    (Resolution.__tablename__, "DELETE", "OLD.id IS NOT NULL"),
    (NumberSeries.__tablename__, "UPDATE", _SERIES),
    (NumberSeries.__tablename__, "DELETE", "OLD.last_number > 0"),
    (SealKey.__tablename__, "UPDATE", _changed("body_id", "certificate_id", "key_ref", "picture", "enrolled_at")),
    (SealKey.__tablename__, "DELETE", "OLD.id IS NOT NULL"),
    (Dispatch.__tablename__, "UPDATE", _SENT),
    (Dispatch.__tablename__, "DELETE", "OLD.id IS NOT NULL"),
    (Passkey.__tablename__, "UPDATE", _PASSKEY),
    (Passkey.__tablename__, "DELETE", "OLD.id IS NOT NULL"),
    (Slip.__tablename__, "UPDATE", _SLIP_CHANGES),
    (Slip.__tablename__, "DELETE", "OLD.id IS NOT NULL"),
    (SlipDelivery.__tablename__, "UPDATE", _DELIVERED),
    (SlipDelivery.__tablename__, "DELETE", "OLD.id IS NOT NULL"),
    (CalendarFeed.__tablename__, "UPDATE", _FEED),
    (CalendarFeed.__tablename__, "DELETE", "OLD.id IS NOT NULL"),
)  # fmt: skip

PARTS = (SlipQuestion, SlipPaper)  # of a slip, and frozen with it


def guard_statements(dialect: str) -> list[str]:
    """Every trigger statement for "sqlite" or "postgresql", in order."""
    statements = [line for model in INSERT_ONLY for line in insert_only_ddl(model.__tablename__, dialect)]
    statements += [line for row in SEALED for line in sealed_ddl(*row, dialect)]
    return statements + [line for model in PARTS for line in part_ddl(model.__tablename__, Slip.__tablename__, dialect)]
