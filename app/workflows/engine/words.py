"""The words for states and codes, in one place for pages, JSON and refusals."""

from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext as _p

from app.models import (
    AbsenceState,
    BodyKind,
    Choice,
    DocumentKind,
    FileStage,
    ItemKind,
    ItemState,
    JobState,
    KeyState,
    MeetingKind,
    MeetingState,
    Office,
    OrganisationKind,
    Outcome,
    Place,
    PollState,
    Presence,
    Procedure,
    RecoveryKind,
    Reply,
    ResolutionState,
    SeatRole,
    Secrecy,
    SignatureRole,
    Urgency,
    Visibility,
)

WORDS: dict[type[StrEnum], dict[Any, Any]] = {
    MeetingKind: {
        MeetingKind.REGULAR: _("Regular session"),
        MeetingKind.THEMATIC: _("Topical session"),
        MeetingKind.EXTRAORDINARY: _("Extraordinary session"),
    },
    MeetingState: {
        MeetingState.DRAFT: _p("meeting", "Being prepared"),
        MeetingState.INVITED: _p("meeting", "Invitations issued"),
        MeetingState.OPEN: _p("meeting", "In session"),
        MeetingState.ADJOURNED: _p("meeting", "Adjourned"),
        MeetingState.CLOSED: _p("meeting", "Ended"),
        MeetingState.POSTPONED: _p("meeting", "Postponed"),
        MeetingState.CANCELLED: _p("meeting", "Cancelled"),
    },
    ItemKind: {
        ItemKind.DISCUSSION: _("Discussion"),
        ItemKind.DECISION: _("Decision by vote"),
        ItemKind.REPORT: _("Report"),
    },
    ItemState: {
        ItemState.PLANNED: _p("item", "Planned"),
        ItemState.CURRENT: _p("item", "Under way"),
        ItemState.DONE: _p("item", "Done"),
    },
    PollState: {
        PollState.DRAFT: _p("poll", "Draft"),
        PollState.OPEN: _p("poll", "Voting open"),
        PollState.CLOSED: _p("poll", "Voting closed"),
        PollState.PUBLISHED: _p("poll", "Published"),
        PollState.ANNULLED: _p("poll", "Annulled"),
    },
    Choice: {
        Choice.AGREE: _p("vote", "Agree"),
        Choice.DISAGREE: _p("vote", "Disagree"),
        Choice.OTHER: _p("vote", "Other opinion"),
    },
    Outcome: {
        Outcome.ADOPTED: _("Adopted"),
        Outcome.NOT_ADOPTED: _("Not adopted"),
        Outcome.TIE_CONFIRM: _("Tie – the head of the body confirms"),
        Outcome.UNDECIDED: _("Undecided"),
    },
    Place: {Place.IN_ROOM: _("In the room"), Place.REMOTE: _("Remotely")},
    Presence: {
        Presence.AWAY: _("Not present"),
        Presence.IN_ROOM: _("In the room"),
        Presence.REMOTE: _("Remotely"),
    },
    Reply: {
        Reply.NONE: _("No answer yet"),
        Reply.IN_ROOM: _("Attends in the room"),
        Reply.REMOTE: _("Attends remotely"),
        Reply.ABSENT: _("Absent"),
    },
    AbsenceState: {
        AbsenceState.REQUESTED: _p("absence", "Awaiting decision"),
        AbsenceState.APPROVED: _p("absence", "Approved"),
        AbsenceState.REFUSED: _p("absence", "Refused"),
        AbsenceState.WITHDRAWN: _p("absence", "Withdrawn"),
    },
    SeatRole: {
        SeatRole.CHAIR: _("Chair"),
        SeatRole.SECRETARY: _("Secretary of the meeting"),
        SeatRole.ATTENDEE: _("Attendee"),
        SeatRole.SUBSTITUTE: _("Substitute"),
        SeatRole.GUEST: _("Guest"),
    },
    Office: {
        Office.HEAD: _("Head of the body"),
        Office.DEPUTY_HEAD: _("Deputy head of the body"),
        Office.MINISTER_CHAIRMAN: _("Minister-Chairman of the Government Office"),
        Office.MEMBER: _("Member"),
        Office.DEPUTY_MINISTER: _("Deputy of a member"),
        Office.CLERK: _("Clerk"),
        Office.RECORDS: _("Records office"),
        Office.AUDITOR: _("Auditor"),
        Office.ADMINISTRATOR: _("Administrator"),
    },
    DocumentKind: {
        DocumentKind.SUBMISSION: _("Submission"),
        DocumentKind.BRIEF: _("Brief"),
        DocumentKind.DRAFT_RESOLUTION: _("Draft Resolution"),
        DocumentKind.APPRAISAL: _("Appraisal report"),
        DocumentKind.REPORT: _("Report"),
        DocumentKind.OTHER: _("Other paper"),
    },
    Secrecy: {
        Secrecy.NONE: _p("secrecy", "Not secret"),
        Secrecy.CONFIDENTIAL: _p("secrecy", "Confidential"),
        Secrecy.SECRET: _p("secrecy", "Secret"),
        Secrecy.TOP_SECRET: _p("secrecy", "Top secret"),
    },
    Visibility: {
        Visibility.NAMED: _("Named vote, shown by name"),
        Visibility.NAMED_NOT_DISPLAYED: _("Named vote, names not displayed (not a secret ballot)"),
    },
    KeyState: {
        KeyState.ACTIVE: _p("key", "Active"),
        KeyState.SUSPENDED: _p("key", "Suspended"),
        KeyState.REPLACED: _p("key", "Replaced"),
    },
    ResolutionState: {
        ResolutionState.DRAFTING: _p("resolution", "Being drafted"),
        ResolutionState.PRESENTED: _p("resolution", "Awaiting signature"),
        ResolutionState.SIGNED: _p("resolution", "Signed, awaiting its number"),
        ResolutionState.NUMBERED: _p("resolution", "Numbered, awaiting the seal"),
        ResolutionState.SEALED: _p("resolution", "Sealed, awaiting promulgation"),
        ResolutionState.PROMULGATED: _p("resolution", "Promulgated"),
        ResolutionState.RECALLED: _p("resolution", "Recalled"),
        ResolutionState.REPLACED: _p("resolution", "Replaced"),
        ResolutionState.ABANDONED: _p("resolution", "Abandoned"),
    },
    FileStage: {
        FileStage.PRESENTED: _p("file", "Presented"),
        FileStage.SIGNED: _p("file", "Signed"),
        FileStage.SEALED: _p("file", "Sealed"),
    },
    SignatureRole: {
        SignatureRole.SIGNATURE: _("Signature of the competent person"),
        SignatureRole.SEAL: _("Seal of the organisation"),
    },
    Urgency: {
        Urgency.NORMAL: _p("urgency", "Normal"),
        Urgency.URGENT: _p("urgency", "Urgent"),
        Urgency.VERY_URGENT: _p("urgency", "Very urgent"),
        Urgency.EXPRESS: _p("urgency", "Express"),
    },
    RecoveryKind: {RecoveryKind.UNLOCK: _("Unlock"), RecoveryKind.REPLACE: _("Replace the key")},
    JobState: {
        JobState.DUE: _p("job", "Waiting"),
        JobState.RUNNING: _p("job", "Running"),
        JobState.DONE: _p("job", "Done"),
        JobState.FAILED: _p("job", "Failed"),
    },
    BodyKind: {
        BodyKind.GOVERNMENT: _("Government"),
        BodyKind.MINISTRY: _("Ministry"),
        BodyKind.PROVINCE: _("Province"),
        BodyKind.COMMUNE: _("Commune"),
    },
    OrganisationKind: {
        OrganisationKind.OFFICE: _p("organisation", "Office"),
        OrganisationKind.MINISTRY: _("Ministry"),
        OrganisationKind.AGENCY: _("Ministerial-level agency"),
        OrganisationKind.UNIT: _("Unit"),
    },
    Procedure: {Procedure.MEETING: _("Decision in a meeting"), Procedure.SLIP: _("Opinion slip")},
}


def word(code: StrEnum | None) -> Any:
    """The word for a code, lazily translated; nothing for None."""
    return "" if code is None else WORDS[type(code)][code]
