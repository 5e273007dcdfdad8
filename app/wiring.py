"""Who hears which fact, and what is done in the background. The whole fan-out of the system is these tables."""

from app.gateways import timestamp
from app.models import CheckpointReason, DigestKind, LogKind, Office, PollLeaf, Queue, SlipLeaf, Topic
from app.realtime import connect as sockets
from app.realtime import meetings as meeting_sockets
from app.realtime import polls as poll_sockets
from app.realtime import slips as slip_sockets
from app.tasks import announcements as announcement_tasks
from app.tasks import checks as check_tasks
from app.tasks import deliveries as delivery_tasks
from app.tasks import digests as digest_tasks
from app.tasks import expiry as expiry_tasks
from app.tasks import exports as export_tasks
from app.tasks import minutes as minutes_tasks
from app.tasks import notices as notice_tasks
from app.tasks import pki as pki_tasks
from app.tasks import preservation as preservation_tasks
from app.tasks import reminders as reminder_tasks
from app.tasks import revocation as revocation_tasks
from app.tasks import schedule, sequencer
from app.tasks import time_stamps as stamp_tasks
from app.tasks import upkeep as upkeep_tasks
from app.tasks import witness as witness_tasks
from app.tasks.schedule import Entry
from app.views import notice_words as say
from app.workflows import (
    accounts,
    agenda,
    announcements,
    attendance,
    ballots,
    certificate_rounds,
    checks,
    contacts,
    deliveries,
    digests,
    document_signing,
    documents,
    expiry,
    exports,
    gaps,
    issuing,
    jobs,
    keys,
    login,
    meetings,
    minutes,
    notices,
    passkeys,
    poll_acts,
    polls,
    preservation,
    promulgation,
    reminders,
    resolutions,
    revocation_evidence,
    revocations,
    seals,
    sequencing,
    slip_advice,
    slip_deliveries,
    slip_facts,
    slip_reminders,
    time_stamps,
    witnessing,
    worth_sending,
)
from app.workflows import audiences as who
from app.workflows.audiences import always, express
from app.workflows.engine import outbox
from app.workflows.engine.outbox import Task
from app.workflows.engine.rights import GRANTS, Right
from app.workflows.engine.tables import table
from app.workflows.engine.transaction import fact_of
from app.workflows.notices import Kind
from app.workflows.sequencing import Root, hash_of_file, live_version, root_of_own_log

MEETING, REMINDER, VOTE, SLIP, RESOLUTION, DIGEST, SECURITY = Topic
member_and_aides = who.with_staff(who.named("member_id"))
REPORTED_TO = [office for office in Office if office in GRANTS[Right.REPORT_READ]]
HEAD, RECORDS, AUDITOR = Office.HEAD, Office.RECORDS, Office.AUDITOR
issuers = who.holding(*[office for office in Office if office in GRANTS[Right.SLIP_ISSUE]])
decide_gaps = who.holding(HEAD, AUDITOR)
root_of_poll = root_of_own_log(table(PollLeaf), "poll_id")
root_of_slip = root_of_own_log(table(SlipLeaf), "slip_id")

LIVE = "meetings.announce"
PROGRESS = "polls.progress"
NOTICE = "notices.tell"
SLIPS = "slips.announce"
CUT = "realtime.disconnect_user"
BADGE = notices.BADGE
PAPERS = digest_tasks.PAPERS
STAMP = time_stamps.ASK
PRESERVE = preservation.BEGIN
MINUTES = minutes.MAKE


def _hears(name: str, queue: Queue, handler: outbox.Handler) -> Task:
    """A task that is told a fact; the job names its row in the audit log, which tells the rest."""
    return Task(name, queue, lambda job: handler(fact_of(job["audit_entry_id"])), {"audit_entry_id": int})


TASKS: tuple[Task, ...] = (
    # what is told of a fact
    _hears(LIVE,     Queue.LIVE,    meeting_sockets.announce),
    _hears(PROGRESS, Queue.LIVE,    poll_sockets.progress),
    _hears(SLIPS,    Queue.LIVE,    slip_sockets.announce),
    _hears(CUT,      Queue.LIVE,    sockets.disconnect_user),
    _hears(BADGE,    Queue.LIVE,    notice_tasks.badge),
    _hears(NOTICE,   Queue.NOTIFY,  notice_tasks.tell),
    _hears(PAPERS,   Queue.DIGEST,  digest_tasks.papers),
    _hears(STAMP,    Queue.SIGNING, stamp_tasks.ask),
    _hears(PRESERVE, Queue.SIGNING, preservation_tasks.begin),
    _hears(MINUTES,  Queue.INTERACTIVE, minutes_tasks.make),
    # what is done:  by whom, with which arguments
    Task(slip_deliveries.TELL, Queue.LIVE, slip_sockets.arrived, {"slip_id": int}),
    Task(deliveries.SEND, Queue.NOTIFY, delivery_tasks.send, {"delivery_id": int}),
    Task(delivery_tasks.GIVE_UP, Queue.SCHEDULE, delivery_tasks.give_up, {"body_id": int}),
    Task(contacts.SEND_CODE, Queue.NOTIFY, delivery_tasks.send_code, {"contact_id": int}),
    Task(digest_tasks.DAILY, Queue.DIGEST, digest_tasks.daily, {"body_id": int, "day": str}),
    Task(digest_tasks.SESSION, Queue.DIGEST, digest_tasks.session, {"meeting_id": int, "why": str, "slot": str}),
    Task(reminder_tasks.INVITATIONS, Queue.SCHEDULE, reminder_tasks.invitations, {"meeting_id": int, "step": int}),
    Task(reminder_tasks.SLIPS, Queue.SCHEDULE, reminder_tasks.of_slip, {"slip_id": int, "step": int}),
    Task(exports.MAKE, Queue.INTERACTIVE, export_tasks.make, {"export_id": int}),
    Task(announcement_tasks.WEEK, Queue.SCHEDULE, announcement_tasks.week, {"body_id": int, "week": str}),
    Task(check_tasks.INTEGRITY, Queue.SIGNING, check_tasks.integrity, {"body_id": int}),
    Task(sequencer.NIGHTLY, Queue.MAINTENANCE, sequencer.nightly, {"body_id": int}),
    Task(expiry.WARN, Queue.SCHEDULE, expiry_tasks.warn, {"body_id": int}),
    Task(revocation_evidence.ASK, Queue.SIGNING, revocation_tasks.ask, {"body_id": int}),
    Task(revocation_evidence.ASK_AGAIN, Queue.SIGNING, revocation_tasks.ask_again, {"certificate_id": int}),
    Task(certificate_rounds.ROUND, Queue.SIGNING, revocation_tasks.go_round, {"body_id": int}),
    Task(revocations.PUBLISH, Queue.SIGNING, pki_tasks.publish, {"body_id": int}),
    Task(time_stamps.CATCH_UP, Queue.SIGNING, stamp_tasks.catch_up, {"body_id": int}),
    Task(preservation.KEEP, Queue.SIGNING, preservation_tasks.keep, {"body_id": int}),
    Task(witness_tasks.ATTEND, Queue.SCHEDULE, witness_tasks.attend, witness_tasks.ARGUMENTS),
    Task(upkeep_tasks.PRUNE, Queue.MAINTENANCE, upkeep_tasks.prune, {"body_id": int}),
)  # fmt: skip

TIMETABLE = (
    #     what comes round          and when
    Entry(digest_tasks.DAILY,           digest_tasks.daily_slots),
    Entry(digest_tasks.SESSION,         digest_tasks.opening_slots),
    Entry(reminder_tasks.INVITATIONS,   reminder_tasks.slots),
    Entry(reminder_tasks.SLIPS,         reminder_tasks.slip_slots),
    Entry(delivery_tasks.GIVE_UP,       delivery_tasks.forsaken_slots),
    Entry(announcement_tasks.WEEK,      announcement_tasks.week_slots),
    Entry(check_tasks.INTEGRITY,        upkeep_tasks.nightly_slots),
    Entry(sequencer.NIGHTLY,            sequencer.slots),
    Entry(expiry.WARN,                  upkeep_tasks.nightly_slots),
    Entry(revocation_evidence.ASK,      revocation_tasks.slots),
    Entry(certificate_rounds.ROUND,     revocation_tasks.round_slots),
    Entry(revocations.PUBLISH,          upkeep_tasks.nightly_slots),
    Entry(time_stamps.CATCH_UP,         stamp_tasks.slots),
    Entry(preservation.KEEP,            preservation_tasks.slots),
    Entry(witness_tasks.ATTEND,         witness_tasks.slots),
    Entry(upkeep_tasks.PRUNE,           upkeep_tasks.nightly_slots),
)  # fmt: skip

STILL_NEEDED = {
    reminders.InvitationReminded.__name__: reminders.still_silent,
    expiry.CertificateExpiring.__name__: expiry.still_ending,
    slip_reminders.SlipReminded.__name__: slip_reminders.still_waited_for,
    slip_facts.SlipIssued.__name__: slip_advice.still_concerns,
}
MAY_HAVE = {DigestKind.DAILY: digests.may_have_daily, DigestKind.SESSION: digests.may_have_session}
ROOTS = {  # facts after which the log of the installation takes in what they leave behind
    #                                   kind of entry           signed then, because         what the entry says
    polls.PollClosed:                   Root(LogKind.POLL_CLOSED,   CheckpointReason.POLL,       root_of_poll),
    poll_acts.PollAnnulled:             Root(LogKind.POLL_ANNULLED, CheckpointReason.POLL,       root_of_poll),
    slip_facts.SlipClosed:              Root(LogKind.SLIP_CLOSED,   CheckpointReason.SLIP,       root_of_slip),
    slip_facts.SlipRecalled:            Root(LogKind.SLIP_RECALLED, CheckpointReason.SLIP,       root_of_slip),
    promulgation.ResolutionPromulgated: Root(LogKind.RESOLUTION,    CheckpointReason.RESOLUTION, hash_of_file),
    meetings.MeetingEnded:              Root(LogKind.MEETING_CLOSED, CheckpointReason.MEETING,   live_version),
}  # fmt: skip
FOLLOWERS = {deliveries.SEND: deliveries.follow_job}  # what an administrator does to a job is done to its subject

HEARD_BY: dict[type, list[str]] = {
    meetings.MeetingChanged: [LIVE],
    meetings.SeatsFilled: [LIVE],
    meetings.SeatRemoved: [LIVE],
    meetings.SeatAdded: [LIVE],
    meetings.InvitationIssued: [LIVE, PAPERS],
    meetings.MeetingOpened: [LIVE],
    meetings.MeetingAdjourned: [LIVE],
    meetings.MeetingResumed: [LIVE],
    meetings.MeetingEnded: [LIVE, MINUTES],
    minutes.MinutesAsked: [MINUTES],
    meetings.MeetingPostponed: [LIVE],
    meetings.MeetingRescheduled: [LIVE],
    meetings.MeetingCancelled: [LIVE],
    meetings.ChairHanded: [LIVE],
    attendance.InvitationAnswered: [LIVE],
    attendance.AbsenceRequested: [LIVE],
    attendance.AbsenceDecided: [LIVE],
    attendance.PresenceChanged: [LIVE],
    agenda.ItemAdded: [LIVE],
    agenda.ItemChanged: [LIVE],
    agenda.ItemMoved: [LIVE],
    agenda.ItemRemoved: [LIVE],
    agenda.ItemOpened: [LIVE],
    agenda.ItemClosed: [LIVE],
    documents.PaperAdded: [LIVE, PAPERS],
    documents.PaperChanged: [LIVE],
    documents.PaperRemoved: [LIVE],
    documents.VersionAdded: [LIVE, PAPERS],
    polls.PollDrafted: [LIVE],
    polls.PollChanged: [LIVE],
    polls.PollOpened: [LIVE],
    ballots.BallotCast: [PROGRESS],
    polls.PollClosed: [PROGRESS, LIVE],
    polls.PollPublished: [LIVE],
    poll_acts.PollAnnulled: [PROGRESS, LIVE],
    poll_acts.TieConfirmed: [LIVE],
    resolutions.ResolutionDrafted: [LIVE],
    resolutions.ResolutionTextChanged: [LIVE],
    resolutions.ResolutionPresented: [LIVE],
    resolutions.ResolutionReturned: [LIVE],
    resolutions.ResolutionAbandoned: [LIVE],
    document_signing.ResolutionSigned: [LIVE],
    issuing.NumberAllotted: [LIVE],
    issuing.NumberCancelled: [LIVE],
    issuing.ResolutionSealed: [LIVE],
    issuing.ResolutionStopped: [LIVE],
    promulgation.ResolutionPromulgated: [LIVE, PRESERVE],
    promulgation.ResolutionReceived: [LIVE],
    promulgation.ResolutionRecalled: [LIVE],
    promulgation.ResolutionReplaced: [LIVE],
    slip_facts.SlipIssued: [SLIPS],
    slip_facts.SlipAnswered: [SLIPS],
    slip_facts.SlipExtended: [SLIPS],
    slip_facts.SlipClosed: [SLIPS],
    slip_facts.SlipRecalled: [SLIPS],
    slip_facts.SlipReported: [SLIPS],
    slip_facts.SlipDecided: [SLIPS],
    slip_reminders.SlipReminded: [SLIPS],
    login.SignedOut: [CUT],
    login.SessionsEnded: [CUT],
    accounts.LoginSessionRevoked: [CUT],
    accounts.AccountDeactivated: [CUT],
    accounts.AccountRoleChanged: [CUT],
    accounts.AccountPasswordReset: [CUT],
}


# whose signatures get a time stamp, where somebody gives them
STAMPED = (
    ballots.BallotCast, poll_acts.PollAnnulled, poll_acts.TieConfirmed, document_signing.ResolutionSigned,
    issuing.ResolutionSealed, promulgation.ResolutionRecalled, slip_facts.SlipAnswered,
)  # fmt: skip

# who is told of what in a notice, and outside the application as each person wants it
KINDS: dict[type, Kind] = {
    # fact                              who is told, about what, in which words, under which sign, whether urgently
    meetings.InvitationIssued:          Kind(who.seated, MEETING, say.invited, "calendar-days"),
    meetings.MeetingPostponed:          Kind(who.seated, MEETING, say.postponed, "calendar-clock"),
    meetings.MeetingRescheduled:        Kind(who.seated, MEETING, say.rescheduled, "calendar-clock"),
    meetings.MeetingCancelled:          Kind(who.seated, MEETING, say.cancelled, "ban"),
    meetings.ChairHanded:               Kind(who.named("to_person_id"), MEETING, say.chair_handed, "gavel"),
    attendance.AbsenceRequested:        Kind(who.holding(HEAD), MEETING, say.absence_requested, "user-x"),
    attendance.AbsenceDecided:          Kind(who.member_and_substitute, MEETING, say.absence_decided, "user-x"),
    polls.PollPublished:                Kind(who.voters, VOTE, say.poll_published, "megaphone"),
    poll_acts.PollAnnulled:             Kind(who.voters, VOTE, say.poll_annulled, "ban"),
    resolutions.ResolutionPresented:    Kind(who.named("signer_id"), RESOLUTION, say.presented, "pen-line", express),
    resolutions.ResolutionReturned:     Kind(who.named("drafted_by_id"), RESOLUTION, say.returned, "undo-2", express),
    resolutions.ResolutionAbandoned:    Kind(who.named("drafted_by_id"), RESOLUTION, say.abandoned),
    document_signing.ResolutionSigned:  Kind(who.holding(RECORDS), RESOLUTION, say.signed, "stamp", express),
    issuing.ResolutionStopped:          Kind(who.heads_and_records, RESOLUTION, say.stopped, "ban", express),
    promulgation.ResolutionPromulgated: Kind(who.recipients, RESOLUTION, say.promulgated, "file-check", express),
    promulgation.ResolutionRecalled:    Kind(who.recipients, RESOLUTION, say.recalled, "ban", express),
    promulgation.ResolutionReplaced:    Kind(who.recipients, RESOLUTION, say.replaced, "file-check", express),
    slip_facts.SlipSubmitted:           Kind(who.of_step, SLIP, say.slip_waits, "stamp", who.express_slip),
    slip_facts.SlipStepApproved:        Kind(who.of_step, SLIP, say.slip_waits, "stamp", who.express_slip),
    slip_facts.SlipApproved:            Kind(issuers, SLIP, say.slip_approved, "send", who.express_slip),
    slip_facts.SlipReturned:            Kind(who.named("drafted_by_id"), SLIP, say.slip_returned, "undo-2"),
    slip_facts.SlipIssued:              Kind(who.slip_readers, SLIP, say.slip_issued, "mail", who.express_slip,
                                             personal=who.helped_on_slip),
    slip_facts.SlipExtended:            Kind(who.slip_readers, SLIP, say.slip_extended, "clock"),
    slip_facts.SlipRecalled:            Kind(who.slip_readers, SLIP, say.slip_recalled, "ban", who.express_slip),
    slip_facts.SlipReported:            Kind(who.holding(HEAD), SLIP, say.slip_reported, "gavel", who.express_slip),
    slip_facts.SlipDecided:             Kind(who.of_decision, SLIP, say.slip_decided, "gavel", who.express_slip),
    slip_facts.SlipClosed:              Kind(who.drafter_of_slip, SLIP, say.slip_closed, "check", clockwork=True),
    seals.SealEnrolled:                 Kind(who.heads_and_records, SECURITY, say.seal_enrolled),
    seals.SealSuspended:                Kind(who.heads_and_records, SECURITY, say.seal_suspended, clockwork=True),
    seals.SignaturePictureSet:          Kind(who.named("person_id"), SECURITY, say.picture_set),
    keys.KeyEnrolled:                   Kind(who.named("person_id"), SECURITY, say.key_enrolled),
    keys.KeyLocked:                     Kind(who.named("person_id"), SECURITY, say.key_locked),
    keys.KeySuspendedFact:              Kind(who.named("person_id"), SECURITY, say.key_suspended, clockwork=True),
    keys.KeyRecoveryApproved:           Kind(who.named("person_id"), SECURITY, say.key_recovery),
    revocations.CertificateRevoked:     Kind(who.named("person_id"), SECURITY, say.certificate_revoked, clockwork=True),
    passkeys.PasskeyAdded:              Kind(who.named("person_id"), SECURITY, say.passkey_added, to_doer=True),
    passkeys.PasskeyRemoved:            Kind(who.named("person_id"), SECURITY, say.passkey_removed, to_doer=True),
    passkeys.PasskeysSuspended:         Kind(who.named("person_id"), SECURITY, say.passkeys_suspended),
    passkeys.PasskeyCountFell:          Kind(who.named("person_id"), SECURITY, say.passkey_count_fell, to_doer=True),
    accounts.AccountRoleChanged:        Kind(who.named("person_id"), SECURITY, say.role_changed),
    accounts.AccountPasswordReset:      Kind(who.named("person_id"), SECURITY, say.password_reset),
    accounts.PasswordChanged:           Kind(who.named("person_id"), SECURITY, say.password_changed),
    expiry.CertificateExpiring:         Kind(who.keepers, SECURITY, say.certificate_expiring, clockwork=True),
    expiry.StamperExpiring:             Kind(who.holding(Office.ADMINISTRATOR), SECURITY, say.stamper_expiring,
                                             clockwork=True),
    reminders.InvitationReminded:       Kind(member_and_aides, REMINDER, say.reminded, clockwork=True),
    slip_reminders.SlipReminded:        Kind(member_and_aides, REMINDER, say.slip_reminded, "clock", who.express_slip,
                                             clockwork=True),
    announcements.WeekReported:         Kind(who.holding(*REPORTED_TO), DIGEST, say.week_reported, clockwork=True),
    witnessing.WitnessContradicted:     Kind(decide_gaps, SECURITY, say.contradicted, "shield-alert", always, True),
    gaps.GapDeclared:                   Kind(decide_gaps, SECURITY, say.gap_declared, "shield-alert", always),
    gaps.GapConfirmed:                  Kind(decide_gaps, SECURITY, say.gap_confirmed, "shield-check", always),
    revocation_evidence.RevokedSignatureFound: Kind(who.holding(AUDITOR), SECURITY, say.signed_after_revocation,
                                                    "shield-alert", always, clockwork=True),
    checks.IntegrityBroken:             Kind(who.holding(AUDITOR), SECURITY, say.broken, "shield-alert", always, True),
}  # fmt: skip


def connect() -> None:
    """Fill the outbox's tables; each application does it at its start."""
    outbox.tasks.update({task.name: task for task in TASKS})
    outbox.heard_by.update(HEARD_BY)
    for fact, kind in KINDS.items():
        outbox.heard_by[fact] = [*HEARD_BY.get(fact, []), NOTICE]
        notices.kinds[fact.__name__] = kind
        worth_sending.topics[fact.__name__] = kind.topic
    for stamped in STAMPED if timestamp.stamper() else ():
        outbox.heard_by[stamped] = [*outbox.heard_by[stamped], STAMP]
    worth_sending.still_needed.update(STILL_NEEDED)
    worth_sending.may_have.update(MAY_HAVE)
    jobs.followers.update(FOLLOWERS)
    sequencing.roots.update({fact.__name__: root for fact, root in ROOTS.items()})
    schedule.timetable[:] = TIMETABLE
