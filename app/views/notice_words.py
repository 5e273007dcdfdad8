"""What a fact reads like for whoever is told of it: a sentence, what it is about, where it leads."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from flask_babel import format_date, format_datetime, lazy_gettext
from flask_babel import gettext as _

from app.models import DeclaredGap, Outcome, Poll, RecoveryKind, Resolution, Slip, WitnessReport
from app.workflows.engine.words import word
from app.workflows.rules.slip_reminding import OVERDUE
from app.workflows.rules.timetable import Week

Told = dict[str, Any]
PLACES = {  # of a subject → its page, or the list where it is dealt with
    Resolution.__tablename__: "/resolutions/{}",
    Slip.__tablename__: "/slips/{}",
    DeclaredGap.__tablename__: "/records/gaps/{}",
    WitnessReport.__tablename__: "/records/gaps/",
}
PLACES_OF_SLIPS = {  # where the office goes on with a slip; members go to the slip, which leads aides and staff further
    "SlipSubmitted": "/slips/{}/preview", "SlipStepApproved": "/slips/{}/preview", "SlipApproved": "/slips/{}/preview",
    "SlipReturned": "/slips/{}/preview", "SlipClosed": "/slips/{}/board", "SlipReported": "/slips/{}/report",
}  # fmt: skip


def constant(sentence: Any) -> Callable[[Told], str]:
    """A template whose sentence needs nothing of the fact; `sentence` is a lazy translation."""
    return lambda _told: str(sentence)


invited = constant(lazy_gettext("You are invited to a meeting"))
postponed = constant(lazy_gettext("A meeting is postponed"))
rescheduled = constant(lazy_gettext("A meeting is called for another time; please answer again"))
cancelled = constant(lazy_gettext("A meeting is cancelled"))
chair_handed = constant(lazy_gettext("The chair is handed to you"))
poll_annulled = constant(lazy_gettext("A vote is annulled"))
presented = constant(lazy_gettext("A Resolution waits for your signature"))
returned = constant(lazy_gettext("A Resolution was returned without a signature"))
abandoned = constant(lazy_gettext("The draft of a Resolution was given up"))
signed = constant(lazy_gettext("A Resolution is signed and waits for its number and seal"))
stopped = constant(lazy_gettext("A signed Resolution was stopped before it went out"))
slip_waits = constant(lazy_gettext("An opinion slip waits for your approval"))
slip_approved = constant(lazy_gettext("An opinion slip is approved and can be issued"))
slip_returned = constant(lazy_gettext("An opinion slip was returned to you"))
slip_recalled = constant(lazy_gettext("An opinion slip was recalled; it needs no answer"))
slip_reported = constant(lazy_gettext("The outcome of an opinion slip waits for your decision"))
slip_closed = constant(lazy_gettext("An opinion slip is closed and counted"))
seal_enrolled = constant(lazy_gettext("The digital seal was registered anew"))
seal_suspended = constant(lazy_gettext("The digital seal is suspended"))
picture_set = constant(lazy_gettext("A specimen of your signature was registered"))
key_enrolled = constant(lazy_gettext("A new signing key is registered for you"))
certificate_revoked = constant(lazy_gettext("Your signature certificate is revoked"))
signed_after_revocation = constant(lazy_gettext("Something was signed with a certificate that had been revoked"))
key_locked = constant(lazy_gettext("Your signing key is locked after wrong PIN entries"))
key_suspended = constant(lazy_gettext("Your signing key is suspended"))
passkey_added = constant(lazy_gettext("A passkey was added to your account"))
passkey_removed = constant(lazy_gettext("A passkey was removed from your account"))
passkeys_suspended = constant(lazy_gettext("Your passkeys are suspended since your password was reset"))
passkey_count_fell = constant(lazy_gettext("One of your passkeys counted as if there were a copy of it"))
role_changed = constant(lazy_gettext("The role of your account has changed"))
password_reset = constant(lazy_gettext("Your password was reset"))
password_changed = constant(lazy_gettext("Your password was changed"))
contradicted = constant(lazy_gettext("What the witness confirmed is not the log of this system; no vote can be opened"))
gap_declared = constant(lazy_gettext("A gap of the log was declared and waits for the second person"))
gap_confirmed = constant(lazy_gettext("A gap of the log was declared by two people; votes can be opened again"))
broken = constant(lazy_gettext("A check of signatures and log found something broken"))


def certificate_expiring(told: Told) -> str:
    day = format_datetime(dt.datetime.fromisoformat(told["until"]), "dd/MM/yyyy")
    return _("The signature certificate of %(name)s ends on %(day)s", name=told["holder"], day=day)


def stamper_expiring(told: Told) -> str:
    day = format_datetime(dt.datetime.fromisoformat(told["until"]), "dd/MM/yyyy")
    return _("The certificate behind the time stamps (%(name)s) ends on %(day)s", name=told["holder"], day=day)


def absence_requested(told: Told) -> str:
    return _("%(name)s asks for leave of absence", name=told["member"])


def absence_decided(told: Told) -> str:
    if told["approved"]:
        return _("The absence of %(name)s is approved", name=told["member"])
    return _("The absence of %(name)s is not approved", name=told["member"])


def poll_published(told: Told) -> str:
    return _("Result published: %(outcome)s", outcome=word(Outcome(told["outcome"])))


def promulgated(told: Told) -> str:
    return _("Resolution %(number)s is promulgated", number=told["number"])


def recalled(told: Told) -> str:
    return _("Resolution %(number)s is recalled", number=told["number"])


def replaced(told: Told) -> str:
    return _("Resolution %(number)s is replaced by a newer one", number=told["number"])


def reminded(told: Told) -> str:
    """For the member and for his aides."""
    return _("%(name)s: an invitation waits for an answer", name=told["member"])


def week_reported(told: Told) -> str:
    week = Week.parse(told["week"])
    return _("The report on week %(number)s of %(year)s can be read", number=week.number, year=week.year)


def key_recovery(told: Told) -> str:
    if told["kind"] == RecoveryKind.UNLOCK:
        return _("Your signing key is unlocked")
    if told["kind"] == RecoveryKind.PASSKEYS:
        return _("Two people of the Office removed your passkeys; add those that you still have")
    return _("You may enrol a new signing key")


def slip_issued(told: Told) -> str:
    """For the member; for an aide, with the member for whom it is prepared."""
    if told.get("member"):
        said = {"name": told["member"], "number": told["number"], "until": _deadline(told)}
        return _("%(name)s is asked for an opinion on slip %(number)s until %(until)s", **said)
    return _("Slip %(number)s asks for your opinion until %(until)s", number=told["number"], until=_deadline(told))


def slip_decided(told: Told) -> str:
    """What the head chose, and where the matter goes on."""
    if told["way"] == "submit":
        return _("The outcome of a slip was approved for signing; the draft Resolution is to be presented")
    if told["way"] == "session":
        return _("The matter of a slip is brought to a session")
    on = format_date(dt.date.fromisoformat(told["resubmit_on"]), "dd/MM/yyyy")
    return _("The matter of a slip was returned, to be laid again on %(on)s", on=on)


def slip_extended(told: Told) -> str:
    return _("A slip can be answered until %(until)s", until=_deadline(told))


def slip_reminded(told: Told) -> str:
    """For the member and for his aides; step 0 when the deadline was over."""
    if told.get("step") == OVERDUE:
        return _("%(name)s: the deadline of a slip has passed without an answer", name=told["member"])
    return _("%(name)s: a slip waits for an answer until %(until)s", name=told["member"], until=_deadline(told))


def _deadline(told: Told) -> str:
    return str(format_datetime(dt.datetime.fromisoformat(told["deadline_at"]), "HH:mm dd/MM/yyyy"))


def text(told: Told) -> str:
    """Meeting, item, question, new time, reason: what the fact has of them."""
    named = ("slip", "resolution", "question", "item")
    parts = [next((told[name] for name in named if told.get(name)), None), told.get("meeting")]
    if starts_at := told.get("starts_at"):
        parts.append(format_datetime(dt.datetime.fromisoformat(starts_at), "HH:mm dd/MM/yyyy"))
    if told.get("reason") and ("meeting" in told or "slip" in told):
        parts.append(_("Reason: %(reason)s", reason=told["reason"]))
    return " · ".join(part for part in parts if part)


def address(kind: str, told: Told, meeting_id: int | None) -> str:
    """The path to go on from there."""
    if told["subject_type"] == Poll.__tablename__:
        return f"/polls/{told['subject_id']}" + ("/result" if kind == "PollPublished" else "")
    if place := PLACES_OF_SLIPS.get(kind) or PLACES.get(told["subject_type"]):
        return place.format(told["subject_id"])
    if week := told.get("week"):
        return f"/reports/weekly/{week}"
    if kind == "AbsenceRequested":
        return "/absences/"
    if meeting_id is not None:
        return f"/meetings/{meeting_id}"
    own = {"Key": "/keys/", "Passkey": "/passkeys/"}
    about = "Passkey" if told.get("kind") == RecoveryKind.PASSKEYS else kind
    return next((path for begins, path in own.items() if about.startswith(begins)), "/")
