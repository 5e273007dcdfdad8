"""How each kind of waiting task is worded and where it leads."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import format_datetime, gettext
from flask_babel import lazy_gettext as _

from app.views.slip_words import left
from app.workflows.inbox import Task, TaskKind
from app.workflows.rules.calendar import hanoi_date

NOW = (TaskKind.VOTE, TaskKind.TIE, TaskKind.PUBLISH, TaskKind.SIGN)
TO_DECIDE = (TaskKind.OPINION, TaskKind.ADVISE, TaskKind.RECOVERY, TaskKind.ABSENCE, TaskKind.ANSWER, TaskKind.ENROL)
DOCUMENTS = (
    TaskKind.DECIDE, TaskKind.ISSUE, TaskKind.RELEASE, TaskKind.APPROVE, TaskKind.MEND, TaskKind.RECEIVE,
    TaskKind.DRAFT, TaskKind.REPORT, TaskKind.RESUBMIT,
)  # fmt: skip
GROUPS = ((_("In the meeting"), NOW), (_("Documents"), DOCUMENTS), (_("To be answered"), TO_DECIDE))


@dataclass(frozen=True)
class Due:
    """When, in large, and a note below it; `urgent` stands out."""

    words: str = ""
    note: str = ""
    urgent: bool = False


def _since(task: Task, _now: dt.datetime) -> Due:
    return Due(note=gettext("since %(time)s", time=format_datetime(task.at, "HH:mm dd/MM/yyyy")) if task.at else "")


def _day(task: Task, now: dt.datetime) -> Due:
    if task.at is None:
        return Due()
    days = (hanoi_date(task.at) - hanoi_date(now)).days
    words = {0: gettext("today"), 1: gettext("tomorrow")}
    note = gettext("overdue") if days < 0 else words.get(days) or gettext("in %(n)s days", n=days)
    return Due(format_datetime(task.at, "EEEE, dd/MM"), note, days <= 0)


def _deadline(task: Task, now: dt.datetime) -> Due:
    if task.at is None:
        return Due()
    note, soon = left(task.at, now, task.body_id)
    return Due(format_datetime(task.at, "HH:mm, dd/MM"), note, soon)


@dataclass(frozen=True)
class Kind:
    """One kind of task: words, icon, and the page where it is done, by the argument that takes the subject's id.

    `title` goes around the title of the task, `state` is said where no date is due, `when` what stands beside it.
    """

    name: Any
    icon: str
    action: Any
    page: str
    argument: str = ""
    title: Any = "%(title)s"
    state: Any = ""
    tone: str = "blue"
    urgent: bool = False
    when: Callable[[Task, dt.datetime], Due] = _since


KINDS = {
    TaskKind.VOTE: Kind(
        _("Vote"), "vote", _("Vote"), "VoteView.card", "poll_id",
        state=_("Voting is open"), tone="gold", urgent=True,
    ),
    TaskKind.TIE: Kind(
        _("Equal votes"), "scale", _("Confirm"), "VoteView.card", "poll_id",
        state=_("Awaiting your confirmation"), tone="gold", urgent=True,
    ),
    TaskKind.PUBLISH: Kind(
        _("Result to publish"), "megaphone", _("To the chair's desk"), "CockpitView.desk", "meeting_id",
        state=_("Voting is closed"), tone="gold",
    ),
    TaskKind.SIGN: Kind(
        _("Resolution to sign"), "pen-line", _("Read and sign"), "ResolutionSigningView.page", "resolution_id",
        state=_("Awaiting your signature"), tone="gold", urgent=True,
    ),
    TaskKind.ISSUE: Kind(
        _("Number and seal"), "stamp", _("Issue"), "IssuingView.page", "resolution_id",
        state=_("Signed"), tone="gold", urgent=True,
    ),
    TaskKind.RECEIVE: Kind(
        _("Resolution promulgated"), "file-check", _("Read"), "ResolutionView.record", "resolution_id",
        state=_("Confirm receipt"),
    ),
    TaskKind.DRAFT: Kind(
        _("Resolution to draft"), "pen-line", _("Draft the Resolution"), "EvidenceView.result", "poll_id",
        state=_("Adopted"),
    ),
    TaskKind.DECIDE: Kind(
        _("Outcome of an opinion slip"), "gavel", _("Read and decide"), "SlipReportView.report", "slip_id",
        state=_("Awaiting your decision"), tone="gold", urgent=True,
    ),
    TaskKind.REPORT: Kind(
        _("Outcome of an opinion slip"), "file-text", _("Look"), "SlipReportView.report", "slip_id",
        state=_("To be reported"),
    ),
    TaskKind.RESUBMIT: Kind(
        _("Returned matter"), "undo-2", _("Look"), "SlipReportView.report", "slip_id", when=_day,
    ),
    TaskKind.APPROVE: Kind(
        _("Opinion slip"), "stamp", _("Look at it and approve"), "SlipOfficeView.preview", "slip_id",
        state=_("Waits for your approval"), tone="gold",
    ),
    TaskKind.RELEASE: Kind(
        _("Opinion slip"), "send", _("Issue"), "SlipOfficeView.preview", "slip_id",
        state=_("Approved, to be issued"), tone="gold",
    ),
    TaskKind.MEND: Kind(
        _("Opinion slip"), "undo-2", _("Go on drafting"), "SlipComposeView.edit", "slip_id",
        state=_("Came back to you"),
    ),
    TaskKind.RECOVERY: Kind(
        _("Signing key, second person"), "key-round", _("Look"), "RecoveryRecords.show", "pk",
        title=_("Confirm the request for the key of %(name)s"), tone="",
    ),
    TaskKind.ABSENCE: Kind(
        _("Request to be absent"), "user-x", _("Decide"), "AbsenceView.list",
        title=_("%(name)s asks to be absent"), when=_day,
    ),
    TaskKind.ANSWER: Kind(
        _("Invitation"), "calendar-check", _("Answer"), "MeetingView.page", "meeting_id",
        title=_("Confirm attendance: %(title)s"), when=_day,
    ),
    TaskKind.OPINION: Kind(
        _("Opinion slip"), "message-square-text", _("Give my answer"), "SlipView.card", "slip_id", when=_deadline,
    ),
    TaskKind.ADVISE: Kind(
        _("Opinion slip"), "file-text", _("Suggest an answer"), "SlipAdviceView.advice", "slip_id", when=_deadline,
    ),
    TaskKind.ENROL: Kind(
        _("Signing key"), "key-round", _("Choose a PIN"), "KeyView.own",
        title=_("Choose a PIN for your new signing key"),
    ),
}  # fmt: skip


def task_groups(tasks: Sequence[Task], now: dt.datetime) -> list[dict[str, Any]]:
    """What holds up a meeting, then the rest; empty groups are left out."""
    found = [(title, [task for task in tasks if task.kind in kinds]) for title, kinds in GROUPS]
    return [
        {"title": title, "note": gettext("%(n)s to do", n=len(some)), "tasks": [shown_task(task, now) for task in some]}
        for title, some in found
        if some
    ]


def shown_task(task: Task, now: dt.datetime) -> dict[str, Any]:
    """One row of the start page."""
    kind, due = KINDS[task.kind], KINDS[task.kind].when(task, now)
    subject = task.meeting_id if task.kind is TaskKind.PUBLISH else task.subject_id
    address: dict[str, Any] = {kind.argument: subject} if kind.argument else {}
    return {
        "kind": kind.name, "icon": kind.icon, "tone": kind.tone, "where": task.where, "action": kind.action,
        "title": str(kind.title) % {"title": task.title, "name": task.title},
        "due": kind.state or due.words, "due_note": due.note, "urgent": kind.urgent or due.urgent,
        "url": url_for(kind.page, **address),
    }  # fmt: skip
