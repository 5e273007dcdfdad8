"""What background work is called on the administrators' screens, and why it waits."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _

from app.gateways import timestamp
from app.workflows import certificate_rounds, deliveries, preservation, revocation_evidence, time_stamps

JOBS: dict[str, Any] = {
    "announcements.week": _("Announce the weekly report"),
    "certificate_rounds.ask": _("Ask whether certificates in use were revoked"),
    "checks.integrity": _("Check everything that is signed and logged"),
    "contacts.send_code": _("Send a confirmation code"),
    "deliveries.give_up": _("Note messages that nothing would send any more"),
    "deliveries.send": _("Send a message"),
    "digests.daily": _("Write the digests of the day"),
    "digests.papers": _("Plan the digest of new papers"),
    "digests.session": _("Write the digests of a session"),
    "expiry.warn": _("Announce certificates that end soon"),
    "exports.make": _("Put the dossier of a session together"),
    "log.checkpoint": _("Sign the head of the log"),
    "meetings.announce": _("Tell the screens of a meeting"),
    "minutes.make": _("Draw up the minutes of a session"),
    "notices.badge": _("Tell the number of unread notices"),
    "notices.tell": _("Send a notice"),
    "preservation.begin": _("Make the long-term form of a Resolution"),
    "preservation.keep": _("Make and renew long-term forms"),
    "polls.progress": _("Tell how many have voted"),
    "realtime.disconnect_user": _("Cut the connections of an account"),
    "reminders.invitations": _("Remind of invitations without an answer"),
    "reminders.slips": _("Remind of slips without an answer"),
    "revocation_evidence.ask": _("Ask whether certificates were revoked"),
    "revocation_evidence.ask_again": _("Ask again whether a certificate was revoked"),
    "revocations.publish": _("Publish which certificates are revoked"),
    "slips.announce": _("Tell members of a change in a slip"),
    "slips.arrived": _("Tell the board of a slip which devices it has reached"),
    "time_stamps.ask": _("Ask for time stamps of signatures"),
    "time_stamps.catch_up": _("Ask for time stamps that are still missing"),
    "witness.attend": _("Compare the log with its witness"),
    "upkeep.prune": _("Take out what has served its time"),
}


def job_word(name: str) -> Any:
    """The background work in words; a name that is not in the table stays as it is."""
    return JOBS.get(name, name)


SILENT = {"NotAnswered": _("Some authorities gave no answer; this is the number of their certificates")}
REASONS: dict[str, Mapping[Any, Any]] = {  # by the name of the work: what its codes mean, the detail of one too
    preservation.BEGIN: {**preservation.SAID, **timestamp.SENTENCES},
    time_stamps.ASK: timestamp.SENTENCES,
    time_stamps.CATCH_UP: timestamp.SENTENCES,
    revocation_evidence.ASK: SILENT,
    revocation_evidence.ASK_AGAIN: SILENT,
    certificate_rounds.ROUND: SILENT,
    deliveries.SEND: {"quiet hours": _("It waits for the end of the quiet hours that the recipient has chosen.")},
}


def why_word(name: str, last_error: str) -> str:
    """Why the work waits or failed: codes of ours in words, what others said as they said it."""
    code, _colon, more = last_error.partition(": ")
    words = REASONS.get(name, {})
    if code not in words:
        return last_error
    return f"{words[code]} ({words.get(more, more)})" if more else str(words[code])
