"""The tables: typed columns and constraints, no verbs."""

from app.models.agenda import AgendaItem, ItemKind, ItemState
from app.models.audit import AuditEntry, Refusal
from app.models.calendar_day import CalendarDay, DayKind
from app.models.contact import Channel, ContactAddress, NoticePreference, PushSubscription, QuietHours, Topic
from app.models.delivery import Delivery, DeliveryState
from app.models.digest import Digest, DigestKind
from app.models.document import Document, DocumentKind, DocumentVersion, Secrecy
from app.models.export import Export, ExportKind
from app.models.identity import (
    FOREVER,
    Appointment,
    Body,
    BodyKind,
    MemberStaff,
    Office,
    Organisation,
    OrganisationKind,
    Person,
)
from app.models.job import Heartbeat, Job, JobState, Queue
from app.models.log import Checkpoint, CheckpointCosignature, CheckpointReason, LogEntry, LogKind, LogPending
from app.models.login import LoginSession, LoginTry
from app.models.meeting import (
    Absence,
    AbsenceState,
    GuestItem,
    Meeting,
    MeetingKind,
    MeetingState,
    Presence,
    Reply,
    Seat,
    SeatRole,
)
from app.models.minutes import MinutesFile
from app.models.notice import Notice
from app.models.opinion import Opinion, OpinionGroup, OpinionReply, OpinionTable, Stance
from app.models.passkey import Passkey, PasskeyChallenge, PasskeyPurpose
from app.models.poll import (
    Ballot,
    Choice,
    LeafKind,
    Outcome,
    Place,
    Poll,
    PollLeaf,
    PollState,
    PreparedStatement,
    RollEntry,
    Visibility,
)
from app.models.preservation import AuthorityAnswer, PreservedFile, PreservedLevel
from app.models.resolution import (
    Dispatch,
    DocumentSignature,
    DraftText,
    FileStage,
    IssuedNumber,
    NumberCancellation,
    NumberSeries,
    Resolution,
    ResolutionFile,
    ResolutionState,
    ResolutionVersion,
    SealKey,
    SignaturePicture,
    SignatureRole,
    Urgency,
)
from app.models.rule_set import Procedure, RuleSet
from app.models.setting import Setting
from app.models.signature import (
    Certificate,
    CertificateRevocation,
    EvidenceKind,
    KeyRecovery,
    KeyState,
    RecoveryKind,
    SignatureEvidence,
    SignedStatement,
    SigningKey,
    StatementKind,
)
from app.models.slip import (
    ApprovalAct,
    ApprovalStep,
    QuestionKind,
    Slip,
    SlipApproval,
    SlipDelivery,
    SlipExtension,
    SlipPaper,
    SlipQuestion,
    SlipRecipient,
    SlipState,
)
from app.models.slip_advice import SlipAdvice, SlipAide
from app.models.slip_answer import (
    SlipAnswer,
    SlipAttachment,
    SlipDeemed,
    SlipDraft,
    SlipLeaf,
    SlipLeafKind,
    SlipPrepared,
    SlipUpload,
)
from app.models.slip_decision import SlipDecision, SlipWay
from app.models.slip_template import SlipTemplate
from app.models.slip_watch import CalendarFeed, SlipReminder
from app.models.trip import MemberTrip, TripKind
from app.models.witness import DeclaredGap, DeclaredGapConsent, WitnessFinding, WitnessReport

__all__ = [
    "FOREVER", "Absence", "AbsenceState", "AgendaItem", "Appointment", "ApprovalAct", "ApprovalStep", "AuditEntry",
    "AuthorityAnswer", "Ballot", "Body", "BodyKind", "CalendarDay", "CalendarFeed", "Certificate",
    "CertificateRevocation", "Channel", "Checkpoint", "CheckpointCosignature", "CheckpointReason", "Choice",
    "ContactAddress", "DayKind", "DeclaredGap", "DeclaredGapConsent", "Delivery", "DeliveryState", "Digest",
    "DigestKind", "Dispatch", "Document", "DocumentKind", "DocumentSignature", "DocumentVersion", "DraftText",
    "EvidenceKind", "Export", "ExportKind", "FileStage", "GuestItem", "Heartbeat", "IssuedNumber", "ItemKind",
    "ItemState", "Job", "JobState", "KeyRecovery", "KeyState", "LeafKind", "LogEntry", "LogKind", "LogPending",
    "LoginSession", "LoginTry", "Meeting", "MeetingKind", "MeetingState", "MemberStaff", "MemberTrip", "MinutesFile",
    "Notice", "NoticePreference", "NumberCancellation", "NumberSeries", "Office", "Opinion", "OpinionGroup",
    "OpinionReply", "OpinionTable", "Organisation", "OrganisationKind", "Outcome", "Passkey", "PasskeyChallenge",
    "PasskeyPurpose", "Person", "Place", "Poll", "PollLeaf", "PollState", "PreparedStatement", "Presence",
    "PreservedFile", "PreservedLevel", "Procedure", "PushSubscription", "QuestionKind", "Queue", "QuietHours",
    "RecoveryKind", "Refusal", "Reply", "Resolution", "ResolutionFile", "ResolutionState", "ResolutionVersion",
    "RollEntry", "RuleSet", "SealKey", "Seat", "SeatRole", "Secrecy", "Setting", "SignatureEvidence",
    "SignaturePicture", "SignatureRole", "SignedStatement", "SigningKey", "Slip", "SlipAdvice", "SlipAide",
    "SlipAnswer", "SlipApproval", "SlipAttachment", "SlipDecision", "SlipDeemed", "SlipDelivery", "SlipDraft",
    "SlipExtension", "SlipLeaf", "SlipLeafKind", "SlipPaper", "SlipPrepared", "SlipQuestion", "SlipRecipient",
    "SlipReminder", "SlipState", "SlipTemplate", "SlipUpload", "SlipWay", "Stance", "StatementKind", "Topic",
    "TripKind", "Urgency", "Visibility", "WitnessFinding", "WitnessReport",
]  # fmt: skip
