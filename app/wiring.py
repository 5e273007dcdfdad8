"""Who hears which fact, and what is done in the background. The whole fan-out of the system is these tables."""

from app.models import Queue
from app.realtime import connect as sockets
from app.realtime import meetings as meeting_sockets
from app.realtime import polls as poll_sockets
from app.tasks import notices as notice_tasks
from app.workflows import (
    accounts,
    agenda,
    attendance,
    ballots,
    document_signing,
    documents,
    issuing,
    keys,
    login,
    meetings,
    poll_acts,
    polls,
    promulgation,
    resolutions,
    seals,
)
from app.workflows.engine import outbox
from app.workflows.engine.transaction import fact_of

LIVE = "meetings.announce"
PROGRESS = "polls.progress"
NOTICE = "notices.tell"
CUT = "realtime.disconnect_user"


def _hears(name: str, queue: Queue, handler: outbox.Handler) -> outbox.Task:
    """A task that is told a fact; the job names its row in the audit log, which tells the rest."""
    return outbox.Task(name, queue, lambda job: handler(fact_of(job["audit_entry_id"])), {"audit_entry_id": int})


TASKS: tuple[outbox.Task, ...] = (
    #      name      who waits      what is done
    _hears(LIVE,     Queue.LIVE,    meeting_sockets.announce),
    _hears(PROGRESS, Queue.LIVE,    poll_sockets.progress),
    _hears(CUT,      Queue.LIVE,    sockets.disconnect_user),
    _hears(NOTICE,   Queue.NOTIFY,  notice_tasks.tell),
)  # fmt: skip

HEARD_BY: dict[type, list[str]] = {
    meetings.MeetingChanged: [LIVE],
    meetings.SeatsFilled: [LIVE],
    meetings.SeatRemoved: [LIVE],
    meetings.SeatAdded: [LIVE],
    meetings.InvitationIssued: [LIVE, NOTICE],
    meetings.MeetingOpened: [LIVE],
    meetings.MeetingAdjourned: [LIVE],
    meetings.MeetingResumed: [LIVE],
    meetings.MeetingEnded: [LIVE],
    meetings.MeetingPostponed: [LIVE, NOTICE],
    meetings.MeetingRescheduled: [LIVE, NOTICE],
    meetings.MeetingCancelled: [LIVE, NOTICE],
    meetings.ChairHanded: [LIVE, NOTICE],
    attendance.InvitationAnswered: [LIVE],
    attendance.AbsenceRequested: [LIVE, NOTICE],
    attendance.AbsenceDecided: [LIVE, NOTICE],
    attendance.PresenceChanged: [LIVE],
    agenda.ItemAdded: [LIVE],
    agenda.ItemChanged: [LIVE],
    agenda.ItemMoved: [LIVE],
    agenda.ItemRemoved: [LIVE],
    agenda.ItemOpened: [LIVE],
    agenda.ItemClosed: [LIVE],
    documents.PaperAdded: [LIVE],
    documents.PaperChanged: [LIVE],
    documents.PaperRemoved: [LIVE],
    documents.VersionAdded: [LIVE],
    polls.PollDrafted: [LIVE],
    polls.PollChanged: [LIVE],
    polls.PollOpened: [LIVE],
    ballots.BallotCast: [PROGRESS],
    polls.PollClosed: [PROGRESS, LIVE],
    polls.PollPublished: [LIVE, NOTICE],
    poll_acts.PollAnnulled: [PROGRESS, LIVE, NOTICE],
    poll_acts.TieConfirmed: [LIVE],
    resolutions.ResolutionDrafted: [LIVE],
    resolutions.ResolutionTextChanged: [LIVE],
    resolutions.ResolutionPresented: [LIVE, NOTICE],
    resolutions.ResolutionReturned: [LIVE, NOTICE],
    resolutions.ResolutionAbandoned: [LIVE, NOTICE],
    document_signing.ResolutionSigned: [LIVE, NOTICE],
    issuing.NumberAllotted: [LIVE],
    issuing.NumberCancelled: [LIVE],
    issuing.ResolutionSealed: [LIVE],
    issuing.ResolutionStopped: [LIVE, NOTICE],
    promulgation.ResolutionPromulgated: [LIVE, NOTICE],
    promulgation.ResolutionReceived: [LIVE],
    promulgation.ResolutionRecalled: [LIVE, NOTICE],
    promulgation.ResolutionReplaced: [LIVE, NOTICE],
    seals.SealEnrolled: [NOTICE],
    seals.SealSuspended: [NOTICE],
    seals.SignaturePictureSet: [NOTICE],
    keys.KeyEnrolled: [NOTICE],
    keys.KeyLocked: [NOTICE],
    keys.KeySuspendedFact: [NOTICE],
    keys.KeyRecoveryApproved: [NOTICE],
    login.SignedOut: [CUT],
    login.SessionsEnded: [CUT],
    accounts.LoginSessionRevoked: [CUT],
    accounts.AccountDeactivated: [CUT],
    accounts.AccountRoleChanged: [CUT, NOTICE],
    accounts.AccountPasswordReset: [CUT, NOTICE],
    accounts.PasswordChanged: [NOTICE],
}


def connect() -> None:
    """Fill the outbox's tables; each application does it at its start."""
    outbox.tasks.update({task.name: task for task in TASKS})
    outbox.heard_by.update(HEARD_BY)
