"""How each kind of waiting task is worded and where it leads."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_babel import format_datetime
from flask_babel import gettext as _

from app.views.slip_words import left
from app.workflows.inbox import Task, TaskKind
from app.workflows.rules.calendar import hanoi_date

NOW = (TaskKind.VOTE, TaskKind.TIE, TaskKind.PUBLISH, TaskKind.SIGN)
TO_DECIDE = (TaskKind.OPINION, TaskKind.RECOVERY, TaskKind.ABSENCE, TaskKind.ANSWER, TaskKind.ENROL)
DOCUMENTS = (
    TaskKind.DECIDE, TaskKind.ISSUE, TaskKind.RELEASE, TaskKind.APPROVE, TaskKind.MEND, TaskKind.RECEIVE,
    TaskKind.DRAFT, TaskKind.REPORT, TaskKind.RESUBMIT,
)  # fmt: skip


def task_groups(tasks: Sequence[Task], now: dt.datetime) -> list[dict[str, Any]]:
    """What holds up a meeting, then the rest; empty groups are left out."""
    groups = ((_("In the meeting"), NOW), (_("Documents"), DOCUMENTS), (_("To be answered"), TO_DECIDE))
    found = [(title, [task for task in tasks if task.kind in kinds]) for title, kinds in groups]
    return [
        {"title": title, "note": _("%(n)s to do", n=len(some)), "tasks": [shown_task(task, now) for task in some]}
        for title, some in found
        if some
    ]


def shown_task(task: Task, now: dt.datetime) -> dict[str, Any]:
    """One row of the start page."""
    return {"where": task.where, "tone": "", "due": "", "due_note": "", "urgent": False} | SHOWN[task.kind](task, now)


def _vote(task: Task, _now: dt.datetime) -> dict[str, Any]:
    return {
        "kind": _("Vote"), "icon": "vote", "tone": "gold", "title": task.title, "urgent": True,
        "due": _("Voting is open"), "due_note": _since(task), "action": _("Vote"),
        "url": url_for("VoteView.card", poll_id=task.subject_id),
    }  # fmt: skip


def _tie(task: Task, _now: dt.datetime) -> dict[str, Any]:
    return {
        "kind": _("Equal votes"), "icon": "scale", "tone": "gold", "title": task.title, "urgent": True,
        "due": _("Awaiting your confirmation"), "due_note": _since(task), "action": _("Confirm"),
        "url": url_for("VoteView.card", poll_id=task.subject_id),
    }  # fmt: skip


def _publish(task: Task, _now: dt.datetime) -> dict[str, Any]:
    return {
        "kind": _("Result to publish"), "icon": "megaphone", "tone": "gold", "title": task.title,
        "due": _("Voting is closed"), "due_note": _since(task), "action": _("To the chair's desk"),
        "url": f"/meetings/{task.meeting_id}/cockpit",
    }  # fmt: skip


def _sign(task: Task, _now: dt.datetime) -> dict[str, Any]:
    return {
        "kind": _("Resolution to sign"), "icon": "pen-line", "tone": "gold", "title": task.title, "urgent": True,
        "due": _("Awaiting your signature"), "due_note": _since(task), "action": _("Read and sign"),
        "url": url_for("ResolutionSigningView.page", resolution_id=task.subject_id),
    }  # fmt: skip


def _issue(task: Task, _now: dt.datetime) -> dict[str, Any]:
    return {
        "kind": _("Number and seal"), "icon": "stamp", "tone": "gold", "title": task.title, "urgent": True,
        "due": _("Signed"), "due_note": _since(task), "action": _("Issue"),
        "url": url_for("IssuingView.page", resolution_id=task.subject_id),
    }  # fmt: skip


def _receive(task: Task, _now: dt.datetime) -> dict[str, Any]:
    return {
        "kind": _("Resolution promulgated"), "icon": "file-check", "tone": "blue", "title": task.title,
        "due": _("Confirm receipt"), "due_note": _since(task), "action": _("Read"),
        "url": url_for("ResolutionView.record", resolution_id=task.subject_id),
    }  # fmt: skip


def _draft(task: Task, _now: dt.datetime) -> dict[str, Any]:
    return {
        "kind": _("Resolution to draft"), "icon": "pen-line", "tone": "blue", "title": task.title,
        "due": _("Adopted"), "due_note": _since(task), "action": _("Draft the Resolution"),
        "url": url_for("EvidenceView.result", poll_id=task.subject_id),
    }  # fmt: skip


def _decide(task: Task, _now: dt.datetime) -> dict[str, Any]:
    return {
        "kind": _("Outcome of an opinion slip"), "icon": "gavel", "tone": "gold", "title": task.title, "urgent": True,
        "due": _("Awaiting your decision"), "due_note": _since(task), "action": _("Read and decide"),
        "url": url_for("SlipReportView.report", slip_id=task.subject_id),
    }  # fmt: skip


def _report(task: Task, _now: dt.datetime) -> dict[str, Any]:
    return {
        "kind": _("Outcome of an opinion slip"), "icon": "file-text", "tone": "blue", "title": task.title,
        "due": _("To be reported"), "due_note": _since(task), "action": _("Look"),
        "url": url_for("SlipReportView.report", slip_id=task.subject_id),
    }  # fmt: skip


def _resubmit(task: Task, now: dt.datetime) -> dict[str, Any]:
    return {
        "kind": _("Returned matter"), "icon": "undo-2", "tone": "blue", "action": _("Look"), "title": task.title,
        "url": url_for("SlipReportView.report", slip_id=task.subject_id),
    } | _day(task, now)  # fmt: skip


def _approve(task: Task, _now: dt.datetime) -> dict[str, Any]:
    return {
        "kind": _("Opinion slip"), "icon": "stamp", "tone": "gold", "title": task.title,
        "due": _("Awaiting your approval"), "due_note": _since(task), "action": _("Look at it and approve"),
        "url": url_for("SlipOfficeView.preview", slip_id=task.subject_id),
    }  # fmt: skip


def _release(task: Task, _now: dt.datetime) -> dict[str, Any]:
    return {
        "kind": _("Opinion slip"), "icon": "send", "tone": "gold", "title": task.title,
        "due": _("Approved, to be issued"), "due_note": _since(task), "action": _("Issue"),
        "url": url_for("SlipOfficeView.preview", slip_id=task.subject_id),
    }  # fmt: skip


def _mend(task: Task, _now: dt.datetime) -> dict[str, Any]:
    return {
        "kind": _("Opinion slip"), "icon": "undo-2", "tone": "blue", "title": task.title,
        "due": _("Returned to you"), "due_note": _since(task), "action": _("Go on drafting"),
        "url": url_for("SlipComposeView.edit", slip_id=task.subject_id),
    }  # fmt: skip


def _recovery(task: Task, _now: dt.datetime) -> dict[str, Any]:
    return {
        "kind": _("Signing key, second person"), "icon": "key-round", "action": _("Look"),
        "title": _("Confirm the request for the key of %(name)s", name=task.title),
        "due_note": _since(task), "url": url_for("RecoveryRecords.show", pk=task.subject_id),
    }  # fmt: skip


def _absence(task: Task, now: dt.datetime) -> dict[str, Any]:
    return {
        "kind": _("Request to be absent"), "icon": "user-x", "tone": "blue", "action": _("Decide"),
        "title": _("%(name)s asks to be absent", name=task.title), "url": url_for("AbsenceView.list"),
    } | _day(task, now)  # fmt: skip


def _answer(task: Task, now: dt.datetime) -> dict[str, Any]:
    return {
        "kind": _("Invitation"), "icon": "calendar-check", "tone": "blue", "action": _("Answer"),
        "title": _("Confirm attendance: %(title)s", title=task.title),
        "url": url_for("MeetingView.page", meeting_id=task.subject_id),
    } | _day(task, now)  # fmt: skip


def _opinion(task: Task, now: dt.datetime) -> dict[str, Any]:
    words, soon = left(task.at, now, task.body_id) if task.at else ("", False)
    due = format_datetime(task.at, "HH:mm, dd/MM") if task.at else ""
    return {
        "kind": _("Opinion slip"), "icon": "message-square-text", "tone": "blue", "title": task.title,
        "due": due, "due_note": words, "urgent": soon, "action": _("Give my answer"),
        "url": url_for("SlipView.card", slip_id=task.subject_id),
    }  # fmt: skip


def _enrol(task: Task, _now: dt.datetime) -> dict[str, Any]:
    return {
        "kind": _("Signing key"), "icon": "key-round", "tone": "blue", "action": _("Choose a PIN"),
        "title": _("Choose a PIN for your new signing key"), "where": "", "due_note": task.title,
        "url": url_for("KeyView.own"),
    }  # fmt: skip


SHOWN = {
    TaskKind.VOTE: _vote, TaskKind.TIE: _tie, TaskKind.PUBLISH: _publish, TaskKind.RECOVERY: _recovery,
    TaskKind.SIGN: _sign, TaskKind.ISSUE: _issue, TaskKind.RECEIVE: _receive, TaskKind.DRAFT: _draft,
    TaskKind.DECIDE: _decide, TaskKind.REPORT: _report, TaskKind.RESUBMIT: _resubmit,
    TaskKind.ABSENCE: _absence, TaskKind.ANSWER: _answer, TaskKind.ENROL: _enrol,
    TaskKind.OPINION: _opinion, TaskKind.APPROVE: _approve, TaskKind.RELEASE: _release, TaskKind.MEND: _mend,
}  # fmt: skip


def _since(task: Task) -> str:
    return _("since %(time)s", time=format_datetime(task.at, "HH:mm dd/MM/yyyy")) if task.at else ""


def _day(task: Task, now: dt.datetime) -> dict[str, Any]:
    if task.at is None:
        return {}
    days = (hanoi_date(task.at) - hanoi_date(now)).days
    words = {0: _("today"), 1: _("tomorrow")}
    note = _("overdue") if days < 0 else words.get(days) or _("in %(n)s days", n=days)
    return {"due": format_datetime(task.at, "EEEE, dd/MM"), "due_note": note, "urgent": days <= 0}
