"""What the audit log calls things, in words: facts, acts, subjects and the reasons of refusals."""

from collections import defaultdict
from functools import cache
from typing import Any

from flask_babel import lazy_gettext as _

from app.gateways.intake.refusals import SENTENCES
from app.gateways.storage import StorageError
from app.workflows.engine.errors import WorkflowError

FACTS: dict[str, Any] = {
    "AbsenceDecided": _("Absence decided"),
    "AbsenceRequested": _("Absence requested"),
    "AccountActivated": _("Account opened again"),
    "AccountCreated": _("Account created"),
    "AccountDeactivated": _("Account closed"),
    "AccountPasswordReset": _("Password reset"),
    "PasswordChanged": _("Password changed by its owner"),
    "AccountRoleChanged": _("Screens of an account changed"),
    "AideAssigned": _("Aide assigned"),
    "AideChanged": _("Period of an aide changed"),
    "AppointmentChanged": _("Post changed"),
    "AppointmentMade": _("Post given"),
    "AppointmentRemoved": _("Post taken back"),
    "BodyFounded": _("Body founded"),
    "BallotCast": _("Ballot cast"),
    "ChairHanded": _("Chair handed over"),
    "EvidenceTaken": _("Evidence taken"),
    "IdentifiedAtTerminal": _("Password given at the terminal"),
    "InstallationFounded": _("Installation founded"),
    "InvitationAnswered": _("Invitation answered"),
    "InvitationIssued": _("Invitation issued"),
    "ItemAdded": _("Agenda item added"),
    "ItemChanged": _("Agenda item changed"),
    "ItemClosed": _("Agenda item closed"),
    "ItemMoved": _("Agenda item moved"),
    "ItemOpened": _("Agenda item opened"),
    "ItemRemoved": _("Agenda item removed"),
    "KeyEnrolled": _("Signing key enrolled"),
    "KeyLocked": _("Signing key locked"),
    "KeyRecoveryApproved": _("Unlocking or replacement confirmed"),
    "KeyRecoveryRequested": _("Unlocking or replacement requested"),
    "KeySuspendedFact": _("Signing key suspended"),
    "LoginSessionRevoked": _("Device signed out by an administrator"),
    "MeetingAdjourned": _("Meeting adjourned"),
    "MeetingCancelled": _("Meeting cancelled"),
    "MeetingChanged": _("Meeting changed"),
    "MeetingEnded": _("Meeting ended"),
    "MeetingOpened": _("Meeting opened"),
    "MeetingPostponed": _("Meeting postponed"),
    "MeetingPrepared": _("Meeting prepared"),
    "MeetingRescheduled": _("Meeting called for another time"),
    "MeetingResumed": _("Meeting resumed"),
    "OrganisationAdded": _("Organisation added"),
    "OrganisationChanged": _("Organisation changed"),
    "PaperAdded": _("Paper announced"),
    "PaperChanged": _("Paper changed"),
    "PaperRemoved": _("Paper taken back"),
    "PersonAdded": _("Person added"),
    "PersonRenamed": _("Name corrected"),
    "PollAnnulled": _("Vote annulled"),
    "PollClosed": _("Vote closed"),
    "PollChanged": _("Question worded otherwise"),
    "SeatRemoved": _("Seat taken back"),
    "PollDrafted": _("Question drafted"),
    "PollOpened": _("Vote opened"),
    "PollPublished": _("Result published"),
    "PresenceChanged": _("Presence recorded"),
    "NumberAllotted": _("Number allotted"),
    "NumberCancelled": _("Number cancelled"),
    "NumbersTakenOver": _("Numbers taken over from paper"),
    "ResolutionAbandoned": _("Draft Resolution given up"),
    "ResolutionDrafted": _("Resolution drafted"),
    "ResolutionPresented": _("Resolution presented for signature"),
    "ResolutionPromulgated": _("Resolution promulgated"),
    "ResolutionRecalled": _("Resolution recalled"),
    "ResolutionReceived": _("Resolution received"),
    "ResolutionReplaced": _("Resolution replaced"),
    "ResolutionReturned": _("Resolution returned"),
    "ResolutionSealed": _("Resolution sealed"),
    "ResolutionSigned": _("Resolution signed"),
    "ResolutionStopped": _("Signed Resolution stopped"),
    "ResolutionTextChanged": _("Text of a Resolution changed"),
    "SealEnrolled": _("Seal registered"),
    "SealSuspended": _("Seal suspended"),
    "SignaturePictureSet": _("Specimen signature registered"),
    "RollImported": _("Roll imported from a workbook"),
    "RuleSetChanged": _("Rule set changed"),
    "RuleSetCreated": _("Rule set entered"),
    "RuleSetEnded": _("Rule set ended"),
    "ScreenUnlocked": _("Screen unlocked"),
    "SeatAdded": _("Seat added"),
    "SeatsFilled": _("Seats filled from the roll"),
    "SessionsEnded": _("Devices signed out"),
    "SignedIn": _("Signed in"),
    "SignedOut": _("Signed out"),
    "TieConfirmed": _("Consequence of a tie confirmed"),
    "VersionAdded": _("Version of a paper uploaded"),
}

ACTS: dict[str, Any] = {
    "_add_version": _("upload a version"),
    "_keep_draft": _("write the draft of a Resolution"),
    "append_version": _("upload a version"),
    "_carry_out": _("carry out a signed act"),
    "_count_ballot": _("cast a ballot"),
    "_taken": _("take evidence"),
    "_complete": _("sign or seal a Resolution"),
    "_present": _("present a Resolution"),
    "_recall": _("recall a Resolution"),
    "abandon_resolution": _("give up the draft of a Resolution"),
    "acknowledge": _("confirm receipt"),
    "allot_number": _("allot a number"),
    "draft_resolution": _("draft a Resolution"),
    "edit_resolution": _("change the text of a Resolution"),
    "enrol_seal": _("register a seal"),
    "prepare_recall": _("prepare the recall of a Resolution"),
    "present_resolution": _("present a Resolution"),
    "promulgate_resolution": _("promulgate a Resolution"),
    "register_seal": _("register a seal"),
    "return_resolution": _("return a Resolution"),
    "seal_resolution": _("seal a Resolution"),
    "set_picture": _("register a specimen signature"),
    "sign_resolution": _("sign a Resolution"),
    "stop_resolution": _("stop a signed Resolution"),
    "suspend_seal": _("suspend a seal"),
    "activate_account": _("open an account again"),
    "add_item": _("add an agenda item"),
    "add_organisation": _("add an organisation"),
    "add_paper": _("announce a paper"),
    "add_person": _("add a person"),
    "add_seat": _("add a seat"),
    "add_version": _("upload a version"),
    "adjourn_meeting": _("adjourn a meeting"),
    "answer_invitation": _("answer an invitation"),
    "appoint": _("give a post"),
    "approve_recovery": _("confirm unlocking or replacement"),
    "ask_absence": _("ask for leave of absence"),
    "assign_aide": _("assign an aide"),
    "begin": _("sign in"),
    "cancel_meeting": _("cancel a meeting"),
    "change_own_password": _("change the own password"),
    "close_item": _("close an agenda item"),
    "close_poll": _("close a vote"),
    "complete_enrolment": _("enrol a signing key"),
    "confirm_presence": _("confirm presence"),
    "create_account": _("create an account"),
    "create_meeting": _("create a meeting"),
    "create_rule_set": _("enter a rule set"),
    "deactivate_account": _("close an account"),
    "decide_absence": _("decide on an absence"),
    "draft_poll": _("draft a question"),
    "edit_aide": _("change the period of an aide"),
    "edit_appointment": _("change a post"),
    "edit_item": _("change an agenda item"),
    "edit_meeting": _("change a meeting"),
    "edit_organisation": _("change an organisation"),
    "edit_paper": _("change a paper"),
    "edit_person": _("correct a name"),
    "edit_poll": _("word a question otherwise"),
    "edit_rule_set": _("change a rule set"),
    "end_meeting": _("end a meeting"),
    "end_rule_set": _("end a rule set"),
    "end_sessions": _("sign devices out"),
    "enrol_own_key": _("enrol a signing key"),
    "_found": _("found the installation"),
    "_identified": _("give a password at the terminal"),
    "identify": _("give a password at the terminal"),
    "import_roll": _("import a roll"),
    "hand_chair": _("hand the chair over"),
    "issue_invitation": _("issue the invitation"),
    "mark_one_read": _("read a notice"),
    "mark_read": _("read a notice"),
    "move_item": _("move an agenda item"),
    "open_item": _("open an agenda item"),
    "open_meeting": _("open a meeting"),
    "open_poll": _("open a vote"),
    "postpone_meeting": _("postpone a meeting"),
    "prepare_annulment": _("prepare an annulment"),
    "prepare_ballot": _("prepare a ballot"),
    "prepare_tie_confirmation": _("prepare the confirmation of a tie"),
    "publish_poll": _("publish a result"),
    "put_to_vote": _("put an item to the vote"),
    "record_presence": _("record presence"),
    "refill_seats": _("fill the seats from the roll"),
    "remove_appointment": _("take a post back"),
    "remove_item": _("remove an agenda item"),
    "remove_paper": _("take a paper back"),
    "remove_seat": _("take a seat back"),
    "request_recovery": _("ask for unlocking or replacement"),
    "reschedule_meeting": _("call a meeting for another time"),
    "reset_password": _("reset a password"),
    "resume_meeting": _("resume a meeting"),
    "revoke_session": _("sign a device out"),
    "set_role": _("change the screens of an account"),
    "sign_in": _("sign in"),
    "sign_with_pin": _("sign with the PIN"),
    "suspend_key": _("suspend a signing key"),
    "unlock": _("unlock the screen"),
    "write_draft": _("write the draft of a Resolution"),
}

SUBJECTS: dict[str, Any] = {
    "absence": _("Absence"),
    "ab_user": _("Account"),
    "agenda_item": _("Agenda item"),
    "appointment": _("Post"),
    "body": _("Body"),
    "document": _("Paper"),
    "document_version": _("Version"),
    "job": _("Background work"),
    "key_recovery": _("Unlocking or replacement"),
    "login_session": _("Device"),
    "meeting": _("Meeting"),
    "member_staff": _("Aide"),
    "notice": _("Notice"),
    "organisation": _("Organisation"),
    "person": _("Person"),
    "poll": _("Vote"),
    "resolution": _("Resolution"),
    "rule_set": _("Rule set"),
    "seal_key": _("Digital seal"),
    "signature_picture": _("Specimen signature"),
    "seat": _("Seat"),
    "signing_key": _("Signing key"),
}


JOBS: dict[str, Any] = {
    "meetings.announce": _("Tell the screens of a meeting"),
    "notices.tell": _("Send a notice"),
    "polls.progress": _("Tell how many have voted"),
    "realtime.disconnect_user": _("Cut the connections of an account"),
}


def job_word(name: str) -> Any:
    """The background work in words; a name that is not in the table stays as it is."""
    return JOBS.get(name, name)


def fact_word(name: str) -> Any:
    """The fact in words; a name that is not in the table stays as it was recorded."""
    return FACTS.get(name, name)


def act_word(name: str) -> Any:
    return ACTS.get(name, name)


def subject_word(name: str) -> Any:
    return SUBJECTS.get(name, name)


def reason_word(code: str) -> Any:
    """The sentence of a refusal by its code, with "…" for what was said about the case."""
    message = _sentences().get(code)
    return code if message is None else str(message) % defaultdict(lambda: "…")


@cache
def _sentences() -> dict[str, Any]:
    found: dict[str, Any] = {}
    waiting: list[type[WorkflowError] | type[StorageError]] = [WorkflowError, StorageError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        found.setdefault(kind.code, kind.message)
    return found | {f"upload_{code}": sentence for code, sentence in SENTENCES.items()}
