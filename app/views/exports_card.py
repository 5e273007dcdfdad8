"""The card of a session's dossier: the button, the bar while it is made, the link, or an honest word that it failed."""

from typing import Any

from flask import url_for
from flask_babel import format_datetime
from flask_babel import gettext as _

from app.extensions import db
from app.models import Export, Meeting
from app.views.progress_words import fraction
from app.views.record_words import size
from app.workflows import exports
from app.workflows.engine.rights import Actor, Right
from app.workflows.exports import Stage

MOMENT = "HH:mm, dd/MM/yyyy"
TO_THE_SECOND = "HH:mm:ss, dd/MM/yyyy"
PERIOD = "HH:mm:ss"


def dossier_card(actor: Actor, meeting: Meeting) -> dict[str, Any] | None:
    """The context of templates/ec/_dossier.html; None for whoever may have none."""
    if not actor.may(Right.DOSSIER_TAKE, meeting):
        return None
    latest = exports.latest_of(actor, meeting.id)
    ask_url = url_for("DossierView.ask", meeting_id=meeting.id)
    return {"ask_url": ask_url, "export": export_state(latest) if latest else None}


def export_page(actor: Actor, export: Export) -> dict[str, Any]:
    """The context of templates/ec/export.html."""
    meeting = db.session.get_one(Meeting, export.meeting_id)
    card = {**(dossier_card(actor, meeting) or {}), "export": export_state(export)}
    facts: list[tuple[str, str, bool]] = [
        (_("Session"), format_datetime(meeting.starts_at, MOMENT), False),
        (_("Asked for at"), format_datetime(export.asked_at, TO_THE_SECOND), False),
        (_("File name"), export.name, True),
    ]
    if export.made_at is not None:
        facts += [
            (_("Put together at"), format_datetime(export.made_at, TO_THE_SECOND), False),
            (_("Size"), size(export.size), False), ("SHA-256", export.file_sha256, True),
        ]  # fmt: skip
    back = url_for("MeetingView.page", meeting_id=meeting.id)
    return {"dossier": card, "meeting_title": meeting.title, "back_url": back, "facts": facts}


def export_state(export: Export) -> dict[str, Any]:
    """How far an export is, for the page and as JSON.

    Keys: id, stage ("waiting", "making", "made", "failed"), done, total, told ("3/12"), said (a sentence or ""), url,
    file_url (or None), size and made_at in words ("" before).
    """
    stage, job = exports.stage(export), export.job
    done, total = (job.progress_done, job.progress_total) if job else (0, 0)
    made = export.made_at is not None
    return {
        "id": export.id, "stage": stage.value, "done": done, "total": total,
        "told": fraction(done, total) if total else "", "said": _said(export, stage),
        "url": url_for("ExportView.state", export_id=export.id),
        "file_url": url_for("ExportView.file", export_id=export.id) if made else None,
        "size": size(export.size) if made else "",
        "made_at": format_datetime(export.made_at, MOMENT) if made else "",
    }  # fmt: skip


def _said(export: Export, stage: Stage) -> str:
    job = export.job
    if stage is Stage.WAITING and job is not None and job.attempts:
        at = format_datetime(job.due_at, PERIOD)
        return _("It did not succeed at the last try. The system tries again at %(time)s.", time=at)
    return {
        Stage.WAITING: _("Your dossier is about to be put together."),
        Stage.MAKING: _("Your dossier is being put together. You may leave this page meanwhile."),
        Stage.MADE: "",
        Stage.FAILED: _("The dossier could not be put together; there is no file. You can try again."),
    }[stage]
